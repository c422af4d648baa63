"""How does a finished table leave the engine that made it?"""

from __future__ import annotations

import ibis.expr.types as ir
import pyarrow as pa


def fetch(table: ir.Table) -> pa.Table:
    """Return a finished customer table as Arrow."""
    return table.to_pyarrow()
