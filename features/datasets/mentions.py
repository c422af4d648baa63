"""What do the simulated customers post in public? Little, and mostly the unhappy ones."""

from typing import Any

import numpy as np
import pyarrow as pa

from features.datasets.block import DAY, WEEK, Block, working_hours
from features.datasets.columns import customer_ids, moments, numbers, words
from features.datasets.texts import MENTIONS, third
from features.datasets.world import MOOD_OF

_BY_MOOD = np.array([0.010, 0.006, 0.003, 0.004, 0.007])  # posts per week
_NETWORKS = ("forum", "reviews", "microblog")


def mentions_table(block: Block) -> Any:
    """Mentions of a block, in order of time."""
    rng = block.rng("mentions")
    week, customer, state = block.lived()
    posts = np.flatnonzero(rng.random(len(week)) < _BY_MOOD[MOOD_OF[state]])
    posted = block.begin + week[posts] * WEEK + rng.integers(0, 7, len(posts)) * DAY
    posted += working_hours(rng, len(posts))
    keep = np.flatnonzero(block.while_subscribed(customer[posts], posted))
    keep = keep[np.argsort(posted[keep], kind="stable")]
    post, size = posts[keep], len(keep)
    sentiment = 0.4 * rng.standard_normal(size) + 0.35 * (MOOD_OF[state[post]] - 2)
    sentiment = np.round(np.clip(sentiment, -1.0, 1.0), 2)
    ids = customer_ids(block.first_customer, block.customers)
    return pa.table(
        {
            "customer_id": words(customer[post], ids),
            "posted_at": moments(posted[keep]),
            "network": words(rng.integers(0, len(_NETWORKS), size), _NETWORKS),
            "text": words(MENTIONS.draw(rng, third((sentiment + 1) / 2)), MENTIONS.texts),
            "sentiment": numbers(sentiment),
        }
    )
