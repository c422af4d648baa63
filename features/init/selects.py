"""How is a table's part of a history written in SQL?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from features.init.tables import Table
from features.reading.files import ending_of
from features.reading.text_guesses import TimeGuess, time_sql
from features.reading.text_numbers import number_sql
from features.sql_text import literal, quote


@dataclass
class Select:
    """One table's part of a history.

    Attributes
    ----------
    table : Table
        Its rows go by the alias ``t``.
    columns : dict of str to str
        Our column -> SQL.
    joins : list of str
    joined : list of Table
        The other tables in them.
    summed : tuple of str
        Our columns that are summed over the rows that agree in `order`; none: rows as they are.
    """

    table: Table
    columns: dict[str, str]
    joins: list[str] = field(default_factory=list)
    joined: list[Table] = field(default_factory=list)
    summed: tuple[str, ...] = ()
    order: str = ""

    @property
    def plain(self) -> bool:
        """Whether a path and a map of columns say it."""
        return not self.joins and not self.summed

    def join(self, other: Table, key: str, value: str) -> str:
        """Join the one row of another table; return its alias."""
        alias = f"l{len(self.joins) + 1}"
        self.joins.append(
            f"left join {read_call(other)} as {alias}\n  on {alias}.{quote(key)} = {value}"
        )
        self.joined.append(other)
        return alias

    def join_sum(self, other: Table, key: str, mine: str, money: str) -> str:
        """Join the sum of another table's column over the rows of a key; return it."""
        alias = f"l{len(self.joins) + 1}"
        self.joins.append(
            f"left join (\n  select {quote(key)}, "
            f"{_sum(other, money, quote(money))} as total\n"
            f"  from {read_call(other)}\n  group by {quote(key)}\n) as {alias}\n"
            f"  on {alias}.{quote(key)} = t.{quote(mine)}"
        )
        self.joined.append(other)
        return f"{alias}.total"

    def sum_up(self, columns: Sequence[str], *, order: str) -> None:
        """Make one row of all rows that agree in our column `order`."""
        self.summed = tuple(name for name in columns if name in self.columns)
        self.order = order

    def sql(self) -> str:
        """Return the query."""
        columns = ",\n       ".join(f"{self._one(our)} as {our}" for our in self.ordered())
        lines = [f"select {columns}", f"from {read_call(self.table)} as t", *self.joins]
        if self.summed:
            lines.append(f"group by {self.columns['customer_id']}, {self.columns[self.order]}")
        return "\n".join(lines)

    def ordered(self) -> list[str]:
        """Our columns, the customer first."""
        return sorted(self.columns, key=lambda name: name != "customer_id")

    def _one(self, our: str) -> str:
        sql = self.columns[our]
        if not self.summed or our in ("customer_id", self.order):
            return sql
        name = column_of(sql)
        if our in self.summed:
            return _sum(self.table, name, sql)
        look = self.table.columns.get(name)
        if look is not None and look.times is not None:
            return f"arg_min({sql}, {written_time(sql, look.times)})"
        return f"min({sql})"


def stacked(selects: Sequence[Select]) -> str:
    """Return the query of several tables, one below the other."""
    ours = list(dict.fromkeys(name for select in selects for name in select.ordered()))
    if len(selects) > 1:
        for select in selects:
            select.columns |= {name: "null" for name in ours if name not in select.columns}
            select.columns = {name: select.columns[name] for name in ours}
    return "\nunion all\n".join(select.sql() for select in selects)


def column_of(sql: str) -> str:
    """Return the plain name of a column of the table itself, or the expression."""
    if sql.startswith('t."'):
        return sql[3:-1].replace('""', '"')
    return sql


def written_time(cell: str, times: TimeGuess) -> str:
    """Return SQL that reads a text as a time in the ways that were found."""
    families = (*times.families[:1], *times.also)
    return f"coalesce({', '.join(time_sql(cell, each) for each in families)})"


def _sum(table: Table, name: str, cell: str) -> str:
    """Return the sum of a column; null where a cell is filled but no number, to be put aside."""
    if name not in table.source.text:
        return f"sum({cell})"
    number = number_sql(cell, table.source.decimals.get(name))
    filled = f"count(nullif(trim({cell}), ''))"
    return f"case when {filled} = count({number}) then sum({number}) end"


def read_call(table: Table) -> str:
    """Return the FROM item by which DuckDB reads a table, text cells as text."""
    path = literal(table.path)
    if table.text:
        return f"read_csv({path}, all_varchar = true)"
    return f"read_json_auto({path})" if "json" in ending_of(table.path) else path
