"""How does the cost of a build grow with its size? A picture, and how straight the line is."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure


def plot_cost(cost: Sequence[tuple[int, float, float]], path: Path) -> float:
    """Draw seconds against events; return the R squared of the straight line through them.

    Parameters
    ----------
    cost : sequence of (events, seconds, processor seconds)
    path : Path
        Of the PNG.

    Returns
    -------
    float
        Of processor seconds: what else the machine does disturbs them least.
    """
    events, seconds, busy = (np.array(column, dtype=float) for column in zip(*cost, strict=True))
    events /= 1e6
    slope, start = np.polyfit(events, busy, 1)
    left = busy - (start + slope * events)
    fit = 1.0 - float((left**2).sum() / ((busy - busy.mean()) ** 2).sum())
    figure = Figure(figsize=(7.2, 4.5), layout="constrained")
    axes = figure.subplots()
    line = np.array([0.0, events.max() * 1.05])
    axes.plot(line, start + slope * line, color="0.7", label=f"straight line, R² = {fit:.4f}")
    axes.plot(events, busy, "o", color="#0b6e4f", label="processor seconds")
    axes.plot(events, seconds, "x", color="#c1666b", label="seconds on the clock")
    axes.set(
        title="All features at one cutoff, from Parquet to Parquet",
        xlabel="million events of usage (50 per customer)",
        ylabel="seconds",
        xlim=(0, None),
        ylim=(0, None),
    )
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=120)
    return fit
