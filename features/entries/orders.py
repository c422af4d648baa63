"""What do the columns of orders mean?"""

from __future__ import annotations

from features.entries.feature import Feature, count

ORDERS: tuple[Feature, ...] = (
    count("orders_count_{window}d", "orders", "orders", "orders", "stays"),
    count("orders_days_{window}d", "days", "days with an order", "orders", "stays"),
    count("orders_spend_{window}d", "currency", "money spent", "orders", "stays"),
    count("orders_refunds_{window}d", "refunds", "refunds", "orders", "leaves"),
    count("orders_refund_amount_{window}d", "currency", "money refunded", "orders", "leaves"),
    Feature("orders_average_value_{window}d", "currency", "mean value of an order", "orders"),
    Feature(
        "orders_spend_trend_91d",
        "ratio",
        "spend per day in the last 91 days over that in the last 364; below 1 is slowing down",
        "orders",
        "stays",
    ),
    Feature("orders_days_since_last", "days", "days since the last order", "orders", "leaves"),
    Feature("orders_gap_days_mean", "days", "mean days between orders", "orders", "leaves"),
    Feature(
        "orders_gap_days_sd", "days", "standard deviation of the days between orders", "orders"
    ),
    Feature(
        "orders_days_since_last_over_gap",
        "ratio",
        "days since the last order over the usual days between orders; above 1 is overdue",
        "orders",
        "leaves",
    ),
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
)
