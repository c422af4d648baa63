"""How is a text file laid out: its encoding, delimiter and header? Told or found from its start.

Every cell is read as text by an explicit layout, so that a ragged row is an error that names its
line, and never a reason to read the file in another way.
"""

from __future__ import annotations

import csv
import io
import re
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from features.errors import DataError
from features.reading.encodings import (
    ENGINE_READS,
    UTF8,
    WINDOWS,
    encoding_of,
    mixed_line_ends,
    open_bytes,
)
from features.sql_text import literal, quote

WHITESPACE = " "
"""As a delimiter: any run of blanks, as in tables laid out for reading."""
RAGGED = "ragged row in "
"""Before the file's name: what the engine is told to say of a row parted by blanks."""
DELIMITERS = (",", ";", "\t", "|", "^", "~", "\x01")
_MAGIC = {b"PK\x03\x04": ".xlsx", b"PAR1": ".parquet", b"\x1f\x8b": ".gz"}
_SAMPLE_BYTES = 1 << 17
_SAMPLE_RECORDS = 200
_CONSISTENT = 0.9
_NO_DELIMITER = "\x1f"
_NO_TEXT = frozenset(map(chr, range(32))) - {"\t", "\n", "\r", "\x01"}
_STRANGE = 0.02
_QUOTED = re.compile(r'"(?:[^"]|"")*"')


@dataclass(frozen=True)
class TextFile:
    """The layout of one text file.

    Attributes
    ----------
    path : Path
    encoding : str
        As `features.reading.encodings.encoding_of` names it.
    delimiter : str
        `WHITESPACE` stands for any run of blanks.
    escape : str
        What stands before a quote inside a quoted cell: a quote, or a backslash.
    header : tuple of str
        Its columns, each name once.
    repeated : tuple of str
        Names that several columns have; all but the first got a number.
    mixed_lines : bool
        Whether some lines end in CR LF and some in LF; the engine reads only one kind.
    """

    path: Path
    encoding: str
    delimiter: str
    escape: str
    header: tuple[str, ...]
    repeated: tuple[str, ...]
    mixed_lines: bool

    @property
    def readable(self) -> bool:
        """Whether the engine reads it as it is; otherwise `as_utf8` makes a copy that it reads."""
        return self.encoding in ENGINE_READS and not self.mixed_lines


def text_file(path: Path, *, delimiter: str | None = None, encoding: str | None = None) -> TextFile:
    """Find the layout of a text file; what is told is not guessed.

    Raises
    ------
    DataError
        It can't be decoded, or its first line has no column names.
    """
    _refuse_other_kinds(path)
    encoding = encoding_of(path, encoding)
    sample, whole = _sample(path, encoding)
    _refuse_no_text(path, sample, delimiter or "")
    escape = "\\" if '\\"' in sample and '""' not in sample else '"'
    if delimiter is None:
        delimiter = _delimiter(sample, escape, whole=whole)
    records = _records(sample, delimiter, escape, whole=whole)
    if not records or not any(records[0]):
        raise DataError(f"{path} has no line of column names; add one or leave it out")
    bare = _QUOTED.sub("", sample)
    mixed = "\r\n" in bare and "\n" in bare.replace("\r\n", "")
    if not whole and encoding in ENGINE_READS:
        mixed = mixed or mixed_line_ends(path)
    names = _names(records[0])
    cells = [cell.strip() for cell in records[0]]
    repeated = tuple(dict.fromkeys(cell for cell in cells if cell and cells.count(cell) > 1))
    return TextFile(path, encoding, delimiter, escape, names, repeated, mixed)


def text_sql(files: Sequence[TextFile]) -> str:
    """Return the query that reads text files, each cell as text, columns matched by name."""
    layouts: dict[TextFile, list[Path]] = {}
    for file in files:
        layouts.setdefault(replace(file, path=Path()), []).append(file.path)
    return " union all by name ".join(_read(layout, paths) for layout, paths in layouts.items())


def as_utf8(file: TextFile, folder: Path) -> TextFile:
    """Write a copy that the engine can read into a folder; lines end in LF there.

    Raises
    ------
    DataError
        A byte is not of the file's encoding.
    """
    copy = folder / f"{len(list(folder.iterdir()))}.csv"
    try:
        with (
            open_bytes(file.path) as raw,
            io.TextIOWrapper(raw, encoding=file.encoding, errors=_errors(file.encoding)) as old,
            copy.open("w", encoding=UTF8, newline="") as new,
        ):
            shutil.copyfileobj(old, new, 1 << 20)
    except UnicodeError as error:
        raise DataError(f"{file.path} is not {file.encoding}: {error}; mend encoding") from error
    return replace(file, path=copy, encoding=UTF8, mixed_lines=False)


def _refuse_other_kinds(path: Path) -> None:
    """Refuse a file whose first bytes say that its ending is wrong."""
    with path.open("rb") as file:
        start = file.read(4)
    kind = _MAGIC.get(start[:2] if start[:2] in _MAGIC else start)
    if kind is not None and not path.name.lower().endswith(kind):
        raise DataError(f"{path} is no text but seems to be a {kind} file; give it that ending")


def _refuse_no_text(path: Path, sample: str, delimiter: str) -> None:
    odd = sum(map(sample.count, _NO_TEXT.difference(delimiter)))
    if odd > _STRANGE * len(sample):
        raise DataError(
            f"{path} is no text: {odd / len(sample):.0%} of its beginning are characters that no "
            "text has; give it the ending of its kind, or export it as CSV"
        )


def _errors(encoding: str) -> str:
    # five bytes mean nothing in Windows-1252; one of them must not stop the read
    return "replace" if encoding == WINDOWS else "strict"


def _sample(path: Path, encoding: str) -> tuple[str, bool]:
    """Return the text of a file's start, and whether that is all of it."""
    with open_bytes(path) as file:
        raw = file.read(_SAMPLE_BYTES + 1)
    whole = len(raw) <= _SAMPLE_BYTES
    try:
        text = raw.decode(encoding, "strict" if whole and encoding != WINDOWS else "replace")
    except UnicodeError as error:
        raise DataError(f"{path} is not {encoding}: {error}; mend encoding") from error
    return text.removeprefix("\ufeff"), whole


def _records(sample: str, delimiter: str, escape: str, *, whole: bool) -> list[list[str]]:
    if delimiter == WHITESPACE:
        return [line.split() for line in sample.splitlines()[:_SAMPLE_RECORDS] if line.strip()]
    lines = io.StringIO(sample, newline="")
    backslash = {"doublequote": False, "escapechar": "\\"} if escape == "\\" else {}
    if len(delimiter) > 1:  # Python's reader takes one character
        lines = io.StringIO(sample.replace(delimiter, _NO_DELIMITER), newline="")
        delimiter = _NO_DELIMITER
    found = []
    for record in csv.reader(lines, delimiter=delimiter, **backslash):  # type: ignore[arg-type]
        if record:
            found.append(record)
        if len(found) > _SAMPLE_RECORDS:
            return found
    return found if whole or len(found) < 2 else found[:-1]  # the sample may cut the last one


def _delimiter(sample: str, escape: str, *, whole: bool) -> str:
    """Return the delimiter that splits the header and most records into the most cells."""
    best, cells = ",", 1
    for delimiter in DELIMITERS:
        records = _records(sample, delimiter, escape, whole=whole)
        width = len(records[0]) if records else 0
        alike = sum(len(record) == width for record in records)
        if width > cells and alike >= _CONSISTENT * len(records):
            best, cells = delimiter, width
    if cells == 1:
        return _loose(sample, escape, whole=whole)
    return best


def _loose(sample: str, escape: str, *, whole: bool) -> str:
    """Return a delimiter where none splits most records alike: by blanks, or as the header says."""
    records = _records(sample, WHITESPACE, escape, whole=whole)
    widths = {len(record) for record in records}
    if len(records) > 1 and len(widths) == 1 and max(widths) > 1:
        return WHITESPACE
    header = sample.split("\n", 1)[0]
    found = max(DELIMITERS, key=header.count)
    return found if found in header else ","


def _names(header: Sequence[str]) -> tuple[str, ...]:
    """Name each column once: a nameless one by its place, a repeated one by a number."""
    names: list[str] = []
    seen: set[str] = set()
    for place, cell in enumerate(header):
        stem = cell.strip() or f"column{place}"
        name, number = stem, 0
        while name.casefold() in seen:
            number += 1
            name = f"{stem}_{number}"
        seen.add(name.casefold())
        names.append(name)
    return tuple(names)


def _read(layout: TextFile, paths: Sequence[Path]) -> str:
    files = "[" + ", ".join(literal(str(path)) for path in paths) + "]"
    encoding = "" if layout.encoding == UTF8 else f", encoding = {literal(layout.encoding)}"
    if layout.delimiter == WHITESPACE:
        return _read_blanks(layout, files, encoding)
    columns = ", ".join(f"{literal(name)}: 'VARCHAR'" for name in layout.header)
    return (
        f"(from read_csv({files}, auto_detect = false, header = true, "
        f"delim = {literal(layout.delimiter)}, quote = '\"', escape = {literal(layout.escape)}, "
        f"columns = {{{columns}}}, nullstr = ['', 'NULL']{encoding}))"
    )


def _read_blanks(layout: TextFile, files: str, encoding: str) -> str:
    """Return the query over a table laid out for reading: a line is one cell until it is split."""
    columns = ", ".join(
        f"nullif(cells[{place}], 'NULL') as {quote(name)}"
        for place, name in enumerate(layout.header, start=1)
    )
    lines = (
        f"(select trim(line, chr(9) || ' ') as line, filename from read_csv({files}, "
        "auto_detect = false, header = true, delim = chr(1), quote = '', escape = '', "
        f"filename = true, columns = {{'line': 'VARCHAR'}}{encoding}))"
    )
    # the engine sees one column here, so that it would pad and drop cells without a word
    checked = (
        f"case when len(cells) = {len(layout.header)} then cells "
        f"else error({literal(RAGGED)} || filename) end as cells"
    )
    cells = r"regexp_split_to_array(line, '\s+') as cells"
    split = f"(select {cells}, filename from {lines} where line <> '')"
    return f"(select {columns} from (select {checked} from {split}))"
