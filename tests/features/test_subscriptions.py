"""Subscription features by hand."""

from __future__ import annotations

import math
from datetime import timedelta
from functools import cache
from typing import Any

from features.build import learn_spec
from features.spec import FeatureSpec
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, Row, Rows, features, one, row


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


@cache
def spec() -> FeatureSpec:
    """What was learned from two plans of 10 and 20 a month, and one reason to leave."""
    rows = [term(50, renews_day=LAST), term(50, "pro", 15.0), term(50, "pro", 25.0)]
    rows += [term(50, ended_day=LAST - 1, cancel_reason="Too dear")]
    return learn_spec(worlds.histories({"subscriptions": rows}), [CUTOFF])


def built(rows: Rows) -> Any:
    """What the builder makes of one customer's terms."""
    return worlds.built("subscriptions", rows, [CUTOFF], spec()).iloc[0]


def test_moves_up_and_down_are_told_by_the_amount() -> None:
    found = built([term(90), term(60, "pro", 20.0), term(30, "pro", 20.0), term(9, "basic", 5.0)])
    assert (found["subscriptions_moves_up"], found["subscriptions_moves_down"]) == (1, 1)
    assert found["subscriptions_plan_changes"] == 2
    assert found["subscriptions_days_since_plan_change"] == 9
    assert found["subscriptions_days_since_price_change"] == 9


def test_the_price_is_compared_with_the_first_one_and_with_the_plans_usual_one() -> None:
    assert spec().seen["subscriptions"]["usual_amount"] == ("10.0", "20.0")
    found = built([term(90, ended_day=LAST - 30), term(30, "pro", 25.0)])
    assert found["subscriptions_amount_over_first"] == 2.5
    assert found["subscriptions_amount_over_usual"] == 1.25


def test_a_plan_that_never_had_a_price_has_no_usual_one() -> None:
    rows = [term(50), row("subscriptions", 50, plan="free")]
    spec = learn_spec(worlds.histories({"subscriptions": rows}), [CUTOFF])
    usual = zip(
        *(spec.seen["subscriptions"][name] for name in ("plan", "usual_amount")), strict=True
    )
    assert dict(usual) == {"basic": "10.0", "free": ""}
    found = worlds.built("subscriptions", [term(9, "free")], [CUTOFF], spec).iloc[0]
    assert math.isnan(found["subscriptions_amount_over_usual"])


def test_a_plan_that_training_never_saw_has_no_usual_price() -> None:
    found = built([term(30, "new", 25.0)])
    assert math.isnan(found["subscriptions_amount_over_usual"])
    assert found["subscriptions_plans_active"] == 0


def test_a_pause_is_time_without_any_subscription() -> None:
    rows = [term(400, ended_day=LAST - 300), term(350, "pro", ended_day=LAST - 200)]
    rows += [term(190, ended_day=LAST - 100), term(70)]
    found = built(rows)
    assert found["subscriptions_comebacks"] == 2
    assert found["subscriptions_paused_days"] == 10 + 30
    assert found["subscriptions_paused_days_longest"] == 30


def test_an_end_that_is_not_known_yet_makes_no_pause() -> None:
    found = built([term(400, ended_day=LAST), term(9)])
    assert found["subscriptions_comebacks"] == found["subscriptions_paused_days"] == 0


def test_cancellations_are_counted_with_their_reason_and_their_haste() -> None:
    why = {"cancel_reason": "Too dear"}
    rows = [term(900, ended_day=LAST - 809, **why), term(800, ended_day=LAST - 364), term(9)]
    found = built([*rows, term(300, ended_day=LAST, **why)])
    assert found["subscriptions_cancelled"] == 2
    assert found["subscriptions_cancelled_364d"] == 1
    assert found["subscriptions_cancelled_early"] == 1
    assert found["subscriptions_cancelled_for_too_dear"] == 1
    assert found["subscriptions_days_since_cancelled"] == 364


def test_a_move_to_another_term_is_neither_a_cancellation_nor_a_pause() -> None:
    rows = [term(90, ended_day=LAST - 60), term(60, "pro", ended_day=LAST - 30), term(29)]
    found = built(rows)
    assert found["subscriptions_cancelled"] == found["subscriptions_cancelled_early"] == 0
    assert found["subscriptions_comebacks"] == 0
    late = built([*rows[:2], term(28)])
    assert late["subscriptions_cancelled"] == late["subscriptions_comebacks"] == 1
    assert late["subscriptions_days_since_cancelled"] == 30


def test_terms_are_as_long_as_they_have_lasted() -> None:
    found = built([term(500, ended_day=LAST - 100), term(90)])
    assert found["subscriptions_term_days_longest"] == 400
    assert found["subscriptions_term_days_mean"] == (400 + 90) / 2
    assert found["subscriptions_terms_364d"] == 1


def test_the_share_of_the_term_gone_passes_100_when_the_renewal_is_overdue() -> None:
    assert built([term(75, renews_day=LAST + 25)])["subscriptions_term_share_gone"] == 75
    assert built([term(75, renews_day=LAST - 15)])["subscriptions_term_share_gone"] == 125
    assert math.isnan(built([term(75)])["subscriptions_term_share_gone"])


def test_different_plans_at_once_are_counted() -> None:
    rows = [term(40), term(30), term(20, "pro"), term(90, "pro", ended_day=LAST - 50)]
    found = built(rows)
    assert found["subscriptions_active"] == 3
    assert found["subscriptions_plans_active"] == 2


def test_terms_that_differ_only_in_their_end_always_come_in_the_same_order() -> None:
    rows = [term(40, "pro", 25.0), term(40, "pro", 25.0, renews_day=LAST + 10)]
    assert built(rows).equals(built(rows[::-1]))


def test_a_price_is_usual_only_if_it_was_known_before_the_first_training_cutoff() -> None:
    cutoffs = [CUTOFF - timedelta(days=60), CUTOFF]
    rows = [term(50, amount=30.0), term(50, "pro")]
    late = learn_spec(worlds.histories({"subscriptions": rows}), cutoffs)
    assert "subscriptions_amount_over_usual" not in late.names
    early = learn_spec(worlds.histories({"subscriptions": [term(90), *rows]}), cutoffs)
    assert early.seen["subscriptions"]["usual_amount"] == ("10.0", "")
    assert "subscriptions_amount_over_usual" in early.names
