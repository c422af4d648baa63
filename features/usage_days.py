"""How is usage made smaller before a build, whatever its cutoffs? One row per customer and day.

On an active day a customer has several events. What features are made of (their number, their
kinds, their amounts) adds up within a day, and a window begins and ends with one.
"""

from __future__ import annotations

from functools import partial

import ibis.expr.types as ir

from features.aggregates import how_many
from features.daily import EVENTS
from features.seen import Seen


def usage_days(table: ir.Table, seen: Seen) -> ir.Table:
    """Add the events of a day up.

    Parameters
    ----------
    table : ibis Table
        The normalised `usage`, or its roll-ups.
    seen : Seen
        From `usage_seen`.

    Returns
    -------
    ibis Table
        One row per `customer_id`, `day` and `known_day`: `events`, the sums of the amounts that the
        company records, and a column for each of its most frequent kinds, `kind_column`.
    """
    events = partial(how_many, weight=None if is_raw(table) else table[EVENTS])
    kinds = {
        kind_column(number): events(table.event.fill_null("") == kind)
        for number, kind in enumerate(seen["event"])
    }
    amounts = {name: table[name].sum() for name in seen["filled"]}
    every = table.count() if is_raw(table) else table[EVENTS].sum().cast("int64")
    days = table.group_by(["customer_id", "day", "known_day"])
    return days.aggregate(**{EVENTS: every}, **amounts, **kinds)


def is_raw(table: ir.Table) -> bool:
    """Tell rows of one event each from those that stand for several."""
    return EVENTS not in table.columns


def are_days(table: ir.Table) -> bool:
    """Tell the rows of `usage_days` from events and from roll-ups by kind."""
    return "event" not in table.columns


def kind_column(number: int) -> str:
    """Return the column that counts events of the kind with this place among the frequent ones."""
    return f"kind_{number}"
