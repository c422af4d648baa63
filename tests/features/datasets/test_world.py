from datetime import date

import numpy as np
import pytest

from features.datasets.block import DAY, WEEK, draw_block
from features.datasets.paths import NOBODY, advance, draw_paths
from features.datasets.world import (
    FADE_OF,
    MID_TERM_WEEK,
    MONTHLY_WEEK,
    MOOD_OF,
    PLAN_OF,
    SEGMENTS,
    STATES,
    TERM_WEEKS,
    World,
    chain_of,
)

CHAIN = chain_of(World())


def test_transitions_are_probabilities():
    assert CHAIN.stay.min() >= 0
    assert CHAIN.stay.sum(axis=-1).max() <= 1 + 1e-12


def test_an_annual_plan_is_neither_left_nor_changed_mid_term():
    mid_term = CHAIN.stay[MID_TERM_WEEK]
    assert mid_term.sum(axis=-1) == pytest.approx(1.0)
    other_plan = PLAN_OF[:, None] != PLAN_OF[None, :]
    assert mid_term[..., other_plan].max() == 0


def test_a_bad_ticket_never_lifts_the_mood():
    bad, good = CHAIN.stay[MONTHLY_WEEK, :, 1], CHAIN.stay[MONTHLY_WEEK, :, 0]
    assert (bad @ MOOD_OF <= good @ MOOD_OF + 1e-12).all()
    assert (bad @ MOOD_OF < good @ MOOD_OF).any()


def test_plan_changes_that_are_more_than_certain_are_refused():
    with pytest.raises(ValueError, match="more than certain"):
        World(renewal_plan_factor=500.0)


@pytest.mark.parametrize("segment", range(len(SEGMENTS)))
def test_one_drawn_week_has_the_frequencies_of_the_matrix(segment):
    draws, start = 60_000, 45
    state = np.full((2, draws), NOBODY, dtype=np.int16)
    state[0] = start
    clock = np.zeros((2, draws), dtype=np.int8)
    rng = np.random.default_rng(segment)
    advance(CHAIN, rng, np.full(draws, segment), state, clock)
    seen = np.bincount(state[1] + 1, minlength=STATES + 1) / draws
    stay = CHAIN.weeks()[segment, 0, start]
    expected = np.concatenate([[1 - stay.sum()], stay])
    four_errors = 4 * np.sqrt(expected * (1 - expected) / draws) + 1e-9
    assert (np.abs(seen - expected) <= four_errors).all()


def test_annual_customers_leave_only_in_the_week_their_term_ends():
    paths = draw_paths(CHAIN, np.random.default_rng(3), customers=4_000, weeks=120)
    leavers = np.flatnonzero(paths.annual & (paths.left_week < paths.weeks))
    assert leavers.size > 100
    assert (paths.clock[paths.left_week[leavers], leavers] == TERM_WEEKS).all()
    lived = paths.left_week[leavers] - paths.joined_week[leavers]
    assert (lived % TERM_WEEKS == 0).all()


def test_a_customer_has_a_state_exactly_from_joining_to_leaving():
    paths = draw_paths(CHAIN, np.random.default_rng(4), customers=2_000, weeks=60)
    week = np.arange(paths.weeks + 1)[:, None]
    stayed = np.where(paths.left_week < paths.weeks, paths.left_week, paths.weeks)
    expected = (week > paths.joined_week) & (week <= stayed)
    assert ((paths.state != NOBODY) == expected).all()


def test_fading_precedes_many_departures_and_not_all():
    paths = draw_paths(CHAIN, np.random.default_rng(5), customers=4_000, weeks=100)
    leavers = np.flatnonzero(paths.left_week < paths.weeks)
    faded = FADE_OF[paths.state[paths.left_week[leavers], leavers]] > 0
    assert 0.2 < faded.mean() < 0.8


def test_at_every_midnight_of_a_week_the_states_are_those_of_the_active_law():
    end = date(2026, 6, 29)
    block = draw_block(
        CHAIN, number=0, first_customer=0, customers=3_000, weeks=120, end=end, seed=8
    )
    started_day, ended_day = block.joined // DAY, block.left // DAY
    for week in range(121):
        cutoff_day = (block.begin + week * WEEK) // DAY
        active = (started_day < cutoff_day) & (ended_day >= cutoff_day)  # NEVER is late enough
        assert (active == (block.paths.state[week] != NOBODY)).all()
    assert cutoff_day == (end - date(1970, 1, 1)).days
