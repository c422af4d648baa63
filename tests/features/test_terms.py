"""What the end of a term means is said once for all terms, and never told by a later row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from features.config import BusinessConfig, parse_config
from features.engines import fetch
from features.errors import ConfigError, DataError
from features.histories import Histories, load_histories
from features.labels import churn_labels, population

NOW = datetime(2024, 6, 20, tzinfo=UTC)
CUTOFF = date(2024, 6, 1)
BUSINESS = BusinessConfig(currency="EUR", churn="cancellation", horizon_days=14)
MONTHS = [
    ("2024-03-01", "2024-03-31"),
    ("2024-04-01", "2024-04-30"),
    ("2024-05-01", "2024-05-31"),
    ("2024-06-01", ""),
]
LEFT = 4
"""Of the ten customers; in May."""


def terms(months: int = len(MONTHS)) -> list[str]:
    """Ten customers by the month, of whom four do not renew in June."""
    return [
        f"c{number},{start},{end}"
        for number in range(10)
        for start, end in MONTHS[:months]
        if number >= LEFT or start < "2024-06-01"
    ]


def load(home: Path, rows: list[str], *, engine: str = "duckdb", **said: bool) -> Histories:
    home.mkdir(exist_ok=True)
    (home / "terms.csv").write_text("\n".join(["customer_id,started_at,ended_at", *rows]) + "\n")
    histories = {"subscriptions": {"path": "terms.csv", **said}}
    raw = {"engine": engine, "business": BUSINESS.model_dump(), "histories": histories}
    return load_histories(parse_config(raw, home=home), now=NOW)


def there(histories: Histories, cutoff: date = CUTOFF) -> set[str]:
    people = fetch(population(histories, BUSINESS, [cutoff]))
    return set(people["customer_id"].to_pylist())


def test_who_is_there_on_the_day_after_a_last_day_hangs_on_no_later_row(tmp_path):
    whole = load(tmp_path / "whole", terms(), ends_inclusive=True)
    before = load(tmp_path / "before", terms(months=3), ends_inclusive=True)
    assert there(whole) == there(before) == {f"c{number}" for number in range(10)}


def test_who_does_not_renew_after_a_last_day_has_left(tmp_path):
    histories = load(tmp_path, [*terms(), "new,2024-06-18,"], ends_inclusive=True)
    labels = churn_labels(histories, BUSINESS, [CUTOFF])
    assert set(labels.loc[labels["churned"], "customer_id"]) == {f"c{n}" for n in range(LEFT)}


@pytest.mark.parametrize("engine", ["duckdb", pytest.param("spark", marks=pytest.mark.slow)])
def test_ends_that_look_like_last_days_are_refused_until_it_is_said(tmp_path, engine, request):
    if engine == "spark":
        request.getfixturevalue("spark")  # whose session is the one that loads
    with pytest.raises(DataError, match="26 times on the day after an ended_at") as e:
        load(tmp_path, terms(), engine=engine)
    assert "write ends_inclusive = true under [histories.subscriptions] if" in str(e.value)
    assert there(load(tmp_path, terms(), ends_inclusive=False)) == set()


def test_ends_on_the_next_start_need_no_word(tmp_path):
    months = [("2024-04-01", "2024-05-01"), ("2024-05-01", "2024-06-01"), ("2024-06-01", "")]
    rows = [f"c{number},{start},{end}" for number in range(10) for start, end in months]
    rows += ["back,2024-03-01,2024-03-31", "back,2024-04-01,"]
    assert len(there(load(tmp_path, rows))) == 11


def test_only_subscriptions_have_ends(tmp_path):
    with pytest.raises(ConfigError, match=r"orders\] has ends_inclusive; only subscriptions have"):
        parse_config(
            {
                "business": {"currency": "EUR", "churn": "inactivity", "horizon_days": 14},
                "histories": {"orders": {"path": "o.csv", "ends_inclusive": True}},
            },
            home=tmp_path,
        )
