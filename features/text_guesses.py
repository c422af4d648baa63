"""What does a column of text hold: numbers, times or just text? Guessed from a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from features.sql_text import literal, quote

SAMPLE_ROWS = 20_000
MOSTLY = 0.5
"""A column is of a kind if more than this share of its cells is; the others go to quarantine."""

ISO = "ISO"
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
FAMILIES: dict[str, tuple[str, ...]] = {
    name: tuple(day + clock for clock in _CLOCKS)
    for name, day in {
        "day/month/year": "%d/%m/%Y",
        "month/day/year": "%m/%d/%Y",
        "day.month.year": "%d.%m.%Y",
        "day-month-year": "%d-%m-%Y",
        "month-day-year": "%m-%d-%Y",
        "year/month/day": "%Y/%m/%d",
        "yearmonthday": "%Y%m%d",
    }.items()
}
"""Ways to write a time, each with strptime formats without and with a clock time."""


@dataclass(frozen=True)
class TextGuess:
    """What one text column seems to hold.

    Attributes
    ----------
    kind : str
        DuckDB type for expressions: "DOUBLE", "TIMESTAMP" (ISO only) or "VARCHAR".
    time_families : tuple of str
        The ways to write a time that fit most cells, best first; more than one where they fit
        equally well, as day/month and month/day do while no day is past the 12th.
    example : str or None
        One of its cells.
    """

    kind: str
    time_families: tuple[str, ...]
    example: str | None


def guess_text(
    con: duckdb.DuckDBPyConnection, sql: str, columns: Sequence[str]
) -> dict[str, TextGuess]:
    """Guess what the text columns of a query hold, from its first 20,000 rows."""
    if not columns:
        return {}
    con.execute(f"create or replace temp table sample as select * from ({sql}) limit {SAMPLE_ROWS}")
    return {column: _guess(con, quote(column)) for column in columns}


def time_sql(text: str, family: str) -> str:
    """Return SQL that parses a text as a local time, null where it is none."""
    if family == ISO:
        return f"try_cast({text} as timestamp)"
    formats = ", ".join(literal(each) for each in FAMILIES.get(family, (family,)))
    return f"try_strptime({text}, [{formats}])"


def _guess(con: duckdb.DuckDBPyConnection, column: str) -> TextGuess:
    families = (ISO, *FAMILIES)
    counts = ", ".join(f"count({time_sql(column, family)})" for family in families)
    row = con.execute(
        f"select count({column}), count(try_cast({column} as double)), max({column}), {counts} "
        "from sample"
    ).fetchone()
    assert row is not None  # an aggregate without groups has one row
    filled, numbers, example, *fits = row
    best = max(fits)
    times = tuple(
        name for name, fit in zip(families, fits, strict=True) if fit == best > MOSTLY * filled
    )
    kind = "DOUBLE" if numbers > MOSTLY * filled else "TIMESTAMP" if ISO in times else "VARCHAR"
    return TextGuess(kind, times, example)
