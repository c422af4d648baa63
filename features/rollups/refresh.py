"""How is usage kept by day, so that a new day costs a day?

The roll-ups of `features.daily` lie as Parquet under ``rollups/usage/day=YYYY-MM-DD/`` beside
tenure.toml. Only new or changed source files are read, and only days that these touch are written
again, from all files that have rows of such a day: exact copies are counted once, across files too.

A company that adds a file a day pays for that file, and for one or two beside it where rows come
late. One that appends to a single growing file pays for reading it whole each time: nobody can
tell from outside which of its rows are new. Its days are compared, and only changed ones written.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from features.config import Config, HistoryConfig
from features.daily import daily_sql
from features.errors import DataError
from features.reading.copies import copies_told
from features.reading.files import PARQUET_ENDING, TEXT_ENDINGS, ending_of
from features.reading.sources import find_files
from features.rollups.files import (
    Day,
    Manifest,
    SourceFile,
    day_file,
    held,
    read_manifest,
    sweep,
    write_manifest,
)
from features.rollups.sources import ROW, Reader, Reading, parquet_sql
from features.spark.rows import refuse_other_rows

WORTH_KEEPING = 32 << 20
"""Bytes from which a single file is kept by day; a smaller one is read as fast as its roll-ups."""
AT_ONCE = 3_000_000
"""Events that are rolled up at once: bounds the memory."""
_EVENTS, _ROLLED = "usage_events", "usage_rolled"


@dataclass(frozen=True)
class RollUps:
    """The roll-ups of a company's usage, whole and up to date.

    Attributes
    ----------
    folder : Path
    manifest : Manifest
    copies : tuple of str
        Which source files are there twice and count twice, a sentence each.
    """

    folder: Path
    manifest: Manifest
    copies: tuple[str, ...] = ()

    @property
    def rows_read(self) -> int:
        """Rows of the source files that belong to the history, copies and refused ones too."""
        return sum(file.rows_read for file in self.manifest.files.values())

    @property
    def events(self) -> int:
        """Events kept."""
        return sum(day.events for day in self.manifest.days.values())

    @property
    def rows(self) -> int:
        """Rows that stand for them."""
        return sum(day.rows for day in self.manifest.days.values())

    @property
    def remarks(self) -> tuple[str, ...]:
        """What was assumed in opening the source files, a sentence each."""
        assumed = (said for file in self.manifest.files.values() for said in file.remarks)
        return (*assumed, *self.copies)

    def rows_sql(self) -> str | None:
        """Return the query that gives the rows of all days; None where there is no day."""
        days = [self.folder / day.file for _, day in sorted(self.manifest.days.items())]
        return f"select * from {parquet_sql(days)}" if days else None

    def refused_sql(self, duplicates: str) -> str | None:
        """Return the query that gives refused rows, `reason` first; None where there are none."""
        names = [file.refused for file in self.manifest.files.values() if file.refused is not None]
        if not names:
            return None
        distinct = "distinct" if duplicates == "drop" else ""
        rows = f"select {distinct} * from {parquet_sql(self.folder / name for name in names)}"
        return f"select * exclude ({ROW}) from (select reason, unnest(as_found) from ({rows}))"


def worth_keeping(history: HistoryConfig, home: Path) -> bool:
    """Tell whether a history comes from files, and many or large enough to be kept by day."""
    if history.path is None or "://" in history.path or _looks_around(history):
        return False
    files = find_files(history.path, home)
    endings = {ending_of(file.name) for file in files}
    sizes = [file.stat().st_size for file in files]
    if not (endings == {PARQUET_ENDING} or endings <= set(TEXT_ENDINGS)) or not all(sizes):
        return False
    return len(files) > 1 or sum(sizes) >= WORTH_KEEPING


def refresh_rollups(
    con: duckdb.DuckDBPyConnection, config: Config, history: HistoryConfig, now: datetime
) -> RollUps:
    """Bring the roll-ups of usage up to date with its source files.

    Parameters
    ----------
    con : DuckDB connection
    config : Config
    history : HistoryConfig
        Of usage, with the path of Parquet or text files.
    now : datetime, with a time zone
        Rows that say they happened after it are put aside, and looked at again when it has passed.

    Returns
    -------
    RollUps
        The same, byte by byte of its rows, as if there had been none before.

    Raises
    ------
    DataError
        A column is missing, or its times may be read two ways.
    """
    folder = config.home / "rollups" / history.name
    reader = Reader(con, history, config.business.time_zone, now)
    with held(folder) as work:
        before = read_manifest(folder)
        paths = {str(path): path for path in find_files(str(history.path), config.home)}
        known = before.files if before.settings == reader.settings else {}
        files = {name: reader.looked_at(paths[name], known.get(name)) for name in paths}
        reading = reader.reading(files)
        kept = before
        if before.meaning != reading.meaning:
            kept = Manifest(reading.meaning, reader.settings)
        fresh = _Refresh(reading, folder, work, kept, files).manifest()
        if fresh != before:
            retired = tuple(sorted(before.named() - fresh.named()))
            fresh = replace(fresh, retired=retired)
            write_manifest(folder, fresh)
            sweep(folder, fresh)
    return RollUps(folder, fresh, tuple(copies_told(history, paths.values())))


@dataclass(frozen=True)
class _Refresh:
    """One refresh: what was kept, what lies there now, and where to write."""

    reading: Reading
    folder: Path
    work: Path
    kept: Manifest
    files: Mapping[str, SourceFile]

    def manifest(self) -> Manifest:
        """Read what is new, write the days that it touches, and return what is kept now."""
        changed = [name for name in self.files if self.files[name] != self.kept.files.get(name)]
        if not changed and self.files.keys() == self.kept.files.keys():
            return self.kept
        staged = {name: self._staged(name) for name in changed}
        files = dict(self.files) | {
            name: self.reading.told(self.files[name], path, self.folder)
            for name, path in staged.items()
        }
        touched = {day for name in changed for day in files[name].days}
        for name, file in self.kept.files.items():
            if files.get(name) != file:
                touched.update(file.days)
        for name, file in files.items():
            if name not in staged and not touched.isdisjoint(file.days):
                staged[name] = self._staged(name)
        days = {day: each for day, each in self.kept.days.items() if day not in touched}
        days |= self._rolled_up(list(staged.values()), touched)
        return replace(self.kept, files=files, days=dict(sorted(days.items())))

    def _staged(self, name: str) -> Path:
        path = self.work / f"{list(self.files).index(name)}.parquet"
        self.reading.stage(Path(name), path)
        return path

    def _rolled_up(self, staged: Collection[Path], touched: Collection[int]) -> dict[int, Day]:
        con = self.reading.reader.con
        if not staged or not touched:
            return {}
        days = ", ".join(map(str, sorted(touched)))
        good = f"{parquet_sql(staged)} where reason is null and day in ({days})"
        distinct = "distinct" if self.reading.reader.history.duplicates == "drop" else ""
        found: dict[int, Day] = {}
        for first, last in _stretches(con, good):
            con.execute(
                f"create or replace temp table {_EVENTS} as select * exclude ({ROW}) from "
                f"(select {distinct} * exclude (reason, as_found) from {good} "
                f"and day between {first} and {last})"
            )
            con.execute(f"create or replace temp table {_ROLLED} as {daily_sql(_EVENTS)}")
            for day, digest, events, rows in _by_day(con):
                found[day] = self._written(day, digest, events, rows)
        for table in (_EVENTS, _ROLLED):
            con.execute(f"drop table if exists {table}")
        return found

    def _written(self, day: int, digest: str, events: int, rows: pa.Table) -> Day:
        found = Day(day_file(day, digest), rows.num_rows, events)
        if self.kept.days.get(day) != found:
            aside = self.work / "day.parquet"
            pq.write_table(rows, aside)
            (self.folder / found.file).parent.mkdir(exist_ok=True)
            aside.replace(self.folder / found.file)
        return found


def _stretches(con: duckdb.DuckDBPyConnection, good: str) -> Iterator[tuple[int, int]]:
    """Yield first and last days of stretches that hold as many events as are rolled up at once."""
    counts = con.execute(f"select day, count(*) from {good} group by day order by day").fetchall()
    first, size = None, 0
    for place, (day, events) in enumerate(counts):
        first = day if first is None else first
        size += events
        if size >= AT_ONCE or place == len(counts) - 1:
            yield first, day
            first, size = None, 0


def _by_day(con: duckdb.DuckDBPyConnection) -> Iterator[tuple[int, str, int, pa.Table]]:
    """Yield each day that was rolled up: its digest, its events, and its rows in order."""
    counts = con.execute(
        "select day, count(*), sum(events)::bigint, sum(hash(each)::hugeint), bit_xor(hash(each)) "
        f"from {_ROLLED} as each group by day order by day"
    ).fetchall()
    order = "day, customer_id, known_day, event, occurred_at"
    rows = con.sql(f"from {_ROLLED} order by {order}").to_arrow_table()
    start = 0
    for day, length, events, *hashes in counts:
        digest = hashlib.sha256(repr((length, *hashes)).encode()).hexdigest()[:16]
        yield day, digest, events, rows.slice(start, length)
        start += length


def _looks_around(history: HistoryConfig) -> bool:
    """Tell whether an expression looks at other rows, which another file may hold."""
    try:
        refuse_other_rows(history)
    except DataError:
        return True
    return False
