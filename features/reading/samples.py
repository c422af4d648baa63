"""Which rows are looked at to find how cells are written? Of several files, some of each."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

FILE, _PLACE = "__file", "__place_in_file"
_FILES_AT_ONCE = 100


def sample_sql(
    con: duckdb.DuckDBPyConnection, history: str, sql: str, starts: Sequence[str]
) -> str:
    """Return a query that gives the first row of each file, then the second of each, and so on.

    Parameters
    ----------
    con : DuckDB connection
        Keeps them in a temporary table.
    history : str
    sql : str
        Gives all rows.
    starts : sequence of str
        Queries, each of which gives the first rows of one file.

    Returns
    -------
    str
        Its columns are those of `sql`, and `FILE`, the number of the file.
    """
    heads, table = f"{history}_heads", f"{history}_sample"
    con.execute(
        f"create or replace temp table {heads} as "
        f"select *, 0 as {FILE}, 0 as {_PLACE} from ({sql}) limit 0"
    )
    for first in range(0, len(starts), _FILES_AT_ONCE):
        each = (
            f"(select *, {file} as {FILE}, row_number() over () as {_PLACE} from ({start}))"
            for file, start in enumerate(starts[first : first + _FILES_AT_ONCE], start=first)
        )
        con.execute(f"insert into {heads} by name {' union all by name '.join(each)}")
    con.execute(
        f"create or replace temp table {table} as "
        f"select * exclude ({_PLACE}) from {heads} order by {_PLACE}, {FILE}"
    )
    con.execute(f"drop table {heads}")
    return f"select * from {table}"
