"""`tenure init` on money: units times prices, lines of orders, and SQL that can be read."""

from datetime import date

import duckdb
import pytest

from features.init.folder import init_config
from features.windows import day_number
from tests.features.init_folders import amounts, make, marked, orders, written


def test_lines_of_an_order_are_summed_by_the_decimal_mark_that_was_found(tmp_path):
    lines = "".join(
        f"{i // 2};{100 + i // 8};{'02.01' if i % 2 else '01.02'}.2024;"
        f"{'1.250,50' if i % 2 else '20'}\n"
        for i in range(300)
    )
    make(tmp_path, "orders.csv", "BestellNr;KundenNr;Datum;Betrag\n" + lines)
    found, aside = amounts(init_config(tmp_path))
    assert not aside
    second_of_january = day_number(date(2024, 1, 2))
    assert set(found.values()) == {(1270.5, second_of_january)}


def test_an_order_with_a_line_that_is_no_amount_is_put_aside_not_summed_without_it(tmp_path):
    lines = "".join(
        f"{100 + i // 2},c{i // 8},2024-01-{1 + i // 2 % 28:02},{'unknown' if i == 7 else '1.5'}\n"
        for i in range(300)
    )
    make(tmp_path, "orders.csv", "order_id,customer_id,order_date,amount\n" + lines)
    found, aside = amounts(init_config(tmp_path))
    assert len(found) == 149
    assert {amount for amount, _ in found.values()} == {3.0}
    assert sum(aside.values()) == 1


def test_the_items_of_an_order_are_summed_by_their_decimal_mark(tmp_path):
    heads = "".join(f"{i};{100 + i // 8};2024-0{1 + i % 9}-11\n" for i in range(200))
    items = "".join(f"{i // 3};s{i};{10 + i % 3},5\n" for i in range(600))
    make(tmp_path, "orders.csv", "order_id;customer_id;order_date\n" + heads)
    make(tmp_path, "order_items.csv", "order_id;sku;price\n" + items)
    found, _ = amounts(init_config(tmp_path))
    assert {amount for amount, _ in found.values()} == {34.5}


LEDGER = "".join(
    f"A{n % 20};{n % 28 + 1:02}.0{n % 9 + 1}.2025;{n % 3 - 1};1.{n:03},50\n" for n in range(200)
)


def test_a_price_beside_a_quantity_is_multiplied_by_it_and_marked(tmp_path):
    make(tmp_path, "ledger.csv", "Account;Invoice Date;Quantity;Unit price\n" + LEDGER)
    report = init_config(tmp_path)
    config, text = written(report)
    assert config["histories"]["orders"]["columns"]["amount"] == 'Quantity * "Unit price"'
    assert marked(text, "columns.amount") == (
        "'Unit price' seems to be the price of one unit, so 'Quantity' multiplies it"
    )
    assert "not used" not in text
    rows = orders(report)
    assert len(rows) == 200
    assert {("A2", 1002.5), ("A3", -1003.5), ("A4", 0.0)} <= set(rows)


@pytest.mark.parametrize("total", ["Total price", "Gesamtbetrag", "Order price"])
def test_a_total_beside_a_quantity_is_taken_as_it_is(total, tmp_path):
    make(tmp_path, "orders.csv", f"Account;Invoice Date;Quantity;{total}\n" + LEDGER)
    config, text = written(init_config(tmp_path))
    assert config["histories"]["orders"]["columns"]["amount"] == total
    assert "multiplies" not in text


def test_the_lines_of_an_invoice_are_summed_as_units_times_price(tmp_path):
    # the layout of the UCI online retail data
    lines = "".join(
        f"{536000 + n // 2},S{n},MUG,{n % 2 + 1},2025-01-0{n // 2 % 9 + 1} 10:00,{n % 2 + 1}.5,"
        f"{n // 8}\n"
        for n in range(300)
    )
    make(
        tmp_path, "online_retail.csv",
        "Invoice,StockCode,Description,Quantity,InvoiceDate,Price,Customer ID\n" + lines,
    )  # fmt: skip
    report = init_config(tmp_path)
    found, aside = amounts(report)
    assert {amount for amount, _ in found.values()} == {1.5 + 2 * 2.5}
    assert not aside
    assert "'Quantity' multiplies it" in report.findings.plans["orders"].doubts["amount"]


def test_the_items_of_an_order_are_summed_as_units_times_price(tmp_path):
    heads = "".join(f"{i};{100 + i // 8};2024-0{1 + i % 9}-11\n" for i in range(200))
    items = "".join(f"{i // 3};s{i};3;{10 + i % 3},5\n" for i in range(600))
    make(tmp_path, "orders.csv", "order_id;customer_id;order_date\n" + heads)
    make(tmp_path, "order_items.csv", "order_id;sku;qty;price\n" + items)
    found, _ = amounts(init_config(tmp_path))
    assert {amount for amount, _ in found.values()} == {3 * 34.5}


@pytest.mark.parametrize("nothing", ["N/A", "-", "null", "NaN", " "])
def test_a_line_whose_amount_is_a_word_for_nothing_leaves_its_order_whole(nothing, tmp_path):
    lines = "".join(
        f"{100 + i // 2},c{i // 8},2024-01-{1 + i // 2 % 28:02},{nothing if i == 7 else '1.5'}\n"
        for i in range(300)
    )
    make(tmp_path, "orders.csv", "order_id,customer_id,order_date,amount\n" + lines)
    report = init_config(tmp_path)
    found, aside = amounts(report)
    assert not aside
    assert found["103"][0] == 1.5
    assert (
        "(1 of 300 rows have no amount, and count as nothing)"
        in (report.findings.plans["orders"].doubts["amount"])
    )


@pytest.mark.parametrize("nothing", ["null", "'nan'::double"])
def test_lines_of_a_parquet_file_without_an_amount_are_counted_in_the_mark(nothing, tmp_path):
    duckdb.execute(
        "copy (select i // 2 as order_id, i // 8 as customer_id, "
        "date '2024-01-01' + (i // 2)::int as order_date, "
        f"case when i % 10 then 1.5::double else {nothing} end as amount "
        f"from range(300) t(i)) to '{tmp_path}/lines_of_orders.parquet'"
    )
    report = init_config(tmp_path)
    assert (
        "(30 of 300 rows have no amount, and count as nothing)"
        in (report.findings.plans["orders"].doubts["amount"])
    )
    found, aside = amounts(report)
    assert not aside
    assert sorted({amount for amount, _ in found.values()}) == [1.5, 3.0]


@pytest.mark.parametrize(
    ("cell", "worth"),
    [
        ("1.250,50", 1250.5), ("250,50", 250.5), ("1,250.50", 1250.5), ("250.50", 250.5),
        ("€ 1.250,50", 1250.5), ("1 250,50", 1250.5), ("$1,250.50", 1250.5), ("1'250.50", 1250.5),
    ],
)  # fmt: skip
def test_what_sums_money_is_short_and_reads_it_as_tenure_does(cell, worth, tmp_path):
    lines = "".join(f"{i // 2};c{i // 8};2024-01-0{i // 2 % 9 + 1};{cell}\n" for i in range(300))
    make(tmp_path, "orders.csv", "order_id;customer_id;order_date;amount\n" + lines)
    report = init_config(tmp_path)
    found, _ = amounts(report)
    assert {amount for amount, _ in found.values()} == {2 * worth}
    assert max(map(len, report.out.read_text().splitlines())) <= 100
    assert len(written(report)[0]["histories"]["orders"]["sql"].splitlines()) <= 15


def test_a_later_amount_with_the_other_decimal_mark_puts_its_order_aside(tmp_path):
    lines = [f"{i // 2};c{i // 8};2024-01-0{i // 2 % 9 + 1};1.250,50\n" for i in range(300)]
    header = "order_id;customer_id;order_date;amount\n"
    make(tmp_path, "orders.csv", header + "".join(lines))
    report = init_config(tmp_path)
    lines[0] = lines[0].replace("1.250,50", "12.50")
    make(tmp_path, "orders.csv", header + "".join(lines))
    found, aside = amounts(report)
    assert len(found) == 149
    assert sum(aside.values()) == 1


def test_sums_and_amounts_of_another_file_are_stacked_as_numbers(tmp_path):
    lines = "".join(f"{i // 2};c{i // 8};2024-01-0{i // 2 % 9 + 1};1.250,5\n" for i in range(300))
    whole = "".join(f"w{i};c{i};2024-01-0{i % 9 + 1};1.000,5\n" for i in range(30))
    header = "order_id;customer_id;order_date;amount\n"
    make(tmp_path, "orders_shop.csv", header + lines)
    make(tmp_path, "orders_web.csv", header + whole)
    found, _ = amounts(init_config(tmp_path))
    assert {amount for amount, _ in found.values()} == {2501.0, 1000.5}
