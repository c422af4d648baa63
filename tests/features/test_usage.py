"""Usage features by hand."""

from __future__ import annotations

import math
import random
from datetime import date
from typing import Any

import ibis
import pytest

from features.build import learn_spec
from features.spec import FeatureSpec
from features.usage import BLOCK, BLOCKS, RINGS, WEEK, YEAR, _placed, usage_features, usage_seen
from features.windows import WINDOWS
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, Rows, features, one, row


@pytest.fixture(scope="module")
def spec() -> FeatureSpec:
    """Of a company that logs in and exports, with quantities."""
    rows = [row("usage", 3, event=each, quantity=1.0) for each in ("login", "login", "export")]
    return learn_spec(worlds.histories({"usage": rows}), [CUTOFF])


def of(rows: Rows, spec: FeatureSpec, cutoff: date = CUTOFF) -> dict[str, Any]:
    """The usage features of the one customer of the rows, their names without the history."""
    [found] = worlds.built("usage", rows, [cutoff], spec).to_dict("records")
    return {name.removeprefix("usage_"): value for name, value in found.items()}


def on_days(*days: int, event: str = "login") -> Rows:
    return [row("usage", day, event=event) for day in days]


def test_every_age_lies_in_the_ring_that_its_number_names() -> None:
    ages = ibis.memtable({"age": list(range(500))})
    found = _placed(ages, {"event": (), "filled": ()}).order_by("age").to_pyarrow()["ring"]
    assert found.to_pylist() == [sum(end <= age for end in RINGS) for age in range(500)]
    edges = {*WINDOWS, *range(WEEK, 92, WEEK), *range(4 * BLOCK, YEAR + 1, BLOCK)}
    assert set(RINGS) == edges


def test_even_use_has_no_variation_and_no_slope(spec: FeatureSpec) -> None:
    found = of(on_days(*range(1, BLOCKS * BLOCK + 1)), spec)
    for name in ("weekly", "monthly"):
        assert (found[f"{name}_variation"], found[f"{name}_slope"]) == (0, 0)


def test_the_slope_is_the_change_per_block_as_a_share_of_the_mean(spec: FeatureSpec) -> None:
    # 3, 2 and 1 events in the last three stretches of 28 days, the newest first
    found = of(on_days(1, 2, 3, 29, 30, 84), spec)
    assert found["monthly_slope"] == pytest.approx(0.5)
    assert found["monthly_variation"] == pytest.approx(0.5)


def test_unevenness_is_missing_before_two_blocks_are_over(spec: FeatureSpec) -> None:
    assert math.isnan(of(on_days(1, 55), spec)["monthly_slope"])
    assert of(on_days(1, 56), spec)["monthly_slope"] == 0
    assert math.isnan(of(on_days(400), spec)["monthly_variation"])


def test_runs_of_weeks_are_counted_from_the_first_event_on(spec: FeatureSpec) -> None:
    # weeks before the cutoff, 0 the newest: active in 0, 1, 4, 5, 6 and 9
    found = of(on_days(*(7 * week + 1 for week in (0, 1, 4, 5, 6, 9))), spec)
    assert found["active_weeks_streak"] == 2
    assert found["active_weeks_longest"] == 3
    assert found["silent_weeks_longest"] == 2
    assert found["week_switches"] == 4
    assert found["active_weeks_share"] == 60
    assert found["gap_weeks_mean"] == pytest.approx(9 / 5)


@pytest.mark.parametrize("weeks", [1, 31, 32, 51, 52, 60])
def test_a_run_of_any_length_is_measured_up_to_a_year(weeks: int, spec: FeatureSpec) -> None:
    found = of(on_days(*(7 * week + 1 for week in range(weeks))), spec)
    assert found["active_weeks_streak"] == found["active_weeks_longest"] == min(52, weeks)
    assert found["silent_weeks_longest"] == found["week_switches"] == 0


def test_a_customer_silent_for_a_year_has_one_long_silence(spec: FeatureSpec) -> None:
    found = of(on_days(365, 400), spec)
    assert found["active_weeks_longest"] == found["active_weeks_streak"] == 0
    assert found["silent_weeks_longest"] == 52
    assert math.isnan(found["gap_days_mean"])
    assert math.isnan(found["silence_over_gap"])


def test_silence_is_measured_against_the_own_gap(spec: FeatureSpec) -> None:
    found = of(on_days(10, 12, 12, 16), spec)
    assert (found["gap_days_mean"], found["silence_over_gap"]) == (3, pytest.approx(10 / 3))


def test_the_best_month_and_the_share_of_the_last_one(spec: FeatureSpec) -> None:
    found = of(on_days(1, 29, 30, 31, 56, 57, 400), spec)
    assert (found["events_best_month"], found["events_share_of_best_month"]) == (4, 25)
    assert found["events_rate_change"] == pytest.approx(1 / 28 / (7 / 400), abs=1e-6)


def test_kinds_that_stopped_and_kinds_that_began(spec: FeatureSpec) -> None:
    found = of(on_days(1) + on_days(30, 91, event="export"), spec)
    assert (found["stopped_events"], found["begun_events"]) == (1, 1)
    assert (found["distinct_events_28d"], found["distinct_events_91d"]) == (1, 2)
    assert found["event_export_days_since_last"] == 30
    older = of(on_days(1, event="export") + on_days(92), spec)
    assert (older["stopped_events"], older["begun_events"]) == (0, 1)
    assert older["event_login_days_since_last"] == 92


def test_a_roll_up_counts_as_the_events_that_it_stands_for() -> None:
    rng = random.Random(1)
    rows = worlds.random_world(1, 80, histories=["usage"])["usage"]
    weights = [rng.randrange(1, 5) for _ in rows]
    events = [each for each, weight in zip(rows, weights, strict=True) for each in [each] * weight]
    rolled = ibis.memtable(worlds.arrow("usage", rows).append_column("events", [weights]))
    raw = worlds.table("usage", events)
    seen = {"event": usage_seen(rolled)["event"], "filled": ()}
    assert seen["event"] == usage_seen(raw)["event"]
    one, two = (
        usage_features(each, [LAST], seen).order_by("customer_id").to_pandas()
        for each in (rolled, raw)
    )
    assert one.equals(two)


@pytest.mark.parametrize("window", [7, 28, 91, 182, 364])
def test_a_window_holds_its_first_day_and_not_the_day_before(
    window: int, spec: FeatureSpec
) -> None:
    assert of(on_days(window, window + 1), spec)[f"events_{window}d"] == 1


def test_active_days_count_a_day_once(spec: FeatureSpec) -> None:
    found = of(on_days(1, 1, 7, 8, 28, 62, 63, 91, 92), spec)
    assert [found[f"active_days_{days}d"] for days in (7, 28, 91)] == [2, 4, 7]


def test_active_weeks_count_a_week_before_the_cutoff_once(spec: FeatureSpec) -> None:
    found = of(on_days(1, 7, 8, 182, 183, 364, 365), spec)
    assert [found[f"active_weeks_{days}d"] for days in (91, 182, 364)] == [2, 3, 5]


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


def test_a_newcomer_who_uses_steadily_has_trend_1(spec: FeatureSpec) -> None:
    found = of(on_days(*range(1, 15)), spec)
    trends = [found[f"events_trend_{days}d"] for days in (7, 28, 91)]
    assert [*trends, found["active_days_trend_28d"]] == [1] * 4


def test_the_trend_is_below_1_for_a_customer_who_slows_down(spec: FeatureSpec) -> None:
    found = of(on_days(1, 40, 50, 91), spec)
    assert found["events_trend_28d"] == pytest.approx(91 / 28 / 4, abs=1e-6)


def test_amounts_are_summed_and_amounts_never_recorded_make_no_column() -> None:
    rows = [row("usage", days, quantity=1.5) for days in (1, 28, 29)]
    frame = features({"usage": rows}).iloc[0]
    assert [frame["usage_quantity_28d"], frame["usage_quantity_91d"]] == [3.0, 4.5]
    assert not [name for name in frame.index if "duration" in name]


def test_days_since_yesterday_are_1(spec: FeatureSpec) -> None:
    found = of(on_days(1, 500), spec)
    assert (found["days_since_last"], found["days_since_first"]) == (1, 500)
