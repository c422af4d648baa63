"""Customer features by hand."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import ibis
import pytest

from features.build import learn_spec
from features.customers import COMMON_FROM, customers_features, customers_seen
from features.errors import DataError
from features.seen import OTHER
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, Rows, features, one, row


def people(segment: str | None, count: int, **fields: Any) -> Rows:
    return [
        row("customers", 50, customer=f"{segment}-{number}", segment=segment, **fields)
        for number in range(count)
    ]


def test_days_since_signup_and_static_numbers() -> None:
    rows = [row("customers", 50, signed_up_day=LAST - 50, employees=12.0)]
    frame = features({"customers": rows}).iloc[0]
    assert frame["customers_days_since_signup"] == 50
    assert frame["customers_employees"] == 12


def test_rare_levels_are_folded_and_unseen_ones_are_missing() -> None:
    rows = people("shop", COMMON_FROM) + people("mill", 1)
    spec = learn_spec(worlds.histories({"customers": rows}), [CUTOFF])
    levels = {column.name: column.levels for column in spec.columns}
    assert levels["customers_segment"] == ("shop", OTHER)
    rows += people("farm", 1)
    found = features({"customers": rows}, spec=spec)["customers_segment"]
    assert found[("mill-0", CUTOFF)] == OTHER
    assert found[("shop-3", CUTOFF)] == "shop"
    assert found.isna().sum() == 1


def test_a_level_seen_at_training_stays_a_level_when_it_is_gone() -> None:
    rows = people("shop", COMMON_FROM) + people("mill", COMMON_FROM)
    spec = learn_spec(worlds.histories({"customers": rows}), [CUTOFF])
    found = features({"customers": people("mill", 1)}, spec=spec)
    assert list(found["customers_segment"]) == ["mill"]
    assert spec.matrix(found).tolist() == [[0.0]]


def test_a_company_without_a_common_level_folds_them_all() -> None:
    spec = learn_spec(worlds.histories({"customers": people("shop", 2)}), [CUTOFF])
    assert {column.levels for column in spec.columns} == {(OTHER,)}


def test_a_blank_attribute_is_missing_and_not_a_level() -> None:
    rows = people("shop", COMMON_FROM) + people(None, 3)
    found = features({"customers": rows})["customers_segment"]
    assert found.isna().sum() == 3


def test_yes_and_no_are_numbers() -> None:
    table = ibis.memtable({"customer_id": ["a", "b"], "vip": [True, False]})
    table = table.mutate(signed_up_day=LAST - 9, known_day=LAST - 9)
    made = customers_features(table, [LAST], customers_seen(table, ["vip"]))
    assert sorted(made.customers_vip.to_pyarrow().to_pylist()) == [0.0, 1.0]


def test_a_customer_not_known_at_the_cutoff_has_no_attributes() -> None:
    rows = [row("customers", 0, employees=3.0), row("customers", 9, customer="b", employees=4.0)]
    assert math.isnan(one({"customers": rows}, "customers_employees"))


def test_an_attribute_without_any_time_was_always_known() -> None:
    assert one({"customers": [row("customers", None, employees=3.0)]}, "customers_employees") == 3


def test_an_attribute_that_is_neither_number_nor_text_names_its_type() -> None:
    table = ibis.memtable({"customer_id": ["a"], "signed_up_day": [1], "since": [date(2024, 1, 1)]})
    with pytest.raises(DataError) as error:
        customers_seen(table, ["since"])
    assert str(error.value) == (
        "customers: attribute 'since' is of type date; cast it to a number or to text "
        "under [histories.customers]"
    )
