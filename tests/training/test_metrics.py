from itertools import pairwise

import numpy as np
import pytest
import sklearn.metrics as sk
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit, logit
from scipy.stats import spearmanr

from training import metrics

RANKING = [metrics.auc, metrics.average_precision, metrics.top_decile_lift]
PROBABILITY = [
    metrics.log_loss,
    metrics.brier,
    metrics.expected_calibration_error,
    metrics.calibration_slope,
    metrics.calibration_intercept,
]
VALUE = [
    metrics.total_ratio,
    metrics.mean_absolute_error,
    metrics.root_mean_squared_error,
    metrics.normalised_gini,
    metrics.spearman,
]
EVERY = RANKING + PROBABILITY + VALUE


def scored(n, seed=0, decimals=2):
    """Outcomes drawn from probabilities that are rounded, so that there are ties."""
    rng = np.random.default_rng(seed)
    p = np.clip(rng.beta(1, 4, n).round(decimals), 0.01, 0.99)
    return (rng.random(n) < p).astype(float), p


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("decimals", [1, 2, 8])
def test_metrics_agree_with_scikit_learn_and_scipy(seed, decimals):
    y, p = scored(500, seed, decimals)
    weights = np.random.default_rng(seed).integers(0, 4, 500)
    given_weights = {"sample_weight": weights}
    for ours, theirs in (
        (metrics.auc, sk.roc_auc_score),
        (metrics.average_precision, sk.average_precision_score),
        (metrics.log_loss, sk.log_loss),
        (metrics.brier, sk.brier_score_loss),
        (metrics.mean_absolute_error, sk.mean_absolute_error),
        (metrics.root_mean_squared_error, sk.root_mean_squared_error),
    ):
        assert ours(y, p) == pytest.approx(theirs(y, p), rel=1e-12)
        weighted = ours(y, p, weights=weights)
        assert weighted == pytest.approx(theirs(y, p, **given_weights), rel=1e-12)
    assert metrics.spearman(y, p) == pytest.approx(spearmanr(y, p).statistic, rel=1e-12)


@pytest.mark.parametrize("metric", EVERY, ids=lambda metric: metric.__name__)
def test_shuffling_rows_changes_nothing(metric):
    y, p = scored(300)
    order = np.random.default_rng(1).permutation(300)
    assert metric(y[order], p[order]) == pytest.approx(metric(y, p), rel=1e-12)


@pytest.mark.parametrize(
    "metric",
    [metric for metric in EVERY if metric is not metrics.spearman],
    ids=lambda metric: metric.__name__,
)
def test_a_weight_counts_as_that_many_rows(metric):
    y, p = scored(300)
    weights = np.random.default_rng(2).integers(0, 4, 300)
    repeated = metric(np.repeat(y, weights), np.repeat(p, weights))
    # the calibration slope stops at 1e-10 of itself
    assert metric(y, p, weights=weights) == pytest.approx(repeated, rel=1e-8)


def test_top_decile_lift_is_10_when_the_top_tenth_holds_every_churner():
    y = np.arange(100) >= 90
    assert metrics.top_decile_lift(y, np.arange(100) / 100) == pytest.approx(10.0)


def test_top_decile_lift_shares_a_tie_at_its_edge():
    assert metrics.top_decile_lift([1, 0, 0, 0], [0.5] * 4) == pytest.approx(1.0)


def test_probabilities_that_are_true_have_slope_1_intercept_0_and_no_calibration_error():
    y, p = scored(200_000)
    assert metrics.calibration_slope(y, p) == pytest.approx(1.0, abs=0.03)
    assert metrics.calibration_intercept(y, p) == pytest.approx(0.0, abs=0.02)
    assert metrics.expected_calibration_error(y, p) < 0.004


def test_probabilities_stretched_in_log_odds_show_it_in_slope_and_intercept():
    y, p = scored(100_000)
    assert metrics.calibration_slope(y, expit(2 * logit(p))) == pytest.approx(0.5, abs=0.02)
    assert metrics.calibration_intercept(y, expit(logit(p) + 0.7)) == pytest.approx(-0.7, abs=0.02)


def test_the_calibration_error_against_the_truth_needs_no_outcomes():
    truth = np.linspace(0.1, 0.5, 1000)
    assert metrics.calibration_error_against_truth(truth, truth) == 0.0
    off = metrics.calibration_error_against_truth(truth + 0.03, truth)
    assert off == pytest.approx(0.03)
    # noise that cancels within customers alike is no calibration error
    noise = np.random.default_rng(0).choice([-0.05, 0.05], 1000)
    assert metrics.calibration_error_against_truth(truth, truth + noise) < 0.02


def test_the_gini_is_1_for_a_perfect_ranking_minus_1_for_its_reverse_and_0_for_none():
    value = np.array([0.0, 0.0, 3.0, 10.0, 200.0])
    assert metrics.normalised_gini(value, value**2) == pytest.approx(1.0)
    assert metrics.normalised_gini(value, -value) == pytest.approx(-1.0)
    assert metrics.normalised_gini(value, np.ones(5)) == pytest.approx(0.0, abs=1e-12)


def test_the_decile_table_holds_every_customer_and_every_euro():
    rng = np.random.default_rng(0)
    predicted = rng.exponential(50, 1003)
    actual = predicted * rng.exponential(1, 1003)
    table = metrics.decile_table(actual, predicted)
    assert [row.decile for row in table] == list(range(1, 11))
    assert sum(row.customers for row in table) == 1003
    assert sum(row.customers * row.actual for row in table) == pytest.approx(actual.sum())
    assert sum(row.customers * row.predicted for row in table) == pytest.approx(predicted.sum())
    assert all(a.predicted > b.predicted for a, b in pairwise(table))


def test_customers_with_one_prediction_share_a_decile():
    table = metrics.decile_table([1.0, 2.0, 3.0, 10.0], [0.0, 0.0, 0.0, 5.0])
    assert [(row.customers, row.actual) for row in table] == [(1.0, 10.0), (3.0, 2.0)]


@pytest.mark.parametrize(
    "metric", [*RANKING, metrics.calibration_slope, metrics.calibration_intercept]
)
def test_without_churners_what_is_undefined_is_nan(metric):
    assert np.isnan(metric([0, 0, 0], [0.1, 0.2, 0.3]))
    assert np.isnan(metric([], []))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.floats(0, 1)), min_size=1, max_size=40))
def test_probability_metrics_are_finite_even_for_certainties(rows):
    y, p = map(np.array, zip(*rows, strict=True))
    for metric in (metrics.log_loss, metrics.brier, metrics.expected_calibration_error):
        assert 0 <= metric(y, p) <= 16.2
    assert not np.isinf(metrics.calibration_slope(y, p))


def test_missing_predictions_and_unequal_lengths_are_refused():
    with pytest.raises(ValueError, match="0 outcomes and 1 predictions of 2 are missing"):
        metrics.auc([0, 1], [0.5, np.nan])
    with pytest.raises(ValueError, match="give one prediction per outcome"):
        metrics.auc([0, 1], [0.5])


def test_an_interval_covers_the_truth_as_often_as_it_says():
    # 100 samples of 80 customers: 95 % intervals of a mean, give or take 3 standard errors
    covered = 0
    for seed in range(100):
        y, p = scored(80, seed, decimals=8)
        found = metrics.with_interval(
            metrics.total_ratio, p, y + 1e-9, groups=np.arange(80), n_boot=200, seed=seed
        )
        covered += found.low <= 1.0 <= found.high
    assert 86 <= covered <= 100


def test_an_interval_resamples_customers_not_rows():
    """Ten copies of each customer tell no more than one."""
    y, p = scored(400)
    groups = np.arange(400)
    once = metrics.with_interval(metrics.brier, y, p, groups=groups, seed=1)
    copied = metrics.with_interval(
        metrics.brier, np.tile(y, 10), np.tile(p, 10), groups=np.tile(groups, 10), seed=1
    )
    assert copied.high - copied.low == pytest.approx(once.high - once.low, rel=0.25)
    rows = metrics.with_interval(
        metrics.brier, np.tile(y, 10), np.tile(p, 10), groups=np.arange(4000), seed=1
    )
    assert rows.high - rows.low < (once.high - once.low) / 2


def test_an_interval_has_the_value_inside_and_repeats_with_its_seed():
    y, p = scored(500)
    names = np.array([f"c{number}" for number in range(500)])
    for metric in EVERY:
        found = metrics.with_interval(metric, y, p, groups=names, n_boot=50, seed=3)
        assert found.low <= found.high
        assert found.value == pytest.approx(metric(y, p), rel=1e-12)
        assert found == metrics.with_interval(metric, y, p, groups=names, n_boot=50, seed=3)


def test_an_interval_of_what_is_undefined_is_nan():
    found = metrics.with_interval(metrics.auc, [0, 0], [0.1, 0.2], groups=[1, 2])
    assert np.isnan([found.value, found.low, found.high]).all()
