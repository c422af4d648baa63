"""Why is this customer at risk? The strongest reasons, one per group a person can act on.

Numbers only: the sentence is made where the vocabulary is known.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.models.errors import FitError

Floats = NDArray[np.float64]


class Reason(NamedTuple):
    """One group of features that raises the risk of one customer."""

    name: str
    """The feature of the group that raises it most."""
    group: str
    contribution: float
    """What the whole group adds to the log odds of churn; positive."""
    value: float
    """The customer's value of the named feature; nan if missing."""
    typical: float
    """What is typical of it."""


def top_reasons(
    contributions: ArrayLike,
    *,
    feature_names: Sequence[str],
    groups: Sequence[str],
    values: ArrayLike,
    typical: ArrayLike,
    k: int = 3,
) -> list[tuple[Reason, ...]]:
    """Up to k groups per customer that push the risk up, the strongest first.

    Parameters
    ----------
    contributions : array-like, shape (n_customers, n_features) or with the base as last column
        As from `ChurnModel.contributions`.
    feature_names, groups : one name and one group per feature
    values : array-like, shape (n_customers, n_features)
        The features themselves.
    typical : array-like, shape (n_features,)
        As from `typical_values`.

    Returns
    -------
    list of tuples of `Reason`
        Empty for a customer whom nothing pushes up. Ties go to the group named first.

    Examples
    --------
    >>> [[reason]] = top_reasons([[0.5, 0.25, -1.0]], feature_names=["a", "b", "c"],
    ...                          groups=["use", "use", "plan"], values=[[1, 2, 3]],
    ...                          typical=[4, 5, 6])
    >>> reason.name, reason.group, reason.contribution
    ('a', 'use', 0.75)
    """
    n_features = len(feature_names)
    added, shown = np.asarray(contributions, np.float64), np.asarray(values, np.float64)
    usual = np.asarray(typical, np.float64)
    if (
        added.ndim != 2
        or added.shape[1] not in (n_features, n_features + 1)
        or len(groups) != n_features
    ):
        raise FitError(
            f"contributions of shape {added.shape} do not fit {n_features} features in "
            f"{len(groups)} groups; give one name and one group per feature"
        )
    added = added[:, :n_features]
    names = list(dict.fromkeys(groups))
    members = [np.flatnonzero([group == name for group in groups]) for name in names]
    totals = np.column_stack([added[:, member].sum(axis=1) for member in members])
    leaders = np.column_stack([member[added[:, member].argmax(axis=1)] for member in members])
    order = np.argsort(-totals, axis=1, kind="stable")[:, :k]
    return [
        tuple(
            Reason(
                feature_names[leaders[row, group]],
                names[group],
                float(totals[row, group]),
                float(shown[row, leaders[row, group]]),
                float(usual[leaders[row, group]]),
            )
            for group in order[row]
            if totals[row, group] > 0
        )
        for row in range(len(added))
    ]


def typical_values(X: ArrayLike, *, categorical: Sequence[int] = ()) -> Floats:
    """Median of each numeric column and most frequent code of each categorical one.

    Missing values are left out; a column without any value gives nan.
    """
    rows = np.asarray(X, np.float64)
    typical = np.full(rows.shape[1], np.nan)
    for index in range(rows.shape[1]):
        known = rows[:, index][~np.isnan(rows[:, index])]
        if len(known) and index in set(categorical):
            levels, counts = np.unique(known, return_counts=True)
            typical[index] = levels[counts.argmax()]
        elif len(known):
            typical[index] = np.median(known)
    return typical
