"""What does each feature column mean? One entry per kind of column, in a manager's words.

The name of an entry is a pattern: ``{window}`` stands for a number of days and ``{value}`` for what
the company calls a thing (a kind of event, a category, an attribute).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["usage", "tickets", "satisfaction", "orders", "billing", "customer"]
Direction = Literal["stays", "leaves", "unclear"]
WhenAbsent = Literal["zero", "missing"]


@dataclass(frozen=True)
class Feature:
    """What a feature column means.

    Attributes
    ----------
    name : str
        The column, or the pattern of an entry.
    unit : str
        "days", "currency", "percent", "events", ...; "category" for text.
    meaning : str
        In words a retention manager understands.
    group : str
        One of `GROUPS`.
    more : {"stays", "leaves", "unclear"}
        What more of it is expected to mean: the customer stays, leaves, or it depends.
    when_absent : {"zero", "missing"}
        Value of a customer without any known row: counts are 0, everything else is not known.
    """

    name: str
    unit: str
    meaning: str
    group: Group
    more: Direction = "unclear"
    when_absent: WhenAbsent = "missing"


def _count(
    name: str, unit: str, meaning: str, group: Group, more: Direction = "unclear"
) -> Feature:
    return Feature(name, unit, meaning, group, more, "zero")


_USAGE = (
    _count("usage_events_{window}d", "events", "events", "usage", "stays"),
    _count("usage_active_days_{window}d", "days", "days with an event", "usage", "stays"),
    _count("usage_active_weeks_{window}d", "weeks", "weeks with an event", "usage", "stays"),
    _count("usage_quantity_{window}d", "units", "total quantity used", "usage", "stays"),
    _count("usage_duration_seconds_{window}d", "seconds", "total time in use", "usage", "stays"),
    _count(
        "usage_distinct_events_{window}d",
        "kinds",
        "different kinds of event, of the most frequent ones",
        "usage",
        "stays",
    ),
    _count("usage_event_{value}_{window}d", "events", "events '{value}'", "usage", "stays"),
    Feature(
        "usage_events_trend_28d",
        "ratio",
        "events per day in the last 28 days over those in the last 91; below 1 is slowing down",
        "usage",
        "stays",
    ),
    Feature(
        "usage_events_trend_91d",
        "ratio",
        "events per day in the last 91 days over those in the last 364; below 1 is slowing down",
        "usage",
        "stays",
    ),
    Feature(
        "usage_active_days_trend_28d",
        "ratio",
        "share of days in use in the last 28 days over that in the last 91",
        "usage",
        "stays",
    ),
    Feature("usage_days_since_last", "days", "days since the last event", "usage", "leaves"),
    Feature("usage_days_since_first", "days", "days since the first event", "usage", "stays"),
)
_TICKETS = (
    _count("tickets_opened_{window}d", "tickets", "tickets opened", "tickets", "leaves"),
    _count("tickets_category_{value}_{window}d", "tickets", "tickets about '{value}'", "tickets"),
    _count(
        "tickets_priority_{value}_{window}d", "tickets", "tickets of priority '{value}'", "tickets"
    ),
    _count("tickets_open", "tickets", "tickets still open", "tickets", "leaves"),
    Feature(
        "tickets_open_days_longest",
        "days",
        "days that the oldest open ticket has been open",
        "tickets",
        "leaves",
    ),
    Feature("tickets_days_since_last", "days", "days since the last ticket", "tickets"),
    Feature(
        "tickets_first_response_hours_{window}d",
        "hours",
        "mean time to the first response",
        "tickets",
        "leaves",
    ),
    Feature(
        "tickets_resolution_hours_{window}d", "hours", "mean time to resolve", "tickets", "leaves"
    ),
    Feature(
        "tickets_first_contact_resolution_{window}d",
        "percent",
        "share of resolved tickets that took one contact and stayed closed",
        "tickets",
        "stays",
    ),
    Feature(
        "tickets_contacts_mean_{window}d",
        "contacts",
        "mean contacts per resolved ticket",
        "tickets",
        "leaves",
    ),
    Feature(
        "tickets_reopened_share_{window}d",
        "percent",
        "share of resolved tickets that were reopened",
        "tickets",
        "leaves",
    ),
    Feature(
        "tickets_handle_minutes_mean_{window}d",
        "minutes",
        "mean handling time of a resolved ticket",
        "tickets",
    ),
)
_INSTRUMENTS: tuple[tuple[str, str, Direction], ...] = (
    ("nps", "recommendation score (0-10)", "stays"),
    ("csat", "satisfaction score (1-5)", "stays"),
    # companies word the effort question both ways round
    ("ces", "effort score (1-7)", "unclear"),
    ("ins", "net satisfaction answer (1-5)", "stays"),
)
_SURVEYS = (
    _count("surveys_answered_{window}d", "surveys", "surveys answered", "satisfaction", "stays"),
    _count(
        "surveys_unanswered_{window}d",
        "surveys",
        "surveys sent and not answered",
        "satisfaction",
        "leaves",
    ),
    Feature("surveys_days_since_last", "days", "days since the last answer", "satisfaction"),
    *(
        feature
        for name, score, more in _INSTRUMENTS
        for feature in (
            Feature(f"surveys_{name}_last", "score", f"last {score}", "satisfaction", more),
            Feature(
                f"surveys_{name}_mean_{{window}}d", "score", f"mean {score}", "satisfaction", more
            ),
            Feature(
                f"surveys_{name}_change",
                "score",
                f"last {score} minus the one before",
                "satisfaction",
                more,
            ),
            Feature(
                f"surveys_{name}_days_since_last",
                "days",
                f"days since the last {score}",
                "satisfaction",
            ),
        )
    ),
)
_ORDERS = (
    _count("orders_count_{window}d", "orders", "orders", "orders", "stays"),
    _count("orders_days_{window}d", "days", "days with an order", "orders", "stays"),
    _count("orders_spend_{window}d", "currency", "money spent", "orders", "stays"),
    _count("orders_refunds_{window}d", "refunds", "refunds", "orders", "leaves"),
    _count("orders_refund_amount_{window}d", "currency", "money refunded", "orders", "leaves"),
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
_SUBSCRIPTIONS = (
    _count("subscriptions_active", "subscriptions", "active subscriptions", "billing", "stays"),
    _count("subscriptions_terms", "terms", "terms so far", "billing", "stays"),
    Feature("subscriptions_plan", "category", "current plan", "billing"),
    Feature(
        "subscriptions_monthly_amount", "currency", "what all active plans cost a month", "billing"
    ),
    Feature(
        "subscriptions_monthly_amount_change",
        "currency",
        "change of the monthly amount when the current term began",
        "billing",
        "leaves",
    ),
    _count("subscriptions_plan_changes", "changes", "changes of plan so far", "billing"),
    Feature(
        "subscriptions_tenure_days",
        "days",
        "days since the first subscription began",
        "billing",
        "stays",
    ),
    Feature("subscriptions_term_days", "days", "days since the current term began", "billing"),
    Feature(
        "subscriptions_days_to_renewal", "days", "days until the current term renews", "billing"
    ),
)
_CUSTOMERS = (
    Feature("customers_days_since_signup", "days", "days since signing up", "customer", "stays"),
    Feature("customers_{value}", "as recorded", "{value}, as the company records it", "customer"),
)
ENTRIES: tuple[Feature, ...] = (
    *_USAGE,
    *_TICKETS,
    *_SURVEYS,
    *_ORDERS,
    *_SUBSCRIPTIONS,
    *_CUSTOMERS,
)
"""All entries; the first whose pattern fits a column describes it."""
