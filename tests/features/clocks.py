"""What did a company's tables show at a cutoff, and which rows lie exactly on one?

Written apart from features.known, on purpose: the laws must not read what they are to check.
"""

from __future__ import annotations

import random

from features.builders import BUILDERS
from tests.features import worlds
from tests.features.worlds import Row, Rows

FINAL_LATER = {
    "tickets": {
        "first_response_day": ["first_response_at"],
        "resolved_day": ["resolved_at", "contacts", "reopened", "handle_minutes", "escalated"],
    },
    "orders": {"refunded_day": ["refunded_at"]},
    "payments": {"paid_day": ["paid_at"], "failed_day": ["failed_at"]},
    "subscriptions": {"ended_day": ["ended_at", "cancel_reason"]},
}
AT_ONCE = {"subscriptions": {"renews_day"}, "surveys": {"sent_day"}}
"""Days that are known with the row itself: when it renews is agreed, when it was sent is done."""
ANSWER = ("day", "answered_at", "score", "comment", "scale", "touchpoint")
CLOCKS = [
    (history, clock)
    for history in BUILDERS
    for clock in (
        "known_day",
        *FINAL_LATER.get(history, ()),
        *(["sent_day"] if history == "surveys" else []),
    )
]
"""Every builder with every clock that holds something back from it."""


def as_recorded_at(history: str, rows: Rows, cutoff_day: int) -> Rows:
    """The rows as the company's tables showed them at the cutoff, without all that came after."""
    return [seen for row in rows if (seen := _as_seen(history, row, cutoff_day)) is not None]


def _as_seen(history: str, row: Row, cutoff_day: int) -> Row | None:
    seen = dict(row)
    known = row["known_day"]
    if known is not None and known >= cutoff_day:
        if history != "surveys":
            return None
        seen |= dict.fromkeys(ANSWER)
        seen["known_day"] = known = None
    if history == "surveys" and known is None and not row["sent_day"] < cutoff_day:
        return None
    for day, fields in FINAL_LATER.get(history, {}).items():
        if row[day] is None or row[day] >= cutoff_day:
            seen |= dict.fromkeys([day, *fields])
    return seen


def rows_on(history: str, clock: str, day: int) -> Rows:
    """Rows of which a clock strikes on that very day, and nothing else lies on it or after it."""
    rng = random.Random(f"{history} {clock}")
    if history == "customers":
        rows = [
            worlds.random_row(history, rng, [day - 9]) | {"customer_id": each} for each in "abcd"
        ]
    else:
        rows = [worlds.random_row(history, rng, range(day - 40, day)) for _ in range(20)]
    return [_striking(history, row, clock, day) for row in rows]


def _striking(history: str, row: Row, clock: str, day: int) -> Row:
    happened = row.get("day", row.get("signed_up_day", day - 9)) or row["sent_day"]
    early = dict.fromkeys(FINAL_LATER.get(history, ()), happened)
    at_once = {"known_day": happened} if row["known_day"] is not None else {}
    struck = row | early | at_once | {clock: day}
    if clock == "sent_day":
        struck |= dict.fromkeys(ANSWER) | {"known_day": None}
    for name in (*early, clock):
        if name != "known_day":
            struck[name.removesuffix("_day") + "_at"] = worlds.at(struck[name], 23)
    return struck
