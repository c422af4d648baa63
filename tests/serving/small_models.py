"""Scores that are quick to make: two models of one number each, kept in a snapshot as JSON."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from serving.manifest import Manifest
from serving.snapshot import Snapshot, publish

CUTOFF = "2024-06-01"


def make_models(folder: Path, *, slope: float = 1.5, worth: float = 123.4) -> dict[str, Path]:
    models = {"churn": {"slope": slope}, "lifetime-value": {"worth": worth}}
    for name, numbers in models.items():
        (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / name / "model.json").write_text(json.dumps(numbers), "utf-8")
    return {name: folder / name for name in models}


def make_features(customers: int, *, seed: int = 0) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    names = [f"C{number:05d}" for number in range(customers)]
    plan = np.where(rng.random(customers) < 0.9, None, "gold")
    return pd.DataFrame({"customer_id": names, "x": rng.normal(size=customers), "plan": plan})


def score(models: Path, features: pd.DataFrame) -> pd.DataFrame:
    slope = json.loads((models / "churn" / "model.json").read_text("utf-8"))["slope"]
    worth = json.loads((models / "lifetime-value" / "model.json").read_text("utf-8"))["worth"]
    x = features["x"].to_numpy()
    return pd.DataFrame(
        {
            "customer_id": features["customer_id"],
            "churn_probability": 1.0 / (1.0 + np.exp(-slope * x)),
            "expected_value": worth * x * x,
        }
    )


def make_scores(models: Path, features: pd.DataFrame, *, version: str = "1") -> pd.DataFrame:
    scores = score(models, features)
    probability = scores["churn_probability"]
    return scores.assign(
        horizon_days=91,
        value_horizon_days=364,
        currency="GBP",
        value_at_risk=probability * scores["expected_value"],
        risk_band=np.where(probability > 0.5, "high", "low"),
        reasons="usage fell by half; two open tickets",
        cutoff=CUTOFF,
        churn_model_version=version,
        value_model_version=version,
    )


def rescore(snapshot: Snapshot, customer_ids: Sequence[str]) -> pd.DataFrame:
    return score(snapshot.folder / "models", snapshot.features(customer_ids))


def publish_small(
    home: Path, work: Path, *, customers: int = 1_200, version: str = "1"
) -> Manifest:
    models = make_models(work, slope=float(version))
    features = make_features(customers)
    scores = make_scores(work, features, version=version)
    facts = {"cutoff": CUTOFF, "churn_model_version": version, "value_model_version": version}
    return publish(home, scores, features, models, facts)
