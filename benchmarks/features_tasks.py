"""One thing to be timed, alone in its process: ``python -m benchmarks.features_tasks TASK FOLDER``.

Prints a line of JSON: `seconds`, `processor_seconds` of all its threads, the peak of its memory in
GB, and what the task says about its result. A process of its own, because only then is the peak of
its memory its own.
"""

from __future__ import annotations

import json
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import ibis.expr.types as ir
from ibis.backends.duckdb import Backend

from benchmarks.features_data import ATTRIBUTES, bare_scan, normalised_views, write_company
from benchmarks.features_pandas import COLUMNS, features_in_pandas
from benchmarks.features_running import CUTOFF
from features.build import build_features, learn_spec, write_features
from features.config import parse_config
from features.histories import Histories, load_histories
from features.spec import FeatureSpec
from features.windows import day_number

CUTOFFS = [CUTOFF - timedelta(days=28 * step) for step in range(6)]
NOW = datetime(2024, 3, 31, tzinfo=UTC)
MEMORY = "4.5GB"
"""What DuckDB may use; the rest of the process comes on top."""
THREADS = 2
_EVERYONE = "create table everyone as select customer_id, cutoff_day::integer as cutoff_day from "

Result = dict[str, Any]


def main() -> int:
    """Run a task and print what it took."""
    task, folder = sys.argv[1], Path(sys.argv[2])
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as scratch:
        print(json.dumps(TASKS[task](folder, Path(scratch))))
    return 0


def make(folder: Path, scratch: Path) -> Result:
    """Write the company of as many customers as the file `customers` says; learn its columns."""
    backend = _engine(scratch)
    backend.con.execute("set preserve_insertion_order = false")
    write_company(backend.con, folder, int((folder / "customers").read_text()))
    histories = _views(backend, folder)
    result = _timed(lambda: _learned(histories, folder))
    rows = {name: table.count().to_pyarrow().as_py() for name, table in histories.tables.items()}
    return result | {"rows": rows, "columns": len(_spec(folder).columns)}


def bare(folder: Path, scratch: Path) -> Result:
    """Scan, group and sum every file."""
    backend = _engine(scratch)
    names = normalised_views(backend.con, folder)
    return _timed(lambda: [bare_scan(backend.con, folder, name) for name in names])


def one(folder: Path, scratch: Path) -> Result:
    """Write all features at one cutoff, from the files."""
    return _write(folder, scratch, CUTOFFS[:1], _spec(folder))


def six(folder: Path, scratch: Path) -> Result:
    """Write all features at six cutoffs, from the files."""
    return _write(folder, scratch, CUTOFFS, _spec(folder))


def frame(folder: Path, scratch: Path) -> Result:
    """Make a frame of all features at one cutoff, from the files, as scoring does."""
    histories, spec = _views(_engine(scratch), folder), _spec(folder)
    population = _population(histories)
    return _timed(lambda: build_features(histories, spec, CUTOFFS[:1], population))


def some(folder: Path, scratch: Path) -> Result:
    """Write the columns that the peers make, at one cutoff."""
    found = _write(folder, scratch, CUTOFFS[:1], _only(_spec(folder), COLUMNS))
    return found | {"totals": _totals(scratch)}


def pandas(folder: Path, scratch: Path) -> Result:
    """Make some columns in plain pandas."""
    limit = 12 << 30
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    frames: list[Any] = []
    found = _timed(lambda: frames.append(features_in_pandas(folder, CUTOFF)))
    totals = {name: float(frames[0][name].sum()) for name in COLUMNS}
    return found | {"totals": totals}


def load(folder: Path, scratch: Path) -> Result:
    """Read, check and roll up all histories as `tenure` does, then again with roll-ups there."""
    config = _config(folder, scratch)
    first = _timed(lambda: load_histories(config, now=NOW).close())
    again = _timed(lambda: load_histories(config, now=NOW).close())
    return first | {"again": again}


def day(folder: Path, scratch: Path) -> Result:
    """Bring the roll-ups up to date with the file of one new day, after all the others."""
    con = _engine(scratch).con
    daily = scratch / "usage"
    daily.mkdir()
    last = f"(select max(occurred_at)::date from '{folder}/usage.parquet')"
    con.execute(
        f"copy (select * from '{folder}/usage.parquet' where occurred_at::date < {last}) "
        f"to '{daily}/before.parquet' (format parquet)"
    )
    config = _config(folder, scratch, usage=f"{daily}/*.parquet")
    before = _timed(lambda: _rolled_up(con, config))
    con.execute(
        f"copy (select * from '{folder}/usage.parquet' where occurred_at::date = {last}) "
        f"to '{daily}/day.parquet' (format parquet)"
    )
    return _timed(lambda: _rolled_up(con, config)) | {"before": before}


def duckdb(folder: Path, scratch: Path) -> Result:
    """Write all features at one cutoff from the uniform tables that Spark reads too."""
    backend = _engine(scratch)
    tables = {path.stem: backend.read_parquet(path) for path in _uniform(folder, scratch)}
    histories, spec = Histories(backend, tables, ATTRIBUTES), _spec(folder)
    population, out = _population(histories), scratch / "features"
    return _timed(lambda: write_features(histories, spec, CUTOFFS[:1], population, out))


def spark(folder: Path, scratch: Path) -> Result:
    """Have Spark write all features at one cutoff."""
    spec, uniform, out = _spec(folder), _uniform(folder, scratch), scratch / "features"
    with _spark(scratch) as backend:
        tables = {path.stem: backend.read_parquet(str(path)) for path in uniform}
        people = tables["customers"].select("customer_id")
        population = people.mutate(cutoff_day=ibis.literal(day_number(CUTOFF), "int32"))
        histories = Histories(backend, tables, ATTRIBUTES)
        took = _timed(lambda: write_features(histories, spec, CUTOFFS[:1], population, out))
    # processor time and memory are spent in Java, another process
    return {"seconds": took["seconds"]}


def _write(folder: Path, scratch: Path, cutoffs: Sequence[date], spec: FeatureSpec) -> Result:
    backend = _engine(scratch)
    histories = _views(backend, folder)
    population = _population(histories)
    out = scratch / "features"
    return _timed(lambda: write_features(histories, spec, cutoffs, population, out))


def _timed(work: Callable[[], object]) -> Result:
    start, busy = time.perf_counter(), _processor_seconds()
    work()
    return {
        "seconds": time.perf_counter() - start,
        "processor_seconds": _processor_seconds() - busy,
        "peak_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    }


def _processor_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _engine(scratch: Path) -> Backend:
    backend = ibis.duckdb.connect(threads=THREADS, memory_limit=MEMORY)
    backend.con.execute(
        f"set enable_progress_bar = false; set temp_directory = '{scratch / 'spilled'}'"
    )
    return backend


def _views(backend: Backend, folder: Path) -> Histories:
    names = normalised_views(backend.con, folder)
    return Histories(backend, {name: backend.table(name) for name in names}, ATTRIBUTES)


def _population(histories: Histories) -> ir.Table:
    backend = histories.backend
    people = backend.compile(histories.tables["customers"].select("customer_id"))
    days = ", ".join(str(day_number(cutoff)) for cutoff in CUTOFFS)
    backend.con.execute(f"{_EVERYONE} ({people}), (select unnest([{days}]) as cutoff_day)")
    return backend.table("everyone")


def _learned(histories: Histories, folder: Path) -> None:
    (folder / "spec.json").write_text(learn_spec(histories, [CUTOFF]).to_json())


def _spec(folder: Path) -> FeatureSpec:
    return FeatureSpec.from_json((folder / "spec.json").read_text())


def _only(spec: FeatureSpec, names: Sequence[str]) -> FeatureSpec:
    kept = tuple(column for column in spec.columns if column.name in names)
    histories = tuple(
        history
        for history in spec.histories
        if any(column.name.startswith(f"{history}_") for column in kept)
    )
    seen = {name: seen for name, seen in spec.seen.items() if name in histories}
    return replace(spec, columns=kept, histories=histories, attributes=(), seen=seen)


def _totals(scratch: Path) -> Mapping[str, float]:
    files = ibis.duckdb.connect().read_parquet(str(scratch / "features" / "*.parquet"))
    row = files.aggregate(**{name: files[name].sum() for name in COLUMNS}).to_pyarrow()
    return {name: float(value) for name, value in row.to_pylist()[0].items()}


def _config(folder: Path, home: Path, *, usage: str | None = None) -> Any:
    histories = {
        path.stem: {"path": str(path)}
        for path in sorted(folder.glob("*.parquet"))
        if path.stem not in ("usage", "customers")
    }
    histories["usage"] = {"path": usage or str(folder / "usage.parquet")}
    static = [name for name in ATTRIBUTES if name != "employees"]
    customers = {"path": str(folder / "customers.parquet"), "static": static}
    business = {
        "currency": "EUR",
        "time_zone": "UTC",
        "churn": "inactivity",
        "horizon_days": 91,
        "value_horizon_days": 364,
        "margin_rate": 0.4,
        "discount_rate_annual": 0.1,
    }
    raw = {"business": business, "histories": histories | {"customers": customers}}
    return parse_config(raw, home=home)


def _rolled_up(con: Any, config: Any) -> None:
    from features.rollups.refresh import refresh_rollups

    refresh_rollups(con, config, config.histories["usage"], NOW)


def _uniform(folder: Path, scratch: Path) -> list[Path]:
    """Write the histories with the columns that builders see; return the files."""
    backend = _engine(scratch)
    out = scratch / "uniform"
    out.mkdir()
    for name in normalised_views(backend.con, folder):
        backend.con.execute(f"copy {name} to '{out / name}.parquet' (format parquet)")
    backend.disconnect()
    return sorted(out.glob("*.parquet"))


@contextmanager
def _spark(scratch: Path) -> Iterator[Any]:
    from features.spark.session import open_spark

    backend, _ = open_spark(
        {
            "spark.master": f"local[{THREADS}]",
            "spark.driver.memory": "5g",
            "spark.sql.shuffle.partitions": "8",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.host": "127.0.0.1",
            "spark.ui.enabled": "false",
            "spark.local.dir": str(scratch / "spark"),
            "spark.sql.warehouse.dir": str(scratch / "warehouse"),
            "spark.sql.session.timeZone": "UTC",
        }
    )
    try:
        yield backend
    finally:
        backend.disconnect()
        shutil.rmtree(scratch / "spark", ignore_errors=True)


_ALL = (make, bare, one, six, frame, some, pandas, load, day, duckdb, spark)
TASKS: Mapping[str, Callable[[Path, Path], Result]] = {each.__name__: each for each in _ALL}

if __name__ == "__main__":
    sys.exit(main())
