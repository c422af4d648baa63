"""Mention features by hand."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import pandas as pd
import pytest

from features.build import learn_spec
from features.spec import FeatureSpec
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, Row, Rows, at, features, row


def mention(days_before: int, sentiment: float | None = None, **fields: Any) -> Row:
    return row("mentions", days_before, sentiment=sentiment, **fields)


@cache
def spec() -> FeatureSpec:
    """Everything that a company may record of what is said of it."""
    rows = [mention(9, 1.0, network=name) for name in ("forum", "blog")]
    return learn_spec(worlds.histories({"mentions": rows}), [CUTOFF])


def built(rows: Rows) -> pd.Series:
    """The mention features of the one customer of these rows."""
    return worlds.built("mentions", rows, [CUTOFF], spec()).iloc[0]


def test_counts_by_window_and_network() -> None:
    rows = [mention(3, network="forum"), mention(60, network="forum"), mention(300, network="blog")]
    frame = built(rows)
    counts = [frame[f"mentions_count_{days}d"] for days in (7, 28, 91, 182, 364)]
    assert counts == [1, 1, 2, 2, 3]
    assert frame["mentions_network_forum_364d"] == 2
    assert frame["mentions_network_blog_364d"] == 1
    assert frame["mentions_days_since_last"] == 3


def test_the_mood_and_how_it_changed() -> None:
    rows = [mention(3), mention(10, -0.5), mention(20, 0.0), mention(200, 0.8), mention(500, -1.0)]
    frame = built(rows)
    assert frame["mentions_sentiment_last"] == -0.5
    assert frame["mentions_sentiment_worst_364d"] == -0.5
    assert frame["mentions_sentiment_mean_91d"] == -0.25
    assert frame["mentions_sentiment_mean_364d"] == pytest.approx(0.1)
    assert frame["mentions_sentiment_change_91d"] == pytest.approx(-0.35)
    assert frame["mentions_sentiment_sd_364d"] == pytest.approx(math.sqrt(0.86 / 2), abs=1e-6)


def test_negative_and_positive_mentions() -> None:
    rows = [mention(3), mention(10, -0.5), mention(20, 0.0), mention(200, 0.8), mention(500, -1.0)]
    frame = built(rows)
    assert [frame[f"mentions_negative_{days}d"] for days in (91, 364)] == [1, 1]
    assert [frame[f"mentions_positive_{days}d"] for days in (91, 364)] == [0, 1]
    assert frame["mentions_negative_share_91d"] == 50
    assert frame["mentions_days_since_negative"] == 10


def test_of_two_mentions_at_one_instant_the_worse_is_the_last() -> None:
    rows = [mention(3, mood, posted_at=at(LAST - 3)) for mood in (0.5, -0.5)]
    assert built(rows)["mentions_sentiment_last"] == -0.5


def test_a_mention_found_after_the_cutoff_is_not_known() -> None:
    rows = [mention(3, 0.5), mention(2, -1.0, known_day=LAST)]
    frame = built(rows)
    assert frame["mentions_count_7d"] == 1
    assert frame["mentions_sentiment_last"] == 0.5


def test_without_sentiment_there_are_only_counts() -> None:
    columns = list(features({"mentions": [mention(3)]}).columns)
    assert columns == [
        *(f"mentions_count_{days}d" for days in (7, 28, 91, 182, 364)),
        "mentions_days_since_last",
    ]
