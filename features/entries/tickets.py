"""What do the columns of tickets mean?"""

from __future__ import annotations

from features.entries.feature import Direction, Feature, count


def _count(name: str, meaning: str, more: Direction = "leaves") -> Feature:
    return count(f"tickets_{name}", "tickets", meaning, "tickets", more)


def _value(name: str, unit: str, meaning: str, more: Direction = "leaves") -> Feature:
    return Feature(f"tickets_{name}", unit, meaning, "tickets", more)


_OPENED = (
    _count("opened_{window}d", "tickets opened"),
    _value(
        "opened_trend_28d",
        "ratio",
        "tickets per day in the last 28 days over those in the last 91; above 1 is growing",
    ),
    _value(
        "opened_trend_91d",
        "ratio",
        "tickets per day in the last 91 days over those in the last 364; above 1 is growing",
    ),
    count("tickets_active_weeks_{window}d", "weeks", "weeks with a ticket", "tickets", "leaves"),
    _value(
        "active_weeks_share_{window}d",
        "percent",
        "share of the weeks since the first ticket in which there was one,",
    ),
    _value("days_since_last", "days", "days since the last ticket", "unclear"),
    _value("days_since_first", "days", "days since the first ticket", "unclear"),
)
_KINDS = (
    _count("category_{value}_{window}d", "tickets about '{value}'", "unclear"),
    _count("channel_{value}_{window}d", "tickets that came by '{value}'", "unclear"),
    _count("priority_{value}_{window}d", "tickets of priority '{value}'", "unclear"),
    count(
        "tickets_categories_{window}d",
        "categories",
        "different subjects of tickets",
        "tickets",
        "leaves",
    ),
    _count("repeated_{window}d", "tickets about a subject that had already been reported"),
)
_WAITING = (
    _count("open", "tickets still open"),
    _value("open_days_longest", "days", "days that the oldest open ticket has been open"),
    _value("open_days_mean", "days", "mean days that the open tickets have been open"),
    _count("open_urgent", "tickets of the most urgent priority still open"),
    _count("unanswered", "open tickets without a first response"),
    _value(
        "unanswered_days_longest",
        "days",
        "days that the oldest ticket without a first response has waited",
    ),
)
_HANDLED = (
    _value("first_response_hours_{window}d", "hours", "mean time to the first response"),
    _value(
        "first_response_hours_change_91d",
        "hours",
        "mean time to the first response in the last 91 days less that in the last 364",
    ),
    _value("resolution_hours_{window}d", "hours", "mean time to resolve"),
    _value(
        "resolution_hours_change_91d",
        "hours",
        "mean time to resolve in the last 91 days less that in the last 364",
    ),
    _value("resolution_hours_longest_{window}d", "hours", "longest time to resolve"),
    _value(
        "first_contact_resolution_{window}d",
        "percent",
        "share of resolved tickets that took one contact and stayed closed",
        "stays",
    ),
    _value("contacts_mean_{window}d", "contacts", "mean contacts per resolved ticket"),
    _value("contacts_most_{window}d", "contacts", "most contacts that one resolved ticket took"),
    _value(
        "handle_minutes_mean_{window}d",
        "minutes",
        "mean handling time of a resolved ticket",
        "unclear",
    ),
    count(
        "tickets_handle_minutes_{window}d",
        "minutes",
        "total handling time of resolved tickets",
        "tickets",
        "leaves",
    ),
    _value("reopened_share_{window}d", "percent", "share of resolved tickets that were reopened"),
    _count("reopened_{window}d", "tickets that were reopened"),
    _value("escalated_share_{window}d", "percent", "share of resolved tickets that were escalated"),
    _count("escalated_{window}d", "tickets that were escalated"),
    _count(
        "bad_{window}d",
        "tickets that ended badly: escalated, reopened, or twice as slow as usual,",
    ),
    _value(
        "days_since_bad",
        "days",
        "days since a ticket ended badly: escalated, reopened, or twice as slow as usual",
        "stays",
    ),
)
TICKETS: tuple[Feature, ...] = (*_OPENED, *_KINDS, *_WAITING, *_HANDLED)
