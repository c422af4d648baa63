"""How do the raw rows of one customer become uniform rows? By the rules for files, in milliseconds.

The query that makes a file uniform runs here over the rows of a request. It is written and planned
once for each set of columns that rows come with, and none of what it reads stays behind.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import duckdb

from features.config import HistoryConfig
from features.errors import DataError
from features.reading.normalise import normalised_sql
from features.reading.sources import Source
from features.schemas import SCHEMAS, Kind
from features.sql_text import literal, quote

Row = Mapping[str, Any]
Columns = dict[str, Sequence[Any]]

POSITION = "__position"
"""The key of a row's place in what was given."""
KEPT_STATEMENTS = 64
"""Planned queries that are kept, one per history and set of columns; one customer needs nine."""
_NOW = datetime(2123, 4, 5, 6, 7, 8, tzinfo=UTC)
"""Stands in a query for the time at which it is asked."""
_REFUSED = "row_refused"
_REFUSAL = re.compile(rf"{_REFUSED}\|(\w+)\|(\d+)\|(.*)", re.DOTALL)
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
    """

    def __init__(
        self,
        time_zone: str,
        columns: Mapping[str, Mapping[str, Kind]],
        ends_inclusive: bool,
    ) -> None:
        self._time_zone, self._columns, self._ends_inclusive = time_zone, columns, ends_inclusive
        self._statements: dict[tuple[Any, ...], str] = {}
        self._made = 0
        self._con = duckdb.connect(config={"threads": 1})
        for statement in _SETTINGS:
            self._con.execute(statement)

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
        statements = {name: self._statement(name, rows) for name, rows in histories.items()}
        body = json.dumps(histories, ensure_ascii=False, allow_nan=False)
        with self._nothing_kept():
            self._con.execute(
                "insert into asked values (?, ?)", [body, now.astimezone(UTC).replace(tzinfo=None)]
            )
            try:
                return {
                    name: self._fetch(name, statement, wanted[name])
                    for name, statement in statements.items()
                }
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

    def _fetch(self, history: str, statement: str, wanted: Sequence[str]) -> Columns:
        self._con.execute(statement)
        names = [each[0] for each in self._con.description or ()]
        rows = self._con.fetchall()
        columns = dict(zip(names, zip(*rows, strict=True), strict=True))
        return {name: columns[name] for name in wanted}

    def _statement(self, history: str, rows: Sequence[Row]) -> str:
        """Return what runs the query for rows with these columns; the oldest of too many go."""
        types = self._types(history, rows)
        key = (history, *types.items())
        if key not in self._statements:
            self._made += 1
            sql = self._uniform_sql(history, types)
            self._con.execute(f"prepare {history}_{self._made} as {sql}")
            self._statements[key] = f"{history}_{self._made}"
        self._statements[key] = self._statements.pop(key)
        if len(self._statements) > KEPT_STATEMENTS:
            self._con.execute(f"deallocate {self._statements.pop(next(iter(self._statements)))}")
        return f"execute {self._statements[key]}"

    def _types(self, history: str, rows: Sequence[Row]) -> dict[str, str]:
        """Return the columns that rows have: as numbers where all are, as text otherwise."""
        kinds, schema = self._columns[history], SCHEMAS[history]
        present = {name for row in rows for name in row} - {POSITION}
        required = {each.name for each in schema.columns if each.required} - {"customer_id"}
        attributes = {name for name in kinds if schema.column(name) is None}
        found = {}
        for name in sorted(present | required | attributes):
            numbers = kinds[name] == "number"
            others = [row for row in rows if not _is_number(row.get(name))] if numbers else []
            if others and name in attributes:
                raise RowError(history, others[0][POSITION], f"{name} is not a number")
            found[name] = "DOUBLE" if numbers and not others else "VARCHAR"
        return found

    def _uniform_sql(self, history: str, types: Mapping[str, str]) -> str:
        """Return SQL that makes rows of ``asked`` uniform as the loader makes those of files."""
        schema = SCHEMAS[history]
        attributes = tuple(name for name in self._columns[history] if schema.column(name) is None)
        found = {POSITION: "VARCHAR", **types}
        source = Source(
            history=history,
            sql=_rows_sql(history, found),
            types={"customer_id": "VARCHAR", **found},
            text=frozenset({"customer_id", *(n for n, kind in found.items() if kind == "VARCHAR")}),
            con=self._con,
        )
        # equal rows are dropped where the request is read: their places differ here
        config = HistoryConfig(
            name=history,
            path="request",
            static=attributes,
            duplicates="keep",
            columns={},
            ends_inclusive=self._ends_inclusive,
        )
        sql = normalised_sql(source, config, schema, time_zone=self._time_zone, now=_NOW)
        at = literal(_NOW.replace(tzinfo=None).isoformat(sep=" "))
        return _refusing(history, sql.replace(f"timestamp {at}", "(select now from asked)"))


def _rows_sql(history: str, types: Mapping[str, str]) -> str:
    shape = json.dumps([dict(types)])
    rows = f"unnest(from_json(body -> {literal('$.' + history)}, {literal(shape)}))"
    cells = ", ".join(f"each[{literal(name)}] as {quote(name)}" for name in types)
    return f"select 'one' as customer_id, {cells} from (select {rows} as each from asked)"


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


def _is_number(cell: object) -> bool:
    return cell is None or (isinstance(cell, (int, float)) and not isinstance(cell, bool))
