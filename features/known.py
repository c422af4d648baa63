"""What was known at a cutoff? The one gate between the histories and every feature.

A row passes only if both its clocks lie before the cutoff; a field that is filled in later (the
end of a subscription, the outcome of a ticket) passes only once the day it was filled in does.
Builders see nothing that has not come through here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

CUTOFF_DAY = "cutoff_day"
KEYS = ("customer_id", CUTOFF_DAY)

FINAL_LATER: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "tickets": {
        "first_response_day": ("first_response_at",),
        "resolved_day": ("resolved_at", "contacts", "reopened", "handle_minutes", "escalated"),
    },
    "surveys": {"known_day": ("day", "answered_at", "score", "scale", "touchpoint", "comment")},
    "payments": {"paid_day": ("paid_at",), "failed_day": ("failed_at",)},
    "orders": {"refunded_day": ("refunded_at",)},
    "subscriptions": {"ended_day": ("ended_at", "cancel_reason")},
}
"""History -> day column -> what is only final on that day, and hidden with it until it passed."""


def known_at(history: str, table: ir.Table, cutoffs: Sequence[int]) -> ir.Table:
    """Rows of a history as they were known at each cutoff.

    Parameters
    ----------
    history : str
        Name of the history; decides which fields are final only later.
    table : ibis Table
        The normalised history.
    cutoffs : sequence of int
        Day numbers; a row comes out once per cutoff that sees it.

    Returns
    -------
    ibis Table
        The columns of `table`, `cutoff_day`, and `age` in days where the row has a `day`: 0 is
        the day before the cutoff.
    """
    rows = at_each(table, cutoffs)
    rows = rows.filter(_seen_by(history, rows))
    for day, fields in FINAL_LATER.get(history, {}).items():
        rows = _hide_until(rows, day, fields)
    return rows.mutate(age=rows[CUTOFF_DAY] - 1 - rows.day) if "day" in rows.columns else rows


def never_final(history: str, table: ir.Table) -> dict[str, list[str]]:
    """Filled fields that stay hidden forever, because no row has the time that makes them final.

    Returns
    -------
    dict of str to list of str
        The time column ("resolved_at") -> the fields that wait for it.
    """
    found = {}
    for day, fields in FINAL_LATER.get(history, {}).items():
        clock = day.removesuffix("_day") + "_at"
        waiting = [name for name in fields if name not in (clock, "day") and name in table.columns]
        if not waiting or clock not in fields:
            continue
        counted = table.aggregate(**{name: table[name].count() for name in (clock, *waiting)})
        counts = counted.to_pyarrow().to_pylist()[0]
        filled = [name for name in waiting if counts[name]]
        if filled and not counts[clock]:
            found[clock] = filled
    return found


def in_window(rows: ir.Table, days: int) -> ir.BooleanValue:
    """Tell which known rows happened in the last `days` days before their cutoff."""
    return rows.age < days


def as_day(day: int) -> ir.IntegerScalar:
    """Day number as a literal of the type that day columns have."""
    return ibis.literal(day, "int32")


def at_each(table: ir.Table, cutoffs: Sequence[int]) -> ir.Table:
    """Every row once per cutoff, with its `cutoff_day`."""
    if len(cutoffs) == 1:  # a literal filter: no copy of the rows, and files can be pruned by it
        return table.mutate(cutoff_day=as_day(cutoffs[0]))
    return table.mutate(cutoff_day=ibis.array([as_day(day) for day in cutoffs]).unnest())


def _seen_by(history: str, rows: ir.Table) -> ir.BooleanValue:
    known = rows.known_day < rows[CUTOFF_DAY]
    if history == "surveys":  # an unanswered one has no day: it exists from when it was sent
        return known | (rows.sent_day < rows[CUTOFF_DAY])
    if history == "customers":  # without a time, what it says is static and was always known
        return known | rows.known_day.isnull()
    return known


def _hide_until(rows: ir.Table, day: str, fields: Sequence[str]) -> ir.Table:
    passed = rows[day] < rows[CUTOFF_DAY]
    hidden = [name for name in (*fields, day) if name in rows.columns]
    return rows.mutate(**{name: ibis.cases((passed, rows[name])) for name in hidden})
