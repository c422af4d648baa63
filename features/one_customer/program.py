"""What does an expression give over a handful of rows? Computed in Python, without an engine.

An engine needs milliseconds to begin each of some hundred steps, however few rows there are; for
one customer that is all the time it takes. A program is an Ibis expression taken apart
(`program_of`): every value is a list, one entry per row, None where it is null. What
DuckDB would do is what happens here; where Python would not do the same (a division by zero, a
number beyond 64 bits), `NotHere` is raised and the engine has to be asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from features.one_customer.operations import AGGREGATE, SCALAR, Values

Columns = Mapping[str, Sequence[Any]]


class NotHere(Exception):  # noqa: N818 - no fault: another way has to be taken
    """The engine has to be asked."""


@dataclass(frozen=True)
class Program:
    """An expression taken apart.

    Attributes
    ----------
    rowsets : tuple
        What the rows are: ("table", name); ("filter", rowset, values that must be true);
        ("groups", rowset, values that are equal within one).
    steps : tuple
        How each value is computed: its operation, the rowset it has an entry per row of, the
        values that it takes (None for one not given), all of earlier steps, and what else the
        operation needs.
    outputs : mapping of str to int
        Column -> its value.
    rows : int
        The rowset of the outputs.
    """

    rowsets: tuple[tuple[Any, ...], ...]
    steps: tuple[tuple[str, int, tuple[int | None, ...], tuple[Any, ...]], ...]
    outputs: Mapping[str, int]
    rows: int

    def run(self, tables: Mapping[str, Columns], cutoff_day: int) -> dict[str, Values]:
        """Compute the outputs.

        Parameters
        ----------
        tables : mapping of str to mapping of str to sequence
            Table -> column -> its values.
        cutoff_day : int

        Raises
        ------
        NotHere
            The engine has to be asked.
        """
        try:
            return _Run(self, tables, cutoff_day).outputs()
        except (ArithmeticError, TypeError, ValueError) as error:
            raise NotHere from error


class _Run:
    """One computation: what has been found so far."""

    def __init__(self, program: Program, tables: Mapping[str, Columns], cutoff_day: int) -> None:
        self._program = program
        self._tables = tables
        self._cutoff_day = cutoff_day
        self._values: list[Values] = []
        self._picked: dict[int, list[Any]] = {}

    def outputs(self) -> dict[str, Values]:
        """Compute every value, in the order in which each needs only those before it."""
        values = self._values
        for name, rowset, args, more in self._program.steps:
            if name in SCALAR:
                values.append(SCALAR[name](*[values[arg] for arg in args], *more))  # type: ignore[index]
            elif name in AGGREGATE:
                values.append(self._aggregated(name, rowset, args))
            else:
                values.append(getattr(self, f"_{name}")(rowset, args, *more))
        return {name: values[step] for name, step in self._program.outputs.items()}

    def _rows(self, rowset: int) -> int:
        kind, *rest = self._program.rowsets[rowset]
        if kind == "table":
            return len(next(iter(self._tables[rest[0]].values())))
        return len(self._picks(rowset))

    def _picks(self, rowset: int) -> list[Any]:
        """Rows that pass a filter, or the rows of each group."""
        if rowset not in self._picked:
            kind, _, values = self._program.rowsets[rowset]
            columns = [self._values[value] for value in values]
            if kind == "filter":
                picked: list[Any] = [
                    row for row, each in enumerate(zip(*columns, strict=True)) if all(each)
                ]
            else:
                groups: dict[Any, list[int]] = {}
                for row, key in enumerate(zip(*columns, strict=True)):
                    groups.setdefault(key, []).append(row)
                picked = list(groups.values())
            self._picked[rowset] = picked
        return self._picked[rowset]

    def _column(self, _: int, __: object, table: str, column: str) -> Values:
        return list(self._tables[table][column])

    def _literal(self, rowset: int, _: object, value: Any) -> Values:
        return [value] * self._rows(rowset)

    def _cutoff(self, rowset: int, _: object) -> Values:
        return [self._cutoff_day] * self._rows(rowset)

    def _take(self, rowset: int, args: tuple[int]) -> Values:
        values = self._values[args[0]]
        return [values[row] for row in self._picks(rowset)]

    def _key(self, rowset: int, args: tuple[int]) -> Values:
        values = self._values[args[0]]
        return [values[rows[0]] for rows in self._picks(rowset)]

    def _aggregated(self, name: str, rowset: int, args: tuple[int | None, ...]) -> Values:
        *given, where = args
        columns = [self._values[arg] for arg in given if arg is not None]
        wanted = None if where is None else self._values[where]
        function, found = AGGREGATE[name], []
        for rows in self._picks(rowset):
            kept = rows if wanted is None else [row for row in rows if wanted[row]]
            found.append(
                function(len(kept), *([column[row] for row in kept] for column in columns))
            )
        return found

    def _window(
        self,
        rowset: int,
        args: tuple[int, ...],
        name: str,
        parts: int,
        orders: Sequence[tuple[bool, bool]],
        frame: tuple[int | None, int | None],
        more: tuple[Any, ...],
    ) -> Values:
        """Compute over partitions; `args` are their keys, then orders, then what is taken."""
        columns = [self._values[arg] for arg in args]
        keys, order, taken = (
            columns[:parts],
            columns[parts:][: len(orders)],
            columns[parts:][len(orders) :],
        )
        rows = self._rows(rowset)
        found: Values = [None] * rows
        partitions: dict[Any, list[int]] = {}
        for row in range(rows):
            partitions.setdefault(tuple(key[row] for key in keys), []).append(row)
        for members in partitions.values():
            for column, (ascending, nulls_first) in reversed(list(zip(order, orders, strict=True))):
                members = _sorted(members, column, ascending=ascending, nulls_first=nulls_first)
            for place, row in enumerate(members):
                found[row] = _framed(name, members, place, taken, frame, more)
        return found


def _sorted(rows: list[int], column: Values, *, ascending: bool, nulls_first: bool) -> list[int]:
    nulls = [row for row in rows if column[row] is None]
    others = [row for row in rows if column[row] is not None]
    others.sort(key=column.__getitem__, reverse=not ascending)
    return nulls + others if nulls_first else others + nulls


def _framed(
    name: str,
    members: list[int],
    place: int,
    taken: list[Values],
    frame: tuple[int | None, int | None],
    more: tuple[Any, ...],
) -> Any:
    if name == "row_number":
        return place
    if name in ("lag", "lead"):
        other = place - more[0] if name == "lag" else place + more[0]
        return taken[0][members[other]] if 0 <= other < len(members) else None
    start, end = frame
    first = 0 if start is None else max(0, place + start)
    last = len(members) if end is None else max(0, place + end + 1)
    kept = members[first:last]
    values = [[column[row] for row in kept] for column in taken]
    if name in ("first", "last"):  # a null is a value, too
        return values[0][0 if name == "first" else -1] if kept else None
    return AGGREGATE[name](len(kept), *values)
