"""What does the sql of a history give on Spark? DuckDB's dialect, put into Spark's.

Files that a query names become views that Spark reads itself, cells of text files as text; other
tables are those of Spark's catalog.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import sqlglot
from sqlglot import exp

from features.config import HistoryConfig
from features.errors import DataError
from features.reading.files import ENDINGS, ending_of

ReadFiles = Callable[[list[str]], str]
"""Makes a view of the files at these paths and returns its name."""


def spark_sql(history: HistoryConfig, read_files: ReadFiles) -> str:
    """Return a history's sql in Spark's dialect, its files read by `read_files`.

    Raises
    ------
    DataError
        It is no SQL that can be put into Spark's dialect.
    """
    try:
        tree = sqlglot.parse_one(str(history.sql), read="duckdb")
        for table in list(tree.find_all(exp.Table)):
            paths = list(_paths(table))
            if paths:
                table.set("this", exp.to_identifier(read_files(paths)))
        return tree.sql(dialect="spark", unsupported_level=sqlglot.ErrorLevel.RAISE)
    except sqlglot.errors.SqlglotError as error:
        raise DataError(
            f"{history.name}: its sql can't be put into Spark's dialect: "
            f"{str(error).splitlines()[0]}; write it more plainly, or as a table of Spark's "
            f"catalog, under [histories.{history.name}]"
        ) from error


def _paths(table: exp.Table) -> Iterator[str]:
    """Yield the files that a table of a query stands for; none where it is a table by its name."""
    if isinstance(table.this, exp.Identifier):
        if ending_of(table.name) in ENDINGS and not table.db:
            yield table.name
        return
    for node in table.this.find_all(exp.Literal):
        if node.is_string and not isinstance(node.parent, exp.EQ | exp.PropertyEQ):
            yield node.this
