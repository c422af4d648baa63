"""Features made of several histories, by hand."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import ibis
import pandas as pd
import pyarrow as pa
import pytest

from features.spec import Column
from features.together import (
    FEWEST_ANSWERS,
    RATIOS,
    together_columns,
    together_features,
    together_seen,
)
from features.vocabulary import describe

Values = Mapping[str, Any]
PLANS = ("basic", "pro")
PLAN = Column("subscriptions_plan", "category", PLANS)


def joined(values: Values) -> ibis.Table:
    """One customer's columns beside each other, as the builders leave them."""
    types = {
        name: pa.string() if isinstance(v, str) else pa.float64() for name, v in values.items()
    }
    arrays = {name: pa.array([value], types[name]) for name, value in values.items()}
    return ibis.memtable(pa.table(arrays))


def made(values: Values, seen: Mapping[str, tuple[str, ...]] | None = None) -> dict[str, Any]:
    """What is made of one customer's columns."""
    if seen is None:
        seen = together_seen({}, [Column(name) for name in values])
    table = joined(values)
    features = together_features(table, seen)
    row: dict[str, Any] = table.select(**features).to_pyarrow().to_pylist()[0]
    return {name.removeprefix("together_"): value for name, value in row.items()}


def respondents(plan: str | None, scores: Sequence[float]) -> list[dict[str, Any]]:
    return [
        {"customer_id": f"{plan}-{n}", "subscriptions_plan": plan, "surveys_nps_last": score}
        for n, score in enumerate(scores)
    ]


def learned(people: list[dict[str, Any]], columns: Sequence[Column]) -> Mapping[str, Any]:
    """What is seen where these people, each with a plan, answered."""

    def of(column: str, kind: str) -> ibis.Table:
        names = ("customer_id", column)
        rows = [{name: each[name] for name in names} | {"cutoff_day": 1} for each in people]
        return ibis.memtable(pd.DataFrame(rows).astype({column: kind}))

    surveys, terms = of("surveys_nps_last", "float64"), of("subscriptions_plan", "str")
    built = {"surveys": surveys, "subscriptions": terms}
    return together_seen(built, columns)


def test_trouble_is_set_against_use() -> None:
    values = {"tickets_opened_91d": 3, "usage_active_days_91d": 6, "usage_events_91d": 60}
    found = made(values)
    assert found["tickets_per_active_day_91d"] == 0.5
    assert found["tickets_per_100_events_91d"] == 5


def test_a_price_per_use_is_missing_without_use_and_counts_are_0_without_rows() -> None:
    values = {
        "subscriptions_monthly_amount": 30,
        "usage_events_28d": 0.0,
        "tickets_opened_364d": None,
    }
    found = made(values | {"orders_count_364d": 4})
    assert found["price_per_event_28d"] is None
    assert found["tickets_per_order_364d"] == 0


def test_a_customer_who_pays_nothing_known_has_no_price_per_use() -> None:
    found = made({"subscriptions_monthly_amount": None, "usage_events_28d": 2.0})
    assert found["price_per_event_28d"] is None


def test_silence_is_told_over_all_histories() -> None:
    values = {"usage_days_since_last": 40, "orders_days_since_last": None}
    found = made(values | {"tickets_days_since_last": 12, "surveys_days_since_last": 91})
    assert found["days_since_last"] == 12
    assert found["silent_share_28d"] == 75
    assert found["silent_share_91d"] == 25


def test_a_customer_without_any_row_is_silent_everywhere_since_never() -> None:
    found = made({"usage_days_since_last": None, "orders_days_since_last": None})
    assert found["days_since_last"] is None
    assert found["silent_share_28d"] == found["silent_share_91d"] == 100


def test_the_last_answer_is_compared_with_customers_of_the_same_plan() -> None:
    people = respondents("basic", [4.0] * FEWEST_ANSWERS) + respondents("pro", [8.0] * 40)
    sector = Column("customers_sector", "category", ("x", "y"))
    seen = learned(people, [sector, PLAN, Column("surveys_nps_last")])
    assert seen["segment"] == ("subscriptions_plan",)
    everyone = round((4 * 20 + 8 * 40) / 60, 6)
    assert [float(mean) for mean in seen["nps"]] == [4, 8, everyone]
    for plan, usual in {"basic": 4, "pro": 8, "new": everyone, None: everyone}.items():
        found = made({"subscriptions_plan": plan or "", "surveys_nps_last": 6}, seen)
        assert found["nps_to_segment"] == pytest.approx(6 - usual)


def test_a_segment_with_few_answers_is_compared_with_everyone() -> None:
    people = respondents("basic", [4.0] * (FEWEST_ANSWERS - 1)) + respondents("pro", [8.0] * 21)
    seen = learned([*people, *respondents(None, [6.0])], [PLAN, Column("surveys_nps_last")])
    basic, pro, everyone = map(float, seen["nps"])
    assert basic == everyone == round((4 * 19 + 8 * 21 + 6) / 41, 6)
    assert pro == 8


def test_without_plans_the_coarsest_attribute_is_the_segment() -> None:
    fine = Column("customers_town", "category", ("a", "b", "c"))
    coarse = Column("customers_sector", "category", ("x", "y"))
    alone = Column("subscriptions_plan", "category", ("only",))
    keys = {"customer_id": ["1"], "cutoff_day": [1]}
    built = {
        "surveys": ibis.memtable(pa.table(keys | {"surveys_nps_last": [3.0]})),
        "customers": ibis.memtable(pa.table(keys | {"customers_sector": ["x"]})),
    }
    seen = together_seen(built, [fine, coarse, alone, Column("surveys_nps_last")])
    assert seen["segment"] == ("customers_sector",)
    assert seen["nps"] == ("3.0", "3.0", "3.0")


@pytest.mark.parametrize(("levels", "is_one"), [(1, 0), (2, 1), (20, 1), (21, 0)])
def test_a_segment_has_at_least_two_levels_and_at_most_20(levels: int, is_one: int) -> None:
    plan = Column("subscriptions_plan", "category", tuple(f"plan {n}" for n in range(levels)))
    seen = learned(respondents("plan 0", [3.0]), [plan, Column("surveys_nps_last")])
    assert len(seen.get("segment", ())) == is_one


def test_only_what_two_histories_give_makes_a_column() -> None:
    assert together_columns([Column("usage_events_91d")], together_seen({}, [])) == ()
    alone = [Column("usage_days_since_last"), Column("surveys_nps_last"), PLAN]
    assert together_columns(alone, together_seen({}, alone)) == ()
    assert together_features(joined({"usage_events_91d": 3.0}), {}) == {}


def test_columns_are_named_in_the_order_in_which_they_are_made() -> None:
    columns = [Column(name) for part, of, _ in RATIOS.values() for name in (part, of)]
    names = [column.name for column in together_columns(columns, together_seen({}, columns))]
    assert names == [f"together_{name}" for name in RATIOS]


def test_a_ratio_of_nothing_to_use_is_0_and_is_never_infinite() -> None:
    found = made({"tickets_opened_91d": 0, "usage_events_91d": 5.0, "orders_spend_91d": None})
    assert found["tickets_per_100_events_91d"] == found["spend_per_event_91d"] == 0
    assert all(value is None or math.isfinite(value) for value in found.values())


def test_the_parts_of_every_ratio_are_columns_that_exist() -> None:
    for part, of, _ in RATIOS.values():
        assert describe(part)
        assert describe(of)


def test_without_an_answer_before_the_first_training_cutoff_none_is_usual() -> None:
    silent = [*respondents("basic", [math.nan]), *respondents("pro", [math.nan])]
    seen = learned(silent, [PLAN, Column("surveys_nps_last")])
    assert "segment" not in seen
