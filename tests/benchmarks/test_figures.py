"""What the benchmarks say when a target is missed, or when a task does not end."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

import benchmarks.__main__ as command
import benchmarks.features as room
from benchmarks.features_running import Runs
from benchmarks.figures import Claim, Figure, NotMeasured
from benchmarks.results import write_docs

TOOK: dict[str, Any] = {"seconds": 2.0, "processor_seconds": 4.0, "peak_gb": 1.5}


class SmallRuns(Runs):
    """Results that need no process; those of `failing` tasks do not come."""

    def __init__(self, data: Path, failing: tuple[str, ...] = ()) -> None:
        super().__init__(data, 1.0)
        self.failing = failing
        (data / "spec.json").write_text(json.dumps({"columns": ["a", "b", "c"]}))

    def company(self, size: float = 1.0) -> Path:
        return self.data

    def rows(self, size: float = 1.0) -> dict[str, int]:
        return {"customers": 1_000, "usage": round(50_000 * size)}

    def result(self, task: str, size: float = 1.0) -> dict[str, Any]:
        if task in self.failing:
            raise NotMeasured(f"{task} was killed")
        more = {"totals": {"x": 1.0}, "before": TOOK | {"seconds": 400.0}}
        return TOOK | more | {"processor_seconds": 4.0 * size, "seconds": 2.0 * size}


def figures(runs: Runs) -> dict[str, Figure]:
    return {claim.name: claim.figure() for claim in room.claims(runs)}


def test_a_task_that_fails_costs_only_its_own_figures_which_keep_their_targets(
    tmp_path: Path,
) -> None:
    whole = figures(SmallRuns(tmp_path))
    found = figures(SmallRuns(tmp_path, failing=("six", "spark")))
    lost = {"features at six cutoffs", "features on Spark local[2]", "peak memory in GB"}
    lost |= {"peak memory in GB, features at six cutoffs"}
    assert {name for name in whole if found[name] != whole[name]} == lost
    assert found["features at six cutoffs"]["target"] == "<= 2.5"
    assert found["features at six cutoffs"]["met"] == "not measured: six was killed"


def test_a_new_day_is_held_beside_the_first_roll_up_and_beside_a_build(tmp_path: Path) -> None:
    found = figures(SmallRuns(tmp_path))
    assert found["roll-up of one new day"]["ratio"] == 2 / 400
    assert found["roll-up of one new day, beside a build"]["ratio"] == 1.0


def test_a_peer_is_compared_at_the_largest_size_that_it_manages_over_its_own_columns(
    tmp_path: Path,
) -> None:
    class NotWhole(SmallRuns):
        def result(self, task: str, size: float = 1.0) -> dict[str, Any]:
            if (task, size) == ("pandas", 1.0):
                raise NotMeasured("out of memory")
            return super().result(task, size)

    found = figures(NotWhole(tmp_path))["same columns in pandas"]
    assert found["ours"] == 2.0 * room.SIZES[-2]
    assert found["size"] == "1,000 customers, 20,000 events, 1 columns"
    assert found["larger"] == ["1,000 customers, 50,000 events, 3 columns: out of memory"]
    assert found["processor_ratio"] == 1.0


@pytest.mark.parametrize(("ratio", "code"), [(6.1, 1), (5.9, 0)])
def test_a_missed_target_is_printed_kept_and_ends_with_1(
    ratio: float,
    code: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    taken = {"size": "all", "ours": ratio, "theirs": 1.0, "ratio": ratio, "processor_ratio": 5.25}
    shown = Claim("only shown", "a peer", "none", lambda: taken).figure()
    held = Claim("a build", "a scan", "<= 6", lambda: taken).figure()
    monkeypatch.setattr(command, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(command, "DOCS", tmp_path)
    monkeypatch.setattr(room, "measure", lambda scale: [held, shown])
    assert command.main(["--only", "features", "--write-docs"]) == code
    said = capsys.readouterr()
    assert "5.25" in said.out
    assert said.err == ("missed, or not measured: a build\n" if code else "")
    assert len(list((tmp_path / "results" / "features").iterdir())) == 2
    page = (tmp_path / "benchmarks.md").read_text()
    assert f"| a build | a scan | all | {ratio} | 5.25 | <= 6 | {'NO' if code else 'yes'} |" in page


def test_a_claim_that_could_not_be_measured_ends_with_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails() -> Figure:
        raise NotMeasured("out of memory")

    lost = Claim("a build", "a scan", "<= 6", fails).figure()
    monkeypatch.setattr(command, "RESULTS", tmp_path)
    monkeypatch.setattr(room, "measure", lambda scale: [lost])
    assert command.main(["--only", "features"]) == 1


def test_the_page_has_ratios_and_a_plot_and_no_seconds(tmp_path: Path) -> None:
    found = [claim.figure() for claim in room.claims(SmallRuns(tmp_path))]
    costs = [(1_000 * size, 7.77 * size, 7.77 * size) for size in (1, 2, 3)]
    write_docs({"features": [found[0] | {"ours": 7.77, "cost": costs}], "value": []}, tmp_path)
    page = (tmp_path / "benchmarks.md").read_text()
    assert "(benchmarks/features-cost.png)" in page
    assert (tmp_path / "benchmarks" / "features-cost.png").stat().st_size < 60_000
    assert "7.77" not in page
    assert "## Value" not in page
