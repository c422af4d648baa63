"""Who could still leave at a cutoff, who left, and what was a customer worth? The only place.

Labels look at what happened, not at when it became known: they are the outcomes. The population,
like every feature, looks only at what was known before the cutoff.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.config import BusinessConfig
from features.engines import fetch
from features.errors import NotEnoughData
from features.histories import Histories
from features.known import CUTOFF_DAY, KEYS, at_each, in_window, known_at
from features.windows import date_of, day_number

DAYS_PER_MONTH = 365.25 / 12


def population(histories: Histories, business: BusinessConfig, cutoffs: Sequence[date]) -> ir.Table:
    """Customers who could still leave, per cutoff, as known at it.

    Parameters
    ----------
    histories : Histories
    business : BusinessConfig
        By cancellation: an active subscription. By inactivity: an order (no refund) or an event
        before the cutoff, in the last `active_within_days` where that is set.
    cutoffs : sequence of date

    Returns
    -------
    ibis Table
        `customer_id` and `cutoff_day`, each pair once.
    """
    days = _days(cutoffs)
    if business.churn == "cancellation":
        known = known_at("subscriptions", histories.tables["subscriptions"], days)
        return known.filter(known.ended_day.isnull()).select(*KEYS).distinct()
    known = known_at(business.activity, _activity(histories, business), days)
    if business.active_within_days is not None:
        known = known.filter(in_window(known, business.active_within_days))
    return known.select(*KEYS).distinct()


def churn_labels(
    histories: Histories,
    business: BusinessConfig,
    cutoffs: Sequence[date],
    horizon_days: int | None = None,
) -> pd.DataFrame:
    """Who of the population left within [cutoff, cutoff + horizon).

    Parameters
    ----------
    histories : Histories
    business : BusinessConfig
        By cancellation: no subscription is active at cutoff + horizon. By inactivity: no order or
        event within the horizon.
    cutoffs : sequence of date
    horizon_days : int, optional
        Of the business unless given.

    Returns
    -------
    DataFrame, sorted by cutoff and customer_id
        `customer_id`, `cutoff` and `churned`.

    Raises
    ------
    NotEnoughData
        The data ends before the horizon of the last cutoff.
    """
    horizon = business.horizon_days if horizon_days is None else horizon_days
    _require_days(histories, cutoffs, horizon, "churn labels")
    if business.churn == "cancellation":
        stayed = _active_after(histories, _days(cutoffs), horizon)
    else:
        stayed = _in_horizon(_activity(histories, business), _days(cutoffs), horizon)
    stayed = stayed.select(*KEYS).distinct().mutate(stayed=True)
    everyone = population(histories, business, cutoffs)
    labels = _joined(everyone, stayed)
    return _frame(labels.select(*KEYS, churned=~labels.stayed.fill_null(False)))


def realised_value(
    histories: Histories, business: BusinessConfig, cutoffs: Sequence[date]
) -> pd.DataFrame:
    """Discounted margin that came in over [cutoff, cutoff + value horizon), per customer.

    Orders bring their margin (where it is not given, amount times `margin_rate`) on their day;
    refunds take it back on theirs, whenever the order was made. Subscriptions bring
    ``monthly_amount * 12 / 365.25 * margin_rate`` on each day from the start up to the day before
    the end. A sum d days after the cutoff is worth ``(1 + discount_rate_annual) ** (-d / 365)``.

    Parameters
    ----------
    histories : Histories
    business : BusinessConfig
    cutoffs : sequence of date

    Returns
    -------
    DataFrame, sorted by cutoff and customer_id
        Over the population: `customer_id`, `cutoff`, `realised_value`, `realised_orders_value`,
        `realised_subscription_value` (all in currency units) and `order_days`, the days with an
        order.

    Raises
    ------
    NotEnoughData
        The data ends before the value horizon of the last cutoff.
    """
    horizon = business.value_horizon_days
    _require_days(histories, cutoffs, horizon, "realised value")
    found = population(histories, business, cutoffs)
    days = _days(cutoffs)
    parts = {"realised_orders_value": 0.0, "realised_subscription_value": 0.0, "order_days": 0}
    if "orders" in histories.tables:
        found = _joined(found, _orders_value(histories.tables["orders"], business, days))
        found = _joined(found, _order_days(histories.tables["orders"], horizon, days))
    if "subscriptions" in histories.tables:
        found = _joined(found, _fees(histories.tables["subscriptions"], business, days))
    values = {
        name: found[name].fill_null(none) if name in found.columns else ibis.literal(none)
        for name, none in parts.items()
    }
    total = values["realised_orders_value"] + values["realised_subscription_value"]
    return _frame(found.select(*KEYS, realised_value=total, **values))


def _days(cutoffs: Sequence[date]) -> list[int]:
    return sorted({day_number(cutoff) for cutoff in cutoffs})


def _activity(histories: Histories, business: BusinessConfig) -> ir.Table:
    """Rows that count as activity: every event, or every order that is no refund."""
    table = histories.tables[business.activity]
    return table.filter(table.amount >= 0) if business.activity == "orders" else table


def _in_horizon(table: ir.Table, days: Sequence[int], horizon: int) -> ir.Table:
    rows = at_each(table, days)
    return rows.filter(_within(rows, rows.day, horizon))


def _within(rows: ir.Table, day: ir.Value, horizon: int) -> ir.BooleanValue:
    return (day >= rows[CUTOFF_DAY]) & (day < rows[CUTOFF_DAY] + horizon)


def _active_after(histories: Histories, days: Sequence[int], horizon: int) -> ir.Table:
    """Subscriptions that are active at cutoff + horizon."""
    rows = at_each(histories.tables["subscriptions"], days)
    end = rows[CUTOFF_DAY] + horizon
    return rows.filter((rows.day < end) & (rows.ended_day.isnull() | (rows.ended_day >= end)))


def _joined(left: ir.Table, right: ir.Table) -> ir.Table:
    joined = left.left_join(right, list(KEYS), rname="{name}_right")
    return joined.drop(*(f"{key}_right" for key in KEYS))


def _orders_value(orders: ir.Table, business: BusinessConfig, days: Sequence[int]) -> ir.Table:
    rows = at_each(orders, days)
    margin = rows.margin.fill_null(rows.amount * business.margin_rate)
    came_in = _discounted(rows, rows.day, margin, business)
    went_back = _discounted(rows, rows.refunded_day, margin, business)
    return rows.group_by(KEYS).aggregate(realised_orders_value=came_in.sum() - went_back.sum())


def _discounted(
    rows: ir.Table, day: ir.Value, amount: ir.Value, business: BusinessConfig
) -> ir.Value:
    """Value at the cutoff of an amount on a day; 0 outside the value horizon."""
    within = _within(rows, day, business.value_horizon_days)
    factor = (-_daily_rate(business) * (day - rows[CUTOFF_DAY])).exp()
    return ibis.cases((within, amount * factor), else_=0.0)


def _order_days(orders: ir.Table, horizon: int, days: Sequence[int]) -> ir.Table:
    bought = _in_horizon(orders.filter(orders.amount >= 0), days, horizon)
    return bought.group_by(KEYS).aggregate(order_days=bought.day.nunique())


def _fees(subscriptions: ir.Table, business: BusinessConfig, days: Sequence[int]) -> ir.Table:
    rows = at_each(subscriptions, days)
    end = rows[CUTOFF_DAY] + business.value_horizon_days
    first = ibis.greatest(rows.day, rows[CUTOFF_DAY]) - rows[CUTOFF_DAY]
    after_last = ibis.least(rows.ended_day.fill_null(end), end) - rows[CUTOFF_DAY]
    daily = rows.monthly_amount.fill_null(0.0) / DAYS_PER_MONTH * business.margin_rate
    fees = ibis.cases(
        (after_last > first, daily * _days_discounted(first, after_last, business)), else_=0.0
    )
    return rows.group_by(KEYS).aggregate(realised_subscription_value=fees.sum())


def _days_discounted(first: ir.Value, after_last: ir.Value, business: BusinessConfig) -> ir.Value:
    """Sum of the discount factors of days first, ..., after_last - 1: a geometric series."""
    rate = _daily_rate(business)
    if rate == 0:
        return (after_last - first).cast("float64")
    return ((-rate * first).exp() - (-rate * after_last).exp()) / -math.expm1(-rate)


def _daily_rate(business: BusinessConfig) -> float:
    return math.log1p(business.discount_rate_annual) / 365


def _require_days(histories: Histories, cutoffs: Sequence[date], horizon: int, what: str) -> None:
    last = max(cutoffs)
    if day_number(last) + horizon > histories.last_day + 1:
        raise NotEnoughData(
            f"{what} at cutoff {last} need data through "
            f"{date_of(day_number(last) + horizon - 1)} ({horizon} days), but the newest row is of "
            f"{date_of(histories.last_day)}; move the cutoff earlier or shorten the horizon"
        )


def _frame(table: ir.Table) -> pd.DataFrame:
    found = fetch(table.order_by(CUTOFF_DAY, "customer_id"))
    days, position = np.unique(found[CUTOFF_DAY].to_numpy(), return_inverse=True)
    dates = np.array([date_of(day) for day in days], dtype=object)
    frame: pd.DataFrame = found.drop_columns([CUTOFF_DAY]).to_pandas()
    frame.insert(1, "cutoff", dates[position])
    return frame
