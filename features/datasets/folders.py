"""How does a data set get into a folder: whole or not at all, never over somebody's own data?"""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from features.errors import DataError

SETTINGS = "tenure.toml"
MARK = "# Tenure data set: "
"""How the tenure.toml of a data set begins that may be written again."""


@contextmanager
def whole_folder(folder: Path, kind: str) -> Iterator[Path]:
    """Give a folder to write in; its files arrive in ``folder`` together when the block ends well.

    Where the same kind of data set stands already, its files are replaced, tenure.toml last, and
    whatever else lies there (models, snapshots) stays.

    Parameters
    ----------
    folder : Path
        Made if it is not there.
    kind : str
        What the first line of the tenure.toml says after `MARK`.

    Raises
    ------
    DataError
        The folder is a file, or holds something that is no data set of this kind.
    """
    folder = folder.resolve()
    _refuse_strangers(folder, kind)
    folder.parent.mkdir(parents=True, exist_ok=True)
    # one name for all runs, so that the next run clears away what a killed one left
    draft = folder.with_name(f".{folder.name}.unfinished")
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    try:
        yield draft
        _move(draft, folder)
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _refuse_strangers(folder: Path, kind: str) -> None:
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder} is a file; name a folder to write the {kind} into")
    if not folder.exists() or not any(folder.iterdir()):
        return
    settings = folder / SETTINGS
    if settings.is_file() and _first_line(settings).startswith(MARK + kind):
        return
    found = sorted(path.name for path in folder.iterdir())
    more = f" and {len(found) - 3} more" if len(found) > 3 else ""
    raise DataError(
        f"{folder} holds something else than a {kind} (found: {', '.join(found[:3])}{more}); "
        "name an empty or new folder"
    )


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8", errors="replace") as lines:
        return lines.readline()


def _move(draft: Path, folder: Path) -> None:
    folder.mkdir(exist_ok=True)
    names = sorted(path.name for path in draft.iterdir())
    # last: a new tenure.toml must not describe old files
    for name in sorted(names, key=lambda name: name == SETTINGS):
        (draft / name).replace(folder / name)
