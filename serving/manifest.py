"""What is in a snapshot, and are its bytes still those that were published?"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from features.errors import SnapshotError
from serving.files import sha256_of

Fact = str | int | float | bool | None
"""What a publisher may say of a snapshot beside its scores."""

_FORMAT = 1


@dataclass(frozen=True)
class Manifest:
    """What a snapshot is.

    Parameters
    ----------
    snapshot_id : str
        The cutoff and the first 12 hexadecimal digits of the content's SHA-256.
    cutoff : str
        ISO date: the midnight the scores look ahead from.
    customers : int
        Rows in scores.parquet.
    facts : mapping
        Versions, horizons in days, currency and whatever else the publisher knows.
    files : mapping, path within the snapshot -> SHA-256 in hexadecimal
    format : int
        The version of this layout.
    """

    snapshot_id: str
    cutoff: str
    customers: int
    facts: Mapping[str, Fact]
    files: Mapping[str, str]
    format: int = _FORMAT


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write manifest.json into a snapshot's folder."""
    text = json.dumps(asdict(manifest), indent=2, allow_nan=False)
    (folder / "manifest.json").write_text(text + "\n", "utf-8")


def read_manifest(folder: Path, snapshot_id: str) -> Manifest:
    """Read what a snapshot's folder says of itself; SnapshotError if it is none of ours."""
    path = folder / "manifest.json"
    try:
        manifest = Manifest(**json.loads(path.read_text("utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise SnapshotError(
            f"snapshot {snapshot_id} is damaged: manifest.json can't be read"
            f" ({error.__class__.__name__}); publish again with tenure score"
        ) from error
    if manifest.snapshot_id != snapshot_id or manifest.format != _FORMAT:
        raise SnapshotError(
            f"snapshot {snapshot_id} is damaged: its manifest is of {manifest.snapshot_id} in"
            f" format {manifest.format} (expected format {_FORMAT});"
            " publish again with tenure score"
        )
    return manifest


def verify(folder: Path, manifest: Manifest) -> None:
    """Check every file of a snapshot byte by byte; SnapshotError names the first that differs."""
    for name, expected in manifest.files.items():
        path = folder / name
        found = sha256_of(path) if path.is_file() else "no file"
        if found != expected:
            raise SnapshotError(
                f"snapshot {manifest.snapshot_id} is damaged: {name} has SHA-256 {found[:12]}"
                f" (its manifest says {expected[:12]}); publish again with tenure score"
            )


def served(manifest: Manifest) -> dict[str, Fact]:
    """Say which snapshot an answer comes from; `serving.schemas.ServedSnapshot` describes it."""
    facts = manifest.facts
    return {
        "id": manifest.snapshot_id,
        "cutoff": manifest.cutoff,
        "churn_model_version": facts.get("churn_model_version"),
        "value_model_version": facts.get("value_model_version"),
    }
