from datetime import date, timedelta

import pyarrow.parquet as pq
import pytest

from features.config import read_config
from features.datasets.settings import Business
from features.datasets.simulator import simulate
from features.errors import DataError

FILES = {
    "customers.parquet",
    "subscriptions.parquet",
    "usage.parquet",
    "tickets.parquet",
    "surveys.parquet",
    "orders.parquet",
    "mentions.parquet",
    "campaigns.parquet",
    "truth.parquet",
    "tenure.toml",
}


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_does_not(tmp_path):
    for name, seed in (("one", 5), ("again", 5), ("other", 6)):
        simulate(tmp_path / name, customers=400, seed=seed, weeks=30)
    assert contents(tmp_path / "one") == contents(tmp_path / "again")
    assert contents(tmp_path / "one").keys() == FILES
    for name in FILES:
        assert contents(tmp_path / "one")[name] != contents(tmp_path / "other")[name]


def test_how_many_customers_are_written_at_once_changes_no_row(tmp_path):
    for name, at_once in (("few", 1), ("more", 10_000), ("all", 1_000_000)):
        simulate(tmp_path / name, customers=11_000, seed=5, weeks=16, customers_at_once=at_once)
    for name in FILES - {"tenure.toml"}:
        whole = pq.read_table(tmp_path / "all" / name)
        assert pq.read_table(tmp_path / "few" / name).equals(whole)
        assert pq.read_table(tmp_path / "more" / name).equals(whole)


def test_the_report_counts_the_rows_of_each_file(company):
    for name, rows in company.rows.items():
        assert pq.read_metadata(company.folder / f"{name}.parquet").num_rows == rows
    assert {f"{name}.parquet" for name in company.rows} | {"tenure.toml"} == FILES


def test_the_company_is_plausible_and_not_easy(company):
    assert 0.08 <= company.churn_rate <= 0.12
    assert 0.75 <= company.oracle_auc <= 0.87
    assert company.active_customers > company.customers / 2


def test_the_settings_describe_the_business_that_the_truth_is_computed_for(company):
    config = read_config(company.folder / "tenure.toml")
    business = Business()
    assert config.business.horizon_days == business.horizon_days == 91
    assert config.business.value_horizon_days == business.value_horizon_days == 364
    assert config.business.margin_rate == business.margin_rate
    assert config.business.discount_rate_annual == business.discount_rate_annual
    assert config.business.time_zone == "UTC"
    assert set(config.histories) == set(company.rows) - {"truth"}


def test_the_settings_say_what_made_them(company):
    first = (company.folder / "tenure.toml").read_text(encoding="utf-8").splitlines()[0]
    assert "seed 11, 8000 customers, 130 weeks before 2026-06-29" in first


def test_every_static_attribute_is_a_column_of_the_customers(company):
    static = read_config(company.folder / "tenure.toml").histories["customers"].static
    columns = pq.read_schema(company.folder / "customers.parquet").names
    assert set(static) == set(columns) - {"customer_id", "signed_up_at"}


def test_progress_tells_how_many_customers_are_done(tmp_path):
    done = []
    simulate(tmp_path / "c", customers=6_000, seed=1, weeks=14, progress=done.append)
    assert done == [5_000, 6_000]


def test_truth_is_given_at_the_cutoffs_within_the_history(tmp_path):
    end = date(2024, 1, 1)
    simulate(tmp_path / "c", customers=300, seed=1, weeks=20, end=end)
    cutoffs = set(pq.read_table(tmp_path / "c" / "truth.parquet")["cutoff"].to_pylist())
    assert cutoffs == {end, end - timedelta(weeks=13)}


def test_even_a_company_of_a_few_customers_has_usage_on_its_last_day(tmp_path):
    for seed in range(4):
        simulate(tmp_path / "c", customers=12, seed=seed, weeks=40, end=date(2025, 3, 5))
        usage = pq.read_table(tmp_path / "c" / "usage.parquet")
        assert max(usage["occurred_at"].to_pylist()).date() == date(2025, 3, 4)


def test_an_interrupted_simulation_leaves_the_last_one_untouched(tmp_path):
    simulate(tmp_path / "c", customers=50, seed=1, weeks=20)
    before = contents(tmp_path / "c")

    def interrupt(_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        simulate(tmp_path / "c", customers=50, seed=2, weeks=20, progress=interrupt)
    assert contents(tmp_path / "c") == before
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"customers": 0}, "a company of 0 customers cannot be simulated; ask for 1 or more"),
        ({"weeks": 13}, "13 weeks of history hold no cutoff .* ask for 14 or more"),
        ({"seed": -1}, "seed -1 is negative; take 0 or more"),
    ],
)
def test_impossible_companies_are_refused(tmp_path, wrong, message):
    with pytest.raises(DataError, match=message):
        simulate(tmp_path / "c", **{"customers": 10, "seed": 1, "weeks": 20, **wrong})
    assert not (tmp_path / "c").exists()
