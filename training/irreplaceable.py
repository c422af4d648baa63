"""Which columns know what nothing else does?

Honest strong columns have relatives: days since the last order, orders in the last months and
expected purchases all know nearly the same. A leak knows nearly all, and nothing makes up for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from training.knowledge import Table, alike, together
from training.metrics import Estimate

STRONG = 0.75
"""AUC, with its whole interval, from which a column alone is strong."""
TWIN = 0.7
"""Rank correlation from which two columns say the same."""
COLLAPSE = 3.0
"""The error (1 - AUC) of everything else, over that of everything: from here on, a collapse."""
LEAST_FALL = 0.05
"""AUC that everything else must lack besides: of columns that all know nearly all, none leaks."""
LARGEST_GROUP = 1 / 3
"""Share of the columns that may be taken away: else too little is left to compare with."""
MOST_ROWS = 10_000
_RESTORES = 1.5
_TRIED = 3


def irreplaceable(
    table: Table, names: Sequence[str], alone: Mapping[str, Estimate]
) -> Iterator[tuple[str, str]]:
    """Yield strong columns without which everything else together collapses, and why.

    A column is taken away together with its twins, or two leaks would vouch for each other; the
    ones blamed are the fewest that make the collapse.

    Parameters
    ----------
    table : Table
    names : sequence of str
        The columns to look at.
    alone : mapping of str to Estimate
        AUC of each column by itself.
    """
    strong = [name for name in names if alone[name].low >= STRONG]
    if not strong:
        return
    table = table.sample(MOST_ROWS)
    everything = together(table, names)
    strong.sort(key=lambda name: (-everything.gains[name], name))
    gone: set[str] = set()
    groups = []
    for name in strong[:_TRIED]:
        gone = gone | _twins(table, name, names, alone)
        if len(gone) <= LARGEST_GROUP * len(names):
            groups.append(gone)
    if not groups or not _collapses(table, names, groups[-1], everything.auc):
        return
    gone = next(each for each in groups if _collapses(table, names, each, everything.auc))
    in_order = sorted(gone, key=lambda name: (-alone[name].value, name))
    blamed = _blamed(table, names, in_order, everything.auc)
    rest = together(table, without(names, blamed)).auc
    others = len(blamed) - 1
    said = (
        f"all columns together have {everything.auc.value:.3f}, without "
        f"{f'it and {others} like it' if others else 'it'} only {rest.value:.3f}"
    )
    yield from ((name, said) for name in in_order if name in blamed)


def without(names: Sequence[str], gone: Collection[str]) -> list[str]:
    """Names that are not gone, in order."""
    return [name for name in names if name not in gone]


def _twins(
    table: Table, name: str, names: Sequence[str], alone: Mapping[str, Estimate]
) -> set[str]:
    telling = [each for each in names if alone[each].low > 0.5 or each == name]
    said = alike(table, telling)[telling.index(name)]
    return {each for each, same in zip(telling, said, strict=True) if same >= TWIN} | {name}


def _collapses(table: Table, names: Sequence[str], gone: set[str], everything: Estimate) -> bool:
    rest = together(table, without(names, gone)).auc
    error = max(1 - everything.value, 1e-6)
    return (1 - rest.high) / error >= COLLAPSE and everything.value - rest.high >= LEAST_FALL


def _blamed(
    table: Table, names: Sequence[str], in_order: Sequence[str], everything: Estimate
) -> set[str]:
    """Return the fewest of a group, strongest first, without which the rest collapses."""
    low, high = 1, len(in_order)
    while low < high:
        middle = (low + high) // 2
        if _collapses(table, names, set(in_order[:middle]), everything):
            high = middle
        else:
            low = middle + 1
    blamed = set(in_order[:low])
    # an honest column that stood between two leaks goes back
    for name in reversed(in_order[: low - 1]):
        rest = together(table, without(names, blamed)).auc
        again = together(table, without(names, blamed - {name})).auc
        if (1 - rest.value) / max(1 - again.value, 1e-6) < _RESTORES:
            blamed.remove(name)
    return blamed
