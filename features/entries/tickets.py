"""What do the columns of tickets mean?"""

from __future__ import annotations

from features.entries.feature import Feature, count

TICKETS: tuple[Feature, ...] = (
    count("tickets_opened_{window}d", "tickets", "tickets opened", "tickets", "leaves"),
    count("tickets_category_{value}_{window}d", "tickets", "tickets about '{value}'", "tickets"),
    count(
        "tickets_priority_{value}_{window}d", "tickets", "tickets of priority '{value}'", "tickets"
    ),
    count("tickets_open", "tickets", "tickets still open", "tickets", "leaves"),
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
