"""Order features by hand."""

from __future__ import annotations

import math
from typing import Any

import pytest

from tests.features.worlds import LAST, Row, features, row


def order(days_before: int, amount: float = 10.0, **fields: Any) -> Row:
    return row("orders", days_before, amount=amount, **fields)


def test_spend_counts_and_days_by_window() -> None:
    frame = features({"orders": [order(7, 5.0), order(7, 6.0), order(8, 7.0), order(365)]}).iloc[0]
    assert [frame[f"orders_{name}_7d"] for name in ("count", "days", "spend")] == [2, 1, 11]
    assert [frame[f"orders_{name}_28d"] for name in ("count", "days", "spend")] == [3, 2, 18]
    assert frame["orders_count_364d"] == 3
    assert frame["orders_average_value_364d"] == 6


def test_gaps_run_between_days_with_an_order() -> None:
    frame = features({"orders": [order(30), order(30), order(20), order(4)]}).iloc[0]
    assert frame["orders_gap_days_mean"] == 13
    assert frame["orders_gap_days_sd"] == pytest.approx(math.sqrt(18), abs=1e-6)
    assert frame["orders_days_since_last"] == 4
    assert frame["orders_days_since_last_over_gap"] == pytest.approx(4 / 13, abs=1e-6)


def test_one_order_has_no_gap() -> None:
    frame = features({"orders": [order(30)]}).iloc[0]
    assert math.isnan(frame["orders_gap_days_mean"])
    assert math.isnan(frame["orders_days_since_last_over_gap"])


def test_the_btyd_quantities_are_columns() -> None:
    frame = features({"orders": [order(30, 1.0), order(10, 5.0)]}).iloc[0]
    names = ["orders_frequency", "orders_recency", "orders_T", "orders_monetary_value"]
    assert list(frame[names]) == [1, 20, 29, 5]


def test_a_refund_is_a_negative_amount_or_an_order_refunded_before_the_cutoff() -> None:
    rows = [
        order(20, -3.0),
        order(500, 10.0, refunded_day=LAST - 1),
        order(20, 7.0, refunded_day=LAST),
        order(20, 100.0),
    ]
    frame = features({"orders": rows}).iloc[0]
    assert frame["orders_refunds_91d"] == 2
    assert frame["orders_refund_amount_91d"] == 13
    assert frame["orders_count_91d"] == 2


def test_a_customer_with_refunds_only_has_no_order() -> None:
    frame = features({"orders": [order(3, -5.0)]}).iloc[0]
    assert frame["orders_count_364d"] == 0
    assert frame["orders_refunds_364d"] == 1
    assert math.isnan(frame["orders_frequency"])
