"""What would the value models have predicted, and which one goes into service?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.config import BusinessConfig
from features.engines import fetch
from features.errors import NotEnoughData
from features.histories import Histories
from features.labels import realised_value
from features.rfm import rfm
from features.value_inputs import BTYD_INPUTS, has_amounts, orders_margin_rate, value_inputs
from features.windows import date_of, day_number
from training.metrics import (
    Estimate,
    mean_absolute_error,
    root_mean_squared_error,
    total_ratio,
    with_interval,
)
from training.models.errors import FitError
from training.models.lifetime_value import LifetimeValueModel
from training.models.purchases import PurchaseModel, fit_purchases
from training.models.spend import SpendModel, fit_credibility, fit_spend
from training.trained import TrainedValue, ValueFacts

Floats = NDArray[np.float64]
CANDIDATES = ("bg_nbd", "mbg_nbd")
OWN_RATE = "own_rate"
METRICS = {
    "mae": mean_absolute_error,
    "rmse": root_mean_squared_error,
    "total": total_ratio,
}
MIN_REPEATERS = 30
"""Fewer customers with a repeat purchase than this bear no purchase model."""


@dataclass(frozen=True)
class ValueBacktest:
    """Expected against actual purchase days, in a holdout that no fit had seen.

    Attributes
    ----------
    cutoff : date
    holdout_days : int
        The value horizon, or less where the history is short.
    ranked : tuple of str
        The candidates that could be fitted, by root mean squared error, the smallest first. The
        first goes into service: of two, chosen on the holdout that is reported.
    scores : mapping of str to mapping of str to Estimate
        Candidate or "own_rate" -> "mae", "rmse" (purchase days per customer), "total" (expected
        over actual purchase days of everyone, 1.0 is right).
    orders_value : Estimate or None
        Expected over realised discounted margin from orders of everyone; 1.0 is right.
    purchases : DataFrame
        customer_id, frequency, actual, and a column per name of `scores`.
    failed : mapping of str to str
        Candidate that could not be fitted -> why.
    """

    cutoff: date
    holdout_days: int
    ranked: tuple[str, ...]
    scores: Mapping[str, Mapping[str, Estimate]]
    orders_value: Estimate | None
    purchases: pd.DataFrame
    failed: Mapping[str, str]

    @property
    def chosen(self) -> str:
        """The candidate that goes into service."""
        return self.ranked[0]


def backtest_purchases(
    histories: Histories, business: BusinessConfig, *, first: date, newest: date, seed: int
) -> ValueBacktest:
    """Fit each candidate before a cutoff and judge it on the purchase days after it.

    Raises
    ------
    NotEnoughData
        Too few repeat buyers, or none of the candidates can be fitted.
    """
    span = (newest - first).days
    holdout = min(business.value_horizon_days, span // 2)
    cutoff = newest - timedelta(days=holdout)
    known = rfm(histories.tables["orders"], cutoff)
    check_repeaters(known, cutoff)
    actual = _purchase_days(histories, cutoff, holdout)
    found = known.assign(actual=known["customer_id"].map(actual).fillna(0.0).to_numpy(float))
    frequency, recency, T, _ = _arrays(known)
    failed = {}
    for name in CANDIDATES:
        try:
            model = fit_purchases(frequency, recency, T, model=name)
            found[name] = model.expected_purchases(holdout, frequency, recency, T)
        except FitError as error:
            failed[name] = str(error)
    fitted = [name for name in CANDIDATES if name not in failed]
    if not fitted:
        raise NotEnoughData(
            f"neither BG/NBD nor MBG/NBD can be fitted to the {len(known)} customers who ordered "
            f"before {cutoff} ({failed[CANDIDATES[0]]}); load more history"
        )
    found[OWN_RATE] = frequency / np.maximum(T, 1.0) * holdout
    scores = {name: _scores(found, name, seed) for name in (*fitted, OWN_RATE)}
    ranked = sorted(fitted, key=lambda name: scores[name]["rmse"].value)
    money = _money(
        histories, business.model_copy(update={"value_horizon_days": holdout}), cutoff, ranked, seed
    )
    return ValueBacktest(cutoff, holdout, tuple(ranked), scores, money, found, failed)


def _money(
    histories: Histories, business: BusinessConfig, cutoff: date, ranked: Sequence[str], seed: int
) -> Estimate | None:
    """Expected over realised discounted margin from orders, of everyone who could leave."""
    trained = fit_value(histories, business, cutoff, candidates=ranked)
    realised = realised_value(histories, business, [cutoff])
    if trained is None or realised.empty:
        return None
    inputs = value_inputs(histories, realised["customer_id"], cutoff)
    expected = trained.model.orders_value(*(inputs[column] for column in BTYD_INPUTS))
    actual = realised["realised_orders_value"].to_numpy(dtype=np.float64)
    customers = np.arange(len(actual))
    return with_interval(total_ratio, actual, expected, groups=customers, seed=seed)


def fit_value(
    histories: Histories, business: BusinessConfig, cutoff: date, *, candidates: Sequence[str]
) -> TrainedValue | None:
    """Fit the lifetime-value model on all that is known before a cutoff.

    Parameters
    ----------
    histories : Histories
    business : BusinessConfig
    cutoff : date
    candidates : sequence of str
        Purchase models, the best first; the next one stands in where one can't be fitted. None of
        them: only subscriptions count.

    Returns
    -------
    TrainedValue, or None where there is no money to model
    """
    fitted = _fit_orders(histories, cutoff, candidates) if candidates else None
    if fitted is None and not has_amounts(histories):
        return None
    purchases, spend = fitted or (None, None)
    model = LifetimeValueModel(
        purchases=purchases,
        spend=spend,
        margin_rate=business.margin_rate,
        orders_margin_rate=orders_margin_rate(histories, business, cutoff),
        discount_rate_annual=business.discount_rate_annual,
        value_horizon_days=business.value_horizon_days,
        newcomer_orders_value=newcomer_orders_value(histories, business, cutoff) if fitted else 0.0,
    )
    return TrainedValue(model, ValueFacts(business, cutoff.isoformat()))


def purchase_parameters(
    frequency: Floats, recency: Floats, T: Floats, customers: NDArray[np.int64]
) -> Mapping[str, float] | None:
    """Fit the MBG/NBD from which features of the purchase process are made, see `features.btyd`.

    Parameters
    ----------
    frequency, recency, T : ndarray, shape (n_histories,)
        Distinct histories, times in days.
    customers : ndarray of int, shape (n_histories,)
        How many have each.

    Returns
    -------
    mapping of str to float, or None
        r, alpha, a and b, alpha in days; None with too few repeat buyers, or without an optimum.
    """
    if customers[frequency > 0].sum() < MIN_REPEATERS:
        return None
    try:
        found = fit_purchases(frequency, recency, T, model="mbg_nbd", customers=customers)
    except FitError:
        return None
    return found.params


def _fit_orders(
    histories: Histories, cutoff: date, candidates: Sequence[str]
) -> tuple[PurchaseModel, SpendModel] | None:
    frequency, recency, T, monetary_value = _arrays(rfm(histories.tables["orders"], cutoff))
    for name in candidates:
        try:
            purchases = fit_purchases(frequency, recency, T, model=name)
        except FitError:
            continue
        return purchases, _fit_spend(frequency, monetary_value)
    return None


def _fit_spend(frequency: Floats, monetary_value: Floats) -> SpendModel:
    try:
        return fit_spend(frequency, monetary_value)
    except FitError:  # no finite mean spend (q <= 1): shrink own means to the population's instead
        return fit_credibility(frequency, monetary_value)


def newcomer_orders_value(histories: Histories, business: BusinessConfig, newest: date) -> float:
    """Mean discounted margin from orders of customers who had not ordered before.

    Measured over the value horizon that ends at `newest`, or where orders are younger than two
    of those over half of their age and scaled up, for the customers of that earlier cutoff who
    had no order yet; 0 where there were none.
    """
    age = (newest - date_of(_first_order_day(histories))).days
    days = min(business.value_horizon_days, age // 2)
    if days < 1:
        return 0.0
    cutoff = newest - timedelta(days=days)
    measured = business.model_copy(update={"value_horizon_days": days})
    realised = realised_value(histories, measured, [cutoff])
    ordered = set(rfm(histories.tables["orders"], cutoff)["customer_id"])
    fresh = realised[~realised["customer_id"].isin(ordered)]
    if fresh.empty:
        return 0.0
    mean = float(fresh["realised_orders_value"].mean())
    return round(mean * business.value_horizon_days / days, 6)


def _first_order_day(histories: Histories) -> int:
    orders = histories.tables["orders"]
    return int(orders.day.min().execute())


def _purchase_days(histories: Histories, cutoff: date, holdout: int) -> pd.Series:
    orders = histories.tables["orders"]
    start = day_number(cutoff)
    later = orders.filter(orders.day >= start, orders.day < start + holdout, orders.amount >= 0)
    counted = later.group_by("customer_id").aggregate(actual=later.day.nunique())
    found: pd.Series = fetch(counted).to_pandas().set_index("customer_id")["actual"]
    return found


def _arrays(known: pd.DataFrame) -> tuple[NDArray[np.float64], ...]:
    return tuple(known[column].to_numpy(dtype=np.float64) for column in BTYD_INPUTS)


def _scores(found: pd.DataFrame, name: str, seed: int) -> dict[str, Estimate]:
    actual, expected = found["actual"].to_numpy(), found[name].to_numpy()
    customers = np.arange(len(found))
    return {
        key: with_interval(metric, actual, expected, groups=customers, seed=seed)
        for key, metric in METRICS.items()
    }


def check_repeaters(known: pd.DataFrame, cutoff: date) -> None:
    """Raise NotEnoughData if too few customers bought on a second day."""
    repeaters = int((known["frequency"] > 0).sum())
    if repeaters < MIN_REPEATERS:
        raise NotEnoughData(
            f"{repeaters} of {len(known)} customers ordered on a second day before {cutoff}; "
            f"a value model needs {MIN_REPEATERS}: load more history"
        )
