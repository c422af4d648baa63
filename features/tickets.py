"""What trouble did a customer have before the cutoff, and how was it handled?"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from features.aggregates import (
    active_periods,
    mean_of,
    number_of_bits,
    per_ring,
    period_masks,
    rate_over,
    union_of_bits,
    windows_of,
)
from features.known import CUTOFF_DAY, KEYS, in_window, known_at
from features.kpis import (
    FIRST_CONTACT_RESOLUTION,
    FIRST_RESPONSE_HOURS_MEAN,
    RESOLUTION_HOURS_MEAN,
    Kpi,
    percent,
    resolution_hours,
)
from features.seen import Seen, column_names, filled_columns, top_values
from features.windows import WINDOWS

HANDLED_WINDOWS = (91, 364)
"""Windows of means and shares: a customer has too few tickets for shorter ones."""
RECENT, LONGEST = HANDLED_WINDOWS
KIND_WINDOW = 182
REPEAT_WINDOWS = (28, KIND_WINDOW)
TOP_KINDS = {"category": 6, "channel": 4, "priority": 4}
MOST_CATEGORIES = 20
"""Categories that are told apart where subjects are compared; the top ones get a column each."""
SLOW = 2.0
"""A ticket that takes so many times the usual time ended badly."""
URGENT = ("urgent", "critical", "blocker", "emergency", "highest", "p1", "sev1", "high", "1")
"""What companies call their most urgent priority, the plainest first."""
_OPTIONAL = (
    "first_response_day",
    "resolved_day",
    "contacts",
    "reopened",
    "handle_minutes",
    "escalated",
)


def tickets_seen(table: ir.Table) -> Seen:
    """Most frequent kinds of ticket, and which outcomes the company records.

    Parameters
    ----------
    table : ibis Table
        The rows of `tickets` known before the last training cutoff.
    """
    priorities = top_values(table, "priority", TOP_KINDS["priority"])
    return {
        "category": top_values(table, "category", MOST_CATEGORIES),
        "channel": top_values(table, "channel", TOP_KINDS["channel"]),
        "priority": priorities,
        "urgent": _most_urgent(priorities),
        "filled": filled_columns(table, _OPTIONAL),
    }


def tickets_usual(table: ir.Table, seen: Seen) -> Seen:
    """Hours from which a ticket is slow; none where no ticket was resolved yet.

    Parameters
    ----------
    table : ibis Table
        The rows of `tickets` known before the first training cutoff.
    seen : Seen
        From `tickets_seen`.
    """
    return {"slow_hours": _slow_hours(table)}


def tickets_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Ticket features, one row per customer and cutoff with a known ticket.

    Parameters
    ----------
    table : ibis Table
        The normalised `tickets`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `tickets_seen` and `tickets_usual`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = known_at("tickets", table, cutoffs)
    rows = rows.mutate(subject=_subject(rows, seen), **_badly(rows, seen))
    spells = _spells(rows)
    found = _kinds(rows, seen) | _waiting(rows, seen) | _outcomes(rows, seen)
    sums = rows.group_by(KEYS).aggregate(**spells, **found)
    features = _opened(sums) | {name: sums[name] for name in found} | _changes(sums, found)
    return sums.select(*KEYS, **{f"tickets_{name}": value for name, value in features.items()})


def _most_urgent(priorities: Sequence[str]) -> tuple[str, ...]:
    """Choose by name; failing that the rarest, as companies keep the top for a few."""
    plain = {value.strip().casefold(): value for value in reversed(priorities)}
    named = [plain[word] for word in URGENT if word in plain]
    return tuple(named[:1]) or tuple(priorities[-1:])


def _slow_hours(table: ir.Table) -> tuple[str, ...]:
    mean = table.aggregate(hours=RESOLUTION_HOURS_MEAN.of(table)).to_pyarrow()["hours"][0].as_py()
    return () if mean is None else (repr(round(SLOW * mean, 6)),)


def _subject(rows: ir.Table, seen: Seen) -> ir.Value:
    """One bit per frequent category; null for the others."""
    if not seen["category"]:
        return ibis.null("int64")
    bits = ((value, 2**position) for position, value in enumerate(seen["category"]))
    return rows.category.cases(*bits).cast("int64")


def _badly(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    """Tell which tickets ended badly: escalated, reopened, or far slower than is usual."""
    flags = [rows[name] for name in ("escalated", "reopened") if name in seen["filled"]]
    flags += [resolution_hours(rows) > float(hours) for hours in seen["slow_hours"]]
    if not flags:
        return {}
    return {"badly": reduce(operator.or_, (flag.fill_null(False) for flag in flags))}


def _spells(rows: ir.Table) -> dict[str, ir.Value]:
    return (
        {"newest": rows.age.min(), "oldest": rows.age.max()}
        | per_ring("opened", WINDOWS, lambda ring: rows.count(where=ring), rows)
        | period_masks("active_weeks", 7, LONGEST, rows)
    )


def _opened(sums: ir.Table) -> dict[str, ir.Value]:
    opened = windows_of("opened", WINDOWS, sums)
    weeks = active_periods("active_weeks", 7, LONGEST, sums)
    lived = sums.oldest + 1
    weeks_lived = ibis.least((lived + 6) // 7, LONGEST // 7)
    # cast first: of a column that is also selected as it is, PostgreSQL would divide integers
    floats = {name: value.cast("float64") for name, value in opened.items()}
    return opened | {
        "opened_trend_28d": rate_over(28, 91, floats, "opened", lived),
        "opened_trend_91d": rate_over(91, 364, floats, "opened", lived),
        f"active_weeks_{LONGEST}d": weeks,
        f"active_weeks_share_{LONGEST}d": 100.0 * weeks.cast("float64") / weeks_lived,
        "days_since_last": sums.newest + 1,
        "days_since_first": lived,
    }


def _kinds(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    recent = in_window(rows, KIND_WINDOW)
    names = column_names(seen["category"])[: TOP_KINDS["category"]]
    found: dict[str, ir.Value] = {
        f"category_{name}_{KIND_WINDOW}d": rows.count(where=(rows.subject == 2**place) & recent)
        for place, name in enumerate(names)
    }
    for kind in ("channel", "priority"):
        for value, name in zip(seen[kind], column_names(seen[kind]), strict=True):
            matches = (rows[kind] == value) & recent
            found[f"{kind}_{name}_{KIND_WINDOW}d"] = rows.count(where=matches)
    return found | (_repeats(rows) if seen["category"] else {})


def _repeats(rows: ir.Table) -> dict[str, ir.Value]:
    """Count the tickets beyond the first about their subject: those less the subjects."""
    found: dict[str, ir.Value] = {}
    for days in REPEAT_WINDOWS:
        recent = in_window(rows, days)
        subjects = number_of_bits(union_of_bits(rows.subject, where=recent).fill_null(0))
        found[f"repeated_{days}d"] = rows.count(where=recent & rows.subject.notnull()) - subjects
    subjects = union_of_bits(rows.subject, where=in_window(rows, LONGEST))
    return found | {f"categories_{LONGEST}d": number_of_bits(subjects.fill_null(0))}


def _waiting(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    """Tickets that wait at the cutoff: known_at hides what was answered or resolved after it."""
    found: dict[str, ir.Value] = {}
    still_open = rows.resolved_day.isnull()
    if "first_response_day" in seen["filled"]:
        unanswered = rows.first_response_day.isnull() & still_open
        found["unanswered"] = rows.count(where=unanswered)
        found["unanswered_days_longest"] = rows.age.max(where=unanswered) + 1
    if "resolved_day" in seen["filled"]:
        found["open"] = rows.count(where=still_open)
        found["open_days_longest"] = rows.age.max(where=still_open) + 1
        found["open_days_mean"] = rows.age.mean(where=still_open) + 1
        for value in seen["urgent"]:
            found["open_urgent"] = rows.count(where=still_open & (rows.priority == value))
    return found


def _outcomes(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    filled = seen["filled"]
    found: dict[str, ir.Value] = {}
    if "first_response_day" in filled:
        found |= _means("first_response_hours", FIRST_RESPONSE_HOURS_MEAN, rows)
    if "resolved_day" in filled:
        found |= _means("resolution_hours", RESOLUTION_HOURS_MEAN, rows)
        found |= _resolved(rows, filled)
    if "badly" in rows.columns:
        badly = rows.badly & rows.resolved_day.notnull()
        for days in HANDLED_WINDOWS:
            found[f"bad_{days}d"] = rows.count(where=badly & in_window(rows, days))
        resolved_age = rows[CUTOFF_DAY] - rows.resolved_day
        found["days_since_bad"] = resolved_age.min(where=badly)
    return found


def _means(name: str, kpi: Kpi, rows: ir.Table) -> dict[str, ir.Value]:
    return {
        f"{name}_{days}d": kpi.of(rows, where=in_window(rows, days)) for days in HANDLED_WINDOWS
    }


def _resolved(rows: ir.Table, filled: Sequence[str]) -> dict[str, ir.Value]:
    recent = in_window(rows, LONGEST)
    found: dict[str, ir.Value] = {
        f"resolution_hours_longest_{LONGEST}d": resolution_hours(rows).max(where=recent)
    }
    if "contacts" in filled or "reopened" in filled:
        share = FIRST_CONTACT_RESOLUTION.of(rows, where=recent)
        found[f"first_contact_resolution_{LONGEST}d"] = share
    if "contacts" in filled:
        found[f"contacts_mean_{LONGEST}d"] = mean_of(rows.contacts, recent)
        found[f"contacts_most_{LONGEST}d"] = rows.contacts.max(where=recent)
    if "handle_minutes" in filled:
        minutes = rows.handle_minutes
        found[f"handle_minutes_{LONGEST}d"] = _sum(minutes, recent)
        found[f"handle_minutes_mean_{LONGEST}d"] = mean_of(minutes, recent)
    for flag in ("reopened", "escalated"):
        found |= _flagged(flag, rows) if flag in filled else {}
    return found


def _flagged(flag: str, rows: ir.Table) -> dict[str, ir.Value]:
    counts = {
        f"{flag}_{days}d": rows.count(where=rows[flag] & in_window(rows, days))
        for days in HANDLED_WINDOWS
    }
    share = percent(rows[flag]).mean(where=in_window(rows, LONGEST))
    return counts | {f"{flag}_share_{LONGEST}d": share}


def _sum(amounts: ir.FloatingColumn, where: ir.BooleanValue) -> ir.Value:
    return amounts.sum(where=where).fill_null(0).round(6)


def _changes(sums: ir.Table, found: Mapping[str, ir.Value]) -> dict[str, ir.Value]:
    """Handling times of late against those of the year."""
    return {
        f"{name}_change_{RECENT}d": sums[f"{name}_{RECENT}d"] - sums[f"{name}_{LONGEST}d"]
        for name in ("first_response_hours", "resolution_hours")
        if f"{name}_{RECENT}d" in found
    }
