"""How does Spark read a history's source? Its own readers, told the layout found by its start."""

from __future__ import annotations

import re
import tempfile
import uuid
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial, reduce
from pathlib import Path
from typing import Any

from features.config import HistoryConfig
from features.errors import DataError
from features.reading.databases import is_url
from features.reading.files import JSON_ENDINGS, PARQUET_ENDING, TEXT_ENDINGS, ending_of
from features.reading.sources import find_files
from features.reading.text_files import RAGGED, WHITESPACE, TextFile, text_file
from features.scratch import located
from features.spark.queries import spark_sql

HEAD_BYTES = 1 << 20
"""Of each text file, read on the driver to find its layout."""
_CHARSETS = {"latin-1": "ISO-8859-1", "cp1252": "windows-1252"}
_NO_LINE = "\x00"


def source_frame(session: Any, config: HistoryConfig, home: Path) -> Any:
    """Return the rows of a source as a Spark DataFrame, cells of text files as text.

    Parameters
    ----------
    session : SparkSession
    config : HistoryConfig
        Its `sql` is over files and tables that Spark knows, or over a JDBC `database`.
    home : Path
        The folder that paths are relative to.

    Raises
    ------
    DataError
        No such file, or of a kind that Spark is not asked to read.
    """
    if config.sql is not None:
        return _query(session, config, home)
    return _files(session, config, home)


def _files(session: Any, config: HistoryConfig, home: Path) -> Any:
    files = _found(session, config, home)
    endings = {ending_of(file) for file in files}
    if endings <= set(TEXT_ENDINGS):
        return _text(session, config, files)
    if endings <= set(JSON_ENDINGS):
        whole = any(_head(session, file).lstrip().startswith(b"[") for file in files)
        return session.read.option("multiLine", whole).json([_escaped(file) for file in files])
    if endings == {PARQUET_ENDING}:
        reader = session.read.option("mergeSchema", True)
        return reader.parquet(*(_escaped(file) for file in files))
    raise DataError(
        f"{config.name}: Spark reads text files, JSON lines and Parquet, one kind at a time, not "
        f'{", ".join(sorted(endings))} ({config.path}); convert them or set engine = "duckdb"'
    )


def _query(session: Any, config: HistoryConfig, home: Path) -> Any:
    if config.database is None:
        views = partial(_view, session, config, home)
        return session.sql(spark_sql(config, views))
    if not config.database.startswith("jdbc:"):
        raise DataError(
            f"{config.name}: on Spark a database is named by a JDBC URL, such as "
            f"jdbc:postgresql://host/shop; mend database under [histories.{config.name}]"
        )
    return session.read.format("jdbc").options(url=config.database, query=config.sql).load()


def _view(session: Any, config: HistoryConfig, home: Path, paths: Sequence[str]) -> str:
    """Name files so that a query can read them."""
    name = f"tenure_{uuid.uuid4().hex}"
    frames = [_files(session, config.model_copy(update={"path": path}), home) for path in paths]
    reduce(_below, frames).createOrReplaceTempView(name)
    return name


def _found(session: Any, config: HistoryConfig, home: Path) -> list[str]:
    """Return paths or URLs of the files that a path or glob names, in the order of their names."""
    path = str(config.path)
    if is_url(path):
        file_system, pattern = located(session, path)
        files = sorted(
            (each.getPath().toString(), each.getLen())
            for each in file_system.globStatus(pattern) or ()
            if each.isFile()
        )
    else:
        files = [(str(each), each.stat().st_size) for each in find_files(path, home)]
        path = str(home / path)
    if not files:
        raise DataError(
            f"{config.name}: no file at {path}; mend path under [histories.{config.name}]"
        )
    empty = [file for file, size in files if size == 0]
    if empty:
        raise DataError(f"{config.name}: {empty[0]} is empty; export it again or leave it out")
    return [file for file, _ in files]


def _text(session: Any, config: HistoryConfig, files: Sequence[str]) -> Any:
    layouts: dict[TextFile, list[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        start = Path(folder) / "start.csv"
        for file in files:
            start.write_bytes(_unpacked(_head(session, file)))
            found = _layout(start, file, config)
            layouts.setdefault(replace(found, path=Path(), mixed_lines=False), []).append(file)
    frames = [_read_text(session, layout, paths) for layout, paths in layouts.items()]
    return reduce(_below, frames)


def _below(one: Any, other: Any) -> Any:
    """Put the rows of two frames together, columns matched by name."""
    return one.unionByName(other, allowMissingColumns=True)


def _layout(start: Path, file: str, config: HistoryConfig) -> TextFile:
    try:
        return text_file(start, delimiter=config.delimiter, encoding=config.encoding)
    except DataError as error:
        raise DataError(str(error).replace(str(start), file)) from error


def _read_text(session: Any, layout: TextFile, files: Sequence[str]) -> Any:
    from pyspark.sql import functions as sf

    charset = _CHARSETS.get(layout.encoding, layout.encoding)
    paths = [_escaped(file) for file in files]
    if layout.delimiter == WHITESPACE:
        return _read_blanks(session, layout, charset, paths)
    names = [f"c{place}" for place in range(len(layout.header))]
    cells = (
        session.read.schema(", ".join(f"{name} string" for name in names))
        .options(header=True, multiLine=True, mode="FAILFAST", maxCharsPerColumn=-1)
        .options(sep=layout.delimiter, quote='"', escape=layout.escape, encoding=charset)
        .csv(paths)
    )
    return cells.select(
        *(
            sf.when(~sf.col(name).isin("", "NULL"), sf.col(name)).alias(column)
            for name, column in zip(names, layout.header, strict=True)
        )
    )


def _read_blanks(session: Any, layout: TextFile, charset: str, paths: Sequence[str]) -> Any:
    """Read a table laid out for reading: one line is one cell until it is split at blanks."""
    from pyspark.sql import functions as sf

    reader = session.read.schema("line string").options(header=True, sep=_NO_LINE, quote="")
    split = sf.split(sf.regexp_replace("line", r"^\s+|\s+$", ""), r"\s+")
    ragged = sf.raise_error(sf.concat(sf.lit(RAGGED), sf.input_file_name()))
    cells = sf.when(sf.size(split) == len(layout.header), split).otherwise(ragged)
    lines = reader.options(encoding=charset).csv(paths).where(r"line rlike '\\S'")
    return lines.select(
        *(
            sf.nullif(sf.get(cells, sf.lit(i)), sf.lit("NULL")).alias(name)
            for i, name in enumerate(layout.header)
        )
    )


def _head(session: Any, file: str) -> bytes:
    file_system, path = located(session, file)
    stream = file_system.open(path)
    try:
        return bytes(stream.readNBytes(HEAD_BYTES))
    finally:
        stream.close()


def _unpacked(head: bytes) -> bytes:
    """Return the text of a file's start, whether it is packed by gzip or not."""
    if head[:2] != b"\x1f\x8b":
        return head
    return zlib.decompressobj(wbits=31).decompress(head)


def _escaped(file: str) -> str:
    """Return a path that Spark does not take for a pattern."""
    return re.sub(r"([\[\]{}*?\\])", r"\\\1", file)
