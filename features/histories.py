"""What came in? Each history read, checked and made uniform; rows that break a rule kept aside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import duckdb
import ibis
import ibis.expr.types as ir

from features.config import Config, HistoryConfig
from features.daily import daily_sql
from features.errors import DataError
from features.history_facts import HistoryReport, last_day, strangers
from features.progress import Progress, silent
from features.reading.engine_errors import first_line, refused
from features.reading.normalise import kept_by, normalised_sql
from features.reading.sources import Source, open_source
from features.rollups.refresh import refresh_rollups, worth_keeping
from features.schemas import SCHEMAS, Schema
from features.spark.histories import load_on_spark
from features.sql_text import literal
from features.terms import refuse_unclear_ends
from features.windows import date_of, day_number

IN_MEMORY = 20_000_000
"""Rows of usage up to which they are taken into memory; more are read from their files."""


@dataclass(frozen=True)
class Histories:
    """All histories of a company, uniform and clean.

    Attributes
    ----------
    backend : Ibis DuckDB or Spark backend
        Holds the tables; closed by `close`.
    tables : mapping of str to Ibis table
        Only the histories that the config describes; columns as `features.schemas` declares them.
    attributes : tuple of str
        Columns of customers that are declared static.
    reports : mapping of str to HistoryReport
    fingerprint : str
        Changes when any kept row changes, not when rows are reordered.
    last_day : int
        Day number of the newest sign of staying or leaving: of the activity history, or of
        subscriptions that began or ended. Later rows of other histories don't move it, or
        customers would seem to have left merely because one table was exported earlier.
    on_close : callable or None
        What frees the tables, where it is more than closing the backend.
    """

    backend: Any
    tables: Mapping[str, ir.Table]
    attributes: tuple[str, ...] = ()
    reports: Mapping[str, HistoryReport] = field(default_factory=dict)
    fingerprint: str = ""
    last_day: int = 0
    on_close: Callable[[], None] | None = None

    @property
    def newest_cutoff(self) -> date:
        """The midnight after `last_day`: until then it is known who stayed."""
        return date_of(self.last_day + 1)

    @property
    def behaviour_start(self) -> date:
        """The first day on which all recorded behaviour is: usage and orders, or subscriptions."""
        behaviour = [
            self.reports[name].first for name in ("usage", "orders") if name in self.tables
        ]
        first = behaviour or [self.reports["subscriptions"].first]
        return max(day for day in first if day is not None)

    def strangers(self) -> dict[str, float]:
        """Share of each history's customers whom neither usage, orders nor subscriptions know."""
        return strangers(self.tables)

    def close(self) -> None:
        """Free the tables."""
        (self.on_close or self.backend.disconnect)()


def load_histories(config: Config, *, now: datetime, progress: Progress = silent) -> Histories:
    """Read every history of a config, with the engine that it names.

    Rows that break a rule are written to ``quarantine/<history>.csv`` with their reason; by Spark,
    to the parts of a folder ``quarantine/<history>``.

    Parameters
    ----------
    config : Config
    now : datetime, with a time zone
        Rows that say they happened after it are put aside.
    progress : Progress

    Raises
    ------
    ConfigError
        Spark is asked for and can't be started.
    DataError
        A source is missing, empty or unreadable, lacks a required column, or has no usable row.
    """
    yesterday = day_number(now.astimezone(ZoneInfo(config.business.time_zone)).date()) - 1
    if config.engine == "spark":
        return _on_spark(config, now, yesterday, progress)
    backend = ibis.duckdb.connect()
    con: duckdb.DuckDBPyConnection = backend.con
    con.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    reports = {}
    try:
        for done, (name, history) in enumerate(config.histories.items()):
            progress("read histories", done, len(config.histories))
            reports[name] = _load(con, config, history, now)
        progress("read histories", len(reports), len(reports))
        tables = {name: backend.table(name) for name in config.histories}
        refuse_unclear_ends(config, tables)
    except BaseException:
        backend.disconnect()
        raise
    return Histories(
        backend=backend,
        tables=tables,
        attributes=_attributes(config),
        reports=reports,
        fingerprint=_fingerprint(con, config.histories),
        last_day=last_day(tables, config.business, yesterday),
    )


def _on_spark(config: Config, now: datetime, yesterday: int, progress: Progress) -> Histories:
    loaded = load_on_spark(config, now, progress)
    try:
        refuse_unclear_ends(config, loaded.tables)
        return Histories(
            backend=loaded.backend,
            tables=loaded.tables,
            attributes=_attributes(config),
            reports=loaded.reports,
            fingerprint=loaded.fingerprint(),
            last_day=last_day(loaded.tables, config.business, yesterday),
            on_close=loaded.close,
        )
    except BaseException:
        loaded.close()
        raise


def _attributes(config: Config) -> tuple[str, ...]:
    customers = config.histories.get("customers")
    return customers.static if customers else ()


def _load(
    con: duckdb.DuckDBPyConnection, config: Config, history: HistoryConfig, now: datetime
) -> HistoryReport:
    try:
        if history.name == "usage" and worth_keeping(history, config.home):
            report = _rolled_up(con, config, history, now)
        else:
            report = _read_whole(con, config, history, now)
    except duckdb.Error as error:
        raise refused(error, history) from error
    if report.rows == 0:
        raise DataError(_nothing_left(report, config.home))
    return report


def _read_whole(
    con: duckdb.DuckDBPyConnection, config: Config, history: HistoryConfig, now: datetime
) -> HistoryReport:
    schema = SCHEMAS[history.name]
    source = open_source(con, history, config.home)
    sql = normalised_sql(source, history, schema, time_zone=config.business.time_zone, now=now)
    con.execute(f"create or replace table {schema.name} as {sql}")
    rows_read = _count(con, _filtered(source, history))
    staged = _count(con, schema.name)
    quarantined = _put_aside(con, schema, config.home / "quarantine")
    rows = _count(con, schema.name)
    if schema.name == "usage":
        con.execute(f"create or replace table usage as {daily_sql('usage')}")
    report = _report(con, schema, rows_read, rows_read - staged, quarantined, rows)
    return replace(report, remarks=source.remarks)


def _rolled_up(
    con: duckdb.DuckDBPyConnection, config: Config, history: HistoryConfig, now: datetime
) -> HistoryReport:
    """Take usage from the roll-ups that are kept, brought up to date."""
    kept = refresh_rollups(con, config, history, now)
    if kept.rows:
        kind = "table" if kept.rows <= IN_MEMORY else "view"
        con.execute(f"create or replace {kind} usage as {kept.rows_sql()}")
    refused = kept.refused_sql(history.duplicates)
    aside = _write_refused(con, refused, config.home / "quarantine" / "usage.csv")
    copies = kept.rows_read - kept.events - sum(aside.values())
    report = _report(con, SCHEMAS["usage"], kept.rows_read, copies, aside, kept.events)
    return replace(report, remarks=kept.remarks)


def _filtered(source: Source, history: HistoryConfig) -> str:
    return f"(select 1 from ({source.typed_sql(distinct=False)}){kept_by(history)})"


def _put_aside(con: duckdb.DuckDBPyConnection, schema: Schema, folder: Path) -> dict[str, int]:
    """Move rows with a reason into the quarantine file; return the count of each reason."""
    refused = f"select reason, unnest(as_found) from {schema.name} where reason is not null"
    found = _write_refused(con, refused, folder / f"{schema.name}.csv")
    con.execute(f"delete from {schema.name} where reason is not null")
    con.execute(f"alter table {schema.name} drop column reason")
    con.execute(f"alter table {schema.name} drop column as_found")
    return found


def _write_refused(
    con: duckdb.DuckDBPyConnection, refused: str | None, path: Path
) -> dict[str, int]:
    """Write refused rows into the quarantine file; return the count of each reason."""
    counted = f"select #1, count(*) from ({refused}) group by 1 order by 2 desc, 1"
    found = con.execute(counted).fetchall() if refused else []
    try:
        if found:
            path.parent.mkdir(parents=True, exist_ok=True)
            con.execute(f"copy ({refused}) to {literal(str(path))} (header)")
        else:
            path.unlink(missing_ok=True)
    except (OSError, duckdb.IOException) as error:
        why = error.strerror if isinstance(error, OSError) else first_line(error)
        said = f"{path} for rows put aside can't be written: {why}"
        raise DataError(f"{said}; let Tenure write into {path.parent}") from error
    return dict(found)


def _report(
    con: duckdb.DuckDBPyConnection,
    schema: Schema,
    rows_read: int,
    duplicates: int,
    quarantined: dict[str, int],
    rows: int,
) -> HistoryReport:
    if rows == 0:
        return HistoryReport(schema.name, rows_read, duplicates, 0, quarantined, 0, None, None)
    day = {"customers": "null", "surveys": "coalesce(day, sent_day)"}.get(schema.name, "day")
    customers, first, last = con.execute(
        f"select count(distinct customer_id), min({day}), max({day}) from {schema.name}"
    ).fetchall()[0]
    return HistoryReport(
        name=schema.name,
        rows_read=rows_read,
        duplicates=duplicates,
        rows=rows,
        quarantined=quarantined,
        customers=customers,
        first=None if first is None else date_of(first),
        last=None if last is None else date_of(last),
    )


def _nothing_left(report: HistoryReport, home: Path) -> str:
    if report.rows_read == 0:
        return f"{report.name} has no rows; export it again or leave it out of tenure.toml"
    reasons = ", ".join(f"{count} x {reason}" for reason, count in report.quarantined.items())
    return (
        f"all {report.rows_read} rows of {report.name} were put aside ({reasons}); "
        f"look at {home / 'quarantine' / (report.name + '.csv')} and mend "
        f"[histories.{report.name}]"
    )


def _count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    return int(con.execute(f"select count(*) from {table}").fetchall()[0][0])


def _fingerprint(con: duckdb.DuckDBPyConnection, names: Mapping[str, HistoryConfig]) -> str:
    digest = hashlib.sha256()
    for name in sorted(names):
        found = con.execute(
            f"select count(*), sum(hash(each)::hugeint), bit_xor(hash(each)) from {name} as each"
        ).fetchall()[0]
        digest.update(f"{name}:{found}".encode())
    return digest.hexdigest()[:16]
