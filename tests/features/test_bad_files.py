"""A file that is not what it should be is refused, in one sentence with file and line."""

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
