"""How does a finished table leave the engine that made it?

DuckDB and PostgreSQL hand it over as Arrow. Spark's executors write it as Parquet into the scratch
folder, and only then does the driver read it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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
    with fetched(table) as found:
        return pa.concat_tables(found.parts())


@dataclass(frozen=True)
class Fetched:
    """What Spark's executors wrote of a table, as files that the driver reads one by one.

    Attributes
    ----------
    files : sequence of Path
        In the order of the table, if it has one.
    schema : pyarrow Schema
        As the table's expression declares it.
    """

    files: Sequence[Path]
    schema: pa.Schema

    @property
    def rows(self) -> int:
        """Of all files."""
        return sum(pq.read_metadata(file).num_rows for file in self.files)

    def parts(self) -> Iterator[pa.Table]:
        """Read one file after the other."""
        for file in self.files:
            yield pq.read_table(file).cast(self.schema)


@contextmanager
def fetched(table: ir.Table) -> Iterator[Fetched]:
    """Have Spark write a finished customer table, to be read part by part within the block."""
    backend = table.get_backend()
    with scratch_folder(backend._session) as folder:
        backend.to_parquet(table, folder)
        with to_local(backend._session, folder) as parts:
            yield Fetched(sorted(parts.glob("*.parquet")), table.schema().to_pyarrow())


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
