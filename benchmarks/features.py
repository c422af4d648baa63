"""How fast is the whole catalogue of features built? As ratios to a bare scan and to its peers.

A made-up company of a million customers (`benchmarks.features_data`); every build reads its Parquet
files and writes Parquet. Each measurement runs alone in a process; bare scan and build take turns,
and the faster of two rounds counts: what else the machine does can only add. `processor_ratio` is
the same in seconds of processor time, which a busy machine disturbs less.

TENURE_BENCH_DATA names a folder that keeps the company between runs; TENURE_FEATURETOOLS_PYTHON an
interpreter that has featuretools (and an older pandas than Tenure's).
"""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.features_plot import plot_cost

CUSTOMERS = 1_000_000
SIZES = (0.02, 0.1, 0.4, 1.0)
"""Parts of the company: 1, 5, 20 and 50 million events."""
SPARK_SIZE = 0.1
ROUNDS = 2
PATIENCE_SECONDS = 900
_ROOT = Path(__file__).resolve().parents[1]

Figure = dict[str, Any]
Result = dict[str, Any]


class NotMeasured(Exception):  # noqa: N818 - an outcome, not a fault
    """A task did not end: out of memory or time, or something is not installed."""


def measure(scale: float = 1.0) -> list[Figure]:
    """Measure builds of all features beside their peers.

    Parameters
    ----------
    scale : float
        Of the number of customers, and with it of all rows.

    Returns
    -------
    list of dict: name, peer, size, ours, theirs (seconds unless the name says otherwise), ratio,
    target, met, and processor_ratio where it was taken
    """
    with _data() as data:
        whole = _company(data, scale)
        bare, one = _in_turns(["bare", "one"], whole)
        six = _run("six", whole)
        return [
            _figure("features at one cutoff", "bare scan, group, sum", whole, one, bare, "<= 6"),
            _figure("features at six cutoffs", "at one cutoff", whole, six, one, "<= 2.5"),
            _figure("one new day", "at one cutoff", whole, _run("day", whole), one, "<= 0.02"),
            _memory(whole, [one, six]),
            _against_pandas(data, scale),
            _against_featuretools(data, scale),
            _on_spark(data, scale * SPARK_SIZE),
            _straightness(data, scale, one),
            _figure("reading and checking", "a build", whole, _run("load", whole), one, "none"),
        ]


def _against_pandas(data: Path, scale: float) -> Figure:
    def theirs(folder: Path) -> Result:
        return _run("pandas", folder)

    return _at_the_largest_size("pandas", theirs, data, scale, ">= 5")


def _against_featuretools(data: Path, scale: float) -> Figure:
    python = os.environ.get("TENURE_FEATURETOOLS_PYTHON")
    script = str(_ROOT / "benchmarks" / "features_featuretools.py")

    def theirs(folder: Path) -> Result:
        if not python:
            raise NotMeasured("TENURE_FEATURETOOLS_PYTHON names no interpreter")
        return _json_of([python, script, str(folder), "2024-02-06"])

    return _at_the_largest_size("featuretools", theirs, data, scale, ">= 10")


def _at_the_largest_size(
    peer: str, theirs: Callable[[Path], Result], data: Path, scale: float, target: str
) -> Figure:
    """Compare the same columns at the largest size that the peer manages."""
    reason: Exception | None = None
    for size in SIZES[::-1]:
        folder = _company(data, scale * size)
        try:
            found = theirs(folder)
        except NotMeasured as failed:
            reason = failed
            continue
        ours = _run("some", folder)
        _agree(ours, found)
        peer = f"{peer}, {len(found['totals'])} columns"
        figure = _figure(f"same columns in {peer}", peer, folder, found, ours, target)
        return figure | {"ours": ours["seconds"], "theirs": found["seconds"]}
    return _unmeasured(f"same columns in {peer}", peer, reason)


def _on_spark(data: Path, scale: float) -> Figure:
    name, folder = "features on Spark local[2]", _company(data, scale)
    try:
        ours, theirs = _run("spark", folder), _run("duckdb", folder)
    except NotMeasured as reason:
        return _unmeasured(name, "DuckDB", reason)
    return _figure(name, "DuckDB, from the same files", folder, ours, theirs, "<= 5")


def _straightness(data: Path, scale: float, one: Result) -> Figure:
    """Fit a straight line to the cost of sizes; the ratio is its R squared."""
    cost = []
    for size in SIZES:
        folder = _company(data, scale * size)
        result = one if size == 1.0 else _run("one", folder)
        cost.append((_rows(folder)["usage"], result["seconds"], result["processor_seconds"]))
    fit = plot_cost(cost, _ROOT / "benchmarks" / "results" / "features-cost-against-size.png")
    whole = _company(data, scale)
    found = _figure("features cost against size", "a straight line", whole, one, one, ">= 0.99")
    return found | {"ratio": fit, "processor_ratio": None, "met": fit >= 0.99, "cost": cost}


def _memory(whole: Path, results: Sequence[Result]) -> Figure:
    peak = max(result["peak_gb"] for result in results)
    found = _figure("peak memory in GB", "6 GB", whole, results[0], results[0], "<= 6")
    return found | {"ours": peak, "theirs": 6.0, "ratio": peak, "met": peak <= 6.0}


def _figure(
    name: str, peer: str, folder: Path, ours: Result, theirs: Result, target: str
) -> Figure:
    ratio = ours["seconds"] / theirs["seconds"]
    figure = {
        "name": name,
        "peer": peer,
        "size": _size(folder),
        "ours": ours["seconds"],
        "theirs": theirs["seconds"],
        "ratio": ratio,
        "target": target,
        "met": "no target" if target == "none" else _meets(ratio, target),
    }
    if "processor_seconds" in ours and "processor_seconds" in theirs:
        figure["processor_ratio"] = ours["processor_seconds"] / theirs["processor_seconds"]
    return figure


def _unmeasured(name: str, peer: str, reason: Exception | None) -> Figure:
    blank = dict.fromkeys(("size", "ours", "theirs", "ratio", "target"), "-")
    return {"name": name, "peer": peer, **blank, "met": f"not measured: {reason}"}


def _meets(ratio: float, target: str) -> bool:
    sign, limit = target.split()
    return ratio <= float(limit) if sign == "<=" else ratio >= float(limit)


def _agree(ours: Result, theirs: Result) -> None:
    for name, total in theirs["totals"].items():
        if not math.isclose(total, ours["totals"][name], rel_tol=1e-6):
            raise ValueError(f"{name} adds up to {ours['totals'][name]} here and to {total} there")


def _size(folder: Path) -> str:
    rows = _rows(folder)
    columns = len(json.loads((folder / "spec.json").read_text())["columns"])
    return f"{rows['customers']:,} customers, {rows['usage']:,} events, {columns} columns"


def _rows(folder: Path) -> Mapping[str, int]:
    rows: Mapping[str, int] = json.loads((folder / "rows.json").read_text())
    return rows


def _in_turns(tasks: Sequence[str], folder: Path) -> list[Result]:
    """Run tasks in turns; return the fastest run of each, with the highest peak of memory."""
    runs = [[_run(task, folder) for task in tasks] for _ in range(ROUNDS)]
    best = []
    for each in zip(*runs, strict=True):
        fastest = min(each, key=lambda run: float(run["seconds"]))
        best.append(fastest | {"peak_gb": max(run["peak_gb"] for run in each)})
    return best


def _run(task: str, folder: Path) -> Result:
    return _json_of([sys.executable, "-m", "benchmarks.features_tasks", task, str(folder)])


def _json_of(command: Sequence[str]) -> Result:
    try:
        done = subprocess.run(
            command, cwd=_ROOT, capture_output=True, text=True, timeout=PATIENCE_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise NotMeasured(f"took more than {PATIENCE_SECONDS} s") from error
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        raise NotMeasured(last)
    result: Result = json.loads(done.stdout.strip().splitlines()[-1])
    return result


def _company(data: Path, scale: float) -> Path:
    """Return the folder of a company of that size, made when first asked for."""
    customers = max(1_000, round(CUSTOMERS * scale))
    folder = data / f"company-{customers}"
    if not (folder / "rows.json").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "customers").write_text(str(customers))
        made = _run("make", folder)
        (folder / "rows.json").write_text(json.dumps(made["rows"]))
    return folder


@contextmanager
def _data() -> Iterator[Path]:
    kept = os.environ.get("TENURE_BENCH_DATA")
    if kept:
        yield Path(kept)
        return
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        yield Path(folder)


if __name__ == "__main__":
    for row in measure(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0):
        print(row)
