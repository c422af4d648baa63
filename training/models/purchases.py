"""How many purchases will each customer make, and are they still there?

BG/NBD, MBG/NBD and Pareto/NBD: fitted by `lifetimes` on the distinct (frequency, recency, T)
triples weighted by their customers, which are sufficient for all three; predicted by the formulas
of `purchase_formulas`, which do not overflow. Every time is in days, so alpha (and beta of the
Pareto/NBD) is 7 times a published weekly one.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit

from training.models._lifetimes import purchase_parameters
from training.models.errors import FitError
from training.models.purchase_formulas import FORMULAS

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class PurchaseModel:
    """A fitted purchase model: parameters in days, and what it expects of a history.

    Examples
    --------
    The published BG/NBD of CDNOW (Fader, Hardie & Lee 2005, table 2 and p. 282), alpha in days:
    a customer with x = 2 repeats, t_x = 30.43 and T = 38.86 weeks buys 1.226 times in the next 39.

    >>> bg_nbd = PurchaseModel("bg_nbd", {"r": 0.243, "alpha": 7 * 4.414, "a": 0.793, "b": 2.426},
    ...                        log_likelihood=-9582.4, n_customers=2357, n_triples=1411)
    >>> bg_nbd.expected_purchases(7 * 39, [2], [7 * 30.43], [7 * 38.86]).round(3)
    array([1.226])
    """

    name: str
    """"bg_nbd", "mbg_nbd" or "pareto_nbd"."""
    params: Mapping[str, float]
    """r, alpha, a, b or r, alpha, s, beta; alpha and beta in days."""
    log_likelihood: float
    """Of all customers, with time in days."""
    n_customers: int
    n_triples: int

    def expected_purchases(
        self, horizon_days: float, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike
    ) -> Floats:
        """Purchase days expected within the next `horizon_days`.

        Eq. (10) of Fader, Hardie & Lee (2005) and its likes; see `purchase_formulas`.

        Parameters
        ----------
        horizon_days : float, >= 0
        frequency : array-like, shape (n_customers,)
            Repeat purchase days, denoted x in the literature.
        recency : array-like, shape (n_customers,), in days
            Age at the last purchase, denoted t_x.
        T : array-like, shape (n_customers,), in days
            Age at the cutoff.

        Returns
        -------
        ndarray, shape (n_customers,)
        """
        x, t_x, age = _history(frequency, recency, T)
        return self.probability_alive(x, t_x, age) * self.purchases_if_alive(horizon_days, x, age)

    def purchases_if_alive(self, horizon_days: float, frequency: ArrayLike, T: ArrayLike) -> Floats:
        """Purchase days expected within `horizon_days` of a customer known to be alive at T.

        The part of `expected_purchases` that does not depend on recency.
        """
        if not horizon_days >= 0:
            raise FitError(f"a horizon of {horizon_days} days lies in the past; use 0 or more")
        x, age = np.broadcast_arrays(np.asarray(frequency, np.float64), np.asarray(T, np.float64))
        # the formula knows no recency, so each distinct (frequency, T) needs it only once
        pairs, _, where = distinct(x, age)
        expected = FORMULAS[self.name].purchases_if_alive(self.params, float(horizon_days), *pairs)
        return expected[where]

    def expected_purchases_new(self, horizon_days: float) -> float:
        """Repeat purchase days expected of a customer within `horizon_days` of their first one.

        Eq. (9) of Fader, Hardie & Lee (2005): a history of length 0.
        """
        return float(self.expected_purchases(horizon_days, [0], [0], [0])[0])

    def probability_alive(self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> Floats:
        """Probability that the customer has not left for good; not a churn probability.

        It is 1 for every one-time buyer of the BG/NBD, where dropout follows a repeat purchase.

        Parameters
        ----------
        frequency, recency, T : array-like, shape (n_customers,)
            As for `expected_purchases`.

        Returns
        -------
        ndarray, shape (n_customers,), in [0, 1]
        """
        x, t_x, age = _history(frequency, recency, T)
        log_odds_left = FORMULAS[self.name].log_odds_left(self.params, x, t_x, age)
        return np.asarray(expit(-log_odds_left), np.float64)

    def save(self, folder: Path) -> None:
        """Write `purchases.json` into an existing folder."""
        state = asdict(self) | {"params": dict(self.params)}
        (folder / "purchases.json").write_text(json.dumps(state, indent=1, sort_keys=True))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / "purchases.json").read_text()))


def fit_purchases(
    frequency: ArrayLike,
    recency: ArrayLike,
    T: ArrayLike,
    *,
    model: str = "bg_nbd",
    customers: ArrayLike | None = None,
) -> PurchaseModel:
    """Maximum-likelihood fit of one purchase model.

    Parameters
    ----------
    frequency, recency, T : array-like, shape (n_rows,)
        Repeat purchase days; age in days at the last purchase and at the cutoff.
    model : "bg_nbd", "mbg_nbd" or "pareto_nbd"
    customers : array-like of int, shape (n_rows,), optional
        How many customers have the history of the row; one each where it is not given.

    Raises
    ------
    FitError
        If a history is impossible (with up to three row numbers), if nobody bought twice, or if
        no optimum was found.
    """
    if model not in FORMULAS:
        raise FitError(
            f"no purchase model '{model}' (known: {', '.join(FORMULAS)}); use one of them"
        )
    x, t_x, age = _history(frequency, recency, T)
    _check_history(x, t_x, age)
    triples, weights, where = distinct(x, t_x, age)
    if customers is not None:
        each = np.asarray(customers, np.int64)
        weights = np.zeros(len(weights), np.int64)
        np.add.at(weights, where, each)
    try:
        params = purchase_parameters(model, triples, weights)
        likelihood = log_likelihood(model, params, triples, weights)
    except FitError as problem:
        raise FitError(_explain(model, x, len(weights), str(problem))) from None
    return PurchaseModel(model, params, likelihood, int(weights.sum()), len(weights))


def log_likelihood(
    model: str,
    params: Mapping[str, float],
    triples: tuple[Floats, ...],
    weights: NDArray[np.int64],
) -> float:
    """Log likelihood of weighted (frequency, recency, T) in the unit of time of T.

    Eq. (6) of Fader, Hardie & Lee (2005) and its likes. In weeks it is larger by
    log(7) per repeat purchase than in days.
    """
    formulas = FORMULAS[model]
    odds = formulas.log_odds_left(params, *triples)
    each = formulas.log_alive(params, *triples) + np.logaddexp(0.0, odds)
    total = float((weights * each).sum())
    if not np.isfinite(total):
        raise FitError(f"the log likelihood of {model} is {total}")
    return total


def distinct(
    *columns: Floats,
) -> tuple[tuple[Floats, ...], NDArray[np.int64], NDArray[np.intp]]:
    """Distinct rows of equally long columns, how often each occurs, and where each row went.

    Returns
    -------
    columns, counts, inverse
        Distinct rows in ascending order; `columns[i][inverse]` gives the input back.
    """
    codes = np.zeros(len(columns[0]), np.int64)
    if len(codes) == 1:  # one customer asked for: sorting one thing takes most of the time
        return columns, np.ones(1, np.int64), np.zeros(1, np.intp)
    for column in columns:
        values, position = np.unique(column, return_inverse=True)
        # codes are made dense again after each column: their product would overflow
        _, codes = np.unique(codes * len(values) + position, return_inverse=True)
    _, first, counts = np.unique(codes, return_index=True, return_counts=True)
    return tuple(column[first] for column in columns), counts, codes


def _history(frequency: ArrayLike, recency: ArrayLike, T: ArrayLike) -> tuple[Floats, ...]:
    columns = [np.atleast_1d(np.asarray(column, np.float64)) for column in (frequency, recency, T)]
    if len({column.shape for column in columns}) != 1 or columns[0].ndim != 1:
        shapes = ", ".join(str(column.shape) for column in columns)
        raise FitError(f"frequency, recency and T have shapes {shapes}; give one row per customer")
    return tuple(columns)


def _check_history(x: Floats, t_x: Floats, age: Floats) -> None:
    if len(x) == 0:
        raise FitError("no customers to fit purchases on; load orders before the cutoff")
    rules = {
        "a value that is not finite": ~np.isfinite(x + t_x + age),
        "a negative value": (x < 0) | (t_x < 0) | (age < 0),
        "a frequency that is not a whole number": x != np.rint(x),
        "a recency above T": t_x > age,
        "a recency without a repeat purchase, or a repeat without a recency": (x == 0)
        != (t_x == 0),
    }
    for what, broken in rules.items():
        if broken.any():
            rows = ", ".join(
                f"row {i}: ({x[i]:g}, {t_x[i]:g}, {age[i]:g})" for i in np.flatnonzero(broken)[:3]
            )
            raise FitError(
                f"{broken.sum()} of {len(x)} (frequency, recency, T) hold {what} ({rows}); "
                "count repeat purchase days, and ages in days since the first purchase"
            )
    if not (x > 0).any():
        raise FitError(
            f"none of {len(x)} customers bought on a second day, so there is no repeat rate "
            "to fit; load a longer order history"
        )


def _explain(model: str, x: Floats, n_triples: int, problem: str) -> str:
    return (
        f"{model} did not fit {len(x)} customers ({n_triples} distinct histories, "
        f"{int((x > 0).sum())} with a repeat purchase, {x.sum():.0f} repeats): {problem}; "
        "use another purchase model or a longer order history"
    )
