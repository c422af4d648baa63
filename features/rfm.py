"""How often, how recently and for how long has a customer bought? The BTYD counting rules.

Several orders on one day are one purchase; the first purchase day is not counted in `frequency`
nor in `monetary_value`, for it is what makes someone a customer. A refund is no purchase, and
takes nothing from one.

References
----------
Fader, Hardie & Lee (2005), "Counting your customers" the easy way, Marketing Science 24(2).
Fader & Hardie (2013), The Gamma-Gamma model of monetary value, note 025: `monetary_value`.
"""

from __future__ import annotations

from datetime import date

import ibis
import ibis.expr.types as ir
import pandas as pd

from features.engines import fetch
from features.errors import NotEnoughData
from features.known import CUTOFF_DAY, KEYS, known_at
from features.windows import date_of, day_number


def rfm(orders: ir.Table, cutoff: date) -> pd.DataFrame:
    """Count purchases up to a cutoff, one row per customer who bought before it.

    Parameters
    ----------
    orders : ibis Table
        The normalised `orders`.
    cutoff : date
        Orders of that day or later are not seen.

    Returns
    -------
    DataFrame, sorted by customer_id
        `customer_id`; `frequency`, the repeat purchase days (denoted x in the literature);
        `recency`, the age at the last purchase (t_x), in days; `T`, the age at the end of the day
        before the cutoff, in days; `monetary_value`, the mean spend of a repeat purchase day (zbar)
        in currency units, 0 without one.

    Raises
    ------
    NotEnoughData
        No order was known before the cutoff.
    """
    known = known_at("orders", orders, [day_number(cutoff)])
    counted = counts(purchase_days(known)).drop(CUTOFF_DAY).order_by("customer_id")
    frame: pd.DataFrame = fetch(counted).to_pandas()
    if frame.empty:
        raise _no_orders(orders, cutoff)
    return frame.astype({"monetary_value": "float64"})


def purchase_days(known: ir.Table) -> ir.Table:
    """Roll known orders up to one row per customer, cutoff and day: `orders` and `spend`."""
    bought = known.filter(known.amount >= 0)
    return bought.group_by([*KEYS, "day", "age"]).aggregate(
        orders=bought.count(), spend=_sum(bought.amount)
    )


def counts(days: ir.Table) -> ir.Table:
    """Frequency, recency, T and monetary value of `purchase_days`, per customer and cutoff."""
    first = days.group_by(KEYS).aggregate(
        purchases=days.count(),
        first_day=days.day.min(),
        last_day=days.day.max(),
        spend=_sum(days.spend),
        first_spend=days.spend.argmin(days.day),
    )
    frequency = first.purchases - 1
    repeat_spend = (first.spend - first.first_spend) / frequency.nullif(0)
    return first.select(
        *KEYS,
        frequency=frequency,
        recency=first.last_day - first.first_day,
        T=first[CUTOFF_DAY] - 1 - first.first_day,
        monetary_value=repeat_spend.fill_null(0.0),
    )


def in_sequence(known: ir.Table) -> ir.Table:
    """Put beside each known order where it stands among its customer's orders.

    One pass over the sorted orders finds what would else need a roll-up by day, a second one of
    it, and joins.

    Parameters
    ----------
    known : ibis Table
        Orders as `known_at` gives them.

    Returns
    -------
    ibis Table
        The columns of `known`, but `age` and `amount` only of purchases, missing for refunds that
        were booked as negative amounts; `refund`, the amount that came back, and `refund_age`, days
        since then; `new_day`, true for one order of each purchase day; `gap`, the days from the
        purchase day before it to this one, missing for the first and for further orders of a day;
        `silence`, days since the customer's last purchase; `first`, true for the orders of the
        first purchase day; `centre`, the value of one of the customer's first orders, from
        which deviations are summed: the squares of the bare values would cancel.
    """
    # purchases before refunds: what precedes a purchase is a purchase
    own = ibis.window(group_by=list(KEYS), order_by=[known.amount < 0, known.day])
    purchase_day = ibis.cases((known.amount >= 0, known.day))
    rows = known.mutate(
        since=known.day - known.day.lag().over(own),
        first_day=known.day.first(include_null=True).over(own),
        last_day=purchase_day.max().over(own),
        centre=known.amount.first(include_null=True).over(own),
    )
    bought = rows.amount >= 0
    returned = rows[CUTOFF_DAY] - 1 - rows.refunded_day
    return rows.mutate(
        refund=rows.amount.abs(),
        refund_age=ibis.ifelse(bought, returned, rows.age),
        age=ibis.cases((bought, rows.age)),
        amount=ibis.cases((bought, rows.amount)),
        new_day=bought & (rows.since.isnull() | (rows.since > 0)),
        gap=ibis.cases((bought & (rows.since > 0), rows.since.cast("float64"))),
        silence=rows[CUTOFF_DAY] - rows.last_day,
        first=bought & (rows.day == rows.first_day),
    ).drop("since", "first_day", "last_day")


def _sum(amounts: ir.NumericValue) -> ir.FloatingScalar:
    """Sum money, rounded where no currency looks: the order of adding must not show.

    Sums are rounded, not means: a mean may lie halfway between two roundings.
    """
    return amounts.sum().round(6)


def _no_orders(orders: ir.Table, cutoff: date) -> NotEnoughData:
    found = orders.filter(orders.amount >= 0)
    known = found.aggregate(rows=found.count(), first=found.known_day.min())
    row = known.to_pyarrow().to_pylist()[0]
    if row["rows"] == 0:
        return NotEnoughData(f"no orders before cutoff {cutoff}: there are none; load some")
    return NotEnoughData(
        f"no orders before cutoff {cutoff}: the earliest of {row['rows']} orders is "
        f"{date_of(row['first'])}; move the cutoff later or load more history"
    )
