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
