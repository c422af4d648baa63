"""What do the columns of usage mean?"""

from __future__ import annotations

from features.entries.feature import Direction, Feature, count


def _measure(name: str, unit: str, meaning: str, more: Direction) -> Feature:
    return Feature(f"usage_{name}", unit, meaning, "usage", more)


def _count(name: str, unit: str, meaning: str, more: Direction = "stays") -> Feature:
    return count(f"usage_{name}", unit, meaning, "usage", more)


_LEVELS = (
    _count("events_{window}d", "events", "events"),
    _count("active_days_{window}d", "days", "days with an event"),
    _count("active_weeks_{window}d", "weeks", "weeks with an event"),
    _count("quantity_{window}d", "units", "total quantity used"),
    _count("duration_seconds_{window}d", "seconds", "total time in use"),
    _measure("quantity_per_event_{window}d", "units", "quantity per event", "stays"),
    _measure("duration_seconds_per_event_{window}d", "seconds", "time per event", "stays"),
)

_TRENDS = (
    _measure(
        "events_trend_7d",
        "ratio",
        "events per day in the last 7 days over those in the last 28; below 1 is slowing down",
        "stays",
    ),
    _measure(
        "events_trend_28d",
        "ratio",
        "events per day in the last 28 days over those in the last 91; below 1 is slowing down",
        "stays",
    ),
    _measure(
        "events_trend_91d",
        "ratio",
        "events per day in the last 91 days over those in the last 364; below 1 is slowing down",
        "stays",
    ),
    _measure(
        "active_days_trend_28d",
        "ratio",
        "share of days in use in the last 28 days over that in the last 91",
        "stays",
    ),
    _measure(
        "quantity_trend_28d",
        "ratio",
        "quantity per day in the last 28 days over that in the last 91",
        "stays",
    ),
    _measure(
        "duration_seconds_trend_28d",
        "ratio",
        "time in use per day in the last 28 days over that in the last 91",
        "stays",
    ),
    _measure(
        "weekly_slope",
        "per week",
        "change of weekly events over the last 13 weeks, as a share of their mean",
        "stays",
    ),
    _measure(
        "monthly_slope",
        "per 28 days",
        "change of events per 28 days over the last 364, as a share of their mean",
        "stays",
    ),
    _measure(
        "events_rate_change",
        "ratio",
        "events per day in the last 28 days over those since the first event",
        "stays",
    ),
    _count("events_best_month", "events", "events in the best of the last 13 times 28 days"),
    _measure(
        "events_share_of_best_month",
        "percent",
        "events in the last 28 days, of those in the best of the last 13 times 28 days",
        "stays",
    ),
)

_REGULARITY = (
    _measure(
        "weekly_variation",
        "ratio",
        "how uneven weekly events were over 13 weeks: standard deviation over mean",
        "leaves",
    ),
    _measure(
        "monthly_variation",
        "ratio",
        "how uneven events per 28 days were over 364 days: standard deviation over mean",
        "leaves",
    ),
    _measure("days_since_last", "days", "days since the last event", "leaves"),
    _measure("days_since_first", "days", "days since the first event", "stays"),
    _measure("gap_days_mean", "days", "mean gap between days in use in the last 91 days", "leaves"),
    _measure(
        "gap_weeks_mean", "weeks", "mean gap between weeks in use in the last 364 days", "leaves"
    ),
    _measure(
        "silence_over_gap",
        "ratio",
        "days since the last event over the mean gap between the customer's own days in use",
        "leaves",
    ),
    _measure(
        "active_weeks_share",
        "percent",
        "weeks with an event, of the last 52 or those since the first event",
        "stays",
    ),
    _count("active_weeks_streak", "weeks", "weeks in a row with an event, up to the newest"),
    _count("active_weeks_longest", "weeks", "most weeks in a row with an event in the last 52"),
    _measure(
        "silent_weeks_longest",
        "weeks",
        "most weeks in a row without an event in the last 52, since the first event",
        "leaves",
    ),
    _count(
        "week_switches",
        "times",
        "changes between weeks with and without an event in the last 52",
        "unclear",
    ),
)

_KINDS = (
    _count(
        "distinct_events_{window}d",
        "kinds",
        "different kinds of event, of the most frequent ones",
    ),
    _count(
        "stopped_events",
        "kinds",
        "kinds of event used 29 to 91 days before, and not in the last 28 days",
        "leaves",
    ),
    _count(
        "begun_events",
        "kinds",
        "kinds of event used in the last 28 days, and not 29 to 91 days before",
    ),
    _count("event_{value}_{window}d", "events", "events '{value}'"),
    _measure(
        "event_{value}_days_since_last", "days", "days since the last event '{value}'", "leaves"
    ),
)

USAGE: tuple[Feature, ...] = (*_LEVELS, *_TRENDS, *_REGULARITY, *_KINDS)
