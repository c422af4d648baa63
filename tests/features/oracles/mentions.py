"""What features of mentions must be, in SQLite's SQL: the window, and customer and value."""

from __future__ import annotations

from tests.features.oracles.sql import RECENT, SEEN

ORACLES: dict[str, tuple[int, str]] = {
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
}
