"""How are histories read, checked and made uniform by Spark? By its executors, a history at a time.

What they write lies as Parquet in the scratch folder until the histories are closed. To the driver
come the starts of text files, a sample of rows to guess types from, and counts.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import duckdb
import ibis.expr.types as ir
import pyarrow as pa

from features.config import Config, HistoryConfig
from features.daily import daily
from features.engines import write_parquet
from features.errors import DataError, TenureError
from features.history_facts import HistoryReport, history_report
from features.progress import Progress, silent
from features.reading.copies import copies_told
from features.reading.databases import is_url
from features.reading.engine_errors import first_line
from features.reading.normalise import kept_by, normalised_sql
from features.reading.sources import Source, find_files, source_of
from features.schemas import SCHEMAS
from features.scratch import new_place, remove
from features.spark.files import source_frame
from features.spark.rows import ROWS, in_tasks, refuse_other_rows
from features.spark.session import first_words, open_spark
from features.sql_text import quote

SAMPLE_ROWS = 50_000
"""Of each source, brought to the driver to guess what its columns hold."""
QUARANTINE = "tenure.quarantine"
"""Setting under [spark]: the folder for refused rows; beside tenure.toml where it is not set."""


@dataclass(frozen=True)
class SparkHistories:
    """Histories that Spark has loaded.

    Attributes
    ----------
    backend : Ibis Spark backend
    place : str
        The folder that holds their rows.
    started : bool
        Whether the session is ours to stop.
    tables : mapping of str to ibis Table
    reports : mapping of str to HistoryReport
    """

    backend: Any
    place: str
    started: bool
    tables: dict[str, ir.Table] = field(default_factory=dict)
    reports: dict[str, HistoryReport] = field(default_factory=dict)

    @property
    def session(self) -> Any:
        """The SparkSession."""
        return self.backend._session

    def fingerprint(self) -> str:
        """Return a hash of all kept rows, the same in whatever order they lie."""
        digest = hashlib.sha256()
        for name in sorted(self.tables):
            columns = [f"`{column}`" for column in self.tables[name].columns]
            # the hash skips nulls: beside each cell goes whether it is one
            cells = ", ".join(f"{column}, isnull({column})" for column in columns)
            rows = f"select xxhash64({cells}) as hash from {self.tables[name].get_name()}"
            found = self.session.sql(
                f"select count(*), sum(cast(hash as decimal(38))), bit_xor(hash) from ({rows})"
            ).collect()
            digest.update(f"{name}:{tuple(found[0])}".encode())
        return digest.hexdigest()[:16]

    def close(self) -> None:
        """Delete what was written; stop Spark if it was started for this."""
        remove(self.session, self.place)
        if self.started:
            self.backend.disconnect()


def load_on_spark(config: Config, now: datetime, progress: Progress = silent) -> SparkHistories:
    """Read every history of a config with Spark.

    Raises
    ------
    ConfigError
        Spark can't be started.
    DataError
        As `features.histories.load_histories`.
    """
    backend, started = open_spark(config.spark)
    loaded = SparkHistories(backend, new_place(backend._session), started)
    try:
        for done, history in enumerate(config.histories.values()):
            progress("read histories", done, len(config.histories))
            _load(loaded, config, history, now)
        progress("read histories", len(config.histories), len(config.histories))
    except BaseException:
        loaded.close()
        raise
    return loaded


def _load(loaded: SparkHistories, config: Config, history: HistoryConfig, now: datetime) -> None:
    name = history.name
    refuse_other_rows(history)
    try:
        frame = source_frame(loaded.session, history, config.home)
        if history.sql is not None:  # asked once, read three times
            frame = _written(loaded, f"{name}_source", frame)
        staged, rows_read = _staged(loaded, config, frame, history, now)
        counts = dict(map(tuple, staged.groupBy("reason").count().collect()))
        rows = counts.pop(None, 0)
        quarantined = _put_aside(staged, name, counts, _quarantine(config))
        table = _finished(loaded, name, staged.where("reason is null").drop("reason", "as_found"))
    except TenureError:
        raise
    except Exception as error:  # of a reader, a task or a store: each has its own
        raise DataError(
            f"{name}: Spark can't read {history.path or 'its sql'}: {first_words(error)}; "
            f"mend it or [histories.{name}]"
        ) from error
    report = history_report(
        name,
        table,
        rows_read=rows_read,
        duplicates=rows_read - rows - sum(quarantined.values()),
        rows=rows,
        quarantined=quarantined,
    )
    if report.rows == 0:
        raise DataError(_nothing_left(report, _quarantine(config)))
    loaded.tables[name] = table
    loaded.reports[name] = replace(report, remarks=tuple(_copies(history, config.home)))


def _copies(history: HistoryConfig, home: Path) -> Iterator[str]:
    """Yield what to say of files that are there twice; those of a store are not read for it."""
    if history.path is not None and not is_url(history.path):
        yield from copies_told(history, find_files(history.path, home))


def _staged(
    loaded: SparkHistories, config: Config, frame: Any, history: HistoryConfig, now: datetime
) -> tuple[Any, int]:
    """Write the rows made uniform, refused ones too; return them, and how many were read."""
    rows = frame.distinct() if history.duplicates == "drop" else frame
    if history.name == "customers":  # one that appears twice is seen only by who sees both
        rows = rows.repartition(1)
    with duckdb.connect() as con:
        source = _sampled(con, frame, history)
        by_row = history.model_copy(update={"duplicates": "keep"})
        zone = config.business.time_zone
        uniform = normalised_sql(source, by_row, SCHEMAS[history.name], time_zone=zone, now=now)
        query = _cells_as_text(uniform, source)
        schema = _result_schema(con, query, history)
    uniform_rows = _written(loaded, history.name, in_tasks(rows, query, schema))
    return uniform_rows, _rows_read(frame, source, history)


def _written(loaded: SparkHistories, name: str, frame: Any) -> Any:
    """Have the executors write a frame to the scratch folder; return what they wrote."""
    place = f"{loaded.place}/{name}"
    frame.write.parquet(place)
    return loaded.session.read.parquet(place)


def _sampled(con: duckdb.DuckDBPyConnection, frame: Any, history: HistoryConfig) -> Source:
    con.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    con.register("head", frame.limit(SAMPLE_ROWS).toArrow())
    con.execute(f"create table {ROWS} as from head")
    return source_of(con, history, f"select * from {ROWS}")


def _cells_as_text(sql: str, source: Source) -> str:
    """Return the query with the cells of refused rows as text: CSV holds nothing else."""
    cells = ", ".join(f"{quote(name)} := as_found.{quote(name)}::varchar" for name in source.types)
    found = f"case when reason is not null then struct_pack({cells}) end"
    return f"select * replace ({found} as as_found) from ({sql})"


def _result_schema(con: duckdb.DuckDBPyConnection, sql: str, history: HistoryConfig) -> pa.Schema:
    """Run a query over the sample: what DuckDB refuses is told before Spark sets out."""
    try:
        schema: pa.Schema = con.sql(sql).to_arrow_table().schema
    except duckdb.Error as error:
        raise DataError(
            f"{history.name}: its columns or where can't be evaluated: {first_line(error)}; "
            f"mend [histories.{history.name}]"
        ) from error
    return schema


def _rows_read(frame: Any, source: Source, history: HistoryConfig) -> int:
    if not history.where:
        return int(frame.count())
    sql = f"select count(*) as rows from ({source.typed_sql(distinct=False)}){kept_by(history)}"
    counts = in_tasks(frame, sql, pa.schema([("rows", pa.int64())]))
    return int(counts.agg({"rows": "sum"}).collect()[0][0] or 0)


def _put_aside(staged: Any, name: str, counts: dict[str, int], folder: str) -> dict[str, int]:
    """Write rows with a reason as CSV; return the count of each reason, the most frequent first."""
    place = f"{folder}/{name}"
    for before in (place, f"{place}.csv"):  # of an earlier run, by Spark or by DuckDB
        remove(staged.sparkSession, before)
    if counts:
        refused = staged.where("reason is not null").select("reason", "as_found.*")
        refused.write.csv(place, header=True, escape='"')
    return dict(sorted(counts.items(), key=lambda each: (-each[1], each[0])))


def _finished(loaded: SparkHistories, name: str, kept: Any) -> ir.Table:
    table = _named(loaded, name, kept)
    if name != "usage":
        return table
    place = f"{loaded.place}/daily"
    write_parquet(daily(table), place)
    return _named(loaded, "daily", loaded.session.read.parquet(place))


def _named(loaded: SparkHistories, name: str, frame: Any) -> ir.Table:
    # views of two loads in one session must not share a name
    view = f"{Path(loaded.place).name.replace('-', '_')}_{name}"
    frame.createOrReplaceTempView(view)
    table: ir.Table = loaded.backend.table(view)
    return table


def _quarantine(config: Config) -> str:
    return config.spark.get(QUARANTINE) or str(config.home / "quarantine")


def _nothing_left(report: HistoryReport, folder: str) -> str:
    if report.rows_read == 0:
        return f"{report.name} has no rows; export it again or leave it out of tenure.toml"
    reasons = ", ".join(f"{count} x {reason}" for reason, count in report.quarantined.items())
    return (
        f"all {report.rows_read} rows of {report.name} were put aside ({reasons}); look at "
        f"{folder}/{report.name} and mend [histories.{report.name}]"
    )
