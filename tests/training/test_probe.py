import os
import shutil
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from features.build import learn_spec
from features.config import read_config
from features.datasets.cdnow import write_cdnow
from features.datasets.simulator import simulate
from features.errors import ConfigError, NotEnoughData
from features.histories import load_histories
from features.spec import Column, FeatureSpec
from features.vocabulary import describe
from serving.registry import champions
from tests.conftest import ROOT
from tests.training.small_company import COUNTS, closed, company, overwritten
from training.irreplaceable import FEWEST
from training.knowledge import Table, together
from training.metrics import auc
from training.probe import MOST_ROWS, check_keep, probe
from training.rows import Rows, earlier_features, gone_by_newest, labelled_rows
from training.splits import service_origin
from training.trained import CHURN


def named(X, churned, **options):
    return {each.column: each.signs for each in probe(X, churned, counts=COUNTS, **options)}


@pytest.mark.parametrize("customers", [300, 1_000, 4_000])
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_honest_columns_are_not_suspected(customers, seed):
    X, churned = company(customers, seed)
    earlier = [company(customers, seed, weeks_back=back)[0] for back in (1, 2)]
    gone = churned | (np.random.default_rng([seed, 9]).random(customers) < 0.1)
    assert named(X, churned, gone=gone, earlier=earlier, seed=seed) == {}


def exit_survey(churned, rng):
    """Filled in by a third of those who left, and of those who left later than the horizon."""
    later = ~churned & (rng.random(len(churned)) < 0.05)
    return np.where((churned | later) & (rng.random(len(churned)) < 0.33), "price", None)


def renewed(churned, rng):
    """A renewal date that is wiped out when a customer leaves; many never have one."""
    return np.where(churned | (rng.random(len(churned)) < 0.5), np.nan, rng.uniform(1, 300))


@pytest.mark.parametrize(
    ("leak", "sign"),
    [
        (exit_survey, "presence"),
        (closed, "alone"),
        (overwritten, "alone"),
        (renewed, "presence"),
    ],
)
@pytest.mark.parametrize("seed", [0, 1])
def test_a_planted_leak_is_named_and_nothing_else_is(leak, sign, seed):
    X, churned = company(2_000, seed)
    X["leak"] = leak(churned, np.random.default_rng(seed + 100))
    assert named(X, churned, seed=seed) == {"leak": (sign,)}


def test_two_leaks_do_not_vouch_for_each_other():
    X, churned = company(2_000)
    rng = np.random.default_rng(5)
    X["status"] = closed(churned, rng)
    X["open_days"] = overwritten(churned, rng)
    assert set(named(X, churned)) == {"status", "open_days"}


@pytest.mark.parametrize("share", [0.3, 0.6])
def test_a_number_that_is_zero_for_all_but_leavers_is_named_beside_what_is_missing(share):
    X, churned = company(2_000)
    rng = np.random.default_rng(2)
    marked = churned & (rng.random(len(X)) < share)
    X["exit_fee"] = np.where(marked, rng.normal(50, 5, len(X)), 0.0)
    assert set(named(X, churned)) == {"exit_fee"}
    X["exit_survey"] = np.where(marked, rng.integers(1, 6, len(X)), np.nan)
    assert set(named(X, churned)) == {"exit_fee", "exit_survey"}


def test_a_leak_is_found_at_three_hundred_customers():
    X, churned = company(300)
    X["status"] = closed(churned, np.random.default_rng(1))
    assert named(X, churned) == {"status": ("alone",)}


@pytest.mark.parametrize("left", [FEWEST - 1, FEWEST])
def test_a_collapse_is_looked_for_where_enough_left(left):
    # with fewer, strong honest columns are blamed by chance: fifteen people stayed in MovieLens
    churned = np.arange(600) < left
    rng = np.random.default_rng(2)
    X = pd.DataFrame({f"noise_{i}": rng.normal(size=600) for i in range(6)})
    X["status"] = closed(churned, rng)
    # of fewer it is still told that one value gives them away
    assert named(X, churned) == {"status": ("alone",) if left >= FEWEST else ("presence",)}


def test_a_column_written_in_the_last_week_is_named_by_the_shift():
    X, churned = company(2_000)
    rng = np.random.default_rng(9)
    balance = rng.normal(100, 10, len(churned))
    earlier = [company(2_000, weeks_back=back)[0].assign(balance=balance) for back in (1, 2)]
    X["balance"] = np.where(churned & (rng.random(len(churned)) < 0.6), 200.0, balance)
    found = probe(X, churned, earlier=earlier, counts=COUNTS)
    assert [each.column for each in found] == ["balance"]
    assert "shift" in found[0].signs
    assert "a week earlier for the same customers" in found[0].evidence


def test_a_column_with_a_monthly_beat_is_not_taken_for_a_leak():
    X, churned = company(2_000)
    rng = np.random.default_rng(2)
    month = rng.poisson(np.where(churned, 2.8, 5.0))
    earlier = [company(2_000, weeks_back=back)[0].assign(billed_7d=0) for back in (1, 2)]
    assert named(X.assign(billed_7d=month), churned, earlier=earlier) == {}


def test_what_is_missing_because_nothing_happened_is_honest_and_the_count_says_so():
    # of those who did nothing for four weeks nearly all leave, and so of those without a duration
    rng = np.random.default_rng(3)
    idle = rng.random(2_000) < 0.1
    churned = np.where(idle, rng.random(2_000) < 0.95, rng.random(2_000) < 0.1)
    X = pd.DataFrame({"duration": np.where(idle, np.nan, rng.gamma(2, 3, 2_000))})
    for i in range(5):
        X[f"noise_{i}"] = rng.normal(size=2_000)
    assert set(named(X, churned)) == {"duration"}
    assert named(X.assign(usage_events_28d=np.where(idle, 0, 1)), churned) == {}


def test_the_evidence_gives_the_numbers_of_rows_and_of_leavers():
    X, churned = company(2_000)
    X["contract"] = np.where(churned, np.nan, np.random.default_rng(0).integers(1, 24, 2_000))
    [suspect] = probe(X, churned, counts=COUNTS)
    share = churned.mean()
    assert f"missing in {share:.0%} of 2,000 rows, of which 100% left, against 0%" in (
        suspect.evidence
    )
    assert suspect.evidence.startswith(f"AUC {suspect.auc.value:.3f} (")
    assert not suspect.kept


@pytest.mark.parametrize("left", [0, 9])
def test_nothing_is_said_where_too_few_left(left):
    X, _ = company(500)
    churned = np.arange(500) < left
    assert probe(X.assign(leak=churned * 1.0), churned) == []


def test_more_customers_than_needed_are_sampled_and_the_seed_decides():
    X, churned = company(MOST_ROWS + 1_000)
    X["status"] = closed(churned, np.random.default_rng(1))
    first, again = (probe(X, churned, counts=COUNTS, seed=4) for _ in range(2))
    assert first == again
    assert [each.column for each in first] == ["status"]


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**32 - 1), kinds=st.integers(2, 40))
def test_a_column_of_noise_knows_nothing_however_many_values_it_has(seed, kinds):
    rng = np.random.default_rng(seed)
    churned = rng.random(2_000) < 0.3
    X = pd.DataFrame({"noise": rng.integers(0, kinds, 2_000).astype(str)})
    found = Table.of(X, churned, seed=seed).alone("noise")
    assert found.low < 0.53 < found.high + 0.08


def test_the_auc_of_a_column_alone_is_that_of_what_it_says_of_each_row():
    X, churned = company(2_000)
    table = Table.of(X, churned, seed=0)
    for name in X.columns:
        assert table.alone(name).value == pytest.approx(auc(churned, table.said(name)))


def test_no_columns_together_know_nothing():
    X, churned = company(200)
    assert together(Table.of(X, churned, seed=0), []).auc.value == 0.5


def test_a_column_to_keep_that_is_not_there_names_the_nearest_one():
    with pytest.raises(ConfigError, match=r"'orders_cont_28d'.*did you mean 'orders_count_28d'\?"):
        check_keep(["orders_cont_28d"], ["orders_count_28d", "usage_events_7d"])


def test_rows_without_any_column_left_say_what_to_do():
    rows = Rows(pd.DataFrame({"a": [1.0]}), FeatureSpec((Column("a"),), ()))
    assert rows.without([]).spec == rows.spec
    with pytest.raises(NotEnoughData, match=r"all 1 columns look as if they knew.*docs/leaks\.md"):
        rows.without(["a"])


def probed(folder, now=datetime(2026, 7, 1, tzinfo=UTC)):
    """What `tenure retrain` probes of the company in a folder."""
    config = read_config(folder / "tenure.toml")
    histories = load_histories(config, now=now)
    try:
        business, training = config.business, config.training
        origin = service_origin(
            histories.behaviour_start, histories.newest_cutoff,
            horizon_days=business.horizon_days, cutoffs=1, step_days=training.step_days,
        )  # fmt: skip
        spec = learn_spec(histories, origin.train)
        rows = labelled_rows(histories, business, spec, origin.train)
        earlier = earlier_features(histories, rows, days=(7, 14))
        gone = gone_by_newest(histories, business, rows)
    finally:
        histories.close()
    names = list(spec.names)
    counts = [name for name in names if describe(name).when_absent == "zero"]
    return probe(rows.frame[names], rows.churned, gone=gone, earlier=earlier, counts=counts)


@pytest.mark.slow
def test_nothing_is_suspected_at_cdnow(tmp_path):
    write_cdnow(tmp_path / "cdnow")
    assert probed(tmp_path / "cdnow") == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", [1, 2])
def test_nothing_is_suspected_of_another_simulated_company(tmp_path, seed):
    simulate(tmp_path, customers=2_000, weeks=91, seed=seed)
    assert probed(tmp_path) == []


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["completejourney", "contoso_synthetic", "movielens_100k"])
def test_nothing_is_suspected_of_the_examples(tmp_path, monkeypatch, name):
    folder = os.environ.get("TENURE_SHARED_DATA")
    if not folder:
        pytest.skip("TENURE_SHARED_DATA, the folder of the shared data sets, is not set")
    monkeypatch.setenv("TENURE_DATA", folder)
    shutil.copy(ROOT / "examples" / f"{name}.toml", tmp_path / "tenure.toml")
    assert probed(tmp_path) == []


@pytest.mark.slow
def test_an_attribute_that_only_leavers_were_asked_for_is_the_only_suspect(tmp_path):
    simulate(tmp_path, customers=4_000, seed=7)
    people = pd.read_parquet(tmp_path / "customers.parquet")
    terms = pd.read_parquet(tmp_path / "subscriptions.parquet")
    stayed = set(terms.loc[terms["ended_at"].isna(), "customer_id"])
    asked = ~people["customer_id"].isin(stayed) & (people.index % 2 == 0)
    people.assign(why=np.where(asked, "price", None)).to_parquet(tmp_path / "customers.parquet")
    config = tmp_path / "tenure.toml"
    parts = config.read_text().split("\n[histories.")
    slim = [
        part for part in parts[1:] if part.startswith(("customers", "subscriptions", "tickets"))
    ]
    config.write_text("\n[histories.".join([parts[0], *slim]))
    assert probed(tmp_path) == []
    config.write_text(config.read_text().replace("static = [", 'static = ["why", '))
    [suspect] = probed(tmp_path)
    assert (suspect.column, suspect.signs) == ("customers_why", ("presence",))


@pytest.mark.slow
def test_no_column_of_the_simulated_company_is_left_out_of_its_model(trained_company):
    parameters = champions(trained_company)[CHURN].parameters
    assert parameters["left_out"] == parameters["suspects_kept"] == "none"
