"""What does the engine's error mean for who wrote the file? One sentence with file and line."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import duckdb

from features.config import HistoryConfig
from features.errors import DataError
from features.reading.encodings import UTF8, open_bytes
from features.reading.text_files import RAGGED, WHITESPACE

_RAGGED = re.compile(re.escape(RAGGED) + "(.+)")
_FILE = re.compile(r"^\s*file = (.+)$", re.MULTILINE)


def unreadable(error: duckdb.Error, config: HistoryConfig) -> DataError:
    """Return what to say of a source that the engine can't read."""
    return DataError(
        f"{config.name}: {config.path or 'its sql'} can't be read: {first_line(error)}; "
        f"mend it or [histories.{config.name}]"
    )


def refused(error: duckdb.Error, config: HistoryConfig) -> DataError:
    """Return what to say of rows that the engine refuses: a late row of a file, or SQL."""
    if _of_file(str(error)):
        return unreadable(error, config)
    return meaningless(error, config, "its columns or where")


def meaningless(error: duckdb.Error, config: HistoryConfig, what: str) -> DataError:
    """Return what to say of SQL in tenure.toml that the engine can't make sense of."""
    return DataError(
        f"{config.name}: {what} can't be evaluated: {first_line(error)}; mend "
        f"[histories.{config.name}] (a column whose name has blanks stands in double quotes there)"
    )


def first_line(error: Exception) -> str:
    """Return what an error says in one line, without the trailing period.

    A row that does not fit its file is told by file, line and the number of its cells.
    """
    text = str(error).strip()
    parted = _RAGGED.search(text)
    if parted:
        return _ragged(Path(parted[1].strip()), WHITESPACE) or f"{parted[1]} has a ragged row"
    line = re.search(r"CSV Error on Line: (\d+)", text)
    file = _FILE.search(text)
    if line and file:
        return _about_row(text, int(line[1]), Path(file[1]))
    if file and "CSV" in text:
        said = next((one for one in text.splitlines()[1:] if "Original Line" not in one), text)
        return f"{file[1]}: {said.strip().rstrip('.')}"
    return text.splitlines()[0].rstrip(".") if text else type(error).__name__


def _of_file(text: str) -> bool:
    return _RAGGED.search(text) is not None or (_FILE.search(text) is not None and "CSV" in text)


def _about_row(text: str, line: int, file: Path) -> str:
    cells = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
    delimiter = re.search(r"^\s*delimiter = (.) \(", text, re.MULTILINE)
    if cells:
        found = _ragged(file, delimiter[1]) if delimiter else None
        return found or _unlike(line, file, int(cells[2]), int(cells[1]))
    if "unterminated quote" in text and delimiter:
        backslash = re.search(r"^\s*escape = \\ ", text, re.MULTILINE) is not None
        return _unclosed(_opened(file, delimiter[1], backslash=backslash) or line, file, backslash)
    said = next((one for one in text.splitlines()[1:] if "Original Line" not in one), text)
    return f"line {line} of {file}: {said.strip().rstrip('.')}"


def _ragged(path: Path, delimiter: str) -> str | None:
    """Name the line on which the first row ends that has other cells than the first line.

    The engine counts rows; an editor counts lines, and a quoted cell may hold several.
    """
    with (
        open_bytes(path) as raw,
        io.TextIOWrapper(raw, encoding=UTF8, errors="replace", newline="") as lines,
    ):
        width = 0
        for line, cells in _rows(lines, delimiter):
            width = width or cells
            if cells and cells != width:
                return _unlike(line, path, cells, width)
    return None


def _rows(lines: Iterable[str], delimiter: str) -> Iterator[tuple[int, int]]:
    """Yield of each row the line on which it ends, and how many cells it has."""
    if delimiter == WHITESPACE:
        yield from ((line, len(text.split())) for line, text in enumerate(lines, start=1))
        return
    rows = csv.reader(lines, delimiter=delimiter)
    for row in rows:
        yield rows.line_num, len(row)


def _opened(path: Path, delimiter: str, *, backslash: bool) -> int | None:
    """Return the line on which the first row begins whose quotes don't close."""
    escaped: dict[str, Any] = {"doublequote": False, "escapechar": "\\"} if backslash else {}
    with (
        open_bytes(path) as raw,
        io.TextIOWrapper(raw, encoding=UTF8, errors="replace", newline="") as lines,
    ):
        rows = csv.reader(lines, delimiter=delimiter, strict=True, **escaped)
        begins = 1
        try:
            for _ in rows:
                begins = rows.line_num + 1
        except csv.Error:
            return begins
    return None


def _unclosed(line: int, file: Path, backslash: bool) -> str:
    how = "with a backslash before it (then none may end a cell)" if backslash else "twice"
    return (
        f"the row on line {line} of {file} opens a quote that is not closed where a cell ends; "
        f"close it, and write a quote within a cell {how}"
    )


def _unlike(line: int, file: Path, cells: int, width: int) -> str:
    # a title above the column names has one cell, or a few
    title = "; if the column names stand further down, delete what is above them"
    return (
        f"line {line} of {file} has {cells} cells, its first line {width}; quote cells that hold "
        f"the delimiter{title if cells >= 2 * width else ''}"
    )
