"""How do the raw rows of one customer become uniform rows? By the rules for files, in milliseconds.

The query that makes a file uniform runs here over the rows of a request. It is written and planned
once for each history, whatever columns its rows come with, and none of what it reads stays behind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import duckdb

from features.config import HistoryConfig
from features.errors import DataError
from features.reading.normalise import normalised_sql
from features.reading.sources import Source
from features.reading.text_guesses import ISO, TimeGuess
from features.schemas import SCHEMAS, Kind
from features.sql_text import literal, quote

Row = Mapping[str, Any]
Columns = dict[str, Sequence[Any]]

POSITION = "__position"
"""The key of a row's place in what was given."""
_MOMENT = "__moment"
_NOW = datetime(2123, 4, 5, 6, 7, 8, tzinfo=UTC)
"""Stands in a query for the time at which it is asked."""
_REFUSED = "row_refused"
_REFUSAL = re.compile(rf"{_REFUSED}\|(\w+)\|(\d+)\|(.*)", re.DOTALL)
_SAID = {"false": 0, "0": 0, "0.0": 0, "true": 1, "1": 1, "1.0": 1}
"""What a request may say of yes and no -> which of the two it is."""
_SETTINGS = (
    "set TimeZone = 'UTC'",
    "set enable_progress_bar = false",
    "set enable_external_access = false",
    # with it, DuckDB plans a prepared query anew at each run, which takes longer than to run it;
    # and 2.0 keeps plans that were made for the rows of another customer (duckdb 24696)
    "pragma disable_optimizer",
    "create table asked (body json, now timestamp)",
)


class RowError(DataError):
    """A row breaks a rule.

    Parameters
    ----------
    history : str
    position : int
        Of the row in what was given, from 0.
    reason : str
    """

    def __init__(self, history: str, position: int, reason: str) -> None:
        super().__init__(f"{history}: row {position}: {reason}")
        self.history, self.position, self.reason = history, position, reason


class RowReader:
    """Makes raw rows uniform, one customer at a time; not to be shared by threads.

    Parameters
    ----------
    time_zone : str
        IANA name of the business's.
    columns : mapping of str to mapping of str to Kind
        History -> the columns that its rows may have, without customer_id -> what they hold.
    ends_inclusive : bool
        Whether `ended_at` is the last day of a term.
    yes_no : mapping of str to pair
        Attributes of yes and no -> what the tables hold for no, and for yes.
    """

    def __init__(
        self,
        time_zone: str,
        columns: Mapping[str, Mapping[str, Kind]],
        ends_inclusive: bool,
        yes_no: Mapping[str, tuple[float | str, float | str]],
    ) -> None:
        self._time_zone, self._columns, self._ends_inclusive = time_zone, columns, ends_inclusive
        self._yes_no = yes_no
        self._con = duckdb.connect(config={"threads": 1})
        for statement in _SETTINGS:
            self._con.execute(statement)
        for name in columns:
            self._con.execute(f"prepare read_{name} as {self._uniform_sql(name)}")

    def read(
        self,
        histories: Mapping[str, Sequence[Row]],
        wanted: Mapping[str, Sequence[str]],
        *,
        now: datetime,
    ) -> dict[str, Columns]:
        """Return uniform columns.

        Parameters
        ----------
        histories : mapping of str to sequence of rows
            History -> rows, at least one: column -> text, number or flag, without what is null;
            each row with its `POSITION`.
        wanted : mapping of str to sequence of str
            History -> the uniform columns to return.
        now : datetime, with a time zone
            Rows that say they happened after it are refused.

        Raises
        ------
        RowError
            A row breaks a rule.
        """
        told = {name: self._as_tables_have(name, rows) for name, rows in histories.items()}
        body = json.dumps(told, ensure_ascii=False, allow_nan=False)
        with self._nothing_kept():
            self._con.execute(
                "insert into asked values (?, ?)", [body, now.astimezone(UTC).replace(tzinfo=None)]
            )
            try:
                return {name: self._fetch(name, wanted[name]) for name in histories}
            except duckdb.InvalidInputException as error:
                raise (_refusal(error) or error) from None

    @contextmanager
    def _nothing_kept(self) -> Iterator[None]:
        """Take back all that was written: the next customer must not find a row of this one."""
        self._con.begin()
        try:
            yield
        finally:
            self._con.rollback()

    def _fetch(self, history: str, wanted: Sequence[str]) -> Columns:
        self._con.execute(f"execute read_{history}")
        names = [each[0] for each in self._con.description or ()]
        rows = self._con.fetchall()
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        return {name: columns[name] for name in wanted}

    def _attributes(self, history: str) -> list[str]:
        return [name for name in self._columns[history] if SCHEMAS[history].column(name) is None]

    def _as_tables_have(self, history: str, rows: Sequence[Row]) -> Sequence[Row]:
        """Return rows with times and attributes as the tables hold them."""
        times = [name for name, kind in self._columns[history].items() if kind == "time"]
        names = [*times, *self._attributes(history)]
        return [
            {**row, **{name: self._told(history, name, row) for name in names if name in row}}
            for row in rows
        ]

    def _told(self, history: str, name: str, row: Row) -> Any:
        """Return a cell; an attribute of another kind would be a missing one if it passed."""
        cell = row[name]
        if self._columns[history][name] == "time":
            return _iso(cell)
        if name in self._yes_no:
            said = str(cell).strip().casefold()
            if said and said not in _SAID:
                raise RowError(history, row[POSITION], f"{name} is neither true nor false")
            return self._yes_no[name][_SAID[said]] if said else None
        if self._columns[history][name] == "number" and not _is_number(cell):
            raise RowError(history, row[POSITION], f"{name} is not a number")
        return cell

    def _uniform_sql(self, history: str) -> str:
        """Return SQL that makes rows of ``asked`` uniform as the loader makes those of files."""
        attributes = self._attributes(history)
        source = _Asked.of(history, self._columns[history], attributes, self._con)
        # equal rows are dropped where the request is read: their places differ here
        config = HistoryConfig(
            name=history,
            path="request",
            static=tuple(attributes),
            duplicates="keep",
            columns={},
            ends_inclusive=self._ends_inclusive,
        )
        schema, zone = SCHEMAS[history], self._time_zone
        sql = normalised_sql(source, config, schema, time_zone=zone, now=_NOW)
        at = literal(_NOW.replace(tzinfo=None).isoformat(sep=" "))
        # the first cell of the source, under the name that it has where reasons are found
        return _refusing(history, sql.replace(f"timestamp {at}", "__source_0"))


@dataclass(frozen=True)
class _Asked(Source):
    """The rows of a history in ``asked``, their cells trimmed once, not where each is read.

    Its `types` are only those of what a refusal tells.

    Attributes
    ----------
    cells : mapping of str to str
        Column -> DuckDB type.
    """

    cells: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        history: str,
        kinds: Mapping[str, Kind],
        attributes: Collection[str],
        con: duckdb.DuckDBPyConnection,
    ) -> _Asked:
        # a number of the schema may be written as text; what an attribute is, its type tells
        numbers = {name for name in attributes if kinds[name] == "number"}
        cells = {name: "DOUBLE" if name in numbers else "VARCHAR" for name in kinds}
        return cls(
            history=history,
            sql=_rows_sql(history, cells),
            types={_MOMENT: "TIMESTAMP", POSITION: "VARCHAR"},
            text=frozenset(kinds.keys() - numbers),
            con=con,
            cells=cells | {"customer_id": "VARCHAR"},
        )

    def find(self, column: str) -> str | None:
        return column if column in self.cells else None

    def is_numeric(self, column: str) -> bool:
        return self.cells[column] == "DOUBLE"

    def as_found(self, column: str) -> str:
        return quote(column)

    def cell_sql(self, column: str) -> str:
        return quote(column)

    def typed_sql(self, *, distinct: bool) -> str:
        return self.sql

    def time_guess(self, column: str) -> TimeGuess:
        return TimeGuess((ISO,), None)


def _rows_sql(history: str, types: Mapping[str, str]) -> str:
    shape = json.dumps([{POSITION: "VARCHAR", **types}])
    rows = f"unnest(from_json(body -> {literal('$.' + history)}, {literal(shape)}))"
    cells = ", ".join(f"{_cell(name, kind)} as {quote(name)}" for name, kind in types.items())
    return (
        f"select now as {_MOMENT}, each[{literal(POSITION)}] as {POSITION}, "
        f"'one' as customer_id, {cells} from (select now, {rows} as each from asked)"
    )


def _cell(name: str, kind: str) -> str:
    found = f"each[{literal(name)}]"
    return f"nullif(trim({found}), '')" if kind == "VARCHAR" else found


def _refusing(history: str, normalised: str) -> str:
    """Return SQL for uniform rows that fails on the first one with a reason."""
    refused = f"error(concat('{_REFUSED}|{history}|', as_found.{POSITION}, '|', reason))::boolean"
    accepted = f"case when reason is null then true else {refused} end"
    return f"select * exclude (reason, as_found) from ({normalised}) where {accepted}"


def _refusal(error: duckdb.Error) -> RowError | None:
    found = _REFUSAL.search(str(error))
    if found is None:
        return None
    history, position, reason = found.groups()
    return RowError(history, int(position), reason)


def _iso(cell: object) -> str:
    """Return a time as the query reads it: in capitals, and with dashes where it is digits only."""
    text = str(cell).strip().upper()
    is_day = len(text) == len("20240501") and text.isdecimal()
    return f"{text[:4]}-{text[4:6]}-{text[6:]}" if is_day else text


def _is_number(cell: object) -> bool:
    return isinstance(cell, (int, float)) and not isinstance(cell, bool)
