"""What is a customer's average purchase worth?

The Gamma-Gamma model of Fader & Hardie (2013, note 025): a customer's mean spend per purchase is
drawn towards the population's, the less the more they have bought.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from training.models._lifetimes import spend_parameters
from training.models.errors import FitError

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SpendModel:
    """A fitted spend model; both kinds weigh a customer's own mean against the population's.

    Examples
    --------
    Fader & Hardie (2013, p. 6): 4.49 dollars on average over 3 repeats is drawn up.

    >>> spend = SpendModel("gamma_gamma", population_mean=35.21, prior_orders=0.4386,
    ...                    params={"p": 6.25, "q": 3.74, "v": 15.44}, log_likelihood=-4055.92,
    ...                    n_customers=946)
    >>> spend.expected_spend([0, 3], [0.0, 20.0]).round(2)
    array([35.21, 21.94])
    """

    name: str
    """"gamma_gamma" or "credibility"."""
    population_mean: float
    """Expected spend per purchase of a customer without repeats, in currency units."""
    prior_orders: float
    """Repeats at which a customer's own mean weighs as much as the population's."""
    params: Mapping[str, float]
    """p, q and v (currency units) of the Gamma-Gamma model; empty for credibility."""
    log_likelihood: float
    n_customers: int
    """Customers with a repeat purchase, on whom it was fitted."""

    def expected_spend(self, frequency: ArrayLike, monetary_value: ArrayLike) -> Floats:
        """Expected spend per future purchase, in currency units.

        Eq. (5) of Fader & Hardie (2013): the weight of the own mean is
        p x / (p x + q - 1) = x / (x + prior_orders).

        Parameters
        ----------
        frequency : array-like, shape (n_customers,)
            Repeat purchase days.
        monetary_value : array-like, shape (n_customers,), in currency units
            Mean spend per repeat purchase day; ignored where the frequency is 0.

        Returns
        -------
        ndarray, shape (n_customers,), in currency units
        """
        x = np.asarray(frequency, np.float64)
        own = np.where(x > 0, np.asarray(monetary_value, np.float64), 0.0)
        weight = x / (x + self.prior_orders) if self.prior_orders > 0 else (x > 0) * 1.0
        return np.asarray((1 - weight) * self.population_mean + weight * own)

    def save(self, folder: Path) -> None:
        """Write `spend.json` into an existing folder."""
        state = asdict(self) | {"params": dict(self.params)}
        (folder / "spend.json").write_text(json.dumps(state, indent=1, sort_keys=True))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        return cls(**json.loads((folder / "spend.json").read_text()))


def fit_spend(frequency: ArrayLike, monetary_value: ArrayLike) -> SpendModel:
    """Maximum-likelihood Gamma-Gamma fit on customers with a repeat purchase of positive value.

    Parameters
    ----------
    frequency : array-like, shape (n_customers,)
        Repeat purchase days; customers with 0 are left out.
    monetary_value : array-like, shape (n_customers,), in currency units
        Mean spend per repeat purchase day; customers with 0 or less are left out.

    Raises
    ------
    FitError
        If there are fewer than 10 such customers, no optimum was found, or q <= 1, where the
        population has no finite mean: use `fit_credibility` then.
    """
    x, m = _repeaters(frequency, monetary_value)
    try:
        found = spend_parameters(x, m)
    except FitError as problem:
        raise FitError(f"Gamma-Gamma did not fit {len(x)} repeat buyers: {problem}") from None
    p, q, v = found["p"], found["q"], found["v"]
    if q <= 1:
        raise FitError(
            f"the spend of {len(x)} repeat buyers is so uneven (mean {m.mean():.4g}, largest "
            f"{m.max():.4g}) that the Gamma-Gamma model has no finite mean (q = {q:.3f}, needs "
            "more than 1); check the largest orders, or use the credibility estimate"
        )
    return SpendModel(
        name="gamma_gamma",
        population_mean=p * v / (q - 1),
        prior_orders=(q - 1) / p,
        params=found,
        log_likelihood=float(_log_likelihood(p, q, v, x, m).sum()),
        n_customers=len(x),
    )


def fit_credibility(frequency: ArrayLike, monetary_value: ArrayLike) -> SpendModel:
    """Linear credibility of Bühlmann & Straub (1970): no distribution, only two variances.

    The fallback where the Gamma-Gamma model has no finite mean. The variance of customers' means
    is that between customers plus that within them over their number of repeats; a weighted
    regression of squared deviations on 1 / frequency separates the two.

    Raises
    ------
    FitError
        If fewer than 10 customers have a repeat purchase of positive value.
    """
    x, m = _repeaters(frequency, monetary_value)
    mean = float(m.mean())
    slope, intercept = np.polyfit(1 / x, (m - mean) ** 2, 1) if np.ptp(x) else (1.0, 1.0)
    # a negative variance is what sampling noise leaves of a small one
    within, between = max(float(slope), 0.0), max(float(intercept), 1e-9 * mean**2)
    return SpendModel(
        name="credibility",
        population_mean=mean,
        prior_orders=within / between,
        params={},
        log_likelihood=float("nan"),
        n_customers=len(x),
    )


def _repeaters(frequency: ArrayLike, monetary_value: ArrayLike) -> tuple[Floats, Floats]:
    x, m = np.asarray(frequency, np.float64), np.asarray(monetary_value, np.float64)
    if x.shape != m.shape:
        raise FitError(
            f"frequency and monetary_value have shapes {x.shape} and {m.shape}; "
            "give one row per customer"
        )
    usable = (x > 0) & (m > 0) & np.isfinite(m)
    if usable.sum() < 10:
        raise FitError(
            f"{usable.sum()} of {len(x)} customers have a repeat purchase of positive value; "
            "a spend model needs at least 10: load a longer order history"
        )
    return x[usable], m[usable]


def _log_likelihood(p: float, q: float, v: float, x: Floats, m: Floats) -> Floats:
    """Eq. (1a) of Fader & Hardie (2013), per customer."""
    return np.asarray(
        gammaln(p * x + q)
        - gammaln(p * x)
        - gammaln(q)
        + q * np.log(v)
        + (p * x - 1) * np.log(m)
        + p * x * np.log(x)
        - (p * x + q) * np.log(x * m + v)
    )
