"""What the service drags in, seen from a process that has nothing else loaded."""

import json
import os
import subprocess
import sys

from tests.serving.running import ROOT

QUIET = {**os.environ}
QUIET.pop("BENTOML_DO_NOT_TRACK", None)


def run(code: str) -> str:
    ran = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=QUIET,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def loaded(code: str, names: set[str]) -> set[str]:
    told = run(f"import json, sys\n{code}\nprint(json.dumps(sorted({names} & set(sys.modules))))")
    return set(json.loads(told.splitlines()[-1]))


def test_the_service_starts_without_any_model_library_and_reports_to_nobody() -> None:
    models = {"mlflow", "lifetimes", "matplotlib", "lightgbm", "sklearn"}
    code = (
        "import serving.service\n"
        "from bentoml._internal.utils.analytics.usage_stats import do_not_track\n"
        "assert do_not_track()"
    )
    assert loaded(code, models) == set()


def test_the_check_of_a_snapshot_needs_no_training_library() -> None:
    trainers = {"mlflow", "lifetimes", "matplotlib"}
    assert loaded("import serving.scoring", trainers) == set()
