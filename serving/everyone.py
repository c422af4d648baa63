"""What are everyone's scores at the newest cutoff? Histories and models in, scored rows out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.build import build_features
from features.config import Config
from features.errors import NotEnoughData
from features.histories import Histories
from features.labels import population
from features.progress import Progress, silent
from features.value_inputs import value_inputs
from serving.index import SCORE_COLUMNS
from serving.reasons import reason_texts
from serving.scoring import risk_bands, score_rows
from training.trained import CHURN, LIFETIME_VALUE, TrainedChurn, TrainedValue


@dataclass(frozen=True)
class Scored:
    """Everyone's scores, and what the models saw.

    Attributes
    ----------
    scores : DataFrame
        The columns of `SCORE_COLUMNS`, sorted by customer_id.
    features : DataFrame
        customer_id, the columns of the feature spec, and `VALUE_INPUTS`.
    """

    scores: pd.DataFrame
    features: pd.DataFrame


def score_everyone(
    config: Config,
    histories: Histories,
    churn: TrainedChurn,
    value: TrainedValue | None,
    versions: Mapping[str, str],
    *,
    progress: Progress = silent,
) -> Scored:
    """Score everyone who can still leave at the newest cutoff.

    Parameters
    ----------
    config : Config
    histories : Histories
    churn, value : the models in use
    versions : mapping of str to str
        Model name -> version.

    Raises
    ------
    NotEnoughData
        Nobody is there to be scored.
    """
    cutoff = histories.newest_cutoff
    progress("build features", 0, 1)
    people = population(histories, config.business, [cutoff])
    features = build_features(histories, churn.spec, [cutoff], people).drop(columns="cutoff")
    if features.empty:
        raise NotEnoughData(
            f"no customers to score at cutoff {cutoff}: nobody is there who could leave"
        )
    worth = value_inputs(histories, features["customer_id"], cutoff).drop(columns="customer_id")
    features = pd.concat([features.reset_index(drop=True), worth], axis=1)
    progress("build features", 1, 1)
    progress("score customers", 0, 2)
    scores = score_rows(features, churn, value)
    progress("score customers", 1, 2)
    _complete(scores, config, churn, versions, cutoff.isoformat())
    at_risk = _riskiest(scores, config.training.reasons_for)
    scores.loc[at_risk, "reasons"] = reason_texts(features.iloc[at_risk], churn)
    progress("score customers", 2, 2)
    return Scored(scores[list(SCORE_COLUMNS)], features)


def _complete(
    scores: pd.DataFrame,
    config: Config,
    churn: TrainedChurn,
    versions: Mapping[str, str],
    cutoff: str,
) -> None:
    business = config.business
    scores["horizon_days"] = business.horizon_days
    scores["value_horizon_days"] = business.value_horizon_days
    scores["currency"] = business.currency
    scores["value_at_risk"] = scores["churn_probability"] * scores["expected_value"]
    scores["risk_band"] = risk_bands(scores["churn_probability"].to_numpy(), churn.facts.base_rate)
    scores["reasons"] = ""
    scores["cutoff"] = cutoff
    scores["churn_model_version"] = versions[CHURN]
    scores["value_model_version"] = versions.get(LIFETIME_VALUE)


def _riskiest(scores: pd.DataFrame, count: int) -> NDArray[np.intp]:
    """Return row numbers from the top of the at-risk list."""
    by = "value_at_risk" if scores["value_at_risk"].notna().any() else "churn_probability"
    order = np.argsort(-scores[by].fillna(-np.inf).to_numpy(), kind="stable")
    return order[:count]
