"""Who joins the simulated company when, and what does each customer live through, week by week?

Draws from the matrices of :mod:`features.datasets.world`. A path holds the latent state at the
start of each week; what is seen of it (usage, tickets, ...) is drawn elsewhere.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from features.datasets.world import (
    GONE,
    KIND_OF_CLOCK,
    NEXT_CLOCK,
    SEGMENTS,
    SHAPE,
    STATES,
    TERM_WEEKS,
    Chain,
    Floats,
    Ints,
)

NOBODY = -1  # the state of a week in which somebody is no customer
ACQUISITION = ("search", "referral", "partner", "event")

_SEGMENT_SHARES = (0.60, 0.30, 0.10)
_ANNUAL_SHARES = (0.15, 0.30, 0.50)
_FIRST_PLANS = ((0.50, 0.35, 0.15), (0.25, 0.50, 0.25), (0.10, 0.40, 0.50))
_ACQUISITION_SHARES = (0.45, 0.25, 0.20, 0.10)
_FIRST_MOODS = (
    (0.05, 0.13, 0.33, 0.34, 0.15),
    (0.02, 0.06, 0.22, 0.38, 0.32),
    (0.04, 0.11, 0.30, 0.35, 0.20),
    (0.06, 0.16, 0.34, 0.30, 0.14),
)
_THERE_FROM_THE_START = 0.25  # share of customers who joined before the histories begin
_LONGEST_BEFORE = 2 * TERM_WEEKS


@dataclass(frozen=True)
class Paths:
    """The latent lives of a block of customers. Weeks count from the first of the histories.

    Attributes
    ----------
    segment, acquisition : ndarray of int, shape (n,)
    annual : ndarray of bool, shape (n,)
    joined_week : ndarray of int, shape (n,)
        Negative for those who joined before the histories begin.
    left_week : ndarray of int, shape (n,)
        The week of the cancellation; the number of weeks for those who are still there.
    state : ndarray of int16, shape (weeks + 1, n)
        Latent state at the start of each week, NOBODY before joining and after leaving.
    clock : ndarray of int8, shape (weeks + 1, n)
        Billing clock at the start of each week.
    bad_ticket : ndarray of bool, shape (weeks, n)
    """

    segment: Ints
    acquisition: Ints
    annual: NDArray[np.bool_]
    joined_week: Ints
    left_week: Ints
    state: NDArray[np.int16]
    clock: NDArray[np.int8]
    bad_ticket: NDArray[np.bool_]

    @property
    def weeks(self) -> int:
        """Number of weeks drawn."""
        return len(self.bad_ticket)


def draw_paths(chain: Chain, rng: np.random.Generator, *, customers: int, weeks: int) -> Paths:
    """Draw who joins when, and their lives until the last week.

    Parameters
    ----------
    chain : Chain
    rng : numpy Generator
    customers, weeks : int
    """
    segment = _pick(rng, np.array(_SEGMENT_SHARES), customers)
    acquisition = _pick(rng, np.array(_ACQUISITION_SHARES), customers)
    annual = rng.random(customers) < np.array(_ANNUAL_SHARES)[segment]
    joined_week = _joined_weeks(rng, customers, weeks)
    first = _first_states(rng, segment, acquisition, joined_week)
    state = np.full((weeks + 1, customers), NOBODY, dtype=np.int16)
    clock = np.zeros((weeks + 1, customers), dtype=np.int8)
    entry = np.maximum(joined_week + 1, 0)
    everyone = np.arange(customers)
    state[entry, everyone] = first
    clock[entry, everyone] = np.where(annual, (entry - joined_week - 1) % TERM_WEEKS + 1, 0)
    bad_ticket, left_week = advance(chain, rng, segment, state, clock)
    return Paths(segment, acquisition, annual, joined_week, left_week, state, clock, bad_ticket)


def advance(
    chain: Chain,
    rng: np.random.Generator,
    segment: Ints,
    state: NDArray[np.int16],
    clock: NDArray[np.int8],
) -> tuple[NDArray[np.bool_], Ints]:
    """Fill in the weeks after each customer's first, in place.

    Parameters
    ----------
    chain : Chain
    rng : numpy Generator
    segment : ndarray, shape (n,)
    state, clock : ndarrays, shape (weeks + 1, n)
        Given where somebody becomes a customer; NOBODY and 0 elsewhere.

    Returns
    -------
    bad_ticket : ndarray of bool, shape (weeks, n)
    left_week : ndarray of int, shape (n,)
    """
    weeks, customers = len(state) - 1, state.shape[1]
    ladder = chain.ladder()
    bad_probability = np.array(chain.world.bad_ticket)
    bad_ticket = np.zeros((weeks, customers), dtype=np.bool_)
    left_week = np.full(customers, weeks, dtype=np.int64)
    for week in range(weeks):
        here = np.flatnonzero(state[week] != NOBODY)
        bad = rng.random(here.size) < bad_probability[segment[here]]
        kind = KIND_OF_CLOCK[clock[week, here]]
        row = ((kind * len(SEGMENTS) + segment[here]) * 2 + bad) * STATES + state[week, here]
        # in a high row, i + u of a u just below 1 rounds into the next row
        spot = row + np.minimum(rng.random(here.size), 1 - 1e-12)
        drawn = np.searchsorted(ladder, spot, side="right")
        moved = drawn - row * (STATES + 1)
        stays = here[moved != GONE]
        state[week + 1, stays] = moved[moved != GONE]
        clock[week + 1, stays] = NEXT_CLOCK[clock[week, stays]]
        left_week[here[moved == GONE]] = week
        bad_ticket[week, here] = bad
    return bad_ticket, left_week


def _pick(rng: np.random.Generator, shares: Floats, size: int) -> Ints:
    return np.searchsorted(np.cumsum(shares)[:-1], rng.random(size), side="right")


def _joined_weeks(rng: np.random.Generator, customers: int, weeks: int) -> Ints:
    week = np.arange(weeks)
    pull = 1 + 0.4 * week / weeks + 0.25 * np.sin(2 * np.pi * week / 52)
    joined = _pick(rng, pull / pull.sum(), customers)
    before = rng.random(customers) < _THERE_FROM_THE_START
    return np.where(before, -rng.integers(1, _LONGEST_BEFORE + 1, customers), joined)


def _first_states(
    rng: np.random.Generator, segment: Ints, acquisition: Ints, joined_week: Ints
) -> Ints:
    plan = _pick_rows(rng, np.array(_FIRST_PLANS)[segment])
    mood = _pick_rows(rng, np.array(_FIRST_MOODS)[acquisition])
    settled = (joined_week < -TERM_WEEKS // 4).astype(np.int64)
    return np.asarray(np.ravel_multi_index((plan, mood, np.zeros_like(plan), settled), SHAPE))


def _pick_rows(rng: np.random.Generator, shares: Floats) -> Ints:
    passed = rng.random(len(shares))[:, None] >= np.cumsum(shares, axis=1)[:, :-1]
    return np.asarray(passed.sum(axis=1))
