"""Will the customer leave within the horizon?

A LightGBM booster of modest trees and a calibrator. No class is resampled or reweighted: what the
booster learns is a probability, and the calibrator sets it right on a later cutoff.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import lightgbm
import numpy as np
from numpy.typing import ArrayLike, NDArray

from training.models.calibration import Calibrator, fit_calibrator
from training.models.errors import FitError

Floats = NDArray[np.float64]
Rows = tuple[ArrayLike, ArrayLike]
"""A feature matrix and its outcomes."""

_MOST_ROUNDS = 1000
_PATIENCE = 50

# Few leaves win where churn is hard to tell (telecom contracts, television), many where it is
# plain (usage logs): no single setting does well on both, so the validation rows decide.
_SHAPES: tuple[Mapping[str, Any], ...] = (
    {"num_leaves": 8, "learning_rate": 0.04, "lambda_l2": 10.0, "feature_fraction": 0.5},
    {"num_leaves": 31, "learning_rate": 0.06, "lambda_l2": 1.0, "feature_fraction": 0.7},
)

# with fewer churners than this none are set aside to choose by
_FEWEST_TO_CHOOSE_BY = 100
_ROUNDS_WITHOUT_CHOICE = 100


@dataclass(frozen=True)
class ChurnModel:
    """A booster, its calibrator, and the columns both expect.

    Every method takes X of shape (n_customers, n_features) in the order of `feature_names`, with
    level codes in the categorical columns and nan for what is missing. A row's result depends on
    that row alone.
    """

    booster: lightgbm.Booster
    calibrator: Calibrator
    feature_names: tuple[str, ...]
    categorical: tuple[int, ...]
    """Indices of the categorical columns."""
    num_threads: int = 1

    def churn_probability(self, X: ArrayLike) -> Floats:
        """Calibrated probability of churn over the horizon it was fitted for, never 0 or 1."""
        return self.calibrator.churn_probability(self.log_odds(X))

    def log_odds(self, X: ArrayLike) -> Floats:
        """Uncalibrated log odds of the booster, shape (n_customers,)."""
        return self._predict(X, raw_score=True)

    def contributions(self, X: ArrayLike) -> Floats:
        """What each feature adds to the calibrated log odds.

        SHAP values of the trees (Lundberg et al. 2020), scaled per customer by what the
        calibrator makes of them, so that a row adds up to the logit of the served probability.

        Returns
        -------
        ndarray, shape (n_customers, n_features + 1)
            The last column is the base: the calibrated log odds where no feature says anything.
        """
        parts = self._predict(X, pred_contrib=True)
        moved = parts[:, :-1].sum(axis=1)
        base = self.calibrator.log_odds(parts[:, -1])
        calibrated = self.calibrator.log_odds(moved + parts[:, -1])
        # a customer whom no feature moves has nothing to scale
        scale = np.divide(calibrated - base, moved, out=np.ones_like(moved), where=moved != 0)
        return np.column_stack([parts[:, :-1] * scale[:, None], base])

    def save(self, folder: Path) -> None:
        """Write `churn_booster.txt` and `churn.json` into an existing folder."""
        self.booster.save_model(str(folder / "churn_booster.txt"))
        state = {
            "feature_names": list(self.feature_names),
            "categorical": list(self.categorical),
            "calibrator": self.calibrator.to_json(),
        }
        (folder / "churn.json").write_text(json.dumps(state, indent=1, sort_keys=True))

    @classmethod
    def load(cls, folder: Path, *, num_threads: int = 1) -> Self:
        """Read what `save` wrote; scores are the same to the last digit."""
        state = json.loads((folder / "churn.json").read_text())
        return cls(
            booster=lightgbm.Booster(model_file=str(folder / "churn_booster.txt")),
            calibrator=Calibrator.from_json(state["calibrator"]),
            feature_names=tuple(state["feature_names"]),
            categorical=tuple(state["categorical"]),
            num_threads=num_threads,
        )

    def _predict(self, X: ArrayLike, **what: Any) -> Floats:
        rows = _matrix(X, len(self.feature_names))
        if not len(rows):
            width = (len(self.feature_names) + 1,) if "pred_contrib" in what else ()
            return np.empty((0, *width))
        return np.asarray(self.booster.predict(rows, num_threads=self.num_threads, **what))


def fit_churn(
    X: ArrayLike,
    churned: ArrayLike,
    *,
    feature_names: Sequence[str],
    categorical: Sequence[int] = (),
    seed: int,
    validation: Rows | None = None,
    calibration: Rows | None = None,
    num_threads: int = 1,
) -> ChurnModel:
    """Fit the booster, then its calibrator.

    Parameters
    ----------
    X : array-like, shape (n_rows, n_features)
    churned : array-like of bool, shape (n_rows,)
    feature_names : one per column of X
    categorical : indices of the columns that hold level codes
    validation : (X, churned) of other customers, for the number and shape of the trees
    calibration : (X, churned) of a later cutoff; without it the booster's probability is served

    Raises
    ------
    FitError
        If shapes disagree or only one outcome was seen.
    """
    booster = fit_booster(
        X,
        churned,
        feature_names=feature_names,
        categorical=categorical,
        seed=seed,
        validation=validation,
        num_threads=num_threads,
    )
    model = ChurnModel(
        booster, Calibrator("identity"), tuple(feature_names), tuple(categorical), num_threads
    )
    if calibration is None:
        return model
    calibrator = fit_calibrator(model.log_odds(calibration[0]), calibration[1], seed=seed)
    return ChurnModel(booster, calibrator, model.feature_names, model.categorical, num_threads)


def fit_booster(
    X: ArrayLike,
    churned: ArrayLike,
    *,
    feature_names: Sequence[str],
    categorical: Sequence[int] = (),
    seed: int,
    validation: Rows | None = None,
    num_threads: int = 1,
) -> lightgbm.Booster:
    """Boosted trees for the log loss; parameters as for `fit_churn`.

    Two shapes of tree are grown and the one with the lower log loss on the validation rows is
    kept, at its best number of trees. Without validation rows a fifth of the rows decides, and
    the chosen shape is grown again on all of them.

    The same rows, seed and version of LightGBM give the same trees with any number of threads.
    """
    rows, outcome = _checked(X, churned, len(feature_names))
    _check_both_outcomes(outcome)

    def grow(
        which: Any, shape: Mapping[str, Any], rounds: int, watch: Rows | None
    ) -> lightgbm.Booster:
        settings = {**_settings(len(outcome[which]), seed, num_threads), **shape}
        return _grow(rows[which], outcome[which], categorical, settings, rounds, watch)

    everyone = slice(None)
    if validation is not None:
        grown = [grow(everyone, shape, _MOST_ROUNDS, validation) for shape in _SHAPES]
        return min(grown, key=_validation_loss)
    if min(outcome.sum(), len(outcome) - outcome.sum()) < _FEWEST_TO_CHOOSE_BY:
        return grow(everyone, _SHAPES[0], _ROUNDS_WITHOUT_CHOICE, None)
    aside = np.random.default_rng(seed).permutation(len(rows)) % 5 == 0
    watched = (rows[aside], outcome[aside])
    trials = [grow(~aside, shape, _MOST_ROUNDS, watched) for shape in _SHAPES]
    best = min(range(len(trials)), key=lambda index: _validation_loss(trials[index]))
    return grow(everyone, _SHAPES[best], trials[best].best_iteration, None)


def _grow(
    rows: Floats,
    outcome: Floats,
    categorical: Sequence[int],
    settings: Mapping[str, Any],
    rounds: int,
    watch: Rows | None,
) -> lightgbm.Booster:
    # LightGBM refuses names with JSON characters; ours are kept beside the booster
    layout: dict[str, Any] = {
        "feature_name": [f"f{index}" for index in range(rows.shape[1])],
        "categorical_feature": list(categorical),
    }
    train = lightgbm.Dataset(rows, outcome, params=dict(settings), **layout)
    if watch is None:
        return lightgbm.train(dict(settings), train, num_boost_round=rounds)
    later = lightgbm.Dataset(*_checked(*watch, rows.shape[1]), reference=train, **layout)
    stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
    return lightgbm.train(
        dict(settings), train, num_boost_round=rounds, valid_sets=[later], callbacks=[stop]
    )


def _validation_loss(booster: lightgbm.Booster) -> float:
    return float(booster.best_score["valid_0"]["binary_logloss"])


def _settings(n_rows: int, seed: int, num_threads: int) -> dict[str, Any]:
    return {
        "objective": "binary",
        "metric": "binary_logloss",
        "min_data_in_leaf": max(10, min(100, n_rows // 100)),
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "cat_smooth": 20.0,
        "min_data_per_group": 50,
        "deterministic": True,
        "force_row_wise": True,
        "feature_pre_filter": False,
        "seed": seed,
        "num_threads": num_threads,
        "verbosity": -1,
    }


def _checked(X: ArrayLike, churned: ArrayLike, n_features: int) -> tuple[Floats, Floats]:
    rows, outcome = _matrix(X, n_features), np.asarray(churned, np.float64)
    if outcome.shape != (len(rows),):
        raise FitError(f"{len(rows)} rows of features have {outcome.shape} outcomes; give one each")
    if not np.isin(outcome, (0.0, 1.0)).all():
        raise FitError("an outcome is neither 0 nor 1; give True for customers who left")
    return rows, outcome


def _check_both_outcomes(outcome: Floats) -> None:
    left = int(outcome.sum())
    if left in (0, len(outcome)):
        raise FitError(
            f"{left} of {len(outcome)} customers left, so there is nothing to tell apart; "
            "use more cutoffs or another horizon"
        )


def _matrix(X: ArrayLike, n_features: int) -> Floats:
    rows = np.ascontiguousarray(X, np.float64)
    if rows.ndim != 2 or rows.shape[1] != n_features:
        raise FitError(
            f"features have shape {rows.shape}, the model takes {n_features} columns; "
            "score with the build that trained it"
        )
    return rows
