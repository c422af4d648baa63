"""A file that is not what it should be is refused, in one sentence with file and line."""

from pathlib import Path

import pytest

from features.errors import DataError


def blanks(*lines):
    rows = [f"C{i} 2025-01-{i % 28 + 1:02} {i}.5" for i in range(400)]
    return "\n".join(["customer_id  ordered_at amount", *rows, *lines]) + "\n"


@pytest.mark.parametrize(("line", "cells"), [("x 2025-01-01 1 2.5", 4), ("x 2025-01-01", 2)])
def test_a_ragged_row_of_a_table_parted_by_blanks_is_an_error_with_file_and_line(load, line, cells):
    where = r"orders.csv can't be read: line 402 of .*orders.csv"
    with pytest.raises(DataError, match=rf"{where} has {cells} cells, its first line 3;"):
        load(blanks(line))


def test_empty_lines_and_tabs_in_a_table_parted_by_blanks_are_no_ragged_rows(load):
    found = load(blanks("", "   ", "\tx\t2025-01-01\t1 "))
    assert found.reports["orders"].rows == 401


def test_a_ragged_row_past_the_guessed_rows_is_no_fault_of_the_columns(load):
    rows = "".join(f"C{i},2025-01-01,1\n" for i in range(60_000))
    with pytest.raises(DataError, match=r"orders.csv can't be read: line 60002 of .* has 2 cells"):
        load(f"customer_id,ordered_at,amount\n{rows}x,1\n")


def test_a_file_that_may_not_be_read_is_named(load, tmp_path, monkeypatch):
    (tmp_path / "orders.csv").write_text("customer_id,ordered_at,amount\n")

    whole = Path.open

    def refuse(path, *words, **named):
        if path.name == "orders.csv":
            raise PermissionError(13, "Permission denied", str(path))
        return whole(path, *words, **named)

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(DataError, match=r"orders.csv can't be read: Permission denied; let Tenure"):
        load()


def test_a_quarantine_that_cannot_be_written_is_named(load, tmp_path):
    (tmp_path / "quarantine").write_text("a file, where a folder should be")
    with pytest.raises(DataError, match=r"orders.csv for rows put aside can't be"):
        load("customer_id,ordered_at,amount\na,2025-01-01,1\n,2025-01-01,1\n")


HEADER = "customer_id,ordered_at,category,amount\n"


def orders(many, end="\n"):
    return "".join(f'C{i},2025-01-{i % 28 + 1:02},"x",{i}.5{end}' for i in range(many))


@pytest.mark.parametrize(("first", "then"), [("\n", "\r\n"), ("\r\n", "\n")])
def test_line_ends_that_change_far_down_in_a_file_are_read(load, first, then):
    found = load(HEADER.replace("\n", first) + orders(9000, first) + f'x,2025-01-01,"a\nb",1{then}')
    assert found.reports["orders"].rows == 9001


def test_a_quote_that_is_not_closed_is_named_with_the_line_on_which_its_row_begins(load):
    odd = '"a\nb",2025-01-01,"y",1\n"C7,2025-01-01,"x",300.5\n'
    with pytest.raises(
        DataError, match=r"the row on line 304 of .*orders.csv opens a quote .*; close it, .* twice"
    ):
        load(HEADER + orders(300) + odd + orders(50))


def test_a_backslash_that_takes_a_quote_away_is_told(load):
    escaped = 'a,2025-01-01,"say \\"a\\" now",1\nb,2025-01-01,"C:\\",1\n'
    with pytest.raises(DataError, match=r"the row on line 3 of .* with a backslash before it"):
        load(HEADER + escaped + orders(50))


def test_a_file_that_is_no_text_is_refused_as_such(load):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 20
    with pytest.raises(DataError, match=r"orders.csv is no text: \d+% of its beginning are char"):
        load(picture)


def test_a_title_above_the_column_names_is_hinted_at(load):
    title = "Sales of 2025\nmade on 2025-12-01\n\n"
    with pytest.raises(DataError, match=r"line 4 .* has 4 cells, .*; if the column names stand"):
        load(title + HEADER + orders(20))
