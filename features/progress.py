"""How does long work say how far it is?"""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told of each step; draws a bar, or nothing."""

    def __call__(self, step: str, done: int, total: int) -> None:
        """Hear that `done` of `total` parts of a step are finished."""


def silent(step: str, done: int, total: int) -> None:
    """Draw nothing."""
