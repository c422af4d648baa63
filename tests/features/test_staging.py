"""Copies made for one build: numbered customers, parts, and the same numbers as without them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import duckdb
import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ibis.backends.duckdb import Backend

from features.build import build_features, finished_table, learn_spec, write_features
from features.builders import BUILDERS
from features.errors import TenureError
from features.frames import frame_of, rounded_sql
from features.histories import Histories
from features.known import KEYS
from features.spec import FeatureSpec
from features.staging import leaving_room, staged
from features.windows import day_number
from tests.features import worlds
from tests.features.worlds import CUTOFF, World, everyone, row

CUTOFFS = [CUTOFF - timedelta(days=days) for days in (0, 10, 28)]
DAYS = sorted(day_number(cutoff) for cutoff in CUTOFFS)
every_history = pytest.mark.parametrize("history", BUILDERS)


def plain(here: Histories, spec: FeatureSpec, population: ibis.Table) -> pd.DataFrame:
    """The features from the one expression, all cutoffs in one query over the rows as they lie."""
    finished = finished_table(here.tables, spec, DAYS, population)
    whole = finished.order_by(*reversed(KEYS)).to_pyarrow()
    return frame_of([whole], len(whole), spec)


@every_history
def test_a_build_in_parts_equals_one_query_over_the_rows_as_they_lie(history: str) -> None:
    here = worlds.histories(worlds.random_world(seed=8, rows=60, histories=[history]))
    spec = learn_spec(here, CUTOFFS)
    population = everyone("xfdba", CUTOFFS)  # c and e are left out, x is in no row
    found = build_features(here, spec, CUTOFFS, population, at_once=2)
    pd.testing.assert_frame_equal(found, plain(here, spec, population), check_exact=True)


@pytest.mark.slow
@given(seed=st.integers(0, 2**32 - 1), at_once=st.integers(1, 7))
@settings(max_examples=2, deadline=None)
def test_parts_of_any_size_change_nothing_in_any_world(seed: int, at_once: int) -> None:
    rng = random.Random(seed)
    histories = rng.sample([*BUILDERS], 2)
    here = worlds.histories(worlds.random_world(seed, rng.randrange(1, 60), histories=histories))
    spec = learn_spec(here, CUTOFFS)
    population = everyone("abcdx", CUTOFFS)
    found = build_features(here, spec, CUTOFFS, population, at_once=at_once)
    pd.testing.assert_frame_equal(found, plain(here, spec, population), check_exact=True)


@pytest.fixture(scope="module")
def orders() -> World:
    alike = ["1", "001", "1.0", "01", "é"]
    return {
        "orders": [
            row("orders", 3 + number, customer, amount=10.0 + number)
            for number, customer in enumerate(alike)
            for _ in range(number + 1)
        ]
    }


def test_ids_that_look_alike_stay_apart_and_come_back_as_they_were(orders: World) -> None:
    frame = worlds.features(orders)["orders_count_28d"]
    assert {customer: count for (customer, _), count in frame.items()} == {
        "1": 1.0,
        "001": 2.0,
        "1.0": 3.0,
        "01": 4.0,
        "é": 5.0,
    }


def test_written_parts_hold_what_the_frame_holds(orders: World, tmp_path: Path) -> None:
    mixed = orders | worlds.random_world(seed=3, rows=40, histories=["customers", "mentions"])
    here = worlds.histories(mixed)
    spec = learn_spec(here, CUTOFFS)
    population = everyone(["1", "001", "1.0", "a", "b", "x"], CUTOFFS)
    heard: list[tuple[int, int]] = []
    write_features(
        here, spec, CUTOFFS, population, tmp_path / "new", at_once=4, progress=hear(heard)
    )
    parts = sorted((tmp_path / "new").iterdir())
    assert [part.name for part in parts][:2] == [
        "2024-05-04-000000000.parquet",
        "2024-05-04-000000004.parquet",
    ]
    assert heard == [(done, len(parts)) for done in range(len(parts) + 1)]
    written = pd.concat([pd.read_parquet(part) for part in parts])
    written = written.sort_values(["cutoff", "customer_id"], ignore_index=True)
    expected = build_features(here, spec, CUTOFFS, population)
    texts = {each.name: "str" for each in spec.columns if each.kind == "category"}
    pd.testing.assert_frame_equal(
        written.astype({"customer_id": "str"} | texts), expected, check_exact=True
    )


def hear(heard: list[tuple[int, int]]):  # type: ignore[no-untyped-def]
    return lambda step, done, total: heard.append((done, total))


def test_shuffled_rows_and_a_shuffled_population_give_the_same_frame(orders: World) -> None:
    here = worlds.histories(orders)
    spec = learn_spec(here, [CUTOFF])
    rows = orders["orders"]
    shuffled = worlds.histories({"orders": random.Random(1).sample(rows, len(rows))})
    ids = ["é", "1", "01", "1.0", "001"]
    turned = ibis.memtable(pa.table({"customer_id": ids[::-1], "cutoff_day": [DAYS[-1]] * 5}))
    pd.testing.assert_frame_equal(
        build_features(here, spec, [CUTOFF], everyone(ids, [CUTOFF])),
        build_features(shuffled, spec, [CUTOFF], turned, at_once=2),
        check_exact=True,
    )


def test_a_population_of_nobody_gives_an_empty_frame_with_all_columns(orders: World) -> None:
    here = worlds.histories(orders)
    spec = learn_spec(here, [CUTOFF])
    frame = build_features(here, spec, [CUTOFF], everyone("a", [CUTOFFS[1]]))
    assert tuple(frame.columns) == ("customer_id", "cutoff", *spec.names)
    assert len(frame) == 0


def test_the_copies_are_gone_afterwards_even_when_the_build_fails(orders: World) -> None:
    backend: Backend = ibis.duckdb.connect()
    table = backend.create_table("orders", worlds.arrow("orders", orders["orders"]))
    population = table.select("customer_id", cutoff_day=ibis.literal(DAYS[-1], "int32")).distinct()
    with pytest.raises(TenureError, match="stopped after 5 rows"):
        _stop_within(backend, table, population)
    left = backend.con.sql("select table_name from duckdb_tables()").fetchall()
    assert left == [("orders",)]


def _stop_within(backend: Backend, table: ibis.Table, population: ibis.Table) -> None:
    with staged(backend, {"orders": table}, population, reduce=_as_it_is, fixed_text="") as stage:
        raise TenureError(f"stopped after {stage.rows} rows")


@pytest.mark.parametrize(("size", "left"), [(40 << 20, "60.0 MiB"), (90 << 20, "100.0 MiB")])
def test_duckdb_leaves_room_for_what_is_filled_beside_it_and_gets_it_back(
    size: int, left: str
) -> None:
    backend: Backend = ibis.duckdb.connect(memory_limit="100MiB")

    def limit() -> str:
        return str(backend.con.sql("select current_setting('memory_limit')").fetchall()[0][0])

    with leaving_room(backend, size):
        assert limit() == left  # a quarter is always left to it
    assert limit() == "100.0 MiB"


def test_room_is_left_for_the_whole_frame_that_is_filled(
    orders: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = worlds.histories(orders)
    spec = learn_spec(here, [CUTOFF])
    asked: list[int] = []

    @contextmanager
    def noted(backend: Backend, size: int) -> Iterator[None]:
        asked.append(size)
        with leaving_room(backend, size):
            yield

    monkeypatch.setattr("features.build.leaving_room", noted)
    frame = build_features(here, spec, [CUTOFF], everyone(["1", "é"], [CUTOFF]))
    assert asked == [2 * 8 * len(spec.columns)]
    assert len(frame) == 2


def test_numbers_that_stand_for_a_part_are_none_that_the_company_uses(orders: World) -> None:
    here = worlds.histories(orders)
    population = everyone(["1"], [CUTOFF])
    taken = "article 2000000001, article 2000000003"
    with staged(here.backend, here.tables, population, reduce=_as_it_is, fixed_text=taken) as stage:
        asked = stage.placeholder
    assert (asked.cutoff_day, asked.first, asked.last) == (2000000002, 2000000004, 2000000005)


def _as_it_is(history: str, table: ibis.Table) -> ibis.Table:
    return table


@given(
    numbers=st.lists(
        st.one_of(
            st.floats(),
            st.integers(-(10**9), 10**9).map(lambda halves: (halves + 0.5) / 1e6),
            st.integers(-(10**6), 10**6).map(lambda parts: parts / 128),
        ),
        min_size=1,
        max_size=40,
    )
)
@settings(deadline=None)
def test_the_engine_rounds_as_numpy_does(numbers: list[float]) -> None:
    frame = pd.DataFrame({"place": range(len(numbers)), "x": numbers})
    con = duckdb.connect()
    con.register("frame", pa.Table.from_pandas(frame, preserve_index=False, nthreads=1))
    found = con.sql(f"select {rounded_sql('x')} as x from frame order by place").fetchnumpy()["x"]
    with np.errstate(over="ignore"):
        expected = np.round(np.array(numbers), 6)
    np.testing.assert_array_equal(np.ma.filled(found, np.nan), expected)
