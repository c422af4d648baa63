"""Real exports, as messy as they come: each read right, and what is put aside is counted."""

import os
import tomllib
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from features.config import parse_config, read_config
from features.histories import load_histories

SHARED = os.environ.get("TENURE_SHARED_DATA")
EXAMPLES = Path(__file__).parents[2] / "examples"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
pytestmark = [
    pytest.mark.shared_data,
    pytest.mark.skipif(SHARED is None, reason="TENURE_SHARED_DATA is not set"),
]


@pytest.fixture
def load(tmp_path):
    opened = []

    def load(**histories):
        business = {"currency": "USD", "churn": "inactivity", "horizon_days": 28}
        raw = {"business": business, "histories": histories}
        found = load_histories(parse_config(raw, home=tmp_path), now=NOW)
        opened.append(found)
        return found

    yield load
    for each in opened:
        each.close()


@pytest.fixture
def example(tmp_path, monkeypatch):
    opened = []

    def example(name):
        monkeypatch.setenv("TENURE_DATA", SHARED)
        home = tmp_path / name
        home.mkdir()
        (home / "tenure.toml").write_text((EXAMPLES / f"{name}.toml").read_text())
        found = load_histories(read_config(home / "tenure.toml"), now=NOW)
        opened.append(found)
        return found

    yield example
    for each in opened:
        each.close()


def figures(histories):
    """History -> rows kept, customers, exact copies, rows put aside."""
    return {
        name: (each.rows, each.customers, each.duplicates, sum(each.quarantined.values()))
        for name, each in histories.reports.items()
    }


def ask(histories, sql):
    return histories.backend.con.execute(sql).fetchall()


def shared(path):
    return f"{SHARED}/{path}"


def test_semicolons_and_french_booleans_are_read(load):
    found = load(
        tickets={
            "sql": "select 'c' || row_number() over () as customer_id, '2024-01-01' as opened_at, "
            f"\"Churn\" as reopened from read_csv('{shared('churn_bigml/*.csv')}', "
            "all_varchar = true)"
        },
        usage={
            "path": shared("churn_bigml/*.csv"),
            "columns": {
                "customer_id": "'c' || row_number() over ()",
                "occurred_at": "timestamp '2024-01-01'",
                "quantity": "Total day minutes",
                "event": "State",
            },
        },
    )
    # 2,666 + 667 rows, and no exact copy among them
    assert figures(found)["usage"] == (3_333, 3_333, 0, 0)
    assert ask(found, "select count(*), count(reopened), sum(reopened::int) from tickets") == [
        (3_333, 3_333, 483)
    ]
    assert ask(found, "select round(avg(quantity), 2) from usage") == [(179.78,)]


def test_an_attribute_of_vrai_and_faux_stays_a_category(load):
    found = load(
        customers={
            "path": shared("churn_bigml/churn-bigml-20.csv"),
            "columns": {
                "customer_id": "row_number() over ()",
                "left": "Churn",
                "plan": "Area code",
            },
            "static": ["left", "plan"],
        },
        usage={
            "path": shared("movielens_100k/movielens.csv.gz"),
            "columns": {"customer_id": "userId", "occurred_at": "timestamp"},
        },
    )
    words = ask(found, 'select "left", count(*) from customers group by all order by all')
    assert words == [("FAUX", 572), ("VRAI", 95)]


def test_epoch_times_and_gz_are_read(load):
    found = load(
        usage={
            "path": shared("movielens_100k/movielens.csv.gz"),
            "columns": {"customer_id": "userId", "occurred_at": "timestamp"},
        }
    )
    assert figures(found) == {"usage": (100_004, 671, 0, 0)}
    assert (found.reports["usage"].first, found.reports["usage"].last) == (
        date(1995, 1, 9), date(2016, 10, 16),
    )  # fmt: skip


def test_300_exact_duplicates_are_counted_and_removed_once(load):
    found = load(
        usage={
            "path": shared("iranian_churn/Customer_Churn.csv"),
            "columns": {
                "customer_id": "'everyone'",
                "occurred_at": "timestamp '2024-01-01'",
                "quantity": "Seconds of Use",
                "duration_seconds": '"Call  Failure"',
            },
        }
    )
    report = found.reports["usage"]
    assert (report.rows_read, report.duplicates, report.rows) == (3_150, 300, 2_850)


def test_quoted_newlines_do_not_break_a_row(load):
    found = load(
        surveys={
            "path": shared("olist_sample/olist_order_reviews_dataset.csv"),
            "columns": {
                "customer_id": "order_id",
                "answered_at": "review_answer_timestamp",
                "instrument": "'csat'",
                "score": "review_score",
                "comment": "review_comment_message",
            },
        },
        usage={
            "path": shared("olist_sample/olist_orders_dataset.csv"),
            "columns": {"customer_id": "order_id", "occurred_at": "order_purchase_timestamp"},
        },
    )
    assert figures(found)["surveys"] == (2_993, 2_979, 0, 0)
    assert ask(found, "select count(*) > 100 from surveys where comment like '%\n%'") == [(True,)]


def test_two_date_formats_in_one_column_and_an_id_in_two_columns_are_read(load):
    found = load(
        orders={
            "path": shared("contoso_synthetic/*Purchases.csv"),
            "columns": {
                "customer_id": "coalesce(ContactId, LoyaltyId)",
                "ordered_at": "PurchasedOn",
                "amount": "TotalPrice",
            },
        }
    )
    # 1/20/2019 on the web and 2018-12-14 at the till
    assert figures(found)["orders"] == (32_393, 9_126, 0, 0)
    assert ask(found, "select min(ordered_at)::date, max(ordered_at)::date from orders") == [
        (date(2017, 1, 1), date(2019, 5, 24))
    ]


EXAMPLE_FIGURES = {
    "completejourney": {
        "customers": (801, 801, 0, 0),
        "orders": (155_848, 2_469, 0, 0),
        "usage": (2_102, 410, 0, 0),
        "campaigns": (6_589, 1_559, 0, 0),
    },
    "movielens_100k": {"usage": (100_004, 671, 0, 0)},
    "contoso_synthetic": {
        "customers": (5_000, 5_000, 0, 0),
        "orders": (32_390, 5_003, 0, 0),
        "surveys": (20_020, 5_001, 0, 0),
    },
    "olist_sample": {
        "customers": (2_995, 2_995, 0, 0),
        "orders": (3_000, 2_995, 0, 0),
        "surveys": (2_993, 2_974, 0, 0),
    },
}


@pytest.mark.parametrize("name", EXAMPLE_FIGURES)
def test_each_example_reads_all_its_rows(name, example):
    assert figures(example(name)) == EXAMPLE_FIGURES[name]


def test_an_id_in_three_spellings_is_one_customer(example):
    found = example("contoso_synthetic")
    [(web, till, reviews, attributes)] = ask(
        found,
        "select count(*) filter (where channel = 'online'), "
        "count(*) filter (where channel = 'till'), "
        "(select count(*) from surveys where customer_id = 'CNTID_1000'), "
        "(select count(*) from customers where customer_id = 'CNTID_1000') "
        "from orders where customer_id = 'CNTID_1000'",
    )
    assert min(web, till, reviews, attributes) > 0
    strangers = found.strangers()
    assert strangers["surveys"] < 0.01


def test_the_money_of_the_examples_is_that_of_their_files(example):
    for name, file, money in (
        ("completejourney", "completejourney/transactions.parquet", "sales_value"),
        ("olist_sample", "olist_sample/olist_order_payments_dataset.csv", "payment_value"),
    ):
        found = example(name)
        [(total,)] = ask(found, f"select sum({money}) from '{shared(file)}'")
        assert ask(found, "select sum(amount) from orders") == [(pytest.approx(total),)]


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLE_FIGURES)
def test_tenure_check_passes_on_each_example_and_writes_only_beside_its_config(
    name, tmp_path, tenure, monkeypatch
):
    monkeypatch.setenv("TENURE_DATA", SHARED)
    before = sorted(EXAMPLES.iterdir())
    (tmp_path / "tenure.toml").write_text((EXAMPLES / f"{name}.toml").read_text())
    ran = tenure("check", "--config", tmp_path / "tenure.toml")
    assert ran.code == 0, ran.err
    assert sorted(EXAMPLES.iterdir()) == before


def test_every_example_is_listed_and_has_its_licence_in_the_readme():
    readme = (EXAMPLES / "README.md").read_text()
    for path in EXAMPLES.glob("*.toml"):
        assert path.name in readme
        assert "${TENURE_DATA}" in path.read_text()
        assert tomllib.loads(path.read_text())["business"]["currency"]
