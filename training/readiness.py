"""Do the data suffice for each model, and if not, what is missing?"""

from __future__ import annotations

from dataclasses import dataclass

from features.config import Config
from features.errors import NotEnoughData
from features.histories import Histories
from features.labels import churn_labels
from features.rfm import rfm
from features.value_inputs import has_amounts
from training.rows import check_labels
from training.splits import rolling_origins
from training.trained import CHURN, LIFETIME_VALUE
from training.value import check_repeaters


@dataclass(frozen=True)
class Readiness:
    """Whether one model can be trained.

    Attributes
    ----------
    model : str
    ready : bool
    because : str
        What it would be trained on, or what is missing.
    """

    model: str
    ready: bool
    because: str


def readiness(config: Config, histories: Histories) -> list[Readiness]:
    """Judge both models without fitting them."""
    found = []
    for model, judge in ((CHURN, _churn), (LIFETIME_VALUE, _lifetime_value)):
        try:
            found.append(Readiness(model, True, judge(config, histories)))
        except NotEnoughData as error:
            found.append(Readiness(model, False, str(error)))
    return found


def _churn(config: Config, histories: Histories) -> str:
    business, training = config.business, config.training
    origins = rolling_origins(
        histories.behaviour_start,
        histories.newest_cutoff,
        horizon_days=business.horizon_days,
        origins=training.origins,
        cutoffs=training.cutoffs,
        step_days=training.step_days,
    )
    cutoffs = origins[-1].cutoffs
    labels = churn_labels(histories, business, cutoffs)
    check_labels(labels, cutoffs, business)
    newest = labels[labels["cutoff"] == cutoffs[-1]]["churned"]
    return (
        f"{len(cutoffs)} labelled cutoffs from {cutoffs[0]} to {cutoffs[-1]}; at the last one "
        f"{newest.sum()} of {len(newest)} customers left ({newest.mean():.1%})"
    )


def _lifetime_value(config: Config, histories: Histories) -> str:
    parts = []
    if "orders" in histories.tables:
        known = rfm(histories.tables["orders"], histories.newest_cutoff)
        check_repeaters(known, histories.newest_cutoff)
        repeaters = int((known["frequency"] > 0).sum())
        parts.append(f"{repeaters} of {len(known)} buyers bought on a second day")
    if has_amounts(histories):
        parts.append("subscriptions with a monthly amount")
    if not parts:
        raise NotEnoughData(
            "no money in the data: it needs [histories.orders], or subscriptions with a "
            "monthly_amount"
        )
    return "; ".join(parts)
