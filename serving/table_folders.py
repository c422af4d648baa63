"""How does a folder of Parquet take the place of an older one? Written beside it, then renamed.

A folder of ours holds `ABOUT`, which says what it is and over which readers of Parquet pass. Only
such a folder is ever replaced: a name given by mistake costs nobody their files.
"""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from features.errors import ConfigError
from features.scratch import located, remove
from serving.files import sync, sync_tree

ABOUT = "_tenure.json"
_SHOWN = 3


@contextmanager
def replaced(place: str, about: str, session: Any = None) -> Iterator[str]:
    """Give a place to write at, which takes the name of another once the block is left.

    Killed at any moment, the older folder stays whole: under its name, or, between the two
    renames, beside it, from where the next run brings it back.

    Parameters
    ----------
    place : str
        Path of a folder, there or not; a URL where Spark writes.
    about : str
        Content of `ABOUT`.
    session : SparkSession, optional
        Whose file systems a URL is of.

    Raises
    ------
    ConfigError
        The place holds what Tenure did not write, or is a URL and no Spark is there.
    """
    disks = _disks(place, session)
    place = place.rstrip("/") if "://" in place else str(Path(place).resolve())
    fresh, older = (_beside(place, ending) for ending in ("new", "old"))
    if disks.names(place) is None and disks.names(older) is not None:
        disks.move(older, place)
    _refuse_others(place, disks.names(place))
    disks.remove(fresh)
    try:
        yield fresh
        disks.finish(fresh, about)
    except BaseException:
        disks.remove(fresh)
        raise
    disks.remove(older)
    if disks.names(place) is not None:
        disks.move(place, older)
    disks.move(fresh, place)
    disks.remove(older)


class _Disks(Protocol):
    def names(self, place: str) -> list[str] | None: ...

    def move(self, place: str, to: str) -> None: ...

    def remove(self, place: str) -> None: ...

    def finish(self, place: str, about: str) -> None: ...


class _Local:
    def names(self, place: str) -> list[str] | None:
        path = Path(place)
        if path.is_file():
            return [path.name]
        return sorted(each.name for each in path.iterdir()) if path.exists() else None

    def move(self, place: str, to: str) -> None:
        Path(place).rename(to)
        sync(Path(to).parent)

    def remove(self, place: str) -> None:
        shutil.rmtree(place, ignore_errors=True)

    def finish(self, place: str, about: str) -> None:
        (Path(place) / ABOUT).write_text(about)
        sync_tree(Path(place))


class _Hadoop:
    """The file systems that Spark knows, with its settings and keys for them."""

    def __init__(self, session: Any) -> None:
        self._session = session

    def names(self, place: str) -> list[str] | None:
        disk, path = located(self._session, place)
        if not disk.exists(path):
            return None
        return sorted(each.getPath().getName() for each in disk.listStatus(path))

    def move(self, place: str, to: str) -> None:
        disk, path = located(self._session, place)
        if not disk.rename(path, located(self._session, to)[1]):
            raise ConfigError(f"{place} can't be renamed to {to}; look who may write there")

    def remove(self, place: str) -> None:
        remove(self._session, place)

    def finish(self, place: str, about: str) -> None:
        disk, path = located(self._session, f"{place}/{ABOUT}")
        file = disk.create(path, True)
        try:
            file.write(bytearray(about.encode()))
        finally:
            file.close()


def _disks(place: str, session: Any) -> _Disks:
    if "://" not in place:
        return _Local()
    if session is None:
        raise ConfigError(
            f"{place} is a URL, and only Spark writes to those; name a folder of this machine or "
            'set engine = "spark"'
        )
    return _Hadoop(session)


def _beside(place: str, ending: str) -> str:
    folder, _, name = place.rpartition("/")
    return f"{folder}/.{name}.{ending}"


def _refuse_others(place: str, names: list[str] | None) -> None:
    if names and ABOUT not in names:
        shown = ", ".join(names[:_SHOWN])
        raise ConfigError(
            f"{place} holds what Tenure did not write there ({shown}), and would be replaced; name "
            "a folder that is not there yet"
        )
