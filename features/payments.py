"""Does a customer pay what is due, in time, and did payments fail before the cutoff?"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.aggregates import rate_over
from features.known import CUTOFF_DAY, KEYS, in_window, known_at
from features.kpis import percent
from features.seen import Seen, filled_columns

WINDOWS = (91, 364)
RECENT, LONGEST = WINDOWS
FAILED_WINDOWS = (28, *WINDOWS)
_OPTIONAL = ("paid_day", "failed_day", "amount")


def payments_seen(table: ir.Table) -> Seen:
    """Which facts of a payment the company records.

    Parameters
    ----------
    table : ibis Table
        The rows of `payments` known before the last training cutoff.
    """
    return {"filled": filled_columns(table, _OPTIONAL)}


def payments_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Payment features, one row per customer and cutoff with a payment that fell due.

    A payment that falls due on the cutoff or later is not seen, even if it is paid already.

    Parameters
    ----------
    table : ibis Table
        The normalised `payments`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `payments_seen`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = known_at("payments", table, cutoffs)
    found = _due(rows, seen["filled"])
    if "paid_day" in seen["filled"]:
        found |= _paid(rows) | _unpaid(rows, seen["filled"])
    if "failed_day" in seen["filled"]:
        found |= _failed(rows)
    sums = rows.group_by(KEYS).aggregate(oldest=rows.age.max(), **found)
    features = {name: sums[name] for name in found} | _changes(sums, found)
    return sums.select(*KEYS, **{f"payments_{name}": value for name, value in features.items()})


def _due(rows: ir.Table, filled: Sequence[str]) -> dict[str, ir.Value]:
    found = {f"due_{days}d": rows.count(where=in_window(rows, days)) for days in WINDOWS}
    if "amount" in filled:
        for days in WINDOWS:
            found[f"due_amount_{days}d"] = _total(rows, in_window(rows, days))
    return found | {"days_since_last_due": rows.age.min() + 1}


def _paid(rows: ir.Table) -> dict[str, ir.Value]:
    """How late what was paid before the cutoff was; paid on the day that it fell due is in time."""
    late = rows.paid_day > rows.day
    days_late = ibis.cases((late, rows.paid_day - rows.day), (rows.paid_day.notnull(), 0))
    found: dict[str, ir.Value] = {}
    for days in WINDOWS:
        recent = in_window(rows, days)
        found[f"late_{days}d"] = rows.count(where=late & recent)
        found[f"late_share_{days}d"] = percent(late).mean(where=recent)
        found[f"days_late_mean_{days}d"] = days_late.mean(where=recent)
    return found | {
        f"days_late_longest_{LONGEST}d": days_late.max(where=in_window(rows, LONGEST)),
        "days_since_late": (rows[CUTOFF_DAY] - rows.paid_day).min(where=late),
        "days_since_paid": (rows[CUTOFF_DAY] - rows.paid_day).min(),
    }


def _unpaid(rows: ir.Table, filled: Sequence[str]) -> dict[str, ir.Value]:
    """What is due and not paid at the cutoff: known_at hides what is paid on it or later."""
    unpaid = rows.paid_day.isnull()
    found = {
        "unpaid": rows.count(where=unpaid),
        f"unpaid_{LONGEST}d": rows.count(where=unpaid & in_window(rows, LONGEST)),
        "unpaid_days_longest": rows.age.max(where=unpaid) + 1,
    }
    return found | ({"unpaid_amount": _total(rows, unpaid)} if "amount" in filled else {})


def _failed(rows: ir.Table) -> dict[str, ir.Value]:
    failed_ago = rows[CUTOFF_DAY] - rows.failed_day
    found: dict[str, ir.Value] = {
        f"failed_{days}d": rows.count(where=failed_ago <= days) for days in FAILED_WINDOWS
    }
    share = percent(rows.failed_day.notnull()).mean(where=in_window(rows, LONGEST))
    return found | {f"failed_share_{LONGEST}d": share, "days_since_failed": failed_ago.min()}


def _changes(sums: ir.Table, found: dict[str, ir.Value]) -> dict[str, ir.Value]:
    """The last quarter against the year."""
    # cast first: of a column that is also selected as it is, PostgreSQL would divide integers
    values = {name: sums[name].cast("float64") for name in found}
    lived = sums.oldest + 1
    trends = {
        f"{name}_trend_{RECENT}d": rate_over(RECENT, LONGEST, values, name, lived)
        for name in ("due_amount", "failed")
        if f"{name}_{RECENT}d" in found
    }
    if f"days_late_mean_{RECENT}d" in found:
        year = sums[f"days_late_mean_{LONGEST}d"]
        trends[f"days_late_change_{RECENT}d"] = sums[f"days_late_mean_{RECENT}d"] - year
    return trends


def _total(rows: ir.Table, where: ir.BooleanValue) -> ir.Value:
    return rows.amount.sum(where=where).fill_null(0).round(6)
