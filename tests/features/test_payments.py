"""Payment features by hand."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from features.build import learn_spec
from features.spec import FeatureSpec
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, Row, Rows, features, row


def paid(due: int, came: int, **fields: Any) -> Row:
    """A payment due and paid so many days before the cutoff."""
    return row("payments", due, paid_day=LAST - came, amount=10.0, **fields)


@cache
def spec() -> FeatureSpec:
    """What was learned from a company that records everything about its payments."""
    rows = [paid(9, 8, failed_day=LAST - 9)]
    return learn_spec(worlds.histories({"payments": rows}), [CUTOFF])


def built(rows: Rows) -> Any:
    """What the builder makes of one customer's payments."""
    return worlds.built("payments", rows, [CUTOFF], spec()).iloc[0]


def test_a_payment_due_on_the_cutoff_or_later_is_not_seen_even_if_paid() -> None:
    found = built([paid(30, 30), row("payments", 0, amount=10.0), paid(-40, 2)])
    assert found["payments_due_91d"] == 1
    assert found["payments_due_amount_364d"] == 10
    assert found["payments_unpaid"] == 0


def test_a_payment_that_comes_on_or_after_the_cutoff_is_unpaid_at_the_cutoff() -> None:
    found = built([paid(30, 0), paid(400, -5), paid(20, 1)])
    assert found["payments_unpaid"] == 2
    assert found["payments_unpaid_364d"] == 1
    assert found["payments_unpaid_amount"] == 20
    assert found["payments_unpaid_days_longest"] == 400
    assert found["payments_days_since_paid"] == 1


def test_paid_on_the_day_is_in_time_and_what_is_not_paid_is_not_late_yet() -> None:
    found = built([paid(10, 10), paid(40, 34), paid(200, 196), row("payments", 5, amount=10.0)])
    assert (found["payments_late_91d"], found["payments_late_364d"]) == (1, 2)
    assert found["payments_late_share_91d"] == 50
    assert found["payments_days_late_mean_91d"] == 3
    assert found["payments_days_late_longest_364d"] == 6
    assert found["payments_days_late_change_91d"] == round(3 - 10 / 3, 6)
    assert found["payments_days_since_late"] == 34
    assert found["payments_days_since_paid"] == 10


def test_early_payments_are_late_by_nothing() -> None:
    found = built([paid(10, 25)])
    assert found["payments_days_late_mean_91d"] == found["payments_late_91d"] == 0


def test_a_failure_counts_from_the_day_that_it_is_known() -> None:
    fails = {"failed_day": LAST - 30}
    found = built([paid(100, 20, **fails), row("payments", 9, failed_day=LAST, amount=10.0)])
    assert found["payments_failed_28d"] == 0
    assert found["payments_failed_91d"] == 1
    assert found["payments_failed_share_364d"] == 50
    assert found["payments_days_since_failed"] == 30
    assert found["payments_failed_trend_91d"] == round((1 / 91) / (1 / 100), 6)


def test_a_failure_leaves_the_window_after_its_last_day() -> None:
    rows = [paid(200, 1, failed_day=LAST - days) for days in (28, 29, 91, 92)]
    found = built(rows)
    assert [found[f"payments_failed_{days}d"] for days in (28, 91, 364)] == [1, 3, 4]


def test_a_rising_bill_shows_as_a_trend() -> None:
    rows = [paid(300, 300), paid(10, 10) | {"amount": 30.0}]
    assert built(rows)["payments_due_amount_trend_91d"] == round((30 / 91) / (40 / 300), 6)


def test_a_customer_without_payments_owes_nothing_and_was_never_late() -> None:
    people = [row("customers", 9, customer=each) for each in "ab"]
    frame = features({"payments": [paid(9, 8)], "customers": people}).loc[("b", CUTOFF)]
    assert frame["payments_due_91d"] == frame["payments_unpaid_amount"] == 0
    assert math.isnan(frame["payments_late_share_364d"])


def test_a_company_that_does_not_record_what_was_paid_has_no_unpaid_bills() -> None:
    columns = features({"payments": [row("payments", 9)]}).columns
    assert "payments_due_91d" in columns
    assert not [name for name in columns if "paid" in name or "late" in name or "amount" in name]
