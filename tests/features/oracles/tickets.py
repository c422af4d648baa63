"""What features of tickets must be, in SQLite's SQL: the window, and customer and value."""

from __future__ import annotations

from tests.features.oracles.sql import FIRST_CUTOFF, RECENT, SEEN

HANDLED = "known_day < :c and resolved_day < :c and day >= :c - :w"

FIRST = "contacts is not null or reopened is not null"

FIRST_CONTACT = "(contacts is null or contacts <= 1) and (reopened is null or not reopened)"

HOURS = "(julianday(resolved_at) - julianday(opened_at)) * 24"

BAD = (
    f"escalated or reopened or {HOURS} > 1e-6 + 2 * (select avg({HOURS}) from tickets "
    f"where known_day < {FIRST_CUTOFF} and resolved_day < {FIRST_CUTOFF})"
)


ORACLES: dict[str, tuple[int, str]] = {
    "tickets_opened_182d": (
        182,
        f"select customer_id, count(*) from tickets where {RECENT} group by 1",
    ),
    "tickets_open": (
        0,
        f"select customer_id, count(*) from tickets where {SEEN} "
        "and (resolved_day is null or resolved_day >= :c) group by 1",
    ),
    "tickets_resolution_hours_364d": (
        364,
        "select customer_id, avg((julianday(resolved_at) - julianday(opened_at)) * 24) "
        f"from tickets where {HANDLED} group by 1",
    ),
    "tickets_first_contact_resolution_364d": (
        364,
        f"select customer_id, 100.0 * avg({FIRST_CONTACT}) from tickets where {HANDLED} "
        f"and ({FIRST}) group by 1",
    ),
    "tickets_repeated_182d": (
        182,
        "select customer_id, count(*) - count(distinct category) from tickets "
        f"where {RECENT} and category is not null group by 1",
    ),
    "tickets_channel_blue_182d": (
        182,
        f"select customer_id, count(*) from tickets where {RECENT} and channel = 'blue' group by 1",
    ),
    "tickets_active_weeks_share_364d": (
        364,
        "select customer_id, 100.0 * count(distinct case when day >= :c - :w "
        "then (:c - 1 - day) / 7 end) / min(52, (:c - min(day) + 6) / 7) "
        f"from tickets where {SEEN} group by 1",
    ),
    "tickets_opened_trend_91d": (
        0,
        "select customer_id, sum(day >= :c - 91) * 1.0 / min(91, :c - min(day)) "
        "/ (nullif(sum(day >= :c - 364), 0) * 1.0 / min(364, :c - min(day))) "
        f"from tickets where {SEEN} group by 1",
    ),
    "tickets_open_days_mean": (
        0,
        f"select customer_id, avg(:c - day) from tickets where {SEEN} "
        "and (resolved_day is null or resolved_day >= :c) group by 1",
    ),
    "tickets_unanswered": (
        0,
        f"select customer_id, count(*) from tickets where {SEEN} "
        "and (first_response_day is null or first_response_day >= :c) "
        "and (resolved_day is null or resolved_day >= :c) group by 1",
    ),
    "tickets_escalated_364d": (
        364,
        f"select customer_id, count(*) from tickets where {HANDLED} and escalated group by 1",
    ),
    "tickets_handle_minutes_364d": (
        364,
        f"select customer_id, sum(handle_minutes) from tickets where {HANDLED} group by 1",
    ),
    "tickets_first_response_hours_change_91d": (
        0,
        "select customer_id, avg(case when day >= :c - 91 then hours end) - avg(hours) from "
        "(select *, (julianday(first_response_at) - julianday(opened_at)) * 24 as hours "
        f"from tickets where {SEEN} and first_response_day < :c and day >= :c - 364) group by 1",
    ),
    "tickets_bad_364d": (
        364,
        f"select customer_id, count(*) from tickets where {HANDLED} and ({BAD}) group by 1",
    ),
    "tickets_days_since_bad": (
        0,
        "select customer_id, :c - max(resolved_day) from tickets "
        f"where {SEEN} and resolved_day < :c and ({BAD}) group by 1",
    ),
}
