"""What does a column of text hold: numbers, times or just text? Guessed from a sample."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import duckdb

from features.reading.text_numbers import like_number_sql
from features.sql_text import literal, quote

SAMPLE_ROWS = 2_000
TIME_SAMPLE_ROWS = 50_000
MOSTLY = 0.5
"""A column is of a kind if more than this share of its cells is; the others go to quarantine."""
STRAY = 0.01
"""Fewer of a column's cells than this, written in another way, are slips and go to quarantine."""

ISO, EPOCH = "ISO", "seconds since 1970"
_OFFSET = r"\s?(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)"
HAS_OFFSET = rf"':\d\d(\.\d+)?{_OFFSET}$'"
"""SQL text of a pattern: a clock time that says how far it is from UTC."""
_PLAIN_ISO = r"\d{4}[-/]\d\d?[-/]\d\d?((T| +)\d\d?(:\d\d){1,2}(\.\d+)?"
_LIKE_ISO = rf"'^{_PLAIN_ISO}({_OFFSET})?)?$'"
"""SQL text of a pattern: DuckDB's cast would drop any other ending, be it PM or a zone's name."""
_HALF_DAY_CLOCKS = (" %I:%M %p", " %I:%M:%S %p")
_CLOCKS = ("", " %H:%M", " %H:%M:%S", " %H:%M:%S.%f", *_HALF_DAY_CLOCKS)
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
        "year.month.day": "%Y.%m.%d",
        "yearmonthday": "%Y%m%d",
        "day month-name year": "%d %b %Y",
        "day full-month-name year": "%d %B %Y",
        "day-month-name-year": "%d-%b-%Y",
        "day-month-name-two-digit year": "%d-%b-%y",
        "month-name day, year": "%b %d, %Y",
        "full-month-name day, year": "%B %d, %Y",
    }.items()
} | {"year-month-day, 12-hour clock": tuple("%Y-%m-%d" + clock for clock in _HALF_DAY_CLOCKS)}
"""Ways to write a time, each with its strptime formats; `ISO` stands beside them."""
_EPOCH_FROM, _EPOCH_TO = 315_532_800, 4_102_444_800  # 1980 and 2100: the units can't overlap
_EPOCH_UNITS = (1, 1_000, 1_000_000, 1_000_000_000)


def guess_types(con: duckdb.DuckDBPyConnection, sql: str, columns: Sequence[str]) -> dict[str, str]:
    """Guess which text columns hold numbers or ISO times, from the first rows of a query.

    Returns
    -------
    dict of str to str
        Column -> "DOUBLE", "TIMESTAMP", "TIMESTAMP WITH TIME ZONE" or "VARCHAR".
    """
    if not columns:
        return {}
    con.execute(f"create or replace temp table sample as select * from ({sql}) limit {SAMPLE_ROWS}")
    counts = ", ".join(
        f"[count({quote(name)}), count(*) filter (where {like_number_sql(quote(name))}), "
        f"count(*) filter (where regexp_matches({quote(name)}, '^0[0-9]')), "
        f"count({time_sql(f'trim({quote(name)})', ISO)}), "
        f"count(*) filter (where regexp_matches({quote(name)}, {HAS_OFFSET}))]"
        for name in columns
    )
    found = con.execute(f"select {counts} from sample").fetchall()[0]
    return {name: _kind(*each) for name, each in zip(columns, found, strict=True)}


def _kind(filled: int, numbers: int, zeros: int, times: int, offsets: int) -> str:
    if numbers > MOSTLY * filled and not zeros:  # 001 is a name, not a number
        return "DOUBLE"
    if offsets > MOSTLY * filled:
        return "TIMESTAMP WITH TIME ZONE"
    return "TIMESTAMP" if times > MOSTLY * filled else "VARCHAR"


@dataclass(frozen=True)
class TimeGuess:
    """How the times in a text column seem to be written.

    Attributes
    ----------
    families : tuple of str
        The ways that it may be written in; more than one where they read the same cells as
        different times, as day/month and month/day do while no day is past the 12th; none where
        no way fits most cells.
    example : str or None
        One of its cells; where there are several ways, one that they read differently.
    also : tuple of str
        Further ways, for cells that the only family does not read; no cell is read two ways.
    """

    families: tuple[str, ...]
    example: str | None
    also: tuple[str, ...] = ()


def guess_times(con: duckdb.DuckDBPyConnection, sql: str, column: str) -> TimeGuess:
    """Guess how the times of a text column are written, from its first 50,000 rows.

    A column may be written in several ways, each cell being read by the one that fits it, as long
    as no cell can be read as two different times by them.
    """
    rows = f"select distinct {quote(column)} as cell from ({sql} limit {TIME_SAMPLE_ROWS})"
    con.execute(f"create or replace temp table cells as {rows}")
    ways = {name: f"w{place}" for place, name in enumerate(_possible(con))}
    read = ", ".join(f"{time_sql('cell', name)} as {way}" for name, way in ways.items())
    con.execute(f"create or replace temp table times as select cell, {read} from cells")
    filled, example = con.execute("select count(cell), max(cell) from times").fetchall()[0]
    chosen: list[str] = []
    while (best := _best(con, ways, chosen)).count > (STRAY * filled if chosen else 0):
        rivals = {name: ways[name] for name in [*chosen, *best.names]}
        differing = _read_differently(con, rivals)
        if differing is not None and (chosen or _mostly(con, best.names, ways, filled)):
            return TimeGuess(tuple(rivals), differing)
        chosen.append(best.names[0])
    if not chosen or not _mostly(con, chosen, ways, filled):
        return TimeGuess((), example)
    return TimeGuess((chosen[0],), example, tuple(chosen[1:]))


def _possible(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the ways that read any of a thousand cells: enough to meet each that is no slip."""
    names = (ISO, EPOCH, *FAMILIES)
    counts = ", ".join(f"count({time_sql('cell', name)})" for name in names)
    some = "(from cells order by hash(cell) limit 1000)"
    found = con.execute(f"select {counts} from {some}").fetchall()[0]
    return [name for name, count in zip(names, found, strict=True) if count] or [ISO]


@dataclass(frozen=True)
class _Best:
    """The ways that read the most of the cells still unread, and how many they read."""

    names: tuple[str, ...]
    count: int


def _best(con: duckdb.DuckDBPyConnection, ways: Mapping[str, str], chosen: Sequence[str]) -> _Best:
    unread = " and ".join(f"{ways[name]} is null" for name in chosen) or "true"
    counts = ", ".join(f"count({way})" for way in ways.values())
    found = con.execute(f"select {counts} from times where {unread}").fetchall()[0]
    most = max(found)
    names = tuple(name for name, count in zip(ways, found, strict=True) if count == most)
    return _Best(names, most)


def _read_differently(con: duckdb.DuckDBPyConnection, rivals: Mapping[str, str]) -> str | None:
    """Return a cell that two of the ways read as different times, or None."""
    pairs = " or ".join(f"{one} <> {two}" for one, two in combinations(rivals.values(), 2))
    found = con.execute(f"select max(cell) from times where {pairs or 'false'}").fetchall()[0][0]
    return None if found is None else str(found)


def _mostly(
    con: duckdb.DuckDBPyConnection, names: Sequence[str], ways: Mapping[str, str], filled: int
) -> bool:
    """Return whether the ways together read most cells."""
    read = f"coalesce({', '.join(ways[name] for name in names)})"
    count: int = con.execute(f"select count({read}) from times").fetchall()[0][0]
    return count > MOSTLY * filled


def time_sql(text: str, family: str) -> str:
    """Return SQL that parses a text as a time, null where it is none.

    The time is UTC where the family is `EPOCH`, and local otherwise.
    """
    if family == ISO:
        like_iso = f"regexp_matches({text}, {_LIKE_ISO})"
        return plausible(f"try_cast(case when {like_iso} then {text} end as timestamp)")
    if family == EPOCH:
        return epoch_sql(f"try_cast({text} as double)")
    formats = ", ".join(literal(each) for each in FAMILIES.get(family, (family,)))
    dated = rf"case when regexp_matches({text}, '\d') then {text} end"  # or infinity becomes 1900
    return plausible(f"try_strptime({dated}, [{formats}])")


def epoch_sql(number: str) -> str:
    """Return SQL that reads a number as UTC: (milli-, micro- or nano-) seconds since 1970.

    Its size tells the unit, for times between 1980 and 2100; null where it is none of them.
    """
    cases = " ".join(
        f"when {number} between {_EPOCH_FROM * unit} and {_EPOCH_TO * unit} "
        f"then epoch_ms(cast(floor({number} * 1000 / {unit}) as bigint))"
        for unit in _EPOCH_UNITS
    )
    return f"(case {cases} end)"


def plausible(time: str) -> str:
    """Return SQL that drops years before 1900: DuckDB reads 31.12.25 as the year 25."""
    return f"(case when year({time}) between 1900 and 2200 then {time} end)"
