"""Which truth is written beside the histories?"""

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa

from features.datasets.block import Block
from features.datasets.columns import customer_ids, words
from features.datasets.paths import NOBODY
from features.datasets.truth import Truth

WEEKS_BACK = (0, 13, 26, 52)
"""The cutoffs of the truth, counted back from the newest."""


def truth_table(
    block: Block, truth: Truth, *, margin_rate: float, weeks_back: int, end: date
) -> Any:
    """Make the truth of a block's subscribed customers at the cutoff ``weeks_back`` before end."""
    paths = block.paths
    week = paths.weeks - weeks_back
    who = np.flatnonzero(paths.state[week] != NOBODY)
    latent = paths.segment[who], paths.clock[week, who], paths.state[week, who]
    renewal_day = block.change_day[week - 1, who]
    fees = block.price_factor[who] * truth.fees[(*latent, renewal_day)]
    orders = block.order_rate[who] * block.order_size[who] * truth.orders[(*latent, renewal_day)]
    ids = customer_ids(block.first_customer, block.customers)
    cutoff = end - timedelta(weeks=weeks_back)
    return pa.table(
        {
            "customer_id": words(who, ids),
            "cutoff": pa.array(np.full(len(who), np.datetime64(cutoff)), pa.date32()),
            "churn_probability": truth.churn_probability[latent],
            "expected_value": margin_rate * (fees + orders),
        }
    )
