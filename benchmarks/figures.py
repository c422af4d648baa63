"""What does a benchmark say? A ratio beside its target, or why there is none."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Figure = dict[str, Any]
"""name, peer, size, ours, theirs, ratio, processor_ratio, target, met."""
NONE = "none"
"""The target of what is only shown."""


class NotMeasured(Exception):  # noqa: N818 - an outcome, not a fault
    """A task did not end: out of memory or time, or something is not installed."""


@dataclass(frozen=True)
class Claim:
    """What is to be shown.

    Attributes
    ----------
    name, peer : str
    target : str
        ``<= 6``, ``>= 5`` or `NONE`.
    take : callable
        Measures; returns size, ours, theirs, ratio and whatever else belongs to the figure, or
        raises NotMeasured.
    """

    name: str
    peer: str
    target: str
    take: Callable[[], Figure]

    def figure(self) -> Figure:
        """Measure it; what can't be measured keeps its target and says why."""
        named = {"name": self.name, "peer": self.peer, "target": self.target}
        try:
            taken = self.take()
        except NotMeasured as reason:
            return named | {"met": f"not measured: {reason}"}
        return named | taken | {"met": meets(taken["ratio"], self.target)}


def meets(ratio: float, target: str) -> bool | str:
    """Tell whether a ratio keeps to its target.

    Examples
    --------
    >>> meets(5.9, "<= 6"), meets(4.0, ">= 5"), meets(4.0, "none")
    (True, False, 'no target')
    """
    if target == NONE:
        return "no target"
    sign, limit = target.split()
    return ratio <= float(limit) if sign == "<=" else ratio >= float(limit)


def missed(figures: Iterable[Figure]) -> list[str]:
    """Name the figures that have a target and do not show that it is met."""
    return [
        figure["name"]
        for figure in figures
        if figure["met"] is not True and figure["target"] != NONE
    ]


def cell(value: object) -> str:
    """Write a value of a figure for a table."""
    if isinstance(value, bool):
        return "yes" if value else "NO"
    if value is None:
        return "-"
    return f"{value:.4g}" if isinstance(value, float) else str(value)
