"""How good are the scores: do they rank, are they probabilities, is the value right in total?

Every metric is a function of (what happened, what was predicted) with an optional weight per row,
is the same for any order of the rows (ties count half, or share what they straddle), and is nan
where it is undefined. `with_interval` puts a bootstrap interval over customers around any of them.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import expit, logit
from scipy.stats import rankdata

Floats = NDArray[np.float64]

# exactly 0 or 1 has no logit: this far in, a wrong certainty costs 16 in log loss
_CLOSEST = 1e-7


class Metric(Protocol):
    """A metric of (actual, predicted) that takes row weights."""

    def __call__(
        self, actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
    ) -> float:
        """Value of the metric; nan where it is undefined."""


@dataclass(frozen=True)
class Estimate:
    """A metric with its percentile bootstrap interval."""

    value: float
    low: float
    high: float


class Decile(NamedTuple):
    """A tenth of the customers, by predicted value."""

    decile: int
    """1 holds the highest predictions."""
    customers: float
    predicted: float
    """Mean predicted value, in currency units."""
    actual: float
    """Mean actual value, in currency units."""


def with_interval(
    metric: Metric,
    actual: ArrayLike,
    predicted: ArrayLike,
    *,
    groups: ArrayLike,
    n_boot: int = 200,
    seed: int = 0,
    level: float = 0.95,
) -> Estimate:
    """Metric with a percentile interval from resampling whole customers.

    A customer's rows at several cutoffs are drawn together, as weights: a draw copies no row.

    Parameters
    ----------
    metric : any function of this module that gives one number
    actual, predicted : array-like, shape (n_rows,)
    groups : array-like, shape (n_rows,)
        Customer of each row.
    n_boot, seed : int
    level : float in (0, 1)
    """
    happened, said = _pair(actual, predicted)
    # a metric sorts by prediction: on rows that are sorted already that is cheap in every draw
    order = np.argsort(said, kind="stable")
    happened, said = happened[order], said[order]
    _, code = np.unique(np.asarray(groups)[order], return_inverse=True)
    n_groups = int(code.max()) + 1 if len(code) else 0
    rng = np.random.default_rng(seed)
    draws = np.array(
        [
            metric(
                happened,
                said,
                weights=np.bincount(rng.integers(0, n_groups, n_groups), minlength=n_groups)[code],
            )
            for _ in range(n_boot if n_groups else 0)
        ]
    )
    # a draw without a single churner has no AUC; it says nothing about the others
    drawn = draws[np.isfinite(draws)]
    value = metric(happened, said)
    if not len(drawn):
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    return Estimate(value, float(low), float(high))


# --- discrimination -----------------------------------------------------------------------------


def auc(actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Probability that a churner is scored above a non-churner, ties counting half.

    Examples
    --------
    >>> auc([True, False, False], [0.9, 0.9, 0.1])
    0.75
    """
    left, stayed, _ = _by_score(actual, predicted, weights)
    below = np.cumsum(stayed) - stayed
    return _ratio((left * (below + stayed / 2)).sum(), left.sum() * stayed.sum())


def average_precision(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Mean precision over the churners, as scikit-learn defines it; tied scores are one step."""
    left, stayed, _ = _by_score(actual, predicted, weights)
    found, seen = np.cumsum(left[::-1]), np.cumsum((left + stayed)[::-1])
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    return _ratio((left[::-1] * precision).sum(), left.sum())


def top_decile_lift(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Churn rate among the highest-scored tenth over the churn rate of all."""
    left, stayed, _ = _by_score(actual, predicted, weights)
    size = (left + stayed)[::-1]
    room = 0.1 * size.sum() - (np.cumsum(size) - size)
    # customers tied at the edge of the tenth belong to it in equal part
    share = np.clip(np.divide(room, size, out=np.zeros_like(room), where=size > 0), 0, 1)
    return _ratio((share * left[::-1]).sum() / 0.1, left.sum())


# --- probability --------------------------------------------------------------------------------


def log_loss(actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Mean negative log likelihood, in nats; probabilities are kept 1e-7 away from 0 and 1."""
    happened, said = _pair(actual, predicted)
    said = np.clip(said, _CLOSEST, 1 - _CLOSEST)
    return _mean(-np.where(happened > 0, np.log(said), np.log1p(-said)), weights)


def brier(actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Mean squared difference between probability and outcome."""
    happened, said = _pair(actual, predicted)
    return _mean((said - happened) ** 2, weights)


def expected_calibration_error(
    actual: ArrayLike,
    predicted: ArrayLike,
    *,
    weights: ArrayLike | None = None,
    n_bins: int = 20,
) -> float:
    """Mean distance of churn rate and mean probability over bins of equally many customers.

    Examples
    --------
    >>> expected_calibration_error([1, 0, 1, 1], [0.5, 0.5, 0.75, 0.75], n_bins=2)
    0.125
    """
    happened, said = _pair(actual, predicted)
    weight = _weights(weights, len(said))
    totals = _binned(said, weight, n_bins, happened, said)
    return _ratio(np.abs(totals[1] - totals[2]).sum(), totals[0].sum())


def calibration_error_against_truth(
    p_hat: ArrayLike, p_true: ArrayLike, *, weights: ArrayLike | None = None, n_bins: int = 20
) -> float:
    """Expected calibration error of p_hat where the true probabilities are known (simulation)."""
    return expected_calibration_error(p_true, p_hat, weights=weights, n_bins=n_bins)


def calibration_slope(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Slope of a logistic regression of the outcome on the logit of the probability; 1 is right.

    Below 1 the probabilities are too extreme, above 1 too timid (Cox 1958).
    """
    happened, said = _pair(actual, predicted)
    weight, z = _weights(weights, len(said)), _logit(said)
    if not (happened * weight).any() or not ((1 - happened) * weight).any() or not np.ptp(z):
        return float("nan")
    centre = z.mean()
    design = np.column_stack([np.ones_like(z), z - centre])
    solution = np.array([logit(_mean(happened, weight)), 0.0])
    for _ in range(50):
        p = expit(design @ solution)
        gradient = design.T @ (weight * (happened - p))
        step = np.linalg.lstsq(design.T @ (design * (weight * p * (1 - p))[:, None]), gradient)[0]
        # a full Newton step overshoots where outcome and probability are nearly separate
        solution += np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-10:
            break
    return float(solution[1])


def calibration_intercept(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Log odds to add to every probability so that their mean is the churn rate; 0 is right."""
    happened, said = _pair(actual, predicted)
    weight, z = _weights(weights, len(said)), _logit(said)
    rate = _mean(happened, weight)
    if not 0 < rate < 1:
        return float("nan")
    found = brentq(lambda shift: _mean(expit(z + shift), weight) - rate, -60, 60)
    return float(found)


# --- value --------------------------------------------------------------------------------------


def total_ratio(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Predicted total over actual total; 1 is right."""
    happened, said = _pair(actual, predicted)
    weight = _weights(weights, len(said))
    return _ratio((weight * said).sum(), (weight * happened).sum())


def mean_absolute_error(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Mean absolute difference, in the unit of the arrays."""
    happened, said = _pair(actual, predicted)
    return _mean(np.abs(said - happened), weights)


def root_mean_squared_error(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Root of the mean squared difference, in the unit of the arrays."""
    happened, said = _pair(actual, predicted)
    return float(np.sqrt(_mean((said - happened) ** 2, weights)))


def spearman(actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Rank correlation; misleading where most actual values are 0, there see the Gini.

    With weights, ranks are those of all rows and only their correlation is weighted.
    """
    happened, said = _pair(actual, predicted)
    weight = _weights(weights, len(said))
    x, y = (ranks - _mean(ranks, weight) for ranks in map(rankdata, (happened, said)))
    spread = (weight * x * x).sum() * (weight * y * y).sum()
    return _ratio((weight * x * y).sum(), float(np.sqrt(spread)))


def normalised_gini(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Share of the value that the ranking finds early, over what a perfect ranking finds.

    Wang, Liu & Miao (2019): 1 is perfect, 0 is chance. Tied predictions find value evenly.
    """
    return _ratio(_gini(actual, predicted, weights), _gini(actual, actual, weights))


def decile_table(actual: ArrayLike, predicted: ArrayLike) -> tuple[Decile, ...]:
    """Mean predicted and actual value by tenth of the predictions, the highest first."""
    happened, said = _pair(actual, predicted)
    counts, actual_sum, predicted_sum = _binned(said, np.ones(len(said)), 10, happened, said)
    return tuple(
        Decile(
            10 - index,
            float(counts[index]),
            float(predicted_sum[index] / counts[index]),
            float(actual_sum[index] / counts[index]),
        )
        for index in range(9, -1, -1)
        if counts[index]
    )


# --- parts --------------------------------------------------------------------------------------


def _pair(actual: ArrayLike, predicted: ArrayLike) -> tuple[Floats, Floats]:
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


def _weights(weights: ArrayLike | None, n: int) -> Floats:
    return np.ones(n) if weights is None else np.asarray(weights, np.float64)


def _mean(values: Floats, weights: ArrayLike | None) -> float:
    weight = _weights(weights, len(values))
    return _ratio((weight * values).sum(), weight.sum())


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole else float("nan")


def _logit(probability: Floats) -> Floats:
    return np.asarray(logit(np.clip(probability, _CLOSEST, 1 - _CLOSEST)), np.float64)


def _by_score(
    actual: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None
) -> tuple[Floats, Floats, Floats]:
    """Weighted outcomes, their complements, and weights, per distinct prediction, ascending."""
    happened, said = _pair(actual, predicted)
    weight = _weights(weights, len(said))
    order = np.argsort(said, kind="stable")
    starts = np.flatnonzero(np.diff(said[order], prepend=-np.inf) > 0)
    if not len(starts):
        return np.zeros(0), np.zeros(0), np.zeros(0)
    total = np.add.reduceat(weight[order], starts)
    positive = np.add.reduceat((weight * happened)[order], starts)
    return positive, total - positive, total


def _gini(actual: ArrayLike, predicted: ArrayLike, weights: ArrayLike | None) -> float:
    """Area between the curve of value found from the top and the diagonal."""
    value, _, size = _by_score(actual, predicted, weights)
    found = np.concatenate([[0.0], np.cumsum(value[::-1])])
    width = size[::-1]
    if not found[-1]:
        return float("nan")
    return float((width * (found[1:] + found[:-1])).sum() / (2 * width.sum() * found[-1]) - 0.5)


def _binned(by: Floats, weight: Floats, n_bins: int, *columns: Floats) -> list[Floats]:
    """Weight, then weighted sum of each column, per bin of equal weight; ties share a bin."""
    order = np.argsort(by, kind="stable")
    _, tie = np.unique(by[order], return_inverse=True)
    size = np.bincount(tie, weights=weight[order])
    middle = np.cumsum(size) - size / 2
    total = size.sum()
    which = np.minimum((middle / total * n_bins).astype(int), n_bins - 1)[tie] if total else tie * 0
    sums: Callable[[Floats], Floats] = lambda x: np.bincount(  # noqa: E731
        which, weights=x[order], minlength=n_bins
    )
    return [sums(weight), *(sums(weight * column) for column in columns)]
