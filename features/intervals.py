"""How sure is a figure? 95 % intervals for shares, net shares, means and medians.

Arrays in, arrays out, one element per month or segment. Where an interval can't be said (no rows,
one row of a mean, five or fewer rows of a median) both ends are missing (nan), never zero.

References
----------
Wilson (1927), Probable inference, the law of succession, and statistical inference, JASA 22.
Newcombe (1998), Two-sided confidence intervals for the single proportion, Statist. Med. 17.
Agresti & Min (2005), Simple improved confidence intervals for comparing matched proportions,
Statist. Med. 24.
Rocks (2016), Interval estimation for the "Net Promoter Score", The American Statistician 70(4).
Conover (1999), Practical Nonparametric Statistics, 3rd ed., section 3.2.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

CONFIDENCE = 0.95
_TAIL = (1 - CONFIDENCE) / 2
_Z = float(stats.norm.ppf(1 - _TAIL))

Floats = NDArray[np.float64]
Interval = tuple[Floats, Floats]


def share_interval(successes: ArrayLike, n: ArrayLike) -> Interval:
    """Wilson's score interval of a share.

    Parameters
    ----------
    successes, n : array-like, shape (n_groups,), counts with 0 <= successes <= n

    Returns
    -------
    low, high : ndarrays, shape (n_groups,), in [0, 1]; nan where n = 0

    Examples
    --------
    Newcombe (1998), table I, method 3:

    >>> low, high = share_interval([81], [263])
    >>> f"{low[0]:.4f} {high[0]:.4f}"
    '0.2553 0.3662'
    """
    k, n = _positive(successes, n)
    share = k / n
    middle = (share + _Z**2 / (2 * n)) / (1 + _Z**2 / n)
    half = _Z * np.sqrt(share * (1 - share) / n + (_Z / (2 * n)) ** 2) / (1 + _Z**2 / n)
    # at 0 of n and n of n the ends are 0 and 1 exactly; rounding would leave 1e-17 between
    return np.where(share == 0, 0.0, middle - half), np.where(share == 1, 1.0, middle + half)


def net_interval(positive: ArrayLike, negative: ArrayLike, n: ArrayLike) -> Interval:
    """Interval of a difference of two shares of one multinomial: adjusted Wald.

    Three pseudo-observations are added, 3/4 positive, 3/2 neither and 3/4 negative: the variant of
    Agresti & Min (2005) that Rocks (2016) recommends for the Net Promoter Score.

    Parameters
    ----------
    positive, negative, n : array-like, shape (n_groups,), counts; positive + negative <= n

    Returns
    -------
    low, high : ndarrays, shape (n_groups,), in [-1, 1]; nan where n = 0

    Examples
    --------
    >>> low, high = net_interval([5], [2], [10])
    >>> f"{low[0]:.3f} {high[0]:.3f}"
    '-0.191 0.652'
    """
    up, n = _positive(positive, n)
    down = np.asarray(negative, dtype=np.float64)
    p, q = (up + 0.75) / (n + 3), (down + 0.75) / (n + 3)
    half = _Z * np.sqrt((p + q - (p - q) ** 2) / (n + 3))
    net = (up - down) / n
    # the shrunken centre can leave a lone promoter's +1 outside; an interval holds its figure
    low, high = np.minimum(p - q - half, net), np.maximum(p - q + half, net)
    return np.clip(low, -1.0, 1.0), np.clip(high, -1.0, 1.0)


def mean_interval(mean: ArrayLike, deviation: ArrayLike, n: ArrayLike) -> Interval:
    """Student's t interval of a mean.

    Parameters
    ----------
    mean, deviation : array-like, shape (n_groups,); the deviation is the sample's (n - 1)
    n : array-like, shape (n_groups,), counts

    Returns
    -------
    low, high : ndarrays, shape (n_groups,), in the mean's unit; nan where n < 2

    Examples
    --------
    >>> low, high = mean_interval([5.0], [1.0], [4])
    >>> f"{low[0]:.3f} {high[0]:.3f}"
    '3.409 6.591'
    """
    n = np.asarray(n, dtype=np.float64)
    enough = np.where(n >= 2, n, np.nan)
    half = stats.t.ppf(1 - _TAIL, enough - 1) * np.asarray(deviation, np.float64) / np.sqrt(enough)
    centre = np.asarray(mean, dtype=np.float64)
    return centre - half, centre + half


def median_ranks(n: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which order statistics bound a median: ranks from 1, exact by the binomial with p = 1/2.

    The narrowest symmetric pair that holds the median with at least 95 % (Conover 1999).

    Parameters
    ----------
    n : array-like, shape (n_groups,), counts

    Returns
    -------
    lower, upper : int64 ndarrays, shape (n_groups,); 0 where n < 6, where no pair reaches 95 %

    Examples
    --------
    >>> median_ranks([5, 6, 10, 100])
    (array([ 0,  1,  2, 40]), array([ 0,  6,  9, 61]))
    """
    counts = np.asarray(n, dtype=np.int64)
    lower = np.maximum(stats.binom.ppf(_TAIL, counts, 0.5), 0.0).astype(np.int64)
    return lower, np.where(lower > 0, counts + 1 - lower, 0)


def _positive(counts: ArrayLike, n: ArrayLike) -> Interval:
    totals = np.asarray(n, dtype=np.float64)
    return np.asarray(counts, dtype=np.float64), np.where(totals > 0, totals, np.nan)
