"""Who are the simulated customers?"""

from typing import Any

import numpy as np
import pyarrow as pa

from features.datasets.block import Block
from features.datasets.columns import customer_ids, moments, numbers, words
from features.datasets.paths import ACQUISITION
from features.datasets.world import SEGMENTS

STATIC = (
    "country",
    "segment",
    "age_band",
    "acquisition_channel",
    "device",
    "newsletter",
    "household_size",
)
"""Customer attributes that never change. Only segment and acquisition_channel carry a signal."""

_COUNTRIES = ("DE", "FR", "NL", "IT", "ES", "PL", "AT", "SE")
_AGE_BANDS = ("18-24", "25-34", "35-44", "45-54", "55-64", "65+", None)
_DEVICES = ("ios", "android", "web")
_NEWSLETTER = ("yes", "no")


def customers_table(block: Block) -> Any:
    """Make the customers of a block: one row each, with attributes that are mostly noise."""
    rng, size, paths = block.rng("customers"), block.customers, block.paths
    return pa.table(
        {
            "customer_id": customer_ids(block.first_customer, size),
            "signed_up_at": moments(block.joined),
            "country": words(rng.integers(0, len(_COUNTRIES), size), _COUNTRIES),
            "segment": words(paths.segment, SEGMENTS),
            "age_band": words(rng.integers(0, len(_AGE_BANDS), size), _AGE_BANDS),
            "acquisition_channel": words(paths.acquisition, ACQUISITION),
            "device": words(rng.integers(0, len(_DEVICES), size), _DEVICES),
            "newsletter": words(rng.integers(0, 2, size), _NEWSLETTER),
            "household_size": numbers(1 + rng.poisson(1.3, size).astype(np.float64)),
        }
    )
