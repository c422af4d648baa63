"""Who could leave, who left, and what a customer was worth."""

from __future__ import annotations

import math
from datetime import timedelta
from typing import Any

import pandas as pd
import pytest

from features.config import BusinessConfig
from features.errors import NotEnoughData
from features.labels import churn_labels, population, realised_value
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, World, row


def business(**settings: Any) -> BusinessConfig:
    given = {"currency": "GBP", "churn": "inactivity", "horizon_days": 28} | settings
    return BusinessConfig(**given)


CANCELLATION = business(churn="cancellation")


def people(world: World, rules: BusinessConfig) -> list[str]:
    found = population(worlds.histories(world), rules, [CUTOFF])
    return sorted(found.to_pyarrow()["customer_id"].to_pylist())


def churned(world: World, rules: BusinessConfig) -> dict[str, bool]:
    labels = churn_labels(worlds.histories(world), rules, [CUTOFF])
    return dict(zip(labels["customer_id"], labels["churned"], strict=True))


def test_by_inactivity_those_who_were_active_can_leave_and_a_refund_is_no_activity() -> None:
    orders = [
        row("orders", 1, "yesterday", amount=0.0),
        row("orders", 900, "long ago", amount=5.0),
        row("orders", 1, "refund", amount=-5.0),
        row("orders", 0, "on the cutoff", amount=5.0),
        row("orders", 9, "learned late", amount=5.0, known_day=LAST),
    ]
    assert people({"orders": orders}, business()) == ["long ago", "yesterday"]
    assert people({"orders": orders}, business(active_within_days=364)) == ["yesterday"]


def test_by_cancellation_those_with_an_active_subscription_can_leave() -> None:
    terms = [
        row("subscriptions", 9, "running"),
        row("subscriptions", 9, "ends on the cutoff", ended_day=LAST),
        row("subscriptions", 9, "ended the day before", ended_day=LAST - 1),
        row("subscriptions", 0, "starts on the cutoff"),
    ]
    assert people({"subscriptions": terms}, CANCELLATION) == ["ends on the cutoff", "running"]


@pytest.mark.parametrize(("day", "left"), [(0, False), (27, False), (28, True)])
def test_by_inactivity_the_horizon_is_half_open(day: int, left: bool) -> None:
    orders = [row("orders", 9, amount=1.0), row("orders", -day, amount=1.0)]
    assert churned({"orders": orders}, business()) == {"a": left}


def test_usage_may_be_the_activity_and_a_refund_in_the_horizon_is_none() -> None:
    world = {
        "usage": [row("usage", 9), row("usage", -3)],
        "orders": [row("orders", 9, amount=1.0), row("orders", -3, amount=-1.0)],
    }
    assert churned(world, business(activity="usage")) == {"a": False}
    assert churned(world, business(activity="orders")) == {"a": True}


@pytest.mark.parametrize(("ended", "left"), [(0, True), (27, True), (28, False), (None, False)])
def test_by_cancellation_left_means_not_active_at_the_end_of_the_horizon(
    ended: int | None, left: bool
) -> None:
    day = None if ended is None else LAST + ended
    assert churned({"subscriptions": [row("subscriptions", 9, ended_day=day)]}, CANCELLATION) == {
        "a": left
    }


def test_who_ends_one_term_and_starts_another_within_the_horizon_has_stayed() -> None:
    terms = [row("subscriptions", 9, ended_day=LAST + 5), row("subscriptions", -6)]
    assert churned({"subscriptions": terms}, CANCELLATION) == {"a": False}


@pytest.mark.parametrize(("starts", "left"), [(27, False), (28, True)])
def test_who_comes_back_at_the_end_of_the_horizon_has_left_within_it(
    starts: int, left: bool
) -> None:
    terms = [row("subscriptions", 9, ended_day=LAST + 5), row("subscriptions", -starts)]
    assert churned({"subscriptions": terms}, CANCELLATION) == {"a": left}


def test_labels_beyond_the_data_say_until_when_data_are_needed() -> None:
    here = worlds.histories({"orders": [row("orders", 9, amount=1.0)]}, last_day=LAST + 5)
    with pytest.raises(NotEnoughData) as error:
        churn_labels(here, business(), [CUTOFF])
    assert str(error.value) == (
        "churn labels at cutoff 2024-06-01 need data through 2024-06-28 (28 days), but the newest "
        "row is of 2024-06-06; move the cutoff earlier or shorten the horizon"
    )
    assert churn_labels(here, business(), [CUTOFF], horizon_days=6)["churned"].all()


def test_every_cutoff_has_its_own_labels() -> None:
    cutoffs = [CUTOFF - timedelta(days=28), CUTOFF]
    orders = [row("orders", days, amount=1.0) for days in (40, 10)]
    labels = churn_labels(worlds.histories({"orders": orders}), business(), cutoffs)
    assert list(labels["cutoff"]) == cutoffs
    assert list(labels["churned"]) == [False, True]


def value(world: World, **settings: Any) -> pd.Series[Any]:
    found = realised_value(worlds.histories(world), business(**settings), [CUTOFF])
    return found[found["customer_id"] == "a"].iloc[0]


def test_realised_value_discounts_margins_by_their_day() -> None:
    first = row("orders", 1, amount=1000.0)
    later = [row("orders", 0, amount=10.0), row("orders", -365, amount=10.0)]
    outside = [row("orders", -366, amount=10.0)]
    found = value(
        {"orders": [first, *later, *outside]},
        margin_rate=0.5,
        discount_rate_annual=0.25,
        value_horizon_days=366,
    )
    assert found["realised_value"] == pytest.approx(5 + 5 / 1.25)
    assert found["order_days"] == 2


def test_a_day_with_a_free_order_is_an_order_day_and_one_with_a_refund_is_none() -> None:
    orders = [row("orders", age, amount=a) for age, a in ((9, 5.0), (-3, 0.0), (-4, -5.0))]
    assert value({"orders": orders})["order_days"] == 1


def test_a_given_margin_is_taken_instead_of_the_rate() -> None:
    orders = [row("orders", 1, amount=1.0), row("orders", 0, amount=10.0, margin=3.0)]
    assert value({"orders": orders}, margin_rate=0.5)["realised_value"] == 3


def test_refunds_are_taken_back_on_their_day() -> None:
    orders = [
        row("orders", 9, amount=7.0, refunded_day=LAST),
        row("orders", 0, amount=10.0, refunded_day=LAST + 364),
        row("orders", 0, amount=-2.0),
    ]
    assert value({"orders": orders}, discount_rate_annual=0.0)["realised_value"] == 10 - 7 - 2


def test_subscriptions_bring_fees_day_by_day() -> None:
    terms = [row("subscriptions", 9, monthly_amount=30.0, ended_day=LAST + 10)]
    terms += [row("subscriptions", -20, monthly_amount=60.0)]
    found = value(
        {"subscriptions": terms},
        churn="cancellation",
        margin_rate=0.5,
        discount_rate_annual=0.21,
        value_horizon_days=22,
    )
    day = 30 * 12 / 365.25 * 0.5
    rate = math.log(1.21) / 365
    expected = sum(day * math.exp(-rate * at) for at in range(10))
    expected += sum(2 * day * math.exp(-rate * at) for at in (20, 21))
    assert found["realised_subscription_value"] == pytest.approx(expected, rel=1e-12)
    assert found["realised_value"] == pytest.approx(expected, rel=1e-12)


def test_value_without_discount_is_the_plain_sum() -> None:
    terms = [row("subscriptions", 9, monthly_amount=365.25 / 12)]
    found = value({"subscriptions": terms}, churn="cancellation", discount_rate_annual=0.0)
    assert found["realised_value"] == pytest.approx(364)


def test_the_population_without_income_is_worth_0() -> None:
    found = value({"orders": [row("orders", 9, amount=5.0)]})
    assert list(found[["realised_value", "order_days"]]) == [0, 0]
