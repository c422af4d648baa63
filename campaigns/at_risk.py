"""Who is most worth keeping? The scores in the order a campaign should take them."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import ConfigError, DataError

AT_RISK_COLUMNS = (
    "customer_id",
    "churn_probability",
    "horizon_days",
    "expected_value",
    "value_horizon_days",
    "currency",
    "value_at_risk",
    "risk_band",
    "reasons",
    "cutoff",
    "churn_model_version",
    "value_model_version",
)
"""The columns of the list, in order."""


def at_risk_list(scores: pd.DataFrame, top: int) -> pd.DataFrame:
    """Take the customers with the most value at risk.

    Parameters
    ----------
    scores : DataFrame with the columns of `AT_RISK_COLUMNS`, one row per customer
        value_at_risk in currency units, or null where no value could be modelled.
    top : int, at least 1
        How many customers; fewer if there are fewer.

    Returns
    -------
    DataFrame with exactly `AT_RISK_COLUMNS`
        value_at_risk falls, ties by customer_id. Customers without a value_at_risk come last,
        among them churn_probability falls, ties by customer_id.

    Raises
    ------
    ConfigError
        If `top` is below 1.
    DataError
        If a column is missing.

    Examples
    --------
    >>> scores = pd.DataFrame({name: [None] * 3 for name in AT_RISK_COLUMNS})
    >>> scores["customer_id"] = ["b", "a", "c"]
    >>> scores["value_at_risk"] = [40.0, 40.0, 70.5]
    >>> at_risk_list(scores, top=2)["customer_id"].tolist()
    ['c', 'a']
    """
    if top < 1:
        raise ConfigError(f"top is {top}; ask for at least 1 customer")
    missing = [name for name in AT_RISK_COLUMNS if name not in scores.columns]
    if missing:
        raise DataError(
            f"scores have no column {missing[0]!r} (found: {', '.join(map(str, scores.columns))});"
            " make them with tenure score"
        )
    rows = scores.loc[:, list(AT_RISK_COLUMNS)]
    return rows.take(_order(rows)[:top]).reset_index(drop=True)


def _order(rows: pd.DataFrame) -> NDArray[np.intp]:
    value = rows["value_at_risk"].astype("float64")
    keys = pd.DataFrame(
        {
            "value": value.array,
            # only where there is no value, or it would break ties before customer_id
            "probability": rows["churn_probability"].astype("float64").where(value.isna()).array,
            "customer": rows["customer_id"].array,
        }
    )
    ordered = keys.sort_values(
        ["value", "probability", "customer"], ascending=[False, False, True], na_position="last"
    )
    return ordered.index.to_numpy()
