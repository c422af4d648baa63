"""Which table tells the customer, the time or the amount that another table lacks?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from features.init.matches import LIKE, customer_column
from features.init.tables import Table
from features.init.words import ID_WORDS, PERSON, customer_likeness, tokens
from features.sql_text import quote

_KNOWN = 0.9
_MANY_ROWS = 1.2


@dataclass(frozen=True)
class Link:
    """Another table that knows each value of a table's column.

    Attributes
    ----------
    table : Table
        The other one.
    mine, theirs : str
        The columns with equal values; unique in the other table.
    """

    table: Table
    mine: str
    theirs: str


def links_of(con: duckdb.DuckDBPyConnection, table: Table, others: Sequence[Table]) -> list[Link]:
    """Return the tables that a table's rows each point to one row of."""
    found = []
    for other in others:
        if other is table:
            continue
        for mine in _ids(table):
            for theirs in _ids(other):
                if other.unique(theirs) and _same(con, table, mine, other, theirs):
                    found.append(Link(other, mine, theirs))
    return found


def _ids(table: Table) -> list[str]:
    return [
        look.name
        for look in table.columns.values()
        if look.filled and look.kind in ("text", "number") and _named_id(look.name)
    ]


def _named_id(name: str) -> bool:
    return bool(ID_WORDS & set(tokens(name))) or customer_likeness(name) >= LIKE


def _same(
    con: duckdb.DuckDBPyConnection, table: Table, mine: str, other: Table, theirs: str
) -> bool:
    # small numbers are in every list of small numbers: there the names must be the same too
    numbers = table.columns[mine].kind == "number" or other.columns[theirs].kind == "number"
    if numbers and tokens(mine) != tokens(theirs):
        return False
    return contained(con, table, mine, other, theirs) >= _KNOWN


def main_customers(
    con: duckdb.DuckDBPyConnection, people: Sequence[Table], tables: Sequence[Table]
) -> tuple[Table, str] | None:
    """Return the table of `people` that has a row per customer, and its id.

    The one that most of all tables point to.
    """
    best: tuple[int, Table, str] | None = None
    for table in people:
        column = customer_column(table)
        if column is None or not table.unique(column):
            continue
        pointing = sum(
            any(
                link.table is table and link.theirs == column
                for link in links_of(con, one, [table])
            )
            for one in tables
        )
        if best is None or pointing > best[0]:
            best = (pointing, table, column)
    return (best[1], best[2]) if best else None


def person_column(table: Table, column: str) -> str | None:
    """Return another id of the same table that names the person behind several of its ids.

    Olist's customer_id is new for each order; its customer_unique_id is the person.
    """
    for name, look in table.columns.items():
        named = customer_likeness(name) >= LIKE and set(tokens(name)) & set(PERSON)
        if name != column and named and 0 < look.distinct < table.columns[column].distinct:
            return name
    return None


def several_rows(table: Table, column: str) -> bool:
    """Return whether a value stands in several rows more than now and then."""
    look = table.columns[column]
    return look.filled > _MANY_ROWS * look.distinct


def contained(
    con: duckdb.DuckDBPyConnection, one: Table, column: str, other: Table, key: str
) -> float:
    """Return which share of a column's values the key of another table knows."""
    cell = quote(column)
    mine = f"select distinct {cell}::varchar v from {one.look} where {cell} is not null"
    theirs = f"select {quote(key)}::varchar from {other.look}"
    share = con.execute(f"select avg((v in ({theirs}))::int) from ({mine} limit 2000)").fetchall()[
        0
    ][0]
    return float(share or 0)
