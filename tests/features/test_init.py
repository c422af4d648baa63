"""`tenure init` on folders whose truth is known; what it can't know it says it does not."""

import os
import tomllib
from pathlib import Path

import duckdb
import pytest

from features.config import read_config
from features.errors import ConfigError, DataError
from features.init.folder import init_config
from features.init.keys import lines_toml
from tests.features.init_folders import guessed, make, marked, read, written

SHARED = os.environ.get("TENURE_SHARED_DATA")
shared = [
    pytest.mark.shared_data,
    pytest.mark.skipif(SHARED is None, reason="TENURE_SHARED_DATA is not set"),
]


def a_german_shop(folder):
    days = [f"{day:02}.{month:02}.2024" for month in (1, 2, 3) for day in (3, 15, 28)]
    make(
        folder, "Kunden.csv",
        "Kundennummer;Name;Bundesland;Kunde seit\n"
        + "".join(f"K{i:03};N{i};{'BY' if i % 2 else 'HE'};01.12.2023\n" for i in range(40)),
    )  # fmt: skip
    for month in (1, 2):
        make(
            folder, f"export/Bestellungen-{month}.csv",
            "Bestellnummer;Kundennummer;Bestelldatum;Betrag\n"
            + "".join(
                f"{month}{i:04};K{i % 40:03};{days[i % 9]};1.{i:03},50\n" for i in range(100)
            ),
        )  # fmt: skip


def test_a_folder_in_german_is_understood_and_its_config_reads_every_row(tmp_path):
    a_german_shop(tmp_path)
    report = init_config(tmp_path)
    config, text = written(report)
    assert config["histories"]["orders"] == {
        "path": "export/Bestellungen-*.csv",
        "columns": {
            "customer_id": "Kundennummer", "order_id": "Bestellnummer",
            "ordered_at": "Bestelldatum", "amount": "Betrag",
        },
    }  # fmt: skip
    assert config["histories"]["customers"] == {
        "path": "Kunden.csv",
        "columns": {"customer_id": "Kundennummer", "signed_up_at": "Kunde seit"},
        "static": ["Bundesland"],
    }
    assert config["business"]["churn"] == "inactivity"
    assert read(report) == {"customers": 40, "orders": 200}
    assert "# unsure: the files don't say where the business is" in text
    assert max(map(len, text.splitlines())) <= 100


def test_subscriptions_with_an_end_make_churn_a_cancellation(tmp_path):
    make(
        tmp_path, "contracts.csv",
        "customer_id,plan,start_date,end_date,monthly_fee\n"
        + "".join(f"c{i},basic,2024-01-0{i % 9 + 1},{'2024-06-01' if i % 3 else ''},9.5\n"
                  for i in range(30)),
    )  # fmt: skip
    report = init_config(tmp_path)
    config, _ = written(report)
    assert config["business"]["churn"] == "cancellation"
    assert set(config["histories"]["subscriptions"]["columns"]) == {
        "started_at", "ended_at", "monthly_amount",
    }  # fmt: skip
    assert read(report) == {"subscriptions": 30}


def test_a_simulated_company_is_recognised_whole(tmp_path, tenure):
    ran = tenure("simulate", "--customers", "300", "--weeks", "60", "--out", tmp_path / "company")
    assert ran.code == 0, ran.err
    theirs = tomllib.loads((tmp_path / "company/tenure.toml").read_text())["histories"]
    report = init_config(tmp_path / "company", tmp_path / "guess.toml")
    ours = written(report)[0]["histories"]
    assert {name: each["path"] for name, each in ours.items()} == {
        name: f"company/{each['path']}" for name, each in theirs.items()
    }
    assert not any(each.get("columns") for each in ours.values())
    assert set(read(report)) == set(theirs)
    assert report.findings.unplaced == {
        "truth.parquet": "may be orders, as orders.parquet, but no column is named like ordered_at"
    }


def test_an_existing_config_is_never_overwritten(tmp_path, tenure):
    a_german_shop(tmp_path)
    (tmp_path / "tenure.toml").write_text("# mine\n")
    with pytest.raises(ConfigError, match=r"tenure.toml exists and is not overwritten; name anoth"):
        init_config(tmp_path)
    ran = tenure("init", tmp_path)
    assert ran.code == 2
    assert "exists and is not overwritten" in " ".join(ran.err.split())
    assert (tmp_path / "tenure.toml").read_text() == "# mine\n"


def test_a_folder_without_tables_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no folder at"):
        init_config(tmp_path / "nosuch")
    (tmp_path / "notes.md").write_text("# nothing\n")
    with pytest.raises(DataError, match="holds no file that could be a table"):
        init_config(tmp_path)


def test_what_init_prints_is_at_most_100_wide_and_names_the_next_command(tmp_path, tenure):
    a_german_shop(tmp_path / "in")
    make(tmp_path, "in/empty.csv", "")
    make(tmp_path, "in/bare.csv", "1,2\n3,4\n")
    make(tmp_path, "in/picture.png", "x")
    ran = tenure("init", "in", "--out", "shop/tenure.toml", cwd=tmp_path)
    assert ran.code == 0, ran.err
    assert all(len(line) <= 100 for line in ran.out.splitlines())
    assert "tenure check --config shop/tenure.toml" in " ".join(ran.out.split())
    assert "empty.csv: is empty" in ran.out.replace("\n", " ") or "empty.csv" in ran.out
    assert "bare.csv: has no line of column names (its first is 1, 2)" in " ".join(ran.out.split())
    assert "picture.png: ends in '.png', which is no table that Tenure reads" in ran.out
    checked = tenure("check", "--config", "shop/tenure.toml", cwd=tmp_path)
    assert checked.code == 0, checked.err


def test_files_that_cannot_be_read_are_listed_and_do_not_stop_the_others(tmp_path, monkeypatch):
    a_german_shop(tmp_path)
    make(tmp_path, "tickets.xlsx", "no sheet")
    make(tmp_path, "locked.csv", "customer_id,order_date,amount\n")
    # root reads whatever its mode: the system's refusal is played
    opened = Path.open

    def refused(self, *args, **kwargs):
        if self.name == "locked.csv":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *args, **kwargs)

    monkeypatch.setattr(Path, "open", refused)
    report = init_config(tmp_path)
    assert set(report.findings.plans) == {"orders", "customers"}
    assert report.findings.unplaced["locked.csv"] == "can't be read: Permission denied"
    assert report.findings.unplaced["tickets.xlsx"].startswith("can't be read as an Excel file")
    assert "# tickets.xlsx: can't be read as an Excel file" in report.out.read_text()


def test_times_that_can_be_read_two_ways_are_marked_not_decided_in_silence(tmp_path):
    make(tmp_path, "orders.csv", "customer_id,order_date,total\na,03/04/2024,1\nb,05/06/2024,2\n")
    config, text = written(init_config(tmp_path))
    assert config["histories"]["orders"]["time_format"] in ("%d/%m/%Y", "%m/%d/%Y")
    assert "may also be %m/%d/%Y" in text or "may also be %d/%m/%Y" in text


EXPECTED = {
    "completejourney": {
        "orders": (["transactions.parquet"], 155_848),
        "usage": (["coupon_redemptions.parquet"], 2_102),
        "campaigns": (["campaigns.parquet"], 6_589),
        "customers": (["demographics.parquet"], 801),
    },
    "contoso_synthetic": {
        "orders": (["OnlinePurchases.csv", "POSPurchases.csv"], 32_393),
        "surveys": (["WebsiteReviews_LinkedToEcommerceContacts.csv"], 20_020),
        "customers": (["Contact.csv"], 5_000),
    },
    "movielens_100k": {"usage": (["movielens.csv.gz"], 100_004)},
    "olist_sample": {
        "orders": (["olist_orders_dataset.csv"], 3_000),
        "surveys": (["olist_order_reviews_dataset.csv"], 2_993),
        "customers": (["olist_customers_dataset.csv"], 2_995),
    },
    "cdnow": {"orders": (["CDNOW_master.txt"], 69_659)},
    "btyd_grocery": {"usage": (["groceryElog.csv"], 10_483)},  # no money in it: no orders
    "btyd_apparel": {"orders": (["apparelTrans.csv"], 3_187)},
}


class TestSharedSets:
    pytestmark = shared

    @pytest.mark.slow
    @pytest.mark.parametrize("name", EXPECTED)
    def test_each_file_is_placed_and_the_config_reads_its_rows(self, name, tmp_path):
        report = init_config(Path(SHARED) / name, tmp_path / "tenure.toml")
        files = {history: each[0] for history, each in guessed(report).items()}
        assert files == {history: each[0] for history, each in EXPECTED[name].items()}
        assert read(report) == {history: each[1] for history, each in EXPECTED[name].items()}

    def test_the_person_behind_olists_customer_ids_is_found_and_marked(self, tmp_path):
        report = init_config(Path(SHARED) / "olist_sample", tmp_path / "tenure.toml")
        text = report.out.read_text()
        assert 'customer_unique_id" as customer_id' in text
        assert "'customer_unique_id' seems to be the person" in text
        assert "summed from 'payment_value' in olist_order_payments_dataset.csv" in text

    def test_the_three_ids_of_contoso_are_joined(self, tmp_path):
        report = init_config(Path(SHARED) / "contoso_synthetic", tmp_path / "tenure.toml")
        found = guessed(report)
        assert found["surveys"][1]["customer_id"] == 't."UserId"'
        till = report.findings.plans["orders"].selects[1]
        assert till.columns["customer_id"] == 'l1."ContactId"'
        assert 'l1."LoyaltyId" = t."LoyaltyId"' in till.joins[0]

    def test_tickets_without_a_time_of_opening_are_said_to_lack_it(self, tmp_path):
        # no one could guess: nothing in the file says when a ticket was opened, nor who stays
        report = init_config(Path(SHARED) / "support_tickets_synthetic", tmp_path / "tenure.toml")
        assert set(guessed(report)) == {"tickets", "surveys"}
        doubts = report.findings.plans["tickets"].doubts
        assert "no column is named like opened_at" in doubts["opened_at"]
        assert "'Customer Email' is not plainly a customer's id" in doubts["customer_id"]
        assert "None of the files shows who stays" in report.out.read_text()
        with pytest.raises(ConfigError, match="describes none of"):
            read_config(report.out)

    @pytest.mark.parametrize(
        ("name", "label"),
        [
            ("telco_ibm", "Churn"), ("churn_bigml", "Churn"), ("iranian_churn", "Churn"),
            ("isp_internet_churn", "churn"), ("tv_churn", "target"), ("hillstrom", "visit"),
        ],
    )  # fmt: skip
    def test_flat_tables_are_recognised_as_such(self, name, label, tmp_path):
        report = init_config(Path(SHARED) / name, tmp_path / "tenure.toml")
        assert not report.findings.plans
        [(file, why)] = report.findings.unplaced.items()
        assert report.findings.flat == [file]
        assert f"no time in it; '{label}' is its outcome" in why
        assert "come with a later version of Tenure" in report.out.read_text().replace("\n#  ", "")

    @pytest.mark.parametrize("name", ["banking77", "persian_reviews"])
    def test_texts_without_customers_are_left_out(self, name, tmp_path):
        report = init_config(Path(SHARED) / name, tmp_path / "tenure.toml")
        assert not report.findings.plans
        assert set(report.findings.unplaced.values()) == {"no column says whose the rows are"}


def test_parquet_parts_in_subfolders_are_one_table(tmp_path):
    for month in (1, 2):
        (tmp_path / f"2024/{month:02}").mkdir(parents=True)
        duckdb.execute(
            f"copy (select 'c' || i as user_id, timestamp '2024-0{month}-03' + i * interval 1 hour "
            f"as event_time, 'login' as event from range(50) t(i)) to "
            f"'{tmp_path}/2024/{month:02}/events.parquet'"
        )
    report = init_config(tmp_path)
    assert written(report)[0]["histories"]["usage"]["path"] == "*/*/events.parquet"
    assert read(report) == {"usage": 100}


def test_columns_that_no_history_uses_are_listed_where_they_are(tmp_path):
    rows = "".join(f"M{day},2024-01-{day:02},{day},x\n" for day in range(1, 29))
    make(tmp_path, "orders.csv", "Customer,Order date,Total,Till roll\n" + rows)
    _, text = written(init_config(tmp_path))
    assert "# not used: Till roll\n" in text
    assert text.count("# not used") == 1


@pytest.mark.parametrize(
    "text", ["where a ~ '\\d' -- \\", 'select "a""" from t', 'select """""', "it's '''\n  so"]
)
def test_a_query_is_read_back_from_toml_as_it_was(text):
    assert tomllib.loads("\n".join(lines_toml("sql", text)))["sql"] == text + "\n"


def test_what_leaving_means_and_when_a_term_renews_are_marked_as_guesses(tmp_path):
    terms = "".join(
        f"c{i},2024-01-0{i % 9 + 1},{'2024-06-01' if i % 3 else ''},2024-12-01\n" for i in range(30)
    )
    make(tmp_path, "contracts.csv", "customer_id,start_date,end_date,next_billing_date\n" + terms)
    _, text = written(init_config(tmp_path))
    assert marked(text, "columns.renews_at").startswith("if 'next_billing_date' is overwritten at")
    assert marked(text, "churn").startswith("guessed from the ends of subscriptions")


def test_which_activity_shows_that_a_customer_stays_is_marked_as_a_guess(tmp_path):
    a_german_shop(tmp_path)
    events = "".join(f"K{i % 40:03},2024-0{i % 3 + 1}-05T10:00:00,login\n" for i in range(100))
    make(tmp_path, "events.csv", "user_id,timestamp,event_name\n" + events)
    _, text = written(init_config(tmp_path))
    assert marked(text, "churn").startswith("guessed, as no file has ends of subscriptions")
    assert marked(text, "activity").startswith("activity may also be usage")
