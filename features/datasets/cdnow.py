"""What did the customers of CDNOW buy? The standard data set of customer lifetime value.

All 23,570 people who first bought at CDNOW in the first quarter of 1997, and their 69,659 orders
until June 1998 (Fader & Hardie 2001), or the 1-in-10 sample of 2,357 that the literature fits.
Taken from the data files of the `lifetimes` package, which is not imported for it.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from importlib.util import find_spec
from pathlib import Path

from features.datasets.folders import MARK, SETTINGS, whole_folder
from features.errors import DataError

KIND = "CDNOW"
COLUMNS = ("customer_id", "date", "cds", "dollars")


@dataclass(frozen=True)
class CdnowReport:
    """What was written.

    Attributes
    ----------
    folder : Path
    customers, orders : int
    repeated_rows : int
        Orders equal to an earlier one in every column. They are real (two purchases of the same
        amount on one day) and belong to the published totals, so tenure.toml keeps them.
    first, last : date
        Days of the first and the last order.
    """

    folder: Path
    customers: int
    orders: int
    repeated_rows: int
    first: date
    last: date


def write_cdnow(folder: Path, *, sample: bool = False) -> CdnowReport:
    """Write CDNOW's orders as a CSV file, and a tenure.toml that maps its columns, into a folder.

    Parameters
    ----------
    folder : Path
        New, empty, or holding CDNOW already, whose files are then replaced.
    sample : bool
        Only the 1-in-10 sample, under its own customer ids ('0001' to '2357').

    Raises
    ------
    DataError
        The folder holds something else, or `lifetimes` and its data files are not installed.
    """
    orders = list(_orders(sample=sample))
    customers = len({order[0] for order in orders})
    part = "1-in-10 sample" if sample else "whole cohort"
    with whole_folder(folder, KIND) as draft:
        with (draft / "orders.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(COLUMNS)
            writer.writerows(orders)
        text = _settings(f"{part}, {customers} customers, {len(orders)} orders")
        (draft / SETTINGS).write_text(text, encoding="utf-8")
    days = sorted(order[1] for order in orders)
    return CdnowReport(
        folder=folder,
        customers=customers,
        orders=len(orders),
        repeated_rows=len(orders) - len(set(orders)),
        first=date.fromisoformat(days[0]),
        last=date.fromisoformat(days[-1]),
    )


def _orders(*, sample: bool) -> Iterator[tuple[str, str, str, str]]:
    """Read customer id, ISO date, CDs and dollars of each order, as text: no digit is touched."""
    path = _data_file("CDNOW_sample.txt" if sample else "CDNOW_master.txt")
    with path.open(encoding="ascii") as lines:
        for line in lines:
            # the sample's lines begin with the id among all; its own id follows
            customer_id, day, cds, dollars = line.split()[-4:]
            if customer_id != "customer_id":
                yield customer_id, _iso(day), cds, dollars


def _data_file(name: str) -> Path:
    package = find_spec("lifetimes")  # finds its folder without running it
    if package is None or package.origin is None:
        raise DataError(f"{name} comes with the package lifetimes, not installed here; install it")
    path = Path(package.origin).parent / "datasets" / name
    if not path.is_file():
        raise DataError(f"lifetimes is installed without its {path}; install lifetimes 0.11.3")
    return path


def _iso(day: str) -> str:
    return date.fromisoformat(day).isoformat()  # from 19970101


def _settings(made: str) -> str:
    return f"""{MARK}{KIND}, {made}

[business]
currency = "USD"
time_zone = "America/New_York"
churn = "inactivity"          # left = no order within the horizon
horizon_days = 91             # churn_probability looks this far ahead
value_horizon_days = 273      # expected_value, likewise: 39 weeks, as in the literature
margin_rate = 0.30            # margin per dollar of revenue
discount_rate_annual = 0.10   # later money counts less

[histories.orders]
path = "orders.csv"
columns = {{ ordered_at = "date", amount = "dollars" }}
duplicates = "keep"           # equal rows are two purchases here; the published totals count both
"""
