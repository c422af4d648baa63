"""How well would the churn model have done, and which one goes into service?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import logit

from features.config import BusinessConfig
from features.errors import ModelError, NotEnoughData
from features.progress import Progress, silent
from training.metrics import (
    Estimate,
    auc,
    average_precision,
    brier,
    calibration_intercept,
    calibration_slope,
    expected_calibration_error,
    log_loss,
    top_decile_lift,
    with_interval,
)
from training.models.baselines import (
    LogisticBaseline,
    RecencyRule,
    fit_logistic,
    fit_recency_rule,
)
from training.models.calibration import fit_calibrator
from training.models.churn import fit_churn
from training.models.errors import FitError
from training.models.reasons import typical_values
from training.rows import Rows
from training.splits import Origin
from training.trained import ChurnFacts, TrainedChurn

Floats = NDArray[np.float64]
MODEL, LOGISTIC, RECENCY = "model", "logistic", "recency_rule"
METRICS = {
    "auc": auc,
    "average_precision": average_precision,
    "log_loss": log_loss,
    "brier": brier,
    "calibration_error": expected_calibration_error,
    "calibration_slope": calibration_slope,
    "calibration_intercept": calibration_intercept,
    "top_decile_lift": top_decile_lift,
}
RECENCY_COLUMNS = ("usage_days_since_last", "orders_days_since_last", "subscriptions_tenure_days")


@dataclass(frozen=True)
class ChurnBacktest:
    """Predictions for rows that no fit had seen, and what they are worth.

    Attributes
    ----------
    predictions : DataFrame
        customer_id, cutoff, churned, and a probability per name of `scores`.
    scores : mapping of str to mapping of str to Estimate
        "model", "logistic", "recency_rule" -> metric -> value with its 95 % interval, over the
        test rows of all origins, resampled by customer.
    """

    predictions: pd.DataFrame
    scores: Mapping[str, Mapping[str, Estimate]]

    @property
    def beats_baselines(self) -> bool:
        """Whether the model's log loss is below that of both baselines."""
        model = self.scores[MODEL]["log_loss"].value
        return all(model < self.scores[name]["log_loss"].value for name in (LOGISTIC, RECENCY))


def fit(rows: Rows, origin: Origin, *, business: BusinessConfig, seed: int) -> TrainedChurn:
    """Fit on the origin's training cutoffs and calibrate on its later one.

    Raises
    ------
    NotEnoughData
        Too few customers of either kind.
    """
    train, calibrate = rows.at(*origin.train), rows.at(origin.calibrate)
    grow, held = train.split_customers()
    try:
        model = fit_churn(
            grow.X,
            grow.churned,
            feature_names=[column.name for column in rows.spec.columns],
            categorical=_categorical(rows),
            validation=(held.X, held.churned),
            calibration=(calibrate.X, calibrate.churned),
            seed=seed,
        )
    except FitError as error:
        raise NotEnoughData(f"the churn model can't be fitted: {error}") from error
    facts = ChurnFacts(
        business=business,
        base_rate=float(calibrate.churned.mean()),
        train_cutoffs=tuple(cutoff.isoformat() for cutoff in origin.train),
        calibration_cutoff=origin.calibrate.isoformat(),
        typical=_typical(train),
    )
    return TrainedChurn(model, rows.spec, facts)


def backtest(
    rows: Rows,
    origins: Sequence[Origin],
    *,
    business: BusinessConfig,
    seed: int,
    progress: Progress = silent,
) -> ChurnBacktest:
    """Fit at each origin, beside its baselines, and score the rows of its test cutoff."""
    parts = []
    for done, origin in enumerate(origins):
        progress("backtest churn", done, len(origins))
        parts.append(_predict(rows, origin, business=business, seed=seed))
    predictions = pd.concat(parts, ignore_index=True)
    progress("backtest churn", len(origins), len(origins))
    return ChurnBacktest(predictions, _scores(predictions, seed))


def _predict(rows: Rows, origin: Origin, *, business: BusinessConfig, seed: int) -> pd.DataFrame:
    assert origin.test is not None
    test, train = rows.at(origin.test), rows.at(*origin.train)
    column = recency_column(rows)
    trained = fit(rows, origin, business=business, seed=seed)
    place = [each.name for each in rows.spec.columns].index(column)
    baselines: dict[str, LogisticBaseline | RecencyRule] = {
        LOGISTIC: fit_logistic(train.X, train.churned, categorical=_categorical(rows)),
        RECENCY: fit_recency_rule(train.X, train.churned, column=place),
    }
    found = test.frame[["customer_id", "cutoff", "churned"]].copy()
    found[MODEL] = trained.model.churn_probability(test.X)
    for name, baseline in baselines.items():
        # calibrated on the same later cutoff as the model, or the comparison would flatter it
        later = rows.at(origin.calibrate)
        said = _log_odds(baseline.churn_probability(later.X))
        calibrator = fit_calibrator(said, later.churned, seed=seed)
        odds = _log_odds(baseline.churn_probability(test.X))
        found[name] = calibrator.churn_probability(odds)
    return found


def _log_odds(probability: Floats) -> Floats:
    return np.asarray(logit(np.clip(probability, 1e-6, 1 - 1e-6)), np.float64)


def recency_column(rows: Rows) -> str:
    """Name of the one column that the recency rule looks at.

    One of `RECENCY_COLUMNS`, or the first number where the leak probe left none of them.
    """
    names = [column.name for column in rows.spec.columns if column.kind == "number"]
    for name in RECENCY_COLUMNS:
        if name in names:
            return name
    if not names:
        raise ModelError("no column is a number; nothing shows recency")
    return names[0]


def _scores(predictions: pd.DataFrame, seed: int) -> dict[str, dict[str, Estimate]]:
    churned = predictions["churned"].to_numpy(dtype=bool)
    groups = pd.factorize(predictions["customer_id"])[0]
    return {
        name: {
            metric: with_interval(
                function, churned, predictions[name].to_numpy(), groups=groups, seed=seed
            )
            for metric, function in METRICS.items()
        }
        for name in (MODEL, LOGISTIC, RECENCY)
    }


def _categorical(rows: Rows) -> list[int]:
    return [i for i, column in enumerate(rows.spec.columns) if column.kind == "category"]


def _typical(rows: Rows) -> dict[str, float]:
    values = typical_values(rows.X, categorical=_categorical(rows))
    names = [column.name for column in rows.spec.columns]
    return {n: float(v) for n, v in zip(names, values, strict=True) if np.isfinite(v)}
