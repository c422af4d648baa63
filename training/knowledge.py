"""How much does one column know of who leaves, and how much do many together? Always out of fold.

What a column says of a customer is the share that left among *other* customers with a like value,
so a column of noise knows nothing however many values it has.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Self

import lightgbm
import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import rankdata

from training.metrics import Estimate, auc

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
Codes = NDArray[np.int64]

FOLDS = 6
MOST_GROUPS = 32
_ROWS_IN_GROUP = 10
"""Of the rarer outcome, on average: with fewer, a group's share says more of luck than of them."""
_PRIOR = 5.0
"""Rows with the overall share that each group is mixed with."""
_NORMAL_95 = 1.96
_ROUNDS = 60
_TOGETHER_FOLDS = 3
_TREES: dict[str, Any] = {
    "objective": "binary",
    "num_leaves": 15,
    "learning_rate": 0.1,
    "max_bin": 63,
    "min_data_in_leaf": 20,
    "deterministic": True,
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True)
class Table:
    """Columns and outcomes of customers, each customer once.

    Attributes
    ----------
    names : tuple of str
    values : ndarray, shape (n_rows, n_columns), nan for missing
        Categories as codes.
    categorical : frozenset of str
    churned : ndarray of bool, shape (n_rows,)
    seed : int
    """

    names: tuple[str, ...]
    values: Floats
    categorical: frozenset[str]
    churned: Flags
    seed: int
    _groups: dict[str, Codes] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, X: pd.DataFrame, churned: Flags, seed: int) -> Self:
        """Turn a frame of numbers and categories into a table."""
        values = np.empty(X.shape, np.float64)
        categorical = set()
        for place, name in enumerate(X.columns):
            column = X[name]
            if pd.api.types.is_numeric_dtype(column):
                values[:, place] = column.to_numpy(dtype=np.float64, na_value=np.nan)
            else:
                codes = pd.factorize(column, sort=True)[0]
                values[:, place] = np.where(codes < 0, np.nan, codes)
                categorical.add(str(name))
        values[~np.isfinite(values)] = np.nan
        return cls(tuple(map(str, X.columns)), values, frozenset(categorical), churned, seed)

    def rows(self, which: Flags | Codes) -> Table:
        """Some of the rows."""
        return replace(self, values=self.values[which], churned=self.churned[which], _groups={})

    def towards(self, outcome: Flags) -> Table:
        """Hold the same rows against another outcome."""
        return replace(self, churned=outcome, _groups={})

    def chosen(self, most: int) -> Codes:
        """Positions of at most so many rows, drawn by the seed."""
        every = np.arange(len(self.churned))
        if len(every) <= most:
            return every
        return np.sort(np.random.default_rng(self.seed).choice(every, most, replace=False))

    def sample(self, most: int) -> Table:
        """At most so many rows, drawn by the seed."""
        return self.rows(self.chosen(most))

    def column(self, name: str) -> Floats:
        """Values of one column."""
        return self.values[:, self.names.index(name)]

    @cached_property
    def folds(self) -> Codes:
        """Fold of each row."""
        order = np.random.default_rng(self.seed).permutation(len(self.churned))
        return order % FOLDS

    def groups(self, name: str) -> Codes:
        """Group of like values of each row; 0 where the column is missing."""
        if name not in self._groups:
            category = name in self.categorical
            rarer = int(min(self.churned.sum(), (~self.churned).sum()))
            most = int(np.clip(rarer // _ROWS_IN_GROUP, 4, MOST_GROUPS))
            self._groups[name] = _grouped(self.column(name), None if category else most)
        return self._groups[name]

    def said(self, name: str) -> Floats:
        """Share that left among like customers of the other folds, shape (n_rows,)."""
        rates, cells = self._rates(name)[0], self._cells(name)
        return rates[cells]

    def alone(self, name: str) -> Estimate:
        """AUC of one column by itself, with its 95 % interval."""
        rates, rows, left = self._rates(name)
        present = rows > 0
        found = auc(
            np.repeat([True, False], int(present.sum())),
            np.tile(rates[present], 2),
            weights=np.concatenate([left[present], (rows - left)[present]]),
        )
        return with_hanley_interval(found, self.churned)

    def _cells(self, name: str) -> Codes:
        groups = self.groups(name)
        return self.folds * (int(groups.max(initial=0)) + 1) + groups

    def _rates(self, name: str) -> tuple[Floats, Floats, Floats]:
        """Share per fold and group, without the fold itself; rows and leavers likewise, in it."""
        cells, width = self._cells(name), int(self.groups(name).max(initial=0)) + 1
        size = FOLDS * width
        rows = np.bincount(cells, minlength=size).reshape(FOLDS, width).astype(np.float64)
        left = np.bincount(cells, self.churned, minlength=size).reshape(FOLDS, width)
        overall = self.churned.mean()
        others, gone = rows.sum(axis=0) - rows, left.sum(axis=0) - left
        rates = (gone + _PRIOR * overall) / (others + _PRIOR)
        return rates.ravel(), rows.ravel(), np.asarray(left.ravel(), np.float64)


@dataclass(frozen=True)
class Together:
    """What some columns know together.

    Attributes
    ----------
    probability : ndarray, shape (n_rows,)
        Of leaving, by trees that had not seen the row.
    auc : Estimate
    gains : mapping of str to float
        How much of what the trees learned each column taught them.
    """

    probability: Floats
    auc: Estimate
    gains: dict[str, float]


def together(table: Table, names: Sequence[str]) -> Together:
    """Fit small trees on some columns and judge them out of fold.

    Parameters
    ----------
    table : Table
    names : sequence of str
        Without any, every row gets the overall share and the AUC is 0.5.
    """
    if not names:
        nothing = np.full(len(table.churned), table.churned.mean())
        return Together(nothing, with_hanley_interval(0.5, table.churned), {})
    places = [table.names.index(name) for name in names]
    X = np.ascontiguousarray(table.values[:, places])
    outcome = table.churned.astype(np.float64)
    categorical = [i for i, name in enumerate(names) if name in table.categorical]
    folds = table.folds % _TOGETHER_FOLDS
    probability, gains = np.empty(len(X)), np.zeros(len(names))
    for fold in range(_TOGETHER_FOLDS):
        seen = folds != fold
        data = lightgbm.Dataset(
            X[seen], outcome[seen], categorical_feature=categorical, params=dict(_TREES)
        )
        trees = lightgbm.train({**_TREES, "seed": table.seed}, data, num_boost_round=_ROUNDS)
        probability[~seen] = np.asarray(trees.predict(X[~seen], num_threads=1))
        gains += trees.feature_importance("gain")
    found = with_hanley_interval(auc(table.churned, probability), table.churned)
    return Together(probability, found, dict(zip(names, gains.tolist(), strict=True)))


def alike(table: Table, names: Sequence[str]) -> Floats:
    """Rank correlation of what each column says with what the others say.

    Returns
    -------
    ndarray, shape (n_names, n_names)
    """
    ranks = np.array([rankdata(table.said(name)) for name in names])
    ranks -= ranks.mean(axis=1, keepdims=True)
    length = np.sqrt((ranks**2).sum(axis=1, keepdims=True))
    ranks /= np.where(length > 0, length, 1.0)
    return np.asarray(ranks @ ranks.T)


def with_hanley_interval(found: float, churned: Flags) -> Estimate:
    """AUC with the 95 % interval of Hanley & McNeil (1982), clipped to [0, 1]."""
    left, stayed = int(churned.sum()), int((~churned).sum())
    first, second = found / (2 - found), 2 * found**2 / (1 + found)
    variance = (
        found * (1 - found) + (left - 1) * (first - found**2) + (stayed - 1) * (second - found**2)
    ) / (left * stayed)
    reach = _NORMAL_95 * float(np.sqrt(max(variance, 0.0)))
    return Estimate(found, max(0.0, found - reach), min(1.0, found + reach))


def _grouped(values: Floats, most: int | None) -> Codes:
    """Number like values from 1: equal ones where `most` is None, else so many parts by rank."""
    codes = np.zeros(len(values), np.int64)
    known = ~np.isnan(values)
    if not known.any():
        return codes
    if most is None:
        codes[known] = values[known].astype(np.int64) + 1
        return codes
    inner = np.linspace(0, 1, most + 1)[1:-1]
    edges = np.unique(np.quantile(values[known], inner, method="lower"))
    codes[known] = 1 + np.searchsorted(edges, values[known], side="left")
    return codes
