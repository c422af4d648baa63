import json

from mlflow.artifacts import load_text
from mlflow.tracking import MlflowClient

from features.config import BusinessConfig
from training.metrics import Estimate
from training.models.lifetime_value import LifetimeValueModel
from training.probe import Suspect
from training.tracking import Record, Store
from training.trained import TrainedValue, ValueFacts


def in_use(home):
    uri = f"sqlite:///{home / 'mlruns' / 'mlflow.db'}"
    aliases = MlflowClient(uri, uri).get_registered_model("lifetime-value").aliases
    return None if "champion" not in aliases else str(aliases["champion"])


BUSINESS = BusinessConfig(currency="EUR", churn="inactivity", horizon_days=28)


MODEL = TrainedValue(
    LifetimeValueModel(
        purchases=None, spend=None, margin_rate=1.0, discount_rate_annual=0.1, value_horizon_days=28
    ),
    ValueFacts(BUSINESS, "2025-01-01"),
)


def test_a_model_that_a_training_could_not_make_is_no_longer_in_use(tmp_path):
    store = Store(tmp_path)
    record = Record(MODEL, {}, {}, {}, {})
    version = store.register(record)
    store.promote({"lifetime-value": version})
    assert in_use(tmp_path) == version
    store.promote({})
    assert in_use(tmp_path) is None


def test_a_suspect_that_was_kept_is_written_down_with_its_evidence(tmp_path):
    suspect = Suspect(
        "status", ("alone",), "AUC 0.950 by itself", Estimate(0.95, 0.9, 1), kept=True
    )
    documents = {"suspects.json": {"suspects": [suspect.as_record()]}}
    store = Store(tmp_path)
    version = store.register(Record(MODEL, {}, {}, {}, {}, documents))
    run = MlflowClient(store.uri, store.uri).get_model_version("lifetime-value", version).run_id
    [written] = json.loads(load_text(f"runs:/{run}/suspects.json"))["suspects"]
    assert written == {
        "column": "status",
        "signs": ["alone"],
        "evidence": "AUC 0.950 by itself",
        "kept": True,
    }
