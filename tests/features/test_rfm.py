"""Purchase counting: CDNOW as published, and the rules by hand."""

from __future__ import annotations

import importlib.util
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from features.errors import NotEnoughData
from features.rfm import rfm
from features.windows import day_number
from tests.features import worlds
from tests.features.worlds import CUTOFF, Rows, row


def _cdnow(name: str) -> Path:
    # found, not imported: the package warns when it is
    package = importlib.util.find_spec("lifetimes")
    assert package is not None
    assert package.origin is not None
    return Path(package.origin).parent / "datasets" / name


@pytest.fixture(scope="module")
def purchases() -> pd.DataFrame:
    """The sample as shipped: id among all, id in the sample, date, discs, dollars."""
    columns = ["master_id", "customer_id", "date", "discs", "amount"]
    frame = pd.read_csv(
        _cdnow("CDNOW_sample.txt"), sep=r"\s+", names=columns, dtype={0: str, 1: str, 2: str}
    )
    frame["day"] = [day_number(date.fromisoformat(day)) for day in frame["date"]]
    return frame


@pytest.fixture(scope="module")
def published() -> pd.DataFrame:
    """The summary of Fader & Hardie, in weeks of two decimals: x, t_x, T and zbar by customer."""
    frame = pd.read_csv(_cdnow("cdnow_customers_summary_with_transactions.csv"))
    return frame.sort_values("ID", ignore_index=True)


def _orders(frame: pd.DataFrame) -> Rows:
    return [
        {
            "customer_id": each.customer_id,
            "day": each.day,
            "known_day": each.day,
            "amount": each.amount,
        }
        for each in frame.itertuples()
    ]


def _counted(frame: pd.DataFrame) -> pd.DataFrame:
    found = rfm(worlds.table("orders", _orders(frame)), date(1997, 10, 1))
    return found.assign(ID=found["customer_id"].astype(int)).sort_values("ID", ignore_index=True)


def test_cdnow_counts_equal_the_published_summary_for_all_2357_customers(
    purchases: pd.DataFrame, published: pd.DataFrame
) -> None:
    found = _counted(purchases)
    assert len(found) == 2357
    assert list(found["ID"]) == list(published["ID"])
    assert list(found["frequency"]) == list(published["x"])
    # theirs are weeks rounded to two decimals: 0.005 weeks is far less than a day
    assert (found["recency"] / 7 - published["t_x"]).abs().max() <= 0.0051
    assert (found["T"] / 7 - published["T"]).abs().max() <= 0.0051
    # zbar is rounded to cents
    assert (found["monetary_value"] - published["zbar"]).abs().max() <= 0.0051


def test_cdnow_needs_its_exact_duplicates_they_are_purchases(
    purchases: pd.DataFrame, published: pd.DataFrame
) -> None:
    assert purchases.duplicated().sum() == 21
    without = _counted(purchases.drop_duplicates())
    assert list(without["frequency"]) == list(published["x"])
    off = (without["monetary_value"] - published["zbar"]).abs() > 0.0051
    assert sorted(without["ID"][off]) == [147, 975, 1744, 2149]


def _one(rows: Rows) -> tuple[float, ...]:
    found = rfm(worlds.table("orders", rows), CUTOFF)
    assert list(found["customer_id"]) == ["a"]
    return tuple(found.loc[0, ["frequency", "recency", "T", "monetary_value"]])


def test_several_orders_on_one_day_are_one_purchase() -> None:
    rows = [row("orders", 30, amount=5.0), *(row("orders", 10, amount=each) for each in (2.0, 4.0))]
    assert _one(rows) == (1, 20, 29, 6.0)


def test_a_one_time_buyer_has_frequency_recency_and_monetary_value_zero() -> None:
    assert _one([row("orders", 1, amount=5.0)]) == (0, 0, 0, 0.0)


def test_a_refund_is_no_purchase_and_takes_nothing_from_one() -> None:
    rows = [row("orders", 30, amount=5.0), row("orders", 10, amount=4.0)]
    assert _one([*rows, row("orders", 5, amount=-4.0)]) == _one(rows)


def test_no_orders_before_the_cutoff_names_the_earliest() -> None:
    rows = [row("orders", -age, amount=a) for age, a in ((2, -1.0), (4, 0.0), (6, 1.0))]
    with pytest.raises(NotEnoughData) as error:
        rfm(worlds.table("orders", rows), CUTOFF)
    assert str(error.value) == (
        "no orders before cutoff 2024-06-01: the earliest of 2 orders is 2024-06-05; "
        "move the cutoff later or load more history"
    )


def test_no_orders_at_all_say_so() -> None:
    with pytest.raises(NotEnoughData, match="no orders before cutoff 2024-06-01: there are none"):
        rfm(worlds.table("orders", []), CUTOFF)
