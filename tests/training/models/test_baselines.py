import numpy as np
import pytest
from scipy.special import expit

from training.models.baselines import fit_logistic, fit_recency_rule


def customers(n=4000, seed=0):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.exponential(30, n), rng.integers(0, 3, n), rng.normal(size=n)])
    churned = rng.random(n) < expit(-2 + 0.04 * X[:, 0] + 0.8 * (X[:, 1] == 2))
    X[rng.random(n) < 0.1, 0] = np.nan
    return X.astype(float), churned


def test_logistic_regression_recovers_the_probabilities_that_made_the_data():
    X, churned = customers()
    found = fit_logistic(X, churned, categorical=[1]).churn_probability(X)
    known = ~np.isnan(X[:, 0])
    truth = expit(-2 + 0.04 * X[:, 0] + 0.8 * (X[:, 1] == 2))
    assert np.abs(found - truth)[known].mean() < 0.03


def test_a_column_without_values_or_spread_is_ignored_by_logistic_regression():
    X, churned = customers()
    padded = np.column_stack([X, np.full(len(X), np.nan), np.ones(len(X))])
    more = fit_logistic(padded, churned, categorical=[1]).churn_probability(padded)
    less = fit_logistic(X, churned, categorical=[1]).churn_probability(X)
    assert more == pytest.approx(less, abs=1e-6)


def test_a_level_never_seen_is_scored_without_any_level():
    X, churned = customers()
    fitted = fit_logistic(X, churned, categorical=[1])
    unseen, missing = X[:5].copy(), X[:5].copy()
    unseen[:, 1], missing[:, 1] = 9, np.nan
    assert (fitted.churn_probability(unseen) == fitted.churn_probability(missing)).all()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_recency_rule_is_monotone_in_the_direction_of_the_data(sign):
    X, churned = customers()
    X[:, 0] *= sign
    rule = fit_recency_rule(X, churned, column=0)
    line = np.full((200, 3), np.nan)
    line[:, 0] = np.linspace(-400, 400, 200)
    assert (sign * np.diff(rule.churn_probability(line)) >= 0).all()
    found = rule.churn_probability(X)
    assert ((found > 0) & (found < 1)).all()
    assert found.mean() == pytest.approx(churned.mean(), abs=1e-3)


def test_the_recency_rule_gives_the_unknown_their_own_rate():
    X, churned = customers()
    unknown = np.isnan(X[:, 0])
    rule = fit_recency_rule(X, churned, column=0)
    assert rule.churn_probability(X)[unknown] == pytest.approx(churned[unknown].mean(), abs=1e-3)


def test_the_recency_rule_of_a_constant_column_is_the_base_rate():
    rule = fit_recency_rule([[1.0], [1.0], [np.nan], [1.0]], [1, 0, 0, 0], column=0)
    assert rule.churn_probability([[1.0], [np.nan], [5.0]]).tolist() == [0.25] * 3
