from mlflow.tracking import MlflowClient

from features.config import BusinessConfig
from training.models.lifetime_value import LifetimeValueModel
from training.tracking import Record, Store
from training.trained import TrainedValue, ValueFacts


def in_use(home):
    uri = f"sqlite:///{home / 'mlruns' / 'mlflow.db'}"
    aliases = MlflowClient(uri, uri).get_registered_model("lifetime-value").aliases
    return None if "champion" not in aliases else str(aliases["champion"])


BUSINESS = BusinessConfig(currency="EUR", churn="inactivity", horizon_days=28)


def test_a_model_that_a_training_could_not_make_is_no_longer_in_use(tmp_path):
    store = Store(tmp_path)
    model = LifetimeValueModel(
        purchases=None, spend=None, margin_rate=1.0, discount_rate_annual=0.1, value_horizon_days=28
    )
    record = Record(TrainedValue(model, ValueFacts(BUSINESS, "2025-01-01")), {}, {}, {}, {})
    version = store.register(record)
    store.promote({"lifetime-value": version})
    assert in_use(tmp_path) == version
    store.promote({})
    assert in_use(tmp_path) is None
