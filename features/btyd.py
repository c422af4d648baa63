"""Is a customer still there, and how often will they buy, by the purchase process of everyone?

MBG/NBD in closed form, from parameters that `learn_spec` had fitted and froze. Customers buy at
random at a rate of their own, Gamma(r, alpha) over customers, and may leave after every purchase,
the first one included, with a probability of their own, Beta(a, b). The BG/NBD lets nobody leave
after the first purchase, so its P(alive) is 1 for every one-time buyer: on CDNOW (23,570
customers, cutoff 1997-10-01, who bought in the 91 days after) its AUC is 0.333, that of the
MBG/NBD 0.715, and the log likelihood is 31.5 higher. No P(alive) is a churn probability.

References
----------
Batislam, Denizel & Filiztekin (2007), IJRM 24(3), 201-209: the model and P(alive).
Hoppe & Wagner (2007), Marketing ZFP 29(3): the conditional expectation.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import ibis
import ibis.expr.types as ir
import numpy as np
from numpy.typing import NDArray

from features.known import known_at
from features.rfm import counts, purchase_days
from features.seen import Seen

FitPurchases = Callable[
    [NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.int64]],
    Mapping[str, float] | None,
]
"""Distinct (frequency, recency, T) and the customers of each -> r, alpha, a, b of the MBG/NBD, in
days; None where there is too little to fit."""

PARAMETERS = ("r", "alpha", "a", "b")
FROZEN = "purchases"
"""Name in `Seen` under which the parameters stand, as text that reads back to the same floats."""
HORIZONS = (28, 91)
_TRIPLE = ("frequency", "recency", "T")
_TERMS = 24
# beyond these the series needs more terms than that; there the two-point rule is the better one
_MOST_A = 2.0
_MOST_R_OVER_A_AND_B = 10.0
_NEAR_ONE = 1e-6
# exp of more is an error on PostgreSQL, infinity elsewhere; nobody can tell 1e-87 from 0
_MOST_LOG = 200.0


def purchases_seen(orders: ir.Table, first_cutoff: int, fit: FitPurchases) -> Seen:
    """Parameters of the purchase process, to be frozen with what else is seen of orders.

    Parameters
    ----------
    orders : ibis Table
        The normalised `orders`.
    first_cutoff : int
        Day number of the earliest training cutoff: no training row may see later orders, not
        even through a parameter.
    fit : FitPurchases

    Returns
    -------
    Seen
        Nothing where there is nothing to fit.
    """
    triples = purchase_triples(orders, first_cutoff).to_pyarrow()
    if not len(triples):
        return {}
    frequency, recency, age = (triples[name].to_numpy().astype("float64") for name in _TRIPLE)
    found = fit(frequency, recency, age, triples["customers"].to_numpy().astype("int64"))
    if found is None or not all(0 < found[name] < math.inf for name in PARAMETERS):
        return {}
    return {FROZEN: tuple(repr(float(found[name])) for name in PARAMETERS)}


def purchase_triples(orders: ir.Table, cutoff: int) -> ir.Table:
    """Count the customers of each distinct (frequency, recency, T) at a cutoff, in their order.

    They are sufficient for the fit: a hundred million customers are a few million triples.
    """
    each = counts(purchase_days(known_at("orders", orders, [cutoff])))
    return each.group_by(list(_TRIPLE)).aggregate(customers=each.count()).order_by(*_TRIPLE)


def purchase_features(
    frequency: ir.NumericValue, recency: ir.NumericValue, age: ir.NumericValue, seen: Seen
) -> dict[str, ir.Value]:
    """Expressions of the purchase process; none where no parameters were frozen.

    Parameters
    ----------
    frequency, recency, age : ibis columns
        Denoted x, t_x and T in the literature, see `features.rfm`; times in days.
    seen : Seen

    Returns
    -------
    dict of str to ibis column
        `probability_alive`; `purchase_rate`, the mean of the posterior of the rate, in purchase
        days per day while alive, as if surely alive; `expected_28d` and `expected_91d`, purchase
        days expected after the cutoff, dropout before and after it included;
        `days_since_last_over_expected_gap`, the silence in expected gaps between purchases.
    """
    if FROZEN not in seen:
        return {}
    p = dict(zip(PARAMETERS, map(float, seen[FROZEN]), strict=True))
    x, t_x, T = (value.cast("float64") for value in (frequency, recency, age))
    alive = _probability_alive(p, x, t_x, T)
    rate = (x + p["r"]) / (T + p["alpha"])
    return {
        "probability_alive": alive,
        "purchase_rate": rate,
        **{f"expected_{days}d": alive * _if_alive(p, days, x, T) for days in HORIZONS},
        "days_since_last_over_expected_gap": (T - t_x + 1) * rate,
    }


def _probability_alive(p: Mapping[str, float], x: Any, t_x: Any, T: Any) -> ir.Value:
    """Appendix A, eq. (5) of Batislam, Denizel & Filiztekin (2007), in logarithms."""
    silence = (T + p["alpha"]).ln() - (t_x + p["alpha"]).ln()
    log_odds_left = math.log(p["a"]) - (x + p["b"]).ln() + (x + p["r"]) * silence
    return 1 / (_exp(log_odds_left) + 1)


def _if_alive(p: Mapping[str, float], days: int, x: Any, T: Any) -> ir.Value:
    """Purchase days expected of a customer known to be alive at the cutoff.

    Hoppe & Wagner (2007), whose 2F1 no engine has. The series is right to 1e-6 while `days` are
    below 3 * (alpha + T), and to 1e-3 beyond; the rule of two points to 1e-3 and, of a customer
    who first bought yesterday, 2e-2.
    """
    if p["a"] <= _MOST_A and p["r"] - p["a"] - p["b"] <= _MOST_R_OVER_A_AND_B:
        return _by_series(p, days, x, T)
    return _by_two_points(p, days, x, T)


def _by_series(p: Mapping[str, float], days: int, x: Any, T: Any) -> ir.Value:
    """Sum Euler's transform of 2F1; the terms left out count as a geometric series."""
    # at a = 1 the formula is 0 / 0, and its limit is this near
    a = p["a"] if abs(p["a"] - 1) > _NEAR_ONE else 1 + _NEAR_ONE
    first, second, third = a + p["b"] - p["r"], a - 1, x + (a + p["b"])
    z = days / (T + (p["alpha"] + days))

    def ratio(k: int) -> Any:
        return z * ((first + k) * (second + k) / (1 + k)) / (third + k)

    total = 1 / (1 - ratio(_TERMS))
    for k in reversed(range(_TERMS)):
        total = ratio(k) * total + 1
    return third * (1 / second) * (1 - _exp((1 - z).ln() * second) * total)


def _by_two_points(p: Mapping[str, float], days: int, x: Any, T: Any) -> ir.Value:
    """Mean over the posterior of the dropout probability q, Beta(a, b), by Gauss's rule of two.

    Given q, a customer alive buys (1 - (1 + q t / (alpha + T)) ** -(r + x)) / q times within t.
    """
    a, b = p["a"], x + (p["b"] + 1)
    mean = a / (b + a)
    sd = (a * b / ((b + a + 1) * (b + a) * (b + a))).sqrt()
    skew = 2 * (b - a) * (b + a + 1).sqrt() / ((b + a + 2) * (a * b).sqrt())
    spread = (skew * skew + 4).sqrt()
    growth = days / (T + p["alpha"])

    def purchases(q: Any) -> Any:
        return (1 - _exp((growth * q + 1).ln() * (x + p["r"]) * -1)) / q

    low, high = mean + sd * (skew - spread) / 2, mean + sd * (skew + spread) / 2
    weight = (skew / spread + 1) / 2  # of the low point
    return weight * purchases(low) + (1 - weight) * purchases(high)


def _exp(power: Any) -> Any:
    return ibis.greatest(ibis.least(power, _MOST_LOG), -_MOST_LOG).exp()
