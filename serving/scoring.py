"""What is a customer's risk and worth? Feature rows and models in, scores out.

The batch, the service's self-check and the answer for a supplied history all call `score_rows`, so
they can't disagree. Nothing here builds features: no engine is loaded to score.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.value_columns import VALUE_INPUTS
from serving.snapshot import Snapshot
from training.trained import CHURN, LIFETIME_VALUE, TrainedChurn, TrainedValue

HIGH_ODDS = 3.0
"""Odds of leaving, as a multiple of the base rate's odds, from which the risk is high."""


@dataclass(frozen=True)
class Models:
    """The models that made a snapshot; no value model where none could be trained."""

    churn: TrainedChurn
    value: TrainedValue | None

    @classmethod
    def of(cls, snapshot: Snapshot) -> Models:
        """Read a snapshot's own copies."""
        value = None
        if snapshot.manifest.facts.get("value_model_version"):
            value = TrainedValue.load(snapshot.model_folder(LIFETIME_VALUE))
        return cls(TrainedChurn.load(snapshot.model_folder(CHURN)), value)


def score_rows(
    features: pd.DataFrame, churn: TrainedChurn, value: TrainedValue | None
) -> pd.DataFrame:
    """Score feature rows; each row alone, so that a part scores as the whole does.

    Returns
    -------
    DataFrame with customer_id, churn_probability, expected_value (nan without a value model)
    """
    probability, worth = score_matrix(
        churn.spec.matrix(features), features[list(VALUE_INPUTS)] if value else None, churn, value
    )
    return pd.DataFrame(
        {
            "customer_id": features["customer_id"].to_numpy(dtype=object),
            "churn_probability": probability,
            "expected_value": worth,
        }
    )


def score_matrix(
    X: NDArray[np.float64],
    inputs: pd.DataFrame | None,
    churn: TrainedChurn,
    value: TrainedValue | None,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Score rows of numbers.

    Parameters
    ----------
    X : ndarray, shape (n_rows, n_columns)
        As the churn model's spec makes it.
    inputs : DataFrame or None, shape (n_rows, ...)
        The columns of `VALUE_INPUTS`, where there is a value model.

    Returns
    -------
    churn_probability, expected_value : ndarrays, shape (n_rows,); nan without a value model
    """
    probability = churn.model.churn_probability(X)
    if value is None or inputs is None:
        return probability, np.full(len(X), np.nan)
    return probability, value.predict(inputs.assign(churn_probability=probability))


def rescore(snapshot: Snapshot, customer_ids: Sequence[str]) -> pd.DataFrame:
    """Score some customers of a snapshot again, with its own features and models."""
    models = Models.of(snapshot)
    return score_rows(snapshot.features(customer_ids), models.churn, models.value)


def risk_bands(probability: NDArray[np.float64], base_rate: float) -> NDArray[np.object_]:
    """Sort probabilities into bands by their odds against those of the base rate.

    Below the base rate: low. From three times its odds: high. Between: medium.

    Examples
    --------
    >>> risk_bands(np.array([0.05, 0.15, 0.30]), base_rate=0.10)
    array(['low', 'medium', 'high'], dtype=object)
    """
    with np.errstate(divide="ignore"):
        ratio = probability / (1 - probability) * (1 - base_rate) / base_rate
    bands = np.select([ratio < 1, ratio < HIGH_ODDS], ["low", "medium"], default="high")
    return bands.astype(object)
