"""How do the simulated customers use the product?

Usage falls with mood and above all with fading; how much somebody uses the product at all says
nothing about leaving, nor do logins and settings.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from features.datasets.block import DAY, NEVER, WEEK, Block, working_hours
from features.datasets.columns import customer_ids, moments, numbers, words
from features.datasets.world import FADE_OF, MOOD_OF, PLAN_OF, Floats, Ints

EVENTS = ("login", "search", "report", "export", "settings", "help", "api_call")
_LOGIN = 0

_USES = np.array([1.5, 1.8, 2.3])  # rows per week by segment
_BY_PLAN = np.array([0.9, 1.0, 1.15])
_BY_MOOD = np.array([0.60, 0.75, 0.95, 1.05, 1.15])
_BY_FADE = np.array([1.0, 0.45, 0.18, 0.05])
_BY_WEEKDAY = np.array([1.15, 1.2, 1.2, 1.15, 1.05, 0.65, 0.6])  # Monday first
# Events by mood: the unhappy ask for help; the happy make reports. Settings and logins are noise.
_UNHAPPY = np.array([0.30, 0.22, 0.07, 0.04, 0.07, 0.23, 0.07])
_HAPPY = np.array([0.30, 0.24, 0.21, 0.09, 0.07, 0.02, 0.07])
_QUANTITY = np.array([np.nan, 3.0, 1.5, 1.2, 1.0, 1.0, 20.0])
_SECONDS = np.array([40.0, 90.0, 420.0, 150.0, 60.0, 200.0, np.nan])


def usage_table(block: Block) -> Any:
    """Usage of a block, in order of time; one row a use of a part of the product."""
    rng = block.rng("usage")
    week, customer, state = _uses(block, rng)
    moment = block.begin + week * WEEK + _weekdays(block, rng, len(week)) * DAY
    moment += working_hours(rng, len(week))
    event = _events(rng, state)
    quantity = 1.0 + rng.poisson(np.nan_to_num(_QUANTITY[event] * _BY_FADE[FADE_OF[state]]))
    quantity[np.isnan(_QUANTITY[event])] = np.nan
    seconds = np.rint(_SECONDS[event] * rng.lognormal(0.0, 0.8, len(week)))
    table = _table(block, customer, moment, event, quantity, seconds)
    if pc.any(pc.greater_equal(table["occurred_at"], _last_midnight(block))).as_py():
        return table
    return pa.concat_tables([table, _last_day_use(block)]).unify_dictionaries()


def _last_midnight(block: Block) -> Any:
    return pa.scalar(block.end - DAY, pa.timestamp("us"))


def _last_day_use(block: Block) -> Any:
    """One login on the last day by the first who stays: the newest day of a company is not empty.

    It matters to a block of few customers only. Where nobody stays, there is no row.
    """
    begin = block.end - DAY
    stayed = np.flatnonzero((block.left == NEVER) & (block.joined < begin))[:1]
    moment = begin + working_hours(block.rng("last day"), len(stayed))
    nothing = np.full(len(stayed), np.nan)
    return _table(block, stayed, moment, np.full(len(stayed), _LOGIN), nothing, nothing)


def _uses(block: Block, rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    week, customer, state = block.lived()
    season = 1 + 0.08 * np.cos(2 * np.pi * week / 52)
    usual = _USES[block.paths.segment[customer]] * block.usage_rate[customer] * season
    by_state = _BY_PLAN[PLAN_OF] * _BY_MOOD[MOOD_OF] * _BY_FADE[FADE_OF]
    repeats = rng.poisson(usual * by_state[state])
    return np.repeat(week, repeats), np.repeat(customer, repeats), np.repeat(state, repeats)


def _weekdays(block: Block, rng: np.random.Generator, size: int) -> Ints:
    # 1970-01-01 was a Thursday: weekday 3 when Monday is 0
    shares = np.roll(_BY_WEEKDAY, -((block.begin // DAY + 3) % 7))
    return np.searchsorted(np.cumsum(shares / shares.sum())[:-1], rng.random(size), side="right")


def _events(rng: np.random.Generator, state: Ints) -> Ints:
    happy = (np.arange(5) / 4)[:, None]
    ladder = np.cumsum(happy * _HAPPY + (1 - happy) * _UNHAPPY, axis=1)
    ladder[:, -1] = 1.0
    rising = (ladder + np.arange(5)[:, None]).ravel()
    mood = MOOD_OF[state].astype(np.int64)
    # as in paths.advance: mood + u of a u just below 1 would round into the next row
    spot = mood + np.minimum(rng.random(len(state)), 1 - 1e-12)
    drawn = np.searchsorted(rising, spot, side="right")
    return np.asarray(drawn - mood * len(EVENTS))


def _table(
    block: Block, customer: Ints, moment: Ints, event: Ints, quantity: Floats, seconds: Floats
) -> Any:
    subscribed = np.flatnonzero(block.while_subscribed(customer, moment))
    order = subscribed[np.argsort(moment[subscribed], kind="stable")]
    ids = customer_ids(block.first_customer, block.customers)
    return pa.table(
        {
            "customer_id": words(customer[order], ids),
            "occurred_at": moments(moment[order]),
            "event": words(event[order], EVENTS),
            "quantity": numbers(quantity[order]),
            "duration_seconds": numbers(seconds[order]),
        }
    )
