"""What trouble did a customer have before the cutoff, and how was it handled?"""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from features.known import KEYS, in_window, known_at
from features.kpis import (
    FIRST_CONTACT_RESOLUTION,
    FIRST_RESPONSE_HOURS_MEAN,
    RESOLUTION_HOURS_MEAN,
    percent,
)
from features.seen import Seen, column_names, filled_columns, top_values
from features.windows import WINDOWS

HANDLED_WINDOWS = (91, 364)
"""Windows of means and shares: a customer has too few tickets for shorter ones."""
LONGEST = max(WINDOWS)
KIND_WINDOW = 182
TOP_CATEGORIES = 6
TOP_PRIORITIES = 4
_KINDS = ("category", "priority")
_OPTIONAL = ("first_response_day", "resolved_day", "contacts", "reopened", "handle_minutes")


def tickets_seen(table: ir.Table) -> Seen:
    """Most frequent categories and priorities, and which outcomes the company records.

    Parameters
    ----------
    table : ibis Table
        The rows of `tickets` known before the last training cutoff.
    """
    return {
        "category": top_values(table, "category", TOP_CATEGORIES),
        "priority": top_values(table, "priority", TOP_PRIORITIES),
        "filled": filled_columns(table, _OPTIONAL),
    }


def tickets_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Ticket features, one row per customer and cutoff with a known ticket.

    Parameters
    ----------
    table : ibis Table
        The normalised `tickets`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `tickets_seen`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = known_at("tickets", table, cutoffs)
    features = _opened(rows) | _kinds(rows, seen) | _handled(rows, seen["filled"])
    return rows.group_by(KEYS).aggregate(
        **{f"tickets_{name}": value for name, value in features.items()}
    )


def _opened(rows: ir.Table) -> dict[str, ir.Value]:
    counts = {f"opened_{days}d": rows.count(where=in_window(rows, days)) for days in WINDOWS}
    return counts | {"days_since_last": rows.age.min() + 1}


def _kinds(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    return {
        f"{kind}_{name}_{KIND_WINDOW}d": rows.count(
            where=(rows[kind] == value) & in_window(rows, KIND_WINDOW)
        )
        for kind in _KINDS
        for value, name in zip(seen[kind], column_names(seen[kind]), strict=True)
    }


def _handled(rows: ir.Table, filled: Sequence[str]) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    if "first_response_day" in filled:
        for days in HANDLED_WINDOWS:
            mean = FIRST_RESPONSE_HOURS_MEAN.of(rows, where=in_window(rows, days))
            found[f"first_response_hours_{days}d"] = mean
    if "resolved_day" in filled:
        found |= _resolved(rows, filled)
    return found


def _resolved(rows: ir.Table, filled: Sequence[str]) -> dict[str, ir.Value]:
    recent = in_window(rows, LONGEST)
    # a ticket is open at the cutoff unless it was resolved before it: known_at hides the rest
    open_now = rows.resolved_day.isnull()
    found: dict[str, ir.Value] = {
        "open": rows.count(where=open_now),
        "open_days_longest": rows.age.max(where=open_now) + 1,
    }
    for days in HANDLED_WINDOWS:
        mean = RESOLUTION_HOURS_MEAN.of(rows, where=in_window(rows, days))
        found[f"resolution_hours_{days}d"] = mean
    if "contacts" in filled or "reopened" in filled:
        share = FIRST_CONTACT_RESOLUTION.of(rows, where=recent)
        found[f"first_contact_resolution_{LONGEST}d"] = share
    if "contacts" in filled:
        found[f"contacts_mean_{LONGEST}d"] = rows.contacts.mean(where=recent)
    if "reopened" in filled:
        found[f"reopened_share_{LONGEST}d"] = percent(rows.reopened).mean(where=recent)
    if "handle_minutes" in filled:
        found[f"handle_minutes_mean_{LONGEST}d"] = rows.handle_minutes.mean(where=recent)
    return found
