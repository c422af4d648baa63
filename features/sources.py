"""Where does a history come from? A file, a glob or a query, opened as one DuckDB view.

Text files are read as text, so that no id loses its zeros and no bad cell stops the read; beside
each text column stands its value cast to a guessed type, for expressions like ``Quantity * Price``.
"""

from __future__ import annotations

import glob
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.config import HistoryConfig, nearest
from features.errors import DataError
from features.sql_text import literal, quote
from features.text_guesses import TimeGuess, guess_times, guess_types

TEXT_ENDINGS = (".csv", ".tsv", ".txt")
JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
CSV_OPTIONS = "union_by_name = true, header = true, nullstr = ['', 'NULL']"
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
    """

    history: str
    sql: str
    types: dict[str, str]
    text: frozenset[str]
    con: duckdb.DuckDBPyConnection

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

    def typed_sql(self, *, distinct: bool) -> str:
        """Return the rows with each column cast to its guessed type.

        Text columns appear twice: under their own name, null where a cell is not of the guessed
        type, and as found (`as_found`).
        """
        columns = ", ".join(self._typed(name) for name in self.types)
        rows = f"(select {'distinct ' if distinct else ''}* from ({self.sql}))"
        return f"select {columns} from {rows}"

    def _typed(self, column: str) -> str:
        if column not in self.text:
            return quote(column)
        return (
            f"{quote(column)} as {quote(RAW + column)}, "
            f"try_cast({quote(column)} as {self.types[column]}) as {quote(column)}"
        )

    def time_guess(self, column: str) -> TimeGuess:
        """Return how the times of a text column seem to be written."""
        return guess_times(self.con, self.sql, column)

    def missing(self, column: str) -> DataError:
        """Return the error for a column that is not there, with the nearest one as a hint."""
        guess = nearest(column, self.types)
        hint = f"did you mean '{guess}'? Rename it or map it" if guess else "rename it or map it"
        return DataError(
            f"{self.history} has no column '{column}' (found: {', '.join(self.types)}); "
            f"{hint} under [histories.{self.history}]"
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
        raise DataError(
            f"{config.name}: {config.path or 'its sql'} can't be read: {first_line(error)}; "
            f"mend it or [histories.{config.name}]"
        ) from error


def _query(con: duckdb.DuckDBPyConnection, config: HistoryConfig, home: Path) -> Source:
    con.execute(f"set file_search_path = {literal(str(home))}")
    if config.database is not None:
        path = home / config.database
        if not path.is_file():
            raise DataError(f"{config.name}: no database at {path}; mend its path")
        con.execute(f"attach {literal(str(path))} as source (read_only)")
    try:
        con.execute(f"create or replace temp table {config.name}_source as {config.sql}")
    finally:
        if config.database is not None:
            con.execute("detach source")
    return _source(con, config.name, f"select * from {config.name}_source")


def _files(con: duckdb.DuckDBPyConnection, config: HistoryConfig, home: Path) -> Source:
    files = _found(home / str(config.path), home)
    if not files:
        raise DataError(
            f"{config.name}: no file at {home / str(config.path)}; "
            f"mend path under [histories.{config.name}]"
        )
    empty = [file for file in files if Path(file).stat().st_size == 0]
    if empty:
        raise DataError(f"{config.name}: {empty[0]} is empty; export it again or leave it out")
    names = "[" + ", ".join(literal(file) for file in files) + "]"
    readers = {
        ".parquet": f"read_parquet({names}, union_by_name = true)",
        **dict.fromkeys(JSON_ENDINGS, f"read_json_auto({names}, union_by_name = true)"),
        **dict.fromkeys(TEXT_ENDINGS, f"read_csv({names}, {CSV_OPTIONS}, all_varchar = true)"),
    }
    ending = Path(files[0].removesuffix(".gz")).suffix.lower()
    if ending not in readers:
        raise DataError(
            f"{config.name}: {files[0]} ends in {ending!r}; known endings are "
            f"{' '.join(readers)}, each also with .gz"
        )
    return _source(con, config.name, f"select * from {readers[ending]}")


def _found(path: Path, home: Path) -> list[str]:
    if path.is_file():  # a name may hold brackets
        return [str(path)]
    ours = [home / name for name in ("quarantine", "snapshots", "mlruns")]
    found = map(Path, sorted(glob.glob(str(path), recursive=True)))
    return [str(file) for file in found if not any(map(file.is_relative_to, ours))]


def _source(con: duckdb.DuckDBPyConnection, history: str, sql: str) -> Source:
    types = {row[0]: row[1] for row in con.execute(f"describe {sql}").fetchall()}
    text = [name for name, kind in types.items() if kind == "VARCHAR"]
    return Source(history, sql, types | guess_types(con, sql, text), frozenset(text), con)


def first_line(error: Exception) -> str:
    """Return the first line of an error's text, without the trailing period."""
    return str(error).strip().splitlines()[0].rstrip(".")
