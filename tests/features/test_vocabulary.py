"""Every column has a description, and every description a column."""

from __future__ import annotations

import pytest

from features.build import learn_spec
from features.vocabulary import ENTRIES, GLOSSARY, GROUPS, describe, entry_of
from tests.features import worlds
from tests.features.worlds import CUTOFF

PURCHASES = {"r": 0.5, "alpha": 40.0, "a": 0.9, "b": 1.6}


@pytest.fixture(scope="module")
def columns() -> tuple[str, ...]:
    """The columns of a company that has everything."""
    here = worlds.histories(worlds.random_world(seed=3, rows=150))
    return learn_spec(here, [CUTOFF], fit_purchases=lambda *triples: PURCHASES).names


def test_every_built_column_is_described(columns: tuple[str, ...]) -> None:
    for column in columns:
        feature = describe(column)
        assert feature.name == column
        assert feature.group in GROUPS
        assert feature.unit
        assert "{" not in feature.meaning


def test_no_entry_is_dead(columns: tuple[str, ...]) -> None:
    assert {entry_of(column) for column in columns} == set(ENTRIES)


def test_meanings_tell_columns_apart(columns: tuple[str, ...]) -> None:
    meanings = [describe(column).meaning for column in columns]
    assert sorted(meanings) == sorted(set(meanings))


def test_a_window_and_a_value_stand_in_the_meaning() -> None:
    assert describe("orders_spend_28d").meaning == "money spent in the last 28 days"
    assert describe("usage_event_log_in_91d").meaning == "events 'log_in' in the last 91 days"


def test_an_unknown_column_says_where_to_add_it() -> None:
    with pytest.raises(KeyError, match=r"no entry of features\.entries describes the column shoe"):
        describe("shoe_size")


def test_the_glossary_speaks_in_lower_case_and_without_full_stops() -> None:
    for name, meaning in GLOSSARY.items():
        assert name
        assert not meaning.endswith(".")
