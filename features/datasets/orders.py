"""Which extras do the simulated customers order, beside their subscription?

At the rates and mean amounts that the truth knows; some are refunded, some corrected.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from features.datasets.block import DAY, NEVER, WEEK, Block, working_hours
from features.datasets.columns import customer_ids, moments, numbers, words
from features.datasets.truth import orders_per_week
from features.datasets.world import Ints, World

_CHANNELS = ("web", "app", "phone")
_CATEGORIES = ("extra seats", "training", "templates", "support pack")


def orders_table(block: Block, world: World) -> Any:
    """Orders of extras, in order of time, with refunds and same-day corrections."""
    rng = block.rng("orders")
    week, customer, state = block.lived()
    rate = orders_per_week(world)[block.paths.segment[customer], state]
    repeats = rng.poisson(rate * block.order_rate[customer])
    week, customer = np.repeat(week, repeats), np.repeat(customer, repeats)
    midnight = block.begin + week * WEEK + rng.integers(0, 7, len(week)) * DAY
    moment = midnight + working_hours(rng, len(week))
    # the truth counts whole days: no order on the day of cancelling, however early
    last_midnight = block.left[customer] // DAY * DAY
    keep = np.flatnonzero((moment >= block.joined[customer]) & (midnight < last_midnight))
    keep = keep[np.argsort(moment[keep], kind="stable")]
    return _table(block, world, rng, customer[keep], moment[keep])


def _table(
    block: Block, world: World, rng: np.random.Generator, customer: Ints, moment: Ints
) -> Any:
    size = len(customer)
    mean = np.array(world.order_amount)[block.paths.segment[customer]] * block.order_size[customer]
    amount = np.round(mean * rng.gamma(5.0, 1 / 5.0, size), 2)
    fate = rng.random(size)
    refunded = moment + 2 * DAY + rng.integers(0, 3 * DAY, size) // 1000 * 1000
    refunded[(fate >= world.order_refunded) | (refunded >= block.end)] = NEVER
    corrected = (fate >= world.order_refunded) & (
        fate < world.order_refunded + world.order_corrected
    )
    again = np.concatenate([np.arange(size), np.flatnonzero(corrected)])
    back = np.arange(len(again)) >= size
    # a correction is noticed before midnight: the truth needs it on the order's own day
    later = (moment // DAY + 1) * DAY - moment
    shift = np.where(back, rng.integers(1, 999, len(again)) * later[again] // 1000, 0)
    ids = customer_ids(block.first_customer, block.customers)
    given_back = np.round(-world.order_correction * amount[again], 2)
    names = [f"O{block.number:04d}-{n:06d}" for n in range(size)]
    return pa.table(
        {
            "customer_id": words(customer[again], ids),
            "ordered_at": moments(moment[again] + shift),
            "amount": numbers(np.where(back, given_back, amount[again])),
            "order_id": words(again, names),
            "channel": words(rng.integers(0, 3, size)[again], _CHANNELS),
            "category": words(rng.integers(0, 4, size)[again], _CATEGORIES),
            "refunded_at": moments(np.where(back, NEVER, refunded[again])),
        }
    )
