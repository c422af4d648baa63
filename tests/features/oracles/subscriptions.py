"""What features of subscriptions must be, in SQLite's SQL: the window, and customer and value."""

from __future__ import annotations

from tests.features.oracles.sql import SEEN

ENDED = "ended_day < :c"


ORACLES: dict[str, tuple[int, str]] = {
    "subscriptions_monthly_amount": (
        0,
        f"select customer_id, sum(monthly_amount) from subscriptions where {SEEN} "
        "and (ended_day is null or ended_day >= :c) group by 1",
    ),
    "subscriptions_days_to_renewal": (
        0,
        f"select customer_id, min(renews_day) - :c from subscriptions where {SEEN} "
        "and (ended_day is null or ended_day >= :c) and renews_day >= :c group by 1",
    ),
    "subscriptions_term_days_longest": (
        0,
        f"select customer_id, max(case when {ENDED} then ended_day else :c end - day) "
        f"from subscriptions where {SEEN} group by 1",
    ),
    "subscriptions_paused_days": (
        0,
        "select customer_id, sum(iif(day - until > 1, day - until, 0)) from "
        "(select customer_id, day, "
        f"max(case when {ENDED} then ended_day else :c end) over (partition by customer_id "
        "order by day rows between unbounded preceding and 1 preceding) as until "
        f"from subscriptions where {SEEN}) group by 1",
    ),
    "subscriptions_plans_active": (
        0,
        f"select customer_id, count(distinct plan) from subscriptions where {SEEN} "
        "and (ended_day is null or ended_day >= :c) group by 1",
    ),
    "subscriptions_cancelled_for_red": (
        0,
        f"select customer_id, count(*) from subscriptions where {SEEN} and {ENDED} "
        "and cancel_reason = 'red' group by 1",
    ),
    "subscriptions_days_since_cancelled": (
        0,
        f"select customer_id, :c - max(ended_day) from subscriptions s where {SEEN} and {ENDED} "
        "and not exists (select 1 from subscriptions n where n.customer_id = s.customer_id "
        "and n.known_day < :c and (n.day, n.started_at) > (s.day, s.started_at) "
        "and n.day <= s.ended_day + 1) group by 1",
    ),
}
