"""How does a finished table look to its reader? As one pandas frame, or written by the engine.

A frame is filled in as the parts of the table come. Either way the numbers are the same.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import ibis
import ibis.expr.operations as ops
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.known import CUTOFF_DAY, KEYS
from features.spec import Column, FeatureSpec
from features.sql_text import quote
from features.windows import EPOCH, date_of

DECIMALS = 6
"""Numbers are rounded to so many: engines add in any order, and builds must not differ for it."""
_SCALE = 10.0**DECIMALS
_WHOLE_FROM = 2.0**52 / _SCALE
"""From here on a number times the scale has no decimals left to round."""


def frame_of(parts: Iterable[pa.Table], rows: int, spec: FeatureSpec) -> pd.DataFrame:
    """Put the parts of a finished table below each other.

    Parameters
    ----------
    parts : iterable of pyarrow Table
        `customer_id`, `cutoff_day` and the columns of the spec; each is let go before the next.
    rows : int
        Of all parts together.
    spec : FeatureSpec

    Returns
    -------
    DataFrame
        `customer_id`, `cutoff` and the spec's columns in order: float64, rounded, or str.
    """
    numbers = [column.name for column in spec.columns if column.kind == "number"]
    matrix = np.empty((len(numbers), rows))
    others: list[pa.Table] = []
    filled = 0
    for part in parts:
        for row, name in enumerate(numbers):
            matrix[row, filled : filled + len(part)] = np.round(part[name].to_numpy(), DECIMALS)
        filled += len(part)
        others.append(part.select(["customer_id", CUTOFF_DAY, *_categories(spec.columns)]))
    rest = pa.concat_tables(others)
    columns: dict[str, Any] = {
        "customer_id": _text(rest["customer_id"]),
        "cutoff": _dates(rest[CUTOFF_DAY].to_numpy()),
    }
    columns |= {column.name: None for column in spec.columns}
    columns |= dict(zip(numbers, matrix, strict=True))
    columns |= {name: _text(rest[name]) for name in _categories(spec.columns)}
    return pd.DataFrame(columns, copy=False)


def rounded_sql(number: str) -> str:
    """Return DuckDB's SQL that rounds exactly as NumPy does in `frame_of`, halves to the even one.

    Examples
    --------
    >>> import duckdb
    >>> halves = "unnest([0.0078125, 0.0234375]::double[])"  # 7812.5 and 23437.5 millionths
    >>> duckdb.sql(f"select {rounded_sql('x')} as x from (select {halves} as x)").fetchall()
    [(0.007812,), (0.023438,)]
    """
    # a cast rounds halves to even, DuckDB's own round() does not
    scaled = f"{number} * {_SCALE!r}"
    whole = f"case when abs({number}) < {_WHOLE_FROM!r} then ({scaled})::bigint else {scaled} end"
    return f"({whole}) / {_SCALE!r}"


def shown_sql(finished: ir.Table) -> list[str]:
    """Return DuckDB's SQL for the columns of a finished table as `frame_of` would show them."""
    shown = [f"date '{EPOCH}' + {CUTOFF_DAY}::integer as cutoff"]
    for name, value in finished.op().values.items():
        if name not in KEYS:
            column = quote(name)
            shown.append(f"{rounded_sql(column)} as {column}" if _is_fraction(value) else column)
    return shown


def shown_table(finished: ir.Table, days: Sequence[int]) -> ir.Table:
    """Return a finished table at these cutoffs, in Spark, as `frame_of` would show it."""
    dates = [(day, ibis.literal(date_of(day))) for day in days]
    shown = [finished.customer_id, finished[CUTOFF_DAY].cases(*dates).name("cutoff")]
    for name, value in finished.op().values.items():
        if name not in KEYS:
            column = finished[name]
            number = rint(column * _SCALE) / _SCALE if _is_fraction(value) else column
            shown.append(number.name(name))
    return finished.select(*shown)


@ibis.udf.scalar.builtin  # type: ignore[untyped-decorator]
def rint(number: float) -> float:
    """Round as Spark does, and NumPy: halves to the even one."""
    raise NotImplementedError


def _is_fraction(value: ops.Value) -> bool:
    """Tell a number that may have decimals from text, and from a whole number made a float."""
    whole = isinstance(value, ops.Cast) and value.arg.dtype.is_integer()
    return bool(value.dtype.is_floating()) and not whole


def _categories(columns: Sequence[Column]) -> list[str]:
    return [column.name for column in columns if column.kind == "category"]


def _text(values: pa.ChunkedArray) -> pd.Series[Any]:
    text: pd.Series[Any] = values.to_pandas().astype("str")
    return text


def _dates(days: NDArray[np.int64]) -> NDArray[np.object_]:
    found, position = np.unique(days, return_inverse=True)
    return np.array([date_of(day) for day in found], dtype=object)[position]
