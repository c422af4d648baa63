"""Where do Spark's executors leave what is read next? In a scratch folder, emptied after.

On a cluster it must be a path that driver and executors share, such as one of an object store; it
is reached through Hadoop's own file systems, with the settings and keys that Spark has for them.
"""

from __future__ import annotations

import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCRATCH = "tenure.scratch"
"""Setting under [spark]: the folder; a local temporary one where it is not set."""


@contextmanager
def scratch_folder(session: Any) -> Iterator[str]:
    """Give a new place under the scratch folder, gone after use."""
    place = new_place(session)
    try:
        yield place
    finally:
        remove(session, place)


def new_place(session: Any) -> str:
    """Return a path or URL under the scratch folder at which nothing is yet."""
    root = session.conf.get(SCRATCH, None) or tempfile.gettempdir()
    return f"{root.rstrip('/')}/tenure-{uuid.uuid4().hex}"


def remove(session: Any, place: str) -> None:
    """Delete a folder of any file system that Spark knows."""
    file_system, path = located(session, place)
    file_system.delete(path, True)


@contextmanager
def to_local(session: Any, place: str) -> Iterator[Path]:
    """Give a folder as a local one: itself where it is local, else a copy."""
    if "://" not in place:
        yield Path(place)
        return
    with tempfile.TemporaryDirectory() as folder:
        file_system, path = located(session, place)
        local = session._jvm.org.apache.hadoop.fs.Path(f"file://{folder}/parts")
        file_system.copyToLocalFile(False, path, local, True)
        yield Path(folder) / "parts"


def located(session: Any, place: str) -> tuple[Any, Any]:
    """Return Hadoop's file system of a place, and the place as it names it."""
    if "://" not in place:
        place = f"file://{Path(place).absolute()}"  # not as_uri: Hadoop reads %20 as it stands
    path = session._jvm.org.apache.hadoop.fs.Path(place)
    return path.getFileSystem(session._jsc.hadoopConfiguration()), path
