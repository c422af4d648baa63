"""How likely is a purchase history, is its customer still there, and what will they buy?

For each purchase model three functions of a history, in logarithms wherever a power appears. With
x = frequency, t_x = recency and T = age (all times in one unit), every model here splits as

    likelihood             = A * (1 + D)
    P(alive)               = 1 / (1 + D)
    E[purchases in (T, T + t]] = P(alive) * M(t)

where A is the likelihood of the history together with still being alive at T, D the odds of having
left, and M what a customer known to be alive will buy. M does not depend on t_x.

References
----------
.. [FHL] Fader, Hardie & Lee (2005), Marketing Science 24(2), 275-284.
.. [H21] Hardie, Note 021, P(alive) for the BG/NBD model.
.. [BDF] Batislam, Denizel & Filiztekin (2007), IJRM 24(3), 201-209.
.. [HW] Hoppe & Wagner (2007), Marketing ZFP 29(3); Wagner & Hoppe (2008), IJRM 25(3), 225-226.
.. [SMC] Schmittlein, Morrison & Colombo (1987), Management Science 33(1), 1-24.
.. [FH9] Fader & Hardie (2005), Note 009, deriving the Pareto/NBD model of [SMC].
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import eigh_tridiagonal
from scipy.special import betaln, exprel, gammaln, hyp2f1

Floats = NDArray[np.float64]
Params = Mapping[str, float]


@dataclass(frozen=True)
class Formulas:
    """The three functions of one model, and the names of its parameters in order."""

    parameters: tuple[str, ...]
    log_alive: Callable[[Params, Floats, Floats, Floats], Floats]
    """log A of (frequency, recency, T)."""
    log_odds_left: Callable[[Params, Floats, Floats, Floats], Floats]
    """log D of (frequency, recency, T)."""
    purchases_if_alive: Callable[[Params, float, Floats, Floats], Floats]
    """M of (horizon, frequency, T)."""


def _log_gamma_rate(p: Params, x: Floats, T: Floats) -> Floats:
    r, alpha = p["r"], p["alpha"]
    return np.asarray(gammaln(r + x) - gammaln(r) + r * np.log(alpha) - (r + x) * np.log(alpha + T))


def _bg_log_alive(p: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """First term of eq. (6) of [FHL]."""
    a, b = p["a"], p["b"]
    return np.asarray(betaln(a, b + x) - betaln(a, b) + _log_gamma_rate(p, x, T))


def _bg_log_odds_left(p: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Ratio of the two terms of eq. (6) of [FHL]; [H21]. Without a repeat nobody has left."""
    r, alpha, a, b = (p[name] for name in ("r", "alpha", "a", "b"))
    odds = np.log(a) - np.log(b + np.maximum(x, 1) - 1) + (r + x) * _log_ratio(alpha, t_x, T)
    return np.where(x > 0, odds, -np.inf)


def _bg_purchases_if_alive(p: Params, horizon: float, x: Floats, T: Floats) -> Floats:
    """Numerator of eq. (10) of [FHL]."""
    return _geometric_purchases(horizon, p["r"] + x, p["alpha"] + T, p["a"], p["b"] + x)


def _mbg_log_alive(p: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """First term of the likelihood of [BDF]: as the BG/NBD, with one more chance to leave."""
    a, b = p["a"], p["b"]
    return np.asarray(betaln(a, b + x + 1) - betaln(a, b) + _log_gamma_rate(p, x, T))


def _mbg_log_odds_left(p: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Appendix A, eq. (5) of [BDF]."""
    r, alpha, a, b = (p[name] for name in ("r", "alpha", "a", "b"))
    return np.asarray(np.log(a) - np.log(b + x) + (r + x) * _log_ratio(alpha, t_x, T))


def _mbg_purchases_if_alive(p: Params, horizon: float, x: Floats, T: Floats) -> Floats:
    """Numerator of the conditional expectation of [HW]."""
    return _geometric_purchases(horizon, p["r"] + x, p["alpha"] + T, p["a"], p["b"] + x + 1)


def _pareto_log_alive(p: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """First term of eq. (18) of [FH9]."""
    s, beta = p["s"], p["beta"]
    return np.asarray(_log_gamma_rate(p, x, T) + s * (np.log(beta) - np.log(beta + T)))


def _pareto_log_odds_left(p: Params, x: Floats, t_x: Floats, T: Floats) -> Floats:
    """Eq. (36) of [FH9], eq. (11) to (13) of [SMC]; A_0 is eq. (19) and (20) of [FH9]."""
    r, alpha, s, beta = (p[name] for name in ("r", "alpha", "s", "beta"))
    n = r + s + x
    larger, gap = max(alpha, beta), abs(alpha - beta)
    # Euler's transform of the printed 2F1(n, second; n + 1; z), which overflows from a few hundred
    # purchases; here the power is taken out and what is left stays near 1
    second = r + x if alpha < beta else np.full_like(x, s + 1)

    def log_term(t: Floats) -> Floats:
        z = gap / (larger + t)
        bounded = np.log(hyp2f1(1.0, n + 1 - second, n + 1, z))
        return np.asarray(bounded + (1 - second) * np.log1p(-z) - n * np.log(larger + t))

    at_recency, at_age = log_term(t_x), log_term(T)
    # rounding can put the later term a hair above the earlier one where t_x is nearly T
    step = np.minimum(at_age - at_recency, 0.0)
    with np.errstate(divide="ignore"):
        log_a0 = at_recency + np.log(-np.expm1(step))
    powers = (r + x) * np.log(alpha + T) + s * np.log(beta + T)
    return np.asarray(np.log(s) - np.log(n) + powers + log_a0)


def _pareto_purchases_if_alive(p: Params, horizon: float, x: Floats, T: Floats) -> Floats:
    """Eq. (41) of [FH9] without P(alive); `exprel` is its limit at s = 1 too."""
    alpha, s, beta = p["alpha"], p["s"], p["beta"]
    log_growth = np.log1p(horizon / (beta + T))
    rate = (p["r"] + x) * (beta + T) / (alpha + T)
    return np.asarray(rate * log_growth * exprel((1 - s) * log_growth))


def _log_ratio(alpha: float, t_x: Floats, T: Floats) -> Floats:
    return np.asarray(np.log(alpha + T) - np.log(alpha + t_x))


# Around a = 1 the printed form is 0 / 0; the line through both sides is right to 1e-9.
_NEAR_ONE = 1e-5


def _geometric_purchases(
    horizon: float, shape: Floats, rate: Floats, a: float, b: Floats
) -> Floats:
    """Purchases within `horizon` of a customer alive now, with dropout after each purchase.

    Their rate is Gamma(shape, rate) and their dropout probability Beta(a, b). Eq. (10) of [FHL]
    prints (1-z)^shape * 2F1(shape, b; c; z), whose factors under- and overflow from about 420
    purchases; Euler's transform of it, used here, has a small second parameter instead.
    """
    if horizon == 0:
        return np.zeros_like(shape)
    if abs(a - 1) < _NEAR_ONE:
        below, above = (
            _geometric_purchases(horizon, shape, rate, 1 + 2 * side * _NEAR_ONE, b)
            for side in (-1, 1)
        )
        return np.asarray(below + (above - below) * ((a - 1) / _NEAR_ONE + 2) / 4)
    c = a + b - 1
    # c = 0 is a removable singularity, met only by a customer without repeats
    c = np.where(np.abs(c) < _NEAR_ONE**2, _NEAR_ONE**2, c)
    z = horizon / (rate + horizon)
    with np.errstate(over="ignore", invalid="ignore"):
        left_out = np.exp((a - 1) * np.log1p(-z)) * hyp2f1(c - shape, a - 1, c, z)
    lost = ~np.isfinite(left_out)
    if lost.any() and a > 1:
        left_out[lost] = _by_quadrature(horizon, shape[lost], rate[lost], a, b[lost])
    return np.asarray(c / (a - 1) * (1 - left_out))


def _by_quadrature(horizon: float, shape: Floats, rate: Floats, a: float, b: Floats) -> Floats:
    """The same quantity as a mean of (1 + p t/rate)^-shape over Beta(a - 1, b), always in [0, 1].

    Needed only where a is so large that 2F1 itself overflows; one Gauss-Jacobi rule per b.
    """
    result = np.empty_like(shape)
    for value in np.unique(b):
        rows = b == value
        probability, weight = _beta_quadrature(a - 1, value)
        growth = np.outer(horizon / rate[rows], probability)
        result[rows] = (np.exp(-shape[rows, None] * np.log1p(growth)) * weight).sum(axis=1)
    return result


def _beta_quadrature(a: float, b: float, n_nodes: int = 64) -> tuple[Floats, Floats]:
    """Nodes in (0, 1) and weights, adding up to 1, of the Gauss rule for Beta(a, b).

    By Golub & Welsch (1969); `scipy.special.roots_jacobi` overflows in the total weight, which
    is 1 here.
    """
    n = np.arange(1.0, n_nodes)
    total = a + b - 2 + 2 * n
    centre = np.append((a - b) / (a + b), ((a - 1) ** 2 - (b - 1) ** 2) / (total * (total + 2)))
    first = 4 * a * b / ((a + b) ** 2 * (a + b + 1))
    n, total = n[1:], total[1:]
    products = 4 * n * (n + a - 1) * (n + b - 1) * (n + a + b - 2)
    later = products / (total**2 * (total + 1) * (total - 1))
    nodes, vectors = eigh_tridiagonal(centre, np.sqrt(np.append(first, later)))
    return (nodes + 1) / 2, vectors[0] ** 2


FORMULAS: Mapping[str, Formulas] = {
    "bg_nbd": Formulas(
        ("r", "alpha", "a", "b"), _bg_log_alive, _bg_log_odds_left, _bg_purchases_if_alive
    ),
    "mbg_nbd": Formulas(
        ("r", "alpha", "a", "b"), _mbg_log_alive, _mbg_log_odds_left, _mbg_purchases_if_alive
    ),
    "pareto_nbd": Formulas(
        ("r", "alpha", "s", "beta"),
        _pareto_log_alive,
        _pareto_log_odds_left,
        _pareto_purchases_if_alive,
    ),
}
