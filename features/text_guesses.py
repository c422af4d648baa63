"""What does a column of text hold: numbers, times or just text? Guessed from a sample."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from features.sql_text import literal, quote

SAMPLE_ROWS = 2_000
TIME_SAMPLE_ROWS = 50_000
MOSTLY = 0.5
"""A column is of a kind if more than this share of its cells is; the others go to quarantine."""

ISO = "ISO"
HAS_OFFSET = r"':\d\d(\.\d+)?\s?(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)$'"
"""SQL text of a pattern: a clock time that says how far it is from UTC."""
_CLOCKS = ("", " %H:%M", " %H:%M:%S")
FAMILIES: dict[str, tuple[str, ...]] = {
    name: tuple(day + clock for clock in _CLOCKS)
    for name, day in {
        "day/month/year": "%d/%m/%Y",
        "day/month/two-digit year": "%d/%m/%y",
        "month/day/two-digit year": "%m/%d/%y",
        "day.month.two-digit year": "%d.%m.%y",
        "month/day/year": "%m/%d/%Y",
        "day.month.year": "%d.%m.%Y",
        "day-month-year": "%d-%m-%Y",
        "month-day-year": "%m-%d-%Y",
        "year/month/day": "%Y/%m/%d",
        "yearmonthday": "%Y%m%d",
    }.items()
}
"""Ways to write a time, each with strptime formats without and with a clock time."""


def guess_types(con: duckdb.DuckDBPyConnection, sql: str, columns: Sequence[str]) -> dict[str, str]:
    """Guess which text columns hold numbers or ISO times, from the first rows of a query.

    Returns
    -------
    dict of str to str
        Column -> "BIGINT", "DOUBLE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE" or "VARCHAR".
    """
    if not columns:
        return {}
    con.execute(f"create or replace temp table sample as select * from ({sql}) limit {SAMPLE_ROWS}")
    counts = ", ".join(
        f"[count({quote(name)}), count(try_cast({quote(name)} as double)), "
        f"count(try_cast({quote(name)} as bigint)) filter (where {quote(name)} not like '%.%'), "
        f"count(*) filter (where regexp_matches({quote(name)}, '^0[0-9]')), "
        f"count(try_cast({quote(name)} as timestamp)), "
        f"count(*) filter (where regexp_matches({quote(name)}, {HAS_OFFSET}))]"
        for name in columns
    )
    found = con.execute(f"select {counts} from sample").fetchall()[0]
    return {name: _kind(*each) for name, each in zip(columns, found, strict=True)}


def _kind(filled: int, numbers: int, whole: int, zeros: int, times: int, offsets: int) -> str:
    if numbers > MOSTLY * filled and not zeros:  # 001 is a name, not a number
        return "BIGINT" if whole == numbers else "DOUBLE"
    if offsets > MOSTLY * filled:
        return "TIMESTAMP WITH TIME ZONE"
    return "TIMESTAMP" if times > MOSTLY * filled else "VARCHAR"


@dataclass(frozen=True)
class TimeGuess:
    """How the times in a text column seem to be written.

    Attributes
    ----------
    families : tuple of str
        The ways that fit most cells; more than one where they fit equally well, as day/month and
        month/day do while no day is past the 12th; none where no way fits most cells.
    example : str or None
        One of its cells.
    """

    families: tuple[str, ...]
    example: str | None


def guess_times(con: duckdb.DuckDBPyConnection, sql: str, column: str) -> TimeGuess:
    """Guess how the times of a text column are written, from its first 50,000 rows."""
    names = (ISO, *FAMILIES)
    counts = ", ".join(f"count({time_sql('cell', name)})" for name in names)
    rows = f"select distinct {quote(column)} as cell from ({sql} limit {TIME_SAMPLE_ROWS})"
    filled, example, *fits = con.execute(
        f"select count(cell), max(cell), {counts} from ({rows})"
    ).fetchall()[0]
    best = max(fits)
    return TimeGuess(
        tuple(n for n, fit in zip(names, fits, strict=True) if fit == best > MOSTLY * filled),
        example,
    )


def time_sql(text: str, family: str) -> str:
    """Return SQL that parses a text as a local time, null where it is none."""
    if family == ISO:
        return plausible(f"try_cast({text} as timestamp)")
    formats = ", ".join(literal(each) for each in FAMILIES.get(family, (family,)))
    return plausible(f"try_strptime({text}, [{formats}])")


def plausible(time: str) -> str:
    """Return SQL that drops years before 1900: DuckDB reads 31.12.25 as the year 25."""
    return f"(case when year({time}) between 1900 and 2200 then {time} end)"
