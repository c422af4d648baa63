"""What features of orders must be, in SQLite's SQL: the window, and customer and value."""

from __future__ import annotations

from tests.features.oracles.sql import RECENT

BOUGHT = "known_day < :c and amount >= 0"

GAPS = (
    "(select customer_id, day, day - lag(day) over (partition by customer_id order by day) as gap, "
    "max(day) over (partition by customer_id) as last "
    f"from (select distinct customer_id, day from orders where {BOUGHT}))"
)


ORACLES: dict[str, tuple[int, str]] = {
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
}
