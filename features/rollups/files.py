"""Which roll-ups are kept, and what were they made of? The manifest, and the files that it names.

The manifest is written last and in one step: whatever stands in it lies whole on the disk. A file
that it does not name is nobody's, but those that its last version named stay until the next one,
for a reader that is not done yet.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from features.windows import date_of

MANIFEST = "manifest.json"
REFUSED = "refused"
WORK = ".work"
_MAGIC = b"PAR1"


@dataclass(frozen=True)
class SourceFile:
    """What one source file brought.

    Attributes
    ----------
    size, modified, replaced : int
        Bytes, and nanoseconds since 1970 of its contents' and of its inode's last change: what
        tells a changed file, even one that was given back its old time.
    columns : tuple of (str, str)
        Its columns and their types.
    remarks : tuple of str
        What was assumed in opening it.
    rows_read : int
        Rows that belong to the history, copies and refused ones too.
    days : tuple of int
        Day numbers of its good rows.
    refused : str or None
        File of its refused rows.
    read_at : str
        The `now` that its rows were judged by, ISO.
    newest : int or None
        Last day on which one of its rows, good or refused, became known.
    again_from : int or None
        Day from which a row that lies in the future may lie there no more.
    """

    size: int
    modified: int
    replaced: int
    columns: tuple[tuple[str, str], ...]
    remarks: tuple[str, ...] = ()
    rows_read: int = 0
    days: tuple[int, ...] = ()
    refused: str | None = None
    read_at: str = ""
    newest: int | None = None
    again_from: int | None = None

    def holds(self, stat: os.stat_result, now: str, today: int) -> bool:
        """Tell whether reading the file again would give the same rows."""
        lies_there = (stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)
        if (self.size, self.modified, self.replaced) != lies_there:
            return False
        if now == self.read_at:
            return True
        back = now < self.read_at and self.newest is not None and self.newest >= today
        return not back and (self.again_from is None or today < self.again_from)


@dataclass(frozen=True)
class Day:
    """The roll-up of one day: its file, the rows in it, and the events that they stand for."""

    file: str
    rows: int
    events: int


@dataclass(frozen=True)
class Manifest:
    """What is kept.

    Attributes
    ----------
    meaning : str
        Digest of all that decides how a row is read.
    settings : str
        Digest of what tenure.toml says of that.
    files : mapping of str to SourceFile
        Path -> what it brought.
    days : mapping of int to Day
        Day number -> its roll-up.
    retired : tuple of str
        Files that only the last version named.
    """

    meaning: str = ""
    settings: str = ""
    files: Mapping[str, SourceFile] = field(default_factory=dict)
    days: Mapping[int, Day] = field(default_factory=dict)
    retired: tuple[str, ...] = ()

    def named(self) -> set[str]:
        """Every file that it names, relative to its folder."""
        refused = {part.refused for part in self.files.values() if part.refused is not None}
        return {day.file for day in self.days.values()} | refused


def read_manifest(folder: Path) -> Manifest:
    """Return the manifest of a folder; an empty one where it, or a file it names, is not whole."""
    try:
        raw = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        found = Manifest(
            meaning=str(raw["meaning"]),
            settings=str(raw["settings"]),
            files={name: _source_file(each) for name, each in raw["files"].items()},
            days={int(day): Day(**each) for day, each in raw["days"].items()},
            retired=tuple(raw["retired"]),
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return Manifest()
    return found if all(_is_whole(folder / name) for name in found.named()) else Manifest()


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Put a manifest in the place of the one before."""
    aside = folder / f"{MANIFEST}.new"
    aside.write_text(json.dumps(asdict(manifest)), encoding="utf-8")
    aside.replace(folder / MANIFEST)


def sweep(folder: Path, manifest: Manifest) -> None:
    """Delete the roll-ups that neither this manifest nor the last one names."""
    kept = {folder / name for name in {*manifest.named(), *manifest.retired}}
    for file in [*folder.glob("day=*/*"), *folder.glob(f"{REFUSED}/*")]:
        if file not in kept:
            file.unlink()
    for place in folder.glob("day=*"):
        if not any(place.iterdir()):
            place.rmdir()


@contextmanager
def held(folder: Path) -> Iterator[Path]:
    """Hold the folder of roll-ups, one process at a time, and give an empty one to work in."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        work = folder / WORK
        shutil.rmtree(work, ignore_errors=True)
        work.mkdir()
        try:
            yield work
        finally:
            shutil.rmtree(work, ignore_errors=True)


def day_file(day: int, digest: str) -> str:
    """Path of a day's roll-up inside its folder.

    Examples
    --------
    >>> day_file(19723, "0c1f")
    'day=2024-01-01/0c1f.parquet'
    """
    return f"day={date_of(day).isoformat()}/{digest}.parquet"


def _is_whole(parquet: Path) -> bool:
    """Tell whether a Parquet file begins and ends as one does; one cut short does not."""
    try:
        with parquet.open("rb") as file:
            begins = file.read(len(_MAGIC))
            file.seek(-len(_MAGIC), os.SEEK_END)
            return begins == file.read() == _MAGIC
    except OSError:
        return False


def _source_file(raw: dict[str, Any]) -> SourceFile:
    columns = tuple((str(name), str(kind)) for name, kind in raw.pop("columns"))
    days, remarks = tuple(raw.pop("days")), tuple(raw.pop("remarks"))
    return SourceFile(columns=columns, days=days, remarks=remarks, **raw)
