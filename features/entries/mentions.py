"""What do the columns of mentions mean?"""

from __future__ import annotations

from features.entries.feature import Feature, count

MENTIONS: tuple[Feature, ...] = (
    count("mentions_count_{window}d", "mentions", "public mentions", "satisfaction"),
    count(
        "mentions_network_{value}_{window}d",
        "mentions",
        "public mentions on '{value}'",
        "satisfaction",
    ),
    count(
        "mentions_negative_{window}d",
        "mentions",
        "negative public mentions",
        "satisfaction",
        "leaves",
    ),
    count(
        "mentions_positive_{window}d",
        "mentions",
        "positive public mentions",
        "satisfaction",
        "stays",
    ),
    Feature(
        "mentions_negative_share_{window}d",
        "percent",
        "share of the public mentions that are negative",
        "satisfaction",
        "leaves",
    ),
    Feature(
        "mentions_sentiment_mean_{window}d",
        "score",
        "mean sentiment of the public mentions",
        "satisfaction",
        "stays",
    ),
    Feature(
        "mentions_sentiment_last",
        "score",
        "sentiment of the last public mention",
        "satisfaction",
        "stays",
    ),
    Feature(
        "mentions_sentiment_worst_{window}d",
        "score",
        "sentiment of the worst public mention",
        "satisfaction",
        "stays",
    ),
    Feature(
        "mentions_sentiment_change_91d",
        "score",
        "mean sentiment of the public mentions in the last 91 days, less that in the last 364",
        "satisfaction",
        "stays",
    ),
    Feature(
        "mentions_sentiment_sd_{window}d",
        "score",
        "standard deviation of the sentiment of the public mentions",
        "satisfaction",
    ),
    Feature(
        "mentions_days_since_last", "days", "days since the last public mention", "satisfaction"
    ),
    Feature(
        "mentions_days_since_negative",
        "days",
        "days since the last negative public mention",
        "satisfaction",
        "stays",
    ),
)
