"""The only importer of `lifetimes`: maximum-likelihood parameters, or a `FitError`.

`lifetimes` 0.11.3 is archived. What that asks for is done here and nowhere else: it is imported
late (it takes seconds and installs global warning filters), silenced by name, restarted when its
optimiser gives up, and its time scale is undone by itself.
"""

import contextlib
import io
import warnings
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.models.errors import FitError

Floats = NDArray[np.float64]

_FITTERS = {
    "bg_nbd": "BetaGeoFitter",
    "mbg_nbd": "ModifiedBetaGeoFitter",
    "pareto_nbd": "ParetoNBDFitter",
}

# Natural logarithms of the parameters, with the longest age as the unit of time. Data in which
# nobody drops out put the optimum at infinity: there the search ends at a bound, not in an error.
_LOG_BOUNDS = ((-9.0, 9.0),) * 4

# The default first: it is what `lifetimes` alone would do, so the parameters are the same.
_ATTEMPTS: tuple[Mapping[str, Any], ...] = (
    {},
    {"bounds": _LOG_BOUNDS, "tol": 1e-13, "gtol": 1e-7, "maxiter": 1000},
    {
        "bounds": _LOG_BOUNDS,
        "tol": 1e-13,
        "gtol": 1e-7,
        "maxiter": 1000,
        "initial_params": np.array([-1.0, -1.0, -1.0, 1.0]),
    },
)


def purchase_parameters(
    model: str, triples: tuple[Floats, ...], weights: NDArray[np.int64]
) -> dict[str, float]:
    """Maximum-likelihood parameters of one purchase model, in the unit of time of T.

    Parameters
    ----------
    model : "bg_nbd", "mbg_nbd" or "pareto_nbd"
    triples : frequency, recency and T, each of shape (n_triples,)
        Distinct; time in any one unit.
    weights : ndarray of int, shape (n_triples,)
        Customers per triple.

    Raises
    ------
    FitError
        If no attempt reaches a finite optimum.
    """
    with _quiet() as lifetimes:
        fitter_class = getattr(lifetimes, _FITTERS[model])
        data = (*triples, weights)
        if model == "pareto_nbd":
            return _restarted_simplex(fitter_class, data)
        return _first_converged(fitter_class, data, _ATTEMPTS)


def spend_parameters(frequency: Floats, monetary_value: Floats) -> dict[str, float]:
    """Maximum-likelihood p, q and v of the Gamma-Gamma model, v in currency units.

    Raises
    ------
    FitError
        If no attempt reaches a finite optimum.
    """
    attempts: tuple[Mapping[str, Any], ...] = ({}, {"q_constraint": True})
    with _quiet() as lifetimes:
        return _first_converged(lifetimes.GammaGammaFitter, (frequency, monetary_value), attempts)


def _first_converged(
    fitter_class: Any, data: tuple[Any, ...], attempts: tuple[Mapping[str, Any], ...]
) -> dict[str, float]:
    complaints = []
    for options in attempts:
        try:
            return _finite_parameters(fitter_class().fit(*data, **options))
        # one base for everything lifetimes raises: ConvergenceError is a ValueError, and the
        # standard errors it insists on need an invertible Hessian
        except (ValueError, np.linalg.LinAlgError) as problem:
            complaints.append(str(problem).strip().split(". ")[0])
    raise FitError(f"no optimum in {len(attempts)} attempts (last: {complaints[-1]})")


def _restarted_simplex(fitter_class: Any, data: tuple[Any, ...]) -> dict[str, float]:
    """Nelder-Mead from ones, restarted where it stopped until nothing is gained.

    A simplex can collapse short of the optimum; `lifetimes` starts from a random point and takes
    whatever one run gives.
    """
    start, reached = np.ones(4), np.inf
    for _ in range(4):
        fitter = fitter_class().fit(*data, initial_params=start, tol=1e-6, maxiter=600)
        found = _finite_parameters(fitter)
        # its likelihood is a sum over triples with weights of mean 1; its times end at 1
        mean_loss = fitter._negative_log_likelihood_ / len(data[3])
        if reached - mean_loss < 1e-10:
            break
        reached = mean_loss
        start = np.array(list(found.values())) * np.array([1.0, fitter._scale, 1.0, fitter._scale])
    return found


def _finite_parameters(fitter: Any) -> dict[str, float]:
    found = {str(name): float(value) for name, value in fitter.params_.items()}
    likelihood = float(fitter._negative_log_likelihood_)
    if not np.isfinite([*found.values(), likelihood]).all() or min(found.values()) <= 0:
        shown = ", ".join(f"{name}={value:.3g}" for name, value in found.items())
        raise FitError(f"the search ended outside the model ({shown}, likelihood {likelihood:.6g})")
    return found


@contextlib.contextmanager
def _quiet() -> Iterator[ModuleType]:
    """Yield `lifetimes` with its known noise off, and leave the process's filters as they were."""
    # it prints the optimiser's whole state before it raises
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        # importing lifetimes.utils sets pandas' mode.chained_assignment, gone since pandas 3
        warnings.filterwarnings("ignore", message="The 'mode.chained_assignment' option")
        # it passes `disp`, which the bounded optimiser of SciPy 1.17 deprecates and 1.18 forgets
        warnings.filterwarnings("ignore", message=r"scipy\.optimize: The `disp`")
        warnings.filterwarnings("ignore", message="Unknown solver options: disp")
        import lifetimes

        # a line search that steps far out overflows there and turns back; the standard errors that
        # lifetimes always computes are roots of negative numbers where the optimum is a ridge
        with np.errstate(all="ignore"):
            yield lifetimes
