"""In which encoding is a text file? Found from its bytes; never guessed where it is told."""

from __future__ import annotations

import codecs
import gzip
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from features.errors import DataError

CHUNK = 1 << 22
UTF8, LATIN1, WINDOWS, UTF16 = "utf-8", "latin-1", "cp1252", "utf-16"
ENGINE_READS = (UTF8, LATIN1)
_BOMS = {codecs.BOM_UTF8: UTF8, codecs.BOM_UTF16_LE: UTF16, codecs.BOM_UTF16_BE: UTF16}
_WINDOWS_ONLY = bytes(range(0x80, 0xA0))


def open_bytes(path: Path) -> IO[bytes]:
    """Open a file, unpacked where its name ends in .gz."""
    if path.name.lower().endswith(".gz"):
        return cast(IO[bytes], gzip.open(path))
    return path.open("rb")


def encoding_of(path: Path, told: str | None = None) -> str:
    """Return the name of a text file's encoding.

    Parameters
    ----------
    path : Path
    told : str or None
        What the config says; then only the name is checked.

    Returns
    -------
    str
        "utf-8", "utf-16", or where the bytes are no UTF-8: "cp1252" if it has bytes that only
        Windows-1252 writes text with, else "latin-1"; or what was told, as Python names it.

    Raises
    ------
    DataError
        No such encoding, or a damaged .gz file.
    """
    if told is not None:
        return _named(told)
    try:
        return _found(path)
    except (OSError, EOFError) as error:
        raise DataError(f"{path} can't be unpacked: {error}; export it again") from error


def mixed_line_ends(path: Path) -> bool:
    """Return whether some rows of a file end in CR LF and some in LF, line ends in quotes aside."""
    quotes, rest, ends = 0, b"", set()
    for piece in _chunks(path):
        chunk = rest + piece
        rest = b"\r" if chunk.endswith(b"\r") else b""
        chunk = chunk.removesuffix(rest)
        ends |= _ends(chunk) if len(_ends(chunk)) < 2 else _ends(_outside(chunk, quotes))
        quotes += chunk.count(b'"')
        if len(ends) > 1:
            return True
    return False


def _ends(text: bytes) -> set[bytes]:
    both = text.count(b"\r\n")
    found = {b"\r\n"} if both else set()
    return found | ({b"\n"} if text.count(b"\n") > both else set())


def _outside(text: bytes, quotes: int) -> bytes:
    return b'"'.join(text.split(b'"')[quotes % 2 :: 2])


def _named(told: str) -> str:
    try:
        name = codecs.lookup(told).name
    except LookupError as error:
        raise DataError(
            f"encoding = {told!r} is not known; write one such as utf-8, cp1252 or utf-16"
        ) from error
    return {"iso8859-1": LATIN1, "utf-8-sig": UTF8, "ascii": UTF8}.get(name, name)


def _found(path: Path) -> str:
    first = next(_chunks(path), b"")
    for mark, name in _BOMS.items():
        if first.startswith(mark):
            return name
    high = first[1:200:2]
    if high.count(0) > len(high) // 2:
        return "utf-16-le"  # without a mark, every second byte of Latin text is zero
    if _is_utf8(path):
        return UTF8
    windows = any(chunk.translate(None, _WINDOWS_ONLY) != chunk for chunk in _chunks(path))
    return WINDOWS if windows else LATIN1


def _is_utf8(path: Path) -> bool:
    decoder = codecs.getincrementaldecoder(UTF8)()
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def _chunks(path: Path) -> Iterator[bytes]:
    with open_bytes(path) as file:
        while chunk := file.read(CHUNK):
            yield chunk
