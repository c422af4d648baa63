"""What are the true churn probability and the true expected value of a simulated customer?

Backward recursion over the weekly Markov chain of :mod:`features.datasets.world`: exact given the
latent state at the cutoff, no Monte Carlo. A model sees only the histories, so it cannot reach
this truth, but its calibration can be checked against it.

- *Churn*: a subscription is active at the cutoff and none is at cutoff + horizon, where active
  means ``started_day < cutoff_day`` and ``ended_day`` null or ``>= cutoff_day``.
- *Value*: margin of the days ``cutoff_day <= day < cutoff_day + value_horizon_days``. On each day
  with ``started_day <= day < ended_day`` a subscription pays ``monthly_amount * 12 / 365.25``; an
  order pays its amount on its day, or nothing if it is refunded later. What comes ``d`` days after
  the cutoff counts ``exp(-d * ln(1 + rate) / 365)``.
"""

from dataclasses import dataclass

import numpy as np

from features.datasets.world import (
    CLOCKS,
    FADE_OF,
    MOOD_OF,
    NEXT_CLOCK,
    PLAN_OF,
    SEGMENTS,
    STATES,
    Chain,
    Floats,
    World,
)

DAYS_PER_WEEK = 7
FEES_PER_DAY = 12 / 365.25  # of a monthly amount


@dataclass(frozen=True)
class Truth:
    """The truth of every latent state at a cutoff.

    Attributes
    ----------
    churn_probability : ndarray, shape (segments, CLOCKS, STATES)
        Probability that no subscription is active at the end of the horizon.
    fees, orders : ndarray, shape (segments, CLOCKS, STATES, 7), in currency units
        Expected discounted revenue over the value horizon, for a customer who pays the list
        price and orders at the usual rate and size; the last axis is the day of the (cutoff's)
        week on which an annual term renews.
    """

    churn_probability: Floats
    fees: Floats
    orders: Floats


def truth_of(
    chain: Chain, *, horizon_weeks: int, value_horizon_weeks: int, discount_rate_annual: float
) -> Truth:
    """Compute the truth of every latent state.

    Parameters
    ----------
    chain : Chain
    horizon_weeks, value_horizon_weeks : int
        Churn is over the first, value over the second.
    discount_rate_annual : float
        As a share: 0.10 means that money in a year counts 1 / 1.10.

    Examples
    --------
    >>> from features.datasets.world import World, chain_of
    >>> truth = truth_of(
    ...     chain_of(World()), horizon_weeks=1, value_horizon_weeks=1, discount_rate_annual=0.1
    ... )
    >>> float(truth.churn_probability[:, 1:-1].max().round(12))  # nobody leaves mid-term
    0.0
    """
    weeks = chain.weeks()
    discount = float(np.exp(-np.log1p(discount_rate_annual) / 365))
    rewards = _rewards(chain.world, weeks, discount)
    value = np.zeros_like(rewards)
    for _ in range(value_horizon_weeks):
        value = rewards + discount**DAYS_PER_WEEK * (weeks @ value[:, NEXT_CLOCK])
    still_here = np.ones((len(SEGMENTS), CLOCKS, STATES, 1))
    for _ in range(horizon_weeks):
        still_here = weeks @ still_here[:, NEXT_CLOCK]
    days = DAYS_PER_WEEK
    # a probability of 0 must not show as the rounding error of 1 - 1
    churn_probability = np.round(1 - still_here[..., 0], 12)
    return Truth(churn_probability, value[..., :days], value[..., days:])


def day_weights(discount: float) -> Floats:
    """Discounted number of days before day 0..7 of a week, shape (8,).

    Examples
    --------
    >>> day_weights(1.0)
    array([0., 1., 2., 3., 4., 5., 6., 7.])
    """
    return np.concatenate([[0.0], np.cumsum(discount ** np.arange(DAYS_PER_WEEK))])


def monthly_amounts(world: World) -> Floats:
    """List price per month, shape (CLOCKS, plans), in currency units.

    Examples
    --------
    >>> monthly_amounts(World())[:2]  # by the month, on an annual term
    array([[18. , 25. , 34. ],
           [15. , 21. , 28.5]])
    """
    return np.array([world.monthly_amount] + [world.annual_amount] * (CLOCKS - 1))


def orders_per_week(world: World) -> Floats:
    """Orders expected in a full week, shape (segments, STATES)."""
    by_mood = np.array(world.orders_by_mood)[MOOD_OF]
    by_fade = np.array(world.orders_by_fade)[FADE_OF]
    return np.asarray(np.outer(world.orders, by_mood * by_fade))


def expected_auc(probabilities: Floats) -> float:
    """AUC of true probabilities for the outcomes that they give, in expectation over large n.

    The chance that a leaver, drawn with weight p, has a higher p than a stayer, drawn with weight
    1 - p; ties count half.

    Examples
    --------
    >>> expected_auc(np.array([0.0, 1.0])), expected_auc(np.array([0.1, 0.1]))
    (1.0, 0.5)
    """
    _, group = np.unique(probabilities, return_inverse=True)
    leaving = np.bincount(group, weights=probabilities)
    staying = np.bincount(group, weights=1 - probabilities)
    below = np.cumsum(staying) - staying / 2
    pairs = leaving.sum() * staying.sum()
    return float((leaving * below).sum() / pairs) if pairs else float("nan")


def _rewards(world: World, weeks: Floats, discount: float) -> Floats:
    """Revenue of one week, shape (segments, CLOCKS, STATES, 14): fees by day, orders by day."""
    before = day_weights(discount)
    heads = np.tile(before[:-1], (CLOCKS, 1))
    heads[0] = before[:-1].mean()
    tails = before[-1] - heads
    # What happens in a week happens on its day u: until then the old plan pays, from then on the
    # new one, or nobody. By the month u is any day alike; an annual term has its own day.
    flows = []
    for now, after in (_fees(world, weeks), _orders(world, weeks)):
        flows.append(now * heads[:, None, :] + after * tails[:, None, :])
    return np.concatenate(flows, axis=-1)


def _fees(world: World, weeks: Floats) -> tuple[Floats, Floats]:
    """Fees per day before and after what happens this week."""
    by_clock = FEES_PER_DAY * monthly_amounts(world)[:, PLAN_OF]
    now = np.tile(by_clock[None, :, :, None], (len(SEGMENTS), 1, 1, 1))
    return now, weeks @ now[:, NEXT_CLOCK]


def _orders(world: World, weeks: Floats) -> tuple[Floats, Floats]:
    """Order revenue per day before and after what happens this week: a plan change alters none."""
    amount = np.array(world.order_amount)[:, None] * world.order_net
    per_day = orders_per_week(world) * amount / DAYS_PER_WEEK
    now = np.tile(per_day[:, None, :, None], (1, CLOCKS, 1, 1))
    return now, now * weeks.sum(axis=-1, keepdims=True)
