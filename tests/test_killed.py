import os
import signal
import subprocess
import sys
import time

import pytest

from serving.registry import champions
from serving.snapshot import open_snapshot
from tests.conftest import ROOT, run_tenure

FRACTIONS = (0.35, 0.6, 0.75, 0.85, 0.95)
"""When to kill, as shares of the time that the whole command takes on this machine."""


def start(command, home):
    return subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "tenure", command, "--config", home / "tenure.toml"],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def scores(home):
    with open_snapshot(home) as snapshot:
        return snapshot.manifest.snapshot_id, snapshot.scores()


@pytest.mark.slow
@pytest.mark.parametrize("command", ["score", "retrain"])
def test_killed_at_any_moment_the_last_good_snapshot_stays_and_the_next_run_succeeds(
    company, command
):
    began = time.monotonic()
    assert start(command, company).wait(280) == 0
    whole = time.monotonic() - began
    for fraction in FRACTIONS:
        before_id, before = scores(company)
        running = start(command, company)
        time.sleep(whole * fraction)
        running.send_signal(signal.SIGKILL)
        running.wait(30)
        after_id, after = scores(company)
        if after_id == before_id:
            assert after.equals(before)
        else:  # the kill came after the swap: the new one is whole, `scores` checked its bytes
            assert len(after) == len(before)
        assert set(champions(company)) == {"churn", "lifetime-value"}
    for again in (command, "score"):
        ran = run_tenure(again, "--config", company / "tenure.toml")
        assert ran.code == 0, ran.err
    assert not list((company / "snapshots").glob(".tmp-*"))
