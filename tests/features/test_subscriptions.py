"""Subscription features by hand."""

from __future__ import annotations

import math
from typing import Any

from tests.features.worlds import LAST, Row, features, one, row


def term(days_before: int, plan: str = "basic", amount: float = 10.0, **fields: Any) -> Row:
    return row("subscriptions", days_before, plan=plan, monthly_amount=amount, **fields)


def test_the_current_term_is_the_newest_active_one() -> None:
    rows = [
        term(400, ended_day=LAST - 40),
        term(40, "pro", 25.0, renews_day=LAST + 9),
    ]
    frame = features({"subscriptions": rows}).iloc[0]
    assert frame["subscriptions_plan"] == "pro"
    assert frame["subscriptions_monthly_amount"] == 25
    assert frame["subscriptions_monthly_amount_change"] == 15
    assert frame["subscriptions_plan_changes"] == 1
    assert frame["subscriptions_tenure_days"] == 400
    assert frame["subscriptions_term_days"] == 40
    assert frame["subscriptions_terms"] == 2
    assert frame["subscriptions_days_to_renewal"] == 9


def test_an_end_on_or_after_the_cutoff_is_not_known_at_the_cutoff() -> None:
    rows = [term(40, ended_day=LAST), term(40, customer="b", ended_day=LAST - 1)]
    frame = features({"subscriptions": rows})
    assert list(frame["subscriptions_active"]) == [1, 0]
    assert frame["subscriptions_monthly_amount"].iloc[0] == 10
    assert math.isnan(frame["subscriptions_monthly_amount"].iloc[1])


def test_a_renewal_that_has_passed_is_missing_and_todays_is_0() -> None:
    rows = [term(40, renews_day=LAST - 1), term(40, customer="b", renews_day=LAST)]
    found = list(features({"subscriptions": rows})["subscriptions_days_to_renewal"])
    assert math.isnan(found[0])
    assert found[1] == 0


def test_amounts_of_parallel_subscriptions_add_up() -> None:
    rows = [term(40), term(30, "extra", 5.0)]
    assert one({"subscriptions": rows}, "subscriptions_monthly_amount") == 15
