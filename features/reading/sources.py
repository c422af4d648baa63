"""Where does a history come from? A file, a glob or a query, opened as one DuckDB view.

Text files are read as text, so that no id loses its zeros and no bad cell stops the read; beside
each text column stands its value cast to a guessed type, for expressions like ``Quantity * Price``.
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from features.config import HistoryConfig, nearest
from features.errors import DataError
from features.reading.copies import copies_told
from features.reading.databases import fetch, is_url
from features.reading.engine_errors import unreadable
from features.reading.files import read_files, remote_sql
from features.reading.samples import FILE, sample_sql
from features.reading.text_files import DELIMITERS
from features.reading.text_guesses import (
    HAS_OFFSET,
    ISO,
    TimeGuess,
    guess_times,
    guess_types,
    time_sql,
)
from features.reading.text_numbers import fraction_sql, guess_numbers, number_sql
from features.sql_text import literal, quote

RAW = "__as_found_"
NUMERIC = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")


@dataclass(frozen=True)
class Source:
    """An opened source.

    Attributes
    ----------
    history : str
        Whose source it is.
    sql : str
        A query that gives the rows, every column as found.
    types : mapping of str to str
        Source column -> DuckDB type; guessed for columns that are text.
    text : frozenset of str
        The columns that are text in `sql`.
    con : DuckDB connection
        That can run `sql`.
    decimals : mapping of str to str
        Text columns of numbers -> their decimal mark, "." or ","; those without any mark are not
        in it.
    ambiguous : mapping of str to str
        Text columns whose numbers can be read with either decimal mark -> one of their cells.
    remarks : tuple of str
        What was assumed in opening it, a sentence each.
    sample : str or None
        A query that gives the rows to guess from; the first rows of `sql` where it is None.
    """

    history: str
    sql: str
    types: dict[str, str]
    text: frozenset[str]
    con: duckdb.DuckDBPyConnection
    decimals: Mapping[str, str] = field(default_factory=dict)
    ambiguous: Mapping[str, str] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    sample: str | None = None

    def find(self, column: str) -> str | None:
        """Return the source's spelling of a column, ignoring case, or None."""
        folded = {name.casefold(): name for name in self.types}
        return column if column in self.types else folded.get(column.casefold())

    def is_numeric(self, column: str) -> bool:
        """Return whether a source column holds numbers, as far as the guess goes."""
        return self.types[column].startswith(NUMERIC)

    def as_found(self, column: str) -> str:
        """Return SQL for a column as it was found, within `typed_sql`."""
        return quote(RAW + column if column in self.text else column)

    def cell_sql(self, column: str) -> str:
        """Return SQL for a cell of `typed_sql`, null where it is blank or not a number at all."""
        found = self.as_found(column)
        if column in self.text:
            return f"nullif(trim({found}), '')"
        if self.types[column] in ("DOUBLE", "FLOAT"):
            return f"(case when not isnan({found}) then {found} end)"
        return found

    def typed_sql(self, *, distinct: bool) -> str:
        """Return the rows with each column cast to its guessed type.

        Text columns appear twice: under their own name, null where a cell is not of the guessed
        type, and as found (`as_found`).
        """
        columns = ", ".join(self._typed(name) for name in self.types)
        rows = f"(select {'distinct ' if distinct else ''}* from ({self.sql}))"
        return f"select {columns} from {rows}"

    def _typed(self, column: str) -> str:
        name = quote(column)
        if column not in self.text:
            return name
        kind = self.types[column]
        typed = f"try_cast({name} as {kind})"
        if self.is_numeric(column):
            typed = number_sql(name, self.decimals.get(column), kind)
        if kind == "TIMESTAMP":  # a cast would drop an offset, or the name of a zone
            local = f"not regexp_matches(trim({name}), {HAS_OFFSET})"
            typed = f"case when {local} then {time_sql(f'trim({name})', ISO)} end"
        if kind == "BIGINT":  # or 2.5, past the rows that the guess has seen, would become 3
            broken = fraction_sql(name, self.decimals.get(column))
            typed = f"case when not {broken} then {typed} end"
        return f"{name} as {quote(RAW + column)}, {typed} as {name}"

    def time_guess(self, column: str) -> TimeGuess:
        """Return how the times of a text column seem to be written."""
        return guess_times(self.con, self.sample or self.sql, column)

    def missing(self, column: str) -> DataError:
        """Return the error for a column that is not there, with the nearest one as a hint."""
        guess = nearest(column, self.types)
        [only, *others] = self.types
        mark = next((mark for mark in DELIMITERS if mark in only), None)
        if mark is not None and not others:
            return DataError(
                f"{self.history} has one column only, {only!r}: its cells seem to be parted by "
                f"{mark!r}; mend delimiter under [histories.{self.history}]"
            )
        hint = f"did you mean '{guess}'? Rename it or map it" if guess else "rename it or map it"
        return DataError(
            f"{self.history} has no column '{column}' (found: {', '.join(self.types)}); "
            f"{hint} under [histories.{self.history}]"
        )

    def read_two_ways(self, column: str) -> DataError:
        """Return the error for numbers that can be read with either decimal mark."""
        return DataError(
            f"{self.history}: numbers like '{self.ambiguous[column]}' in '{column}' can be read "
            f"with a decimal point or with a decimal comma; set decimal under "
            f"""[histories.{self.history}] to "." or ",\""""
        )


def source_of(
    con: duckdb.DuckDBPyConnection,
    config: HistoryConfig,
    sql: str,
    *,
    remarks: tuple[str, ...] = (),
    starts: Sequence[str] = (),
) -> Source:
    """Return the source that a query gives, with the types of its text columns guessed.

    Parameters
    ----------
    con : DuckDB connection
    config : HistoryConfig
    sql : str
    remarks : tuple of str
        What was assumed in opening it.
    starts : sequence of str
        Queries that give the first rows of each of its files, where there are several.
    """
    sample = sample_sql(con, config.name, sql, starts) if starts else None
    types = {row[0]: row[1] for row in con.execute(f"describe {sql}").fetchall()}
    text = [name for name, kind in types.items() if kind == "VARCHAR"]
    guessed = guess_types(con, sample or sql, text)
    numeric = [name for name, kind in guessed.items() if kind == "DOUBLE"]
    numbers = guess_numbers(
        con, sample or sql, numeric, told=config.decimal, file=FILE if sample else None
    )
    guessed |= {name: "BIGINT" for name, number in numbers.items() if number.whole}
    return Source(
        history=config.name,
        sql=sql,
        types=types | guessed,
        text=frozenset(text),
        con=con,
        decimals={name: n.decimal for name, n in numbers.items() if n.decimal is not None},
        ambiguous={name: n.example for name, n in numbers.items() if n.example is not None},
        remarks=remarks,
        sample=sample,
    )


def open_source(con: duckdb.DuckDBPyConnection, config: HistoryConfig, home: Path) -> Source:
    """Open the source of one history.

    Parameters
    ----------
    con : DuckDB connection
    config : HistoryConfig
    home : Path
        The folder that paths are relative to.

    Raises
    ------
    DataError
        No such file, an empty one, an unreadable one, or a query that DuckDB refuses.
    """
    try:
        if config.sql is not None:
            return _query(con, config, home)
        return _files(con, config, home)
    except duckdb.Error as error:
        raise unreadable(error, config) from error
    except OSError as error:
        raise DataError(
            f"{config.name}: {error.filename or config.path} can't be read: {error.strerror}; "
            f"let Tenure read it, or mend [histories.{config.name}]"
        ) from error


def _query(con: duckdb.DuckDBPyConnection, config: HistoryConfig, home: Path) -> Source:
    table = f"{config.name}_source"
    database = config.database and config.database.removeprefix("duckdb://")
    if database is not None and is_url(database):
        fetch(con, database, str(config.sql), into=table, history=config.name)
        return source_of(con, config, f"select * from {table}")
    con.execute(f"set file_search_path = {literal(str(home))}")
    if database is not None:
        path = home / database
        if not path.is_file():
            raise DataError(f"{config.name}: no database at {path}; mend its path")
        con.execute(f"attach {literal(str(path))} as source (read_only)")
    try:
        con.execute(f"create or replace temp table {table} as {config.sql}")
    finally:
        if database is not None:
            con.execute("detach source")
    return source_of(con, config, f"select * from {table}")


def _files(con: duckdb.DuckDBPyConnection, config: HistoryConfig, home: Path) -> Source:
    if is_url(str(config.path)):
        return source_of(con, config, remote_sql(con, config))
    files = find_files(str(config.path), home)
    if (home / str(config.path)).is_dir():
        raise DataError(
            f"{config.name}: {home / str(config.path)} is a folder; name its files, such as "
            f'path = "{config.path}/*.csv"'
        )
    if not files:
        raise DataError(
            f"{config.name}: no file at {home / str(config.path)}; "
            f"mend path under [histories.{config.name}]"
        )
    empty = [file for file in files if file.stat().st_size == 0]
    if empty:
        raise DataError(f"{config.name}: {empty[0]} is empty; export it again or leave it out")
    found = read_files(con, config, files)
    remarks = (*found.remarks, *copies_told(config, files))
    return source_of(con, config, found.sql, remarks=remarks, starts=found.starts)


def find_files(path: str, home: Path) -> list[Path]:
    """Return the files that a path or glob names, without what Tenure itself has written."""
    place = home / path
    if place.is_file():  # a name may hold brackets
        return [place]
    ours = [home / name for name in ("quarantine", "snapshots", "mlruns", "rollups")]
    found = map(Path, sorted(glob.glob(str(place), recursive=True)))
    return [file for file in found if file.is_file() and not any(map(file.is_relative_to, ours))]
