import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from training.models._lifetimes import _quiet
from training.models.errors import FitError
from training.models.purchases import PurchaseModel, distinct, fit_purchases

HOLDOUT_DAYS = 273
WEEK = 7.0

# Fader, Hardie & Lee (2005), table 2; MBG/NBD as CLVTools-like scripts measured it (anchors.md)
PUBLISHED = {
    "bg_nbd": ((0.243, 4.414, 0.793, 2.426), -9582.429),
    "mbg_nbd": ((0.5248, 6.1831, 0.8914, 1.6140), -9582.136),
    "pareto_nbd": ((0.553, 10.578, 0.606, 11.669), -9594.976),
}


def in_weeks(model):
    """Published parameters are weekly; alpha and beta are times, all others have no unit."""
    return [
        value / WEEK if name in ("alpha", "beta") else value for name, value in model.params.items()
    ]


def weekly_log_likelihood(model, frequency):
    """A density per day is 7 times as dense per week, once for every repeat purchase."""
    return model.log_likelihood + frequency.sum() * np.log(WEEK)


def made(name="bg_nbd", **params):
    return PurchaseModel(name, params, 0.0, 1, 1)


WEEKLY_BG = {"r": 0.243, "alpha": 7 * 4.414, "a": 0.793, "b": 2.426}
WEEKLY_MBG = {"r": 0.5248, "alpha": 7 * 6.1831, "a": 0.8914, "b": 1.6140}
WEEKLY_PARETO = {"r": 0.553, "alpha": 7 * 10.578, "s": 0.606, "beta": 7 * 11.669}
EACH = [
    made("bg_nbd", **WEEKLY_BG),
    made("mbg_nbd", **WEEKLY_MBG),
    made("pareto_nbd", **WEEKLY_PARETO),
]
by_name = pytest.mark.parametrize("model", EACH, ids=lambda model: model.name)


@pytest.fixture(scope="module")
def sample_fits(cdnow_sample):
    return {name: fit_purchases(*cdnow_sample[:3], model=name) for name in PUBLISHED}


@pytest.fixture(scope="module")
def all_fit(cdnow_all):
    return fit_purchases(*cdnow_all[:3])


@pytest.mark.parametrize("name", PUBLISHED)
def test_parameters_and_likelihood_match_the_literature_on_the_cdnow_sample(
    name, sample_fits, cdnow_sample
):
    parameters, likelihood = PUBLISHED[name]
    # half a unit of the last printed digit
    digits = 0.5e-4 if name == "mbg_nbd" else 0.6e-3
    assert in_weeks(sample_fits[name]) == pytest.approx(parameters, abs=digits)
    found = weekly_log_likelihood(sample_fits[name], cdnow_sample.frequency)
    assert found == pytest.approx(likelihood, abs=0.6e-3)
    assert sample_fits[name].n_customers == 2357


def test_bg_nbd_of_all_cdnow_customers_matches_the_anchors(all_fit, cdnow_all):
    assert in_weeks(all_fit) == pytest.approx((0.252, 4.789, 0.723, 2.161), abs=0.6e-3)
    assert weekly_log_likelihood(all_fit, cdnow_all.frequency) == pytest.approx(-95368.4, abs=0.06)
    assert all_fit.n_customers == 23570


def test_holdout_totals_of_all_cdnow_customers_match_the_anchors(all_fit, cdnow_all):
    expected = all_fit.expected_purchases(HOLDOUT_DAYS, *cdnow_all[:3])
    actual = cdnow_all.bought_later
    assert expected.sum() == pytest.approx(16873.7, abs=0.06)
    assert actual.sum() == 19684
    assert np.abs(expected - actual).mean() == pytest.approx(0.819, abs=0.0006)
    assert np.sqrt(((expected - actual) ** 2).mean()) == pytest.approx(1.733, abs=0.0006)
    assert roc_auc_score(actual > 0, expected) == pytest.approx(0.763, abs=0.0006)


@pytest.mark.parametrize(
    ("name", "as_churn", "one_timers"), [("bg_nbd", 0.316, 1.0), ("mbg_nbd", 0.687, 0.409)]
)
def test_probability_alive_ranks_the_cdnow_sample_as_badly_as_measured(
    name, as_churn, one_timers, sample_fits, cdnow_sample
):
    alive = sample_fits[name].probability_alive(*cdnow_sample[:3])
    auc = roc_auc_score(cdnow_sample.bought_later > 0, alive)
    assert auc == pytest.approx(as_churn, abs=0.0006)
    bought_once = cdnow_sample.frequency == 0
    assert alive[bought_once].mean() == pytest.approx(one_timers, abs=0.0006)


@pytest.mark.parametrize("name", PUBLISHED)
def test_predictions_agree_with_lifetimes_where_lifetimes_is_finite(
    name, sample_fits, cdnow_sample
):
    ours = sample_fits[name]
    x, t_x, age = cdnow_sample[:3]
    with _quiet() as lifetimes:
        theirs = {
            "bg_nbd": lifetimes.BetaGeoFitter,
            "mbg_nbd": lifetimes.ModifiedBetaGeoFitter,
            "pareto_nbd": lifetimes.ParetoNBDFitter,
        }[name]()
        theirs.params_ = dict(ours.params)
        alive = theirs.conditional_probability_alive(x, t_x, age)
        expected = theirs.conditional_expected_number_of_purchases_up_to_time(364, x, t_x, age)
        newcomer = theirs.expected_number_of_purchases_up_to_time(364)
    assert np.isfinite(expected).all()
    assert ours.probability_alive(x, t_x, age) == pytest.approx(alive, rel=1e-8, abs=1e-12)
    assert ours.expected_purchases(364, x, t_x, age) == pytest.approx(expected, rel=1e-8)
    assert ours.expected_purchases_new(364) == pytest.approx(newcomer, rel=1e-8)


def test_the_printed_equation_10_is_nan_where_ours_is_finite():
    """Fader, Hardie & Lee (2005), from about 420 purchases on at a 200-week horizon."""
    from scipy.special import hyp2f1

    x = np.array([300.0, 500.0, 3000.0, 100_000.0])
    r, alpha, a, b = WEEKLY_BG.values()
    c, z = a + b + x - 1, 1400 / (alpha + 270 + 1400)
    with np.errstate(all="ignore"):
        left_out = hyp2f1(r + x, b + x, c, z) * (1 - z) ** (r + x)
    printed = c / (a - 1) * (1 - left_out)
    assert np.isfinite(printed).tolist() == [True, False, False, False]
    ours = EACH[0].purchases_if_alive(1400, x, np.full(4, 270.0))
    assert ours[0] == pytest.approx(printed[0], rel=1e-9)
    for model in EACH:
        expected = model.expected_purchases(1400, x, np.full(4, 270.0), np.full(4, 270.0))
        assert np.isfinite(expected).all(), model.name
        assert (np.diff(expected) > 0).all(), model.name


@pytest.mark.parametrize("a", [1e-6, 0.05, 0.793, 1.0, 1.000003, 1.5, 8.0, 400.0])
@pytest.mark.parametrize("x", [0.0, 3.0, 60.0])
def test_expected_purchases_agree_with_the_integral_over_dropout_probabilities(a, x):
    """E = mean over p of (1 - (1 + p t / rate)^-shape) / p, p ~ Beta(a, b): no 2F1 at all."""
    from scipy.integrate import quad
    from scipy.stats import beta

    r, alpha, b, age, horizon = 0.243, 30.9, 2.426, 270.0, 364.0
    density = beta(a, b + x)

    def bought(p):
        return -np.expm1(-(r + x) * np.log1p(p * horizon / (alpha + age))) / p

    # by quantiles: the density itself has poles at both ends
    integral = quad(lambda q: bought(max(density.ppf(q), 1e-300)), 0, 1, limit=400)[0]
    model = made(r=r, alpha=alpha, a=a, b=b)
    assert model.purchases_if_alive(horizon, [x], [age])[0] == pytest.approx(integral, rel=1e-5)


@pytest.mark.parametrize("b", [0.0959, 0.2, 3000.0])
def test_expected_purchases_stay_finite_where_the_printed_form_divides_by_zero(b):
    """c = a + b - 1 is zero, negative or huge."""
    for a in (0.0001, 0.8, 1 - b if b < 1 else 0.5, 500.0, 8000.0):
        expected = made(r=0.3, alpha=30.0, a=a, b=b).purchases_if_alive(
            3640, [0, 1, 5, 80, 1000], [10, 10, 200, 800, 3000]
        )
        assert np.isfinite(expected).all(), a
        assert (expected > 0).all(), a


@by_name
def test_nothing_is_bought_in_no_time(model):
    assert model.expected_purchases(0, [0, 3], [0, 20], [30, 40]).tolist() == [0.0, 0.0]


@by_name
@settings(max_examples=60, deadline=None)
@given(
    x=st.integers(0, 2000),
    t_x=st.floats(1, 1000),
    wait=st.floats(0, 1000),
    horizon=st.floats(1, 2000),
)
def test_expectations_obey_their_bounds(model, x, t_x, wait, horizon):
    history = ([x], [t_x if x else 0.0], [t_x + wait])
    alive = model.probability_alive(*history)[0]
    soon, late = (model.expected_purchases(h, *history)[0] for h in (horizon, 2 * horizon))
    assert 0 <= alive <= 1
    assert 0 <= soon <= late * (1 + 1e-9)
    # nobody buys faster than a customer who never leaves
    rate = (model.params["r"] + x) / (model.params["alpha"] + t_x + wait)
    assert soon <= rate * horizon * alive * (1 + 1e-8) + 1e-300


@by_name
def test_the_longer_a_customer_is_silent_the_less_likely_they_are_alive(model):
    wait = np.arange(0, 500, 10.0)
    alive = model.probability_alive(np.full(50, 5.0), np.full(50, 100.0), 100 + wait)
    assert (np.diff(alive) < 0).all()


@by_name
def test_predicting_a_subset_equals_the_subset_of_predicting_all(model, cdnow_sample):
    history = cdnow_sample[:3]
    some = np.random.default_rng(3).permutation(2357)[:111]
    of_all = model.expected_purchases(364, *history)[some]
    of_some = model.expected_purchases(364, *(column[some] for column in history))
    assert (of_all == of_some).all()


def test_shuffling_customers_changes_nothing(cdnow_sample):
    shuffled = np.random.default_rng(0).permutation(2357)
    again = fit_purchases(*(column[shuffled] for column in cdnow_sample[:3]))
    assert again.params == fit_purchases(*cdnow_sample[:3]).params


def test_a_fit_leaves_the_warning_filters_as_they_were(cdnow_sample):
    import warnings

    before = list(warnings.filters)
    fit_purchases(*(column[:300] for column in cdnow_sample[:3]))
    assert warnings.filters == before


def test_impossible_histories_are_named_with_their_rows():
    with pytest.raises(
        FitError, match=r"1 of 3 .* hold a recency above T \(row 1: \(2, 50, 40\)\)"
    ):
        fit_purchases([1, 2, 0], [10, 50, 0], [40, 40, 40])
    with pytest.raises(FitError, match="hold a negative value"):
        fit_purchases([1, -2], [10, 20], [40, 40])
    with pytest.raises(FitError, match="a recency without a repeat purchase"):
        fit_purchases([1, 0], [10, 20], [40, 40])
    with pytest.raises(FitError, match="not finite"):
        fit_purchases([1, np.nan], [10, 20], [40, 40])
    with pytest.raises(FitError, match="not a whole number"):
        fit_purchases([1, 1.5], [10, 20], [40, 40])


def test_customers_without_any_repeat_are_refused_with_their_number():
    with pytest.raises(FitError, match="none of 300 customers bought on a second day"):
        fit_purchases(np.zeros(300), np.zeros(300), np.full(300, 100.0))
    with pytest.raises(FitError, match="no customers to fit purchases on"):
        fit_purchases([], [], [])


def test_unequal_lengths_an_unknown_model_and_a_past_horizon_are_refused():
    with pytest.raises(FitError, match="give one row per customer"):
        fit_purchases([1, 2], [10], [40, 40])
    with pytest.raises(FitError, match=r"no purchase model .bgnbd. \(known: bg_nbd, mbg_nbd"):
        fit_purchases([1], [10], [40], model="bgnbd")
    with pytest.raises(FitError, match="a horizon of -1 days lies in the past"):
        EACH[0].expected_purchases(-1, [1], [10], [40])


def test_a_fit_that_finds_no_optimum_says_what_it_was_given(monkeypatch):
    def never(*_):
        raise FitError("no optimum in 3 attempts (last: precision loss)")

    monkeypatch.setattr("training.models.purchases.purchase_parameters", never)
    with pytest.raises(
        FitError,
        match=r"bg_nbd did not fit 3 customers \(2 distinct histories, 2 with a repeat purchase, "
        r"2 repeats\): no optimum",
    ):
        fit_purchases([1, 1, 0], [10, 10, 0], [40, 40, 40])


def test_a_saved_model_predicts_the_same_to_the_last_digit(tmp_path, all_fit, cdnow_all):
    all_fit.save(tmp_path)
    loaded = PurchaseModel.load(tmp_path)
    assert loaded == all_fit
    assert json.loads((tmp_path / "purchases.json").read_text())["name"] == "bg_nbd"


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)), min_size=1),
)
def test_distinct_rows_put_back_in_place_are_the_rows(rows):
    columns = [np.array(column, float) for column in zip(*rows, strict=True)]
    found, counts, where = distinct(*columns)
    assert counts.sum() == len(rows)
    assert len(counts) == len(set(rows))
    for column, back in zip(columns, found, strict=True):
        assert (back[where] == column).all()
