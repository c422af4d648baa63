"""Some columns of the catalogue in featuretools; a script for an environment of its own.

``python features_featuretools.py FOLDER CUTOFF`` prints a line of JSON: `seconds` of making the
features, with reading the files, `processor_seconds` of the same, and `totals` of the columns. It
fails with the pandas that Tenure needs, so nothing of Tenure is imported here: `make bench` makes
an environment of requirements-featuretools.txt.

Deep feature synthesis counts and adds up over one window per run (`training_window`), so there is a
run per window; a `cutoff_time` for everyone lets it filter once and group by customer.
"""

from __future__ import annotations

import json
import resource
import sys
import time
import warnings
from pathlib import Path

import featuretools as ft
import pandas as pd

COUNT_WINDOWS = (7, 28, 91, 182, 364)
SUM_WINDOWS = (28, 91, 364)
MEMORY = 12 << 30
AMOUNTS = ("quantity", "duration_seconds")


def main() -> int:
    """Make the columns and print what they add up to."""
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_DATA, (MEMORY, MEMORY))
    folder, cutoff = Path(sys.argv[1]), pd.Timestamp(sys.argv[2])
    start, busy = time.perf_counter(), time.process_time()
    company = _company(folder)
    totals: dict[str, float] = {}
    for days in COUNT_WINDOWS:
        totals |= _windowed(company, cutoff, days)
    seconds, busy = time.perf_counter() - start, time.process_time() - busy
    print(json.dumps({"seconds": seconds, "processor_seconds": busy, "totals": totals}))
    return 0


def _company(folder: Path) -> ft.EntitySet:
    customers = pd.read_parquet(folder / "customers.parquet", columns=["customer_id"])
    usage = ["customer_id", "occurred_at", *AMOUNTS]
    tables = {
        "usage": (pd.read_parquet(folder / "usage.parquet", columns=usage), "occurred_at"),
        "tickets": (
            pd.read_parquet(folder / "tickets.parquet", columns=["customer_id", "opened_at"]),
            "opened_at",
        ),
    }
    company = ft.EntitySet("company")
    company.add_dataframe(customers, "customers", index="customer_id")
    for name, (rows, clock) in tables.items():
        company.add_dataframe(rows, name, index=f"{name}_id", make_index=True, time_index=clock)
        company.add_relationship("customers", "customer_id", name, "customer_id")
    return company


def _windowed(company: ft.EntitySet, cutoff: pd.Timestamp, days: int) -> dict[str, float]:
    # featuretools sees rows at the cutoff itself: the last instant before it is ours
    last = cutoff - pd.Timedelta(microseconds=1)
    matrix, _ = ft.dfs(
        entityset=company,
        target_dataframe_name="customers",
        agg_primitives=["count", "sum"] if days in SUM_WINDOWS else ["count"],
        trans_primitives=[],
        cutoff_time=last,
        training_window=ft.Timedelta(days, "d"),
        max_depth=1,
    )
    totals = {
        f"usage_events_{days}d": matrix["COUNT(usage)"].sum(),
        f"tickets_opened_{days}d": matrix["COUNT(tickets)"].sum(),
    }
    if days in SUM_WINDOWS:
        totals |= {f"usage_{name}_{days}d": matrix[f"SUM(usage.{name})"].sum() for name in AMOUNTS}
    return {name: float(total) for name, total in totals.items()}


if __name__ == "__main__":
    sys.exit(main())
