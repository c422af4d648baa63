"""The other engines for the tests: the same rows put into each, and results held together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.build import finished_table
from features.engines import SPARK, fetch
from features.known import CUTOFF_DAY, at_each
from features.spec import FeatureSpec

RELATIVE = 1e-9
ABSOLUTE = 1e-12
"""Of a difference of nearly equal numbers, which no relative tolerance fits."""


@dataclass(frozen=True)
class Engine:
    """A backend, a folder for the files that Spark reads, and the URL of a server."""

    backend: Any
    folder: Path
    url: str = ""

    def put(self, rows: Mapping[str, pa.Table], prefix: str) -> dict[str, ir.Table]:
        """Give the engine these rows, replacing what had the same prefix."""
        return {name: self._put(f"{prefix}_{name}", table) for name, table in rows.items()}

    def _put(self, name: str, rows: pa.Table) -> ir.Table:
        if self.backend.name == SPARK:
            path = self.folder / f"{name}.parquet"
            pq.write_table(rows, path)
            self.backend._session.read.parquet(str(path)).createOrReplaceTempView(name)
            return self.backend.table(name)
        temp = self.backend.name == "postgres"
        table = self.backend.create_table(name, rows, temp=temp, overwrite=True)
        if temp:
            with self.backend.begin() as cursor:  # or it plans as if every table were of one size
                cursor.execute(f'analyze "{name}"')
        return table


def everybody(tables: Mapping[str, ir.Table], days: Sequence[int]) -> ir.Table:
    """Everyone who is in any table, at each cutoff."""
    ids = [table.select("customer_id") for table in tables.values()]
    return at_each(ibis.union(*ids, distinct=True) if len(ids) > 1 else ids[0].distinct(), days)


def built_on(
    tables: Mapping[str, ir.Table], spec: FeatureSpec, days: Sequence[int]
) -> pd.DataFrame:
    """Every feature of a spec, as the engine of the tables makes it, unrounded."""
    found = fetch(finished_table(tables, spec, days, everybody(tables, days)))
    frame: pd.DataFrame = found.to_pandas()
    return frame.set_index([CUTOFF_DAY, "customer_id"]).sort_index()


def differences(left: pd.DataFrame, right: pd.DataFrame) -> list[str]:
    """Say which columns differ, with one example each.

    A column that is whole on either side must be equal exactly: a count that came out as a
    fraction is wrong, however near.
    """
    assert list(left.columns) == list(right.columns)
    pd.testing.assert_index_equal(left.index, right.index, exact=False)
    found = []
    for name in left.columns:
        one, other = left[name], right[name]
        bad = np.flatnonzero(~_equal(one, other))
        if bad.size:
            at = bad[0]
            found.append(f"{name} of {left.index[at]}: {one.iloc[at]!r} and {other.iloc[at]!r}")
    return found


def _equal(one: pd.Series, other: pd.Series) -> np.ndarray:
    missing = one.isna().to_numpy() & other.isna().to_numpy()
    if not pd.api.types.is_numeric_dtype(one):
        return missing | (one == other).to_numpy(bool)
    a, b = one.to_numpy(float), other.to_numpy(float)
    exact = _whole(a) or _whole(b)
    close = a == b if exact else np.isclose(a, b, rtol=RELATIVE, atol=ABSOLUTE)
    return missing | close


def _whole(numbers: np.ndarray) -> bool:
    return bool((np.nan_to_num(numbers) % 1 == 0).all())
