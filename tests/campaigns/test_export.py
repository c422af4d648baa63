import csv
import json
import math
import re
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaigns.export import guard_cell, write_list
from features.errors import ConfigError

TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=8)
DOUBLES = st.none() | st.floats(allow_nan=False, allow_infinity=False)
ENDINGS = ["csv", "parquet", "jsonl", "ndjson"]


def make_list(rows: list[tuple[str, float | None]]) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "customer_id": pd.Series([row[0] for row in rows], dtype="str"),
            "value_at_risk": pd.Series([row[1] for row in rows], dtype="float64"),
            "horizon_days": 91,
        }
    )


def read_rows(path: Path) -> list[tuple[str, float | None, int]]:
    if path.suffix == ".parquet":
        rows = pd.read_parquet(path).itertuples(index=False, name=None)
        return [(one, None if math.isnan(value) else value, days) for one, value, days in rows]
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            _, *rows = csv.reader(file)
        return [
            (row[0].removeprefix("'"), float(row[1]) if row[1] else None, int(row[2]))
            for row in rows
        ]
    lines = path.read_text("utf-8").split("\n")[:-1]
    return [tuple(json.loads(line).values()) for line in lines]


@pytest.mark.parametrize("ending", ENDINGS)
@given(rows=st.lists(st.tuples(TEXTS.filter(bool), DOUBLES), max_size=5))
def test_a_list_reads_back_as_it_was_to_the_last_digit(
    tmp_path_factory: pytest.TempPathFactory, ending: str, rows: list[tuple[str, float | None]]
) -> None:
    path = tmp_path_factory.mktemp("lists") / f"list.{ending}"
    written = write_list(make_list(rows), path)
    assert (written.path, written.rows) == (path, len(rows))
    read = read_rows(path)
    assert [(one, repr(value), days) for one, value, days in read] == [
        (one, repr(value), 91) for one, value in rows
    ]


@pytest.mark.parametrize("ending", ENDINGS)
def test_the_columns_keep_their_names_and_order(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"list.{ending}"
    write_list(make_list([("a", 1.0)]), path)
    first = path.read_bytes()
    if ending == "csv":
        assert first == b"customer_id,value_at_risk,horizon_days\na,1.0,91\n"
    elif ending == "parquet":
        assert list(pd.read_parquet(path)) == ["customer_id", "value_at_risk", "horizon_days"]
    else:
        assert first == b'{"customer_id": "a", "value_at_risk": 1.0, "horizon_days": 91}\n'


def test_cells_a_spreadsheet_would_run_are_guarded_and_counted_in_csv_only(tmp_path: Path) -> None:
    ids = [
        "=1+1",
        "+cmd|' /C calc'!A0",
        "-2+3",
        "@SUM(A1)",
        "\tx",
        "'quoted",
        "+4420712345",
        "-7",
        "ok",
    ]
    frame = make_list([(one, 1.0) for one in ids])
    assert write_list(frame, tmp_path / "list.csv").guarded == 6
    assert write_list(frame, tmp_path / "list.parquet").guarded == 0
    assert write_list(frame, tmp_path / "list.jsonl").guarded == 0
    with (tmp_path / "list.csv").open(newline="") as file:
        cells = [row["customer_id"] for row in csv.DictReader(file)]
    assert cells == [f"'{one}" for one in ids[:6]] + ids[6:]
    assert not any(re.match(r"[=@\t\r]", cell) for cell in cells)
    assert [row[0] for row in read_rows(tmp_path / "list.jsonl")] == ids


@given(TEXTS)
def test_dropping_one_apostrophe_restores_every_text(text: str) -> None:
    assert guard_cell(text).removeprefix("'") == text


def test_negative_numbers_are_numbers_not_formulas(tmp_path: Path) -> None:
    assert write_list(make_list([("a", -1.5)]), tmp_path / "list.csv").guarded == 0
    assert read_rows(tmp_path / "list.csv") == [("a", -1.5, 91)]


@pytest.mark.parametrize("name", ["list.xlsx", "list", "list.csv.gz", "list.json"])
def test_another_ending_names_the_three(tmp_path: Path, name: str) -> None:
    with pytest.raises(
        ConfigError, match=r"ends in '.*'; name the file \.csv, \.parquet or \.jsonl"
    ):
        write_list(make_list([]), tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_an_ending_in_capitals_is_the_same_ending(tmp_path: Path) -> None:
    assert write_list(make_list([("a", 1.0)]), tmp_path / "LIST.CSV").rows == 1


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_list_that_fails_half_way_leaves_the_old_one(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"list.{ending}"
    path.write_text("the old list")
    unwritable = make_list([("a", 1.0), ("b", float("inf"))])
    unwritable["customer_id"] = pd.Series(["a", "\ud800"], dtype=object)
    with pytest.raises(ValueError, match=r"surrogates not allowed|not JSON compliant"):
        write_list(unwritable, path)
    assert path.read_text() == "the old list"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("ending", ENDINGS)
def test_a_folder_that_is_not_there_is_an_error_that_says_so(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "nowhere" / f"list.{ending}"
    with pytest.raises(ConfigError, match=r"can't be written \(.+\); choose a file in a folder"):
        write_list(make_list([("a", 1.0)]), path)
