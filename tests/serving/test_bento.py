"""The Bento: built from bentofile.yaml, served from elsewhere, it gives the same scores."""

import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from serving.access import create_key
from serving.snapshot import open_snapshot
from tests.serving.running import ROOT, is_ready, running, server_environment, until
from tests.serving.small_models import publish_small

pytestmark = pytest.mark.slow

SMALL_SCORING = (
    "import sys\n"
    f"sys.path.append({str(ROOT)!r})\n"
    "from tests.serving.small_models import rescore as rescore\n"
)

WHERE_CODE_LIES = """
import sys
import serving.history_score, serving.scoring, serving.service
ours = ("features", "serving", "training")
for name, module in sorted(sys.modules.items()):
    if name.split(".")[0] in ours:
        print(module.__file__)
"""


@pytest.fixture(scope="module")
def bento(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("bento")
    ran = subprocess.run(
        [sys.executable, "-m", "bentoml", "build", "--output", "tag"],
        cwd=ROOT,
        env=server_environment(home),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    [built] = (home / "bentoml" / "bentos" / "tenure").glob("*/")
    return built


def test_the_bento_holds_all_code_that_serves_and_no_data(bento: Path) -> None:
    files = {path.relative_to(bento / "src").as_posix() for path in (bento / "src").rglob("*.*")}
    assert "serving/service.py" in files
    assert {Path(name).suffix for name in files} <= {".py", ".yaml", ".txt"}
    kept_out = ("tests/", "features/datasets/", "mlruns/", "benchmarks/", "serving/registry.py")
    assert not [name for name in files if name.startswith(kept_out)]
    ran = subprocess.run(
        [sys.executable, "-c", WHERE_CODE_LIES],
        cwd=bento / "src",
        env={name: text for name, text in os.environ.items() if name != "PYTHONPATH"},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = ran.stdout.split()
    assert len(found) > 40
    # where the project is installed for development, Python would find there what the Bento lacks
    assert not [path for path in found if not path.startswith(str((bento / "src").resolve()))]


def test_the_bento_pins_every_library_by_hash(bento: Path) -> None:
    ours = (ROOT / "requirements.txt").read_text("utf-8").split()
    told = (bento / "env" / "python" / "requirements.txt").read_text("utf-8").split()
    pins = {word for word in ours if word.startswith("--hash=sha256:")}
    assert pins
    assert pins <= set(told)


def test_the_bento_served_from_elsewhere_gives_the_same_scores(
    bento: Path, home: Path, work: Path, tmp_path: Path
) -> None:
    publish_small(home, work)
    key = create_key(home, "tests", created_at=datetime(2024, 6, 1, tzinfo=UTC))
    # the models of this test are not the models of the house, so neither is their check
    (bento / "src" / "serving" / "scoring.py").write_text(SMALL_SCORING, "utf-8")
    with (
        running(str(bento), home, key, cwd=tmp_path) as server,
        open_snapshot(home) as snapshot,
    ):
        until(lambda: is_ready(server.client), log=server.log)
        everyone = snapshot.scores().head(1_000).to_dict("records")
        asked = [row["customer_id"] for row in everyone]
        assert server.ask({"customer_ids": asked}).json()["scores"] == everyone


def test_a_service_without_a_home_says_which_variable_to_set(tmp_path: Path) -> None:
    environment = server_environment(tmp_path)
    del environment["TENURE_HOME"]
    ran = subprocess.run(
        [sys.executable, "-m", "bentoml", "serve", "serving.service:Tenure", "--port", "0"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ran.returncode != 0
    assert "Environment variable 'TENURE_HOME' is required but not set" in ran.stdout + ran.stderr
