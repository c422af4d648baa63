"""What the README promises of the simulated company, whose truth is known, and of CDNOW."""

import pytest

from features.config import read_config
from serving.summary import summarise
from tests.conftest import run_tenure


@pytest.fixture(scope="module")
def company_summary(trained_company):
    return summarise(read_config(trained_company / "tenure.toml"))


@pytest.fixture(scope="module")
def cdnow_summary(tmp_path_factory):
    home = tmp_path_factory.mktemp("promised") / "cdnow"
    config = home / "tenure.toml"
    for words in (["cdnow", "--out", home], ["retrain", "-c", config], ["score", "-c", config]):
        ran = run_tenure(*words)
        assert ran.code == 0, ran.err
    return summarise(read_config(config))


@pytest.mark.slow
@pytest.mark.parametrize("summary", ["company_summary", "cdnow_summary"])
def test_the_churn_model_beats_both_baselines_in_log_loss_on_later_cutoffs(summary, request):
    metrics = request.getfixturevalue(summary).metrics
    assert metrics["model_log_loss"] < metrics["logistic_log_loss"]
    assert metrics["model_log_loss"] < metrics["recency_rule_log_loss"]


@pytest.mark.slow
def test_churn_probabilities_are_calibrated_against_the_truth(company_summary):
    assert company_summary.truth.calibration_error < 0.02


@pytest.mark.slow
def test_the_top_decile_of_the_list_holds_at_least_twice_the_base_rate(company_summary):
    assert company_summary.truth.list_lift >= 2


@pytest.mark.slow
def test_the_sum_of_expected_values_is_near_the_true_sum(company_summary):
    assert company_summary.truth.value_ratio == pytest.approx(1, abs=0.1)


@pytest.mark.slow
def test_the_cdnow_holdout_of_all_customers_is_the_measured_one(cdnow_summary):
    # measured by a plain script for all 23,570 customers, 39 weeks from 1997-10-01: MAE 0.819,
    # RMSE 1.733, 16,873.7 expected of 19,684 purchases; own rate RMSE 2.158
    metrics = cdnow_summary.metrics
    assert cdnow_summary.purchase_model == "bg_nbd"
    assert metrics["bg_nbd_mae"] == pytest.approx(0.819, abs=5e-4)
    assert metrics["bg_nbd_rmse"] == pytest.approx(1.733, abs=5e-4)
    assert metrics["bg_nbd_total"] == pytest.approx(16_873.7 / 19_684, abs=1e-4)
    assert metrics["own_rate_rmse"] == pytest.approx(2.158, abs=5e-4)
