"""How good is what is in use? A few figures of one business, side by side with others."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.config import Config
from features.errors import SnapshotError
from serving.registry import champions
from serving.snapshot import open_snapshot
from training.metrics import calibration_error_against_truth
from training.trained import CHURN, LIFETIME_VALUE

TRUTH = "truth.parquet"
LIST = "at-risk.csv"


@dataclass(frozen=True)
class Summary:
    """Figures of one business.

    Attributes
    ----------
    rows_read, customers : int
        Rows of all histories; customers scored.
    metrics : mapping of str to float
        Of both champions' backtests, by the names they have in MLflow.
    purchase_model : str or None
        None without orders.
    truth : Truth or None
        Only where the true probabilities are known: the simulated company.
    at_risk_list : Path or None
    left_out : int
        Columns that the leak probe kept out of the churn model.
    """

    rows_read: int
    customers: int
    currency: str
    metrics: dict[str, float]
    purchase_model: str | None
    truth: Truth | None
    at_risk_list: Path | None
    left_out: int = 0


@dataclass(frozen=True)
class Truth:
    """The published scores against what is true.

    Attributes
    ----------
    calibration_error : float
        Mean distance, over twenty groups of equal size, of mean probability and mean truth.
    value_ratio : float
        Sum of expected value over the sum of true expected value; 1 is right.
    decile_lift : float
        Mean true probability of the tenth of the customers with the highest churn probability,
        over the mean of all.
    list_lift : float
        The same for the tenth with the most value at risk: the order of the list.
    """

    calibration_error: float
    value_ratio: float
    decile_lift: float
    list_lift: float


def summarise(config: Config) -> Summary:
    """Collect the figures of one business from its store and its snapshot.

    Raises
    ------
    ModelError, SnapshotError
        Nothing was trained, or nothing published yet.
    """
    found = champions(config.home)
    value = found.get(LIFETIME_VALUE)
    metrics = {**found[CHURN].metrics, **({} if value is None else value.metrics)}
    model = None if value is None else value.parameters.get("purchase_model")
    with open_snapshot(config.home) as snapshot:
        scores = snapshot.scores()
    written = config.home / LIST
    return Summary(
        rows_read=int(found[CHURN].parameters["rows"]),
        customers=len(scores),
        currency=config.business.currency,
        metrics=metrics,
        purchase_model=None if model == "none" else model,
        truth=_against_truth(scores, config.home / TRUTH),
        at_risk_list=written if written.is_file() else None,
        left_out=int(found[CHURN].parameters.get("columns_left_out", 0)),
    )


def _against_truth(scores: pd.DataFrame, path: Path) -> Truth | None:
    if not path.is_file():
        return None
    known = pd.read_parquet(path)
    known = known[known["cutoff"].astype(str).str[:10] == scores["cutoff"].iloc[0]]
    both = scores.merge(known, on="customer_id", suffixes=("", "_true"), validate="1:1")
    if known.empty:
        return None
    if len(both) != len(scores):
        raise SnapshotError(
            f"{len(scores)} customers are scored at {scores['cutoff'].iloc[0]} but the truth "
            f"knows {len(both)} of them; simulate, retrain and score again"
        )
    true = both["churn_probability_true"]
    return Truth(
        calibration_error=calibration_error_against_truth(
            both["churn_probability"].to_numpy(), true.to_numpy()
        ),
        value_ratio=float(both["expected_value"].sum() / both["expected_value_true"].sum()),
        decile_lift=_top_decile(both["churn_probability"], true),
        list_lift=_top_decile(both["value_at_risk"], true),
    )


def _top_decile(by: pd.Series, true: pd.Series) -> float:
    top = by.nlargest(max(1, len(by) // 10)).index
    return float(true.loc[top].mean() / true.mean())
