"""How are source files read one at a time, and yet as if they were one?

What columns there are and how their cells are read is decided over all files together: types are
guessed from the first ones, and a column that a file lacks is empty in it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb

from features.config import HistoryConfig
from features.reading.files import read_files
from features.reading.normalise import normalised_sql
from features.reading.sources import Source, source_of
from features.reading.text_guesses import TimeGuess
from features.rollups.files import REFUSED, SourceFile
from features.schemas import SCHEMAS
from features.sql_text import literal, quote
from features.windows import day_number

VERSION = 1
"""Of what is kept: with another number all is built anew."""
HEAD = 4 << 20
"""Bytes of the first files, by name, from which types and formats are guessed."""
ROW = "__row"
"""Column with the hash of a source row, as found."""
_ROWS = "usage_rows"

Columns = tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Reader:
    """Reads the files of one history.

    Attributes
    ----------
    con : DuckDB connection
    history : HistoryConfig
    time_zone : str
        The business's.
    now : datetime, with a time zone
        Rows that say they happened after it are refused.
    """

    con: duckdb.DuckDBPyConnection
    history: HistoryConfig
    time_zone: str
    now: datetime

    @property
    def moment(self) -> str:
        """The time `now`, as it is kept."""
        return self.now.astimezone(UTC).isoformat(timespec="seconds")

    @property
    def settings(self) -> str:
        """Digest of all that tenure.toml says of how a file is opened and its rows are read."""
        said = self.history.model_dump(exclude={"path"})
        return hashlib.sha256(repr(said).encode()).hexdigest()

    def looked_at(self, path: Path, known: SourceFile | None) -> SourceFile:
        """Return what is known of a file where that still holds, else only how it lies there."""
        stat = path.stat()
        today = day_number(self.now.astimezone(ZoneInfo(self.time_zone)).date())
        if known is not None and known.holds(stat, self.moment, today):
            return known
        found = read_files(self.con, self.history, [path])
        return SourceFile(
            size=stat.st_size,
            modified=stat.st_mtime_ns,
            replaced=stat.st_ctime_ns,
            columns=self._columns_of(found.sql),
            remarks=found.remarks,
        )

    def reading(self, files: Mapping[str, SourceFile]) -> Reading:
        """Decide how the files are read.

        Raises
        ------
        DataError
            A required or mapped column is not in them, or its times may be read two ways.
        """
        columns = self._columns_of(" union all by name ".join(_empty(files.values())))
        self._show(_head(files), columns)
        found = source_of(self.con, self.history, f"select * from {_ROWS}")
        source = _Source(**vars(found))
        mapped = {**self.history.columns, ROW: f"({ROW})"}
        keeping = self.history.model_copy(update={"duplicates": "keep", "columns": mapped})
        schema = SCHEMAS[self.history.name]
        now, whenever = (
            normalised_sql(source, keeping, schema, time_zone=self.time_zone, now=moment)
            for moment in (self.now, datetime(2000, 1, 1, tzinfo=UTC))
        )
        decides = (VERSION, duckdb.__version__, self.settings, columns, whenever)
        return Reading(self, columns, now, hashlib.sha256(repr(decides).encode()).hexdigest())

    def _columns_of(self, sql: str) -> Columns:
        found = self.con.execute(f"describe {sql}").fetchall()
        return tuple((row[0], row[1]) for row in found)

    def _show(self, files: Sequence[Path], columns: Columns) -> None:
        """Let the view hold the rows of files, under the columns of all of them."""
        rows = read_files(self.con, self.history, files).sql
        here = {name.casefold() for name, _ in self._columns_of(rows)}
        cells = ", ".join(
            f"{quote(name) if name.casefold() in here else 'null'}::{kind} as {quote(name)}"
            for name, kind in columns
        )
        names = ", ".join(quote(name) for name, _ in columns)
        self.con.execute(
            f"create or replace temp view {_ROWS} as "
            f"select *, hash({names}) as {ROW} from (select {cells} from ({rows}))"
        )


class _Source(Source):
    """A source that guesses how a column's times are written only once."""

    @cached_property
    def _guessed(self) -> dict[str, TimeGuess]:
        return {}

    def time_guess(self, column: str) -> TimeGuess:
        if column not in self._guessed:
            self._guessed[column] = super().time_guess(column)
        return self._guessed[column]


@dataclass(frozen=True)
class Reading:
    """How files are read.

    Attributes
    ----------
    reader : Reader
    columns : tuple of (str, str)
        Of all files together, with their types.
    sql : str
        Makes the rows in the view uniform.
    meaning : str
        Digest of all that decides what a row comes to mean, but for the time it is read.
    """

    reader: Reader
    columns: Columns
    sql: str
    meaning: str

    def stage(self, path: Path, into: Path) -> None:
        """Write the rows of a file, made uniform, as Parquet; refused ones with their reason."""
        self.reader._show([path], self.columns)
        self.reader.con.execute(f"copy ({self.sql}) to {literal(str(into))} (format parquet)")

    def told(self, file: SourceFile, staged: Path, folder: Path) -> SourceFile:
        """Say what a staged file brought, and keep its refused rows under the folder."""
        con, rows = self.reader.con, f"read_parquet({literal(str(staged))})"
        rows_read, refused, newest, again = con.execute(
            "select count(*), count(reason), max(known_day), "
            "min(case when reason like 'known_at%' then known_day else day end) "
            f"filter (reason like '%lies in the future') from {rows}"
        ).fetchall()[0]
        days = con.execute(f"select distinct day from {rows} where reason is null order by 1")
        told = replace(
            file,
            rows_read=rows_read,
            days=tuple(row[0] for row in days.fetchall()),
            read_at=self.reader.moment,
            newest=newest,
            again_from=again,
            refused=None,
        )
        return replace(told, refused=self._kept_refused(staged, told, folder)) if refused else told

    def _kept_refused(self, staged: Path, file: SourceFile, folder: Path) -> str:
        digest = hashlib.sha256(repr((self.meaning, staged.name, file)).encode()).hexdigest()[:16]
        name = f"{REFUSED}/{digest}.parquet"
        (folder / REFUSED).mkdir(exist_ok=True)
        aside = staged.with_suffix(".refused")
        self.reader.con.execute(
            f"copy (select reason, as_found from read_parquet({literal(str(staged))}) "
            f"where reason is not null) to {literal(str(aside))} (format parquet)"
        )
        aside.replace(folder / name)
        return name


def parquet_sql(files: Iterable[Path]) -> str:
    """Return SQL that reads Parquet files; their folders' names say nothing to it."""
    names = ", ".join(literal(str(file)) for file in files)
    return f"read_parquet([{names}], hive_partitioning = false)"


def _empty(files: Iterable[SourceFile]) -> Iterable[str]:
    for columns in dict.fromkeys(file.columns for file in files):
        yield f"(select {', '.join(f'null::{kind} as {quote(name)}' for name, kind in columns)})"


def _head(files: Mapping[str, SourceFile]) -> list[Path]:
    head: list[Path] = []
    size = 0
    for name, file in files.items():
        if size < HEAD:
            head.append(Path(name))
        size += file.size
    return head
