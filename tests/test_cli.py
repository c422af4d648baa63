import json
import re

import pandas as pd
import pytest

from serving.snapshot import current_id, open_snapshot

COMMANDS = [
    ["check"],
    ["retrain"],
    ["score"],
    ["features"],
    ["at-risk"],
    ["kpis"],
    ["simulate"],
    ["cdnow"],
    ["summary"],
    ["serve"],
    ["key", "create"],
]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help_with_an_example_within_100_columns(tenure, command):
    ran = tenure(*command, "--help")
    assert ran.code == 0
    assert f"tenure {' '.join(command)}" in ran.out.split("Example:")[1]
    assert max(map(len, ran.out.splitlines())) <= 100


def test_check_prints_rows_customers_times_and_readiness(tenure, trained_company):
    ran = tenure("check", "--config", trained_company / "tenure.toml")
    assert ran.code == 0
    assert re.search(r"usage +[\d,]+ +[\d,]+ +\d{4}-\d\d-\d\d +2026-06-28", ran.out)
    assert "churn: ready" in ran.out
    assert "lifetime-value: ready" in ran.out
    assert max(map(len, ran.out.splitlines())) <= 100


def test_the_list_is_ordered_by_value_at_risk_and_agrees_with_the_snapshot(
    tenure, trained_company, tmp_path
):
    for ending in ("csv", "parquet", "jsonl"):
        ran = tenure(
            "at-risk", "--config", trained_company / "tenure.toml", "--top", 50,
            "--out", tmp_path / f"list.{ending}",
        )  # fmt: skip
        assert ran.code == 0, ran.err
    found = pd.read_csv(tmp_path / "list.csv", dtype={"churn_model_version": str})
    again = pd.read_parquet(tmp_path / "list.parquet")
    lines = [json.loads(line) for line in (tmp_path / "list.jsonl").read_text().splitlines()]
    assert len(found) == len(again) == len(lines) == 50
    assert list(found.columns)[:3] == ["customer_id", "churn_probability", "horizon_days"]
    assert found["value_at_risk"].is_monotonic_decreasing
    with open_snapshot(trained_company) as snapshot:
        scores = snapshot.scores().set_index("customer_id")
    for listed in (found, again, pd.DataFrame(lines)):
        published = scores.loc[listed["customer_id"]]
        for column in ("churn_probability", "expected_value", "value_at_risk"):
            assert listed[column].tolist() == published[column].tolist()
    assert found["reasons"].str.len().gt(10).mean() > 0.9


def test_the_models_registered_are_the_champions_with_figures_and_plots(trained_company):
    from mlflow.tracking import MlflowClient

    uri = f"sqlite:///{trained_company / 'mlruns' / 'mlflow.db'}"
    client = MlflowClient(uri, uri)
    for name, plots, metric in (
        ("churn", {"calibration.png", "gains.png"}, "model_log_loss"),
        ("lifetime-value", {"purchases.png"}, "own_rate_rmse"),
    ):
        version = client.get_model_version_by_alias(name, "champion")
        run = client.get_run(version.run_id)
        assert plots <= {file.path for file in client.list_artifacts(version.run_id)}
        assert run.data.metrics[f"{metric}_low"] < run.data.metrics[metric]
        assert run.data.metrics[metric] < run.data.metrics[f"{metric}_high"]
        assert len(run.data.params["data_fingerprint"]) == 16


def test_a_registered_model_predicts_what_the_snapshot_says_and_takes_doubles_and_strings(
    trained_company,
):
    import mlflow

    mlflow.set_tracking_uri(f"sqlite:///{trained_company / 'mlruns' / 'mlflow.db'}")
    model = mlflow.pyfunc.load_model("models:/churn@champion")
    assert {str(column.type) for column in model.metadata.signature.inputs} <= {
        "DataType.double",
        "DataType.string",
    }
    with open_snapshot(trained_company) as snapshot:
        scores, features = snapshot.scores(), snapshot.features()
    names = [column.name for column in model.metadata.signature.inputs]
    both = features.merge(scores[["customer_id", "churn_probability"]], on="customer_id")
    assert model.predict(both[names]).tolist() == both["churn_probability"].tolist()


def test_kpis_prints_months_and_writes_csv(tenure, trained_company, tmp_path):
    out = tmp_path / "kpis.csv"
    ran = tenure("kpis", "--config", trained_company / "tenure.toml", "--months", 2, "--out", out)
    assert ran.code == 0, ran.err
    assert "nps" in ran.out
    assert "churn_rate" in ran.out
    assert {"period", "kpi", "value", "low", "high", "n", "unit"} == set(pd.read_csv(out).columns)


def test_summary_shows_model_beside_baselines_and_the_truth(tenure, trained_company):
    ran = tenure("summary", trained_company / "tenure.toml")
    assert ran.code == 0, ran.err
    for words in ("AUC, model", "AUC, logistic", "log loss, recency rule", "against the truth"):
        assert words in ran.out
    assert "make serve CONFIG=" in ran.out


def break_column(company):
    toml = company / "tenure.toml"
    usage = '[histories.usage]\ncolumns = { event = "evnt" }'
    text = re.sub(r"\[histories\.usage\][^\n]*", usage, toml.read_text())
    toml.write_text(text)


def replace(old, new):
    def change(company):
        toml = company / "tenure.toml"
        assert re.search(old, toml.read_text())
        toml.write_text(re.sub(old, new, toml.read_text()))

    return change


def empty_usage(company):
    frame = pd.read_parquet(company / "usage.parquet")
    frame.head(0).to_parquet(company / "usage.parquet")


def all_bad_usage(company):
    frame = pd.read_parquet(company / "usage.parquet").head(1000)
    frame.assign(customer_id=None).to_parquet(company / "usage.parquet")


def nobody_leaves(company):
    frame = pd.read_parquet(company / "subscriptions.parquet")
    frame.drop(columns="ended_at").to_parquet(company / "subscriptions.parquet")


WRONG = {
    "a missing file": (lambda c: (c / "usage.parquet").unlink(), "usage: no file at"),
    "a missing column": (break_column, "usage has no column 'evnt'"),
    "an empty table": (empty_usage, "usage has no rows"),
    "nothing but bad rows": (all_bad_usage, "all 1000 rows of usage were put aside"),
    "a horizon longer than the history": (
        replace("horizon_days = 91 ", "horizon_days = 600 "),
        "a horizon of 600 days needs",
    ),
    "no churners at all": (nobody_leaves, "no churners at cutoff"),
    "an unknown key": (
        replace("horizon_days = 91 ", "horizon_day = 91 "),
        "did you mean 'horizon_days'?",
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("wrong", WRONG)
def test_bad_input_is_explained_exits_with_2_and_changes_nothing(tenure, company, wrong):
    spoil, message = WRONG[wrong]
    spoil(company)
    before = current_id(company)
    database = (company / "mlruns" / "mlflow.db").read_bytes()
    ran = tenure("retrain", "--config", company / "tenure.toml")
    assert ran.code == 2, ran.err
    assert message in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert current_id(company) == before
    assert (company / "mlruns" / "mlflow.db").read_bytes() == database


def test_a_list_that_cannot_be_written_leaves_the_old_one(tenure, trained_company, tmp_path):
    out = tmp_path / "list.csv"
    out.write_text("the last good list\n")
    ran = tenure("at-risk", "--config", trained_company / "tenure.toml", "--top", 0, "--out", out)
    assert ran.code == 2
    ran = tenure(
        "at-risk", "--config", trained_company / "tenure.toml", "--out", tmp_path / "list.xls"
    )
    assert ran.code == 2
    assert ".parquet" in ran.err
    assert out.read_text() == "the last good list\n"


def test_a_folder_that_cannot_be_written_is_one_sentence_and_exits_with_2(tenure, tmp_path):
    (tmp_path / "file").touch()
    ran = tenure("cdnow", "--out", tmp_path / "file" / "cdnow")
    assert ran.code == 2
    assert "Traceback" not in ran.err
    assert "file can't be used: File exists" in " ".join(ran.err.split())


def test_commands_before_their_time_say_what_to_run_first(tenure, tmp_path):
    assert tenure("simulate", "--customers", 50, "--weeks", 20, "--out", tmp_path / "c").code == 0
    config = tmp_path / "c" / "tenure.toml"
    for words, hint in ((["score"], "tenure retrain"), (["at-risk"], "tenure score")):
        ran = tenure(*words, "--config", config)
        assert ran.code == 2
        assert hint in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("horizon_days = 91 ", "horizon_days = 60 ", "was trained with horizon_days = 91"),
        ('currency = "EUR"', 'currency = "USD"', "was trained with currency = 'EUR'"),
        (r"\[histories\.surveys\][^\n]*\npath[^\n]*\n", "", "surveys"),
    ],
)
def test_a_config_that_no_longer_fits_the_models_publishes_nothing(
    tenure, company, old, new, message
):
    replace(old, new)(company)
    before = current_id(company)
    ran = tenure("score", "--config", company / "tenure.toml")
    assert ran.code == 2, ran.err
    assert message in " ".join(ran.err.split())
    assert "Traceback" not in ran.err
    assert current_id(company) == before


def test_scoring_the_same_data_again_publishes_the_same_bytes(tenure, company):
    with open_snapshot(company) as snapshot:
        before = snapshot.manifest
    assert tenure("score", "--config", company / "tenure.toml").code == 0
    with open_snapshot(company) as snapshot:
        after = snapshot.manifest
    assert after.snapshot_id != before.snapshot_id
    for file in ("scores.parquet", "features.parquet"):
        assert after.files[file] == before.files[file]
