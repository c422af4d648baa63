"""How much, how often and how widely did a customer use the product before the cutoff?"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from functools import partial, reduce

import ibis
import ibis.expr.types as ir

from features.aggregates import (
    active_periods,
    between,
    current_run,
    how_many,
    newest_mask,
    number_of_bits,
    ones_below,
    per_ring,
    period_masks,
    rate_over,
    total,
    windows_of,
    with_longest_runs,
)
from features.blocks import with_unevenness
from features.known import KEYS, known_at
from features.seen import Seen, column_names, filled_columns
from features.usage_days import are_days, is_raw, kind_column
from features.windows import WINDOWS

YEAR = 364
WEEK, BLOCK = 7, 28
BLOCKS = 13
"""How many weeks, and how many stretches of 28 days, are counted each for itself."""
RINGS = tuple(
    sorted(
        {
            *range(WEEK, BLOCKS * WEEK + 1, WEEK),
            *range(4 * BLOCK, BLOCKS * BLOCK + 1, BLOCK),
            *WINDOWS,
        }
    )
)
"""Ends of the rings that add up to the weeks, the blocks of 28 days and the windows."""
UNEVEN = {"weekly": WEEK, "monthly": BLOCK}
NO_KIND = -100
SUM_WINDOWS = (28, 91, 364)
"""Windows of quantities and durations: fewer than of counts, for speed."""
DAY_WINDOWS = (7, 28, 91)
"""Windows in which active days are counted; in longer ones a bit per week is enough."""
WEEK_WINDOWS = (91, 182, 364)
KIND_WINDOWS = (28, 91)
"""How far back events are counted by their kind."""
TOP_KINDS = 6
AMOUNTS = ("quantity", "duration_seconds")


def usage_seen(table: ir.Table) -> Seen:
    """Most frequent kinds of event, and which amounts the company records.

    Parameters
    ----------
    table : ibis Table
        The rows of `usage` known before the last training cutoff, or roll-ups of them.
    """
    return {"event": _top_kinds(table), "filled": filled_columns(table, AMOUNTS)}


def usage_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Usage features, one row per customer and cutoff with a known event.

    Parameters
    ----------
    table : ibis Table
        The normalised `usage`, its roll-ups or its `usage_days`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `usage_seen`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = _placed(known_at("usage", table, cutoffs), seen)
    sums = rows.group_by(KEYS).aggregate(**_one_pass(rows, seen))
    return _finished(_with_steps(sums), seen)


def _top_kinds(table: ir.Table) -> tuple[str, ...]:
    kinds = table.filter(table.event.notnull()).group_by(value=table.event)
    counts = kinds.aggregate(
        events=lambda rows: rows.count() if is_raw(rows) else rows.events.sum()
    )
    top = counts.order_by(ibis.desc("events"), "value").limit(TOP_KINDS)
    return tuple(top.to_pyarrow()["value"].to_pylist())


def _placed(rows: ir.Table, seen: Seen) -> ir.Table:
    """Number the ring that each row lies in, its kind of event, and both together."""
    # a case for each end in RINGS would cost more than all that is counted by it
    older = rows.age // BLOCK + (BLOCKS - 3) + (rows.age >= 182).cast("int32")
    ring = ibis.cases(
        (rows.age < BLOCKS * WEEK, rows.age // WEEK), (rows.age < YEAR, older), else_=len(RINGS)
    )
    rows = rows.mutate(ring=ring.cast("int32"))
    if not seen["event"] or are_days(rows):
        return rows
    kinds = seen["event"]
    kind = rows.event.cases(*((each, number) for number, each in enumerate(kinds)), else_=NO_KIND)
    short, long = KIND_WINDOWS
    rows = rows.mutate(kind=kind.cast("int32"))
    slot = ibis.cases((rows.age < short, rows.kind), (rows.age < long, rows.kind + TOP_KINDS))
    return rows.mutate(slot=slot.fill_null(NO_KIND))


def _one_pass(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    events = partial(how_many, weight=None if is_raw(rows) else rows.events)
    found = {
        "newest": rows.age.min(),
        "oldest": rows.age.max(),
        "oldest_of_days": ibis.cases((rows.age < max(DAY_WINDOWS), rows.age)).max(),
        "oldest_of_year": ibis.cases((rows.age < YEAR, rows.age)).max(),
    }
    for number, ring in enumerate([*RINGS, "before"]):
        found[f"events_ring_{ring}"] = events(rows.ring == number)
    found |= period_masks("active_days", 1, max(DAY_WINDOWS), rows)
    found |= period_masks("active_weeks", WEEK, YEAR, rows)
    for amount in seen["filled"]:
        found |= per_ring(amount, SUM_WINDOWS, partial(total, rows[amount]), rows)
    kind = _kind_of_days if are_days(rows) else partial(_kind_of_events, events=events)
    for number, name in enumerate(column_names(seen["event"])):
        found |= kind(rows, number, f"event_{name}")
    return found


def _kind_of_events(
    rows: ir.Table, number: int, name: str, *, events: Callable[[ir.BooleanValue], ir.Value]
) -> dict[str, ir.Value]:
    counts = {
        f"{name}_ring_{days}": events(rows.slot == first + number)
        for first, days in zip((0, TOP_KINDS), KIND_WINDOWS, strict=True)
    }
    return counts | {f"{name}_newest": ibis.cases((rows.kind == number, rows.age)).min()}


def _kind_of_days(rows: ir.Table, number: int, name: str) -> dict[str, ir.Value]:
    count = rows[kind_column(number)]
    counts = per_ring(name, KIND_WINDOWS, partial(how_many, weight=count), rows)
    return counts | {f"{name}_newest": ibis.cases((count > 0, rows.age)).min()}


def _with_steps(sums: ir.Table) -> ir.Table:
    """Add what takes several steps: runs of weeks with and without events, and unevenness."""
    lived_weeks = ibis.least(sums.oldest // WEEK + 1, YEAR // WEEK)
    weeks = newest_mask("active_weeks", sums)
    sums = with_longest_runs(
        sums.mutate(lived=sums.oldest + 1, lived_weeks=lived_weeks, weeks=weeks),
        longest_active=weeks,
        longest_silent=ones_below(lived_weeks) & ~weeks,
    )
    return with_unevenness(
        sums,
        {name: _blocks(days, sums) for name, days in UNEVEN.items()},
        {name: sums.lived // days for name, days in UNEVEN.items()},
    )


def _blocks(days: int, sums: ir.Table) -> list[ir.Value]:
    """Events of the last 13 blocks of so many days, the newest first."""
    starts = range(0, BLOCKS * days, days)
    return [between("events", start, start + days, RINGS, sums) for start in starts]


def _finished(sums: ir.Table, seen: Seen) -> ir.Table:
    features = _levels(sums) | _heights(sums) | _rhythm(sums)
    for name in UNEVEN:
        features |= {each: sums[each] for each in (f"{name}_variation", f"{name}_slope")}
    for amount in seen["filled"]:
        features |= _amounts(amount, sums)
    if seen["event"]:
        features |= _kinds(column_names(seen["event"]), sums)
    return sums.select(*KEYS, **{f"usage_{name}": value for name, value in features.items()})


def _windows(sums: ir.Table) -> dict[str, ir.Value]:
    return {f"events_{days}d": between("events", 0, days, RINGS, sums) for days in WINDOWS}


def _levels(sums: ir.Table) -> dict[str, ir.Value]:
    events = _windows(sums)
    days = {f"active_days_{w}d": active_periods("active_days", 1, w, sums) for w in DAY_WINDOWS}
    weeks = {f"active_weeks_{w}d": active_periods("active_weeks", 7, w, sums) for w in WEEK_WINDOWS}
    trends = {
        "events_trend_7d": rate_over(7, 28, events, "events", sums.lived),
        "events_trend_28d": rate_over(28, 91, events, "events", sums.lived),
        "events_trend_91d": rate_over(91, 364, events, "events", sums.lived),
        "active_days_trend_28d": rate_over(28, 91, days, "active_days", sums.lived),
    }
    return events | days | weeks | trends


def _heights(sums: ir.Table) -> dict[str, ir.Value]:
    """Compare the last 28 days with all that was, and with the best that was."""
    blocks = _blocks(BLOCK, sums)
    best = ibis.greatest(*blocks)
    ever = sums.events_ring_before + _windows(sums)["events_364d"]
    rate = blocks[0] / ibis.least(BLOCK, sums.lived)
    return {
        "events_rate_change": rate / (ever / sums.lived).nullif(0),
        "events_best_month": best,
        "events_share_of_best_month": 100.0 * blocks[0] / best.nullif(0),
    }


def _rhythm(sums: ir.Table) -> dict[str, ir.Value]:
    weeks = active_periods("active_weeks", WEEK, YEAR, sums)
    days = active_periods("active_days", 1, max(DAY_WINDOWS), sums)
    gap_days = (sums.oldest_of_days - sums.newest) / (days - 1).nullif(0)
    gap_weeks = (sums.oldest_of_year // WEEK - sums.newest // WEEK) / (weeks - 1).nullif(0)
    switches = (sums.weeks ^ (sums.weeks >> ibis.literal(1, "int32"))) & ones_below(
        sums.lived_weeks - 1
    )
    return {
        "days_since_last": sums.newest + 1,
        "days_since_first": sums.lived,
        "gap_days_mean": gap_days,
        "gap_weeks_mean": gap_weeks,
        "silence_over_gap": (sums.newest + 1) / gap_days,
        "active_weeks_share": 100.0 * weeks / sums.lived_weeks,
        "active_weeks_streak": current_run(sums.weeks),
        "active_weeks_longest": sums.longest_active,
        "silent_weeks_longest": sums.longest_silent,
        "week_switches": number_of_bits(switches),
    }


def _amounts(amount: str, sums: ir.Table) -> dict[str, ir.Value]:
    totals = windows_of(amount, SUM_WINDOWS, sums)
    return totals | {
        f"{amount}_trend_28d": rate_over(28, 91, totals, amount, sums.lived),
        f"{amount}_per_event_91d": totals[f"{amount}_91d"] / _windows(sums)["events_91d"].nullif(0),
    }


def _kinds(names: Sequence[str], sums: ir.Table) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    lately, before = [], []
    for name in names:
        found |= windows_of(f"event_{name}", KIND_WINDOWS, sums)
        found[f"event_{name}_days_since_last"] = sums[f"event_{name}_newest"] + 1
        lately.append(found[f"event_{name}_28d"] > 0)
        before.append(found[f"event_{name}_91d"] > found[f"event_{name}_28d"])
    ever = [now | then for now, then in zip(lately, before, strict=True)]
    stopped = [~now & then for now, then in zip(lately, before, strict=True)]
    begun = [now & ~then for now, then in zip(lately, before, strict=True)]
    return found | {
        "distinct_events_28d": _how_many(lately),
        "distinct_events_91d": _how_many(ever),
        "stopped_events": _how_many(stopped),
        "begun_events": _how_many(begun),
    }


def _how_many(conditions: Sequence[ir.BooleanValue]) -> ir.Value:
    return reduce(operator.add, [each.cast("int32") for each in conditions])
