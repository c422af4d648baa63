"""How is a task of the feature benchmarks run? Alone in a process, once, on a part of a company."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.figures import NotMeasured

CUSTOMERS = 1_000_000
CUTOFF = date(2024, 2, 6)
ROUNDS = 2
PATIENCE_SECONDS = 900
ROOT = Path(__file__).resolve().parents[1]
_TURNS = ("bare", "one")
"""Tasks that take turns, and whose fastest run counts: what else the machine does can only add."""
_FEATURETOOLS = ROOT / ".venv-featuretools" / "bin" / "python"

Result = dict[str, Any]


class Runs:
    """Results of tasks, each run when it is first asked for, and only then.

    Parameters
    ----------
    data : Path
        Keeps the companies.
    scale : float
        Of the number of customers, and with it of all rows.
    """

    def __init__(self, data: Path, scale: float) -> None:
        self.data = data
        self.scale = scale
        self._found: dict[tuple[str, float], Result | NotMeasured] = {}

    def result(self, task: str, size: float = 1.0) -> Result:
        """Return what a task took on a part of the company; raise NotMeasured, also the next time.

        Parameters
        ----------
        task : str
            Of `benchmarks.features_tasks`, or featuretools.
        size : float
            Part of the scaled company.
        """
        if (task, size) not in self._found:
            try:
                self._run(task, size)
            except NotMeasured as reason:
                self._found[task, size] = reason
        found = self._found[task, size]
        if isinstance(found, NotMeasured):
            raise found
        return found

    def company(self, size: float = 1.0) -> Path:
        """Return the folder of a part of the company, made when first asked for."""
        customers = max(1_000, round(CUSTOMERS * self.scale * size))
        folder = self.data / f"company-{customers}"
        if not (folder / "rows.json").exists():
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "customers").write_text(str(customers))
            made = _json_of(_task("make", folder))
            (folder / "rows.json").write_text(json.dumps(made["rows"]))
        return folder

    def rows(self, size: float = 1.0) -> Mapping[str, int]:
        """Return how many rows each history of a company has."""
        rows: Mapping[str, int] = json.loads((self.company(size) / "rows.json").read_text())
        return rows

    def _run(self, task: str, size: float) -> None:
        folder = self.company(size)
        if task == "featuretools":
            self._found[task, size] = _json_of(_featuretools(folder))
        elif task in _TURNS and size == 1.0:
            for each, best in zip(_TURNS, _in_turns(folder), strict=True):
                self._found[each, size] = best
        else:
            self._found[task, size] = _json_of(_task(task, folder))


@contextmanager
def companies() -> Iterator[Path]:
    """Give a folder for companies: the one that TENURE_BENCH_DATA names, or one that goes."""
    kept = os.environ.get("TENURE_BENCH_DATA")
    if kept:
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        yield Path(folder)


def _in_turns(folder: Path) -> list[Result]:
    """Return the fastest run of each, with the highest peak of memory."""
    runs = [[_json_of(_task(task, folder)) for task in _TURNS] for _ in range(ROUNDS)]
    best = []
    for each in zip(*runs, strict=True):
        fastest = min(each, key=lambda run: float(run["seconds"]))
        best.append(fastest | {"peak_gb": max(run["peak_gb"] for run in each)})
    return best


def _task(task: str, folder: Path) -> list[str]:
    return [sys.executable, "-m", "benchmarks.features_tasks", task, str(folder)]


def _featuretools(folder: Path) -> list[str]:
    python = os.environ.get("TENURE_FEATURETOOLS_PYTHON") or str(_FEATURETOOLS)
    if not Path(python).exists():
        raise NotMeasured("featuretools is not installed; make bench does it")
    script = ROOT / "benchmarks" / "features_featuretools.py"
    return [python, str(script), str(folder), CUTOFF.isoformat()]


def _json_of(command: Sequence[str]) -> Result:
    try:
        done = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise NotMeasured(f"took more than {PATIENCE_SECONDS} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise NotMeasured(last)
    result: Result = json.loads(done.stdout.strip().splitlines()[-1])
    return result
