"""What do the columns of usage mean?"""

from __future__ import annotations

from features.entries.feature import Feature, count

USAGE: tuple[Feature, ...] = (
    count("usage_events_{window}d", "events", "events", "usage", "stays"),
    count("usage_active_days_{window}d", "days", "days with an event", "usage", "stays"),
    count("usage_active_weeks_{window}d", "weeks", "weeks with an event", "usage", "stays"),
    count("usage_quantity_{window}d", "units", "total quantity used", "usage", "stays"),
    count("usage_duration_seconds_{window}d", "seconds", "total time in use", "usage", "stays"),
    count(
        "usage_distinct_events_{window}d",
        "kinds",
        "different kinds of event, of the most frequent ones",
        "usage",
        "stays",
    ),
    count("usage_event_{value}_{window}d", "events", "events '{value}'", "usage", "stays"),
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
