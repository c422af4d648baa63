import os
import subprocess
import sys

import pytest

from serving.registry import champions
from serving.snapshot import open_snapshot
from tests.conftest import ROOT, run_tenure

FRACTIONS = {"score": ("0.4", "0.75", "0.9", "0.97"), "retrain": ("0.6", "0.96")}
"""When to kill, as shares of the time that the whole command takes on this machine."""


def scores(home):
    with open_snapshot(home) as snapshot:
        return snapshot.manifest.snapshot_id, snapshot.scores()


@pytest.mark.slow
@pytest.mark.parametrize("command", FRACTIONS)
def test_killed_at_any_moment_the_last_good_snapshot_stays_and_the_next_run_succeeds(
    company, command
):
    with (company / "tenure.toml").open("a") as toml:  # the shortest training: it runs five times
        toml.write("\n[training]\norigins = 1\ncutoffs = 1\n")
    killer = subprocess.Popen(
        [
            sys.executable,
            "-W",
            "ignore",
            "-m",
            "tests.kill_command",
            company,
            command,
            *FRACTIONS[command],
        ],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    with killer:
        assert killer.stdout.readline() == "whole 0\n"
        for fraction in FRACTIONS[command]:
            before_id, before = scores(company)
            killer.stdin.write("next\n")
            killer.stdin.flush()
            assert killer.stdout.readline() == f"killed {fraction}\n"
            after_id, after = scores(company)  # checks every byte against the manifest
            if after_id == before_id:
                assert after.equals(before)
            else:  # the kill came after the swap
                assert len(after) == len(before)
            assert set(champions(company)) == {"churn", "lifetime-value"}
    for again in dict.fromkeys([command, "score"]):
        ran = run_tenure(again, "--config", company / "tenure.toml")
        assert ran.code == 0, ran.err
    assert not list((company / "snapshots").glob(".tmp-*"))
