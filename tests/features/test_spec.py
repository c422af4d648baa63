"""The frozen columns: into JSON and back, into a matrix, and refused where they don't fit."""

from __future__ import annotations

import json
from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

from features.build import learn_spec
from features.errors import ModelError, NotEnoughData
from features.spec import SCHEMA_VERSION, Column, FeatureSpec
from tests.features import worlds
from tests.features.worlds import CUTOFF, row

SPEC = FeatureSpec(
    columns=(
        Column("orders_count_28d"),
        Column("subscriptions_plan", "category", ("basic", "pro")),
        Column("surveys_nps_last"),
    ),
    histories=("orders", "subscriptions", "surveys"),
    seen={"subscriptions": {"plan": ("basic", "pro")}},
)


def frame(**columns: list[object]) -> pd.DataFrame:
    whole = {"orders_count_28d": [1.0], "subscriptions_plan": ["pro"], "surveys_nps_last": [9.0]}
    return pd.DataFrame(whole | columns)


def test_a_spec_survives_json() -> None:
    assert FeatureSpec.from_json(SPEC.to_json()) == SPEC
    assert FeatureSpec.from_json(SPEC.to_json()).digest == SPEC.digest


def test_a_learned_spec_survives_json() -> None:
    here = worlds.histories(worlds.random_world(seed=2, rows=60))
    spec = learn_spec(here, [CUTOFF])
    assert FeatureSpec.from_json(spec.to_json()).digest == spec.digest


def test_the_digest_changes_with_the_order_of_columns() -> None:
    turned = FeatureSpec(SPEC.columns[::-1], SPEC.histories, seen=SPEC.seen)
    assert turned.digest != SPEC.digest


def test_the_matrix_is_in_the_order_of_the_spec_whatever_the_frames() -> None:
    shuffled = frame()[["surveys_nps_last", "subscriptions_plan", "orders_count_28d"]]
    np.testing.assert_array_equal(SPEC.matrix(shuffled), [[1.0, 1.0, 9.0]])


@pytest.mark.parametrize("plan", ["enterprise", None, np.nan])
def test_an_unseen_or_missing_level_is_nan(plan: object) -> None:
    assert np.isnan(SPEC.matrix(frame(subscriptions_plan=[plan]))[0, 1])


def test_missing_columns_are_named() -> None:
    with pytest.raises(ModelError) as error:
        SPEC.matrix(frame().drop(columns="surveys_nps_last"))
    assert str(error.value) == (
        "the model was trained on 3 features, this build makes 2 of them "
        "(missing: surveys_nps_last); score with the build that trained it"
    )


def test_a_spec_of_another_version_is_refused() -> None:
    other = json.dumps(json.loads(SPEC.to_json()) | {"version": 0})
    said = f"feature spec has version 0, this build makes {SCHEMA_VERSION}; retrain"
    with pytest.raises(ModelError, match=said):
        FeatureSpec.from_json(other)


def test_a_kind_that_appears_after_the_last_training_cutoff_makes_no_column() -> None:
    rows = [row("usage", 40, event="login"), row("usage", 5, event="export")]
    here = worlds.histories({"usage": rows})
    names = learn_spec(here, [CUTOFF - timedelta(days=28), CUTOFF - timedelta(days=10)]).names
    assert "usage_event_login_91d" in names
    assert "usage_event_export_91d" not in names


def test_no_row_before_the_last_cutoff_is_not_enough_data() -> None:
    here = worlds.histories({"usage": [row("usage", 0)]})
    with pytest.raises(NotEnoughData, match="no history has a row before cutoff 2024-06-01"):
        learn_spec(here, [CUTOFF])
