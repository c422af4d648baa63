"""What is a company's usage, day by day? The roll-up of events, as one expression for every engine.

One row per customer, day, day it became known and kind of event.
"""

from __future__ import annotations

from functools import cache

import ibis
import ibis.expr.types as ir

EVENTS = "events"
"""Column that says how many events a row stands for."""
LARGEST = 1e15
"""Amounts below it are added up exactly."""
COLUMNS = (
    "customer_id",
    "occurred_at",
    "day",
    "event",
    "quantity",
    "duration_seconds",
    "known_day",
)
_KINDS = ("string", "timestamp(6)", "int32", "string", "float64", "float64", "int32")


def daily(usage: ir.Table) -> ir.Table:
    """Roll usage up by day.

    Sums are of decimals, 12 places after the point: the order of the rows changes nothing.

    Parameters
    ----------
    usage : ibis Table
        Normalised, without copies.

    Returns
    -------
    ibis Table
        One row per `customer_id`, `day`, `known_day` and `event`, with `events` (int64), the sums
        `quantity` and `duration_seconds` (float64, missing where none was given) and `occurred_at`
        of the first one.
    """
    keys = ["customer_id", "day", "known_day", "event"]
    rolled = usage.group_by(keys).aggregate(
        occurred_at=usage.occurred_at.min(),
        quantity=_exact_sum(usage.quantity),
        duration_seconds=_exact_sum(usage.duration_seconds),
        events=usage.count(),
    )
    return rolled.select(*COLUMNS, EVENTS)


@cache
def daily_sql(table: str) -> str:
    """Return `daily` as DuckDB's SQL, over a table of that name."""
    usage = ibis.table(dict(zip(COLUMNS, _KINDS, strict=True)), name=table)
    return str(ibis.to_sql(daily(usage), dialect="duckdb"))


def _exact_sum(amount: ir.FloatingColumn) -> ir.Value:
    small = amount.abs() < LARGEST
    exact = ibis.cases((small, amount.cast("decimal(38, 12)"))).sum().cast("float64")
    huge = ibis.cases((~small, amount)).sum()
    return ibis.coalesce(exact + huge, exact, huge)
