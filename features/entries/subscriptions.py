"""What do the columns of subscriptions mean?"""

from __future__ import annotations

from features.entries.feature import Feature, count

SUBSCRIPTIONS: tuple[Feature, ...] = (
    count("subscriptions_active", "subscriptions", "active subscriptions", "billing", "stays"),
    count("subscriptions_terms", "terms", "terms so far", "billing", "stays"),
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
    count("subscriptions_plan_changes", "changes", "changes of plan so far", "billing"),
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
