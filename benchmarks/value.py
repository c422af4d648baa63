"""How fast is the BG/NBD fit? As a ratio to plain `lifetimes` on the same customers.

Both maximise the same likelihood with the same optimiser; ours on the distinct (frequency,
recency, T) triples weighted by their customers. They take turns, so that whatever else the machine
does meets both, and must end at the same parameters.
"""

import time
import warnings

import numpy as np
from numpy.typing import NDArray

from training.models.purchases import fit_purchases

CUSTOMERS = 1_000_000
TARGET_SPEED = 3.0
TARGET_AGREEMENT = 1e-4
ROUNDS = 2

# the published BG/NBD of CDNOW (Fader, Hardie & Lee 2005), alpha in days; observed for up to a year
TRUTH = {"r": 0.243, "alpha": 7 * 4.414, "a": 0.793, "b": 2.426}
LONGEST_AGE = 364

Floats = NDArray[np.float64]


def measure(scale: float = 1.0) -> list[dict[str, object]]:
    """Two figures: the ratio of speeds, and how far the parameters are apart.

    Parameters
    ----------
    scale : float
        Part of a million customers to simulate.
    """
    customers = max(1000, round(CUSTOMERS * scale))
    histories = _simulated(customers, seed=1)
    # the first fit of a process also imports and compiles: that is nobody's speed
    few = tuple(column[:1000] for column in histories)
    _ours(*few), _theirs(*few)
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(_theirs(*histories))
        ours.append(_ours(*histories))
    seconds, their_seconds = (min(run[0] for run in runs) for runs in (ours, theirs))
    found, expected = ours[0][1], theirs[0][1]
    apart = max(abs(found[name] / expected[name] - 1) for name in expected)
    size = f"{customers:,} customers"
    return [
        {
            "name": "value bg-nbd fit",
            "peer": "lifetimes, one row per customer",
            "size": size,
            "ours": seconds,
            "theirs": their_seconds,
            "ratio": their_seconds / seconds,
            "target": f">= {TARGET_SPEED:g}",
            "met": bool(their_seconds / seconds >= TARGET_SPEED),
        },
        {
            "name": "value bg-nbd parameters",
            "peer": "lifetimes, one row per customer",
            "size": size,
            "ours": ", ".join(f"{found[name]:.6g}" for name in expected),
            "theirs": ", ".join(f"{expected[name]:.6g}" for name in expected),
            "ratio": apart,
            "target": f"<= {TARGET_AGREEMENT:g} apart, relative",
            "met": bool(apart <= TARGET_AGREEMENT),
        },
    ]


def _ours(x: Floats, t_x: Floats, age: Floats) -> tuple[float, dict[str, float]]:
    start = time.perf_counter()
    params = dict(fit_purchases(x, t_x, age).params)
    return time.perf_counter() - start, params


def _theirs(x: Floats, t_x: Floats, age: Floats) -> tuple[float, dict[str, float]]:
    with warnings.catch_warnings():
        # lifetimes is archived and warns of what pandas 3 no longer has
        warnings.simplefilter("ignore")
        from lifetimes import BetaGeoFitter

        start = time.perf_counter()
        params = BetaGeoFitter().fit(x, t_x, age).params_
        return time.perf_counter() - start, {str(k): float(v) for k, v in params.items()}


def _simulated(n: int, *, seed: int) -> tuple[Floats, Floats, Floats]:
    """BG/NBD customers as a shop sees them: whole days, at most one purchase day per day."""
    rng = np.random.default_rng(seed)
    age = rng.integers(1, LONGEST_AGE + 1, n).astype(float)
    rate = rng.gamma(TRUTH["r"], 1 / TRUTH["alpha"], n)
    leaves = rng.beta(TRUTH["a"], TRUTH["b"], n)
    x, t_x, now = np.zeros(n), np.zeros(n), np.zeros(n)
    there = np.arange(n)
    while len(there):
        now[there] += rng.exponential(1 / rate[there])
        there = there[np.ceil(now[there]) <= age[there]]
        day = np.ceil(now[there])
        x[there] += day > t_x[there]
        t_x[there] = day
        there = there[rng.random(len(there)) >= leaves[there]]
    return x, t_x, age
