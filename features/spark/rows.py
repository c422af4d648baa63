"""How do Spark's executors make source rows uniform? By the very query that DuckDB runs.

Each task streams its rows as Arrow through a DuckDB of its own, so that a time, a number or an
expression of tenure.toml means on Spark what it means without it. Nothing is collected anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain
from typing import Any

import pyarrow as pa
import sqlglot
from sqlglot import exp

from features.config import HistoryConfig
from features.errors import DataError
from features.spark.quiet import arrow_only

ROWS = "source_rows"
"""What a query calls the rows of its task."""
BATCH_ROWS = 50_000


def in_tasks(frame: Any, sql: str, schema: pa.Schema) -> Any:
    """Run a DuckDB query over the rows of each task.

    Parameters
    ----------
    frame : Spark DataFrame
    sql : str
        Reads `ROWS`, once.
    schema : pyarrow Schema
        Of its result.

    Returns
    -------
    Spark DataFrame
    """
    from pyspark.sql.pandas.types import from_arrow_schema

    with arrow_only():
        return frame.mapInArrow(_query(sql), from_arrow_schema(schema, prefer_timestamp_ntz=True))


def refuse_other_rows(history: HistoryConfig) -> None:
    """Refuse expressions that look at other rows: a task sees only its own.

    Raises
    ------
    DataError
        One has a window, an aggregate or a subquery.
    """
    expressions = {f"columns.{name}": sql for name, sql in history.columns.items()}
    if history.where:
        expressions["where"] = history.where
    for key, sql in expressions.items():
        if _looks_around(sql):
            raise DataError(
                f"{history.name}: {key} = {sql!r} looks at other rows, and Spark reads each row by "
                f"itself; prepare it in sql under [histories.{history.name}]"
            )


def _looks_around(sql: str) -> bool:
    try:
        tree = sqlglot.parse_one(sql, read="duckdb")
    except sqlglot.ParseError:  # a column's name, or an error that the engine will tell better
        return False
    return tree.find(exp.Window, exp.AggFunc, exp.Select) is not None


def _query(sql: str) -> Callable[[Iterator[pa.RecordBatch]], Iterator[pa.RecordBatch]]:
    # an inner function travels to the executors by value: they need DuckDB and Arrow, not Tenure
    rows, batch_rows = ROWS, BATCH_ROWS

    def run(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        import duckdb

        first = next(batches, None)
        if first is None:
            return
        con = duckdb.connect(config={"threads": "1"})
        con.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        con.register(rows, pa.RecordBatchReader.from_batches(first.schema, chain([first], batches)))
        yield from con.sql(sql).to_arrow_reader(batch_rows)

    return run
