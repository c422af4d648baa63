"""The purchase process as features: the formulas, and what the parameters may have seen."""

from __future__ import annotations

import importlib.util
import math
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from sklearn.metrics import roc_auc_score

from features.btyd import FROZEN, PARAMETERS, purchase_features, purchases_seen
from features.build import learn_spec
from features.rfm import rfm
from features.spec import FeatureSpec
from features.windows import day_number
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, Row, Rows, row
from training.models.purchases import PurchaseModel, fit_purchases
from training.value import purchase_parameters

# in days; the first is CDNOW as fitted, the others have what can go wrong
CDNOW = {"r": 0.525, "alpha": 43.3, "a": 0.891, "b": 1.614}
A_IS_ONE = CDNOW | {"a": 1.0}
FAST = {"r": 0.8, "alpha": 2.0, "a": 0.3, "b": 2.5}
ALIKE = {"r": 0.7, "alpha": 30.0, "a": 30.0, "b": 200.0}
NOBODY_LEAVES = {"r": 50.0, "alpha": 3000.0, "a": 1e-4, "b": 8000.0}
TINY = 1e-80
"""Exponents are cut where no engine overflows: what is smaller than this is as good as 0."""
COLUMNS = (
    "probability_alive",
    "purchase_rate",
    "expected_28d",
    "expected_91d",
    "days_since_last_over_expected_gap",
)


def frozen(params: dict[str, float]) -> dict[str, tuple[str, ...]]:
    return {FROZEN: tuple(repr(params[name]) for name in PARAMETERS)}


def of(x: Any, t_x: Any, T: Any, params: dict[str, float]) -> pd.DataFrame:
    """The features of histories, by the engine."""
    table = ibis.memtable(pa.table({"x": list(x), "t_x": list(t_x), "T": list(T)}))
    built = table.select(**purchase_features(table.x, table.t_x, table["T"], frozen(params)))
    frame: pd.DataFrame = built.to_pyarrow().to_pandas()
    return frame


@pytest.fixture(scope="module")
def histories() -> tuple[np.ndarray, ...]:
    """Every mix of few and many purchases, new and old customers, short and long silences."""
    mixes = [
        (x, 0 if x == 0 else round(share * age), age)
        for age in (0, 7, 30, 91, 364, 1500)
        for x in (0, 1, 2, 5, 30, 300)
        for share in (0.4, 1.0)
        if x <= share * age
    ]
    return tuple(np.array(column) for column in zip(*mixes, strict=True))


@pytest.mark.parametrize(
    ("params", "tolerance"),
    [(CDNOW, 1e-6), (A_IS_ONE, 2e-6), (FAST, 1e-3), (ALIKE, 2e-3), (NOBODY_LEAVES, 1e-6)],
    ids=["cdnow", "a is one", "fast", "alike", "nobody leaves"],
)
def test_the_engine_says_what_the_purchase_model_says(
    params: dict[str, float], tolerance: float, histories: tuple[np.ndarray, ...]
) -> None:
    # the tolerances are those that the docstring of `_if_alive` states for such parameters
    found = of(*histories, params)
    model = PurchaseModel("mbg_nbd", params, 0.0, 1, 1)
    np.testing.assert_allclose(
        found["probability_alive"], model.probability_alive(*histories), rtol=1e-12, atol=TINY
    )
    for days in (28, 91):
        expected = model.expected_purchases(days, *histories)
        np.testing.assert_allclose(found[f"expected_{days}d"], expected, rtol=tolerance, atol=TINY)


def test_the_series_is_right_to_1e_6_while_the_horizon_is_below_three_times_alpha_and_age(
    histories: tuple[np.ndarray, ...],
) -> None:
    x, t_x, age = histories
    old = 3 * (FAST["alpha"] + age) > 91
    found = of(x[old], t_x[old], age[old], FAST)
    expected = PurchaseModel("mbg_nbd", FAST, 0.0, 1, 1).expected_purchases(
        91, x[old], t_x[old], age[old]
    )
    np.testing.assert_allclose(found["expected_91d"], expected, rtol=1e-6, atol=TINY)


def test_the_rate_is_the_posterior_mean_and_silence_counts_in_its_gaps() -> None:
    found = of([2], [100], [120], CDNOW).iloc[0]
    assert found["purchase_rate"] == pytest.approx((0.525 + 2) / (43.3 + 120))
    assert found["days_since_last_over_expected_gap"] == pytest.approx(21 * 2.525 / 163.3)


def test_nothing_overflows_at_the_ends_of_the_scale() -> None:
    x, t_x, age = [5000, 5000, 0], [19_000, 20_000, 0], [20_000, 20_000, 20_000]
    for params in (CDNOW, FAST, ALIKE, NOBODY_LEAVES):
        assert np.isfinite(of(x, t_x, age, params)).all(axis=None)


def test_a_one_time_buyer_fades_as_time_passes() -> None:
    # under the BG/NBD it is 1 for ever, which is why that is not the model here
    alive = of([0, 0, 0], [0, 0, 0], [0, 100, 1000], CDNOW)["probability_alive"]
    assert 1 > alive[0] > alive[1] > alive[2]


def order(days_before: int, customer: str = "a", **fields: Any) -> Row:
    return row("orders", days_before, customer, amount=10.0, **fields)


class Fit:
    """Remembers what it was given, and fits nothing."""

    def __init__(self) -> None:
        self.given: tuple[tuple[float, ...], ...] = ()

    def __call__(self, *columns: Any) -> dict[str, float]:
        self.given = tuple(sorted(zip(*map(list, columns), strict=True)))
        return CDNOW


def test_the_fit_sees_distinct_histories_with_their_customers() -> None:
    rows = [order(days, each) for each in "ab" for days in (30, 20, 20)] + [order(30, "c")]
    fit = Fit()
    seen = purchases_seen(worlds.table("orders", rows), LAST, fit)
    assert fit.given == ((0, 0, 29, 1), (1, 10, 29, 2))
    assert seen == frozen(CDNOW)


def test_orders_known_after_the_first_training_cutoff_do_not_reach_the_parameters() -> None:
    cutoffs = [CUTOFF - timedelta(days=28), CUTOFF]
    rows = [order(days, each) for each in "ab" for days in (90, 60)]
    later = [order(28, "a"), order(3, "b"), order(100, "c", known_day=LAST - 28)]
    before, after = Fit(), Fit()
    learned = learn(rows, cutoffs, before)
    assert (
        learn([*rows, *later], cutoffs, after).seen["orders"][FROZEN]
        == (learned.seen["orders"][FROZEN])
    )
    assert before.given == after.given == ((1, 30, 61, 2),)


def learn(rows: Rows, cutoffs: list[date], fit: Any) -> FeatureSpec:
    return learn_spec(worlds.histories({"orders": rows}), cutoffs, fit_purchases=fit)


@pytest.mark.parametrize(
    "fit",
    [
        None,
        lambda *_: None,
        lambda *_: CDNOW | {"a": math.inf},
        lambda *_: CDNOW | {"alpha": 0.0},
    ],
    ids=["none", "too few", "inf", "zero"],
)
def test_without_a_fit_there_are_no_such_columns(fit: Any) -> None:
    assert not set(learn([order(9)], [CUTOFF], fit).names) & {f"orders_{name}" for name in COLUMNS}


def test_before_the_first_order_there_is_nothing_to_fit() -> None:
    fit = Fit()
    learn([order(9)], [CUTOFF - timedelta(days=28), CUTOFF], fit)
    assert fit.given == ()


def test_too_few_repeat_buyers_are_not_fitted_and_nothing_is_raised() -> None:
    x, t_x, age = (np.array(column, float) for column in ([0, 1], [0, 10], [40, 40]))
    assert purchase_parameters(x, t_x, age, np.array([5, 5])) is None
    nowhere = np.array([], float)
    assert purchase_parameters(nowhere, nowhere, nowhere, np.array([], int)) is None


def test_the_parameters_survive_the_spec_to_the_last_digit() -> None:
    exact = {"r": 1 / 3, "alpha": 0.1 + 0.2, "a": math.pi, "b": 1e-17}
    spec = FeatureSpec.from_json(learn([order(9)], [CUTOFF], lambda *_: exact).to_json())
    assert [float(text) for text in spec.seen["orders"][FROZEN]] == list(exact.values())


def test_features_at_a_cutoff_use_the_frozen_parameters() -> None:
    rows = [order(120), order(20)]
    frame = worlds.features({"orders": rows}, spec=learn(rows, [CUTOFF], lambda *_: CDNOW)).iloc[0]
    expected = of([1], [100], [119], CDNOW).iloc[0]
    for name in COLUMNS:
        assert frame[f"orders_{name}"] == pytest.approx(expected[name], abs=1e-6)


@pytest.fixture(scope="module")
def cdnow() -> Rows:
    """CDNOW's sample as orders: id among all, id in the sample, date, discs, dollars."""
    package = importlib.util.find_spec("lifetimes")  # found, not imported: it warns when it is
    assert package is not None
    assert package.origin is not None
    file = Path(package.origin).parent / "datasets" / "CDNOW_sample.txt"
    rows = [line.split() for line in file.read_text().splitlines()]
    days = [day_number(date.fromisoformat(each[2])) for each in rows]
    return [
        {"customer_id": each[1], "day": day, "known_day": day, "amount": float(each[4])}
        for each, day in zip(rows, days, strict=True)
    ]


def test_the_fit_of_distinct_histories_is_the_published_one_of_all_customers_on_cdnow(
    cdnow: Rows,
) -> None:
    seen = purchases_seen(
        worlds.table("orders", cdnow), day_number(date(1997, 10, 1)), purchase_parameters
    )
    found = dict(zip(PARAMETERS, map(float, seen[FROZEN]), strict=True))
    # the MBG/NBD of tests/training/models/test_purchases.py, in weeks there
    weekly = [found["r"], found["alpha"] / 7, found["a"], found["b"]]
    assert weekly == pytest.approx([0.5248, 6.1831, 0.8914, 1.6140], rel=2e-3)


def test_probability_alive_of_the_mbg_nbd_ranks_who_buys_again_on_cdnow_that_of_the_bg_nbd_does_not(
    cdnow: Rows,
) -> None:
    cutoff = date(1997, 10, 1)
    known = rfm(worlds.table("orders", cdnow), cutoff)
    history = tuple(known[name].to_numpy(float) for name in ("frequency", "recency", "T"))
    start = day_number(cutoff)
    bought = {row["customer_id"] for row in cdnow if start <= row["day"] < start + 91}
    again = known["customer_id"].isin(bought)
    auc = {
        model: roc_auc_score(
            again, fit_purchases(*history, model=model).probability_alive(*history)
        )
        for model in ("bg_nbd", "mbg_nbd")
    }
    assert auc["bg_nbd"] < 0.4 < 0.68 < auc["mbg_nbd"]
