import numpy as np
import pytest
from scipy.special import expit, logit

from training.metrics import auc, calibration_error_against_truth, log_loss
from training.models.calibration import Calibrator
from training.models.churn import ChurnModel, fit_booster, fit_churn
from training.models.errors import FitError

NAMES = ("quiet_days", "tickets", 'odd "name", with [JSON]', "plan")
PLAN = 3


def customers(n, seed, shift=0.0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    X[:, PLAN] = rng.integers(0, 4, n)
    X[rng.random(n) < 0.1, 1] = np.nan
    X[rng.random(n) < 0.05, PLAN] = np.nan
    log_odds = shift - 2 + 1.2 * X[:, 0] + np.where(X[:, PLAN] == 2, 1.5, 0.0)
    return X, rng.random(n) < expit(log_odds)


def fitted(n=4000, **more):
    X, churned = customers(n, seed=1)
    known = {"feature_names": NAMES, "categorical": (PLAN,), "seed": 7}
    return fit_churn(X, churned, **(known | more))


@pytest.fixture(scope="module")
def model():
    return fitted(validation=customers(2000, seed=2), calibration=customers(3000, 3, shift=0.5))


def test_the_model_ranks_and_is_calibrated_on_a_later_cutoff(model):
    X, churned = customers(6000, seed=4, shift=0.5)
    found = model.churn_probability(X)
    assert found.mean() == pytest.approx(churned.mean(), abs=0.015)
    truth = expit(0.5 - 2 + 1.2 * X[:, 0] + np.where(X[:, PLAN] == 2, 1.5, 0.0))
    assert calibration_error_against_truth(found, truth) < 0.02
    # what 4,000 rows cannot tell costs about 0.008 nats
    assert log_loss(churned, found) < log_loss(churned, truth) + 0.015
    assert auc(churned, found) > auc(churned, truth) - 0.015
    assert ((found > 0) & (found < 1)).all()


def test_scoring_a_sample_equals_the_sample_of_scoring_everyone(model):
    X, _ = customers(3001, seed=5)
    every, reasons = model.churn_probability(X), model.contributions(X)
    for rows in (slice(0, 1), slice(17, 18), slice(3, 11), slice(0, 777), [2999, 5, 41]):
        assert (model.churn_probability(X[rows]) == every[rows]).all()
        assert (model.contributions(X[rows]) == reasons[rows]).all()


def test_the_number_of_threads_changes_no_digit(model):
    X, _ = customers(2000, seed=5)
    two = ChurnModel(model.booster, model.calibrator, model.feature_names, model.categorical, 2)
    assert (two.churn_probability(X) == model.churn_probability(X)).all()
    assert (fitted(num_threads=2).log_odds(X) == fitted(num_threads=1).log_odds(X)).all()


def test_the_same_seed_gives_the_same_scores():
    X, _ = customers(500, seed=6)
    assert (fitted().log_odds(X) == fitted().log_odds(X)).all()


@pytest.mark.parametrize(
    "calibrator",
    [
        Calibrator("identity"),
        Calibrator("platt", 0.8, 0.8, 0.3),
        Calibrator("beta", 0.7, 1.2, -0.2),
        Calibrator("isotonic", knots=(-3.0, -1.0, 1.0), heights=(-4.0, -1.5, 0.5)),
    ],
    ids=lambda calibrator: calibrator.name,
)
def test_contributions_add_up_to_the_log_odds_of_the_served_probability(model, calibrator):
    X, _ = customers(400, seed=8)
    served = ChurnModel(model.booster, calibrator, model.feature_names, model.categorical)
    total = served.contributions(X).sum(axis=1)
    assert total == pytest.approx(logit(served.churn_probability(X)), abs=1e-9)


def test_a_saved_model_scores_the_same_to_the_last_digit(tmp_path, model):
    X, _ = customers(1000, seed=9)
    model.save(tmp_path)
    loaded = ChurnModel.load(tmp_path)
    assert (loaded.churn_probability(X) == model.churn_probability(X)).all()
    assert (loaded.contributions(X) == model.contributions(X)).all()
    assert loaded.feature_names == NAMES
    assert loaded.categorical == (PLAN,)
    assert {file.suffix for file in tmp_path.iterdir()} == {".txt", ".json"}


@pytest.mark.parametrize("churners", [3, 30])
def test_300_customers_with_1_to_10_percent_churn_are_enough_to_fit(churners):
    X, _ = customers(300, seed=10)
    churned = np.zeros(300, bool)
    churned[np.argsort(-X[:, 0])[:churners]] = True
    found = fit_churn(
        X, churned, feature_names=NAMES, categorical=(PLAN,), seed=1, calibration=(X, churned)
    ).churn_probability(X)
    assert ((found > 0) & (found < 1)).all()
    assert found.mean() == pytest.approx(churned.mean(), abs=0.01)
    assert found[churned].mean() > found[~churned].mean()


def test_columns_without_any_signal_give_everyone_nearly_the_base_rate():
    X = np.column_stack([np.full(500, np.nan), np.ones(500)])
    churned = np.arange(500) % 5 == 0
    found = fit_churn(X, churned, feature_names=["a", "b"], seed=1).churn_probability(X)
    assert found == pytest.approx(np.full(500, 0.2), abs=0.01)


def test_a_level_never_seen_in_training_is_scored_like_a_missing_one(model):
    X, _ = customers(50, seed=11)
    unseen, missing = X.copy(), X.copy()
    unseen[:, PLAN], missing[:, PLAN] = 99, np.nan
    assert (model.churn_probability(unseen) == model.churn_probability(missing)).all()


def test_nobody_is_scored_in_an_empty_matrix(model):
    empty = np.empty((0, 4))
    assert model.churn_probability(empty).shape == (0,)
    assert model.contributions(empty).shape == (0, 5)


def test_a_validation_cutoff_without_churners_does_not_stop_the_fit():
    X, _ = customers(200, seed=2)
    assert fitted(validation=(X, np.zeros(200))).churn_probability(X).max() < 1


def test_outcomes_of_one_kind_are_refused_with_their_number():
    X, _ = customers(40, seed=1)
    for churned, left in ((np.zeros(40), 0), (np.ones(40), 40)):
        with pytest.raises(FitError, match=f"{left} of 40 customers left, so there is nothing"):
            fit_booster(X, churned, feature_names=NAMES, seed=1)


def test_shapes_that_do_not_fit_are_refused(model):
    X, churned = customers(40, seed=1)
    with pytest.raises(FitError, match=r"features have shape \(40, 3\), the model takes 4"):
        model.churn_probability(X[:, :3])
    with pytest.raises(FitError, match=r"40 rows of features have \(39,\) outcomes"):
        fit_booster(X, churned[1:], feature_names=NAMES, seed=1)
    with pytest.raises(FitError, match="an outcome is neither 0 nor 1"):
        fit_booster(X, np.full(40, 0.5), feature_names=NAMES, seed=1)
