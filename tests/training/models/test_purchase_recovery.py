"""Simulated customers: what was put in must come out."""

import numpy as np
import pytest

from training.models.purchases import fit_purchases


@pytest.mark.parametrize(
    ("name", "truth"),
    [
        ("bg_nbd", {"r": 0.5, "alpha": 60.0, "a": 0.8, "b": 2.5}),
        ("mbg_nbd", {"r": 1.0, "alpha": 60.0, "a": 0.9, "b": 2.0}),
        ("pareto_nbd", {"r": 0.8, "alpha": 50.0, "s": 0.7, "beta": 80.0}),
    ],
)
def test_known_parameters_are_recovered_from_simulated_customers(name, truth):
    histories = simulated(name, truth, n=8_000, seed=5)
    found = fit_purchases(*histories, model=name).params
    # a and b (s and beta) trade off against each other: about three standard errors at this size
    assert found == pytest.approx(truth, rel=0.35)
    assert found["a" if "a" in truth else "s"] / found["b" if "b" in truth else "beta"] == (
        pytest.approx(list(truth.values())[2] / list(truth.values())[3], rel=0.15)
    )
    assert found["r"] / found["alpha"] == pytest.approx(truth["r"] / truth["alpha"], rel=0.06)


def simulated(name, truth, *, n, seed):
    """Draw histories at exact times, as the model tells them."""
    rng = np.random.default_rng(seed)
    age = rng.integers(200, 700, n).astype(float)
    rate = rng.gamma(truth["r"], 1 / truth["alpha"], n)
    if name == "pareto_nbd":
        leaves = rng.exponential(1 / rng.gamma(truth["s"], 1 / truth["beta"], n))
        drop = np.zeros(n)
    else:
        leaves = np.full(n, np.inf)
        drop = rng.beta(truth["a"], truth["b"], n)
    x, t_x, now = np.zeros(n), np.zeros(n), np.zeros(n)
    there = np.flatnonzero(rng.random(n) >= drop) if name == "mbg_nbd" else np.arange(n)
    while len(there):
        now[there] += rng.exponential(1 / rate[there])
        there = there[now[there] <= np.minimum(age, leaves)[there]]
        x[there] += 1
        t_x[there] = now[there]
        there = there[rng.random(len(there)) >= drop[there]]
    return x, t_x, age


@pytest.mark.parametrize("name", ["bg_nbd", "mbg_nbd"])
@pytest.mark.parametrize("homogeneous", [False, True])
def test_customers_who_never_drop_out_are_fitted_not_refused(name, homogeneous):
    """`lifetimes` alone stops here: its optimum lies at infinity (lifetimes 258, 262, 419)."""
    r = 50.0 if homogeneous else 0.5
    truth = {"r": r, "alpha": r * 30.0, "a": 1e-6, "b": 10.0}
    histories = simulated("bg_nbd", truth, n=800, seed=2)
    model = fit_purchases(*histories, model=name)
    expected = model.expected_purchases(364, *histories)
    seen = histories[0].sum() / histories[2].sum() * 364 * len(expected)
    assert expected.sum() == pytest.approx(seen, rel=0.05)
