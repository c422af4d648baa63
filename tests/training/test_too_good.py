"""What is remarked on, though nothing is blamed for it."""

import numpy as np
import pandas as pd
import pytest

from features.spec import Column, FeatureSpec
from training.churn import ChurnBacktest
from training.metrics import Estimate
from training.rows import Rows
from training.too_good import strong_columns, too_good


def rows(seed=0):
    rng = np.random.default_rng(seed)
    churned = rng.random(1_000) < 0.3
    frame = pd.DataFrame({
        "idle_days": rng.normal(size=1_000) + 3 * churned,
        "visits": rng.normal(size=1_000) - churned,
        "churned": churned,
    })  # fmt: skip
    return Rows(frame, FeatureSpec((Column("idle_days"), Column("visits")), ()))


def backtest(auc):
    return ChurnBacktest(pd.DataFrame(), {"model": {"auc": Estimate(auc, auc - 0.01, auc)}})


def test_a_column_that_alone_tells_nearly_all_is_strong_unless_something_is_said_of_it_already():
    [(name, found)] = strong_columns(rows()).items()
    assert name == "idle_days"
    assert found.low >= 0.9
    assert strong_columns(rows(), {"idle_days"}) == {}


def test_strong_columns_are_remarked_on_with_their_auc():
    strong = {f"column_{i}": Estimate(0.95, 0.91, 0.97) for i in range(7)}
    [said] = too_good(strong, backtest(0.8))
    assert "column_0 0.950 (0.910-0.970), column_1" in said
    assert "and 2 more; nothing was left out for it" in said


@pytest.mark.parametrize(("auc", "remarks"), [(0.979, 0), (0.98, 1)])
def test_a_backtest_is_remarked_on_from_an_auc_of_98_hundredths(auc, remarks):
    said = list(too_good({}, backtest(auc)))
    assert len(said) == remarks
    assert all(f"AUC of {auc:.3f} is rarely honest" in each for each in said)
