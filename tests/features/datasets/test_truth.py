from datetime import date

import numpy as np
import pytest

from features.datasets.block import NEVER, draw_block
from features.datasets.paths import NOBODY, advance
from features.datasets.truth import (
    DAYS_PER_WEEK,
    day_weights,
    expected_auc,
    monthly_amounts,
    orders_per_week,
    truth_of,
)
from features.datasets.truth_rows import truth_table
from features.datasets.world import PLAN_OF, SHAPE, TERM_WEEKS, World, chain_of

RATE, HORIZON, YEAR = 0.10, 13, 52
CHAIN = chain_of(World())
TRUTH = truth_of(CHAIN, horizon_weeks=HORIZON, value_horizon_weeks=YEAR, discount_rate_annual=RATE)


def state_of(plan, mood, fade, stage):
    return int(np.ravel_multi_index((plan, mood, fade, stage), SHAPE))


# segment, billing clock, state
CASES = {
    "a content consumer, by the month": (0, 0, state_of(0, 3, 0, 1)),
    "a furious new business, by the month": (1, 0, state_of(1, 0, 0, 0)),
    "one nearly gone, by the month": (0, 0, state_of(2, 1, 3, 1)),
    "one whose annual term ends in week 5": (2, TERM_WEEKS - 5, state_of(1, 1, 1, 1)),
    "one whose annual term ends this week": (1, TERM_WEEKS, state_of(2, 2, 0, 1)),
    "one whose annual term has begun": (2, 1, state_of(0, 4, 0, 0)),
}


def lives(case, draws, weeks, seed):
    segment, clock, state = CASES[case]
    states = np.full((weeks + 1, draws), NOBODY, dtype=np.int16)
    clocks = np.zeros((weeks + 1, draws), dtype=np.int8)
    states[0], clocks[0] = state, clock
    segments = np.full(draws, segment)
    _, left_week = advance(CHAIN, np.random.default_rng(seed), segments, states, clocks)
    return states, left_week


@pytest.mark.parametrize("case", CASES)
def test_true_churn_probability_agrees_with_brute_force(case):
    draws = 40_000
    _, left_week = lives(case, draws, HORIZON, seed=1)
    truth = TRUTH.churn_probability[CASES[case]]
    four_errors = 4 * np.sqrt(truth * (1 - truth) / draws) + 1e-9
    assert (left_week < HORIZON).mean() == pytest.approx(truth, abs=four_errors)


@pytest.mark.parametrize("case", CASES)
def test_true_expected_value_agrees_with_brute_force_day_by_day(case):
    draws, renewal_day = 15_000, 4
    segment, clock, _ = CASES[case]
    states, _ = lives(case, draws, YEAR, seed=2)
    rng, world = np.random.default_rng(3), CHAIN.world
    fee_per_day = monthly_amounts(world)[clock] * 12 / 365.25
    order_rate = orders_per_week(world)[segment] / 7
    amount = world.order_amount[segment] * world.order_net
    fees, orders = np.zeros(draws), np.zeros(draws)
    for week in range(YEAR):
        now, after = states[week], states[week + 1]
        happens = rng.integers(0, 7, draws) if clock == 0 else np.full(draws, renewal_day)
        for day in range(7):
            discount = (1 + RATE) ** (-(7 * week + day) / 365)
            shown = np.where(day < happens, now, after)
            here = shown != NOBODY
            fees += discount * here * fee_per_day[PLAN_OF[shown]]
            orders += discount * here * order_rate[now] * amount
    for drawn, truth in ((fees, TRUTH.fees), (orders, TRUTH.orders)):
        expected = truth[(*CASES[case], renewal_day)]
        assert drawn.mean() == pytest.approx(expected, abs=4 * drawn.std() / np.sqrt(draws) + 1e-9)


def test_nobody_on_an_annual_term_leaves_before_it_ends():
    assert TRUTH.churn_probability[:, 1 : TERM_WEEKS - HORIZON + 1].max() == 0
    assert TRUTH.churn_probability[:, TERM_WEEKS - HORIZON + 1 :].min() > 0


def test_value_over_one_week_without_discount_is_seven_days_of_fees_and_orders():
    world = World(
        silent_leaving=(0.0, 0.0, 0.0),
        fading_leaves=0.0,
        plan_rises=(0.0,) * 5,
        plan_sinks=(0.0,) * 5,
    )
    truth = truth_of(
        chain_of(world), horizon_weeks=1, value_horizon_weeks=1, discount_rate_annual=0.0
    )
    assert truth.churn_probability[:, 0].max() == 0
    assert truth.fees[0, 0, 0] == pytest.approx(7 * world.monthly_amount[0] * 12 / 365.25)
    happy = state_of(0, 2, 0, 1)
    orders = world.orders[0] * world.order_amount[0] * world.order_net
    assert truth.orders[0, 0, happy] == pytest.approx(orders)


def test_discount_of_a_year_is_the_annual_rate():
    discount = np.exp(-np.log1p(RATE) / 365)
    assert discount**365 == pytest.approx(1 / 1.10)
    assert day_weights(discount)[-1] == pytest.approx((1 - discount**7) / (1 - discount))


def test_expected_auc_agrees_with_the_auc_of_many_drawn_outcomes():
    rng = np.random.default_rng(6)
    probabilities = rng.beta(1, 6, 4_000)
    leaves = rng.random((200, 4_000)) < probabilities
    ranks = probabilities.argsort().argsort() + 1
    leavers = leaves.sum(axis=1)
    wins = (leaves * ranks).sum(axis=1) - leavers * (leavers + 1) / 2
    drawn = wins / (leavers * (4_000 - leavers))
    assert expected_auc(probabilities) == pytest.approx(drawn.mean(), abs=0.003)


def test_truth_is_written_for_exactly_those_subscribed_at_the_cutoff():
    end = date(2026, 6, 29)
    block = draw_block(CHAIN, number=0, first_customer=0, customers=500, weeks=60, end=end, seed=8)
    table = truth_table(block, TRUTH, margin_rate=0.5, weeks_back=26, end=end)
    cutoff = block.end - 26 * DAYS_PER_WEEK * 24 * 3_600_000_000
    subscribed = (block.joined < cutoff) & ((block.left == NEVER) | (block.left >= cutoff))
    assert table["customer_id"].to_pylist() == [
        f"C{number + 1:07d}" for number in np.flatnonzero(subscribed)
    ]
    assert set(table["cutoff"].to_pylist()) == {date(2025, 12, 29)}
