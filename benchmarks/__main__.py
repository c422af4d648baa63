"""Run the benchmarks: ``python -m benchmarks [--only features,history] [--scale 0.1]``.

Prints a table and writes one JSON file per figure into benchmarks/results/. Only ratios are
claims: the absolute times depend on the machine and on what else it does.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path

from rich.console import Console
from rich.table import Table

ROOMS = ("features", "history", "value", "serving")
RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Measure what was asked for; 2 for an unknown name."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(ROOMS), help="comma-separated: %(default)s")
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 is the size of the claims")
    asked = parser.parse_args()
    rooms = [room.strip() for room in asked.only.split(",") if room.strip()]
    unknown = [room for room in rooms if room not in ROOMS]
    if unknown:
        print(f"no benchmark named {unknown[0]}; known: {', '.join(ROOMS)}", file=sys.stderr)
        return 2
    figures = [
        figure
        for room in rooms
        for figure in importlib.import_module(f"benchmarks.{room}").measure(asked.scale)
    ]
    RESULTS.mkdir(exist_ok=True)
    for figure in figures:
        file = str(figure["name"]).casefold().replace(" ", "-")
        (RESULTS / f"{file}.json").write_text(json.dumps(figure, indent=1) + "\n")
    _show(figures)
    return 0


def _show(figures: list[dict[str, object]]) -> None:
    columns = ("name", "peer", "size", "ours", "theirs", "ratio", "target", "met")
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in ("name", "peer", "size") else "right")
    for figure in figures:
        table.add_row(*(_cell(figure.get(column)) for column in columns))
    Console(width=100).print(table)


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "NO"
    return f"{value:.4g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    sys.exit(main())
