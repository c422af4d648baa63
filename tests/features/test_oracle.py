"""Features recomputed in SQLite from the same rows, by SQL written apart from the builders."""

from __future__ import annotations

import datetime
import math
import random
import sqlite3
from collections.abc import Iterator

import pandas as pd
import pytest

from features.build import BUILDERS
from features.windows import WINDOWS
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, World, arrow_schema

CUTOFFS = (CUTOFF - datetime.timedelta(days=28), CUTOFF)
EDGES = [
    LAST - back - window + step
    for back in (0, 28)
    for window in (0, *WINDOWS)
    for step in (-1, 0, 1)
]

# each gives customer_id and the value; :c is the cutoff's day, :w the window in days
SEEN = "known_day < :c"
RECENT = "known_day < :c and day >= :c - :w"
HANDLED = "known_day < :c and resolved_day < :c and day >= :c - :w"
FIRST = "contacts is not null or reopened is not null"
FIRST_CONTACT = "(contacts is null or contacts <= 1) and (reopened is null or not reopened)"
BOUGHT = "known_day < :c and amount >= 0"
GAPS = (
    "(select customer_id, day, day - lag(day) over (partition by customer_id order by day) as gap, "
    "max(day) over (partition by customer_id) as last "
    f"from (select distinct customer_id, day from orders where {BOUGHT}))"
)
ENDED = "ended_day < :c"
WAITING = "sent_day < :c and (known_day is null or known_day >= :c)"
HOURS = "(julianday(resolved_at) - julianday(opened_at)) * 24"
BAD = (
    f"escalated or reopened or {HOURS} > 1e-6 + 2 * (select avg({HOURS}) from tickets "
    f"where known_day < {LAST} and resolved_day < {LAST})"
)
LAST_NPS = (
    "select customer_id, score from (select *, row_number() over (partition by customer_id "
    "order by day desc, answered_at desc, score) as newest from surveys "
    "where known_day < :c and instrument = 'nps') where newest = 1"
)
# a purchase has an amount; a refund is no sign of life
SIGNS_OF_LIFE = {
    "usage": "",
    "tickets": "",
    "surveys": "",
    "orders": "and amount >= 0",
    "mentions": "",
}

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
    "surveys_csat_mean_364d": (
        364,
        f"select customer_id, avg(score) from surveys where {RECENT} and instrument = 'csat' "
        "group by 1",
    ),
    "surveys_unanswered_182d": (
        182,
        "select customer_id, count(*) from surveys where sent_day < :c and sent_day >= :c - :w "
        "and (known_day is null or known_day >= :c) group by 1",
    ),
    "surveys_csat_change_since_first": (
        0,
        "select customer_id, max(case when newest = 1 then score end) "
        "- max(case when oldest = 1 then score end) from "
        "(select *, row_number() over (partition by customer_id "
        "order by day, answered_at, score desc) as oldest, row_number() over "
        "(partition by customer_id order by day desc, answered_at desc, score) as newest "
        f"from surveys where {SEEN} and instrument = 'csat') group by 1",
    ),
    "surveys_ins_trend_91d": (
        0,
        "select customer_id, avg(case when day >= :c - 91 then score end) - avg(score) "
        f"from surveys where {SEEN} and day >= :c - 364 and instrument = 'ins' group by 1",
    ),
    "surveys_nps_detractor_364d": (
        364,
        f"select customer_id, count(*) from surveys where {RECENT} and instrument = 'nps' "
        "and score <= 6 group by 1",
    ),
    "surveys_unanswered_in_row": (
        0,
        f"select customer_id, count(*) from surveys s where {WAITING} and sent_day > coalesce("
        "(select max(day) from surveys a where a.customer_id = s.customer_id and known_day < :c), "
        "-1) group by 1",
    ),
    "surveys_days_since_unanswered": (
        0,
        f"select customer_id, :c - max(sent_day) from surveys where {WAITING} group by 1",
    ),
    "surveys_response_rate_364d": (
        364,
        "select customer_id, 100.0 * avg(known_day is not null and known_day < :c) from surveys "
        "where sent_day < :c and sent_day >= :c - :w group by 1",
    ),
    "surveys_comments_364d": (
        364,
        f"select customer_id, count(comment) from surveys where {RECENT} group by 1",
    ),
    "orders_spend_182d": (
        182,
        f"select customer_id, sum(amount) from orders where {RECENT} and amount >= 0 group by 1",
    ),
    "orders_gap_days_mean": (
        0,
        "select customer_id, (max(day) - min(day)) * 1.0 / (count(distinct day) - 1) "
        f"from orders where {BOUGHT} group by 1 having count(distinct day) > 1",
    ),
    "orders_refund_amount_364d": (
        364,
        "select customer_id, sum(abs(amount)) from orders where known_day < :c and "
        "((amount < 0 and day >= :c - :w) or (amount >= 0 and refunded_day < :c "
        "and refunded_day >= :c - :w)) group by 1",
    ),
    "orders_recency": (
        0,
        f"select customer_id, max(day) - min(day) from orders where {BOUGHT} group by 1",
    ),
    "orders_count_trend_28d": (
        0,
        "select customer_id, sum(day >= :c - 28) * 1.0 / min(28, :c - min(day)) "
        "/ (nullif(sum(day >= :c - 91), 0) * 1.0 / min(91, :c - min(day))) "
        f"from orders where {BOUGHT} group by 1",
    ),
    "orders_value_91d_over_first": (
        0,
        f"select customer_id, avg(case when day >= :c - 91 then amount end) / avg(case when day = "
        f"(select min(day) from orders f where f.customer_id = o.customer_id and {BOUGHT}) "
        f"then amount end) from orders o where {BOUGHT} group by 1 having min(day) < :c - 91",
    ),
    "orders_spend_variation_364d": (
        0,
        "with recursive quarter(n) as (select 0 union all select n + 1 from quarter where n < 3), "
        f"since as (select customer_id, min(day) as first from orders where {BOUGHT} group by 1), "
        "each as (select customer_id, (select coalesce(sum(amount), 0) from orders o "
        f"where {BOUGHT} and o.customer_id = since.customer_id and (:c - 1 - day) / 91 = n) as x "
        "from since, quarter where n < (:c - first) / 91) select customer_id, "
        "sqrt((sum(x * x) - sum(x) * sum(x) / count(*)) / nullif(count(*) - 1, 0)) / avg(x) "
        "from each group by 1",
    ),
    "orders_value_sd": (
        0,
        "select customer_id, sqrt((sum(amount * amount) - sum(amount) * sum(amount) / count(*)) "
        f"/ nullif(count(*) - 1, 0)) from orders where {BOUGHT} group by 1",
    ),
    "orders_gap_days_sd": (
        0,
        "select customer_id, sqrt((sum(gap * gap) - sum(gap) * sum(gap) * 1.0 / count(gap)) "
        f"/ nullif(count(gap) - 1, 0)) from {GAPS} group by 1",
    ),
    "orders_gap_days_longest": (0, f"select customer_id, max(gap) from {GAPS} group by 1"),
    "orders_last_gap_over_gap": (
        0,
        f"select customer_id, max(case when day = last then gap end) / avg(gap) from {GAPS} "
        "group by 1",
    ),
    "orders_days_since_last_z": (
        0,
        "select customer_id, (:c - max(day) - m) / sqrt((sum((gap - m) * (gap - m)) + 2 * m * m) "
        "/ (count(gap) + 1)) from (select *, avg(gap) over (partition by customer_id) as m "
        f"from {GAPS}) group by 1",
    ),
    "orders_gaps_shorter_share": (
        0,
        "select customer_id, 100.0 * sum(gap < :c - last) / nullif(count(gap), 0) "
        f"from {GAPS} group by 1",
    ),
    "orders_blocks_share_364d": (
        364,
        "select customer_id, 100.0 * count(distinct case when day >= :c - :w "
        "then (:c - 1 - day) / 28 end) / min(13, (:c - min(day) + 27) / 28) "
        f"from orders where {BOUGHT} group by 1",
    ),
    "orders_blocks_streak_364d": (
        364,
        "select customer_id, count(*) from (select customer_id, block, row_number() over "
        "(partition by customer_id order by block) as place from (select distinct customer_id, "
        f"(:c - 1 - day) / 28 as block from orders where {BOUGHT} and day >= :c - :w)) "
        "where block = place - 1 group by 1",
    ),
    "orders_weekend_share_364d": (
        364,
        "select customer_id, 100.0 * avg(strftime('%w', ordered_at) in ('0', '6')) "
        f"from orders where {RECENT} and amount >= 0 group by 1",
    ),
    "orders_category_red_182d": (
        182,
        f"select customer_id, count(*) from orders where {RECENT} and amount >= 0 "
        "and category = 'red' group by 1",
    ),
    "orders_distinct_categories_364d": (
        364,
        f"select customer_id, count(distinct category) from orders where {RECENT} "
        "and amount >= 0 group by 1",
    ),
    "orders_categories_dropped_182d": (
        0,
        "select customer_id, count(*) from (select customer_id, category, max(day) as last "
        f"from orders where {BOUGHT} and day >= :c - 364 and category is not null group by 1, 2) "
        "where last < :c - 182 group by 1",
    ),
    "orders_favourite_category_share_364d": (
        364,
        "select customer_id, 100.0 * max(n) / sum(n) from (select customer_id, count(*) as n "
        f"from orders where {RECENT} and amount >= 0 and category is not null "
        "group by customer_id, category) group by 1",
    ),
    "orders_channel_blue_364d": (
        364,
        f"select customer_id, count(*) from orders where {RECENT} and amount >= 0 "
        "and channel = 'blue' group by 1",
    ),
    "orders_discounted_share_change_91d": (
        0,
        "select customer_id, 100.0 * avg(case when day >= :c - 91 then coalesce(discount, 0) > 0 "
        f"end) - 100.0 * avg(coalesce(discount, 0) > 0) from orders where {BOUGHT} "
        "and day >= :c - 364 group by 1",
    ),
    "orders_discount_share_364d": (
        364,
        "select customer_id, 100.0 * sum(coalesce(discount, 0)) / sum(coalesce(discount, 0) "
        f"+ amount) from orders where {RECENT} and amount >= 0 group by 1",
    ),
    "orders_margin_share_364d": (
        364,
        "select customer_id, 100.0 * sum(margin) / nullif(sum(amount), 0) from orders "
        f"where {RECENT} and amount >= 0 and margin is not null group by 1",
    ),
    "orders_days_since_refund": (
        0,
        "select customer_id, :c - max(case when amount < 0 then day else refunded_day end) "
        "from orders where known_day < :c and (amount < 0 or refunded_day < :c) group by 1",
    ),
    "orders_monetary_value": (
        0,
        "select customer_id, sum(amount) / count(distinct day) from orders o "
        f"where {BOUGHT} and day > (select min(day) from orders f where {BOUGHT} "
        "and f.customer_id = o.customer_id) group by 1",
    ),
    "mentions_count_91d": (
        91,
        f"select customer_id, count(*) from mentions where {RECENT} group by 1",
    ),
    "mentions_network_blue_364d": (
        364,
        f"select customer_id, count(*) from mentions where {RECENT} and network = 'blue' group by "
        "1",
    ),
    "mentions_sentiment_last": (
        0,
        "select customer_id, sentiment from (select *, row_number() over (partition by customer_id "
        "order by posted_at desc, sentiment) as newest from mentions "
        f"where {SEEN} and sentiment is not null) where newest = 1",
    ),
    "mentions_sentiment_change_91d": (
        0,
        "select customer_id, avg(case when day >= :c - 91 then sentiment end) - avg(sentiment) "
        f"from mentions where {SEEN} and day >= :c - 364 group by 1",
    ),
    "mentions_sentiment_sd_364d": (
        364,
        "select customer_id, sqrt((sum(sentiment * sentiment) - sum(sentiment) * sum(sentiment) "
        "/ count(sentiment)) / nullif(count(sentiment) - 1, 0)) "
        f"from mentions where {RECENT} group by 1",
    ),
    "mentions_negative_share_364d": (
        364,
        "select customer_id, 100.0 * avg(sentiment < 0) from mentions "
        f"where {RECENT} and sentiment is not null group by 1",
    ),
    "mentions_days_since_negative": (
        0,
        f"select customer_id, :c - max(day) from mentions where {SEEN} and sentiment < 0 group by "
        "1",
    ),
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
    "payments_late_share_364d": (
        364,
        "select customer_id, 100.0 * avg(paid_day > day) from payments "
        f"where {RECENT} and paid_day < :c group by 1",
    ),
    "payments_days_late_mean_91d": (
        91,
        "select customer_id, avg(max(0, paid_day - day)) from payments "
        f"where {RECENT} and paid_day < :c group by 1",
    ),
    "payments_unpaid_amount": (
        0,
        f"select customer_id, sum(amount) from payments where {SEEN} "
        "and (paid_day is null or paid_day >= :c) group by 1",
    ),
    "payments_failed_91d": (
        91,
        f"select customer_id, count(*) from payments where {SEEN} and failed_day < :c "
        "and failed_day >= :c - :w group by 1",
    ),
    "payments_days_since_failed": (
        0,
        f"select customer_id, :c - max(failed_day) from payments where {SEEN} "
        "and failed_day < :c group by 1",
    ),
    "together_tickets_per_100_events_91d": (
        91,
        "select u.customer_id, 100.0 * (select count(*) from tickets t where "
        f"t.customer_id = u.customer_id and {RECENT}) / count(*) from usage u "
        f"where {RECENT} group by 1",
    ),
    "together_days_since_last": (
        0,
        "select customer_id, :c - max(day) from ("
        + " union all ".join(
            f"select customer_id, day from {name} where {SEEN} {more}"
            for name, more in SIGNS_OF_LIFE.items()
        )
        + ") group by 1",
    ),
    "together_nps_to_segment": (
        0,
        "select customer_id, score - (select avg(score) from "
        f"({LAST_NPS.replace(':c', str(LAST))})) from ({LAST_NPS})",
    ),
    "customers_days_since_signup": (
        0,
        "select customer_id, :c - signed_up_day from customers where known_day < :c",
    ),
}


@pytest.fixture(scope="module")
def world() -> World:
    """Customers with many random rows, and many with few at the edges of the windows."""
    rng = random.Random(7)
    rows = worlds.random_world(seed=7, rows=150)
    edges = {name: [worlds.random_row(name, rng, EDGES) for _ in range(150)] for name in rows}
    edges["customers"] = []
    return {
        name: [
            *rows[name],
            *(row | {"customer_id": f"edge {n % 40}"} for n, row in enumerate(each)),
        ]
        for name, each in edges.items()
    }


@pytest.fixture(scope="module")
def built(world: World) -> pd.DataFrame:
    return worlds.features(world, CUTOFFS)


@pytest.fixture(scope="module")
def sqlite(world: World) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    for history, rows in world.items():
        names = arrow_schema(history).names
        connection.execute(f"create table {history} ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        values = [[_plain(row.get(name)) for name in names] for row in rows]
        connection.executemany(f"insert into {history} values ({marks})", values)
    yield connection
    connection.close()


def _plain(value: object) -> object:
    return value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else value


def test_every_history_has_an_oracle() -> None:
    assert {name.split("_")[0] for name in ORACLES} == {*BUILDERS, "together"}


@pytest.mark.parametrize("column", ORACLES)
def test_a_feature_agrees_with_sqlite(
    column: str, built: pd.DataFrame, sqlite: sqlite3.Connection
) -> None:
    window, query = ORACLES[column]
    for back, cutoff in zip((28, 0), CUTOFFS, strict=True):
        expected = dict(sqlite.execute(query, {"c": LAST - back, "w": window}).fetchall())
        found = built[column].xs(cutoff, level="cutoff").to_dict()
        assert any(value is not None for value in expected.values())
        for customer, value in found.items():
            theirs = expected.get(customer)
            if theirs is None:
                assert math.isnan(value) or value == 0
            else:
                assert value == pytest.approx(theirs, abs=2e-3 if "hours" in column else 1e-6)
