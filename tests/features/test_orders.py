"""Order features by hand."""

from __future__ import annotations

import math
from datetime import timedelta
from functools import cache
from typing import Any

import pandas as pd
import pytest

from features.build import learn_spec
from features.orders import _PRIOR_GAPS
from features.spec import FeatureSpec
from features.vocabulary import ENTRIES
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, Row, Rows, features, row


def order(days_before: int, amount: float = 10.0, **fields: Any) -> Row:
    return row("orders", days_before, amount=amount, **fields)


@cache
def spec() -> FeatureSpec:
    """Everything that a company may record of its orders."""
    whole = {"discount": 1.0, "margin": 1.0, "channel": "web"}
    rows = [order(9, category=name, **whole) for name in ("tea", "mugs", "pots")]
    return learn_spec(worlds.histories({"orders": rows}), [CUTOFF])


def built(rows: Rows) -> pd.Series:
    """The order features of the one customer of these rows."""
    return worlds.built("orders", rows, [CUTOFF], spec()).iloc[0]


def test_spend_counts_and_days_by_window() -> None:
    frame = built([order(7, 5.0), order(7, 6.0), order(8, 7.0), order(365)])
    assert [frame[f"orders_{name}_7d"] for name in ("count", "days", "spend")] == [2, 1, 11]
    assert [frame[f"orders_{name}_28d"] for name in ("count", "days", "spend")] == [3, 2, 18]
    assert frame["orders_count_364d"] == 3
    assert frame["orders_average_value_364d"] == 6


def test_gaps_run_between_days_with_an_order() -> None:
    frame = built([order(30), order(30), order(20), order(4)])
    assert frame["orders_gap_days_mean"] == 13
    assert frame["orders_gap_days_sd"] == pytest.approx(math.sqrt(18), abs=1e-6)
    assert frame["orders_days_since_last"] == 4
    assert frame["orders_days_since_last_over_gap"] == pytest.approx(4 / 13, abs=1e-6)


def test_one_order_has_no_gap() -> None:
    frame = built([order(30)])
    assert math.isnan(frame["orders_gap_days_mean"])
    assert math.isnan(frame["orders_days_since_last_over_gap"])


def test_the_btyd_quantities_are_columns() -> None:
    frame = built([order(30, 1.0), order(10, 5.0)])
    names = ["orders_frequency", "orders_recency", "orders_T", "orders_monetary_value"]
    assert list(frame[names]) == [1, 20, 29, 5]


def test_a_refund_is_a_negative_amount_or_an_order_refunded_before_the_cutoff() -> None:
    rows = [
        order(20, -3.0),
        order(500, 10.0, refunded_day=LAST - 1),
        order(20, 7.0, refunded_day=LAST),
        order(20, 100.0),
    ]
    frame = built(rows)
    assert frame["orders_refunds_91d"] == 2
    assert frame["orders_refund_amount_91d"] == 13
    assert frame["orders_count_91d"] == 2


def test_a_customer_with_refunds_only_has_no_order() -> None:
    frame = built([order(3, -5.0)])
    assert frame["orders_count_364d"] == 0
    assert frame["orders_refunds_364d"] == 1
    assert math.isnan(frame["orders_frequency"])
    assert math.isnan(frame["orders_monetary_value"])


def test_an_order_of_nothing_is_a_purchase_and_no_refund() -> None:
    frame = built([order(30), order(20), order(4, 0.0)])
    assert frame["orders_count_28d"] == 2
    assert frame["orders_days_since_last"] == 4
    assert frame["orders_last_gap_over_gap"] == pytest.approx(16 / 13, abs=1e-6)
    assert frame["orders_gaps_shorter_share"] == 0
    assert frame["orders_refunds_364d"] == 0


def test_trends_compare_daily_rates_and_a_newcomer_is_not_a_growing_customer() -> None:
    rows = [order(days, 10.0) for days in (5, 300)]
    frame = built(rows)
    assert frame["orders_count_trend_28d"] == pytest.approx((1 / 28) / (1 / 91), abs=1e-6)
    assert frame["orders_spend_trend_91d"] == pytest.approx((10 / 91) / (20 / 300), abs=1e-6)
    assert frame["orders_spend_91d_over_life"] == frame["orders_spend_trend_91d"]
    newcomer = built([order(5)])
    assert newcomer["orders_count_trend_91d"] == newcomer["orders_spend_trend_28d"] == 1


def test_the_present_silence_is_measured_by_the_customers_own_gaps() -> None:
    # gaps of 10, 20 and 30 days, and 24 days of silence
    frame = built([order(days) for days in (84, 74, 54, 24)])
    assert frame["orders_gap_days_longest"] == 30
    assert frame["orders_last_gap_over_gap"] == 1.5
    assert frame["orders_gap_variation"] == 0.5
    assert frame["orders_gaps_shorter_share"] == pytest.approx(200 / 3, abs=1e-6)
    # three gaps that deviate by 200 in all, and two prior ones that deviate by the mean
    usual = math.sqrt((200 + 2 * 20**2) / (2 + 2))
    assert frame["orders_days_since_last_z"] == pytest.approx(4 / usual, abs=1e-6)


def test_the_meaning_of_the_deviation_names_the_gaps_that_are_added() -> None:
    [entry] = [entry for entry in ENTRIES if entry.name == "orders_days_since_last_z"]
    assert _PRIOR_GAPS == 2
    assert "own gaps and two imagined ones" in entry.meaning


def test_of_one_gap_the_deviation_is_taken_to_be_its_length() -> None:
    frame = built([order(50), order(40)])
    assert frame["orders_days_since_last_z"] == pytest.approx(30 / 10, abs=1e-6)
    assert math.isnan(frame["orders_gap_days_sd"])


def test_clockwork_orders_have_no_variation() -> None:
    frame = built([order(days, 0.1) for days in range(14, 380, 14)])
    names = ["gap_days_sd", "gap_variation", "value_sd", "value_variation"]
    assert list(frame[[f"orders_{name}" for name in names]]) == [0, 0, 0, 0]


def test_order_values_vary_as_the_textbook_says() -> None:
    rows = [order(days, value) for days, value in ((90, 1e6), (60, 1e6 + 1), (30, 1e6 + 5))]
    frame = built(rows)
    assert frame["orders_value_sd"] == pytest.approx(math.sqrt(7), abs=1e-6)
    assert frame["orders_value_variation"] == pytest.approx(math.sqrt(7) / 1000002, abs=1e-6)
    assert frame["orders_value_largest"] == 1e6 + 5


def test_spend_varies_over_the_quarters_that_were_lived_through_whole() -> None:
    # two whole quarters, of 30 and 10; the third had not begun when the first order came
    rows = [order(200, 7.0), order(100, 10.0), order(50, 30.0)]
    frame = built(rows)
    assert frame["orders_spend_variation_364d"] == pytest.approx(math.sqrt(200) / 20, abs=1e-6)
    assert math.isnan(built([order(100)])["orders_spend_variation_364d"])


def test_blocks_with_an_order_and_the_streak_up_to_now() -> None:
    # five blocks since the first order: the newest two have one, the third not
    frame = built([order(days) for days in (120, 90, 40, 10)])
    assert frame["orders_blocks_share_364d"] == 80
    assert frame["orders_blocks_streak_364d"] == 2
    silent = built([order(29)])
    assert silent["orders_blocks_streak_364d"] == 0


def test_the_first_order_is_compared_only_once_it_is_older_than_the_window() -> None:
    rows = [order(92, 10.0), order(92, 30.0), order(10, 60.0)]
    assert built(rows)["orders_value_91d_over_first"] == 3
    recent = [order(91, 10.0), order(10, 60.0)]
    assert math.isnan(built(recent)["orders_value_91d_over_first"])


def test_categories_bought_favoured_and_dropped() -> None:
    rows = [
        *(order(days, category="tea") for days in (10, 182, 200)),
        *(order(days, category="mugs") for days in (183, 300)),
        order(5),
        order(400, category="pots"),
    ]
    frame = built(rows)
    counts = {name: frame[f"orders_category_{name}_182d"] for name in ("tea", "mugs", "pots")}
    assert counts == {"tea": 2, "mugs": 0, "pots": 0}
    assert frame["orders_distinct_categories_364d"] == 2
    assert frame["orders_categories_dropped_182d"] == 1
    assert frame["orders_favourite_category_share_364d"] == 60


def test_channels_are_counted_and_only_the_frequent_ones_have_a_column() -> None:
    rows = [order(days, channel=name) for name in "abcd" for days in (10, 20)]
    rows += [order(30, channel="rare")]
    frame = features({"orders": rows}).iloc[0]
    assert frame["orders_distinct_channels_364d"] == 4
    assert frame["orders_channel_a_364d"] == 2
    assert "orders_channel_rare_364d" not in frame


def test_discounts_by_order_by_money_and_lately() -> None:
    rows = [order(10, 10.0, discount=10.0), order(20, 30.0), order(200, 30.0, discount=0.0)]
    frame = built(rows)
    assert frame["orders_discounted_share_364d"] == pytest.approx(100 / 3, abs=1e-6)
    assert frame["orders_discounted_share_change_91d"] == pytest.approx(50 - 100 / 3, abs=1e-6)
    assert frame["orders_discount_share_364d"] == 12.5


def test_margin_is_a_share_of_the_spend_whose_margin_is_known() -> None:
    rows = [order(10, 10.0, margin=4.0), order(20, 30.0, margin=2.0), order(30, 500.0)]
    assert built(rows)["orders_margin_share_364d"] == 15


def test_without_discounts_margins_categories_and_channels_there_are_no_such_columns() -> None:
    columns = features({"orders": [order(10)]}).columns
    assert not [name for name in columns if any(word in name for word in ("disc", "margin", "cat"))]


def test_orders_of_saturday_and_sunday_are_the_weekend() -> None:
    # the cutoff is a Saturday: a day before it is a Friday
    rows = [order(days) for days in range(1, 8)]
    frame = built(rows)
    assert frame["orders_weekend_share_364d"] == pytest.approx(200 / 7, abs=1e-6)
    assert built([order(6)])["orders_weekend_share_364d"] == 100
    assert built([order(1)])["orders_weekend_share_364d"] == 0


def test_a_channel_counts_while_it_was_used_within_the_year() -> None:
    rows = [order(9, channel=name) for name in ("web", "shop", "phone")]
    several = learn_spec(worlds.histories({"orders": rows}), [CUTOFF])
    mine = [order(3, channel="web"), order(364, channel="shop"), order(365, channel="phone")]
    frame = worlds.built("orders", mine, [CUTOFF], several).iloc[0]
    assert frame["orders_distinct_channels_364d"] == 2


def test_a_weekend_of_more_than_a_year_ago_does_not_count() -> None:
    # the 52 weeks before a Sunday begin on one, and the day before them is a Saturday
    sunday = CUTOFF + timedelta(days=1)
    rows = [order(364), order(363), order(3)]
    frame = worlds.built("orders", rows, [sunday], spec()).iloc[0]
    assert frame["orders_count_364d"] == 2
    assert frame["orders_weekend_share_364d"] == 50


def test_refunds_as_a_share_of_spend_and_the_days_since_the_last() -> None:
    rows = [order(40, 50.0), order(30, 150.0, refunded_day=LAST - 20), order(5, -30.0)]
    frame = built(rows)
    assert frame["orders_refund_share_364d"] == 90
    assert frame["orders_days_since_refund"] == 5


def test_a_refund_of_an_order_that_is_not_known_yet_is_no_refund() -> None:
    rows = [order(40, 50.0), order(30, 150.0, refunded_day=LAST)]
    frame = built(rows)
    assert frame["orders_refund_share_364d"] == 0
    assert math.isnan(frame["orders_days_since_refund"])


def test_a_refund_between_two_orders_does_not_part_their_gap() -> None:
    frame = built([order(30), order(20, -5.0), order(10)])
    assert frame["orders_gap_days_mean"] == frame["orders_gap_days_longest"] == 20
