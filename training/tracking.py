"""Where is a training remembered? In MLflow, embedded: SQLite and files under mlruns/.

The one file of this floor that imports MLflow.
"""

from __future__ import annotations

import logging
import os
import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

import mlflow
from matplotlib.figure import Figure
from mlflow.models import ModelSignature
from mlflow.tracking import MlflowClient
from mlflow.types.schema import ColSpec, Schema, TensorSpec

from training.trained import (
    CHAMPION,
    CHURN,
    LIFETIME_VALUE,
    MODEL_FOLDER,
    VALUE_MODEL_INPUTS,
    TrainedChurn,
    TrainedValue,
)

logging.getLogger("mlflow").setLevel(logging.WARNING)
logging.getLogger("alembic").setLevel(logging.WARNING)

EXPERIMENT = "tenure"


@dataclass(frozen=True)
class Record:
    """What is written down about one training of one model.

    Attributes
    ----------
    model : TrainedChurn or TrainedValue
    parameters : mapping of str to object
    metrics : mapping of str to float
        Names as MLflow allows them; intervals as ``<name>_low`` and ``<name>_high``.
    figures : mapping of str to Figure
        File name -> plot.
    tags : mapping of str to str
    documents : mapping of str to mapping
        File name -> what is written there as JSON.
    """

    model: TrainedChurn | TrainedValue
    parameters: Mapping[str, object]
    metrics: Mapping[str, float]
    figures: Mapping[str, Figure]
    tags: Mapping[str, str]
    documents: Mapping[str, Mapping[str, object]] = field(default_factory=dict)


class Store:
    """The embedded MLflow store of one home folder."""

    def __init__(self, home: Path) -> None:
        folder = home / "mlruns"
        folder.mkdir(parents=True, exist_ok=True)
        self.uri = f"sqlite:///{folder / 'mlflow.db'}"
        self._artifacts = (folder / "artifacts").as_uri()
        mlflow.set_tracking_uri(self.uri)
        mlflow.set_registry_uri(self.uri)
        self._client = MlflowClient(self.uri, self.uri)
        found = self._client.get_experiment_by_name(EXPERIMENT)
        self._experiment = (
            self._client.create_experiment(EXPERIMENT, artifact_location=self._artifacts)
            if found is None
            else found.experiment_id
        )

    def register(self, record: Record) -> str:
        """Log a training and register its model; return the new version's number.

        The version is not in use until `promote`.
        """
        name, signature = _signature(record.model)
        with (
            mlflow.start_run(
                experiment_id=self._experiment, run_name=name, tags=dict(record.tags)
            ) as run,
            TemporaryDirectory() as scratch,
            warnings.catch_warnings(),
        ):
            # an example row would put a customer's figures into the store
            warnings.filterwarnings("ignore", message=".*[Ii]nput example", category=UserWarning)
            folder = Path(scratch) / MODEL_FOLDER
            folder.mkdir()
            record.model.save(folder)
            mlflow.log_params(dict(record.parameters))
            mlflow.log_metrics(dict(record.metrics))
            for file, figure in record.figures.items():
                mlflow.log_figure(figure, file)
            for file, document in record.documents.items():
                mlflow.log_dict(dict(document), file)
            logged = mlflow.pyfunc.log_model(
                name=name,
                loader_module="training.trained",
                data_path=str(folder),
                signature=signature,
                pip_requirements=["tenure"],
            )
        return self._new_version(name, logged.model_uri, run.info.run_id)

    def _new_version(self, name: str, source: str, run_id: str) -> str:
        if not self._client.search_registered_models(f"name = '{name}'"):
            self._client.create_registered_model(name)
        made = self._client.create_model_version(name, source, run_id)
        return str(made.version)

    def promote(self, versions: Mapping[str, str]) -> None:
        """Make these versions the champions; a model that was not made is no longer in use."""
        for name in (CHURN, LIFETIME_VALUE):
            if name in versions:
                self._client.set_registered_model_alias(name, CHAMPION, versions[name])
            elif self._client.search_registered_models(f"name = '{name}'"):
                self._client.delete_registered_model_alias(name, CHAMPION)


def _signature(model: TrainedChurn | TrainedValue) -> tuple[str, ModelSignature]:
    if isinstance(model, TrainedChurn):
        inputs: list[ColSpec | TensorSpec] = [
            ColSpec("string" if column.kind == "category" else "double", column.name)
            for column in model.spec.columns
        ]
        name, output = CHURN, "churn_probability"
    else:
        inputs = [ColSpec("double", column) for column in VALUE_MODEL_INPUTS]
        name, output = LIFETIME_VALUE, "expected_value"
    return name, ModelSignature(Schema(inputs), Schema([ColSpec("double", output)]))
