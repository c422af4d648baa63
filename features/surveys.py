"""How satisfied did a customer say they were before the cutoff, and did they answer at all?"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.aggregates import mean_of
from features.known import CUTOFF_DAY, KEYS, in_window, known_at
from features.kpis import percent
from features.seen import Seen, column_names, filled_columns, top_values

INSTRUMENTS = ("nps", "csat", "ces", "ins")
RECENT, LONGEST = 91, 364
UNANSWERED_WINDOW = 182
TOP_TOUCHPOINTS = 4
PROMOTER_FROM, DETRACTOR_TO = 9, 6


def surveys_seen(table: ir.Table) -> Seen:
    """Which instruments the company asks with, where, and whether it records what it sends.

    Parameters
    ----------
    table : ibis Table
        The rows of `surveys` known before the last training cutoff.
    """
    asked = top_values(table, "instrument", len(INSTRUMENTS))
    return {
        "instrument": tuple(name for name in INSTRUMENTS if name in asked),
        "touchpoint": top_values(table, "touchpoint", TOP_TOUCHPOINTS),
        "filled": filled_columns(table, ("sent_day", "comment")),
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
    asks = "sent_day" in seen["filled"]
    rows = _in_order(known_at("surveys", table, cutoffs))
    if asks:
        rows = rows.mutate(last_day=rows.day.max().over(ibis.window(group_by=list(KEYS))))
    features = _answers(rows, seen) | (_asked(rows) if asks else {})
    for instrument in seen["instrument"]:
        features |= _scores(rows, instrument)
    if "nps" in seen["instrument"]:
        features |= _nps_classes(rows)
    return rows.group_by(KEYS).aggregate(
        **{f"surveys_{name}": value for name, value in features.items()}
    )


def _in_order(rows: ir.Table) -> ir.Table:
    """Number each customer's answers to one instrument: 0 is the last before the cutoff."""
    same = [*KEYS, "instrument", rows.day.isnull()]
    # of two answers at one instant the worse comes last: any fixed order would do
    newest_first = [rows.answered_at.desc(), rows.score]
    return rows.mutate(
        answers_after=ibis.row_number().over(ibis.window(group_by=same, order_by=newest_first)),
        # in the same order, though a count needs none: so the rows are sorted once
        answers=rows.count().over(
            ibis.window(group_by=same, order_by=newest_first, rows=(None, None))
        ),
    )


def _answers(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    recent = in_window(rows, LONGEST)
    found: dict[str, ir.Value] = {
        f"answered_{days}d": rows.count(where=in_window(rows, days)) for days in (RECENT, LONGEST)
    }
    found["days_since_last"] = rows.age.min() + 1
    if "comment" in seen["filled"]:
        commented = rows.comment.notnull()
        found[f"comments_{LONGEST}d"] = rows.count(where=commented & recent)
        found["days_since_comment"] = rows.age.min(where=commented) + 1
    for value, name in zip(seen["touchpoint"], column_names(seen["touchpoint"]), strict=True):
        found[f"touchpoint_{name}_{LONGEST}d"] = rows.count(
            where=(rows.touchpoint == value) & recent
        )
    return found


def _asked(rows: ir.Table) -> dict[str, ir.Value]:
    """What became of the surveys sent; an answer that came after the cutoff is none yet."""
    unanswered = rows.day.isnull()
    since_last = unanswered & (rows.last_day.isnull() | (rows.sent_day > rows.last_day))
    sent_ago = rows[CUTOFF_DAY] - rows.sent_day
    return {
        f"unanswered_{UNANSWERED_WINDOW}d": rows.count(
            where=unanswered & (sent_ago <= UNANSWERED_WINDOW)
        ),
        "unanswered_in_row": rows.count(where=since_last),
        "silent_days": sent_ago.max(where=since_last),
        "days_since_unanswered": sent_ago.min(where=unanswered),
        f"response_rate_{LONGEST}d": percent(rows.day.notnull()).mean(where=sent_ago <= LONGEST),
        f"answer_days_{LONGEST}d": (rows.day - rows.sent_day).mean(where=in_window(rows, LONGEST)),
    }


def _scores(rows: ir.Table, instrument: str) -> dict[str, ir.Value]:
    answered = (rows.instrument == instrument) & rows.day.notnull()
    recent = answered & in_window(rows, LONGEST)
    last, previous = (rows.score.max(where=answered & (rows.answers_after == n)) for n in (0, 1))
    first = rows.score.max(where=answered & (rows.answers_after == rows.answers - 1))
    mean = mean_of(rows.score, recent)
    found = {
        "last": last,
        f"mean_{LONGEST}d": mean,
        "change": last - previous,
        "change_since_first": last - first,
        f"trend_{RECENT}d": mean_of(rows.score, answered & in_window(rows, RECENT)) - mean,
        f"lowest_{LONGEST}d": rows.score.min(where=recent),
        f"answered_{LONGEST}d": rows.count(where=recent),
        "days_since_last": rows.age.min(where=answered) + 1,
    }
    return {f"{instrument}_{name}": value for name, value in found.items()}


def _nps_classes(rows: ir.Table) -> dict[str, ir.Value]:
    recent = (rows.instrument == "nps") & in_window(rows, LONGEST)
    return {
        f"nps_promoter_{LONGEST}d": rows.count(where=recent & (rows.score >= PROMOTER_FROM)),
        f"nps_detractor_{LONGEST}d": rows.count(where=recent & (rows.score <= DETRACTOR_TO)),
    }
