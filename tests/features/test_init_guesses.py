"""`tenure init` on what a table and its columns are taken for, and what is marked as unsure."""

from datetime import date, timedelta

import pytest

from features.init.folder import init_config
from tests.features.init_folders import make, marked, read, written

BILLS = "".join(
    f"c{n % 40},2025-0{n % 9 + 1}-05,2025-0{n % 9 + 1}-{n % 20 + 6:02},{n}.90\n" for n in range(300)
)


@pytest.mark.parametrize("paid", ["paid_on", "failed_at"])
def test_bills_that_are_due_and_paid_are_payments_not_orders_and_are_marked(paid, tmp_path):
    make(tmp_path, "invoices.csv", f"customer_id,due_date,{paid},amount\n" + BILLS)
    report = init_config(tmp_path)
    assert set(written(report)[0]["histories"]) == {"payments"}
    assert (
        f"'due_date' and '{paid}' speak for bills" in report.findings.plans["payments"].doubts[""]
    )


def test_orders_with_a_day_of_their_own_stay_orders_though_they_are_due_and_paid(tmp_path):
    rows = "".join(f"2025-01-{n % 28 + 1:02},{row}\n" for n, row in enumerate(BILLS.splitlines()))
    make(tmp_path, "invoices.csv", "invoice_date,customer_id,due_date,paid_on,amount\n" + rows)
    histories = written(init_config(tmp_path))[0]["histories"]
    assert histories["orders"]["columns"]["ordered_at"] == "invoice_date"


def test_refunds_without_their_orders_are_not_taken_for_purchases(tmp_path):
    rows = "".join(f"c{n},2025-01-{n % 28 + 1:02},9.90\n" for n in range(60))
    make(tmp_path, "refunds.csv", "customer_id,refund_date,amount\n" + rows * 2)
    report = init_config(tmp_path)
    assert not report.findings.plans
    assert report.findings.unplaced["refunds.csv"].startswith(
        "'refund_date' is its only time, so its rows are refunds"
    )


def test_a_priority_in_numbers_is_used(tmp_path):
    rows = "".join(f"c{n},2025-01-{n % 28 + 1:02},{n % 4 + 1}\n" for n in range(100))
    make(tmp_path, "tickets.csv", "customer_id,opened_at,Priority\n" + rows)
    report = init_config(tmp_path)
    assert report.findings.plans["tickets"].selects[0].columns["priority"] == 't."Priority"'


def test_a_rating_taken_as_an_amount_of_use_is_marked(tmp_path):
    rows = "".join(f"u{n % 30},2025-01-{n % 28 + 1:02},{n % 5 + 1},{n}\n" for n in range(100))
    make(tmp_path, "views.csv", "user_id,timestamp,rating,views\n" + rows)
    _, text = written(init_config(tmp_path))
    assert marked(text, "columns.quantity") == (
        "look whether 'rating' is an amount of use that adds up"
    )


def test_a_file_with_column_names_alone_is_said_to_have_no_rows(tmp_path):
    make(tmp_path, "orders.csv", "customer_id,order_date,amount\n")
    report = init_config(tmp_path)
    assert report.findings.unplaced == {"orders.csv": "has column names but no rows"}


def test_people_are_customers_though_every_one_of_them_has_one_ticket(tmp_path):
    people = "".join(f"A{n},{'North' if n % 2 else 'South'}\n" for n in range(60))
    tickets = "".join(f"A{n},2025-05-{n % 28 + 1:02}\n" for n in range(60))
    make(tmp_path, "helpdesk.csv", "acct,created\n" + tickets)
    make(tmp_path, "people.csv", "Account No,Area\n" + people)
    report = init_config(tmp_path)
    assert set(report.findings.plans) == {"tickets", "customers"}
    assert not report.findings.unplaced


def test_a_query_names_the_columns_that_it_leaves_out(tmp_path):
    heads = "".join(f"{i};{100 + i // 8};2024-0{1 + i % 9}-11;x\n" for i in range(200))
    items = "".join(f"{i // 3};s{i};{10 + i % 3},5\n" for i in range(600))
    make(tmp_path, "orders.csv", "order_id;customer_id;order_date;till roll\n" + heads)
    make(tmp_path, "order_items.csv", "order_id;sku;price\n" + items)
    _, text = written(init_config(tmp_path))
    assert "# not used of orders.csv: till roll\n" in text
    assert "# not used of order_items.csv: sku\n" in text


def a_firm(folder, encoding="utf-8"):
    def put(name, header, rows):
        (folder / name).write_text(header + "\n" + "".join(rows), encoding=encoding)

    day = [f"{n % 28 + 1:02}.{n % 9 + 1:02}.2025" for n in range(300)]
    put(
        "Kundenstamm.csv", "KdNr;Eintritt;Ort",
        (f"{n:05};{day[n]};{'Köln' if n % 2 else 'Hof'}\n" for n in range(60)),
    )  # fmt: skip
    put(
        "bestellungen.csv", "Belegnummer;Kd-Nr;Belegdatum;Betrag",
        (f"B{n};{n % 60:05};{day[n]} 01:10;1.014,79\n" for n in range(300)),
    )  # fmt: skip
    put(
        "umfrage.csv", "Kunden-No;Beantwortet am;NPS;Kommentar",
        (f"{n % 60:05};{day[n]} 11:27;{n % 11};sehr gut {n}\n" for n in range(100)),
    )  # fmt: skip
    put(
        "tickets.csv", "KundenNr;Eröffnet am;Gelöst am;Kategorie;Priorität",
        (f"{n % 60:05};{day[n]} 09:00;{day[n]} 10:00;Login;{n % 4 + 1}\n" for n in range(100)),
    )  # fmt: skip
    put(
        "nutzung.csv", "Kunde;Zeitstempel;Aktion",
        (f"{n % 60:05};{1740533941707 + n * 10**8};export {n % 3}\n" for n in range(200)),
    )  # fmt: skip


@pytest.mark.parametrize("encoding", ["utf-8", "latin-1"])
def test_a_firm_that_writes_german_with_umlauts_is_understood(encoding, tmp_path):
    a_firm(tmp_path, encoding)
    report = init_config(tmp_path)
    plans = report.findings.plans
    columns = {name: set(plan.selects[0].columns) - {"customer_id"} for name, plan in plans.items()}
    assert columns == {
        "customers": {"signed_up_at"},
        "orders": {"order_id", "ordered_at", "amount"},
        "surveys": {"answered_at", "score", "comment", "instrument"},
        "tickets": {"opened_at", "resolved_at", "category", "priority"},
        "usage": {"occurred_at", "event"},
    }
    assert not report.findings.unplaced
    assert {our for plan in plans.values() for our in plan.doubts} == {"instrument", "static"}
    assert read(report) == {
        "customers": 60, "orders": 300, "surveys": 100, "tickets": 100, "usage": 200,
    }  # fmt: skip


def test_the_horizon_is_one_that_the_days_of_data_suffice_for(tmp_path):
    # three horizons of 91 days and 28 before them need 301 days
    for days, horizon in ((300, 56), (301, 91)):
        rows = "".join(f"c{n % 45},{date(2025, 1, 1) + timedelta(n)},5\n" for n in range(days))
        make(tmp_path, f"{days}/orders.csv", "customer_id,order_date,amount\n" + rows)
        report = init_config(tmp_path / str(days))
        assert written(report)[0]["business"]["horizon_days"] == horizon


@pytest.mark.parametrize(("next_month", "inclusive"), [("30", True), ("31", None)])
def test_ends_before_the_day_of_the_next_term_are_written_as_last_days(
    next_month, inclusive, tmp_path
):
    # the next term begins on the 31st
    terms = "".join(
        f"c{n},Pro,01.01.2025,{next_month}.01.2025\nc{n},Pro,31.01.2025,\n" for n in range(12)
    )
    make(tmp_path, "contracts.csv", "customer_id,plan,start_date,end_date\n" + terms)
    report = init_config(tmp_path)
    config, text = written(report)
    assert config["histories"]["subscriptions"].get("ends_inclusive") is inclusive
    assert read(report) == {"subscriptions": 24}
    if inclusive:
        assert marked(text, "ends_inclusive").startswith(
            "the next term of a customer begins 12 times on the day after 'end_date', and 0 times"
        )
