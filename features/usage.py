"""How much, how often and how widely did a customer use the product before the cutoff?"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import partial, reduce

import ibis
import ibis.expr.types as ir

from features.aggregates import (
    active_periods,
    number_of_bits,
    per_ring,
    period_masks,
    rate_over,
    union_of_bits,
    windows_of,
)
from features.known import KEYS, known_at
from features.seen import Seen, column_names, filled_columns, top_values
from features.windows import WINDOWS

SUM_WINDOWS = (28, 91, 364)
"""Windows of quantities and durations: fewer than of counts, for speed."""
DAY_WINDOWS = (7, 28, 91)
"""Windows in which active days are counted; in longer ones a bit per week is enough."""
WEEK_WINDOWS = (182, 364)
KIND_WINDOW = 91
"""How far back kinds of event are told apart: names are compared for these rows only."""
TOP_KINDS = 6
AMOUNTS = ("quantity", "duration_seconds")


def usage_seen(table: ir.Table) -> Seen:
    """Most frequent kinds of event, and which amounts the company records.

    Parameters
    ----------
    table : ibis Table
        The rows of `usage` known before the last training cutoff.
    """
    return {
        "event": top_values(table, "event", TOP_KINDS),
        "filled": filled_columns(table, AMOUNTS),
    }


def usage_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Usage features, one row per customer and cutoff with a known event.

    Parameters
    ----------
    table : ibis Table
        The normalised `usage`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `usage_seen`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = known_at("usage", table, cutoffs)
    if seen["event"]:
        rows = rows.mutate(kind=_kind(rows, seen["event"]))
    return _finished(rows.group_by(KEYS).aggregate(**_one_pass(rows, seen)), seen)


def _one_pass(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    found = {"newest": rows.age.min(), "oldest": rows.age.max()}
    found |= per_ring("events", WINDOWS, lambda ring: rows.count(where=ring), rows)
    for amount in seen["filled"]:
        found |= per_ring(amount, SUM_WINDOWS, partial(_sum, rows[amount]), rows)
    found |= period_masks("active_days", 1, max(DAY_WINDOWS), rows)
    found |= period_masks("active_weeks", 7, max(WEEK_WINDOWS), rows)
    if seen["event"]:
        found["kinds_28d"] = union_of_bits(rows.kind, where=rows.age < 28)
    for position, name in enumerate(_kind_columns(seen)):
        found[name] = rows.count(where=rows.kind == 2**position)
    return found


def _finished(sums: ir.Table, seen: Seen) -> ir.Table:
    events = windows_of("events", WINDOWS, sums)
    days = {f"active_days_{w}d": active_periods("active_days", 1, w, sums) for w in DAY_WINDOWS}
    weeks = {f"active_weeks_{w}d": active_periods("active_weeks", 7, w, sums) for w in WEEK_WINDOWS}
    features = events | days | weeks
    lived = sums.oldest + 1
    for amount in seen["filled"]:
        features |= windows_of(amount, SUM_WINDOWS, sums)
    features |= _kinds(sums, _kind_columns(seen)) if seen["event"] else {}
    features |= {
        "events_trend_28d": rate_over(28, 91, events, "events", lived),
        "events_trend_91d": rate_over(91, 364, events, "events", lived),
        "active_days_trend_28d": rate_over(28, 91, days, "active_days", lived),
        "days_since_last": sums.newest + 1,
        "days_since_first": lived,
    }
    return sums.select(*KEYS, **{f"usage_{name}": value for name, value in features.items()})


def _sum(amounts: ir.FloatingColumn, ring: ir.BooleanValue) -> ir.Value:
    return amounts.sum(where=ring)


def _kinds(sums: ir.Table, columns: Sequence[str]) -> dict[str, ir.Value]:
    counts = {name: sums[name] for name in columns}
    used = [(count > 0).cast("int64") for count in counts.values()]
    return counts | {
        "distinct_events_28d": number_of_bits(sums.kinds_28d.fill_null(0)),
        f"distinct_events_{KIND_WINDOW}d": reduce(operator.add, used),
    }


def _kind(rows: ir.Table, kinds: Sequence[str]) -> ir.Value:
    """One bit per kind of event, null for other kinds and for rows too old to be told apart."""
    bits = rows.event.cases(*((kind, 2**position) for position, kind in enumerate(kinds)))
    return ibis.cases((rows.age < KIND_WINDOW, bits.cast("int64")))


def _kind_columns(seen: Seen) -> list[str]:
    names = column_names(seen["event"])
    return [f"event_{name}_{KIND_WINDOW}d" for name in names]
