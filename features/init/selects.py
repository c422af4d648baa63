"""How is a table's part of a history written in SQL?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from features.init.sums import first_time, product_sql, sum_sql
from features.init.tables import Table
from features.reading.files import ending_of
from features.sql_text import literal, quote

WIDTH = 100


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
    order : str
        Our column.
    per_unit : dict of str to str
        Our columns that are the price of one unit -> the source column that says how many.
    numbers : set of str
        Our columns that are made numbers, text or not.
    """

    table: Table
    columns: dict[str, str]
    joins: list[str] = field(default_factory=list)
    joined: list[Table] = field(default_factory=list)
    summed: tuple[str, ...] = ()
    order: str = ""
    per_unit: dict[str, str] = field(default_factory=dict)
    numbers: set[str] = field(default_factory=set)

    @property
    def plain(self) -> bool:
        """Whether a path and a map of columns say it."""
        return not self.joins and not self.summed

    def join(self, other: Table, key: str, value: str) -> str:
        """Join the one row of another table; return its alias."""
        alias = f"l{len(self.joins) + 1}"
        self.joins.append(
            f"{_from('left join', other, alias)}\n  on {alias}.{quote(key)} = {value}"
        )
        self.joined.append(other)
        return alias

    def join_sum(self, other: Table, key: str, mine: str, money: Sequence[str]) -> str:
        """Join the sum of another table's column, or product, over the rows of a key; return it."""
        alias = f"l{len(self.joins) + 1}"
        total = sum_sql(other, money).replace("\n", "\n         ")
        self.joins.append(
            f"left join (\n  select {quote(key)},\n         {total} as total\n"
            f"{_from('  from', other)}\n  group by {quote(key)}\n) as {alias}\n"
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
        columns = ",\n".join(f"{self._one(our)} as {our}" for our in self.ordered())
        indented = columns.replace("\n", "\n       ")
        lines = [f"select {indented}", _from("from", self.table, "t"), *self.joins]
        if self.summed:
            lines.append(f"group by {self.columns['customer_id']}, {self.columns[self.order]}")
        return "\n".join(lines)

    def ordered(self) -> list[str]:
        """Our columns, the customer first."""
        return sorted(self.columns, key=lambda name: name != "customer_id")

    def measures(self, our: str) -> list[str]:
        """Return the source columns whose product a column of ours is."""
        return [
            *([self.per_unit[our]] if our in self.per_unit else []),
            column_of(self.columns[our]),
        ]

    def _one(self, our: str) -> str:
        sql = self.columns[our]
        name = column_of(sql)
        look = self.table.columns.get(name)
        if look is None or sql == name:
            return f"min({sql})" if self.summed and our not in ("customer_id", self.order) else sql
        if our in self.summed:
            return sum_sql(self.table, self.measures(our), "t.")
        if our in self.numbers:
            return product_sql(self.table, self.measures(our), "t.")
        if not self.summed or our in ("customer_id", self.order):
            return sql
        if look.times is not None:
            return first_time(
                self.table, name, sql, look.times, column_of(self.columns[self.order])
            )
        return f"min({sql})"


def stacked(selects: Sequence[Select]) -> str:
    """Return the query of several tables, one below the other."""
    ours = list(dict.fromkeys(name for select in selects for name in select.ordered()))
    if len(selects) > 1:
        numbers = {name for select in selects for name in (*select.summed, *select.numbers)}
        for select in selects:
            select.numbers |= numbers  # or text in one way and numbers would be one column
            select.columns |= {name: "null" for name in ours if name not in select.columns}
            select.columns = {name: select.columns[name] for name in ours}
    return "\nunion all\n".join(select.sql() for select in selects)


def column_of(sql: str) -> str:
    """Return the plain name of a column of the table itself, or the expression."""
    if sql.startswith('t."'):
        return sql[3:-1].replace('""', '"')
    return sql


def read_call(table: Table) -> str:
    """Return the FROM item by which DuckDB reads a table, text cells as text."""
    path = literal(table.path)
    if table.text:
        return f"read_csv({path}, all_varchar = true)"
    return f"read_json_auto({path})" if "json" in ending_of(table.path) else path


def _from(before: str, table: Table, alias: str = "") -> str:
    """Return a line that reads a table, in three where it is too long."""
    call, named = read_call(table), f" as {alias}" if alias else ""
    if len(f"{before} {call}{named}") <= WIDTH or not call.endswith(")"):
        return f"{before} {call}{named}"
    margin = before[: len(before) - len(before.lstrip())]
    name, inside = call.removesuffix(")").split("(", 1)
    return f"{before} {name}(\n{margin}  {inside}\n{margin}){named}"
