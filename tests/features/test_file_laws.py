"""Laws of what lies between the files and the builders, over every history that has a builder."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pytest

from features.builders import BUILDERS
from features.config import parse_config
from features.engines import fetch
from features.histories import Histories, load_histories
from features.known import known_at
from features.schemas import SCHEMAS
from tests.features import worlds
from tests.features.engines import Engine
from tests.features.worlds import ATTRIBUTES, LAST, Row

NOW = datetime(2030, 1, 1, tzinfo=UTC)
TOLD_BEFORE = LAST - 20
"""The day on which what is yet to happen is already told of."""
ENGINES = [
    "duckdb",
    *(pytest.param(name, marks=pytest.mark.slow) for name in ("postgres", "spark")),
]
"""PostgreSQL is a place that rows come from; the other two read files, each in its way."""

every_history = pytest.mark.parametrize("history", BUILDERS)


def raw_rows(history: str) -> list[Row]:
    rng = random.Random(f"files {history}")
    days = range(LAST - 60, LAST + 20)
    if history == "customers":
        made = [worlds.random_row(history, rng, days) | {"customer_id": each} for each in "abcd"]
    else:
        made = [worlds.random_row(history, rng, days) for _ in range(40)]
    return [_raw(history, row) for row in made]


def foretold(history: str) -> list[Row]:
    """Rows that happen on the cutoff's day or later, and were known long before.

    They are the customers' own next rows, but of customers, who have one each.
    """
    rng = random.Random(f"ahead {history}")
    days = [LAST, LAST, LAST + 1, LAST + 30] * 6
    made = [worlds.random_row(history, rng, [day]) for day in days]
    who = [
        f"ahead {number}" if history == "customers" else "abcdef"[number // 4]
        for number in range(24)
    ]
    own = {*SCHEMAS[history].clocks, "signed_up_at"}
    later = [name for name in made[0] if name.endswith("_at") and name not in own]
    return [
        _raw(history, row | dict.fromkeys(later))
        | {"customer_id": who[number], "known_at": worlds.at(TOLD_BEFORE)}
        | ({"sent_at": row["answered_at"] or worlds.at(days[number])} if "sent_at" in row else {})
        for number, row in enumerate(made)
    ]


def _raw(history: str, row: Row) -> Row:
    names = [each.name for each in SCHEMAS[history].columns]
    names += ATTRIBUTES if history == "customers" else ()
    known = None if row["known_day"] is None else worlds.at(row["known_day"])
    # a scale that is none would put the answer aside
    return {name: row.get(name) for name in names} | {"known_at": known, "scale": None}


def told(home: Path, engine: str, postgres: Engine | None, *, more: bool) -> dict[str, Any]:
    """Put the rows where the engine reads them; return how tenure.toml would tell of them."""
    home.mkdir()
    histories: dict[str, Any] = {}
    for history in BUILDERS:
        own = raw_rows(history)
        parts = {"own": own} | ({"copy": own, "ahead": foretold(history)} if more else {})
        frames = {name: pd.DataFrame(rows, dtype=object) for name, rows in parts.items()}
        if postgres is not None:
            histories[history] = _in_postgres(postgres, f"{history}_{len(frames)}", frames)
            continue
        for name, frame in frames.items():
            frame.to_csv(home / f"{history}-{name}.csv", index=False)
        histories[history] = {"path": f"{history}-*.csv"}
    histories["customers"]["static"] = list(ATTRIBUTES)
    business = {"currency": "EUR", "churn": "inactivity", "horizon_days": 28}
    return {"engine": engine, "business": business, "histories": histories}


def _in_postgres(engine: Engine, name: str, frames: dict[str, pd.DataFrame]) -> dict[str, str]:
    whole = pd.concat(frames.values()).map(lambda cell: None if cell is None else str(cell))
    schema = pa.schema([(column, pa.string()) for column in whole.columns])
    rows = pa.Table.from_pandas(whole, schema, preserve_index=False)
    engine.backend.create_table(f"files_{name}", rows, overwrite=True)
    return {"database": engine.url, "sql": f"select * from files_{name}"}


def load(home: Path, *, engine: str = "duckdb", postgres: Engine | None = None) -> Histories:
    more = home.name == "more"
    return load_histories(parse_config(told(home, engine, postgres, more=more), home=home), now=NOW)


@pytest.fixture(scope="module")
def once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Histories]:
    """A company as it is."""
    found = load(tmp_path_factory.mktemp("files") / "once")
    yield found
    found.close()


@pytest.fixture(scope="module", params=ENGINES)
def more(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Histories]:
    """The same with a copy of every file, and one of what lies ahead; in a database, of rows."""
    server = request.getfixturevalue("postgres") if request.param == "postgres" else None
    engine = "duckdb"
    if request.param == "spark":
        request.getfixturevalue("spark")  # whose session is the one that loads
        engine = "spark"
    found = load(tmp_path_factory.mktemp("files") / "more", engine=engine, postgres=server)
    yield found
    found.close()


@every_history
def test_a_copy_of_a_file_is_noticed_and_counted_once(
    once: Histories, more: Histories, history: str
) -> None:
    before, after = once.reports[history], more.reports[history]
    ahead = len(foretold(history))
    assert before.rows > 0
    assert after.rows_read == 2 * before.rows_read + ahead
    assert after.duplicates == before.duplicates + before.rows_read
    assert after.rows == before.rows + ahead
    assert after.quarantined == before.quarantined


@every_history
def test_neither_a_copy_nor_what_is_foretold_of_the_cutoff_or_later_is_seen(
    once: Histories, more: Histories, history: str
) -> None:
    seen = visible(once, history)
    assert len(seen) > 0
    pd.testing.assert_frame_equal(seen, visible(more, history))


def visible(histories: Histories, history: str) -> pd.DataFrame:
    """What every builder is shown of a history at the cutoff, in one order."""
    found: pd.DataFrame = fetch(known_at(history, histories.tables[history], [LAST])).to_pandas()
    return found.sort_values(list(found.columns), ignore_index=True)
