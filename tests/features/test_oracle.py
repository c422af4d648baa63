"""Features recomputed in SQLite from the same rows, by SQL written apart from the builders."""

from __future__ import annotations

import datetime
import math
import random
import sqlite3
from collections.abc import Iterator

import pandas as pd
import pytest

from features.builders import BUILDERS
from features.windows import WINDOWS
from tests.features import worlds
from tests.features.oracles import ORACLES
from tests.features.oracles.sql import BACK
from tests.features.worlds import CUTOFF, LAST, World, arrow_schema

CUTOFFS = [CUTOFF - datetime.timedelta(days=back) for back in BACK]
EDGES = [
    LAST - back - window + step for back in BACK for window in (0, *WINDOWS) for step in (-1, 0, 1)
]


@pytest.fixture(scope="module")
def world() -> World:
    """Customers with many random rows, and many with few at the edges of the windows."""
    rng = random.Random(7)
    rows = worlds.random_world(seed=7, rows=150)
    edges = {name: [worlds.random_row(name, rng, EDGES) for _ in range(150)] for name in rows}
    edges["customers"] = []
    return {
        name: [
            *rows[name],
            *(row | {"customer_id": f"edge {n % 40}"} for n, row in enumerate(each)),
        ]
        for name, each in edges.items()
    }


@pytest.fixture(scope="module")
def built(world: World) -> pd.DataFrame:
    return worlds.features(world, CUTOFFS)


@pytest.fixture(scope="module")
def sqlite(world: World) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    for history, rows in world.items():
        names = arrow_schema(history).names
        connection.execute(f"create table {history} ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        values = [[_plain(row.get(name)) for name in names] for row in rows]
        connection.executemany(f"insert into {history} values ({marks})", values)
    yield connection
    connection.close()


def _plain(value: object) -> object:
    return value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else value


def test_every_history_has_an_oracle() -> None:
    assert {name.split("_")[0] for name in ORACLES} == {*BUILDERS, "together"}


@pytest.mark.parametrize("column", ORACLES)
def test_a_feature_agrees_with_sqlite(
    column: str, built: pd.DataFrame, sqlite: sqlite3.Connection
) -> None:
    window, query = ORACLES[column]
    for back, cutoff in zip(BACK, CUTOFFS, strict=True):
        expected = dict(sqlite.execute(query, {"c": LAST - back, "w": window}).fetchall())
        found = built[column].xs(cutoff, level="cutoff").to_dict()
        assert any(value is not None for value in expected.values())
        for customer, value in found.items():
            theirs = expected.get(customer)
            if theirs is None:
                assert math.isnan(value) or value == 0
            else:
                assert value == pytest.approx(theirs, abs=2e-3 if "hours" in column else 1e-6)
