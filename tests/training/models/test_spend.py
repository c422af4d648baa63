import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.models._lifetimes import _quiet
from training.models.errors import FitError
from training.models.spend import SpendModel, fit_credibility, fit_spend


@pytest.fixture(scope="module")
def fitted(cdnow_sample):
    return fit_spend(cdnow_sample.frequency, cdnow_sample.monetary_value)


def gamma_gamma(p, q, v):
    return SpendModel("gamma_gamma", p * v / (q - 1), (q - 1) / p, {}, 0.0, 1)


def spend_of(p, q, v, n, seed):
    rng = np.random.default_rng(seed)
    x = rng.integers(1, 12, n).astype(float)
    scale = 1 / rng.gamma(q, 1 / v, n)
    return x, rng.gamma(p * x, scale) / x


def test_gamma_gamma_matches_fader_hardie_2013_on_the_cdnow_sample(fitted, cdnow_sample):
    # printed as 6.25, 3.74, 15.44; half a unit of the last digit
    found = [fitted.params[name] for name in ("p", "q", "v")]
    assert found == pytest.approx((6.25, 3.74, 15.44), abs=0.006)
    assert fitted.log_likelihood == pytest.approx(-4055.92, abs=0.006)
    assert fitted.n_customers == 946
    repeated = cdnow_sample.frequency > 0
    assert cdnow_sample.monetary_value[repeated].mean() == pytest.approx(35.08, abs=0.006)


def test_expected_spend_agrees_with_lifetimes(fitted, cdnow_sample):
    with _quiet() as lifetimes:
        theirs = lifetimes.GammaGammaFitter()
        theirs.params_ = dict(fitted.params)
        printed = theirs.conditional_expected_average_profit(
            cdnow_sample.frequency, cdnow_sample.monetary_value
        )
    found = fitted.expected_spend(cdnow_sample.frequency, cdnow_sample.monetary_value)
    assert found == pytest.approx(printed, rel=1e-12)


def test_a_customer_without_repeats_spends_the_population_mean(fitted):
    assert fitted.expected_spend([0, 0], [0.0, np.nan]) == pytest.approx(fitted.population_mean)


def test_expected_spend_tends_to_own_mean_as_frequency_grows(fitted):
    assert fitted.expected_spend([1e9], [80.0])[0] == pytest.approx(80.0, rel=1e-8)


@given(x=st.integers(0, 10_000), own=st.floats(0.01, 1e6))
def test_expected_spend_lies_between_own_mean_and_population_mean(x, own):
    model = gamma_gamma(6.25, 3.74, 15.44)
    found = model.expected_spend([x], [own])[0]
    low, high = sorted((own, model.population_mean))
    assert low * (1 - 1e-12) <= found <= high * (1 + 1e-12)


def test_known_parameters_are_recovered_from_simulated_spend():
    found = fit_spend(*spend_of(6.0, 4.0, 20.0, 20_000, seed=1))
    assert found.population_mean == pytest.approx(6 * 20 / 3, rel=0.02)
    assert found.prior_orders == pytest.approx(3 / 6, rel=0.08)


def test_spend_without_a_finite_mean_is_refused_and_credibility_takes_over():
    """q of 1 or less makes the printed mean negative (lifetimes 146, 370)."""
    x, m = spend_of(5.0, 0.7, 10.0, 2000, seed=2)
    with pytest.raises(FitError, match=r"no finite mean \(q = 0\.\d+, needs more than 1\)"):
        fit_spend(x, m)
    fallback = fit_credibility(x, m)
    assert (fallback.expected_spend(x, m) > 0).all()
    assert fallback.population_mean == pytest.approx(m.mean())


def test_credibility_recovers_the_weight_of_the_own_mean():
    """Bühlmann: within-customer variance over between-customer variance, here 100 / 25."""
    rng = np.random.default_rng(4)
    x = rng.integers(1, 9, 60_000).astype(float)
    m = rng.normal(rng.normal(100.0, 5.0, 60_000), 10.0 / np.sqrt(x))
    assert fit_credibility(x, m).prior_orders == pytest.approx(4.0, rel=0.1)


def test_zero_and_negative_spend_are_left_out():
    x, m = spend_of(6.0, 4.0, 20.0, 500, seed=1)
    refunded = fit_spend(np.append(x, [1, 2, 0]), np.append(m, [-5.0, 0.0, 30.0]))
    assert refunded == fit_spend(x, m)


def test_too_few_repeat_buyers_are_refused_with_their_number():
    with pytest.raises(FitError, match="9 of 12 customers have a repeat purchase of positive"):
        fit_spend([1] * 9 + [0, 0, 1], [5.0] * 11 + [0.0])
    with pytest.raises(FitError, match="give one row per customer"):
        fit_spend([1, 2], [5.0])


def test_a_saved_model_is_the_same(tmp_path, fitted):
    fitted.save(tmp_path)
    assert SpendModel.load(tmp_path) == fitted


def test_spend_that_hardly_varies_is_fitted_or_refused_but_never_a_stack_trace():
    draw = np.random.default_rng(1)
    frequency = draw.integers(1, 40, 500)
    for spread in (0.0, 1e-6, 0.01, 3.0):
        spend = 30 + spread * draw.standard_normal(500) / np.sqrt(frequency)
        try:
            fitted = fit_spend(frequency, spend)
        except FitError:
            fitted = fit_credibility(frequency, spend)
        assert fitted.expected_spend(frequency, spend) == pytest.approx(spend, rel=0.2)
