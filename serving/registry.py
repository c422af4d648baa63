"""Which models are in use? The champions, from MLflow's registry.

The one file of this floor that imports MLflow; the service itself never does: it reads the
copies inside a snapshot.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")
os.environ.setdefault("DO_NOT_TRACK", "true")

import mlflow
from mlflow.artifacts import download_artifacts
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from features.errors import ModelError
from training.trained import CHAMPION, CHURN, LIFETIME_VALUE, MODEL_FOLDER


@dataclass(frozen=True)
class Champion:
    """A model version in use.

    Attributes
    ----------
    name : str
    version : str
    folder : Path
        Its files, as `training.trained` wrote them.
    metrics : mapping of str to float
        Of its backtest.
    parameters : mapping of str to str
    """

    name: str
    version: str
    folder: Path
    metrics: Mapping[str, float]
    parameters: Mapping[str, str]


def champions(home: Path) -> dict[str, Champion]:
    """Return the models in use, by name; `lifetime-value` only where one could be fitted.

    Raises
    ------
    ModelError
        Nothing was trained yet, or its files are gone.
    """
    if not _database(home).is_file():
        raise ModelError(f"no models under {home / 'mlruns'}; run tenure retrain first")
    found = in_use(home)
    if CHURN not in found:
        raise ModelError(f"no champion churn model under {home / 'mlruns'}; run tenure retrain")
    return found


def in_use(home: Path) -> dict[str, Champion]:
    """Return the models in use, by name; none before the first training.

    Raises
    ------
    ModelError
        The files of one are gone.
    """
    database = _database(home)
    if not database.is_file():
        return {}
    uri = f"sqlite:///{database}"
    mlflow.set_tracking_uri(uri)
    client = MlflowClient(uri, uri)
    found = {}
    for name in (CHURN, LIFETIME_VALUE):
        try:
            version = client.get_model_version_by_alias(name, CHAMPION)
        except MlflowException:
            continue
        number = str(version.version)
        run = client.get_run(str(version.run_id)).data
        folder = _folder(client, name, number)
        found[name] = Champion(name, number, folder, run.metrics, run.params)
    return found


def _database(home: Path) -> Path:
    return home / "mlruns" / "mlflow.db"


def _folder(client: MlflowClient, name: str, version: str) -> Path:
    try:
        uri = client.get_model_version_download_uri(name, version)
        folder = Path(download_artifacts(artifact_uri=uri)) / "data" / MODEL_FOLDER
    except (MlflowException, OSError) as error:
        raise ModelError(f"model {name} {version} can't be read: {error}; retrain") from error
    if not folder.is_dir():
        raise ModelError(f"model {name} {version} has lost its files at {folder}; retrain")
    return folder
