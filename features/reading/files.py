"""How is a file read? By its ending: text, Parquet, JSON lines or Excel, here or in a store."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from features.config import HistoryConfig
from features.errors import DataError
from features.reading.encodings import UTF8
from features.reading.engine_errors import first_line
from features.reading.sheets import EXCEL_ENDINGS, read_sheets
from features.reading.text_files import TextFile, as_utf8, text_file, text_sql
from features.sql_text import literal, quote

TEXT_ENDINGS = (".csv", ".tsv", ".txt")
JSON_ENDINGS = (".jsonl", ".ndjson", ".json")
PARQUET_ENDING = ".parquet"
SAMPLE_ROWS, FEWEST_ROWS = 50_000, 20
"""Looked at to find how cells are written: of all files together, and of each at least."""
_GUESSED = ("DATE", "TIME", "UUID")
ENDINGS = (*TEXT_ENDINGS, *JSON_ENDINGS, PARQUET_ENDING, *EXCEL_ENDINGS)
STORES = ("s3://", "s3a://", "r2://", "gs://", "gcs://", "az://", "azure://", "http://", "https://")


@dataclass(frozen=True)
class Read:
    """A query that gives the rows of files.

    Attributes
    ----------
    sql : str
    remarks : tuple of str
        What was assumed in reading them.
    starts : tuple of str
        Where there are several files, a query for each that gives its first rows.
    """

    sql: str
    remarks: tuple[str, ...] = ()
    starts: tuple[str, ...] = ()


def read_files(
    con: duckdb.DuckDBPyConnection, config: HistoryConfig, files: Sequence[Path]
) -> Read:
    """Return the query that reads files of one kind, columns matched by name.

    Raises
    ------
    DataError
        Their ending is not known, or they are of several kinds.
    """
    endings = sorted({ending_of(file.name) for file in files})
    strange = [ending for ending in endings if ending not in ENDINGS]
    if strange:
        raise DataError(
            f"{config.name}: {files[0]} ends in {strange[0]!r}; known endings are "
            f"{' '.join(ENDINGS)}, each also with .gz but for Excel and Parquet"
        )
    if endings[0] in TEXT_ENDINGS and set(endings) <= set(TEXT_ENDINGS):
        return _text(con, config, files)
    if len(endings) > 1:
        raise DataError(
            f"{config.name}: {config.path} names files of several kinds ({', '.join(endings)}); "
            "let it name one kind"
        )
    names = "[" + ", ".join(literal(str(file)) for file in files) + "]"
    if endings[0] == PARQUET_ENDING:
        each = [f"select * from read_parquet({literal(str(file))})" for file in files]
        whole = f"select * from read_parquet({names}, union_by_name = true)"
        return Read(whole, starts=_limited(each))
    if endings[0] in JSON_ENDINGS:
        return Read(_json(con, names))
    return _excel(con, config, files)


def ending_of(name: str) -> str:
    """Return the ending that says what a file holds.

    Examples
    --------
    >>> ending_of("Orders.CSV.gz")
    '.csv'
    """
    return Path(name.lower().removesuffix(".gz")).suffix


def _text(con: duckdb.DuckDBPyConnection, config: HistoryConfig, files: Sequence[Path]) -> Read:
    told = {"delimiter": config.delimiter, "encoding": config.encoding}
    layouts = [text_file(file, **told) for file in files]
    remarks = tuple(_remarks(config, layouts))
    if all(file.readable for file in layouts):
        each = [f"select * from {text_sql([file])}" for file in layouts]
        return Read(text_sql(layouts), remarks, _limited(each))
    return Read(_copied(con, config.name, layouts), remarks)


def _limited(queries: Sequence[str]) -> tuple[str, ...]:
    """Let the queries of several files give as many rows as are looked at of a single one."""
    rows = max(FEWEST_ROWS, SAMPLE_ROWS // len(queries))
    return tuple(f"{each} limit {rows}" for each in queries) if len(queries) > 1 else ()


def _remarks(config: HistoryConfig, layouts: Sequence[TextFile]) -> Iterator[str]:
    """Say what was assumed of text files: once, however many of them it was assumed of."""
    said: dict[str, list[str]] = {}
    for file in layouts:
        if config.encoding is None and file.encoding != UTF8:
            said.setdefault(
                f"is not UTF-8 and was read as {file.encoding}; if its names look wrong, set "
                f"encoding under [histories.{config.name}]",
                [],
            ).append(file.path.name)
        for name in file.repeated:
            twice = f"has several columns named '{name}'; the first is read, the next is '{name}_1'"
            said.setdefault(twice, []).append(file.path.name)
    for what, names in said.items():
        others = f" (like {len(names) - 1:,} more)" if len(names) > 1 else ""
        yield f"{config.name}: {names[0]}{others} {what}"


def _copied(con: duckdb.DuckDBPyConnection, history: str, layouts: Sequence[TextFile]) -> str:
    """Take rows that the engine can't read itself into a table, through copies that it can."""
    table = f"{history}_source"
    with tempfile.TemporaryDirectory() as folder:
        copies = [each if each.readable else as_utf8(each, Path(folder)) for each in layouts]
        try:
            con.execute(f"create or replace temp table {quote(table)} as {text_sql(copies)}")
        except duckdb.Error as error:
            said = first_line(error)
            for copy, file in zip(copies, layouts, strict=True):
                said = said.replace(str(copy.path), str(file.path))
            raise DataError(f"{history}: {said}; mend it or [histories.{history}]") from error
    return f"select * from {quote(table)}"


def _json(con: duckdb.DuckDBPyConnection, names: str) -> str:
    """Read JSON by the types of all its rows: a column of 1 and "001" is text, not numbers.

    Its times and UUIDs stay the text that they are, as in CSV: the engine's guess would spell ids
    anew, and refuse a file for one cell.
    """
    whole = f"read_json_auto({names}, union_by_name = true, sample_size = -1)"
    described = con.execute(f"describe select * from {whole}").fetchall()
    types = {
        name: "VARCHAR" if kind.startswith(_GUESSED) and not kind.endswith("[]") else kind
        for name, kind, *_ in described
    }
    columns = ", ".join(f"{literal(name)}: {literal(kind)}" for name, kind in types.items())
    texts = [quote(name) for name, kind in types.items() if kind == "JSON"]
    swapped = ", ".join(f"json_extract_string({name}, '$') as {name}" for name in texts)
    rows = f"read_json({names}, columns = {{{columns}}})"
    return f"select *{f' replace ({swapped})' if swapped else ''} from {rows}"


def _excel(con: duckdb.DuckDBPyConnection, config: HistoryConfig, files: Sequence[Path]) -> Read:
    table = f"{config.name}_source"
    cells = read_sheets(files, config.sheet)
    con.register(f"{table}_cells", cells)
    con.execute(f"create or replace temp table {quote(table)} as from {quote(table + '_cells')}")
    con.unregister(f"{table}_cells")
    return Read(f"select * from {quote(table)}")


def remote_sql(con: duckdb.DuckDBPyConnection, config: HistoryConfig) -> str:
    """Return the query that reads a file or glob of an object store, which the engine fetches.

    Raises
    ------
    DataError
        The engine's extension for it is not installed, or the ending is not known.
    """
    path = str(config.path)
    extension = "azure" if path.startswith(("az://", "azure://")) else "httpfs"
    if not path.startswith(STORES):
        raise DataError(
            f"{config.name}: {path} is of no known store ({', '.join(STORES)}); mend path"
        )
    try:
        con.execute(f"load {extension}")
    except duckdb.Error as error:
        raise DataError(
            f"{config.name}: {path} is read through DuckDB's extension {extension}, which is not "
            f"installed here; run python -c \"import duckdb; duckdb.sql('INSTALL {extension}')\" "
            "once where there is a network, or copy the files here"
        ) from error
    ending = ending_of(path.split("?", 1)[0])
    delimiter = f", delim = {literal(config.delimiter)}" if config.delimiter else ""
    readers = {
        PARQUET_ENDING: f"read_parquet({literal(path)}, union_by_name = true)",
        **dict.fromkeys(JSON_ENDINGS, f"read_json_auto({literal(path)}, union_by_name = true)"),
        **dict.fromkeys(
            TEXT_ENDINGS,
            f"read_csv({literal(path)}, union_by_name = true, header = true, all_varchar = true, "
            f"nullstr = ['', 'NULL']{delimiter})",
        ),
    }
    if ending not in readers:
        raise DataError(
            f"{config.name}: {path} ends in {ending!r}; known endings in a store are "
            f"{' '.join(readers)}"
        )
    return f"select * from {readers[ending]}"
