"""What is in a folder of files? A first tenure.toml for it, with its doubts marked."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.errors import ConfigError, DataError
from features.init.plans import Findings, Planner
from features.init.rhythm import rhythm_of
from features.init.tables import look_into
from features.init.toml_text import toml_text


@dataclass(frozen=True)
class InitReport:
    """What was guessed.

    Attributes
    ----------
    out : Path
        The tenure.toml that was written.
    findings : Findings
    """

    out: Path
    findings: Findings


def init_config(folder: Path, out: Path | None = None) -> InitReport:
    """Guess which history each file of a folder is, and write a commented tenure.toml.

    Parameters
    ----------
    folder : Path
        With files of any kind that Tenure reads, also in subfolders.
    out : Path or None
        The file to write; None: tenure.toml in the folder. Its paths are relative to its own
        folder.

    Raises
    ------
    ConfigError
        `out` exists already: it is never overwritten.
    DataError
        No such folder, or no file in it that could be a table.
    """
    if not folder.is_dir():
        raise DataError(f"no folder at {folder}; name the one that holds your files")
    out = folder / "tenure.toml" if out is None else out
    if out.exists():
        raise ConfigError(
            f"{out} exists and is not overwritten; name another file with --out, or move it away"
        )
    base = Path(os.path.relpath(folder.resolve(), out.resolve().parent)).as_posix()
    if base.startswith("../.."):
        base = folder.resolve().as_posix()
    with duckdb.connect() as con:
        con.execute("set TimeZone = 'UTC'; set enable_progress_bar = false")
        tables, refused = look_into(con, folder, "" if base == "." else f"{base}/")
        if not tables and not refused:
            raise DataError(f"{folder} holds no file that could be a table; name another folder")
        planner = Planner(con, tables)
        planner.unplaced |= refused
        findings = planner.findings()
        text = toml_text(findings, rhythm_of(con, findings), str(folder))
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(text, encoding="utf-8")
    return InitReport(out, findings)
