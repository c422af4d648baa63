"""How does the cost of a build grow with its size? A picture, and how straight the line is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

Cost = Sequence[tuple[int, float, float]]
"""(events, seconds, processor seconds) of each size."""
Floats = NDArray[np.float64]


def straightness(cost: Cost) -> float:
    """Return the R squared of the straight line through processor seconds against events.

    Of processor seconds, because what else the machine does disturbs them least.

    Examples
    --------
    >>> straightness([(1, 9.0, 2.0), (2, 9.0, 3.0), (3, 9.0, 4.0)])
    1.0
    """
    events, _, busy = _columns(cost)
    slope, start = np.polyfit(events, busy, 1)
    left = busy - (start + slope * events)
    return round(1.0 - float((left**2).sum() / ((busy - busy.mean()) ** 2).sum()), 9)


def plot_cost(cost: Cost, path: Path) -> None:
    """Draw cost against events, in units of the smallest build's.

    Parameters
    ----------
    cost : Cost
    path : Path
        Of the PNG.
    """
    events, seconds, busy = _columns(cost)
    slope, start = np.polyfit(events, busy / busy[0], 1)
    figure = Figure(figsize=(6.4, 4.0), layout="constrained")
    axes = figure.subplots()
    line = np.array([0.0, events.max() * 1.05])
    fit = f"straight line, R² = {straightness(cost):.4f}"
    axes.plot(line, start + slope * line, color="0.7", label=fit)
    axes.plot(events, busy / busy[0], "o", color="#0b6e4f", label="processor time")
    axes.plot(events, seconds / seconds[0], "x", color="#c1666b", label="time on the clock")
    axes.set(
        title="All features at one cutoff, from Parquet to Parquet",
        xlabel="million events of usage (50 per customer)",
        ylabel="cost, in times the smallest",
        xlim=(0, None),
        ylim=(0, None),
    )
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)


def _columns(cost: Cost) -> tuple[Floats, Floats, Floats]:
    events, seconds, busy = (np.array(column, dtype=float) for column in zip(*cost, strict=True))
    return events / 1e6, seconds, busy
