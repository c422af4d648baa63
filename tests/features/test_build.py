"""All builders together: one row per customer and cutoff, as training froze the columns."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

from features.build import build_features, finished_table, learn_spec
from features.errors import ModelError
from features.frames import frame_of
from features.windows import day_number
from tests.features import worlds
from tests.features.worlds import ATTRIBUTES, CUTOFF, everyone, row

CUTOFFS = [CUTOFF - timedelta(days=28), CUTOFF]


@pytest.fixture(scope="module")
def frame() -> pd.DataFrame:
    here = worlds.histories(worlds.random_world(seed=5, rows=80))
    spec = learn_spec(here, CUTOFFS)
    return build_features(here, spec, CUTOFFS, everyone("dbaxc", CUTOFFS), at_once=2)


def test_one_row_per_row_of_the_population_sorted_by_cutoff_and_customer(
    frame: pd.DataFrame,
) -> None:
    keys = list(zip(frame["cutoff"], frame["customer_id"], strict=True))
    assert keys == [(cutoff, each) for cutoff in CUTOFFS for each in "abcdx"]
    assert all(type(cutoff) is date for cutoff in frame["cutoff"])


def test_columns_are_those_of_the_spec_in_order_numbers_as_doubles(frame: pd.DataFrame) -> None:
    here = worlds.histories(worlds.random_world(seed=5, rows=80))
    spec = learn_spec(here, CUTOFFS)
    assert tuple(frame.columns) == ("customer_id", "cutoff", *spec.names)
    for column in spec.columns:
        assert frame[column.name].dtype == ("float64" if column.kind == "number" else "str")
    assert spec.matrix(frame).shape == (10, len(spec.columns))


def test_there_are_enough_features_and_a_customer_without_rows_has_only_zeros_and_gaps(
    frame: pd.DataFrame,
) -> None:
    assert frame.shape[1] >= 150
    stranger = frame[frame["customer_id"] == "x"].drop(columns=["customer_id", "cutoff"])
    silent = [name for name in stranger if name.startswith("together_silent_share")]
    assert (stranger[silent] == 100).all(axis=None)
    rest = stranger.drop(columns=silent)
    assert (rest.isna() | (rest == 0)).all(axis=None)


def test_building_all_histories_in_parts_equals_one_query_for_all_cutoffs(
    frame: pd.DataFrame,
) -> None:
    here = worlds.histories(worlds.random_world(seed=5, rows=80))
    spec = learn_spec(here, CUTOFFS)
    days = [day_number(cutoff) for cutoff in CUTOFFS]
    finished = finished_table(here.tables, spec, days, everyone("dbaxc", CUTOFFS))
    whole = finished.order_by("cutoff_day", "customer_id").to_pyarrow()
    pd.testing.assert_frame_equal(frame, frame_of([whole], len(whole), spec), check_exact=True)


def test_a_history_that_is_no_longer_described_is_named() -> None:
    world = {"usage": [row("usage", 3)], "orders": [row("orders", 3, amount=1.0)]}
    spec = learn_spec(worlds.histories(world), [CUTOFF])
    here = worlds.histories({"usage": world["usage"]})
    with pytest.raises(ModelError) as error:
        build_features(here, spec, [CUTOFF], everyone("a", [CUTOFF]))
    assert str(error.value) == (
        "the model was trained on usage, orders, tenure.toml lacks orders; "
        "describe it under [histories.orders] or retrain"
    )


def test_an_attribute_that_is_no_longer_static_is_named() -> None:
    world = {"customers": [row("customers", 3, employees=1.0)]}
    whole = worlds.histories(world)
    spec = learn_spec(whole, [CUTOFF])
    fewer = type(whole)(whole.backend, whole.tables, ATTRIBUTES[1:], last_day=whole.last_day)
    with pytest.raises(ModelError, match="lacks segment; list it as static"):
        build_features(fewer, spec, [CUTOFF], everyone("a", [CUTOFF]))


def test_numbers_are_rounded_so_that_the_order_of_adding_does_not_show() -> None:
    rows = [row("orders", days, amount=0.1) for days in (1, 2, 3)]
    assert worlds.one({"orders": rows}, "orders_spend_7d") == np.float64(0.3)
