"""How fast is the whole catalogue of features built? As ratios to a bare scan and to its peers.

A made-up company of a million customers (`benchmarks.features_data`). A build is what `tenure
features` does: it reads Parquet files and has the engine write Parquet; the frame beside it is what
`tenure score` takes. Each measurement runs alone in a process; bare scan and build take turns, and
the faster of two rounds counts. `processor_ratio` is the same in seconds of processor time, which a
busy machine disturbs less.

TENURE_BENCH_DATA names a folder that keeps the company between runs; TENURE_FEATURETOOLS_PYTHON an
interpreter that has featuretools, where `make bench` should not install it.
"""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Mapping

from benchmarks.features_plot import straightness
from benchmarks.features_running import Result, Runs, companies
from benchmarks.figures import NONE, Claim, Figure, NotMeasured

SIZES = (0.02, 0.1, 0.4, 1.0)
"""Parts of the company: 1, 5, 20 and 50 million events."""
SPARK_SIZE = 0.2
MOST_GB = 6.0
PEAKS: Mapping[str, str] = {
    "one": "features at one cutoff",
    "six": "features at six cutoffs",
    "frame": "a frame at one cutoff",
    "load": "reading and checking",
    "day": "one new day",
}
"""Task whose peak of memory counts -> what it does."""


def measure(scale: float = 1.0) -> list[Figure]:
    """Measure builds of all features beside their peers.

    Parameters
    ----------
    scale : float
        Of the number of customers, and with it of all rows.

    Returns
    -------
    list of dict: name, peer, size, ours, theirs (seconds unless the name says otherwise), ratio,
    target, met, and processor_ratio where it was taken; without numbers where a task failed
    """
    with companies() as data:
        return [claim.figure() for claim in claims(Runs(data, scale))]


def claims(runs: Runs) -> list[Claim]:
    """Return what is shown, in order; a task that fails costs only the figures that need it."""
    build = "features at one cutoff"
    return [
        _ratio(runs, build, "bare scan, group, sum", "<= 6", "one", "bare"),
        _ratio(runs, "features at six cutoffs", build, "<= 2.5", "six", "one"),
        Claim("roll-up of one new day", "roll-up of all days", "<= 0.02", lambda: _new_day(runs)),
        _ratio(runs, "roll-up of one new day, beside a build", build, "<= 0.02", "day", "one"),
        _ratio(runs, "features as a frame at one cutoff", build, NONE, "frame", "one"),
        _ratio(runs, "reading and checking", build, NONE, "load", "one"),
        Claim("peak memory in GB", "6 GB", f"<= {MOST_GB:g}", lambda: _highest(runs)),
        *(_peak(runs, task, what) for task, what in PEAKS.items()),
        Claim("same columns in pandas", "pandas", ">= 5", lambda: _largest(runs, "pandas")),
        Claim(
            "same columns in featuretools",
            "featuretools",
            ">= 10",
            lambda: _largest(runs, "featuretools"),
        ),
        Claim(
            "features on Spark local[2]",
            "DuckDB, from the same files",
            "<= 5",
            lambda: _of(runs, "spark", "duckdb", SPARK_SIZE),
        ),
        Claim("features cost against size", "a straight line", ">= 0.99", lambda: _straight(runs)),
    ]


def _ratio(runs: Runs, name: str, peer: str, target: str, ours: str, theirs: str) -> Claim:
    return Claim(name, peer, target, lambda: _of(runs, ours, theirs))


def _of(runs: Runs, ours: str, theirs: str, size: float = 1.0) -> Figure:
    taken = _divided(runs.result(ours, size), runs.result(theirs, size))
    return taken | {"size": _size(runs, size)}


def _new_day(runs: Runs) -> Figure:
    """Like beside like: what the first run of all the other days took."""
    day = runs.result("day")
    return _divided(day, day["before"]) | {"size": _size(runs)}


def _divided(ours: Result, theirs: Result) -> Figure:
    busy = [result.get("processor_seconds") for result in (ours, theirs)]
    return {
        "ours": ours["seconds"],
        "theirs": theirs["seconds"],
        "ratio": ours["seconds"] / theirs["seconds"],
        "processor_ratio": busy[0] / busy[1] if all(busy) else None,
    }


def _peak(runs: Runs, task: str, what: str) -> Claim:
    def take() -> Figure:
        peak = runs.result(task)["peak_gb"]
        return {"size": _size(runs), "ours": peak, "theirs": MOST_GB, "ratio": peak}

    return Claim(f"peak memory in GB, {what}", "6 GB", f"<= {MOST_GB:g}", take)


def _highest(runs: Runs) -> Figure:
    peaks = {task: runs.result(task)["peak_gb"] for task in PEAKS}
    peak = max(peaks.values())
    return {"size": _size(runs), "ours": peak, "theirs": MOST_GB, "ratio": peak, "each": peaks}


def _largest(runs: Runs, peer: str) -> Figure:
    """Compare the same columns at the largest size that the peer manages: theirs over ours."""
    reasons = []
    for size in SIZES[::-1]:
        try:
            theirs = runs.result(peer, size)
        except NotMeasured as reason:
            reasons.append(f"{_size(runs, size)}: {reason}")
            continue
        ours = runs.result("some", size)
        _agree(ours, theirs)
        found = _divided(theirs, ours) | {"ours": ours["seconds"], "theirs": theirs["seconds"]}
        return found | {"size": _size(runs, size, len(theirs["totals"])), "larger": reasons}
    raise NotMeasured(reasons[-1])


def _agree(ours: Result, theirs: Result) -> None:
    for name, total in theirs["totals"].items():
        if not math.isclose(total, ours["totals"][name], rel_tol=1e-6):
            raise NotMeasured(f"{name} is {ours['totals'][name]} in all here and {total} there")


def _straight(runs: Runs) -> Figure:
    """Fit a straight line to the cost of sizes; the ratio is its R squared."""
    cost = []
    for size in SIZES:
        result = runs.result("one", size)
        cost.append((runs.rows(size)["usage"], result["seconds"], result["processor_seconds"]))
    return {"size": _size(runs), "ratio": straightness(cost), "cost": cost}


def _size(runs: Runs, size: float = 1.0, columns: int | None = None) -> str:
    rows = runs.rows(size)
    if columns is None:
        spec = json.loads((runs.company(size) / "spec.json").read_text())
        columns = len(spec["columns"])
    return f"{rows['customers']:,} customers, {rows['usage']:,} events, {columns} columns"


if __name__ == "__main__":
    for row in measure(float(sys.argv[1]) if len(sys.argv) > 1 else 1.0):
        print(row)
