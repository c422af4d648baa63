"""Is each time in a file read as what it says, or put aside?"""

from datetime import UTC, datetime

import pytest

from features.config import parse_config
from features.errors import DataError
from features.histories import load_histories

NOW = datetime(2025, 6, 1, tzinfo=UTC)
NO_TIME = {"ordered_at is not a time between 1900 and 2200": 1}


@pytest.fixture
def load(tmp_path):
    opened = []

    def load(*cells, zone="UTC", **table):
        lines = [f'c{place},"{cell}",1\n' for place, cell in enumerate(cells)]
        (tmp_path / "orders.csv").write_text("customer_id,ordered_at,amount\n" + "".join(lines))
        business = {
            "currency": "EUR", "churn": "inactivity", "horizon_days": 28, "time_zone": zone,
        }  # fmt: skip
        raw = {"business": business, "histories": {"orders": {"path": "orders.csv"} | table}}
        opened.append(load_histories(parse_config(raw, home=tmp_path), now=NOW))
        return opened[-1]

    yield load
    for each in opened:
        each.close()


def times(histories):
    found = histories.backend.con.execute("select ordered_at from orders order by customer_id")
    return [time.isoformat(" ", "minutes") for (time,) in found.fetchall()]


def put_aside(histories):
    return dict(histories.reports["orders"].quarantined)


@pytest.mark.parametrize("clock", ["10:05 PM", "10:05:00 PM", "10:05:00 pm"])
def test_an_iso_day_with_a_12_hour_clock_is_read_by_it(load, clock):
    found = load(f"2024-05-01 {clock}", "2024-05-02 01:00 AM", "2024-05-03 13:00:00", "2024-05-04")
    assert times(found) == [
        "2024-05-01 22:05", "2024-05-02 01:00", "2024-05-03 13:00", "2024-05-04 00:00",
    ]  # fmt: skip


EXPRESSION = {"ordered_at": "coalesce(ordered_at, null)"}
ENDINGS = ["Asia/Tokyo", "EST", "PST", "UTC+9", "GMT+0900", "(local)", "p.m.", "+9"]


@pytest.mark.parametrize("columns", [{}, EXPRESSION])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_time_with_a_zone_name_is_put_aside(load, ending, columns):
    days = [f"2024-05-0{day}" for day in range(1, 9)]
    found = load(f"2024-06-01 01:00:00 {ending}", *days, columns=columns)
    assert put_aside(found) == NO_TIME
    assert times(found) == [f"{day} 00:00" for day in days]


@pytest.mark.parametrize(
    "cell",
    [
        "2024-05-01", "2024-5-1 0:00", "2024/05/01", "2024-05-01T00:00", "2024-05-01 00:00:00.000",
        "2024-05-01T00:00Z", "2024-05-01 00:00:00 UTC", "2024-05-01T02:00:00.000+02:00",
        "2024-04-30 19:00:00-0500",
    ],
)  # fmt: skip
def test_every_iso_way_to_write_a_time_is_still_read(load, cell):
    assert times(load(cell)) == ["2024-05-01 00:00"]


@pytest.mark.parametrize("columns", [{}, {"ordered_at": "ordered_at || ''"}])
def test_an_iso_offset_beside_a_time_format_is_shifted_once(load, columns):
    cells = ["2024-05-10T10:00:00Z", "2024-05-10T10:00+02", "2024-05-10 05:00"]
    cells += ["10/05/2024 05:00"] * 4
    found = load(*cells, zone="America/New_York", time_format="%d/%m/%Y %H:%M", columns=columns)
    assert times(found) == ["2024-05-10 10:00", "2024-05-10 08:00"] + ["2024-05-10 09:00"] * 5


@pytest.mark.parametrize("columns", [{}, {"ordered_at": "ordered_at || ''"}])
@pytest.mark.parametrize(
    ("zone_format", "zone"), [("%z", "+0900"), ("%z", "+09:00"), ("%Z", "Asia/Tokyo")]
)
def test_a_time_format_with_a_zone_is_not_shifted_again(load, zone_format, zone, columns):
    found = load(
        f"10/05/2024 23:00 {zone}",
        "2024-05-10 05:00",
        zone="America/New_York",
        time_format=f"%d/%m/%Y %H:%M {zone_format}",
        columns=columns,
    )
    assert times(found) == ["2024-05-10 14:00", "2024-05-10 09:00"]


def test_an_offset_among_local_times_is_put_aside_where_an_expression_would_drop_it(load):
    found = load("2024-05-01 10:00+09:00", "2024-05-02", "2024-05-03", columns=EXPRESSION)
    assert put_aside(found) == NO_TIME


@pytest.mark.parametrize("table", [{}, {"time_format": "%d/%m/%Y"}])
@pytest.mark.parametrize("word", ["infinity", "epoch"])
def test_a_word_for_a_time_is_put_aside(load, word, table):
    assert put_aside(load(word, "13/05/2024", "14/05/2024", **table)) == NO_TIME


def test_a_told_format_that_many_times_do_not_fit_is_refused_with_examples(load):
    days = [f"{day:02}/01/2025" for day in range(1, 29)]
    with pytest.raises(
        DataError,
        match=r"orders: time_format = '%m/%d/%Y' does not fit 16 of the 28 times looked at in "
        r"'ordered_at', such as '13/01/2025' and '28/01/2025'; mend it under \[histories.orders\]",
    ):
        load(*days, time_format="%m/%d/%Y")
    assert put_aside(load(*days, time_format="%d/%m/%Y")) == {}


def test_a_few_times_that_do_not_fit_a_told_format_are_put_aside(load):
    days = [f"{day:02}/01/2025" for day in range(1, 29)] * 4
    found = load(*days, *["soon"] * 12, time_format="%d/%m/%Y")
    assert sum(put_aside(found).values()) == 12
    rest = [
        *["n/a", "2025-01-01"] * 20,
        *["soon"] * 40,
    ]  # ISO is read too, and what where leaves out
    found = load(*days, *rest, time_format="%d/%m/%Y", where="ordered_at not like 'soon'")
    assert put_aside(found) == {"ordered_at is missing": 20}
