"""Run the benchmarks: ``python -m benchmarks [--only features,history] [--scale 0.1]``.

Prints a table and writes one JSON file per figure into benchmarks/results/. Only ratios are
claims: the absolute times depend on the machine and on what else it does. Ends with 1 where a
target was missed or could not be measured.
"""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from benchmarks.figures import Figure, cell, missed
from benchmarks.results import keep, kept, write_docs

ROOMS = ("features", "history", "value", "serving")
RESULTS = Path(__file__).parent / "results"
DOCS = Path(__file__).parents[1] / "docs"


def main(words: Sequence[str] | None = None) -> int:
    """Measure what was asked for; 1 where a target was missed, 2 for an unknown name."""
    asked = _asked(words)
    rooms = [room.strip() for room in asked.only.split(",") if room.strip()]
    unknown = [room for room in rooms if room not in ROOMS]
    if unknown:
        print(f"no benchmark named {unknown[0]}; known: {', '.join(ROOMS)}", file=sys.stderr)
        return 2
    figures = []
    for room in rooms:
        found = importlib.import_module(f"benchmarks.{room}").measure(asked.scale)
        keep(found, RESULTS / room)
        figures += found
    _show(figures)
    if asked.write_docs:
        write_docs({room: kept(RESULTS / room) for room in ROOMS}, DOCS)
    short = missed(figures)
    if short:
        print(f"missed, or not measured: {', '.join(short)}", file=sys.stderr)
    return 1 if short else 0


def _asked(words: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--only", default=",".join(ROOMS), help="comma-separated: %(default)s")
    parser.add_argument("--scale", type=float, default=1.0, help="1.0 is the size of the claims")
    parser.add_argument(
        "--write-docs",
        action="store_true",
        help="also write docs/benchmarks.md, of the newest results of each",
    )
    return parser.parse_args(words)


def _show(figures: Sequence[Figure]) -> None:
    columns = ("name", "peer", "size", "ours", "theirs", "ratio", "processor", "target", "met")
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, justify="left" if column in ("name", "peer", "size") else "right")
    for figure in figures:
        shown = figure | {"processor": figure.get("processor_ratio")}
        table.add_row(*(cell(shown.get(column)) for column in columns))
    Console(width=120).print(table)


if __name__ == "__main__":
    sys.exit(main())
