"""How does a list leave the house? As CSV, Parquet or JSON lines, whole or not at all.

Numbers read back to the last digit from all three, and Parquet and JSON lines hold every text as it
is. CSV is opened in spreadsheets, which run a cell that begins with ``= + - @`` or a tab, and
customer ids and reasons are other people's text. So in CSV such a cell gets a leading apostrophe
(and one that begins with an apostrophe a second one, so that dropping one always restores the
text), signed numbers excepted, and the writer says how many cells it changed.
"""

import json
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from features.errors import ConfigError

_CHUNK = 50_000
_QUOTED = re.compile(r'[,"\r\n]')
_FORMULA = re.compile(r"[=+\-@\t\r\n']")
_SIGNED_NUMBER = re.compile(r"[+-]\d+([.,]\d+)?")


@dataclass(frozen=True)
class WrittenList:
    """What was written.

    Parameters
    ----------
    path : Path
    rows : int
    guarded : int
        Cells of a CSV that got a leading apostrophe; tell the reader if there are any.
    """

    path: Path
    rows: int
    guarded: int = 0


def write_list(frame: pd.DataFrame, path: Path) -> WrittenList:
    """Write a list in the format its file's ending names.

    Parameters
    ----------
    frame : DataFrame
        Its index is not written.
    path : Path
        Ends in .csv, .parquet, .jsonl or .ndjson; replaced in one step if it exists.

    Returns
    -------
    WrittenList

    Raises
    ------
    ConfigError
        If the ending is another one, or the folder can't be written to.

    Examples
    --------
    >>> write_list(pd.DataFrame({"customer_id": ["a"]}), Path("list.xlsx"))
    Traceback (most recent call last):
    features.errors.ConfigError: list.xlsx ends in '.xlsx'; name the file .csv, .parquet or .jsonl
    """
    writer = _WRITERS.get(path.suffix.lower())
    if writer is None:
        raise ConfigError(f"{path} ends in {path.suffix!r}; name the file .csv, .parquet or .jsonl")
    try:
        with _replacing(path) as fresh:
            guarded = writer(frame, fresh)
    except OSError as error:
        raise ConfigError(
            f"{path} can't be written ({error.strerror}); choose a file in a folder that exists"
            " and may be written to"
        ) from error
    return WrittenList(path, len(frame), guarded)


def guard_cell(text: str) -> str:
    """Return a text that a spreadsheet shows instead of running.

    Examples
    --------
    >>> guard_cell("=1+1"), guard_cell("+4412345"), guard_cell("ann")
    ("'=1+1", '+4412345', 'ann')
    """
    runs = _FORMULA.match(text) and not _SIGNED_NUMBER.fullmatch(text)
    return f"'{text}" if runs else text


def _write_csv(frame: pd.DataFrame, path: Path) -> int:
    guarded = 0
    with path.open("w", encoding="utf-8", newline="") as file:
        file.write(",".join(map(_cell, map(str, frame.columns))) + "\n")
        for row in _plain_rows(frame):
            safe = [guard_cell(one) if isinstance(one, str) else one for one in row]
            guarded += sum(one != plain for one, plain in zip(safe, row, strict=True))
            file.write(",".join(map(_cell, safe)) + "\n")
    return guarded


def _cell(value: object) -> str:
    # the csv module of Python 3.11 leaves a lone carriage return bare, which no reader survives
    if value is None:
        return ""
    text = repr(value) if isinstance(value, float) else str(value)
    return f'"{text.replace(chr(34), chr(34) * 2)}"' if _QUOTED.search(text) or not text else text


def _write_parquet(frame: pd.DataFrame, path: Path) -> int:
    frame.to_parquet(path, index=False)
    return 0


def _write_json_lines(frame: pd.DataFrame, path: Path) -> int:
    names = [str(name) for name in frame.columns]
    with path.open("w", encoding="utf-8", newline="") as file:
        for row in _plain_rows(frame):
            record = dict(zip(names, row, strict=True))
            file.write(json.dumps(record, allow_nan=False) + "\n")
    return 0


_WRITERS: dict[str, Callable[[pd.DataFrame, Path], int]] = {
    ".csv": _write_csv,
    ".parquet": _write_parquet,
    ".jsonl": _write_json_lines,
    ".ndjson": _write_json_lines,
}


def _plain_rows(frame: pd.DataFrame) -> Iterator[tuple[object, ...]]:
    """Rows of Python's own numbers and texts, whose repr is exact; null is None."""
    for start in range(0, len(frame), _CHUNK):
        chunk = frame.iloc[start : start + _CHUNK].astype(object)
        yield from chunk.where(chunk.notna(), None).itertuples(index=False, name=None)


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """Give a file beside `path` that takes its place if the block ends well."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}.new")
    try:
        yield fresh
        descriptor = os.open(fresh, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
