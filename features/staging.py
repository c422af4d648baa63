"""How is a large build made fast? The rows that count, numbered and side by side, in parts.

A build at several cutoffs reads the same rows at each of them. Here they are read once: rows of
customers outside the population are left behind, and so are columns that no builder reads; a
customer becomes a number, in the order of the ids, and rows of one customer come to lie together.
Then each cutoff is computed part by part, a part being some thousands of neighbouring customers: no
customer's features depend on another's rows. The query is written once, for a cutoff and customers
that do not exist; the real ones are put in where those stand in its text.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

import duckdb
import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa
from ibis.backends.duckdb import Backend
from ibis.util import gen_name

from features.conditions import in_the_values
from features.sql_text import literal

UNREAD: Mapping[str, tuple[str, ...]] = {
    "usage": ("occurred_at",),
    "orders": ("ordered_at", "order_id", "refunded_at"),
}
"""History of many rows -> columns that no builder reads, and a copy need not carry."""

Reduce = Callable[[str, ir.Table], ir.Table]


@dataclass(frozen=True)
class Part:
    """Neighbouring customers at one cutoff.

    Attributes
    ----------
    cutoff_day : int
    first, last : int
        Numbers of the customers, both inside.
    """

    cutoff_day: int
    first: int
    last: int


@dataclass(frozen=True)
class Stage:
    """Copies of the histories for one build, in the engine.

    Attributes
    ----------
    backend : Ibis DuckDB backend
    tables : mapping of str to ibis Table
        The rows of one part, whichever it is; `customer_id` is a number.
    population : ibis Table
        Who has a row in that part: `customer_id`, a number, and `cutoff_day`.
    customers : ibis Table
        `customer_id`, as text, and its `number`.
    rows : int
        Of the population at all cutoffs.
    placeholder : Part
        Stands in every query for the part that it is asked of.
    prepared : list of str
        Names of queries that the engine has read.
    """

    backend: Backend
    tables: Mapping[str, ir.Table]
    population: ir.Table
    customers: ir.Table
    rows: int
    placeholder: Part
    prepared: list[str]

    @cached_property
    def ids(self) -> pa.ChunkedArray:
        """Every `customer_id` as text, in the order of the numbers."""
        return self.customers.order_by("number").to_pyarrow()["customer_id"]

    def parts(self, days: Sequence[int], at_once: int) -> list[Part]:
        """Return the parts of at most so many customers, cutoff by cutoff, in order."""
        firsts = range(0, max(_count(self.customers), 1), at_once)
        return [Part(day, first, first + at_once - 1) for day in days for first in firsts]

    def query(self, table: ir.Table) -> Query:
        """Write down how a table made of `tables` and `population` is computed."""
        return Query(self, self.backend.compile(in_the_values(table)))


@dataclass(frozen=True)
class Query:
    """A query that can be asked of every part."""

    stage: Stage
    text: str

    @cached_property
    def _prepared(self) -> str:
        """Name of the query in the engine, which reads so long a text but once."""
        name = str(gen_name("prepared"))
        text = self._of("$1::integer", "$2::integer", "$3::integer")
        self.stage.backend.con.execute(f"prepare {name} as {text}")
        self.stage.prepared.append(name)
        return name

    def fetch(self, part: Part) -> pa.Table:
        """Return the rows of one part with their text ids, in the order of these."""
        numbers = ", ".join(f"{number}::integer" for number in _numbers(part))
        found = self.stage.backend.con.sql(f"execute {self._prepared}({numbers})").to_arrow_table()
        order = np.argsort(found["customer_id"].to_numpy())
        found = found.take(order)
        place = found.schema.get_field_index("customer_id")
        return found.set_column(place, "customer_id", self.stage.ids.take(found["customer_id"]))

    def write(self, part: Part, path: Path, columns: Sequence[str]) -> None:
        """Have the engine write the rows of one part into a Parquet file, in no order.

        Parameters
        ----------
        part : Part
        path : Path
        columns : sequence of str
            SQL, with names, of what is written beside the text ids.
        """
        # computed before it is joined: DuckDB 2.0 took minutes to plan both in one
        rows = (
            f"with part as materialized ({self._of(*_numbers(part))}) "
            f"select named.customer_id, {', '.join(columns)} "
            f"from part join {self.stage.customers.get_name()} as named "
            "on named.number = part.customer_id"
        )
        self.stage.backend.con.execute(f"copy ({rows}) to {literal(str(path))} (format parquet)")

    def _of(self, *numbers: int | str) -> str:
        text = self.text
        for unknown, known in zip(_numbers(self.stage.placeholder), numbers, strict=True):
            text = text.replace(str(unknown), str(known))
        return text


@contextmanager
def staged(
    backend: Backend,
    tables: Mapping[str, ir.Table],
    population: ir.Table,
    *,
    reduce: Reduce,
    fixed_text: str,
) -> Iterator[Stage]:
    """Copy what a build needs; the copies are gone when the block is left.

    Parameters
    ----------
    backend : Ibis DuckDB backend
    tables : mapping of str to ibis Table
        History -> its normalised rows.
    population : ibis Table
        `customer_id` and `cutoff_day`.
    reduce : callable, (history, table) -> table
        What can be done to the rows of a history whatever the cutoff.
    fixed_text : str
        All names and values that may stand in the queries.
    """
    made: list[str] = []
    prepared: list[str] = []

    def copied(table: ir.Table) -> ir.Table:
        made.append(gen_name("staged"))
        return backend.create_table(made[-1], table, temp=True)

    placeholder = _placeholder(fixed_text)
    try:
        customers = copied(_numbered(population))
        everyone = copied(_by_number(population, customers).order_by("customer_id"))
        rows = {}
        for name, table in tables.items():
            reduced = reduce(name, _by_number(_read(name, table), customers))
            rows[name] = copied(reduced.order_by("customer_id"))
        yield Stage(
            backend=backend,
            tables={name: _of(table, placeholder) for name, table in rows.items()},
            population=_of(everyone, placeholder),
            customers=customers,
            rows=_count(everyone),
            placeholder=placeholder,
            prepared=prepared,
        )
    finally:
        for name in prepared:
            backend.con.execute(f"deallocate {name}")
        for name in made:
            backend.drop_table(name, force=True)


@contextmanager
def leaving_room(backend: Backend, size: int) -> Iterator[None]:
    """Let DuckDB use so many bytes less within the block, for what is filled beside it.

    Copies that no longer fit go to its temporary folder. Where it can't give so much back, or would
    be left with less than a quarter, it keeps what it has.
    """
    con = backend.con
    before = str(con.sql("select current_setting('memory_limit')").fetchall()[0][0])
    left = _bytes(before) - size
    try:
        if left >= _bytes(before) / 4:
            con.execute(f"set memory_limit = '{left // 1024}KiB'")
    except duckdb.OutOfMemoryException:
        pass
    try:
        yield
    finally:
        con.execute(f"set memory_limit = '{before}'")


def _bytes(text: str) -> int:
    """Read a size as DuckDB writes it.

    Examples
    --------
    >>> _bytes("1.5 KiB")
    1536
    """
    number, unit = text.split()
    return int(float(number) * 1024 ** ["bytes", "KiB", "MiB", "GiB", "TiB"].index(unit))


def _count(table: ir.Table) -> int:
    return int(table.count().to_pyarrow().as_py())


def _numbered(population: ir.Table) -> ir.Table:
    ids = population.select("customer_id").distinct()
    in_order = ibis.window(order_by=ids.customer_id)
    return ids.mutate(number=ibis.row_number().over(in_order).cast("int32"))


def _read(history: str, table: ir.Table) -> ir.Table:
    return table.drop(*(name for name in UNREAD.get(history, ()) if name in table.columns))


def _by_number(table: ir.Table, customers: ir.Table) -> ir.Table:
    others = [name for name in table.columns if name != "customer_id"]
    joined = table.inner_join(customers, "customer_id")
    return joined.select(joined.number.name("customer_id"), *others)


def _of(table: ir.Table, part: Part) -> ir.Table:
    return table.filter(table.customer_id.between(part.first, part.last))


def _placeholder(fixed_text: str) -> Part:
    """Return a part of numbers that stand nowhere else."""
    unused = (number for number in count(2_000_000_001) if str(number) not in fixed_text)
    return Part(next(unused), next(unused), next(unused))


def _numbers(part: Part) -> tuple[int, int, int]:
    return part.cutoff_day, part.first, part.last
