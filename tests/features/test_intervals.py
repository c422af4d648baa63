"""Intervals against published tables, by hand, and against simulated truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from features.intervals import mean_interval, median_ranks, net_interval, share_interval


@pytest.mark.parametrize(
    ("successes", "n", "low", "high"),
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_share_intervals_match_newcombe_1998_table_1_method_3(
    successes: int, n: int, low: float, high: float
) -> None:
    # printed with four decimals
    found = share_interval([successes], [n])
    assert [end[0] for end in found] == pytest.approx([low, high], abs=5e-5)


def test_the_net_interval_by_hand() -> None:
    # 5 up, 2 down of 10: p = 5.75/13, q = 2.75/13, net 3/13, variance (8.5/13 - 9/169)/13
    half = 1.959964 * ((8.5 / 13 - 9 / 169) / 13) ** 0.5
    found = net_interval([5], [2], [10])
    assert [end[0] for end in found] == pytest.approx([3 / 13 - half, 3 / 13 + half], abs=1e-6)


def test_a_lone_promoter_lies_in_its_own_interval() -> None:
    low, high = net_interval([1], [0], [1])
    assert low[0] < 0 < high[0] == 1.0


def test_median_ranks_are_the_narrowest_that_reach_95_percent() -> None:
    n = np.arange(6, 200)
    lower, upper = median_ranks(n)
    coverage = stats.binom.cdf(upper - 1, n, 0.5) - stats.binom.cdf(lower - 1, n, 0.5)
    narrower = stats.binom.cdf(upper - 2, n, 0.5) - stats.binom.cdf(lower, n, 0.5)
    assert (coverage >= 0.95).all()
    assert (narrower < 0.95).all()


def test_too_few_rows_give_no_interval() -> None:
    ends = [
        share_interval([0], [0]),
        net_interval([0], [0], [0]),
        mean_interval([3.0], [np.nan], [1]),
    ]
    assert np.isnan(ends).all()
    assert [ranks.tolist() for ranks in median_ranks([0, 1, 5])] == [[0, 0, 0], [0, 0, 0]]


RUNS = 4000


@pytest.mark.parametrize(("n", "share"), [(12, 0.5), (40, 0.1), (400, 0.03)])
def test_share_intervals_cover_the_truth_95_times_in_100(n: int, share: float) -> None:
    successes = np.random.default_rng(1).binomial(n, share, RUNS)
    low, high = share_interval(successes, np.full(RUNS, n))
    # Wilson's coverage swings about 95 % with n and the share; 2.5 points is its known swing here
    assert np.mean((low <= share) & (share <= high)) == pytest.approx(0.95, abs=0.025)


@pytest.mark.parametrize("n", [10, 40, 400])
def test_net_intervals_cover_the_truth_95_times_in_100(n: int) -> None:
    up, down, _ = np.random.default_rng(2).multinomial(n, [0.45, 0.2, 0.35], RUNS).T
    low, high = net_interval(up, down, np.full(RUNS, n))
    assert np.mean((low <= 0.25) & (high >= 0.25)) == pytest.approx(0.95, abs=0.02)


@pytest.mark.parametrize("n", [2, 10, 100])
def test_mean_intervals_cover_the_truth_95_times_in_100(n: int) -> None:
    draws = np.random.default_rng(3).normal(5.0, 2.0, (RUNS, n))
    low, high = mean_interval(draws.mean(axis=1), draws.std(axis=1, ddof=1), np.full(RUNS, n))
    # exact for normal draws: three standard errors of 4,000 runs are 1 point
    assert np.mean((low <= 5.0) & (high >= 5.0)) == pytest.approx(0.95, abs=0.0104)


@pytest.mark.parametrize("n", [6, 25, 100])
def test_median_intervals_of_skewed_hours_cover_the_truth_at_least_95_times_in_100(n: int) -> None:
    draws = np.sort(np.random.default_rng(4).exponential(10.0, (RUNS, n)), axis=1)
    lower, upper = median_ranks(n)
    truth = 10.0 * np.log(2)
    covered = np.mean((draws[:, lower - 1] <= truth) & (truth <= draws[:, upper - 1]))
    assert 0.9396 <= covered <= 0.98
