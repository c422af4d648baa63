import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from serving.snapshot import KEPT
from tests.serving.running import ROOT


@dataclass
class Killed:
    home: Path
    steps: list[int]
    moments: list[int]
    last: int


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> Killed:
    home, work = tmp_path_factory.mktemp("home"), tmp_path_factory.mktemp("work")
    ran = subprocess.run(
        [sys.executable, "-m", "tests.serving.kill_publisher", str(home), str(work)],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=200,
        check=False,
    )
    # the script opens the current snapshot, every byte checked, after every kill
    assert ran.returncode == 0, ran.stderr
    return Killed(home=home, **json.loads(ran.stdout))


def test_killed_before_any_step_the_last_good_snapshot_is_current(killed: Killed) -> None:
    # every file is opened and brought to disk, every folder made, and two names change
    assert len(killed.steps) > 20
    assert killed.steps[0] == 0, "killed at its first step, it changed nothing"
    for attempt, (before, after) in enumerate(
        zip([0, *killed.steps], killed.steps, strict=False), start=1
    ):
        assert after in (before, attempt), "the one before, or the new one; nothing else"
    assert killed.steps[-1] == len(killed.steps), "the one that was not killed is current"


def test_killed_at_a_random_moment_the_current_snapshot_is_whole(killed: Killed) -> None:
    assert all(attempt == killed.steps[-1] or attempt >= 1_000 for attempt in killed.moments)


def test_after_all_the_kills_the_next_publication_works_and_nothing_is_left(
    killed: Killed,
) -> None:
    assert killed.last == -1
    snapshots = killed.home / "snapshots"
    assert not list(snapshots.glob(".tmp-*"))
    assert len(list(snapshots.glob("[!.]*/"))) == KEPT
    assert {path.name for path in snapshots.glob(".*")} <= {".lock"}
