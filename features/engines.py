"""How does a finished table leave the engine that made it?

DuckDB and PostgreSQL hand it over as Arrow. Spark's executors write it as Parquet into the scratch
folder, and only then does the driver read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ibis.expr.types as ir
import pyarrow as pa
import pyarrow.parquet as pq

from features.scratch import scratch_folder, to_local

SPARK, POSTGRES = "pyspark", "postgres"


def fetch(table: ir.Table) -> pa.Table:
    """Return a finished customer table as Arrow, in the types that its expression declares."""
    backend = table.get_backend()
    if backend.name == POSTGRES:
        _floats_for_numerics(backend)
    if backend.name != SPARK:
        return table.to_pyarrow()
    with scratch_folder(backend._session) as folder:
        backend.to_parquet(table, folder)
        with to_local(backend._session, folder) as parts:
            found = pa.concat_tables(map(pq.read_table, sorted(parts.glob("*.parquet"))))
    return found.cast(table.schema().to_pyarrow())


def write_parquet(table: ir.Table, folder: str | Path) -> None:
    """Let the engine write a table as Parquet into a folder that is not there yet.

    DuckDB writes one file in it, Spark a part per task.
    """
    backend = table.get_backend()
    if backend.name != SPARK:
        Path(folder).mkdir(parents=True)
        folder = Path(folder) / "part-0.parquet"
    backend.to_parquet(table, folder)


def _floats_for_numerics(backend: Any) -> None:
    """Read as doubles what PostgreSQL gives as numeric, such as the mean of integers."""
    from psycopg.types.numeric import FloatLoader

    backend.con.adapters.register_loader("numeric", FloatLoader)
