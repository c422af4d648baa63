import csv
import subprocess
import sys
from collections import Counter
from datetime import date

import pytest

from features.config import read_config
from features.datasets.cdnow import CdnowReport, write_cdnow


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> CdnowReport:
    return write_cdnow(tmp_path_factory.mktemp("cdnow") / "whole")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> CdnowReport:
    return write_cdnow(tmp_path_factory.mktemp("cdnow") / "sample", sample=True)


def rows(report):
    with (report.folder / "orders.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_cdnow_has_the_customers_and_orders_of_fader_hardie_2001(whole):
    orders = rows(whole)
    assert len(orders) == whole.orders == 69_659
    assert len({order["customer_id"] for order in orders}) == whole.customers == 23_570
    assert (whole.first, whole.last) == (date(1997, 1, 1), date(1998, 6, 30))


def test_everybody_in_cdnow_first_bought_in_the_first_quarter_of_1997(whole):
    first = {}
    for order in rows(whole):
        customer = order["customer_id"]
        first[customer] = min(order["date"], first.get(customer, "9"))
    assert max(first.values()) <= "1997-03-25"


def test_ids_keep_their_leading_zeros_and_amounts_their_digits(whole):
    orders = rows(whole)
    assert orders[0] == {
        "customer_id": "00001",
        "date": "1997-01-01",
        "cds": "1",
        "dollars": "11.77",
    }
    assert orders[1]["dollars"] == "12.00"


def test_the_sample_is_one_tenth_under_its_own_ids(sample):
    ids = {order["customer_id"] for order in rows(sample)}
    assert ids == {f"{number:04d}" for number in range(1, 2_358)}
    assert (sample.customers, sample.orders) == (2_357, 6_919)


def test_equal_rows_are_counted_and_kept(whole, sample):
    counts = Counter(tuple(order.values()) for order in rows(whole))
    assert sum(count - 1 for count in counts.values()) == whole.repeated_rows == 255
    assert sample.repeated_rows == 21
    assert read_config(whole.folder / "tenure.toml").histories["orders"].duplicates == "keep"


def test_the_settings_map_cdnow_s_own_column_names(whole):
    config = read_config(whole.folder / "tenure.toml")
    assert config.business.churn == "inactivity"
    assert (config.business.horizon_days, config.business.value_horizon_days) == (91, 273)
    assert config.histories["orders"].columns == {"ordered_at": "date", "amount": "dollars"}


def test_writing_again_gives_the_same_bytes(whole):
    before = {path.name: path.read_bytes() for path in whole.folder.iterdir()}
    assert write_cdnow(whole.folder) == whole
    assert {path.name: path.read_bytes() for path in whole.folder.iterdir()} == before


def test_lifetimes_is_not_imported_for_its_data(tmp_path):
    code = (
        "import sys; from pathlib import Path; from features.datasets.cdnow import write_cdnow; "
        f"write_cdnow(Path({str(tmp_path / 'c')!r}), sample=True); "
        "sys.exit('lifetimes' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
