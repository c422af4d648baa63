"""How much, how often and how widely did a customer use the product before the cutoff?"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

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
"""Windows of quantities, durations and kinds of event: fewer than of counts, for speed."""
DAY_WINDOWS = (7, 28, 91)
"""Windows in which active days are counted; in longer ones a bit per week is enough."""
WEEK_WINDOWS = (182, 364)
KIND_WINDOW = 91
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
    kinds = seen["event"]
    rows = rows.mutate(kind_bit=_kind_bit(rows.event, kinds)) if kinds else rows
    return _finished(rows.group_by(KEYS).aggregate(**_one_pass(rows, seen)), seen)


def _one_pass(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    found = {"newest": rows.age.min(), "oldest": rows.age.max()}
    found |= per_ring("events", WINDOWS, lambda ring: rows.count(where=ring), rows)
    for amount in seen["filled"]:
        found |= per_ring(amount, SUM_WINDOWS, partial(_sum, rows[amount]), rows)
    found |= period_masks("active_days", 1, max(DAY_WINDOWS), rows)
    found |= period_masks("active_weeks", 7, max(WEEK_WINDOWS), rows)
    if seen["event"]:
        found |= per_ring(
            "distinct_events",
            SUM_WINDOWS,
            lambda ring: union_of_bits(rows.kind_bit, where=ring),
            rows,
        )
    for position, name in enumerate(_kind_columns(seen)):
        this_kind = rows.kind_bit == 2**position
        found[name] = rows.count(where=this_kind & (rows.age < KIND_WINDOW))
    return found


def _finished(sums: ir.Table, seen: Seen) -> ir.Table:
    events = windows_of("events", WINDOWS, sums)
    days = {f"active_days_{w}d": active_periods("active_days", 1, w, sums) for w in DAY_WINDOWS}
    weeks = {f"active_weeks_{w}d": active_periods("active_weeks", 7, w, sums) for w in WEEK_WINDOWS}
    features = events | days | weeks
    for amount in seen["filled"]:
        features |= windows_of(amount, SUM_WINDOWS, sums)
    if seen["event"]:
        kinds = windows_of("distinct_events", SUM_WINDOWS, sums, lambda inner, ring: inner | ring)
        features |= {name: number_of_bits(bits) for name, bits in kinds.items()}
    features |= {name: sums[name] for name in _kind_columns(seen)}
    features |= {
        "events_trend_28d": rate_over(28, 91, events, "events"),
        "events_trend_91d": rate_over(91, 364, events, "events"),
        "active_days_trend_28d": rate_over(28, 91, days, "active_days"),
        "days_since_last": sums.newest + 1,
        "days_since_first": sums.oldest + 1,
    }
    return sums.select(*KEYS, **{f"usage_{name}": value for name, value in features.items()})


def _sum(amounts: ir.FloatingColumn, ring: ir.BooleanValue) -> ir.Value:
    return amounts.sum(where=ring)


def _kind_bit(event: ir.StringValue, kinds: Sequence[str]) -> ir.Value:
    bits = ((kind, 2**position) for position, kind in enumerate(kinds))
    return event.cases(*bits).cast("int64")


def _kind_columns(seen: Seen) -> list[str]:
    names = column_names(seen["event"])
    return [f"event_{name}_{KIND_WINDOW}d" for name in names]
