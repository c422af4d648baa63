"""How fast are usage features built? As a ratio to DuckDB's bare scan, group and sum of the file.

Both read the same Parquet file of usage in the order of time, a million customers and twenty
events each, and end in a pandas frame with one row per customer: theirs holds a count and a sum,
ours every usage feature at one cutoff. They take turns, so that whatever else the machine does
meets both.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import ibis
from ibis.backends.duckdb import Backend

from features.build import build_features, learn_spec
from features.histories import Histories
from features.windows import day_number

TARGET = 4.0
CUSTOMERS = 1_000_000
EVENTS_PER_CUSTOMER = 20
DAYS = 400
ROUNDS = 5
CUTOFF = date(2024, 2, 6)
PEER = "select customer_id, count(*) as events, sum(quantity) as quantity from '{file}' group by 1"

# every customer has one event in each turn of CUSTOMERS * 20; the others favour low numbers
_EVENTS = """
copy (
    select
        'C' || lpad((case when i % 20 = 0 then i // 20 else
            floor(power(hash(i) % 1000003 / 1000003, 1.5) * {customers})::bigint end
        )::varchar, 9, '0') as customer_id,
        timestamp '2023-01-02' + interval (i * {days} * 86400 // {events}) second as occurred_at,
        ['login', 'view', 'search', 'report', 'export', 'share', 'invite', 'api'][
            1 + least(hash(i * 7 + 1) % 8, hash(i + 3) % 8)::int] as event,
        (hash(i * 3) % 20)::double as quantity
    from range({events}) as numbers(i)
) to '{file}' (format parquet)
"""
_NORMALISED = """
create view usage as select
    customer_id, occurred_at, event, quantity, null::double as duration_seconds,
    cast(cast(occurred_at as date) - date '1970-01-01' as integer) as day, day as known_day
from '{file}'
"""


def measure(scale: float = 1.0) -> list[dict[str, Any]]:
    """Measure the build of all usage features beside a bare scan, group and sum.

    Parameters
    ----------
    scale : float
        Of the number of customers and events.

    Returns
    -------
    list of dict: name, peer, size, ours, theirs (seconds), ratio, target, met
    """
    customers = max(1_000, int(CUSTOMERS * scale))
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        file = Path(folder) / "usage.parquet"
        backend = ibis.duckdb.connect(threads=2)
        _write(backend, file, customers)
        ours, theirs, columns = _race(backend, file)
        backend.disconnect()
    return [
        {
            "name": "usage features at one cutoff",
            "peer": "DuckDB: select customer_id, count(*), sum(quantity) group by 1",
            "size": f"{customers:,} customers, {customers * EVENTS_PER_CUSTOMER:,} events, "
            f"{columns} features",
            "ours": ours,
            "theirs": theirs,
            "ratio": ours / theirs,
            "target": TARGET,
            "met": ours / theirs <= TARGET,
        }
    ]


def _write(backend: Backend, file: Path, customers: int) -> None:
    events = customers * EVENTS_PER_CUSTOMER
    backend.con.execute(_EVENTS.format(customers=customers, events=events, days=DAYS, file=file))
    backend.con.execute(_NORMALISED.format(file=file))
    backend.con.execute(
        "create table everyone as select distinct customer_id, "
        f"{day_number(CUTOFF)}::integer as cutoff_day from usage"
    )


def _race(backend: Backend, file: Path) -> tuple[float, float, int]:
    """Median seconds of ours and of theirs, and the number of our features."""
    histories = Histories(backend, {"usage": backend.table("usage")})
    spec = learn_spec(histories, [CUTOFF])
    everyone = backend.table("everyone")
    ours, theirs = [], []
    for _ in range(ROUNDS):
        theirs.append(_seconds(lambda: backend.con.execute(PEER.format(file=file)).df()))
        ours.append(_seconds(lambda: build_features(histories, spec, [CUTOFF], everyone)))
    return statistics.median(ours), statistics.median(theirs), len(spec.columns)


def _seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    for row in measure():
        print(row)
