"""What probability does a log odds of the booster really mean?

Monotone maps fitted on rows the booster has not seen, chosen by cross-validated log loss. None of
them ever gives 0 or 1, and none changes who is riskier than whom (isotonic may tie neighbours).
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import minimize
from scipy.special import expit, log1p, logit

from training.models.errors import FitError

Floats = NDArray[np.float64]

# 3e-7 from 0 and 1: further out no finite sample says anything
_LARGEST_LOG_ODDS = 15.0

# below this many of either class a slope is noise; isotonic steps ask for more
_FEWEST_FOR_A_SLOPE = 10
_FEWEST_FOR_ISOTONIC = 100


@dataclass(frozen=True)
class Calibrator:
    """A monotone map of log odds: two slopes and an intercept, or a table of steps.

    The slopes are those of beta calibration (Kull, Silva Filho & Flach 2017): with p the
    probability that went in, logit(out) = left * ln p - right * ln(1 - p) + intercept. Equal
    slopes are Platt's scaling, slopes of 1 with intercept 0 the identity.

    Examples
    --------
    >>> Calibrator("identity").churn_probability([-100, 0.0]).round(7)
    array([3.e-07, 5.e-01])
    """

    name: str
    left: float = 1.0
    right: float = 1.0
    intercept: float = 0.0
    knots: tuple[float, ...] = ()
    """Log odds that went in, ascending (isotonic only)."""
    heights: tuple[float, ...] = ()
    """Log odds that come out at the knots; linear in between."""

    def log_odds(self, log_odds: ArrayLike) -> Floats:
        """Calibrated log odds of uncalibrated ones, any shape."""
        z = np.asarray(log_odds, np.float64)
        if self.knots:
            out = np.interp(z, self.knots, self.heights)
        else:
            out = self.left * _log_p(z) - self.right * _log_p(-z) + self.intercept
        return np.clip(out, -_LARGEST_LOG_ODDS, _LARGEST_LOG_ODDS)

    def churn_probability(self, log_odds: ArrayLike) -> Floats:
        """Calibrated probability of uncalibrated log odds, never 0 or 1."""
        return np.asarray(expit(self.log_odds(log_odds)), np.float64)

    def to_json(self) -> dict[str, Any]:
        """State as plain JSON values."""
        return asdict(self)

    @classmethod
    def from_json(cls, state: Mapping[str, Any]) -> Self:
        """Rebuild what `to_json` gave."""
        tables = {name: tuple(state[name]) for name in ("knots", "heights")}
        return cls(**{**state, **tables})


def fit_calibrator(
    log_odds: ArrayLike, churned: ArrayLike, *, seed: int = 0, n_folds: int = 5
) -> Calibrator:
    """Choose and fit the calibrator with the lowest cross-validated log loss.

    Identity, Platt and beta compete from 10 of each class on; isotonic, which ties customers,
    joins at 100 of each and must win by one standard error. With fewer, the identity is kept.

    Parameters
    ----------
    log_odds : array-like, shape (n_rows,)
        Uncalibrated, of rows the booster was not fitted on.
    churned : array-like of bool, shape (n_rows,)
    seed : int
        Of the folds.

    Raises
    ------
    FitError
        If the two differ in length or a log odds is not finite.
    """
    z, y = np.asarray(log_odds, np.float64), np.asarray(churned, np.float64)
    if z.shape != y.shape or z.ndim != 1 or not np.isfinite(z).all():
        raise FitError(
            f"cannot calibrate {z.shape} log odds ({(~np.isfinite(z)).sum()} not finite) on "
            f"{y.shape} outcomes; give one finite log odds per outcome"
        )
    rarer = min(y.sum(), len(y) - y.sum())
    if rarer < _FEWEST_FOR_A_SLOPE:
        return _identity(z, y)
    candidates: list[_Fit] = [_identity, _platt, _beta]
    losses = [_held_out_loss(fit, z, y, seed, n_folds) for fit in candidates]
    best = int(np.argmin([loss.mean() for loss in losses]))
    if rarer >= _FEWEST_FOR_ISOTONIC:
        gain = losses[best] - _held_out_loss(_isotonic, z, y, seed, n_folds)
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            return _isotonic(z, y)
    return candidates[best](z, y)


_Fit = Callable[[Floats, Floats], Calibrator]


def _held_out_loss(fit: _Fit, z: Floats, y: Floats, seed: int, n_folds: int) -> Floats:
    """Log loss of each row under the calibrator fitted without its fold."""
    loss = np.empty_like(z)
    fold = np.random.default_rng(seed).permutation(len(z)) % n_folds
    for held_out in (fold == number for number in range(n_folds)):
        out = fit(z[~held_out], y[~held_out]).log_odds(z[held_out])
        loss[held_out] = np.logaddexp(0.0, out) - y[held_out] * out
    return loss


def _identity(z: Floats, y: Floats) -> Calibrator:
    return Calibrator("identity")


def _platt(z: Floats, y: Floats) -> Calibrator:
    """Platt (1999), with the slope drawn towards 1."""
    slope, intercept = _penalised_logistic(z[:, None], y)
    return Calibrator("platt", left=slope, right=slope, intercept=intercept)


def _beta(z: Floats, y: Floats) -> Calibrator:
    """Kull, Silva Filho & Flach (2017), with both slopes drawn towards 1."""
    left, right, intercept = _penalised_logistic(np.column_stack([_log_p(z), -_log_p(-z)]), y)
    return Calibrator("beta", left=left, right=right, intercept=intercept)


def _penalised_logistic(columns: Floats, y: Floats) -> list[float]:
    """Slopes and intercept of a logistic regression whose slopes are Normal(1, 0.5) beforehand.

    The prior matters with a few dozen churners and vanishes with thousands. A slope stays
    positive, so that no calibrator turns the ranking over.
    """
    n_slopes = columns.shape[1]

    def loss(parameters: Floats) -> tuple[float, Floats]:
        slopes, intercept = parameters[:-1], parameters[-1]
        z = (columns * slopes).sum(axis=1) + intercept
        off = slopes - 1
        error = expit(z) - y
        value = (np.logaddexp(0.0, z) - y * z).sum() + 2 * (off**2).sum()
        slope_gradient = (columns * error[:, None]).sum(axis=0) + 4 * off
        # per row, so that the optimiser's tolerances mean the same for any number of rows
        return float(value) / len(y), np.append(slope_gradient, error.sum()) / len(y)

    found = minimize(
        loss,
        np.append(np.ones(n_slopes), 0.0),
        jac=True,
        method="L-BFGS-B",
        bounds=[(0.01, 20.0)] * n_slopes + [(-20.0, 20.0)],
        options={"ftol": 1e-14, "gtol": 1e-9, "maxiter": 500},
    )
    return [float(value) for value in found.x]


def _isotonic(z: Floats, y: Floats) -> Calibrator:
    """Zadrozny & Elkan (2002), joined up linearly in log odds between the steps."""
    from sklearn.isotonic import IsotonicRegression

    # a step of nothing but churners is no certainty: half a row stands for what was not seen
    least = 0.5 / (len(y) + 1)
    fitted = IsotonicRegression(y_min=least, y_max=1 - least).fit(z, y)
    return Calibrator(
        "isotonic",
        knots=tuple(float(value) for value in fitted.X_thresholds_),
        heights=tuple(float(value) for value in logit(fitted.y_thresholds_)),
    )


def _log_p(z: Floats) -> Floats:
    """Ln of the probability of log odds z, without underflow on either side."""
    return np.asarray(np.minimum(z, 0.0) - log1p(np.exp(-np.abs(z))))
