"""The same columns in plain pandas, as a careful analyst would write them.

A part of the catalogue: what pandas and featuretools can be asked for in a few lines. Only the
columns that are needed are read, customers become categories, each window is a boolean mask.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd

COUNT_WINDOWS = (7, 28, 91, 182, 364)
SUM_WINDOWS = (28, 91, 364)
COLUMNS = (
    *(f"usage_events_{days}d" for days in COUNT_WINDOWS),
    *(f"usage_quantity_{days}d" for days in SUM_WINDOWS),
    *(f"usage_duration_seconds_{days}d" for days in SUM_WINDOWS),
    "usage_days_since_last",
    "usage_days_since_first",
    *(f"tickets_opened_{days}d" for days in COUNT_WINDOWS),
    "tickets_days_since_last",
)
"""What the peers make: counts and sums by window, and days since."""


def features_in_pandas(folder: Path, cutoff: date) -> pd.DataFrame:
    """Make `COLUMNS` at a cutoff, one row per customer of the file of customers.

    Parameters
    ----------
    folder : Path
        With the Parquet files of `benchmarks.features_data`.
    cutoff : date
    """
    people = pd.read_parquet(folder / "customers.parquet", columns=["customer_id"])["customer_id"]
    made: dict[str, pd.Series] = {}
    usage = _known(folder / "usage.parquet", "occurred_at", cutoff, people)
    made |= _counts(usage, "usage_events", people)
    for name in ("quantity", "duration_seconds"):
        for days in SUM_WINDOWS:
            recent = usage[usage["age"] < days]
            total = recent.groupby("customer", sort=False)[name].sum()
            made[f"usage_{name}_{days}d"] = _for_all(total, people).fillna(0.0)
    ages = usage.groupby("customer", sort=False)["age"]
    made["usage_days_since_last"] = _for_all(ages.min() + 1, people)
    made["usage_days_since_first"] = _for_all(ages.max() + 1, people)
    del usage, ages
    tickets = _known(folder / "tickets.parquet", "opened_at", cutoff, people)
    made |= _counts(tickets, "tickets_opened", people)
    newest = tickets.groupby("customer", sort=False)["age"].min() + 1
    made["tickets_days_since_last"] = _for_all(newest, people)
    frame = pd.DataFrame(made)
    frame.insert(0, "customer_id", people.to_numpy())
    return frame


def _known(file: Path, time: str, cutoff: date, people: pd.Series) -> pd.DataFrame:
    columns = ["customer_id", time]
    if time == "occurred_at":
        columns += ["quantity", "duration_seconds"]
    rows = pd.read_parquet(file, columns=columns)
    rows = rows[rows[time] < pd.Timestamp(cutoff)]
    rows["customer"] = pd.Index(people).get_indexer(rows.pop("customer_id")).astype("int32")
    last = pd.Timestamp(cutoff) - pd.Timedelta(days=1)
    rows["age"] = (last - rows.pop(time).dt.floor("D")).dt.days.astype("int32")
    return rows[rows["customer"] >= 0]


def _counts(rows: pd.DataFrame, name: str, people: pd.Series) -> dict[str, pd.Series]:
    found = {}
    for days in COUNT_WINDOWS:
        counts = rows[rows["age"] < days].groupby("customer", sort=False).size()
        found[f"{name}_{days}d"] = _for_all(counts, people).fillna(0.0)
    return found


def _for_all(values: pd.Series, people: pd.Series) -> pd.Series:
    return values.reindex(range(len(people))).astype("float64")
