"""Would something simple have done as well?

A logistic regression on all features and a rule on one column. Both are fitted and scored like the
churn model and are never served.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class LogisticBaseline:
    """Logistic regression on standardised, median-filled numbers and one-hot levels."""

    medians: Floats
    means: Floats
    scales: Floats
    levels: tuple[tuple[int, float], ...]
    """(column, level code) of each one-hot column."""
    numeric: tuple[int, ...]
    estimator: Any

    def churn_probability(self, X: ArrayLike) -> Floats:
        """Probability of churn, shape (n_customers,)."""
        return np.asarray(self.estimator.predict_proba(self._design(X))[:, 1])

    def _design(self, X: ArrayLike) -> Floats:
        rows = np.asarray(X, np.float64)
        numbers = rows[:, self.numeric]
        filled = np.where(np.isnan(numbers), self.medians, numbers)
        one_hot = [(rows[:, column] == level) * 1.0 for column, level in self.levels]
        return np.column_stack([(filled - self.means) / self.scales, *one_hot])


def fit_logistic(
    X: ArrayLike, churned: ArrayLike, *, categorical: Sequence[int] = ()
) -> LogisticBaseline:
    """Logistic regression with an l2 penalty of 1, on all columns of X.

    Parameters
    ----------
    X : array-like, shape (n_rows, n_features), nan for missing
    churned : array-like of bool, shape (n_rows,)
    categorical : indices of the columns that hold level codes
    """
    from sklearn.linear_model import LogisticRegression

    rows = np.asarray(X, np.float64)
    numeric = tuple(index for index in range(rows.shape[1]) if index not in set(categorical))
    numbers = rows[:, numeric]
    # a column without any value has no median; 0 in every row is then as good as leaving it out
    known = ~np.isnan(numbers).all(axis=0)
    medians = np.zeros(len(numeric))
    medians[known] = np.nanmedian(numbers[:, known], axis=0)
    filled = np.where(np.isnan(numbers), medians, numbers)
    scales = filled.std(axis=0)
    unfitted = LogisticBaseline(
        medians=medians,
        means=filled.mean(axis=0),
        scales=np.where(scales > 0, scales, 1.0),
        levels=tuple(
            (column, float(level))
            for column in categorical
            for level in np.unique(rows[:, column][~np.isnan(rows[:, column])])
        ),
        numeric=numeric,
        # windows of one measure are nearly collinear, where lbfgs needs a thousand steps
        estimator=LogisticRegression(C=1.0, solver="newton-cholesky"),
    )
    unfitted.estimator.fit(unfitted._design(rows), np.asarray(churned, bool))
    return unfitted


@dataclass(frozen=True)
class RecencyRule:
    """The share that left among customers with a like value of one column, monotone in it."""

    column: int
    unknown: float
    """Probability where the column is missing."""
    steps: Any

    def churn_probability(self, X: ArrayLike) -> Floats:
        """Probability of churn, shape (n_customers,)."""
        values = np.asarray(X, np.float64)[:, self.column]
        known = ~np.isnan(values)
        out = np.full(len(values), self.unknown)
        if known.any() and self.steps is not None:
            out[known] = self.steps.predict(values[known])
        return out


def fit_recency_rule(X: ArrayLike, churned: ArrayLike, *, column: int) -> RecencyRule:
    """Isotonic regression of the outcome on one column, in the direction the data take.

    Parameters
    ----------
    X : array-like, shape (n_rows, n_features), nan for missing
    churned : array-like of bool, shape (n_rows,)
    column : index of the column, such as days since the last order or last use
    """
    from sklearn.isotonic import IsotonicRegression

    values, outcome = np.asarray(X, np.float64)[:, column], np.asarray(churned, np.float64)
    known = ~np.isnan(values)
    # one more customer with the overall share keeps a small group of unknowns off 0 and 1
    unknown = (outcome[~known].sum() + outcome.mean()) / ((~known).sum() + 1)
    if np.unique(values[known]).size < 2:
        return RecencyRule(column, float(outcome.mean()), None)
    least = 0.5 / (len(outcome) + 1)
    steps = IsotonicRegression(
        y_min=least,
        y_max=1 - least,
        increasing=_rises(values[known], outcome[known]),
        out_of_bounds="clip",
    ).fit(values[known], outcome[known])
    return RecencyRule(column, float(unknown), steps)


def _rises(values: Floats, outcome: Floats) -> bool:
    from scipy.stats import rankdata

    ranks = rankdata(values)
    return bool(ranks[outcome == 1].mean() >= ranks[outcome == 0].mean()) if outcome.any() else True
