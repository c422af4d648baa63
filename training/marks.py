"""Whom does an absence give away, or one value?

That a cell is filled should say little by itself. Where it says much, either there was nothing to
fill in, which a count says too, or somebody filled it in afterwards.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from training.irreplaceable import MOST_ROWS, without
from training.knowledge import Table, together

Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]

FEWEST_ROWS = 20
"""Customers that a group needs before anything is said of it."""
FEWEST_ALIKE = 40
"""Likewise a group with some values of a category: honest ones are strong too, and where they are
rare, too few teach all other columns to expect it."""
SURPRISE = 0.25
"""By how much the share that left must exceed what all other columns expect of the group; where
it falls short of it, by how much of the overall share."""
SURPRISE_ODDS = 5.0
"""This as a ratio of odds, either way, with the whole interval of the share."""
_SHARE = 0.05
"""Of all who left, or stayed, that a group must hold: of a handful nothing depends."""
_SAME = 0.95


@dataclass(frozen=True)
class Mark:
    """Customers for whom a column is missing, filled, or has one value.

    Attributes
    ----------
    column : str
    what : {"missing", "filled", "one value", "some values", "not as usual"}
    group : ndarray of bool, shape (n_rows,)
    churned : ndarray of bool, shape (n_rows,)
    """

    column: str
    what: str
    group: Flags
    churned: Flags

    @property
    def rows(self) -> int:
        """Customers in the group."""
        return int(self.group.sum())

    @property
    def share(self) -> float:
        """Share of the group that left."""
        return float(self.churned[self.group].mean())

    @cached_property
    def interval(self) -> tuple[float, float]:
        """Wilson's 95 % interval of the share."""
        share, rows, z = self.share, self.rows, 1.96
        middle = share + z * z / (2 * rows)
        reach = z * float(np.sqrt(share * (1 - share) / rows + z * z / (4 * rows * rows)))
        return (middle - reach) / (1 + z * z / rows), (middle + reach) / (1 + z * z / rows)

    def sentence(self) -> str:
        """Say how many of the group left, against the others."""
        return (
            f"{self.what} in {self.group.mean():.0%} of {len(self.group):,} rows, of which "
            f"{self.share:.0%} left, against {self.churned[~self.group].mean():.0%} of the others"
        )

    def same(self, other: Mark) -> bool:
        """Whether both groups are nearly the same customers."""
        both, either = (self.group & other.group).sum(), (self.group | other.group).sum()
        return bool(both >= _SAME * either)


def marked(
    table: Table, names: Sequence[str], counts: Collection[str] = ()
) -> Iterator[tuple[str, str]]:
    """Yield columns that mark leavers, or stayers, whom nothing else knows, and why.

    Parameters
    ----------
    table : Table
    names : sequence of str
        The columns to look at.
    counts : collection of str
        Columns that count rows of a history: where one is 0 there was nothing to fill in.
    """
    marks = [mark for name in names for mark in _marks(table, name) if name not in counts]
    chosen = table.chosen(MOST_ROWS)
    some = table.rows(chosen)
    named: set[str] = set()
    for mark in marks:
        inside = mark.group[chosen]
        if mark.column in named or not inside.any():
            continue
        same = frozenset(other.column for other in marks if mark.same(other))
        # without them: two marks of the same rows would vouch for each other
        others = without(names, same)
        if _counted(table, others, counts, mark.group):
            continue
        if not _surprises(mark, _nearest(some, others, mark, inside)):
            continue
        expected = float(together(some, others).probability[inside].mean())
        if _surprises(mark, expected):
            said = f"{mark.sentence()}; all other columns expect {expected:.0%} of these to leave"
            yield from ((name, said) for name in sorted(same - named))
            named |= same


def _nearest(some: Table, names: Sequence[str], mark: Mark, inside: Flags) -> float:
    """Share that the best informed single column expects to leave: cheaper than all together."""
    overall = float(some.churned.mean())
    expected = [float(some.said(name)[inside].mean()) for name in names] or [overall]
    return max(expected) if mark.share > overall else min(expected)


def absence(table: Table, name: str) -> Mark | None:
    """Rows without a value, where both they and the others are enough to speak of."""
    missing = np.isnan(table.column(name))
    if min(missing.sum(), (~missing).sum()) < FEWEST_ROWS:
        return None
    return Mark(name, "missing", missing, table.churned)


def _marks(table: Table, name: str) -> Iterator[Mark]:
    """Yield the groups of a column that could be marks."""
    churned = table.churned
    gap = absence(table, name)
    if gap is not None:
        both = (gap, Mark(name, "filled", ~gap.group, churned))
        yield from (mark for mark in both if _could_leave(mark) or _could_stay(mark))
    found = _categories(table, name) if _is_category(table, name) else _unusual(table, name)
    yield from (mark for mark in found if _could_leave(mark))


def _is_category(table: Table, name: str) -> bool:
    values = table.column(name)
    return name in table.categorical or len(np.unique(values[~np.isnan(values)])) == 2


def _categories(table: Table, name: str) -> Iterator[Mark]:
    """Yield each level, then together those of which others' fate says that their rows left."""
    values = table.column(name)
    levels, often = np.unique(values[~np.isnan(values)], return_counts=True)
    for level in levels[often >= FEWEST_ALIKE]:
        yield Mark(name, "one value", values == level, table.churned)
    # told by the other folds: many small levels would have some that left by chance
    telling = table.said(name) - table.churned.mean() >= SURPRISE
    telling &= ~np.isnan(values)
    if telling.sum() >= FEWEST_ALIKE:
        yield Mark(name, "some values", telling, table.churned)


def _unusual(table: Table, name: str) -> Iterator[Mark]:
    """Yield the rows that lack the one number that most have, such as a fee of 0."""
    values = table.column(name)
    found, often = np.unique(values[~np.isnan(values)], return_counts=True)
    if len(found) and often.max() > len(values) / 2:
        group = (values != found[often.argmax()]) & ~np.isnan(values)
        yield Mark(name, "not as usual", group, table.churned)


def _could_leave(mark: Mark) -> bool:
    left = mark.churned[mark.group].sum()
    if mark.rows < FEWEST_ROWS or left < _SHARE * mark.churned.sum():
        return False
    return bool(mark.interval[0] - mark.churned.mean() >= SURPRISE / 2)


def _could_stay(mark: Mark) -> bool:
    overall = float(mark.churned.mean())
    many = (~mark.churned[mark.group]).sum() >= _SHARE * (~mark.churned).sum()
    return bool(many and mark.rows * overall >= FEWEST_ROWS and mark.interval[1] <= overall / 2)


def _surprises(mark: Mark, expected: float) -> bool:
    low, high = mark.interval
    expected = float(np.clip(expected, 1e-6, 1 - 1e-6))
    odds = expected / (1 - expected)
    if mark.share > expected:
        return mark.share - expected >= SURPRISE and low / (1 - low) >= SURPRISE_ODDS * odds
    missed = (expected - mark.share) * mark.rows
    much = expected - mark.share >= SURPRISE * mark.churned.mean()
    return much and missed >= FEWEST_ROWS and high / (1 - high) * SURPRISE_ODDS <= odds


def _counted(table: Table, names: Sequence[str], counts: Collection[str], group: Flags) -> bool:
    """Tell whether a count or a time sets the group apart: there was just nothing to fill in.

    The mean duration of four weeks is missing where there was no use in them, and the number of
    uses says so, honestly.
    """
    for name in names:
        values = table.column(name)
        if name in table.categorical or np.isnan(values).any():
            continue
        inside, outside = values[group], values[~group]
        apart = inside.max() < outside.min() or inside.min() > outside.max()
        if apart and (name in counts or len(np.unique(values)) > 2):
            return True
    return False
