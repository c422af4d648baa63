"""What came in? Each history read, checked and made uniform; rows that break a rule kept aside."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from features.config import BusinessConfig, Config, HistoryConfig
from features.errors import DataError
from features.normalise import kept_by, normalised_sql
from features.progress import Progress, silent
from features.schemas import ACTIVITY_HISTORIES, SCHEMAS, Schema
from features.sources import Source, first_line, open_source
from features.sql_text import literal
from features.windows import date_of, day_number


@dataclass(frozen=True)
class HistoryReport:
    """What was found in one history.

    Attributes
    ----------
    name : str
    rows_read, duplicates, rows : int
        In the source; removed as exact copies; kept.
    quarantined : mapping of str to int
        Reason -> rows put aside for it.
    customers : int
    first, last : date or None
        Days of the first and last kept row; None for customers.
    """

    name: str
    rows_read: int
    duplicates: int
    rows: int
    quarantined: Mapping[str, int]
    customers: int
    first: date | None
    last: date | None


@dataclass(frozen=True)
class Histories:
    """All histories of a company, uniform and clean.

    Attributes
    ----------
    backend : Ibis DuckDB backend
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
    """

    backend: Backend
    tables: Mapping[str, ir.Table]
    attributes: tuple[str, ...] = ()
    reports: Mapping[str, HistoryReport] = field(default_factory=dict)
    fingerprint: str = ""
    last_day: int = 0

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
        con: duckdb.DuckDBPyConnection = self.backend.con
        known = [name for name in ACTIVITY_HISTORIES if name in self.tables]
        found = {}
        for name in self.tables:
            others = [other for other in known if other != name]
            if others:
                ids = " union ".join(f"select customer_id from {other}" for other in others)
                sql = (
                    f"select avg((customer_id not in ({ids}))::int) "
                    f"from (select distinct customer_id from {name})"
                )
                found[name] = float(con.execute(sql).fetchall()[0][0])
        return found

    def close(self) -> None:
        """Free the tables."""
        self.backend.disconnect()


def load_histories(config: Config, *, now: datetime, progress: Progress = silent) -> Histories:
    """Read every history of a config.

    Rows that break a rule are written to ``quarantine/<history>.csv`` with their reason.

    Parameters
    ----------
    config : Config
    now : datetime, with a time zone
        Rows that say they happened after it are put aside.
    progress : Progress

    Raises
    ------
    DataError
        A source is missing, empty or unreadable, lacks a required column, or has no usable row.
    """
    backend = ibis.duckdb.connect()
    con: duckdb.DuckDBPyConnection = backend.con
    con.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
    reports = {}
    try:
        for done, (name, history) in enumerate(config.histories.items()):
            progress("read histories", done, len(config.histories))
            reports[name] = _load(con, config, history, now)
        progress("read histories", len(reports), len(reports))
    except BaseException:
        backend.disconnect()
        raise
    customers = config.histories.get("customers")
    return Histories(
        backend=backend,
        tables={name: backend.table(name) for name in config.histories},
        attributes=customers.static if customers else (),
        reports=reports,
        fingerprint=_fingerprint(con, config.histories),
        last_day=_last_day(con, config.business, now),
    )


def _load(
    con: duckdb.DuckDBPyConnection, config: Config, history: HistoryConfig, now: datetime
) -> HistoryReport:
    schema = SCHEMAS[history.name]
    source = open_source(con, history, config.home)
    sql = normalised_sql(source, history, schema, time_zone=config.business.time_zone, now=now)
    try:
        con.execute(f"create or replace table {schema.name} as {sql}")
    except duckdb.Error as error:
        raise DataError(
            f"{history.name}: its columns or where can't be evaluated: {first_line(error)}; "
            f"mend [histories.{history.name}]"
        ) from error
    rows_read = _count(con, _filtered(source, history))
    staged = _count(con, schema.name)
    quarantined = _put_aside(con, schema, config.home / "quarantine")
    if schema.name == "subscriptions":
        _join_terms(con)
    report = _report(con, schema, rows_read, rows_read - staged, quarantined)
    if report.rows == 0:
        raise DataError(_nothing_left(report, config.home))
    return report


def _filtered(source: Source, history: HistoryConfig) -> str:
    return f"(select 1 from ({source.typed_sql(distinct=False)}){kept_by(history)})"


def _put_aside(con: duckdb.DuckDBPyConnection, schema: Schema, folder: Path) -> dict[str, int]:
    """Move rows with a reason into the quarantine file; return the count of each reason."""
    found = con.execute(
        f"select reason, count(*) from {schema.name} where reason is not null "
        "group by reason order by count(*) desc, reason"
    ).fetchall()
    path = folder / f"{schema.name}.csv"
    if found:
        folder.mkdir(parents=True, exist_ok=True)
        con.execute(
            f"copy (select reason, unnest(as_found) from {schema.name} where reason is not null) "
            f"to {literal(str(path))} (header)"
        )
        con.execute(f"delete from {schema.name} where reason is not null")
    else:
        path.unlink(missing_ok=True)
    con.execute(f"alter table {schema.name} drop column reason")
    con.execute(f"alter table {schema.name} drop column as_found")
    return dict(found)


def _join_terms(con: duckdb.DuckDBPyConnection) -> None:
    """Let a term that ends on the day before the customer's next one end where that begins.

    Many exports name a term's last day; without this, everyone who renews would be gone for one
    midnight.
    """
    con.execute(
        "update subscriptions set ended_day = subscriptions.ended_day + 1 "
        "from (select distinct customer_id, day from subscriptions) as following "
        "where following.customer_id = subscriptions.customer_id "
        "and following.day = subscriptions.ended_day + 1"
    )


def _report(
    con: duckdb.DuckDBPyConnection,
    schema: Schema,
    rows_read: int,
    duplicates: int,
    quarantined: dict[str, int],
) -> HistoryReport:
    day = {"customers": "null", "surveys": "coalesce(day, sent_day)"}.get(schema.name, "day")
    rows, customers, first, last = con.execute(
        f"select count(*), count(distinct customer_id), min({day}), max({day}) from {schema.name}"
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


def _last_day(con: duckdb.DuckDBPyConnection, business: BusinessConfig, now: datetime) -> int:
    """Day of the newest sign of staying or leaving, before today: today is not over yet."""
    yesterday = day_number(now.astimezone(ZoneInfo(business.time_zone)).date()) - 1
    table = "subscriptions" if business.churn == "cancellation" else business.activity
    days = f"select day from {table}"
    if table == "subscriptions":
        days += f" union all select ended_day from {table}"
    found = con.execute(f"select max(day) from ({days}) where day <= {yesterday}").fetchall()[0][0]
    if found is None:
        raise DataError(f"{table} has no row before today ({date_of(yesterday + 1)}); load history")
    return int(found)
