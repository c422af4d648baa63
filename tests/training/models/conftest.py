"""CDNOW as the literature summarises it, from the files of the `lifetimes` package."""

from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

CUTOFF = pd.Timestamp("1997-10-01")


class Histories(NamedTuple):
    """BTYD summary in days at 1997-10-01, and purchase days in the 39 weeks after it."""

    frequency: np.ndarray
    recency: np.ndarray
    T: np.ndarray
    monetary_value: np.ndarray
    bought_later: np.ndarray


def folder() -> Path:
    # found, not imported: importing lifetimes changes the process's warning filters
    spec = find_spec("lifetimes")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent / "datasets"


def summarise(orders: pd.DataFrame) -> Histories:
    orders["day"] = pd.to_datetime(orders["date"].astype(str))
    days = orders.groupby(["customer", "day"])["amount"].sum().reset_index()
    known = days[days["day"] < CUTOFF]
    by_customer = known.groupby("customer")["day"]
    first, last = by_customer.min(), by_customer.max()
    frequency = by_customer.size() - 1
    repeats = known[known["day"] > known["customer"].map(first)]
    spend = repeats.groupby("customer")["amount"].mean()
    later = days[days["day"] >= CUTOFF].groupby("customer").size()
    return Histories(
        frequency.to_numpy(float),
        (last - first).dt.days.to_numpy(float),
        # one day less than the age at the cutoff: the published summary counts so
        (CUTOFF - pd.Timedelta(days=1) - first).dt.days.to_numpy(float),
        spend.reindex(frequency.index).fillna(0.0).to_numpy(float),
        later.reindex(frequency.index).fillna(0).to_numpy(float),
    )


@pytest.fixture(scope="session")
def cdnow_sample() -> Histories:
    columns = ["master_id", "customer", "date", "cds", "amount"]
    return summarise(pd.read_csv(folder() / "CDNOW_sample.txt", sep=r"\s+", names=columns))


@pytest.fixture(scope="session")
def cdnow_all() -> Histories:
    columns = ["customer", "date", "cds", "amount"]
    return summarise(
        pd.read_csv(folder() / "CDNOW_master.txt", sep=r"\s+", names=columns, skiprows=1)
    )
