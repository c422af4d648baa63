"""What were the company's own figures, month by month or segment by segment, and how sure is each?

A figure is as known at `until`: rows learned at or after it don't count. Only complete months are
given, those that begin at or after `since` and end at or before `until`; the running month is left
out, because half a month's churn rate is not a month's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr import types as ir

from features.customer_months import customer_months, labelled_months, next_month
from features.errors import DataError
from features.intervals import (
    Interval,
    mean_interval,
    median_ranks,
    net_interval,
    share_interval,
)
from features.kpis import KPIS, Kpi
from features.windows import EPOCH, date_of, day_number

MONTH = "month"
NO_SEGMENT = "(missing)"
FIGURE_COLUMNS = ("kpi", "value", "low", "high", "n", "unit")
_DTYPES = {"value": np.float64, "low": np.float64, "high": np.float64, "n": np.int64}


def kpis_by(
    tables: Mapping[str, ir.Table],
    *,
    until: date,
    by: str = MONTH,
    since: date | None = None,
    labels: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Every figure that the histories can give, by month or by segment.

    Parameters
    ----------
    tables : mapping of history name to normalised ibis Table
    until : date
        The newest cutoff: nothing at or after its midnight counts.
    by : "month", or a column of `customers`
        A segment's figure is over all its rows in [since, until), its churn rate over all its
        customers' complete months.
    since : date, optional
        First day that counts; with months, the first month is the first that begins at or after it.
    labels : DataFrame(customer_id, cutoff, churned), optional
        Who had left by what the company calls churn (see `labels.churn_labels`), one cutoff per
        month at its first midnight. Needed for churn by inactivity; otherwise churn is by
        cancellation, from `subscriptions`.

    Returns
    -------
    DataFrame, columns period ("2024-05") or segment, kpi, value, low, high (95 %), n, unit; sorted
    by the first, figures in the order of `KPIS`. A figure that counts no row at all is left out;
    one that counts none in some month has n = 0 there and a missing value.

    Raises
    ------
    DataError
        The segment is not a column of `customers`.
    """
    span = _Span.of(by, since, until)
    keys = None if by == MONTH else _segments(tables, by)
    tables = {**tables, **_months_table(tables, labels, until)}
    figures = [
        _figure(kpi, _keyed(_visible(tables[kpi.history], kpi, span), kpi, keys))
        for kpi in KPIS.values()
        if kpi.history in tables
    ]
    return _grid(figures, by, span).rename(columns={"key": "period" if keys is None else "segment"})


def kpi_table(figures: pd.DataFrame) -> list[list[str]]:
    """Rows of text to print: month or segment, figure, value with its unit, interval, n.

    Examples
    --------
    >>> kpi_table(pd.DataFrame([["2024-05", "nps", 33.33, -4.0, 62.0, 30, "points"]]))
    [['2024-05', 'nps', '33.3 points', '-4.0 to 62.0', '30']]
    """
    return [
        [key, kpi, _with_unit(value, unit), _range(low, high), f"{n:,}"]
        for key, kpi, value, low, high, n, unit in figures.itertuples(index=False)
    ]


# Which rows, under which key ----------------------------------------------------------------


@dataclass(frozen=True)
class _Span:
    """Days that count: [first, end); and until when anything was known."""

    first: int | None
    end: int
    until: int

    @classmethod
    def of(cls, by: str, since: date | None, until: date) -> _Span:
        whole_months = by == MONTH
        end = until.replace(day=1) if whole_months else until
        if whole_months and since is not None and since.day > 1:
            since = next_month(since)
        first = None if since is None else day_number(since)
        return cls(first, day_number(end), day_number(until))


def _visible(rows: ir.Table, kpi: Kpi, span: _Span) -> ir.Table:
    dated = rows[kpi.days[0]]
    seen = (rows.known_day < span.until) & (dated < span.end)
    for day in kpi.days[1:]:
        seen &= rows[day] < span.until
    if span.first is not None:
        seen &= dated >= span.first
    return rows.filter(seen)


def _keyed(rows: ir.Table, kpi: Kpi, segments: ir.Table | None) -> ir.Table:
    """Rows that count in the figure, each with the `key` it counts under."""
    counted = rows.filter(kpi.each(rows).notnull())
    if segments is None:
        since_epoch = counted[kpi.days[0]].cast("int64").as_interval("D")
        epoch = ibis.date(EPOCH.year, EPOCH.month, EPOCH.day)
        return counted.mutate(key=(epoch + since_epoch).strftime("%Y-%m"))
    joined = counted.left_join(segments, "customer_id")
    return joined.mutate(key=joined.segment_key.fill_null(NO_SEGMENT))


def _segments(tables: Mapping[str, ir.Table], by: str) -> ir.Table:
    if "customers" not in tables:
        raise DataError(
            f"figures by '{by}' need the history customers (found: {', '.join(sorted(tables))}); "
            f"describe it in tenure.toml or ask for them by '{MONTH}'"
        )
    customers = tables["customers"]
    found = [name for name in customers.columns if not name.endswith("_day")]
    if by not in found:
        raise DataError(
            f"customers has no column '{by}' (found: {', '.join(found)}); "
            f"choose one of these, or '{MONTH}'"
        )
    return customers.select("customer_id", segment_key=customers[by].cast("string"))


def _months_table(
    tables: Mapping[str, ir.Table], labels: pd.DataFrame | None, until: date
) -> dict[str, ir.Table]:
    if labels is not None:
        return {"customer_months": labelled_months(labels)}
    if "subscriptions" in tables:
        return {"customer_months": customer_months(tables["subscriptions"], until=until)}
    return {}


# From rows to figures with intervals --------------------------------------------------------


def _figure(kpi: Kpi, rows: ir.Table) -> pd.DataFrame:
    """One row per key: kpi, value, low, high, n, unit."""
    quantity = kpi.each(rows)
    sums = rows.group_by("key").aggregate(
        value=kpi.of(rows),
        n=quantity.count(),
        positive=(quantity > 0).sum(),
        negative=(quantity < 0).sum(),
        deviation=quantity.std(how="sample"),
    )
    figure = sums.order_by("key").to_pyarrow().to_pandas()
    low, high = _interval(kpi, rows, figure)
    return pd.DataFrame(
        {
            "key": figure["key"].astype(object),
            "kpi": kpi.name,
            "value": figure["value"].astype(np.float64),
            "low": np.clip(low, *kpi.bounds),
            "high": np.clip(high, *kpi.bounds),
            "n": figure["n"].astype(np.int64),
            "unit": kpi.unit,
        }
    )


def _interval(kpi: Kpi, rows: ir.Table, figure: pd.DataFrame) -> Interval:
    if kpi.aggregate == "median":
        return _median_interval(kpi, rows, figure["n"], figure["key"])
    if kpi.aggregate == "mean":
        return mean_interval(figure["value"], figure["deviation"], figure["n"])
    if kpi.aggregate == "net":
        low, high = net_interval(figure["positive"], figure["negative"], figure["n"])
    else:
        low, high = share_interval(figure["positive"], figure["n"])
    return 100 * low, 100 * high


def _median_interval(kpi: Kpi, rows: ir.Table, n: pd.Series[int], keys: pd.Series[str]) -> Interval:
    lower, upper = median_ranks(n)
    names = pa.array(keys.tolist(), pa.string())
    ranks = ibis.memtable(pa.table({"key": names, "lower": lower, "upper": upper}))
    quantity = kpi.each(rows)
    place = ibis.row_number().over(group_by=rows.key, order_by=quantity) + 1
    placed = rows.select("key", quantity=quantity, place=place).join(ranks, "key")
    bounds = placed.group_by("key").aggregate(
        low=placed.quantity.min(where=placed.place == placed.lower),
        high=placed.quantity.min(where=placed.place == placed.upper),
    )
    found = bounds.order_by("key").to_pyarrow().to_pandas()
    return found["low"].to_numpy(np.float64), found["high"].to_numpy(np.float64)


def _grid(figures: list[pd.DataFrame], by: str, span: _Span) -> pd.DataFrame:
    """All figures under all keys, with n = 0 where a figure has no row under a key."""
    columns = ["key", *FIGURE_COLUMNS]
    counted = [figure for figure in figures if len(figure)]
    if not counted:
        return pd.DataFrame({name: pd.Series(dtype=_DTYPES.get(name, object)) for name in columns})
    together = pd.concat(counted, ignore_index=True)
    keys = sorted(together["key"].unique())
    if by == MONTH:
        keys = [str(month) for month in pd.period_range(keys[0], date_of(span.end - 1), freq="M")]
    names = together["kpi"].unique()
    pairs = pd.MultiIndex.from_product([keys, names], names=["key", "kpi"])
    full = together.set_index(["key", "kpi"]).reindex(pairs).reset_index()
    full["n"] = full["n"].fillna(0).astype(np.int64)
    full["unit"] = full["kpi"].map({name: KPIS[name].unit for name in names})
    return full[columns].astype({"key": object, "kpi": object, "unit": object})


def _with_unit(value: float, unit: str) -> str:
    return "" if np.isnan(value) else f"{value:,.1f}{'%' if unit == 'percent' else f' {unit}'}"


def _range(low: float, high: float) -> str:
    return "" if np.isnan(low) else f"{low:,.1f} to {high:,.1f}"
