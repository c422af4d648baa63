import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import expit

from training.models.calibration import Calibrator, fit_calibrator
from training.models.errors import FitError


def outcomes(log_odds, seed=0):
    return np.random.default_rng(seed).random(len(log_odds)) < expit(log_odds)


def scores(n, seed=1, centre=-1.5):
    return np.random.default_rng(seed).normal(centre, 1.5, n)


def log_loss(probability, churned):
    return -np.where(churned, np.log(probability), np.log1p(-probability)).mean()


def test_probabilities_that_are_right_already_stay_so():
    z = scores(20_000)
    found = fit_calibrator(z, outcomes(z)).churn_probability(z)
    assert np.abs(found - expit(z)).max() < 0.03


def test_overconfident_log_odds_are_shrunk_by_the_right_slope():
    truth = scores(20_000)
    found = fit_calibrator(2 * truth + 0.7, outcomes(truth))
    assert found.name in ("platt", "beta")
    assert np.abs(found.churn_probability(2 * truth + 0.7) - expit(truth)).max() < 0.03


def test_a_distortion_that_no_slope_undoes_is_left_to_isotonic():
    z = scores(20_000, centre=0.0)
    truth = np.where(z > 0, 1.0, -2.0)
    found = fit_calibrator(z, outcomes(truth))
    assert found.name == "isotonic"
    assert np.abs(found.churn_probability(z) - expit(truth)).mean() < 0.02


def test_a_calibrator_lowers_the_loss_on_rows_it_never_saw():
    truth = scores(6000)
    z, churned = 1.7 * truth - 0.5, outcomes(truth)
    found = fit_calibrator(z[:3000], churned[:3000])
    better = log_loss(found.churn_probability(z[3000:]), churned[3000:])
    assert better < log_loss(expit(z[3000:]), churned[3000:])


@settings(max_examples=40, deadline=None)
@given(
    n=st.integers(0, 400),
    share=st.floats(0, 1),
    seed=st.integers(0, 1000),
    stretch=st.sampled_from([1e-6, 1.0, 40.0]),
)
def test_no_calibrator_gives_0_or_1_or_turns_the_ranking_over(n, share, seed, stretch):
    rng = np.random.default_rng(seed)
    z = rng.normal(0, 1, n) * stretch
    found = fit_calibrator(z, rng.random(n) < share)
    line = np.linspace(-500, 500, 2001)
    out = found.churn_probability(line)
    assert ((out > 0) & (out < 1)).all()
    assert (np.diff(out) >= 0).all()


def test_separable_outcomes_do_not_become_certainties():
    z = np.linspace(-3, 3, 1000)
    out = fit_calibrator(z, z > 0).churn_probability(z)
    assert out.min() > 1e-7
    assert out.max() < 1 - 1e-7


@pytest.mark.parametrize("positives", [0, 1, 9])
def test_with_too_few_churners_the_log_odds_are_left_alone(positives):
    z = scores(300)
    assert fit_calibrator(z, np.arange(300) < positives) == Calibrator("identity")


def test_with_a_few_dozen_churners_the_slope_stays_near_1_and_the_rate_is_met():
    truth = scores(1000, centre=-4.0)
    churned = outcomes(truth)
    found = fit_calibrator(truth + 2.0, churned)
    assert 10 <= churned.sum() < 60
    assert found.churn_probability(truth + 2.0).mean() == pytest.approx(churned.mean(), rel=0.05)
    assert 0.6 < found.left < 1.5


@pytest.mark.parametrize("name", ["identity", "platt", "beta", "isotonic"])
def test_calibrating_a_subset_equals_the_subset_of_calibrating_all(name):
    z = scores(1003)
    calibrator = {
        "identity": Calibrator("identity"),
        "platt": Calibrator("platt", 0.8, 0.8, 0.1),
        "beta": Calibrator("beta", 0.7, 1.2, -0.1),
        "isotonic": Calibrator("isotonic", knots=(-3.0, 0.0, 2.0), heights=(-4.0, -1.0, 1.5)),
    }[name]
    every = calibrator.churn_probability(z)
    for n in (1, 2, 3, 5, 7, 17, 64, 500):
        assert (calibrator.churn_probability(z[:n]) == every[:n]).all()


def test_a_calibrator_survives_json():
    z = scores(20_000, centre=0.0)
    for churned in (outcomes(z), outcomes(np.where(z > 0, 1.0, -2.0))):
        found = fit_calibrator(z, churned)
        assert Calibrator.from_json(json.loads(json.dumps(found.to_json()))) == found


def test_log_odds_that_are_not_finite_are_refused():
    with pytest.raises(FitError, match=r"\(2,\) log odds \(1 not finite\)"):
        fit_calibrator([0.0, np.nan], [True, False])
    with pytest.raises(FitError, match="one finite log odds per outcome"):
        fit_calibrator([0.0], [True, False])
