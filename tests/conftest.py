import os

# before anything imports the libraries, which read these once
for _switch in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "BENTOML_DO_NOT_TRACK"):
    os.environ[_switch] = "True"

import fcntl
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@dataclass(frozen=True)
class Ran:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str


def run_tenure(*words: str | Path, cwd: Path | None = None) -> Ran:
    """Run the command line as a user does: a process of its own."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-m", "tenure", *map(str, words)],
        cwd=cwd or ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=560,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@pytest.fixture
def tenure():
    return run_tenure


@pytest.fixture(scope="session")
def trained_company(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A simulated company, trained, scored and listed; not to be changed: copy it."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent  # of all processes of this run
    home = shared / "trained" / "company"
    with (shared / "trained.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # the first process makes it, the others wait
        if not (shared / "trained.done").exists():
            shutil.rmtree(home.parent, ignore_errors=True)
            _train_company(home)
            (shared / "trained.done").touch()
    return home


def _train_company(home: Path) -> None:
    for words in (
        ("simulate", "--customers", "6000", "--weeks", "91", "--out", home),
        ("retrain", "--config", home / "tenure.toml"),
        ("score", "--config", home / "tenure.toml"),
    ):
        ran = run_tenure(*words)
        assert ran.code == 0, ran.err


@pytest.fixture
def company(trained_company: Path, tmp_path: Path) -> Path:
    """A copy of the trained company that a test may change."""
    return shutil.copytree(trained_company, tmp_path / "company")
