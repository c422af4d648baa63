"""What tables does a folder hold, and what is in each of their columns?"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from features.config import HistoryConfig
from features.errors import DataError
from features.init.walk import tables_in, unread
from features.init.words import tokens
from features.reading.files import TEXT_ENDINGS, ending_of
from features.reading.sheets import EXCEL_ENDINGS
from features.reading.sources import Source, open_source
from features.reading.text_guesses import EPOCH, TimeGuess, epoch_sql, guess_times, time_sql
from features.sql_text import quote

LOOK_ROWS = 300_000
FEW = 50
"""A column with at most so many different values may be a category."""
_MOST = 0.9
_TIME_WORDS = set(
    tokens("at date time timestamp day datum fecha ts on epoch created start since zeit")
) | {"zeitpunkt", "zeitstempel"}
_LIKE_TIME = re.compile(
    r"\d{1,4}[-/. ]\w{1,9}[-/., ]+\d{1,4}|[A-Za-z]{3,9} \d{1,2}, \d{4}|^\d{8,19}$"
)


@dataclass(frozen=True)
class ColumnLook:
    """What the first rows of a table have in one column.

    Attributes
    ----------
    name : str
    kind : {"time", "number", "text", "flag"}
    filled, distinct : int
        Cells that are not empty; different ones among them.
    low, high : float or None
        Of numbers.
    whole : bool
        Whether the numbers are whole.
    values : tuple of str
        All values in lower case, where they are few.
    times : TimeGuess or None
        How times in text are written.
    example : str
    """

    name: str
    kind: str
    filled: int
    distinct: int
    low: float | None = None
    high: float | None = None
    whole: bool = False
    values: tuple[str, ...] = ()
    times: TimeGuess | None = None
    example: str = ""


@dataclass(frozen=True)
class Table:
    """One table of the folder: a file, several parts of one, or a sheet.

    Attributes
    ----------
    name, path : str
        Relative to the folder, and as the config is to name it; a glob for several parts.
    sheet : str or None
    rows : int
        Looked at, at most `LOOK_ROWS`.
    columns : mapping of str to ColumnLook
    look : str
        Name of the engine's table that holds these rows.
    source : Source
    """

    name: str
    path: str
    sheet: str | None
    rows: int
    columns: dict[str, ColumnLook]
    look: str
    source: Source = field(repr=False)

    @property
    def text(self) -> bool:
        """Whether it is read from text files."""
        return ending_of(self.path) in TEXT_ENDINGS

    @property
    def excel(self) -> bool:
        """Whether it is a sheet of an Excel file."""
        return ending_of(self.path) in EXCEL_ENDINGS

    @property
    def title(self) -> str:
        """The file's name without its endings, and the sheet's name."""
        name = Path(self.path).name.removesuffix(".gz")
        return f"{Path(name).stem} {self.sheet or ''}".strip()

    def unique(self, column: str) -> bool:
        """Return whether every row has its own value there."""
        look = self.columns[column]
        return look.filled == look.distinct == self.rows


def look_into(
    con: duckdb.DuckDBPyConnection, folder: Path, base: str = ""
) -> tuple[list[Table], dict[str, str]]:
    """Look at every table of a folder and its subfolders.

    Parameters
    ----------
    con : DuckDB connection
    folder : Path
    base : str
        What to write before each path, which is relative to the folder.

    Returns
    -------
    list of Table
    dict of str to str
        Path of a file that is no table -> why.
    """
    tables: list[Table] = []
    refused: dict[str, str] = {}
    for path, sheet in tables_in(folder, refused):
        config = HistoryConfig(name=f"look_{len(tables)}", path=path, sheet=sheet, columns={})
        try:
            tables.append(_look(con, config, folder, base))
        except (DataError, duckdb.Error, OSError) as error:
            refused[path] = unread(error, folder, config.name)
    return tables, refused


def _look(con: duckdb.DuckDBPyConnection, config: HistoryConfig, folder: Path, base: str) -> Table:
    source = open_source(con, config, folder)
    look = quote(config.name)
    con.execute(f"create temp table {look} as from ({source.sql}) limit {LOOK_ROWS}")
    rows = con.execute(f"select count(*) from {look}").fetchall()[0][0]
    columns = {name: _column(con, source, look, name) for name in source.types}
    return Table(
        str(config.path), f"{base}{config.path}", config.sheet, rows, columns, look, source
    )


def _column(con: duckdb.DuckDBPyConnection, source: Source, look: str, name: str) -> ColumnLook:
    cell = f"nullif(trim({quote(name)}::varchar), '')"
    filled, distinct, example = con.execute(
        f"select count({cell}), count(distinct {cell}), min({cell}) from {look}"
    ).fetchall()[0]
    values: tuple[str, ...] = ()
    if distinct <= FEW:
        found = con.execute(f"select distinct lower({cell}) v from {look} where v is not null")
        values = tuple(sorted(row[0] for row in found.fetchall()))
    plain = ColumnLook(
        name, "text", filled, distinct, values=values, example=str(example or "")[:40]
    )
    if not filled:
        return plain
    return _timed(con, source, look, plain) or _numbered(con, source, look, plain) or plain


def _timed(
    con: duckdb.DuckDBPyConnection, source: Source, look: str, plain: ColumnLook
) -> ColumnLook | None:
    name, kind = plain.name, source.types[plain.name]
    if name not in source.text:
        if kind.startswith(("TIMESTAMP", "DATE")):
            return _as(plain, "time")
        epoch = f"count({epoch_sql(f'try_cast({quote(name)} as double)')})"
        return _as(plain, "time") if _epoch(con, look, plain, epoch) else None
    if source.is_numeric(name) and not _named_as_time(name):
        return None
    if not _looks_like_time(con, look, name):
        return None
    guess = guess_times(con, f"select * from {look}", name)
    if not guess.families:
        return None
    ways = [time_sql(quote(name), each) for each in (*guess.families, *guess.also)]
    count = f"count(coalesce({', '.join(ways)}))"
    read = con.execute(f"select {count} from {look}").fetchall()[0][0]
    if read < _MOST * plain.filled:
        return None
    if guess.families == (EPOCH,) and not _named_as_time(name):
        return None
    return ColumnLook(**{**vars(plain), "kind": "time", "times": guess})


def _looks_like_time(con: duckdb.DuckDBPyConnection, look: str, name: str) -> bool:
    cell = quote(name)
    rows = f"select {cell} from {look} where {cell} is not null limit 100"
    cells = [row[0].strip() for row in con.execute(rows).fetchall()]
    return sum(len(c) <= 35 and bool(_LIKE_TIME.search(c)) for c in cells) > len(cells) // 2


def _epoch(con: duckdb.DuckDBPyConnection, look: str, plain: ColumnLook, count: str) -> bool:
    if not _named_as_time(plain.name):
        return False
    read: int = con.execute(f"select {count} from {look}").fetchall()[0][0]
    return read >= _MOST * plain.filled


def _named_as_time(name: str) -> bool:
    return bool(_TIME_WORDS & set(tokens(name)))


def _as(plain: ColumnLook, kind: str) -> ColumnLook:
    return ColumnLook(**{**vars(plain), "kind": kind})


def _numbered(
    con: duckdb.DuckDBPyConnection, source: Source, look: str, plain: ColumnLook
) -> ColumnLook | None:
    if not source.is_numeric(plain.name):
        return _as(plain, "flag") if source.types[plain.name] == "BOOLEAN" else None
    rows = f"({source.typed_sql(distinct=False)})" if plain.name in source.text else look
    rows = rows.replace(f"({source.sql})", look) if plain.name in source.text else rows
    number = f"try_cast({quote(plain.name)} as double)"
    low, high, broken = con.execute(
        f"select min({number}), max({number}), "
        f"count(*) filter (where {number} <> floor({number})) from {rows}"
    ).fetchall()[0]
    return ColumnLook(
        **{**vars(plain), "kind": "number", "low": low, "high": high, "whole": broken == 0}
    )
