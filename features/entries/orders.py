"""What do the columns of orders mean?"""

from __future__ import annotations

from features.entries.feature import Feature, count

_LEVELS = (
    count("orders_count_{window}d", "orders", "orders", "orders", "stays"),
    count("orders_days_{window}d", "days", "days with an order", "orders", "stays"),
    count("orders_spend_{window}d", "currency", "money spent", "orders", "stays"),
    Feature("orders_average_value_{window}d", "currency", "mean value of an order", "orders"),
    Feature("orders_value_largest", "currency", "value of the largest order", "orders", "stays"),
    Feature(
        "orders_weekend_share_{window}d",
        "percent",
        "share of the orders placed on a Saturday or Sunday",
        "orders",
    ),
)

_TRENDS = (
    Feature(
        "orders_count_trend_28d",
        "ratio",
        "orders per day in the last 28 days over those in the last 91; below 1 is slowing down",
        "orders",
        "stays",
    ),
    Feature(
        "orders_count_trend_91d",
        "ratio",
        "orders per day in the last 91 days over those in the last 364; below 1 is slowing down",
        "orders",
        "stays",
    ),
    Feature(
        "orders_spend_trend_28d",
        "ratio",
        "spend per day in the last 28 days over that in the last 91; below 1 is slowing down",
        "orders",
        "stays",
    ),
    Feature(
        "orders_spend_trend_91d",
        "ratio",
        "spend per day in the last 91 days over that in the last 364; below 1 is slowing down",
        "orders",
        "stays",
    ),
    Feature(
        "orders_spend_91d_over_life",
        "ratio",
        "spend per day in the last 91 days over that since the first order; below 1 is slowing "
        "down",
        "orders",
        "stays",
    ),
    Feature(
        "orders_value_91d_over_first",
        "ratio",
        "mean value of an order in the last 91 days over that on the day of the first one, which "
        "lies before them",
        "orders",
        "stays",
    ),
)

_VARIATION = (
    Feature("orders_value_sd", "currency", "standard deviation of the value of an order", "orders"),
    Feature(
        "orders_value_variation",
        "ratio",
        "standard deviation of the value of an order over its mean",
        "orders",
    ),
    Feature(
        "orders_spend_variation_364d",
        "ratio",
        "standard deviation of the spend of a quarter (91 days) over its mean, of up to four "
        "whole ones since the first order",
        "orders",
    ),
    Feature(
        "orders_gap_days_sd", "days", "standard deviation of the days between orders", "orders"
    ),
    Feature(
        "orders_gap_variation",
        "ratio",
        "standard deviation of the days between orders over their mean; 0 is clockwork, "
        "1 is at random",
        "orders",
    ),
)

_RHYTHM = (
    Feature("orders_days_since_last", "days", "days since the last order", "orders", "leaves"),
    Feature("orders_gap_days_mean", "days", "mean days between orders", "orders", "leaves"),
    Feature("orders_gap_days_longest", "days", "most days between two orders", "orders", "leaves"),
    Feature(
        "orders_last_gap_over_gap",
        "ratio",
        "days between the last two orders over the usual days between orders",
        "orders",
        "leaves",
    ),
    Feature(
        "orders_days_since_last_over_gap",
        "ratio",
        "days since the last order over the usual days between orders; above 1 is overdue",
        "orders",
        "leaves",
    ),
    Feature(
        "orders_days_since_last_z",
        "standard deviations",
        "days since the last order beyond the usual days between orders, in standard deviations "
        "of the customer's own gaps and two imagined ones that deviate by their mean; above 2 is "
        "unlike them",
        "orders",
        "leaves",
    ),
    Feature(
        "orders_gaps_shorter_share",
        "percent",
        "share of the customer's gaps between orders that were shorter than the present one",
        "orders",
        "leaves",
    ),
    Feature(
        "orders_blocks_share_364d",
        "percent",
        "share of the last 13 four-week blocks that have an order; of a newcomer, of those since "
        "the first",
        "orders",
        "stays",
    ),
    count(
        "orders_blocks_streak_364d",
        "blocks",
        "four-week blocks with an order, in a row up to now; at most 13",
        "orders",
        "stays",
    ),
)

_BASKETS = (
    count("orders_category_{value}_{window}d", "orders", "orders of '{value}'", "orders"),
    count(
        "orders_distinct_categories_{window}d",
        "categories",
        "different categories bought, of the most frequent ones,",
        "orders",
        "stays",
    ),
    count(
        "orders_categories_dropped_182d",
        "categories",
        "categories bought in the half year before the last 182 days, but not in those",
        "orders",
        "leaves",
    ),
    Feature(
        "orders_favourite_category_share_{window}d",
        "percent",
        "share of the orders that are of the customer's favourite category",
        "orders",
    ),
    count("orders_channel_{value}_{window}d", "orders", "orders through '{value}'", "orders"),
    count(
        "orders_distinct_channels_{window}d",
        "channels",
        "different channels used, of the most frequent ones,",
        "orders",
        "stays",
    ),
    Feature(
        "orders_discounted_share_{window}d",
        "percent",
        "share of the orders that had a discount",
        "orders",
    ),
    Feature(
        "orders_discounted_share_change_91d",
        "percentage points",
        "share of orders with a discount in the last 91 days, less that in the last 364",
        "orders",
    ),
    Feature(
        "orders_discount_share_{window}d",
        "percent",
        "discounts as a share of what the orders would have cost without",
        "orders",
    ),
    Feature("orders_margin_share_{window}d", "percent", "margin as a share of the spend", "orders"),
    count("orders_refunds_{window}d", "refunds", "refunds", "orders", "leaves"),
    count("orders_refund_amount_{window}d", "currency", "money refunded", "orders", "leaves"),
    Feature(
        "orders_refund_share_{window}d",
        "percent",
        "money refunded as a share of the money spent",
        "orders",
        "leaves",
    ),
    Feature("orders_days_since_refund", "days", "days since the last refund", "orders"),
)

_PURCHASE_PROCESS = (
    Feature(
        "orders_frequency",
        "days",
        "days with an order, the first one not counted",
        "orders",
        "stays",
    ),
    Feature("orders_recency", "days", "days from the first order to the last", "orders", "stays"),
    Feature("orders_T", "days", "days from the first order to the day before the cutoff", "orders"),
    Feature(
        "orders_monetary_value", "currency", "mean spend on a repeat order day", "orders", "stays"
    ),
    Feature(
        "orders_probability_alive",
        "probability",
        "probability that the customer still buys, by the rhythm of their orders (MBG/NBD; not a "
        "churn probability)",
        "orders",
        "stays",
    ),
    Feature(
        "orders_purchase_rate",
        "days per day",
        "order days expected per day while the customer still buys (MBG/NBD)",
        "orders",
        "stays",
    ),
    Feature(
        "orders_expected_28d",
        "days",
        "order days expected in the next 28 days (MBG/NBD)",
        "orders",
        "stays",
    ),
    Feature(
        "orders_expected_91d",
        "days",
        "order days expected in the next 91 days (MBG/NBD)",
        "orders",
        "stays",
    ),
    Feature(
        "orders_days_since_last_over_expected_gap",
        "ratio",
        "days since the last order over the days between orders to be expected of the customer "
        "(MBG/NBD); above 1 is overdue",
        "orders",
        "leaves",
    ),
)

ORDERS: tuple[Feature, ...] = (
    *_LEVELS,
    *_TRENDS,
    *_VARIATION,
    *_RHYTHM,
    *_BASKETS,
    *_PURCHASE_PROCESS,
)
