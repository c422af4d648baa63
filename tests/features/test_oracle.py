"""Features recomputed in SQLite from the same rows, by SQL written apart from the builders."""

from __future__ import annotations

import datetime
import math
import sqlite3
from collections.abc import Iterator

import pandas as pd
import pytest

from features.build import BUILDERS
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, World, arrow_schema

CUTOFFS = (CUTOFF - datetime.timedelta(days=28), CUTOFF)

# each gives customer_id and the value; :c is the cutoff's day, :w the window in days
SEEN = "known_day < :c"
RECENT = "known_day < :c and day >= :c - :w"
HANDLED = "known_day < :c and resolved_day < :c and day >= :c - :w"
FIRST = "contacts is not null or reopened is not null"
FIRST_CONTACT = "(contacts is null or contacts <= 1) and (reopened is null or not reopened)"
BOUGHT = "known_day < :c and amount >= 0"

ORACLES: dict[str, tuple[int, str]] = {
    "usage_events_28d": (28, f"select customer_id, count(*) from usage where {RECENT} group by 1"),
    "usage_active_days_91d": (
        91,
        f"select customer_id, count(distinct day) from usage where {RECENT} group by 1",
    ),
    "usage_active_weeks_364d": (
        364,
        f"select customer_id, count(distinct (:c - 1 - day) / 7) from usage where {RECENT} "
        "group by 1",
    ),
    "usage_quantity_364d": (
        364,
        f"select customer_id, coalesce(sum(quantity), 0) from usage where {RECENT} group by 1",
    ),
    "usage_distinct_events_91d": (
        91,
        f"select customer_id, count(distinct event) from usage where {RECENT} group by 1",
    ),
    "usage_event_red_91d": (
        91,
        f"select customer_id, count(*) from usage where {RECENT} and event = 'red' group by 1",
    ),
    "usage_days_since_last": (
        0,
        f"select customer_id, :c - max(day) from usage where {SEEN} group by 1",
    ),
    "tickets_opened_182d": (
        182,
        f"select customer_id, count(*) from tickets where {RECENT} group by 1",
    ),
    "tickets_open": (
        0,
        f"select customer_id, count(*) from tickets where {SEEN} "
        "and (resolved_day is null or resolved_day >= :c) group by 1",
    ),
    "tickets_resolution_hours_364d": (
        364,
        "select customer_id, avg((julianday(resolved_at) - julianday(opened_at)) * 24) "
        f"from tickets where {HANDLED} group by 1",
    ),
    "tickets_first_contact_resolution_364d": (
        364,
        f"select customer_id, 100.0 * avg({FIRST_CONTACT}) from tickets where {HANDLED} "
        f"and ({FIRST}) group by 1",
    ),
    "surveys_csat_mean_364d": (
        364,
        f"select customer_id, avg(score) from surveys where {RECENT} and instrument = 'csat' "
        "group by 1",
    ),
    "surveys_unanswered_182d": (
        182,
        "select customer_id, count(*) from surveys where sent_day < :c and sent_day >= :c - :w "
        "and (known_day is null or known_day >= :c) group by 1",
    ),
    "orders_spend_182d": (
        182,
        f"select customer_id, sum(amount) from orders where {RECENT} and amount >= 0 group by 1",
    ),
    "orders_gap_days_mean": (
        0,
        "select customer_id, (max(day) - min(day)) * 1.0 / (count(distinct day) - 1) "
        f"from orders where {BOUGHT} group by 1 having count(distinct day) > 1",
    ),
    "orders_refund_amount_364d": (
        364,
        "select customer_id, sum(abs(amount)) from orders where known_day < :c and "
        "((amount < 0 and day >= :c - :w) or (amount >= 0 and refunded_day < :c "
        "and refunded_day >= :c - :w)) group by 1",
    ),
    "orders_recency": (
        0,
        f"select customer_id, max(day) - min(day) from orders where {BOUGHT} group by 1",
    ),
    "subscriptions_monthly_amount": (
        0,
        f"select customer_id, sum(monthly_amount) from subscriptions where {SEEN} "
        "and (ended_day is null or ended_day >= :c) group by 1",
    ),
    "subscriptions_days_to_renewal": (
        0,
        f"select customer_id, min(renews_day) - :c from subscriptions where {SEEN} "
        "and (ended_day is null or ended_day >= :c) and renews_day >= :c group by 1",
    ),
    "customers_days_since_signup": (
        0,
        "select customer_id, :c - signed_up_day from customers where known_day < :c",
    ),
}


@pytest.fixture(scope="module")
def world() -> World:
    return worlds.random_world(seed=7, rows=150)


@pytest.fixture(scope="module")
def built(world: World) -> pd.DataFrame:
    return worlds.features(world, CUTOFFS)


@pytest.fixture(scope="module")
def sqlite(world: World) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(":memory:")
    for history, rows in world.items():
        names = arrow_schema(history).names
        connection.execute(f"create table {history} ({', '.join(names)})")
        marks = ", ".join("?" * len(names))
        values = [[_plain(row.get(name)) for name in names] for row in rows]
        connection.executemany(f"insert into {history} values ({marks})", values)
    yield connection
    connection.close()


def _plain(value: object) -> object:
    return value.isoformat(sep=" ") if isinstance(value, datetime.datetime) else value


def test_every_history_has_an_oracle() -> None:
    assert {name.split("_")[0] for name in ORACLES} == set(BUILDERS)


@pytest.mark.parametrize("column", ORACLES)
def test_a_feature_agrees_with_sqlite(
    column: str, built: pd.DataFrame, sqlite: sqlite3.Connection
) -> None:
    window, query = ORACLES[column]
    for back, cutoff in zip((28, 0), CUTOFFS, strict=True):
        expected = dict(sqlite.execute(query, {"c": LAST - back, "w": window}).fetchall())
        found = built[column].xs(cutoff, level="cutoff").to_dict()
        assert any(value is not None for value in expected.values())
        for customer, value in found.items():
            theirs = expected.get(customer)
            if theirs is None:
                assert math.isnan(value) or value == 0
            else:
                assert value == pytest.approx(theirs, abs=2e-3 if "hours" in column else 1e-6)
