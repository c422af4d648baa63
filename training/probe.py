"""Does a column know what it can't know yet? Looked for before anything is fitted.

Three signs, each explained with its reasons in docs/leaks.md: a column that alone knows nearly all
and that nothing else makes up for, one that knew far less a week earlier, and one whose absence
or single value gives customers away. An honest strong column shows none of them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from features.config import nearest
from features.errors import ConfigError
from training.irreplaceable import FAIRLY_STRONG, STRONG, TELLING, irreplaceable
from training.knowledge import Table
from training.marks import absence, marked
from training.metrics import Estimate
from training.shift import FEWEST, shifted

MOST_ROWS = 20_000
"""More customers than this add time, not evidence."""
_ROUNDS = 5


@dataclass(frozen=True)
class Suspect:
    """A column that may know the outcome.

    Attributes
    ----------
    column : str
    signs : tuple of str
        Among "alone", "presence" and "shift".
    evidence : str
        One sentence of numbers.
    auc : Estimate
        Of the column by itself.
    kept : bool
        The config overrules the probe: the column stays in the model.
    """

    column: str
    signs: tuple[str, ...]
    evidence: str
    auc: Estimate
    kept: bool = False

    def as_record(self) -> dict[str, object]:
        """Column, signs, evidence and what became of it, to be written down."""
        return {
            "column": self.column,
            "signs": list(self.signs),
            "evidence": self.evidence,
            "kept": self.kept,
        }


@dataclass(frozen=True)
class _Look:
    """Customers held against one outcome, and what each column alone knows of it."""

    table: Table
    alone: Mapping[str, Estimate]
    whose: str = ""


def probe(
    X: pd.DataFrame,
    churned: ArrayLike,
    *,
    gone: ArrayLike | None = None,
    earlier: Sequence[pd.DataFrame] = (),
    counts: Collection[str] = (),
    seed: int = 0,
) -> list[Suspect]:
    """Columns that look as if they had been written after the outcome was known.

    Parameters
    ----------
    X : DataFrame, shape (n_customers, n_columns)
        Features at one cutoff, a row per customer; what is not a number is a category.
    churned : array-like of bool, shape (n_customers,)
    gone : array-like of bool, shape (n_customers,), optional
        Who had left when the data end, within the horizon or later. A field that is overwritten
        when a customer leaves marks all of these, so it is told of them more clearly.
    earlier : up to two DataFrames of the same rows and columns
        The features one week earlier, and two. Without them nothing is told of the shift.
    counts : collection of str
        Columns that count rows of a history: where one is 0 there was nothing to fill in.
    seed : int
        Of the sample, where there are more than `MOST_ROWS` customers, and of the folds.

    Returns
    -------
    list of Suspect
        The strongest first; empty where nothing is suspicious, or fewer than ten customers left
        or stayed.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> churned = rng.random(1000) < 0.2
    >>> X = pd.DataFrame({"visits": rng.poisson(5 - 2 * churned),
    ...                   "exit_survey": np.where(churned, 1.0, np.nan)})
    >>> [suspect.column for suspect in probe(X, churned)]
    ['exit_survey']
    """
    outcome = np.asarray(churned, dtype=bool)
    if min(outcome.sum(), (~outcome).sum()) < FEWEST or not X.shape[1]:
        return []
    at_cutoff = Table.of(X, outcome, seed)
    chosen = at_cutoff.chosen(MOST_ROWS)
    table = at_cutoff.rows(chosen)
    before = [Table.of(frame, outcome, seed).rows(chosen) for frame in earlier]
    alone = {name: table.alone(name) for name in table.names}
    found = {name: {"shift": said} for name, said in shifted(table, before)}
    looks = [_Look(table, alone)]
    if gone is not None:
        later = table.towards(np.asarray(gone, dtype=bool)[chosen])
        alone_later = {name: later.alone(name) for name in later.names}
        looks.append(_Look(later, alone_later, "of who had left by the newest cutoff: "))
    for sign, name, said in _layers(looks, found, counts):
        found.setdefault(name, {})[sign] = said
    suspects = [_suspect(table, name, signs, alone[name]) for name, signs in found.items()]
    return sorted(suspects, key=lambda each: (-each.auc.value, each.column))


def check_keep(keep: Sequence[str], columns: Sequence[str]) -> None:
    """Refuse columns to be kept that are not there.

    Raises
    ------
    ConfigError
    """
    for name in keep:
        if name not in columns:
            guess = nearest(name, columns)
            hint = f"did you mean '{guess}'?" if guess else "docs/features.md lists them"
            raise ConfigError(
                f"unknown column '{name}' in keep under [training], none of the {len(columns)} "
                f"columns that are built; {hint}"
            )


def _layers(
    looks: Sequence[_Look], found: Mapping[str, object], counts: Collection[str]
) -> Iterator[tuple[str, str, str]]:
    """Yield sign, column and evidence, looking again without what was found.

    A strong leak hides weaker ones. `found` grows while this runs.
    """
    for _ in range(_ROUNDS):
        known = len(found)
        for look, sign in product(looks, _SIGNS):
            names = [name for name in look.table.names if name not in found]
            bar = TELLING if found else STRONG
            for name, said in list(_SIGNS[sign](look, names, bar, counts)):
                yield sign, name, look.whose + said
        if len(found) == known:
            break
    # last, or an honest column could stand in for a leak that is known by its presence
    for look in looks:
        if not found and max(each.low for each in look.alone.values()) < STRONG:
            for name, said in _alone(look, list(look.table.names), FAIRLY_STRONG, counts):
                yield "alone", name, look.whose + said


def _alone(
    look: _Look, names: list[str], bar: float, counts: Collection[str]
) -> Iterator[tuple[str, str]]:
    return irreplaceable(look.table, names, look.alone, bar=bar)


def _presence(
    look: _Look, names: list[str], bar: float, counts: Collection[str]
) -> Iterator[tuple[str, str]]:
    return marked(look.table, names, counts)


_SIGNS = {"alone": _alone, "presence": _presence}


def _suspect(table: Table, name: str, signs: Mapping[str, str], auc: Estimate) -> Suspect:
    told = [f"AUC {auc.value:.3f} ({auc.low:.3f}-{auc.high:.3f}) by itself", *signs.values()]
    gap = absence(table, name)
    if gap is not None and "presence" not in signs:
        told.append(gap.sentence())
    return Suspect(name, tuple(signs), "; ".join(told), auc)
