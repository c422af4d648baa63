"""Every feature is the same on DuckDB, PostgreSQL and Spark, from the same normalised rows.

Planning hundreds of columns costs Spark seconds, however few the rows are: one build per history
and engine holds the random customers, the edge cases and the laws at once, for no customer's
features depend on another's rows (tests/features/test_laws.py).
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pytest

from features.build import learn_spec
from features.builders import BUILDERS
from features.config import read_config
from features.datasets.simulator import simulate
from features.engines import fetch
from features.histories import Histories, load_histories
from features.spec import FeatureSpec
from features.windows import WINDOWS, day_number
from tests.features import worlds
from tests.features.clocks import CLOCKS, as_recorded_at, rows_on
from tests.features.engines import Engine, built_on, differences
from tests.features.worlds import ATTRIBUTES, CUTOFF, LAST, Rows

CUTOFFS = (CUTOFF - timedelta(days=28), CUTOFF - timedelta(days=10), CUTOFF)
DAYS = [day_number(cutoff) for cutoff in CUTOFFS]
EDGES = sorted({LAST - window + step for window in (0, *WINDOWS) for step in (-1, 0, 1)})
SHARED = os.environ.get("TENURE_SHARED_DATA")
EXAMPLES = sorted(Path(__file__).parents[2].glob("examples/*.toml"))
MOST_CUSTOMERS = 300
"""Of an example: the other engines plan for seconds and then take minutes over more."""
RECORDED = "recorded "

others = pytest.mark.parametrize("other", ["postgres", "spark"])
every_history = pytest.mark.parametrize("history", BUILDERS)


@cache
def rows_of(history: str) -> Rows:
    """Random customers; rows at the edges of windows and clocks; one with one row; one with none.

    The rows of that last one lie ahead of every cutoff. Another's all lie in one quarter: whoever
    divides by the quarters less one divides by 0.
    """
    rng = random.Random(11)
    rows = worlds.random_world(11, 200, histories=[history])[history]
    if history != "customers":
        rows = rows + [worlds.random_row(history, rng, EDGES) for _ in range(40)]
    once = worlds.random_row(history, rng, [LAST - 3]) | {"customer_id": "once"}
    ahead = [worlds.random_row(history, rng, [LAST + day]) for day in range(3)]
    on_the_cutoff = [
        row | {"customer_id": f"{clock} {row['customer_id']}"}
        for name, clock in CLOCKS
        if name == history
        for row in rows_on(history, clock, LAST)
    ]
    ahead = [row | {"customer_id": "ahead"} for row in ahead[: _most(history)]]
    quarter = [worlds.random_row(history, rng, [LAST - 120]) for _ in range(_most(history))]
    quarter = [
        row | {"customer_id": "quarter", "known_day": row["known_day"] and LAST - 100}
        for row in quarter
    ]
    return [*rows, *on_the_cutoff, once, *quarter, *ahead]


def _most(history: str) -> int:
    return 1 if history == "customers" else 3


def twice(history: str) -> pa.Table:
    """Every customer, and a twin with the rows as the last cutoff showed them, in another order."""
    rows = rows_of(history)
    recorded = as_recorded_at(history, rows, LAST)
    random.Random(5).shuffle(recorded)
    twins = [row | {"customer_id": RECORDED + row["customer_id"]} for row in recorded]
    return worlds.arrow(history, [*rows, *twins])


@pytest.mark.parametrize(("right", "differ"), [([2.0, 3.000000001], 1), ([2.0, 3.0], 0)])
def test_whole_numbers_must_be_equal_exactly_and_fractions_nearly(
    right: list[float], differ: int
) -> None:
    counts, found = pd.DataFrame({"count": [2.0, 3.0]}), pd.DataFrame({"count": right})
    assert len(differences(counts, found)) == len(differences(found, counts)) == differ
    assert differences(counts + 0.5, found + 0.5) == []


@pytest.fixture
def engine(request: pytest.FixtureRequest, other: str) -> Engine:
    found: Engine = request.getfixturevalue(other)
    return found


def learn(engine: Engine, history: str) -> FeatureSpec:
    tables = engine.put({history: worlds.arrow(history, rows_of(history))}, "learn")
    attributes = ATTRIBUTES if history == "customers" else ()
    return learn_spec(Histories(engine.backend, tables, attributes), CUTOFFS)


@pytest.fixture(scope="module")
def expected(duck: Engine) -> Mapping[str, tuple[FeatureSpec, pd.DataFrame]]:
    """What DuckDB learns from each history, and builds of it."""
    found = {}
    for history in BUILDERS:
        spec = learn(duck, history)
        tables = duck.put({history: twice(history)}, "parity")
        found[history] = spec, built_on(tables, spec, DAYS)
    return found


@pytest.mark.slow
@others
@every_history
def test_every_feature_is_the_same_and_what_lies_ahead_and_order_change_nothing(
    engine: Engine, history: str, expected: Mapping[str, tuple[FeatureSpec, pd.DataFrame]]
) -> None:
    spec, by_duckdb = expected[history]
    found = built_on(engine.put({history: twice(history)}, "parity"), spec, DAYS)
    assert differences(by_duckdb, found) == []
    last = found.loc[LAST]
    is_twin = last.index.str.startswith(RECORDED)
    twins = last[is_twin].rename(index=lambda name: name.removeprefix(RECORDED))
    originals = last[~is_twin]
    assert differences(originals.loc[twins.index], twins) == []
    # who has no twin had no row on record
    unknown = originals.drop(twins.index)
    assert len(unknown) > 0
    assert (unknown.isna() | (unknown == 0)).all(axis=None)


@pytest.mark.slow
@others
@every_history
def test_a_part_of_the_customers_gets_the_same_features_as_among_all(
    engine: Engine, history: str, expected: Mapping[str, tuple[FeatureSpec, pd.DataFrame]]
) -> None:
    spec, among_all = expected[history]
    part = [row for row in rows_of(history) if row["customer_id"] in ("a", "c", "once")]
    found = built_on(engine.put({history: worlds.arrow(history, part)}, "part"), spec, DAYS[-1:])
    assert set(found.loc[LAST].index) == {"a", "c", "once"}
    assert differences(among_all.loc[found.index], found) == []


@pytest.mark.slow
@others
@every_history
def test_what_training_chooses_is_the_same(
    engine: Engine, history: str, expected: Mapping[str, tuple[FeatureSpec, pd.DataFrame]]
) -> None:
    assert learn(engine, history).to_json() == expected[history][0].to_json()


@every_history
def test_a_history_without_a_visible_row_gives_what_duckdb_gives(
    duck: Engine, postgres: Engine, history: str
) -> None:
    spec = learn(duck, history)
    ahead = [row for row in rows_of(history) if row["customer_id"] == "ahead"]
    rows = {history: worlds.arrow(history, ahead)}
    made = [built_on(each.put(rows, "ahead"), spec, DAYS) for each in (duck, postgres)]
    assert differences(*made) == []


def compare_company(
    histories: Histories, engine: Engine, *, cutoffs: int = 2, most_customers: int | None = None
) -> list[str]:
    """Build every feature of a loaded company on DuckDB and on another engine; tell differences."""
    newest = histories.newest_cutoff
    chosen = [newest - timedelta(days=28 * step) for step in range(cutoffs)]
    spec = learn_spec(histories, chosen)
    days = sorted(map(day_number, chosen))
    tables = {name: histories.tables[name] for name in spec.histories}
    if most_customers is not None:
        activity = next(tables[name] for name in ("orders", "usage") if name in tables)
        few = activity.select("customer_id").distinct().order_by("customer_id")
        ids = fetch(few.limit(most_customers))["customer_id"].to_pylist()
        tables = {name: table.filter(table.customer_id.isin(ids)) for name, table in tables.items()}
    rows = {name: fetch(table) for name, table in tables.items()}
    return differences(
        built_on(tables, spec, days), built_on(engine.put(rows, "company"), spec, days)
    )


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Histories]:
    home = tmp_path_factory.mktemp("company") / "small"
    simulate(home, customers=300, seed=7, weeks=60)
    found = load_histories(read_config(home / "tenure.toml"), now=datetime(2030, 1, 1, tzinfo=UTC))
    yield found
    found.close()


@pytest.mark.slow
@others
def test_every_feature_of_a_simulated_company_is_the_same(
    company: Histories, engine: Engine
) -> None:
    assert compare_company(company, engine) == []


@pytest.mark.slow
@pytest.mark.shared_data
@pytest.mark.skipif(SHARED is None, reason="TENURE_SHARED_DATA is not set")
@others
@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.stem)
def test_every_feature_of_an_example_is_the_same(
    example: Path, engine: Engine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TENURE_DATA", str(SHARED))
    config = read_config(example).model_copy(update={"home": tmp_path})
    histories = load_histories(config, now=datetime(2026, 1, 1, tzinfo=UTC))
    try:
        assert compare_company(histories, engine, most_customers=MOST_CUSTOMERS) == []
    finally:
        histories.close()
