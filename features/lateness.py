"""How long after it happened did a row become known, and how long until its fields were?

The engine adds up by day; what comes back are a few thousand counts, from which the rest is told.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Literal

import ibis.expr.types as ir

from features.daily import EVENTS
from features.endings import Early, Stray, Thin, beat, early, stray, thin

Counts = dict[int, int]
"""Day number or delay in days -> rows."""

OLD_DAYS = 28
"""A row that became known so long after it happened was loaded, not reported."""
LOADS = 3
"""Days of loading at most, that can hold most of a back-filled history."""
MOST = 0.5

_HAPPENED = {"customers": "signed_up_day"}
_FIELDS: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "tickets": {
        "first response": ("day", "first_response_day"),
        "resolution": ("day", "resolved_day"),
    },
    "surveys": {"answer": ("sent_day", "day")},
    "orders": {"refund": ("day", "refunded_day")},
    "payments": {"payment": ("day", "paid_day"), "failure": ("day", "failed_day")},
}
"""History -> what a row gets later -> days from which and to which it takes."""
_FLOWS = ("usage", "orders", "tickets", "surveys", "mentions")
"""Histories in which about as much happens every week."""
_SUMMED = ("usage", "orders")
"""Histories that some companies keep as totals per month or week."""


@dataclass(frozen=True)
class Delay:
    """How many days something took.

    Attributes
    ----------
    rows : int
    late : float
        Share of them that took a day or more.
    median, p95, longest : int, in days
        Half of the rows, 95 % and all of them took no longer.
    """

    rows: int
    late: float
    median: int
    p95: int
    longest: int

    @classmethod
    def of(cls, counts: Counts) -> Delay:
        """Summarise rows by their delay.

        Examples
        --------
        >>> Delay.of({0: 60, 1: 36, 9: 4})
        Delay(rows=100, late=0.4, median=0, p95=1, longest=9)
        """
        delays = sorted(counts)
        within = list(accumulate(counts[delay] for delay in delays))
        rows = within[-1]
        half, most = (delays[bisect_left(within, share * rows)] for share in (0.5, 0.95))
        late = sum(count for delay, count in counts.items() if delay > 0) / rows
        return cls(rows, late, half, most, delays[-1])


@dataclass(frozen=True)
class Load:
    """Most of the older rows became known on a few days, long after they happened.

    Attributes
    ----------
    days : tuple of int
        Day numbers of the loading, oldest first.
    rows, older : int
        Rows that became known then, of all older than `OLD_DAYS`.
    """

    days: tuple[int, ...]
    rows: int
    older: int


@dataclass(frozen=True)
class Lateness:
    """What the two clocks of a history say of it.

    Attributes
    ----------
    history : str
    known : Delay or None
        From happening to being known; None where every row was known at once, or no `known_at` is
        given.
    fields : mapping of str to Delay
        What a row gets later, such as a ticket its resolution -> days until then.
    load : Load or None
    stray : Stray or None
    early : Early or None
        Of customers, by their sign-ups.
    thin : Thin or None
    beat : {"month", "week"} or None
        Nearly all rows lie on the first of a month, or on one weekday: totals, dated so.
    """

    history: str
    known: Delay | None = None
    fields: Mapping[str, Delay] = field(default_factory=dict)
    load: Load | None = None
    stray: Stray | None = None
    early: Early | None = None
    thin: Thin | None = None
    beat: Literal["month", "week"] | None = None


def lateness(tables: Mapping[str, ir.Table], last_day: int) -> list[Lateness]:
    """Measure every history.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        History -> its normalised rows.
    last_day : int
        Newest day on which something can have happened: what lies ahead of it is left aside.
    """
    return [_measured(name, table, last_day) for name, table in tables.items()]


def _measured(name: str, table: ir.Table, last_day: int) -> Lateness:
    happened = _HAPPENED.get(name, "day")
    delays = _counts(table, table.known_day - table[happened], table[happened] <= last_day)
    late = any(delay > 0 for delay in delays)
    fields = {
        what: _counts(table, table[to] - table[since], table[to] <= last_day)
        for what, (since, to) in _FIELDS.get(name, {}).items()
    }
    happenings = _counts(table, table[happened], table[happened] <= last_day)
    daily = {} if name == "customers" else happenings
    return Lateness(
        history=name,
        known=Delay.of(delays) if late else None,
        fields={what: Delay.of(counts) for what, counts in fields.items() if counts},
        load=_load(table, happened, daily) if late and daily else None,
        stray=stray(_with_ends(name, table, daily, last_day)),
        early=early(happenings),
        thin=thin(daily) if name in _FLOWS else None,
        beat=beat(daily) if name in _SUMMED and not late else None,
    )


def _counts(table: ir.Table, key: ir.Value, where: ir.BooleanValue) -> Counts:
    """Count rows by a whole number, leaving out those where it is missing."""
    rows = table.mutate(counted=key.cast("int64")).filter(where & key.notnull())
    many = rows[EVENTS].sum() if EVENTS in rows.columns else rows.count()
    found = rows.group_by("counted").aggregate(many=many.cast("int64")).to_pyarrow()
    return dict(zip(found["counted"].to_pylist(), found["many"].to_pylist(), strict=True))


def _load(table: ir.Table, happened: str, daily: Counts) -> Load | None:
    old = max(daily) - OLD_DAYS
    older = sum(count for day, count in daily.items() if day < old)
    day, known = table[happened], table.known_day
    loaded = _counts(table, known, (day < old) & (known - day > OLD_DAYS))
    top = sorted(loaded, key=lambda day: (-loaded[day], day))[:LOADS]
    for many in range(1, len(top) + 1):
        rows = sum(loaded[day] for day in top[:many])
        if rows > MOST * older:
            return Load(tuple(sorted(top[:many])), rows, older)
    return None


def _with_ends(name: str, table: ir.Table, daily: Counts, last_day: int) -> Counts:
    """Add the days on which subscriptions ended: they move the newest cutoff too."""
    if name != "subscriptions":
        return daily
    ends = _counts(table, table.ended_day, table.ended_day <= last_day)
    return {day: daily.get(day, 0) + ends.get(day, 0) for day in {*daily, *ends}}
