"""What features of usage must be, in SQLite's SQL: the window, and customer and value."""

from __future__ import annotations

from tests.features.oracles.sql import RECENT, SEEN

WEEK = "(:c - 1 - day) / 7"

WEEKS = (
    "(with recursive each(n) as (select 0 union all select n + 1 from each where n < 51), "
    f"here as (select customer_id, min(52, max({WEEK}) + 1) as lived from usage where {SEEN} "
    "group by 1) select customer_id, n, exists (select * from usage u where u.customer_id = "
    f"here.customer_id and {SEEN} and {WEEK} = n) as active, lived from here, each "
    "where n < lived)"
)


def _blocks(days: int) -> str:
    return (
        "(with recursive block(n) as (select 0 union all select n + 1 from block where n < 12), "
        f"since as (select customer_id, min(day) as first from usage where {SEEN} group by 1) "
        f"select customer_id, n, (select count(*) from usage u where {SEEN} and u.customer_id = "
        f"since.customer_id and (:c - 1 - day) / {days} = n) as x from since, block "
        f"where n < (:c - first) / {days})"
    )


def _variation(days: int) -> str:
    return (
        "select customer_id, sqrt((sum(x * x) - sum(x) * sum(x) * 1.0 / count(*)) "
        f"/ nullif(count(*) - 1, 0)) / avg(x) from {_blocks(days)} group by 1"
    )


def _slope(days: int) -> str:
    return (
        "select customer_id, (sum(n) * sum(x) * 1.0 / count(*) - sum(n * x)) "
        "/ nullif(sum(n * n) - sum(n) * sum(n) * 1.0 / count(*), 0) / avg(x) "
        f"from {_blocks(days)} group by 1"
    )


def _longest(active: int) -> str:
    return (
        "select customer_id, max(length) from (select customer_id, count(*) as length from "
        "(select *, n - row_number() over (partition by customer_id order by n) as run "
        f"from {WEEKS} where active = {active}) group by customer_id, run) group by 1"
    )


def _kinds(lately: str, before: str) -> str:
    return (
        f"select customer_id, sum(lately {lately} and before {before}) from (select customer_id, "
        "event, sum(day >= :c - 28) as lately, sum(day < :c - 28) as before from usage "
        f"where {SEEN} and day >= :c - 91 and event is not null group by 1, 2) group by 1"
    )


ORACLES: dict[str, tuple[int, str]] = {
    "usage_events_28d": (28, f"select customer_id, count(*) from usage where {RECENT} group by 1"),
    "usage_active_days_91d": (
        91,
        f"select customer_id, count(distinct day) from usage where {RECENT} group by 1",
    ),
    "usage_active_weeks_364d": (
        364,
        f"select customer_id, count(distinct (:c - 1 - day) / 7) from usage where {RECENT} "
        "group by 1",
    ),
    "usage_quantity_364d": (
        364,
        f"select customer_id, coalesce(sum(quantity), 0) from usage where {RECENT} group by 1",
    ),
    "usage_distinct_events_91d": (
        91,
        f"select customer_id, count(distinct event) from usage where {RECENT} group by 1",
    ),
    "usage_event_red_91d": (
        91,
        f"select customer_id, count(*) from usage where {RECENT} and event = 'red' group by 1",
    ),
    "usage_days_since_last": (
        0,
        f"select customer_id, :c - max(day) from usage where {SEEN} group by 1",
    ),
    "usage_weekly_variation": (0, _variation(7)),
    "usage_monthly_variation": (0, _variation(28)),
    "usage_weekly_slope": (0, _slope(7)),
    "usage_monthly_slope": (0, _slope(28)),
    "usage_active_weeks_longest": (0, _longest(1)),
    "usage_silent_weeks_longest": (0, _longest(0)),
    "usage_active_weeks_streak": (
        0,
        f"select customer_id, coalesce(min(case when not active then n end), max(lived)) "
        f"from {WEEKS} group by 1",
    ),
    "usage_week_switches": (
        0,
        f"select a.customer_id, count(*) from {WEEKS} a join {WEEKS} b "
        "on a.customer_id = b.customer_id and a.n + 1 = b.n and a.active <> b.active group by 1",
    ),
    "usage_active_weeks_share": (
        0,
        f"select customer_id, 100.0 * avg(active) from {WEEKS} group by 1",
    ),
    "usage_gap_weeks_mean": (
        0,
        f"select customer_id, (max({WEEK}) - min({WEEK})) * 1.0 / "
        f"nullif(count(distinct {WEEK}) - 1, 0) from usage "
        f"where {SEEN} and day >= :c - 364 group by 1",
    ),
    "usage_silence_over_gap": (
        91,
        "select customer_id, (:c - max(day)) * (count(distinct day) - 1.0) "
        f"/ nullif(max(day) - min(day), 0) from usage where {RECENT} group by 1",
    ),
    "usage_events_rate_change": (
        0,
        "select customer_id, sum(day >= :c - 28) * 1.0 / min(28, :c - min(day)) "
        f"/ (count(*) * 1.0 / (:c - min(day))) from usage where {SEEN} group by 1",
    ),
    "usage_events_trend_7d": (
        0,
        "select customer_id, sum(day >= :c - 7) * 1.0 / min(7, :c - min(day)) "
        "/ (nullif(sum(day >= :c - 28), 0) * 1.0 / min(28, :c - min(day))) "
        f"from usage where {SEEN} group by 1",
    ),
    "usage_events_best_month": (
        364,
        "select customer_id, max(events) from (select customer_id, count(*) as events from usage "
        f"where {RECENT} group by customer_id, (:c - 1 - day) / 28) group by 1",
    ),
    "usage_event_blue_days_since_last": (
        0,
        f"select customer_id, :c - max(day) from usage where {SEEN} and event = 'blue' group by 1",
    ),
    "usage_stopped_events": (0, _kinds("= 0", "> 0")),
    "usage_begun_events": (0, _kinds("> 0", "= 0")),
    "usage_quantity_per_event_91d": (
        91,
        "select customer_id, coalesce(sum(quantity), 0) / count(*) from usage "
        f"where {RECENT} group by 1",
    ),
    "usage_duration_seconds_trend_28d": (
        0,
        "select customer_id, coalesce(sum(case when day >= :c - 28 then duration_seconds end), 0) "
        "/ min(28, :c - min(day)) / (nullif(sum(case when day >= :c - 91 then duration_seconds "
        f"end), 0) / min(91, :c - min(day))) from usage where {SEEN} group by 1",
    ),
}
