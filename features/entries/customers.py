"""What do the columns of customers mean?"""

from __future__ import annotations

from features.entries.feature import Feature

CUSTOMERS: tuple[Feature, ...] = (
    Feature("customers_days_since_signup", "days", "days since signing up", "customer", "stays"),
    Feature("customers_{value}", "as recorded", "{value}, as the company records it", "customer"),
)
