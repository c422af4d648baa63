"""Spark reads, checks and normalises what DuckDB does, to the same tables and the same counts."""

from __future__ import annotations

import gzip
import shutil
import sys
import warnings
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pyarrow.csv as pcsv
import pyarrow.parquet as pq
import pytest

from features.config import Config, parse_config, read_config
from features.datasets.simulator import simulate
from features.engines import fetch, write_parquet
from features.errors import ConfigError, DataError
from features.histories import Histories, load_histories
from features.scratch import SCRATCH
from features.spark.session import open_spark
from serving.batch import score_and_publish
from serving.feature_table import write_feature_table
from serving.snapshot import open_snapshot
from serving.table_folders import ABOUT
from tests.features.engines import RELATIVE, Engine
from training.readiness import readiness
from training.retrain import retrain

NOW = datetime(2025, 6, 1, tzinfo=UTC)

ORDERS = """Kunde;Datum;Menge;Preis;Notiz
001;31.12.2024 10:00;2;3,50;"quoted ""word"", and
a second line"
001;31.12.2024 10:00;2;3,50;"quoted ""word"", and
a second line"
13085.0;01.02.2025 23:30;1;1.000,25;NULL
2;15.03.2025;0;9,00;
3;16.03.2025;1;cheap;
;17.03.2025;1;2,00;
4;not a day;1;2,00;
"""
CUSTOMERS = """customer_id,signed_up_at,segment
001,2024-01-02,gold
001,2024-01-01,silver
2,2024-05-05T22:30:00Z,
3,soon,gold
"""
TERMS = [
    {"customer_id": 1, "started_at": datetime(2024, 1, 1), "ended_at": datetime(2024, 1, 31)},  # noqa: DTZ001
    {"customer_id": 1, "started_at": datetime(2024, 2, 1), "ended_at": None},  # noqa: DTZ001
    {"customer_id": 2, "started_at": datetime(2024, 3, 1), "ended_at": datetime(2024, 2, 1)},  # noqa: DTZ001
]
USAGE = """{"customer_id": "001", "occurred_at": "2025-01-01 08:00:00", "event": "login"}
{"customer_id": "001", "occurred_at": "2025-01-01 09:00:00", "event": "login"}
{"customer_id": "2", "occurred_at": "2025-01-02T09:00:00+02:00", "quantity": 2.5}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """Files of many kinds: semicolons and decimal commas, gzip, Parquet and JSON lines."""
    half = ORDERS.index("13085")
    header = ORDERS.splitlines(keepends=True)[0]
    (tmp_path / "orders-1.csv").write_bytes(ORDERS[:half].encode("cp1252"))
    (tmp_path / "orders-2.csv").write_bytes((header + ORDERS[half:]).encode("cp1252"))
    (tmp_path / "customers.csv.gz").write_bytes(gzip.compress(CUSTOMERS.encode("utf-8-sig")))
    pq.write_table(pa.Table.from_pylist(TERMS), tmp_path / "terms.parquet")
    (tmp_path / "usage.jsonl").write_text(USAGE)
    return tmp_path


def config(home: Path, engine: str, **settings: str) -> Config:
    raw = {
        "engine": engine,
        "spark": settings,
        "business": {
            "currency": "EUR",
            "churn": "inactivity",
            "horizon_days": 28,
            "time_zone": "Europe/Berlin",
        },
        "histories": {
            "orders": {
                "path": "orders-*.csv",
                "where": "Menge > 0",
                "time_format": "%d.%m.%Y %H:%M",
                "columns": {
                    "customer_id": "Kunde",
                    "ordered_at": "Datum",
                    "amount": "Menge * Preis",
                    "category": "Notiz",
                },
            },
            "customers": {"path": "customers.csv.gz", "static": ["segment"]},
            "subscriptions": {"path": "terms.parquet", "ends_inclusive": True},
            "usage": {"path": "usage.jsonl"},
            "tickets": {
                "sql": "select Kunde as customer_id, '2025-01-05' as opened_at, "
                "count(*) as contacts from read_csv('orders-2.csv', delim = ';', "
                "all_varchar = true) where Kunde <> '' group by Kunde"
            },
        },
    }
    return parse_config(raw, home=home)


def rows(histories: Histories, name: str) -> pd.DataFrame:
    frame: pd.DataFrame = fetch(histories.tables[name]).to_pandas()
    return frame.sort_values(list(frame.columns), ignore_index=True)


@pytest.fixture
def both(shop: Path, spark: Engine) -> Iterator[tuple[Histories, Histories]]:
    duck = load_histories(config(shop, "duckdb"), now=NOW)
    other = load_histories(config(shop, "spark", **{SCRATCH: str(shop / "scratch")}), now=NOW)
    yield duck, other
    duck.close()
    other.close()


@pytest.mark.slow
def test_spark_loads_what_duckdb_loads_with_the_same_counts(
    both: tuple[Histories, Histories], shop: Path, spark: Engine
) -> None:
    duck, other = both
    assert other.reports == duck.reports
    assert (other.last_day, other.attributes) == (duck.last_day, duck.attributes)
    assert other.strangers() == duck.strangers()
    for name in duck.tables:
        pd.testing.assert_frame_equal(rows(duck, name), rows(other, name))
    assert sum(duck.reports["orders"].quarantined.values()) > 0
    for name, report in duck.reports.items():
        assert refused(shop / "quarantine" / name) == sum(report.quarantined.values())
    again = load_histories(config(shop, "spark"), now=NOW)
    assert again.fingerprint == other.fingerprint != ""
    again.close()
    other.close()
    assert list((shop / "scratch").iterdir()) == []
    assert spark.backend._session.sql("select 1").collect()  # not ours to stop


def refused(folder: Path) -> int:
    options = pcsv.ParseOptions(newlines_in_values=True)
    parts = folder.glob("*.csv")
    return sum(pcsv.read_csv(part, parse_options=options).num_rows for part in parts)


def described(home: Path, **orders: Any) -> Config:
    business = {"currency": "EUR", "churn": "inactivity", "horizon_days": 28}
    raw = {"engine": "spark", "business": business, "histories": {"orders": orders}}
    return parse_config(raw, home=home)


@pytest.mark.parametrize(
    ("orders", "said"),
    [
        ({"path": "none.csv"}, "orders: no file at .*none.csv; mend path under"),
        ({"path": "empty.csv"}, "orders: .*empty.csv is empty; export it again"),
        ({"path": "book.xlsx"}, r"orders: Spark reads text files, JSON lines .* not \.xlsx"),
        (
            {"path": "a.csv", "columns": {"amount": "sum(amount) over ()"}},
            "orders: columns.amount = .* looks at other rows",
        ),
        ({"path": "a.csv", "where": "nonsense(amount)"}, "orders: where = .* can't be evaluated"),
        ({"path": "ragged.csv"}, "orders: Spark can't read ragged.csv"),
        ({"path": "bad.csv"}, "all 1 rows of orders were put aside .*quarantine/orders and mend"),
        ({"sql": "select 1", "database": "shop.duckdb"}, "a database is named by a JDBC URL"),
        ({"sql": "select ((1"}, "orders: its sql can't be put into Spark's dialect"),
    ],
)
def test_what_spark_cannot_do_is_said_in_a_sentence(
    spark: Engine, tmp_path: Path, orders: dict[str, Any], said: str
) -> None:
    header = "customer_id,ordered_at,amount\n"
    (tmp_path / "a.csv").write_text(header + "a,2025-01-01,1\n")
    (tmp_path / "bad.csv").write_text(header + "a,2025-01-01,x\n")
    (tmp_path / "ragged.csv").write_text(header + "a,2025-01-01,1,2,3\n" * 3)
    (tmp_path / "empty.csv").touch()
    (tmp_path / "book.xlsx").write_bytes(b"PK")
    with pytest.raises(DataError, match=said):
        load_histories(described(tmp_path, **orders), now=NOW)


@pytest.mark.slow
def test_spark_refuses_a_ragged_row_of_a_table_parted_by_blanks(
    tmp_path: Path, spark: Engine
) -> None:
    lines = [f"C{i} 2025-01-{i % 28 + 1:02} {i}.5" for i in range(400)]
    described = {
        "engine": "spark",
        "business": {"currency": "EUR", "churn": "inactivity", "horizon_days": 28},
        "histories": {"orders": {"path": "orders.txt"}},
    }
    for last in ("  x 2025-01-01\t1 ", "x 2025-01-01 1 2"):
        text = "\n".join(["customer_id ordered_at  amount", *lines, "", last])
        (tmp_path / "orders.txt").write_text(text)
        if len(last.split()) == 3:
            found = load_histories(parse_config(described, home=tmp_path), now=NOW)
            assert found.reports["orders"].rows == 401
            found.close()
    with pytest.raises(DataError, match=r"Spark can't read orders.txt: .*ragged row in .*txt"):
        load_histories(parse_config(described, home=tmp_path), now=NOW)


def test_without_pyspark_or_java_one_sentence_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as without:
        without.setitem(sys.modules, "pyspark.sql", None)
        with pytest.raises(ConfigError, match=r"pip install 'tenure\[spark\]' and Java 17"):
            open_spark({})
    pytest.importorskip("pyspark")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(ConfigError, match="needs Java 17 or newer, and there is no java"):
        open_spark({})


def test_a_table_in_memory_goes_to_spark_as_arrow_without_a_warning_of_pandas(
    spark: Engine,
) -> None:
    rows = pa.table({"customer_id": ["a", None], "n": pa.array([1, None], pa.int32())})
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warnings.filterwarnings("ignore", "fetch_arrow_table", DeprecationWarning)
        found = spark.backend.to_pyarrow(ibis.memtable(rows))
    assert found.sort_by("customer_id").to_pylist() == rows.to_pylist()


def test_a_finished_table_is_written_by_the_engine_and_leaves_no_scratch_file(
    spark: Engine, duck: Engine, tmp_path: Path
) -> None:
    found = pa.table({"customer_id": ["b", "a", None], "n": pa.array([1, None, 3], pa.int32())})
    spark.backend._session.conf.set(SCRATCH, str(tmp_path / "scratch"))
    for engine in (spark, duck):
        [table] = engine.put({"some": found}, "fetch").values()
        ordered = table.order_by(table.customer_id.desc())
        assert fetch(ordered)["n"].to_pylist()[:2] in ([1, None], [3, 1])
        assert fetch(table).schema.equals(found.schema)
        write_parquet(table, tmp_path / engine.backend.name)
        assert pq.read_table(tmp_path / engine.backend.name).num_rows == 3
    assert list((tmp_path / "scratch").iterdir()) == []
    spark.backend._session.conf.unset(SCRATCH)


@pytest.mark.slow
def test_the_feature_table_is_written_by_executors_to_a_url_with_the_numbers_of_duckdb(
    spark: Engine, tmp_path: Path
) -> None:
    simulate(tmp_path / "home", customers=300, seed=7, weeks=91)
    found = {}
    for engine in ("duckdb", "spark"):
        settings = smaller(read_config(tmp_path / "home" / "tenure.toml"), engine)
        histories = load_histories(settings, now=datetime(2030, 1, 1, tzinfo=UTC))
        out = tmp_path / engine
        for _ in range(2):
            place = f"file://{out}/" if engine == "spark" else str(out)
            write_feature_table(settings, histories, date(2026, 3, 2), place)
        histories.close()
        assert (out / ABOUT).read_text().startswith("{")
        found[engine] = pd.read_parquet(out).sort_values("customer_id", ignore_index=True)
    pd.testing.assert_frame_equal(found["spark"], found["duckdb"], rtol=0, atol=2e-6)
    assert {each.name for each in tmp_path.iterdir()} == {"home", "duckdb", "spark"}


@pytest.mark.slow
def test_checking_retraining_and_scoring_by_spark_gives_what_duckdb_gives(
    spark: Engine, tmp_path: Path
) -> None:
    """A user changes one line of tenure.toml; models and snapshots notice nothing."""
    published = {}
    for engine in ("duckdb", "spark"):
        home = tmp_path / engine
        simulate(home, customers=1500, seed=7, weeks=91)
        settings = smaller(read_config(home / "tenure.toml"), engine)
        histories = load_histories(settings, now=datetime(2030, 1, 1, tzinfo=UTC))
        ready = readiness(settings, histories)
        retrain(settings, histories)
        score_and_publish(settings, histories)
        histories.close()
        with open_snapshot(home) as snapshot:
            published[engine] = ready, snapshot.features(), snapshot.scores()
    (ready, *frames), (ready_too, *frames_too) = published.values()
    assert ready_too == ready
    for one, other in zip(frames, frames_too, strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=RELATIVE, atol=RELATIVE)


def smaller(config: Config, engine: str) -> Config:
    """Return the config with fewer histories and cutoffs: Spark plans each for seconds."""
    kept = {name: config.histories[name] for name in ("customers", "subscriptions", "orders")}
    training = config.training.model_copy(update={"origins": 1, "cutoffs": 2})
    return config.model_copy(update={"engine": engine, "training": training, "histories": kept})
