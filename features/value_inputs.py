"""What does a value model need to know of a customer? Five numbers, as known at the cutoff."""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd

from features.config import BusinessConfig
from features.histories import Histories
from features.rfm import rfm
from features.windows import day_number

BTYD_INPUTS = ("frequency", "recency", "T", "monetary_value")
VALUE_INPUTS = (*BTYD_INPUTS, "monthly_amount")


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
    at the cutoff), 0 without one.
    """
    found = pd.DataFrame({"customer_id": customers.astype(object).to_numpy()})
    for name, table in (("orders", _orders), ("subscriptions", _monthly_amount)):
        if name in histories.tables:
            found = found.merge(table(histories, cutoff), on="customer_id", how="left")
    for column in VALUE_INPUTS:
        if column not in found:
            found[column] = np.nan
    found["monthly_amount"] = found["monthly_amount"].fillna(0.0)
    return found[["customer_id", *VALUE_INPUTS]].astype(dict.fromkeys(VALUE_INPUTS, np.float64))


def effective_margin_rate(histories: Histories, business: BusinessConfig, cutoff: date) -> float:
    """Margin per unit of order revenue known before the cutoff; `margin_rate` without margins."""
    orders = histories.tables.get("orders")
    if orders is None:
        return business.margin_rate
    known = orders.filter(
        orders.known_day < day_number(cutoff), orders.margin.notnull(), orders.amount > 0
    )
    sums = known.aggregate(margin=known.margin.sum(), amount=known.amount.sum()).execute()
    amount = sums["amount"].iloc[0]
    return float(sums["margin"].iloc[0] / amount) if amount and amount > 0 else business.margin_rate


def _orders(histories: Histories, cutoff: date) -> pd.DataFrame:
    return rfm(histories.tables["orders"], cutoff)


def _monthly_amount(histories: Histories, cutoff: date) -> pd.DataFrame:
    active = active_subscriptions(histories.tables["subscriptions"], day_number(cutoff))
    grouped: pd.DataFrame = (
        active.group_by("customer_id")
        .aggregate(monthly_amount=active.monthly_amount.sum())
        .execute()
    )
    return grouped


def active_subscriptions(subscriptions: ir.Table, cutoff_day: int) -> ir.Table:
    """Rows of subscriptions that are known and running at a cutoff."""
    ended = subscriptions.ended_day
    return subscriptions.filter(
        subscriptions.known_day < cutoff_day, ended.isnull() | (ended >= ibis.literal(cutoff_day))
    )
