"""The sums that the metrics are made of: over weighted rows, per distinct score, per bin."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logit

Floats = NDArray[np.float64]

# exactly 0 or 1 has no logit: this far in, a wrong certainty costs 16 in log loss
CLOSEST = 1e-7


def pair(actual: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
    """Both as float columns of one length without missing values, or a ValueError."""
    happened, said = np.asarray(actual, np.float64), np.asarray(predicted, np.float64)
    if happened.shape != said.shape or happened.ndim != 1:
        raise ValueError(
            f"{happened.shape} outcomes cannot be compared with {said.shape} predictions; "
            "give one prediction per outcome"
        )
    if np.isnan(happened).any() or np.isnan(said).any():
        raise ValueError(
            f"{np.isnan(happened).sum()} outcomes and {np.isnan(said).sum()} predictions of "
            f"{len(said)} are missing; leave those rows out first"
        )
    return happened, said


def row_weights(weights: ArrayLike | None, n: int) -> Floats:
    """Weights as floats; 1 for every row where none were given."""
    return np.ones(n) if weights is None else np.asarray(weights, np.float64)


def weighted_mean(values: Floats, weights: ArrayLike | None) -> float:
    """Weighted mean; nan where the weights add up to 0."""
    weight = row_weights(weights, len(values))
    return ratio((weight * values).sum(), weight.sum())


def ratio(part: float, whole: float) -> float:
    """One number over another; nan where there is nothing to divide by."""
    return float(part / whole) if whole else float("nan")


def clipped_logit(probability: Floats) -> Floats:
    """Log odds of probabilities kept CLOSEST away from 0 and 1."""
    return np.asarray(logit(np.clip(probability, CLOSEST, 1 - CLOSEST)), np.float64)


def by_score(
    actual: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Weighted outcomes, their complements, and weights, per distinct prediction, ascending."""
    happened, said = pair(actual, predicted)
    weight = row_weights(weights, len(said))
    order = np.argsort(said, kind="stable")
    starts = np.flatnonzero(np.diff(said[order], prepend=-np.inf) > 0)
    if not len(starts):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    total = np.add.reduceat(weight[order], starts)
    positive = np.add.reduceat((weight * happened)[order], starts)
    return positive, total - positive, total


def gini_area(actual: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None) -> float:
    """Area between the curve of value found from the top and the diagonal."""
    value, _, size = by_score(actual, predicted, weights)
    found = np.concatenate([[0.0], np.cumsum(value[::-1])])
    width = size[::-1]
    if not found[-1]:
        return float("nan")
    return float((width * (found[1:] + found[:-1])).sum() / (2 * width.sum() * found[-1]) - 0.5)


def binned(by: Floats, weight: Floats, n_bins: int, *columns: Floats) -> list[Floats]:
    """Weight, then weighted sum of each column, per bin of equal weight; ties share a bin."""
    order = np.argsort(by, kind="stable")
    _, tie = np.unique(by[order], return_inverse=True)
    size = np.bincount(tie, weights=weight[order])
    middle = np.cumsum(size) - size / 2
    total = size.sum()
    which = np.minimum((middle / total * n_bins).astype(int), n_bins - 1)[tie] if total else tie * 0
    weights = [weight, *(weight * column for column in columns)]
    return [np.bincount(which, weights=x[order], minlength=n_bins).astype(float) for x in weights]
