"""What is in the loaded histories? Counts, first and last days, strangers; on any engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import ibis
import ibis.expr.types as ir

from features.config import BusinessConfig
from features.errors import DataError
from features.schemas import ACTIVITY_HISTORIES
from features.windows import date_of


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
    remarks : tuple of str
        What was assumed in reading the source, a sentence each.
    """

    name: str
    rows_read: int
    duplicates: int
    rows: int
    quarantined: Mapping[str, int]
    customers: int
    first: date | None
    last: date | None
    remarks: tuple[str, ...] = ()


def history_report(
    name: str,
    table: ir.Table,
    *,
    rows_read: int,
    duplicates: int,
    rows: int,
    quarantined: Mapping[str, int],
) -> HistoryReport:
    """Describe a history whose kept rows, as they are or rolled up by day, are in a table."""
    dated = table.mutate(reported=_day(name, table))
    found = _one(
        dated.aggregate(
            customers=dated.customer_id.nunique(),
            first=dated.reported.min(),
            last=dated.reported.max(),
        )
    )
    return HistoryReport(
        name=name,
        rows_read=rows_read,
        duplicates=duplicates,
        rows=rows,
        quarantined=quarantined,
        customers=found["customers"],
        first=None if found["first"] is None else date_of(found["first"]),
        last=None if found["last"] is None else date_of(found["last"]),
    )


def last_day(tables: Mapping[str, ir.Table], business: BusinessConfig, yesterday: int) -> int:
    """Day of the newest sign of staying or leaving, before today: today is not over yet.

    Raises
    ------
    DataError
        There is none.
    """
    name = "subscriptions" if business.churn == "cancellation" else business.activity
    table = tables[name]
    newest = [table.day.max(where=table.day <= yesterday)]
    if name == "subscriptions":
        newest.append(table.ended_day.max(where=table.ended_day <= yesterday))
    found = _one(table.aggregate(**{f"newest_{i}": day for i, day in enumerate(newest)}))
    days = [day for day in found.values() if day is not None]
    if not days:
        raise DataError(f"{name} has no row before today ({date_of(yesterday + 1)}); load history")
    return int(max(days))


def strangers(tables: Mapping[str, ir.Table]) -> dict[str, float]:
    """Share of each history's customers whom neither usage, orders nor subscriptions know."""
    known = [name for name in ACTIVITY_HISTORIES if name in tables]
    found = {}
    for name, table in tables.items():
        others = [tables[other].customer_id for other in known if other != name]
        if others:
            found[name] = _share_outside(table, others)
    return found


def _share_outside(table: ir.Table, others: list[ir.StringColumn]) -> float:
    ids = [other.as_table() for other in others]
    everyone = table.select("customer_id").distinct()
    unknown = everyone.anti_join(ibis.union(*ids) if len(ids) > 1 else ids[0], "customer_id")
    counts = [int(each.count().to_pyarrow().as_py()) for each in (unknown, everyone)]
    return counts[0] / counts[1]


def _day(name: str, table: ir.Table) -> ir.Value:
    if name == "customers":
        return ibis.null("int32")
    return table.day.fill_null(table.sent_day) if name == "surveys" else table.day


def _one(row: ir.Table) -> dict[str, Any]:
    found: dict[str, Any] = row.to_pyarrow().to_pylist()[0]
    return found
