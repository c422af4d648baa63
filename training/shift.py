"""What knew far less a week earlier, of the same customers?

What is written after the fact is there at the cutoff and was not there before. An honest column
knows nearly as much a week earlier; one of short windows loses some, and as much the week before.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from training.knowledge import Table

FEWEST = 10
"""Customers who left, and who stayed, below which nothing is told apart."""
STRONG = 0.65
"""AUC, with its whole interval, from which a fall is worth a look."""
FALL = 0.10
"""AUC that a column must lack a week earlier."""
JUMP = 3.0
"""The fall over what the column lost in the week before that."""
FAR = 5.0
"""The fall in robust standard deviations of all columns' falls."""
RHYTHM = 0.25
"""Change of the share of filled cells among those who stayed, from which a column has a beat."""
_LEAST_SPREAD = 0.005


def shifted(table: Table, before: Sequence[Table]) -> Iterator[tuple[str, str]]:
    """Yield columns that knew far less a week earlier, and why.

    Only customers of whom something was known by then are compared.

    Parameters
    ----------
    table : Table
        At the cutoff.
    before : sequence of Table
        The same rows and columns a week earlier, and two; none tells nothing.
    """
    if not before:
        return
    there = np.any([_filled(each.values) for each in before], axis=(0, 2))
    tables = [each.rows(there) for each in (table, *before)]
    churned = tables[0].churned
    if min(churned.sum(), (~churned).sum()) < FEWEST:
        return
    found = [[each.alone(name) for name in table.names] for each in tables]
    # a column of noise is below a coin as often as above it
    aucs = np.array([[max(estimate.value, 0.5) for estimate in row] for row in found])
    falls = aucs[:-1] - aucs[1:]
    for place in np.flatnonzero(_far(falls)):
        name = table.names[place]
        now, then = found[0][place], found[1][place]
        if now.low >= max(STRONG, then.high) and not _has_a_beat(tables[0], tables[1], name):
            said = (
                f"AUC {now.value:.3f} at the cutoff but {then.value:.3f} a week earlier for the "
                f"same customers, where the columns' median fall is {np.median(falls[0]):.3f}"
            )
            yield name, said


def _far(falls: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which columns fell far, further than the others, and further than in the week before."""
    newest = falls[0]
    middle = np.median(newest)
    spread = max(1.4826 * float(np.median(np.abs(newest - middle))), _LEAST_SPREAD)
    usual = np.maximum(falls[1], 0.0) if len(falls) > 1 else np.zeros_like(newest)
    far = (newest >= FALL) & (newest - middle >= FAR * spread) & (newest >= JUMP * usual)
    return np.asarray(far)


def _has_a_beat(now: Table, then: Table, name: str) -> bool:
    """Tell whether it changed for those who stayed too: a monthly row came in, nothing leaked."""
    stayed = ~now.churned
    shares = [_filled(each.column(name)[stayed]).mean() for each in (now, then)]
    return bool(abs(shares[0] - shares[1]) >= RHYTHM)


def _filled(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    return np.asarray(np.nan_to_num(values) != 0)
