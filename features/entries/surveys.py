"""What do the columns of surveys mean?"""

from __future__ import annotations

from collections.abc import Iterator

from features.entries.feature import Direction, Feature, count

_INSTRUMENTS: tuple[tuple[str, str, Direction], ...] = (
    ("nps", "recommendation score (0-10)", "stays"),
    ("csat", "satisfaction score (1-5)", "stays"),
    # companies word the effort question both ways round
    ("ces", "effort score (1-7)", "unclear"),
    ("ins", "net satisfaction answer (1-5)", "stays"),
)


def _count(name: str, meaning: str, more: Direction) -> Feature:
    return count(f"surveys_{name}", "surveys", meaning, "satisfaction", more)


def _value(name: str, unit: str, meaning: str, more: Direction = "unclear") -> Feature:
    return Feature(f"surveys_{name}", unit, meaning, "satisfaction", more)


def _instrument(name: str, score: str, more: Direction) -> Iterator[Feature]:
    yield _value(f"{name}_last", "score", f"last {score}", more)
    yield _value(f"{name}_mean_{{window}}d", "score", f"mean {score}", more)
    yield _value(f"{name}_change", "score", f"last {score} minus the one before", more)
    yield _value(f"{name}_change_since_first", "score", f"last {score} minus the first one", more)
    yield _value(
        f"{name}_trend_91d",
        "score",
        f"mean {score} in the last 91 days less that in the last 364",
        more,
    )
    yield _value(f"{name}_lowest_{{window}}d", "score", f"lowest {score}", more)
    yield _count(f"{name}_answered_{{window}}d", f"surveys answered with a {score}", "stays")
    yield _value(f"{name}_days_since_last", "days", f"days since the last {score}")


SURVEYS: tuple[Feature, ...] = (
    _count("answered_{window}d", "surveys answered", "stays"),
    _value("days_since_last", "days", "days since the last answer"),
    _count("comments_{window}d", "surveys answered with a comment", "unclear"),
    _value("days_since_comment", "days", "days since the last comment in a survey"),
    _count("touchpoint_{value}_{window}d", "surveys answered about '{value}'", "unclear"),
    _count("unanswered_{window}d", "surveys sent and not answered", "leaves"),
    _count("unanswered_in_row", "surveys sent and not answered since the last answer", "leaves"),
    _value(
        "silent_days",
        "days",
        "days since the first survey that went unanswered after the last answer",
        "leaves",
    ),
    _value("days_since_unanswered", "days", "days since a survey was sent that is not answered"),
    _value("response_rate_{window}d", "percent", "share answered of the surveys sent", "stays"),
    _value("answer_days_{window}d", "days", "mean days from a survey to its answer", "leaves"),
    _count("nps_promoter_{window}d", "answers of a promoter (9 or 10 of 10)", "stays"),
    _count("nps_detractor_{window}d", "answers of a detractor (6 or less of 10)", "leaves"),
    *(feature for each in _INSTRUMENTS for feature in _instrument(*each)),
)
