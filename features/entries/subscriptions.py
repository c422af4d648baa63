"""What do the columns of subscriptions mean?"""

from __future__ import annotations

from features.entries.feature import Direction, Feature, count


def _count(name: str, unit: str, meaning: str, more: Direction = "unclear") -> Feature:
    return count(f"subscriptions_{name}", unit, meaning, "billing", more)


def _value(name: str, unit: str, meaning: str, more: Direction = "unclear") -> Feature:
    return Feature(f"subscriptions_{name}", unit, meaning, "billing", more)


_TENURE = (
    _count("active", "subscriptions", "active subscriptions", "stays"),
    _count("terms", "terms", "terms so far", "stays"),
    _count("terms_{window}d", "terms", "terms begun"),
    _value("tenure_days", "days", "days since the first subscription began", "stays"),
    _value("term_days", "days", "days since the current term began"),
    _value("term_days_longest", "days", "days that the longest term lasted or has lasted", "stays"),
    _value("term_days_mean", "days", "mean days that the terms lasted or have lasted", "stays"),
    _value("days_to_renewal", "days", "days until the current term renews"),
    _value(
        "term_share_gone",
        "percent",
        "share of the current term that is over; above 100 it should have been renewed",
    ),
)
_ENDS = (
    _count("cancelled", "terms", "subscriptions cancelled so far, moves not counted", "leaves"),
    _count("cancelled_{window}d", "terms", "subscriptions cancelled", "leaves"),
    _value("days_since_cancelled", "days", "days since a subscription was cancelled", "stays"),
    _count(
        "cancelled_early",
        "terms",
        "subscriptions cancelled within 91 days of their start",
        "leaves",
    ),
    _count("cancelled_for_{value}", "terms", "subscriptions that ended for '{value}'", "leaves"),
    _count("comebacks", "times", "times that the customer came back after a pause"),
    _count("paused_days", "days", "days without any subscription between two of them", "leaves"),
    _value("paused_days_longest", "days", "days of the longest pause between two subscriptions"),
)
_PLANS = (
    _value("plan", "category", "current plan"),
    _count("plan_changes", "changes", "changes of plan so far"),
    _value("days_since_plan_change", "days", "days since the plan last changed"),
    _count("plans_active", "plans", "different plans active at once", "stays"),
)
_AMOUNTS = (
    _value("monthly_amount", "currency", "what all active plans cost a month"),
    _value(
        "monthly_amount_change",
        "currency",
        "change of the monthly amount when the current term began",
        "leaves",
    ),
    _value("amount_over_first", "ratio", "monthly amount of the current term over the first one"),
    _value(
        "amount_over_usual",
        "ratio",
        "monthly amount over what others pay for the same plan",
        "leaves",
    ),
    _count("moves_up", "changes", "times that a term cost more than the one before"),
    _count("moves_down", "changes", "times that a term cost less than the one before", "leaves"),
    _value("days_since_price_change", "days", "days since a term began at another price"),
)
SUBSCRIPTIONS: tuple[Feature, ...] = (*_TENURE, *_ENDS, *_PLANS, *_AMOUNTS)
