"""What features of surveys must be, in SQLite's SQL: the window, and customer and value."""

from __future__ import annotations

from tests.features.oracles.sql import RECENT, SEEN

WAITING = "sent_day < :c and (known_day is null or known_day >= :c)"


ORACLES: dict[str, tuple[int, str]] = {
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
}
