"""`tenure init` on what a table and its columns are taken for, and what is marked as unsure."""

import pytest

from features.init.folder import init_config
from tests.features.init_folders import make, marked, written

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
