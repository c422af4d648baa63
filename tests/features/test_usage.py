"""Usage features by hand."""

from __future__ import annotations

import math

import pytest

from tests.features.worlds import features, one, row


@pytest.mark.parametrize("window", [7, 28, 91, 182, 364])
def test_a_window_holds_its_first_day_and_not_the_day_before(window: int) -> None:
    rows = [row("usage", days, event="login") for days in (window, window + 1)]
    assert one({"usage": rows}, f"usage_events_{window}d") == 1


def test_active_days_count_a_day_once() -> None:
    rows = [row("usage", days) for days in (1, 1, 7, 8, 28, 62, 63, 91, 92)]
    frame = features({"usage": rows}).iloc[0]
    assert [frame[f"usage_active_days_{days}d"] for days in (7, 28, 91)] == [2, 4, 7]


def test_active_weeks_count_a_week_before_the_cutoff_once() -> None:
    rows = [row("usage", days) for days in (1, 7, 8, 182, 183, 364, 365)]
    frame = features({"usage": rows}).iloc[0]
    assert [frame[f"usage_active_weeks_{days}d"] for days in (182, 364)] == [3, 5]


def test_distinct_events_count_a_kind_once() -> None:
    kinds = [(1, "login"), (2, "login"), (40, "login"), (91, "export"), (92, "share"), (1, None)]
    rows = [row("usage", days, event=kind) for days, kind in kinds]
    frame = features({"usage": rows}).iloc[0]
    assert [frame[f"usage_distinct_events_{days}d"] for days in (28, 91)] == [1, 2]


def test_events_of_a_kind_are_counted_over_91_days() -> None:
    rows = [row("usage", days, event="Log in") for days in (1, 91, 92)]
    assert one({"usage": rows}, "usage_event_log_in_91d") == 2


def test_the_trend_is_1_for_steady_use_and_missing_without_any() -> None:
    steady = [row("usage", days) for days in range(1, 365)]
    long_ago = [row("usage", 400, customer="b")]
    frame = features({"usage": steady + long_ago})["usage_events_trend_28d"]
    assert frame.iloc[0] == 1.0
    assert math.isnan(frame.iloc[1])


def test_a_newcomer_who_uses_steadily_has_trend_1() -> None:
    frame = features({"usage": [row("usage", days) for days in range(1, 15)]}).iloc[0]
    assert frame["usage_events_trend_28d"] == frame["usage_active_days_trend_28d"] == 1
    assert frame["usage_events_trend_91d"] == 1


def test_the_trend_is_below_1_for_a_customer_who_slows_down() -> None:
    rows = [row("usage", days) for days in (1, 40, 50, 91)]
    assert one({"usage": rows}, "usage_events_trend_28d") == pytest.approx(91 / 28 / 4, abs=1e-6)


def test_amounts_are_summed_and_amounts_never_recorded_make_no_column() -> None:
    rows = [row("usage", days, quantity=1.5) for days in (1, 28, 29)]
    frame = features({"usage": rows}).iloc[0]
    assert [frame["usage_quantity_28d"], frame["usage_quantity_91d"]] == [3.0, 4.5]
    assert not [name for name in frame.index if "duration" in name]


def test_days_since_yesterday_are_1() -> None:
    frame = features({"usage": [row("usage", 1), row("usage", 500)]}).iloc[0]
    assert frame["usage_days_since_last"] == 1
    assert frame["usage_days_since_first"] == 500
