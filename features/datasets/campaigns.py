"""Whom did the simulated company contact in past campaigns, and whom not, at random?

The contacts have no effect on anybody, by construction: an uplift found in them is noise.
"""

from typing import Any

import numpy as np
import pyarrow as pa

from features.datasets.block import DAY, HOUR, NEVER, WEEK, Block, working_hours
from features.datasets.columns import customer_ids, moments, numbers, words
from features.datasets.paths import NOBODY

ARMS = ("treatment", "control")
EVERY_WEEKS = 13
FIRST_WEEK = 6
SHARE = 0.04  # of those subscribed when the campaign starts
COST = 2.5  # per contact, in currency units

_OFFERS = ("a free month of templates", "10 % off one extra", "a call with an expert")


def campaigns_table(block: Block) -> Any:
    """Campaign assignments, in order of time; a control has no contacted_at and no cost."""
    rng, paths = block.rng("campaigns"), block.paths
    starts = np.arange(FIRST_WEEK, paths.weeks, EVERY_WEEKS)
    here = paths.state[starts] != NOBODY
    campaign, customer = np.nonzero(here & (rng.random(here.shape) < SHARE))
    treated = rng.random(len(customer)) < 0.5
    assigned = block.begin + starts[campaign] * WEEK + 8 * HOUR
    contacted = assigned // DAY * DAY + rng.integers(1, 4, len(customer)) * DAY
    contacted += working_hours(rng, len(customer))
    reached = treated & block.while_subscribed(customer, contacted) & (contacted < block.end)
    subscribed = np.flatnonzero(block.while_subscribed(customer, assigned))
    names = [f"campaign {number + 1:02d}" for number in range(len(starts))] or ["none"]
    table = pa.table(
        {
            "customer_id": words(customer, customer_ids(block.first_customer, block.customers)),
            "assigned_at": moments(assigned),
            "contacted_at": moments(np.where(reached, contacted, NEVER)),
            "arm": words((~treated).astype(np.int64), ARMS),
            "campaign": words(campaign, names),
            "cost": numbers(np.where(reached, COST, 0.0)),
            "offer": words(campaign % len(_OFFERS), _OFFERS),
        }
    )
    return table.take(subscribed)
