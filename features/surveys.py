"""How satisfied did a customer say they were before the cutoff, and did they answer at all?"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.known import CUTOFF_DAY, KEYS, in_window, known_at
from features.seen import Seen, filled_columns, top_values

INSTRUMENTS = ("nps", "csat", "ces", "ins")
LONGEST = 364
UNANSWERED_WINDOW = 182


def surveys_seen(table: ir.Table) -> Seen:
    """Which instruments the company asks with, and whether it records what it sends.

    Parameters
    ----------
    table : ibis Table
        The rows of `surveys` known before the last training cutoff.
    """
    asked = top_values(table, "instrument", len(INSTRUMENTS))
    return {
        "instrument": tuple(name for name in INSTRUMENTS if name in asked),
        "filled": filled_columns(table, ("sent_day",)),
    }


def surveys_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Survey features, one row per customer and cutoff with a known answer or invitation.

    Parameters
    ----------
    table : ibis Table
        The normalised `surveys`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `surveys_seen`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = _newest_first(known_at("surveys", table, cutoffs))
    features = _answers(rows, seen)
    for instrument in seen["instrument"]:
        features |= _scores(rows, instrument)
    return rows.group_by(KEYS).aggregate(
        **{f"surveys_{name}": value for name, value in features.items()}
    )


def _newest_first(rows: ir.Table) -> ir.Table:
    """Number each customer's answers to one instrument: 0 is the last before the cutoff."""
    newest = ibis.window(
        group_by=[*KEYS, "instrument", rows.day.isnull()],
        # of two answers at one instant the worse comes last: any fixed order would do
        order_by=[rows.day.desc(), rows.answered_at.desc(), rows.score],
    )
    return rows.mutate(answers_after=ibis.row_number().over(newest))


def _answers(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {
        f"answered_{LONGEST}d": rows.count(where=in_window(rows, LONGEST)),
        "days_since_last": rows.age.min() + 1,
    }
    if seen["filled"]:
        unanswered = rows.day.isnull() & (rows.sent_day >= rows[CUTOFF_DAY] - UNANSWERED_WINDOW)
        found[f"unanswered_{UNANSWERED_WINDOW}d"] = rows.count(where=unanswered)
    return found


def _scores(rows: ir.Table, instrument: str) -> dict[str, ir.Value]:
    answered = (rows.instrument == instrument) & rows.day.notnull()
    last = rows.score.max(where=answered & (rows.answers_after == 0))
    previous = rows.score.max(where=answered & (rows.answers_after == 1))
    return {
        f"{instrument}_last": last,
        f"{instrument}_mean_{LONGEST}d": rows.score.mean(where=answered & in_window(rows, LONGEST)),
        f"{instrument}_change": last - previous,
        f"{instrument}_days_since_last": rows.age.min(where=answered) + 1,
    }
