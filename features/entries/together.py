"""What do the columns made of several histories mean?"""

from __future__ import annotations

from features.entries.feature import Direction, Feature

_INSTRUMENTS: tuple[tuple[str, str, Direction], ...] = (
    ("nps", "recommendation score (0-10)", "stays"),
    ("csat", "satisfaction score (1-5)", "stays"),
    ("ces", "effort score (1-7)", "unclear"),
    ("ins", "net satisfaction answer (1-5)", "stays"),
)
TOGETHER: tuple[Feature, ...] = (
    Feature(
        "together_tickets_per_active_day_{window}d",
        "tickets",
        "tickets per day in use",
        "tickets",
        "leaves",
    ),
    Feature(
        "together_tickets_per_100_events_{window}d",
        "tickets",
        "tickets per 100 events of use",
        "tickets",
        "leaves",
    ),
    Feature(
        "together_tickets_per_order_{window}d", "tickets", "tickets per order", "tickets", "leaves"
    ),
    Feature("together_spend_per_event_{window}d", "currency", "spend per event of use", "orders"),
    Feature(
        "together_price_per_event_{window}d",
        "currency",
        "monthly amount per event of use",
        "billing",
        "leaves",
    ),
    Feature(
        "together_price_per_active_day_{window}d",
        "currency",
        "monthly amount per day in use",
        "billing",
        "leaves",
    ),
    Feature(
        "together_days_since_last",
        "days",
        "days since the customer last did anything that was recorded",
        "usage",
        "leaves",
    ),
    Feature(
        "together_silent_share_{window}d",
        "percent",
        "share of the records (use, tickets, orders, ...) that hold nothing of the customer",
        "usage",
        "leaves",
    ),
    *(
        Feature(
            f"together_{name}_to_segment",
            "score",
            f"last {score} less the mean of customers of the same kind",
            "satisfaction",
            more,
        )
        for name, score, more in _INSTRUMENTS
    ),
)
