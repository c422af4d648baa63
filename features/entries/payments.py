"""What do the columns of payments mean?"""

from __future__ import annotations

from features.entries.feature import Direction, Feature, count


def _count(name: str, unit: str, meaning: str, more: Direction = "leaves") -> Feature:
    return count(f"payments_{name}", unit, meaning, "billing", more)


def _value(name: str, unit: str, meaning: str, more: Direction = "leaves") -> Feature:
    return Feature(f"payments_{name}", unit, meaning, "billing", more)


PAYMENTS: tuple[Feature, ...] = (
    _count("due_{window}d", "payments", "payments that fell due", "unclear"),
    _count("due_amount_{window}d", "currency", "money that fell due", "unclear"),
    _value(
        "due_amount_trend_91d",
        "ratio",
        "money due per day in the last 91 days over that in the last 364; above 1 is a rising bill",
        "unclear",
    ),
    _value("days_since_last_due", "days", "days since a payment last fell due", "unclear"),
    _count("late_{window}d", "payments", "payments paid late"),
    _value("late_share_{window}d", "percent", "share of the payments made that came late"),
    _value("days_late_mean_{window}d", "days", "mean days by which payments were late"),
    _value("days_late_longest_{window}d", "days", "most days by which a payment was late"),
    _value(
        "days_late_change_91d",
        "days",
        "mean days by which payments were late in the last 91 days less that in the last 364",
    ),
    _value("days_since_late", "days", "days since a late payment came in", "stays"),
    _value("days_since_paid", "days", "days since the last payment came in"),
    _count("unpaid", "payments", "payments due and not paid"),
    _count("unpaid_{window}d", "payments", "payments not paid of those that fell due"),
    _count("unpaid_amount", "currency", "money due and not paid"),
    _value("unpaid_days_longest", "days", "days that the oldest unpaid payment has been due"),
    _count("failed_{window}d", "payments", "payments that failed"),
    _value("failed_share_{window}d", "percent", "share of the payments due that failed"),
    _value("days_since_failed", "days", "days since a payment last failed", "stays"),
    _value(
        "failed_trend_91d",
        "ratio",
        "failed payments per day in the last 91 days over those in the last 364; "
        "above 1 is getting worse",
    ),
)
