"""Which columns know what nothing else does?

Honest strong columns have relatives: days since the last order, orders in the last months and
expected purchases all know nearly the same. A leak knows nearly all, and nothing makes up for it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from training.knowledge import Table, Together, alike, together
from training.metrics import Estimate

STRONG = 0.8
"""AUC, with its whole interval, from which a column alone is strong."""
FAIRLY_STRONG = 0.75
"""Likewise, where no column is strong and nothing else was found."""
TELLING = 0.57
"""Likewise, from which it may be a weaker relative of a strong one."""
TWIN = 0.7
"""Rank correlation from which two columns say the same."""
COLLAPSE = 2.5
"""The error (1 - AUC) of everything else, over that of everything: from here on, a collapse."""
LEAST_FALL = 0.05
"""AUC that everything else must lack besides: of columns that all know nearly all, none leaks."""
LARGEST_GROUP = 1 / 3
"""Share of the columns that may be taken away: else too little is left to compare with."""
FEWEST = 30
"""Customers who left, and who stayed, below which a collapse may be chance."""
MOST_ROWS = 8_000
_STEPS = (1, 1, 1, 1, 1, 1, 2, 4)
"""Columns, beside their twins, that go at once: one field that leaked was in fourteen."""
_RESTORES = 1.5


def irreplaceable(
    table: Table, names: Sequence[str], alone: Mapping[str, Estimate], *, bar: float = STRONG
) -> Iterator[tuple[str, str]]:
    """Yield strong columns without which everything else together collapses, and why.

    The column that teaches trees the most is taken away together with its twins, or two leaks
    would vouch for each other; then the next, singly and later by several: a field that leaks is
    in many columns. Blamed are the fewest that make the collapse.

    Parameters
    ----------
    table : Table
    names : sequence of str
        The columns to look at.
    alone : mapping of str to Estimate
        AUC of each column by itself.
    bar : float
        AUC, with its whole interval, that the first column to go must have; lower where a leak
        was found already and its relatives are looked for.
    """
    if not any(alone[name].low >= bar for name in names):
        return
    table = table.sample(MOST_ROWS)
    if min(table.churned.sum(), (~table.churned).sum()) < FEWEST:
        return
    everything = together(table, names)
    gone = _collapsing(table, names, alone, everything, bar)
    if not gone:
        return
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


def _collapsing(
    table: Table,
    names: Sequence[str],
    alone: Mapping[str, Estimate],
    everything: Together,
    bar: float,
) -> set[str]:
    """Return columns without which the others collapse; none where they can do without."""
    telling = [name for name in names if alone[name].low >= TELLING]
    correlation = alike(table, telling)
    gone: set[str] = set()
    rest = everything
    for many in _STEPS:
        left = [name for name in telling if name not in gone and alone[name].low >= bar]
        if not left:
            break
        top = sorted(left, key=lambda name: (-rest.gains[name], name))[:many]
        same = correlation[[telling.index(name) for name in top]].max(axis=0) >= TWIN
        gone |= {name for name, twin in zip(telling, same, strict=True) if twin}
        if len(gone) > LARGEST_GROUP * len(names):
            break
        rest, bar = together(table, without(names, gone)), TELLING
        if _collapses(rest.auc, everything.auc):
            return gone
    return set()


def _collapses(rest: Estimate, everything: Estimate) -> bool:
    error = max(1 - everything.value, 1e-6)
    return (1 - rest.high) / error >= COLLAPSE and everything.value - rest.high >= LEAST_FALL


def _blamed(
    table: Table, names: Sequence[str], in_order: Sequence[str], everything: Estimate
) -> set[str]:
    """Return the fewest of a group, strongest first, without which the rest collapses."""
    low, high = 1, len(in_order)
    while low < high:
        middle = (low + high) // 2
        if _collapses(together(table, without(names, in_order[:middle])).auc, everything):
            high = middle
        else:
            low = middle + 1
    blamed = set(in_order[:low])
    most = 1 - together(table, without(names, blamed)).auc.value
    # an honest column that stood between two leaks goes back; measured against all of them gone,
    # or leaks could creep back one by one
    for name in reversed(in_order[:low]):
        again = 1 - together(table, without(names, blamed - {name})).auc.value
        if most / max(again, 1e-6) < _RESTORES:
            blamed.remove(name)
    return blamed
