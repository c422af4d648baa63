"""What nothing else makes up for, where one field feeds several columns."""

import numpy as np
import pytest

from tests.training.small_company import COUNTS, company
from training.probe import probe

CUSTOMERS = 1_500


@pytest.mark.parametrize("columns", [5, 6])
def test_a_field_that_feeds_several_columns_of_different_rank_is_named_in_all(columns):
    X, churned = company(CUSTOMERS)
    rng = np.random.default_rng(3)
    leaks = {f"amount_{i}" for i in range(columns)}
    for name in sorted(leaks):
        zeroed = churned != (rng.random(CUSTOMERS) < 0.1)
        X[name] = np.where(zeroed, 0.0, rng.gamma(3.0, 1.0, CUSTOMERS))
    assert {each.column for each in probe(X, churned, counts=COUNTS)} == leaks


def test_a_number_that_sank_for_leavers_is_named_though_it_is_not_strong_by_itself_for_sure():
    X, churned = company(700, seed=1)
    X = X.filter(regex="noise|customers|tickets")
    X["health"] = np.random.default_rng(1).normal(size=700) - 2 * churned
    [suspect] = probe(X, churned, counts=COUNTS)
    assert (suspect.column, suspect.signs) == ("health", ("alone",))
