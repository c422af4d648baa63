import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from campaigns.at_risk import AT_RISK_COLUMNS, at_risk_list
from features.errors import ConfigError, DataError


def make_scores(rows: list[tuple[str, float | None, float | None]]) -> pd.DataFrame:
    scores = pd.DataFrame({name: ["same"] * len(rows) for name in AT_RISK_COLUMNS})
    scores["customer_id"] = pd.Series([row[0] for row in rows], dtype="str")
    scores["churn_probability"] = pd.Series([row[1] for row in rows], dtype="float64")
    scores["value_at_risk"] = pd.Series([row[2] for row in rows], dtype="float64")
    return scores


def order(rows: list[tuple[str, float | None, float | None]], top: int = 10) -> list[str]:
    return at_risk_list(make_scores(rows), top)["customer_id"].tolist()


def test_the_most_value_at_risk_comes_first_and_ties_go_by_customer() -> None:
    assert order([("c", 0.1, 5.0), ("b", 0.9, 5.0), ("d", 0.5, 7.0), ("a", 0.2, 5.0)]) == list(
        "dabc"
    )


def test_customers_without_a_value_come_last_by_their_risk() -> None:
    rows = [
        ("a", 0.1, None),
        ("b", 0.9, None),
        ("c", 0.9, None),
        ("d", 0.0, -3.0),
        ("e", None, None),
    ]
    assert order(rows) == list("dbcae")


def test_without_any_value_the_risk_decides_and_ties_go_by_customer() -> None:
    assert order([("c", 0.5, None), ("b", 0.5, None), ("a", 0.2, None)]) == list("bca")


def test_the_top_is_the_head_of_the_whole_list() -> None:
    rows = [("a", 0.1, 1.0), ("b", 0.1, 3.0), ("c", 0.1, 2.0)]
    assert order(rows, top=2) == ["b", "c"]
    assert order(rows, top=99) == ["b", "c", "a"]


def test_the_list_has_exactly_its_columns_and_the_values_of_the_scores() -> None:
    scores = make_scores([("a", 0.1, 1.0), ("b", 0.1, 3.0)]).assign(secret="no")
    expected = make_scores([("b", 0.1, 3.0), ("a", 0.1, 1.0)])
    assert_frame_equal(at_risk_list(scores, 5), expected, check_exact=True)


@given(
    st.lists(
        st.tuples(
            st.text("ab1", min_size=1, max_size=4),
            st.none() | st.sampled_from([0.0, 0.25, 0.5]),
            st.none() | st.sampled_from([-1.0, 0.0, 2.0]),
        ),
        unique_by=lambda row: row[0],
        max_size=12,
    ),
    st.randoms(use_true_random=False),
)
def test_the_order_of_the_scores_changes_nothing(
    rows: list[tuple[str, float | None, float | None]], random: "np.random.Generator"
) -> None:
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert order(shuffled, top=12) == order(rows, top=12)


def test_a_top_below_one_is_refused() -> None:
    with pytest.raises(ConfigError, match="top is 0; ask for at least 1 customer"):
        order([("a", 0.1, 1.0)], top=0)


def test_a_missing_column_is_named() -> None:
    scores = make_scores([("a", 0.1, 1.0)]).drop(columns="currency")
    with pytest.raises(DataError, match=r"scores have no column 'currency' \(found: customer_id, "):
        at_risk_list(scores, 1)
