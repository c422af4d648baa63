"""Which subscriptions did the simulated customers hold?"""

from typing import Any

import numpy as np
import pyarrow as pa

from features.datasets.block import NEVER, WEEK, Block
from features.datasets.columns import customer_ids, moments, numbers, words
from features.datasets.paths import NOBODY
from features.datasets.truth import monthly_amounts
from features.datasets.world import FADE_OF, MOOD_OF, PLAN_OF, PLANS, TERM_WEEKS, Ints, World

_BILLING = ("monthly", "annual")
_PLAN_NAMES = tuple(f"{plan} {billing}" for billing in _BILLING for plan in PLANS)
_REASONS = ("price", "missing features", "service", "no longer needed", "moved", None)


def subscriptions_table(block: Block, world: World) -> Any:
    """Make a block's subscriptions: a row per plan paid by the month, a row per annual term."""
    paths = block.paths
    customer, started, plan = _periods(block)
    order = np.lexsort((started, customer))
    customer, started, plan = customer[order], started[order], plan[order]
    last = np.append(customer[1:] != customer[:-1], True)
    ended = np.where(last, block.left[customer], np.append(started[1:], NEVER))
    annual = paths.annual[customer]
    amount = monthly_amounts(world)[annual.astype(int), plan] * block.price_factor[customer]
    reason = np.where(last, _reasons(block)[customer], len(_REASONS) - 1)
    return pa.table(
        {
            "customer_id": words(customer, customer_ids(block.first_customer, block.customers)),
            "started_at": moments(started),
            "ended_at": moments(ended),
            "plan": words(plan + len(PLANS) * annual, _PLAN_NAMES),
            "monthly_amount": numbers(np.round(amount, 2)),
            "renews_at": moments(np.where(annual, started + TERM_WEEKS * WEEK, NEVER)),
            "cancel_reason": words(reason, _REASONS),
        }
    )


def _periods(block: Block) -> tuple[Ints, Ints, Ints]:
    """Find customer, begin and plan of every subscription period, in no order."""
    paths = block.paths
    now, after = paths.state[:-1], paths.state[1:]
    stays = (now != NOBODY) & (after != NOBODY)
    renews = paths.annual & (paths.clock[:-1] == TERM_WEEKS)
    changes = ~paths.annual & (PLAN_OF[now] != PLAN_OF[after])
    week, customer = np.nonzero(stays & (renews | changes))
    first_customer, first_started = _first_periods(block)
    first_state = paths.state[np.maximum(paths.joined_week + 1, 0), np.arange(block.customers)]
    return (
        np.concatenate([first_customer, customer]),
        np.concatenate([first_started, block.moment(week, customer)]),
        np.concatenate([PLAN_OF[first_state[first_customer]], PLAN_OF[after[week, customer]]]),
    )


def _first_periods(block: Block) -> tuple[Ints, Ints]:
    """Find everyone's first period, and annual terms renewed before the histories begin."""
    terms = np.maximum(-block.paths.joined_week - 1, 0) // TERM_WEEKS
    periods = np.where(block.paths.annual, terms, 0) + 1
    customer = np.repeat(np.arange(block.customers), periods)
    term = np.arange(len(customer)) - np.repeat(np.cumsum(periods) - periods, periods)
    return customer, block.joined[customer] + term * TERM_WEEKS * WEEK


def _reasons(block: Block) -> Ints:
    """Draw the reason that each leaver gives: coloured by mood and fading, often none."""
    rng, paths = block.rng("reasons"), block.paths
    none = len(_REASONS) - 1
    week = np.minimum(paths.left_week, paths.weeks - 1)
    state = paths.state[week, np.arange(block.customers)]
    unhappy, faded = MOOD_OF[state] <= 1, FADE_OF[state] > 0
    drawn = rng.random(block.customers)
    reason = np.where(unhappy, np.where(drawn < 0.5, 2, 1), np.where(drawn < 0.5, 0, 4))
    reason = np.where(faded & (drawn < 0.7), 3, reason)
    said = (rng.random(block.customers) < 0.6) & (block.left != NEVER)
    return np.where(said, reason, none)
