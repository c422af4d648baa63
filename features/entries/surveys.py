"""What do the columns of surveys mean?"""

from __future__ import annotations

from features.entries.feature import Direction, Feature, count

_INSTRUMENTS: tuple[tuple[str, str, Direction], ...] = (
    ("nps", "recommendation score (0-10)", "stays"),
    ("csat", "satisfaction score (1-5)", "stays"),
    # companies word the effort question both ways round
    ("ces", "effort score (1-7)", "unclear"),
    ("ins", "net satisfaction answer (1-5)", "stays"),
)
SURVEYS: tuple[Feature, ...] = (
    count("surveys_answered_{window}d", "surveys", "surveys answered", "satisfaction", "stays"),
    count(
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
