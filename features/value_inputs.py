"""What does a value model need to know of a customer? Five numbers, as known at the cutoff."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.config import BusinessConfig
from features.engines import fetch
from features.histories import Histories
from features.known import known_at
from features.rfm import rfm
from features.value_columns import BTYD_INPUTS, VALUE_INPUTS
from features.windows import day_number

__all__ = [
    "BTYD_INPUTS",
    "VALUE_INPUTS",
    "has_amounts",
    "monthly_amounts",
    "orders_margin_rate",
    "value_inputs",
]


def value_inputs(histories: Histories, customers: pd.Series, cutoff: date) -> pd.DataFrame:
    """What the lifetime-value model reads, for the named customers.

    Parameters
    ----------
    histories : Histories
    customers : Series of str, shape (n,)
    cutoff : date

    Returns
    -------
    DataFrame, shape (n, 6), in the order of `customers`: customer_id; frequency (repeat purchase
    days), recency and T (days), monetary_value (currency units per purchase day), nan for a
    customer who has never ordered; monthly_amount (currency units, of the subscriptions active
    at the cutoff), 0 without one, nan where one has no amount.
    """
    found = pd.DataFrame({"customer_id": customers.astype(object).to_numpy()})
    if "orders" in histories.tables:
        known = rfm(histories.tables["orders"], cutoff)
        found = found.merge(known, on="customer_id", how="left", validate="m:1")
    if has_amounts(histories):
        table = monthly_amounts(histories.tables["subscriptions"], day_number(cutoff))
        paid: pd.DataFrame = fetch(table).to_pandas()
        amounts = paid.set_index("customer_id")["monthly_amount"].astype(float)
        found["monthly_amount"] = found["customer_id"].map(amounts)
        found.loc[~found["customer_id"].isin(amounts.index), "monthly_amount"] = 0.0
    else:
        found["monthly_amount"] = 0.0
    for column in BTYD_INPUTS:
        if column not in found:
            found[column] = np.nan
    return found[["customer_id", *VALUE_INPUTS]].astype(dict.fromkeys(VALUE_INPUTS, np.float64))


def has_amounts(histories: Histories) -> bool:
    """Whether any subscription says what it costs."""
    if "subscriptions" not in histories.tables:
        return False
    return int(histories.tables["subscriptions"].monthly_amount.count().execute()) > 0


def orders_margin_rate(histories: Histories, business: BusinessConfig, cutoff: date) -> float:
    """Margin kept per unit of order revenue, as known before the cutoff.

    An order brings its margin where that is given, else `margin_rate` of its amount; refunds,
    negative amounts and orders refunded by then alike, take theirs back. `margin_rate` where
    nothing was ordered.
    """
    if "orders" not in histories.tables:
        return business.margin_rate
    known = known_at("orders", histories.tables["orders"], [day_number(cutoff)])
    margin = known.margin.fill_null(known.amount * business.margin_rate)
    sums = known.aggregate(
        revenue=known.amount.sum(where=known.amount > 0),
        came_in=margin.sum(),
        went_back=margin.sum(where=known.refunded_day.notnull()),
    )
    row = sums.execute().fillna(0.0).iloc[0]
    if not row["revenue"] > 0:
        return business.margin_rate
    return round(float((row["came_in"] - row["went_back"]) / row["revenue"]), 9)


def monthly_amounts(subscriptions: ir.Table, cutoff_day: int) -> ir.Table:
    """What each customer with a running subscription pays, as known before a cutoff.

    Parameters
    ----------
    subscriptions : ibis Table
        The normalised `subscriptions`.
    cutoff_day : int
        Day number.

    Returns
    -------
    ibis Table
        `customer_id` and `monthly_amount`, missing where one of them has no amount.
    """
    known = known_at("subscriptions", subscriptions, [cutoff_day])
    running = known.filter(known.ended_day.isnull())
    sums = running.group_by("customer_id").aggregate(
        paid=running.monthly_amount.sum().round(6),
        unknown=running.count(where=running.monthly_amount.isnull()),
    )
    return sums.select("customer_id", monthly_amount=ibis.cases((sums.unknown == 0, sums.paid)))
