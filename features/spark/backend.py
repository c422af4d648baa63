"""How do small tables come from Spark and go there? As Arrow, where Ibis 12 goes through pandas."""

from __future__ import annotations

from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from ibis.backends.pyspark import Backend

from features.spark.quiet import arrow_only


class SparkBackend(Backend):  # type: ignore[misc]
    """Ibis's Spark backend, whose results keep their nulls and whole numbers.

    Through pandas a column of whole numbers with a gap would come as floats, and a missing float
    as nan. Results come to the driver here: counts, top values, samples. Finished tables, one row
    per customer, leave by `features.engines.fetch`.
    """

    def to_pyarrow(self, expr: ir.Expr, /, **options: Any) -> Any:
        """Return a small result as Arrow."""
        self._run_pre_execute_hooks(expr)
        table = expr.as_table()
        found: pa.Table = self.raw_sql(self.compile(table, **options)).toArrow()
        return expr.__pyarrow_result__(found.cast(table.schema().to_pyarrow()))

    def execute(self, expr: ir.Expr, /, **options: Any) -> Any:
        """Return a small result as pandas."""
        found: pd.DataFrame = self.to_pyarrow(expr.as_table(), **options).to_pandas()
        return expr.__pandas_result__(found)

    def _register_in_memory_table(self, op: ops.InMemoryTable) -> None:
        with arrow_only():
            rows = self._session.createDataFrame(op.data.to_pyarrow(op.schema))
        rows.createOrReplaceTempView(op.name)
