import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.models.errors import FitError
from training.models.reasons import Reason, top_reasons, typical_values

NAMES, GROUPS = ["days", "events", "tickets", "plan"], ["use", "use", "service", "plan"]


def reasons(contributions, k=3):
    shape = (len(contributions), 4)
    return top_reasons(
        contributions,
        feature_names=NAMES,
        groups=GROUPS,
        values=np.arange(shape[0] * 4).reshape(shape),
        typical=[10, 20, 30, 40],
        k=k,
    )


def test_the_strongest_group_comes_first_and_names_its_strongest_feature():
    [found] = reasons([[0.2, 0.5, 0.6, -1.0]])
    assert found == (
        Reason("events", "use", pytest.approx(0.7), 1.0, 20.0),
        Reason("tickets", "service", 0.6, 2.0, 30.0),
    )


def test_a_group_that_lowers_the_risk_in_sum_is_no_reason():
    assert reasons([[0.9, -1.0, 0.0, 0.0]]) == [()]


def test_the_base_column_of_the_contributions_is_no_reason():
    assert reasons([[0.2, 0.5, 0.6, -1.0, 99.0]]) == reasons([[0.2, 0.5, 0.6, -1.0]])


def test_ties_go_to_the_group_named_first():
    [found] = reasons([[0.5, 0.0, 0.5, 0.5]], k=2)
    assert [reason.group for reason in found] == ["use", "service"]


@given(
    st.lists(st.lists(st.floats(-3, 3), min_size=4, max_size=4), min_size=1, max_size=5),
    st.integers(1, 4),
)
def test_reasons_are_positive_descending_at_most_k_and_those_of_each_customer_alone(rows, k):
    found = reasons(rows, k)
    for row, of_row in zip(rows, found, strict=True):
        strength = [reason.contribution for reason in of_row]
        assert len(strength) <= k
        assert strength == sorted(strength, reverse=True)
        assert all(value > 0 for value in strength)
        alone = [reason[:3] for reason in reasons([row], k)[0]]
        assert [reason[:3] for reason in of_row] == alone


def test_names_groups_and_contributions_that_do_not_fit_are_refused():
    with pytest.raises(FitError, match=r"contributions of shape \(1, 2\) do not fit 4 features"):
        reasons([[0.1, 0.2]])


def test_typical_is_the_median_of_numbers_and_the_most_frequent_code():
    X = [[1.0, 2.0, np.nan], [3.0, 2.0, np.nan], [np.nan, 0.0, np.nan], [4.0, np.nan, np.nan]]
    found = typical_values(X, categorical=[1])
    assert found[:2].tolist() == [3.0, 2.0]
    assert np.isnan(found[2])
