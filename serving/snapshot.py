"""Which scores are being served? A published set, swapped in one step.

::

    <home>/snapshots/CURRENT                the id of the snapshot that is served
    <home>/snapshots/<id>/scores.parquet    one row per customer
                          features.parquet  what the models saw
                          index.sqlite      the score rows by customer
                          models/<name>/    copies of the models
                          history.json      how one customer's features are made from raw rows
                          manifest.json     what this is, and the SHA-256 of every other file

A snapshot is written beside the others under a name that nobody reads, brought to disk, renamed,
and only then named in CURRENT. Killed at any moment, the one named before stays the current one.
"""

import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Self

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from features.errors import SnapshotError
from serving.files import locked, replace_file, sha256_of, sync, sync_tree
from serving.index import SCORE_COLUMNS, Index, ScoreRow, checked_scores, listed, write_index
from serving.manifest import Fact, read_manifest, verify, write_manifest
from serving.manifest import Manifest as Manifest  # publish returns it

__all__ = [
    "SCORE_COLUMNS",
    "Fact",
    "Manifest",
    "Snapshot",
    "current_id",
    "open_snapshot",
    "publish",
]

HISTORY_PLAN = "history.json"
"""Name of the file that says how one customer's features are made; see features.one_customer."""
KEPT = 3
"""How many snapshots stay on disk, the current one among them."""

_CHUNK = 65_536


class Snapshot:
    """One published set of scores, opened for reading; close it, or use it in a `with`.

    Parameters
    ----------
    folder : Path
    manifest : Manifest
    """

    def __init__(self, folder: Path, manifest: Manifest) -> None:
        self.folder = folder
        self.manifest = manifest
        self._index = Index(folder / "index.sqlite")

    def lookup(self, customer_ids: Iterable[str]) -> dict[str, ScoreRow]:
        """Find score rows by customer, in the order asked for; unknown customers are left out."""
        return self._index.lookup(customer_ids)

    def scores(self) -> pd.DataFrame:
        """Read the score rows of all customers, sorted by customer_id."""
        return pd.read_parquet(self.folder / "scores.parquet")

    def some_customers(self, count: int) -> list[str]:
        """Name up to so many customers, spread evenly over the snapshot; always the same ones."""
        path = self.folder / "scores.parquet"
        customer_ids = pd.read_parquet(path, columns=["customer_id"])["customer_id"]
        chosen = min(count, len(customer_ids))
        places = np.linspace(0, len(customer_ids) - 1, chosen).astype(int)
        return customer_ids.iloc[places].tolist()

    def features(self, customer_ids: Sequence[str] | None = None) -> pd.DataFrame:
        """Read what the models saw, of all customers or of some.

        Parameters
        ----------
        customer_ids : sequence of str, optional
            Without it, everyone.

        Returns
        -------
        DataFrame, one row per customer as it was published; a missing category is nan.
        """
        wanted = None if customer_ids is None else [("customer_id", "in", list(customer_ids))]
        return pd.read_parquet(self.folder / "features.parquet", filters=wanted)

    def model_folder(self, name: str) -> Path:
        """Return the folder of a model's copy; SnapshotError if there is none."""
        folder = self.folder / "models" / name
        if not folder.is_dir():
            raise SnapshotError(
                f"snapshot {self.manifest.snapshot_id} has no model {name!r} (found:"
                f" {listed(sorted(p.name for p in (self.folder / 'models').glob('*')))});"
                " publish again with tenure score"
            )
        return folder

    def text(self, name: str) -> str | None:
        """Read a further file of the snapshot, or None where it was published without one."""
        path = self.folder / name
        return path.read_text("utf-8") if name in self.manifest.files else None

    def close(self) -> None:
        """Let go of the files."""
        self._index.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()


def publish(
    home: Path,
    scores: pd.DataFrame,
    features: pd.DataFrame,
    models: Mapping[str, Path],
    facts: Mapping[str, Fact],
    texts: Mapping[str, str] = MappingProxyType({}),
) -> Manifest:
    """Make a set of scores the one that is served.

    Parameters
    ----------
    home : Path
        The folder everything of one company lives in.
    scores : DataFrame with the columns of `SCORE_COLUMNS`, one row per customer
        Doubles may be null, not infinite; the order of rows does not matter.
    features : DataFrame with customer_id
        What the models saw, for whoever must explain or check a score.
    models : mapping, name -> folder
        Copied whole into the snapshot.
    facts : mapping
        Must hold `cutoff` (ISO date); versions, horizons and the rest as JSON scalars.
    texts : mapping, name -> content
        Further files of the snapshot.

    Returns
    -------
    Manifest of the snapshot that is now current

    Raises
    ------
    SnapshotError
        If the scores are not a table of scores; nothing is published then.
    """
    rows = checked_scores(scores)
    snapshots = home / "snapshots"
    snapshots.mkdir(parents=True, exist_ok=True)
    with locked(snapshots / ".lock"):
        _sweep_unfinished(snapshots)
        staging = snapshots / f".tmp-{os.getpid()}"
        try:
            staging.mkdir()
            manifest = _write(staging, rows, features, models, facts, texts)
            sync_tree(staging)
            staging.rename(snapshots / manifest.snapshot_id)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        sync(snapshots)
        replace_file(snapshots / "CURRENT", f"{manifest.snapshot_id}\n".encode())
        _forget_old(snapshots, current=manifest.snapshot_id)
    return manifest


def current_id(home: Path) -> str | None:
    """Return the id of the snapshot being served, or None before the first is published."""
    try:
        return (home / "snapshots" / "CURRENT").read_text("utf-8").strip()
    except FileNotFoundError:
        return None


def open_snapshot(home: Path) -> Snapshot:
    """Open the current snapshot after checking every byte of it against its manifest.

    Parameters
    ----------
    home : Path

    Returns
    -------
    Snapshot

    Raises
    ------
    SnapshotError
        If none is published, or it is damaged: the text names what.
    """
    snapshot_id = current_id(home)
    if snapshot_id is None:
        raise SnapshotError(f"no snapshot is published under {home}; run tenure score")
    folder = home / "snapshots" / snapshot_id
    manifest = read_manifest(folder, snapshot_id)
    verify(folder, manifest)
    return Snapshot(folder, manifest)


def _write(
    staging: Path,
    scores: pd.DataFrame,
    features: pd.DataFrame,
    models: Mapping[str, Path],
    facts: Mapping[str, Fact],
    texts: Mapping[str, str],
) -> Manifest:
    _write_parquet(staging / "scores.parquet", scores)
    _write_parquet(staging / "features.parquet", features)
    write_index(staging / "index.sqlite", scores)
    for name, folder in models.items():
        shutil.copytree(folder, staging / "models" / name)
    for name, text in texts.items():
        (staging / name).write_text(text, "utf-8")
    files = {
        path.relative_to(staging).as_posix(): sha256_of(path)
        for path in sorted(staging.rglob("*"))
        if path.is_file()
    }
    manifest = Manifest(
        snapshot_id=_unused_id(staging.parent, facts, files),
        cutoff=str(facts["cutoff"]),
        customers=len(scores),
        facts=dict(facts),
        files=files,
    )
    write_manifest(staging, manifest)
    return manifest


def _write_parquet(path: Path, frame: pd.DataFrame) -> None:
    # the types are learnt from the whole table, for a chunk may hold nothing but nulls
    schema = pa.Schema.from_pandas(frame, preserve_index=False)
    with pq.ParquetWriter(path, schema) as writer:
        for start in range(0, len(frame), _CHUNK):
            chunk = frame.iloc[start : start + _CHUNK]
            writer.write_table(pa.Table.from_pandas(chunk, schema=schema, preserve_index=False))


def _unused_id(snapshots: Path, facts: Mapping[str, Fact], files: Mapping[str, str]) -> str:
    content = json.dumps([dict(facts), dict(files)], sort_keys=True, allow_nan=False)
    plain = f"{facts['cutoff']}-{hashlib.sha256(content.encode()).hexdigest()[:12]}"
    names = itertools.chain([plain], (f"{plain}-{count}" for count in itertools.count(2)))
    return next(name for name in names if not (snapshots / name).exists())


def _sweep_unfinished(snapshots: Path) -> None:
    for unfinished in snapshots.glob(".tmp-*"):
        shutil.rmtree(unfinished)


def _forget_old(snapshots: Path, *, current: str) -> None:
    others = [path for path in snapshots.glob("[!.]*/") if path.name != current]
    others.sort(key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for old in others[KEPT - 1 :]:
        shutil.rmtree(old)
