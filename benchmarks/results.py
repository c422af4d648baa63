"""Where do figures stay? As JSON beside the benchmarks, and as a page and a plot in the docs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmarks.features_plot import plot_cost
from benchmarks.figures import Figure, cell

PLOT = Path("benchmarks") / "features-cost.png"
_INTRO = """# Benchmarks

Written by `.venv/bin/python -m benchmarks --write-docs`; `make bench` measures the same, and both
end with an error where a target is missed. Each figure is a ratio to a named peer, taken in one run
on one machine: times themselves say more about the machine. "Processor" is the ratio of processor
time, which other work on the machine disturbs less than the clock.
"""
_COLUMNS = ("what", "beside", "size", "ratio", "processor", "target", "met")


def keep(figures: Sequence[Figure], folder: Path) -> None:
    """Write a JSON file per figure, in place of those of the run before."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    for place, figure in enumerate(figures):
        name = str(figure["name"]).casefold().replace(" ", "-").replace("/", "-")
        file = folder / f"{place:02}-{name}.json"
        file.write_text(json.dumps(figure, indent=1) + "\n")


def kept(folder: Path) -> list[Figure]:
    """Read them back in order; none where nothing was measured."""
    return [json.loads(file.read_text()) for file in sorted(folder.glob("*.json"))]


def write_docs(rooms: Mapping[str, Sequence[Figure]], docs: Path) -> None:
    """Write benchmarks.md and its plot.

    Parameters
    ----------
    rooms : mapping of str to figures
    docs : Path
    """
    parts = [_INTRO]
    for room, figures in rooms.items():
        if figures:
            parts.append(f"\n## {room.capitalize()}\n\n{_table(figures)}")
        for figure in figures:
            if "cost" in figure:
                plot_cost(figure["cost"], docs / PLOT)
                parts.append(f"\n![cost of a build against its size, close to a line]({PLOT})\n")
    if not any(rooms.values()):
        parts.append("\nNo figures are here yet.\n")
    (docs / "benchmarks.md").write_text("".join(parts))


def _table(figures: Sequence[Figure]) -> str:
    lines = [_COLUMNS, ("---",) * len(_COLUMNS), *map(_cells, figures)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _cells(figure: Figure) -> tuple[str, ...]:
    keys = ("name", "peer", "size", "ratio", "processor_ratio", "target", "met")
    return tuple(cell(figure.get(key)).replace("|", "\\|") for key in keys)
