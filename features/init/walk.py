"""Which files of a folder, and sheets of them, could be tables? And why not the others?"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from features.errors import DataError
from features.reading.files import ENDINGS, TEXT_ENDINGS, ending_of
from features.reading.sheets import EXCEL_ENDINGS, sheet_names
from features.reading.text_files import text_file

_OURS = ("quarantine", "snapshots", "mlruns", "rollups")
_NOT_TABLES = (".md", ".toml", ".py", ".ipynb", ".html", ".pdf", ".lock", ".log", ".yaml", ".yml")


def tables_in(folder: Path, refused: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    """Yield the path, relative to the folder, and the sheet of each table."""
    parts: dict[tuple[str, object], list[str]] = {}
    for file in sorted(folder.rglob("*")):
        path = file.relative_to(folder).as_posix()
        if not file.is_file() or path.startswith(_OURS) or "/." in f"/{path}":
            continue
        if ending_of(path) not in ENDINGS:
            if file.suffix.lower() not in _NOT_TABLES:
                refused[path] = f"ends in {file.suffix!r}, which is no table that Tenure reads"
            continue
        try:
            parts.setdefault((_shape(path), _header(file)), []).append(path)
        except DataError as error:
            refused[path] = str(error).removeprefix(f"{file} ").split(";")[0]
        except OSError as error:
            refused[path] = unread(error, folder)
    for (shape, _), paths in parts.items():
        yield from _as_tables(folder, shape, paths, refused)


def unread(error: Exception, folder: Path, name: str = "") -> str:
    """Return why a file can't be read: what an error said, without the history's name."""
    said = error.strerror if isinstance(error, OSError) else None
    first = (said or str(error)).removeprefix(f"{name}: ").splitlines()[0]
    return f"can't be read: {first.split('; ')[0].replace(str(folder), '.')}"


def _as_tables(
    folder: Path, shape: str, paths: Sequence[str], refused: dict[str, str]
) -> Iterator[tuple[str, str | None]]:
    if ending_of(paths[0]) in EXCEL_ENDINGS:
        for path in paths:
            yield from _sheets(folder, path, refused)
    elif len(paths) > 1 and _globbed(folder, shape) == set(paths):
        yield shape, None
    else:
        yield from ((path, None) for path in paths)


def _sheets(folder: Path, path: str, refused: dict[str, str]) -> Iterator[tuple[str, str | None]]:
    try:
        names = sheet_names(folder / path)
    except DataError as error:
        refused[path] = str(error).removeprefix(f"{folder / path} ").split("; ")[0]
        return
    yield from ((path, name if len(names) > 1 else None) for name in names)


def _shape(path: str) -> str:
    """Return the glob of files that differ from a path only in their digits."""
    return re.sub(r"\d+", "*", path)


def _globbed(folder: Path, shape: str) -> set[str]:
    found = glob.glob(str(folder / shape))
    return {Path(name).relative_to(folder).as_posix() for name in found}


def _header(file: Path) -> object:
    if file.stat().st_size == 0:
        raise DataError(f"{file} is empty")
    if ending_of(file.name) not in TEXT_ENDINGS:
        return None
    header = text_file(file).header
    if all(re.fullmatch(r"[-+\d.,:/ ]+", name) for name in header):
        raise DataError(f"{file} has no line of column names (its first is {', '.join(header)})")
    return header
