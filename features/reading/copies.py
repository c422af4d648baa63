"""Is a file there twice, under two names? Where all rows are kept, nothing else says so."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path

from features.config import HistoryConfig


def copies_told(config: HistoryConfig, files: Iterable[Path]) -> Iterator[str]:
    """Yield a sentence for each file of a history that is there twice and counts twice."""
    if config.duplicates == "keep":  # otherwise their rows are counted once
        for first, *others in same_files(files):
            names = ", ".join(each.name for each in others)
            yield (
                f"{config.name}: {names} and {first.name} hold the same, and every row counts as "
                'often as it is there (duplicates = "keep"); leave all but one out'
            )


def same_files(files: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """Yield the files that hold the same bytes, together, in their order.

    Only files of the same size are read.
    """
    by_size: defaultdict[int, list[Path]] = defaultdict(list)
    for file in files:
        by_size[file.stat().st_size].append(file)
    for alike in by_size.values():
        by_content: defaultdict[bytes, list[Path]] = defaultdict(list)
        for file in alike if len(alike) > 1 else ():
            with file.open("rb") as content:
                by_content[hashlib.file_digest(content, "sha256").digest()].append(file)
        yield from (tuple(same) for same in by_content.values() if len(same) > 1)
