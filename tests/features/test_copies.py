"""A file that is there under two names, where every row is kept."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.config import parse_config
from features.histories import load_histories
from features.reading.copies import same_files

ROWS = "customer_id,ordered_at,amount\na,2024-05-0{day},10\nb,2024-05-02,20\n"
BUSINESS = {
    "currency": "EUR",
    "time_zone": "UTC",
    "churn": "inactivity",
    "horizon_days": 91,
    "value_horizon_days": 364,
    "margin_rate": 0.4,
    "discount_rate_annual": 0.1,
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two days of orders; the second is also there as a copy."""
    for name, day in {"1.csv": 1, "2.csv": 3, "2 (copy).csv": 3}.items():
        (tmp_path / name).write_text(ROWS.format(day=day))
    return tmp_path


@pytest.mark.parametrize("duplicates", ["keep", "drop"])
def test_a_copied_file_is_named_where_all_rows_are_kept(folder: Path, duplicates: str) -> None:
    orders = {"path": "*.csv", "duplicates": duplicates}
    config = parse_config({"business": BUSINESS, "histories": {"orders": orders}}, home=folder)
    with closing(load_histories(config, now=datetime(2024, 6, 1, tzinfo=UTC))) as histories:
        report = histories.reports["orders"]
    assert report.rows == {"keep": 6, "drop": 3}[duplicates]
    said = [remark for remark in report.remarks if "hold the same" in remark]
    assert len(said) == (duplicates == "keep")
    assert all("2.csv and 2 (copy).csv" in remark for remark in said)


@pytest.mark.parametrize(
    "engine", ["duckdb", pytest.param("spark", marks=pytest.mark.slow)], ids=str
)
def test_a_copied_file_of_usage_is_named_too_by_either_engine(
    folder: Path, engine: str, request: pytest.FixtureRequest
) -> None:
    # several files of usage are kept by day, and read one at a time
    if engine == "spark":
        request.getfixturevalue("spark")
    columns = {"occurred_at": "ordered_at", "quantity": "amount"}
    usage = {"path": "*.csv", "duplicates": "keep", "columns": columns}
    business = BUSINESS | {"activity": "usage"}
    described = {"engine": engine, "business": business, "histories": {"usage": usage}}
    config = parse_config(described, home=folder)
    for _ in range(2):  # the second time, nothing has changed
        with closing(load_histories(config, now=datetime(2024, 6, 1, tzinfo=UTC))) as histories:
            report = histories.reports["usage"]
        assert report.rows == 6
        [said] = [remark for remark in report.remarks if "hold the same" in remark]
        assert "usage: 2.csv and 2 (copy).csv" in said


def test_files_of_one_size_are_told_apart_by_what_they_hold(folder: Path) -> None:
    files = sorted(folder.glob("*.csv"))
    assert list(same_files(files)) == [(folder / "2 (copy).csv", folder / "2.csv")]
    assert list(same_files(files[:1])) == []
