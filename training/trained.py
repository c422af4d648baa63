"""What is kept of a training? Each model with all that scoring needs, as one folder of plain files.

MLflow keeps these folders as artifacts and a snapshot holds copies of them; both read them back
with `load`. Nothing in them is a pickle.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import TypeAdapter

from features.config import BusinessConfig, Config
from features.errors import ModelError
from features.spec import FeatureSpec
from features.value_columns import BTYD_INPUTS, VALUE_INPUTS
from training.models.churn import ChurnModel
from training.models.lifetime_value import LifetimeValueModel

CHURN = "churn"
LIFETIME_VALUE = "lifetime-value"
CHAMPION = "champion"
"""Alias of the version in use."""
MODEL_FOLDER = "model"
"""Name of the folder in the artifacts of an MLflow model."""
VALUE_MODEL_INPUTS = (*VALUE_INPUTS, "churn_probability")


@dataclass(frozen=True)
class ChurnFacts:
    """What a churn model was trained for.

    Attributes
    ----------
    business : BusinessConfig
        As it was at the training: what churn meant, over which horizon.
    base_rate : float
        Share that left, on the rows it was calibrated on.
    train_cutoffs : tuple of str
        ISO dates.
    calibration_cutoff : str
    typical : mapping of str to float
        Median of each number column and commonest level code of each category, over the
        training rows: what a customer is compared with.
    mappings : mapping of str to str
        As `mappings` gives them of the config.
    left_out : mapping of str to str
        Columns that the leak probe kept out of the model -> why.
    """

    business: BusinessConfig
    base_rate: float
    train_cutoffs: tuple[str, ...]
    calibration_cutoff: str
    typical: Mapping[str, float]
    mappings: Mapping[str, str] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ValueFacts:
    """What a lifetime-value model was trained for.

    Attributes
    ----------
    business : BusinessConfig
        As it was at the training: currency, value horizon, and the churn horizon of the
        probability which the model takes for subscriptions.
    cutoff : str
        ISO date; the model has seen the rows before it.
    """

    business: BusinessConfig
    cutoff: str


@dataclass(frozen=True)
class TrainedChurn:
    """A churn model with the features it knows."""

    model: ChurnModel
    spec: FeatureSpec
    facts: ChurnFacts

    def save(self, folder: Path) -> None:
        """Write it into a folder."""
        self.model.save(folder)
        (folder / "feature_spec.json").write_text(self.spec.to_json())
        _write_facts(folder, self.facts)

    @classmethod
    def load(cls, folder: Path) -> TrainedChurn:
        """Read it back."""
        spec = FeatureSpec.from_json((folder / "feature_spec.json").read_text())
        return cls(ChurnModel.load(folder), spec, _read_facts(folder, ChurnFacts))

    def predict(
        self, frame: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> NDArray[np.float64]:
        """Churn probability over `horizon_days` for feature rows; MLflow calls it too."""
        return self.model.churn_probability(self.spec.matrix(frame))


@dataclass(frozen=True)
class TrainedValue:
    """A lifetime-value model with its units."""

    model: LifetimeValueModel
    facts: ValueFacts

    def save(self, folder: Path) -> None:
        """Write it into a folder."""
        self.model.save(folder)
        _write_facts(folder, self.facts)

    @classmethod
    def load(cls, folder: Path) -> TrainedValue:
        """Read it back."""
        return cls(LifetimeValueModel.load(folder), _read_facts(folder, ValueFacts))

    def predict(
        self, frame: pd.DataFrame, params: Mapping[str, Any] | None = None
    ) -> NDArray[np.float64]:
        """Value over `value_horizon_days`, in `currency`; MLflow calls it too.

        Reads the columns of `VALUE_MODEL_INPUTS`.
        """
        orders = self.model.orders_value(*(frame[column] for column in BTYD_INPUTS))
        subscription = self.model.subscription_value(
            frame["monthly_amount"],
            frame["churn_probability"],
            self.facts.business.horizon_days,
        )
        # a subscription without an amount has an unknown value, not none
        return np.where(frame["monthly_amount"].isna(), np.nan, orders + subscription)


def _load_pyfunc(folder: str) -> TrainedChurn | TrainedValue:
    """Load either model; MLflow finds this function by its name."""
    path = Path(folder)
    if (path / "feature_spec.json").is_file():
        return TrainedChurn.load(path)
    return TrainedValue.load(path)


Facts = TypeVar("Facts", ChurnFacts, ValueFacts)


def _write_facts(folder: Path, facts: ChurnFacts | ValueFacts) -> None:
    text = TypeAdapter(type(facts)).dump_json(facts, indent=1)
    (folder / "facts.json").write_bytes(text)


def mappings(config: Config) -> dict[str, str]:
    """How each history is read, as a digest per history: scores need it as the training had it."""
    how = {"columns", "where", "static", "time_format", "duplicates", "sql", "ends_inclusive"}
    return {
        name: hashlib.sha256(
            json.dumps(history.model_dump(include=how), sort_keys=True).encode()
        ).hexdigest()[:16]
        for name, history in config.histories.items()
    }


def _read_facts(folder: Path, kind: type[Facts]) -> Facts:
    try:
        return TypeAdapter(kind).validate_json((folder / "facts.json").read_bytes())
    except (OSError, ValueError) as error:
        raise ModelError(
            f"the model in {folder} is damaged or was made by another version of Tenure; retrain"
        ) from error
