"""How good are the scores: do they rank, are they probabilities, is the value right in total?

Every metric is a function of (what happened, what was predicted) with an optional weight per row,
is the same for any order of the rows (ties count half, or share what they straddle), and is nan
where it is undefined. `with_interval` puts a bootstrap interval over customers around any of them.
"""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import expit, logit
from scipy.stats import rankdata

from training._weighted import (
    CLOSEST,
    binned,
    by_score,
    clipped_logit,
    gini_area,
    pair,
    ratio,
    row_weights,
    weighted_mean,
)


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

    A customer's rows at several cutoffs are drawn together, as weights: a draw copies no row. A
    distance such as the calibration error grows with every resampling: its interval can begin
    above its value.

    Parameters
    ----------
    metric : any function of this module that gives one number
    actual, predicted : array-like, shape (n_rows,)
    groups : array-like, shape (n_rows,)
        Customer of each row.
    n_boot, seed : int
    level : float in (0, 1)
    """
    happened, said = pair(actual, predicted)
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
    left, stayed, _ = by_score(actual, predicted, weights)
    below = np.cumsum(stayed) - stayed
    return ratio((left * (below + stayed / 2)).sum(), left.sum() * stayed.sum())


def average_precision(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Mean precision over the churners, as scikit-learn defines it; tied scores are one step."""
    left, stayed, _ = by_score(actual, predicted, weights)
    found, seen = np.cumsum(left[::-1]), np.cumsum((left + stayed)[::-1])
    precision = np.divide(found, seen, out=np.zeros_like(found), where=seen > 0)
    return ratio((left[::-1] * precision).sum(), left.sum())


def top_decile_lift(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Churn rate among the highest-scored tenth over the churn rate of all."""
    left, stayed, _ = by_score(actual, predicted, weights)
    size = (left + stayed)[::-1]
    room = 0.1 * size.sum() - (np.cumsum(size) - size)
    # customers tied at the edge of the tenth belong to it in equal part
    share = np.clip(np.divide(room, size, out=np.zeros_like(room), where=size > 0), 0, 1)
    return ratio((share * left[::-1]).sum() / 0.1, left.sum())


# --- probability --------------------------------------------------------------------------------


def log_loss(actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Mean negative log likelihood, in nats; probabilities are kept 1e-7 away from 0 and 1."""
    happened, said = pair(actual, predicted)
    said = np.clip(said, CLOSEST, 1 - CLOSEST)
    return weighted_mean(-np.where(happened > 0, np.log(said), np.log1p(-said)), weights)


def brier(actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Mean squared difference between probability and outcome."""
    happened, said = pair(actual, predicted)
    return weighted_mean((said - happened) ** 2, weights)


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
    happened, said = pair(actual, predicted)
    weight = row_weights(weights, len(said))
    totals = binned(said, weight, n_bins, happened, said)
    return ratio(np.abs(totals[1] - totals[2]).sum(), totals[0].sum())


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
    happened, said = pair(actual, predicted)
    weight, z = row_weights(weights, len(said)), clipped_logit(said)
    if not (happened * weight).any() or not ((1 - happened) * weight).any() or not np.ptp(z):
        return float("nan")
    centre = z.mean()
    design = np.column_stack([np.ones_like(z), z - centre])
    solution = np.array([logit(weighted_mean(happened, weight)), 0.0])
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
    happened, said = pair(actual, predicted)
    weight, z = row_weights(weights, len(said)), clipped_logit(said)
    rate = weighted_mean(happened, weight)
    if not 0 < rate < 1:
        return float("nan")
    shift = 0.0
    for _ in range(60):
        p = expit(z + shift)
        step = float((weight * (happened - p)).sum() / (weight * p * (1 - p)).sum())
        # a full Newton step overshoots where every probability is near 0 or 1
        shift += min(max(step, -2.0), 2.0)
        if abs(step) < 1e-10:
            break
    return shift


# --- value --------------------------------------------------------------------------------------


def total_ratio(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Predicted total over actual total; 1 is right."""
    happened, said = pair(actual, predicted)
    weight = row_weights(weights, len(said))
    return ratio((weight * said).sum(), (weight * happened).sum())


def mean_absolute_error(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Mean absolute difference, in the unit of the arrays."""
    happened, said = pair(actual, predicted)
    return weighted_mean(np.abs(said - happened), weights)


def root_mean_squared_error(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Root of the mean squared difference, in the unit of the arrays."""
    happened, said = pair(actual, predicted)
    return float(np.sqrt(weighted_mean((said - happened) ** 2, weights)))


def spearman(actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None) -> float:
    """Rank correlation; misleading where most actual values are 0, there see the Gini.

    With weights, ranks are those of all rows and only their correlation is weighted.
    """
    happened, said = pair(actual, predicted)
    weight = row_weights(weights, len(said))
    x, y = (ranks - weighted_mean(ranks, weight) for ranks in map(rankdata, (happened, said)))
    spread = (weight * x * x).sum() * (weight * y * y).sum()
    return ratio((weight * x * y).sum(), float(np.sqrt(spread)))


def normalised_gini(
    actual: ArrayLike, predicted: ArrayLike, *, weights: ArrayLike | None = None
) -> float:
    """Share of the value that the ranking finds early, over what a perfect ranking finds.

    Wang, Liu & Miao (2019): 1 is perfect, 0 is chance. Tied predictions find value evenly.
    """
    return ratio(gini_area(actual, predicted, weights), gini_area(actual, actual, weights))


def decile_table(actual: ArrayLike, predicted: ArrayLike) -> tuple[Decile, ...]:
    """Mean predicted and actual value by tenth of the predictions, the highest first."""
    happened, said = pair(actual, predicted)
    counts, actual_sum, predicted_sum = binned(said, np.ones(len(said)), 10, happened, said)
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
