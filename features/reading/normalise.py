"""How does a source row become a uniform row? One SELECT per history, with a reason to refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import duckdb

from features.config import HistoryConfig
from features.errors import DataError
from features.reading.engine_errors import meaningless
from features.reading.readers import (
    NOTHING,
    Zone,
    found_sql,
    given_sql,
    named_in,
    number_found,
    refuse_ambiguous,
    text_found,
)
from features.reading.sources import NUMERIC, Source
from features.reading.text_guesses import TIME_SAMPLE_ROWS
from features.schemas import Column, Schema, day_column
from features.sql_text import literal, quote

ENOUGH_MISFITS, MANY_MISFITS = 10, 0.1
"""So many cells, and more than this share of them, don't fit a told format: it is the wrong one."""
_NULL_OF = {"id": "varchar", "time": "timestamp", "number": "double", "flag": "boolean"}
_BAD = {
    "id": "is not an exact id",
    "time": "is not a time between 1900 and 2200",
    "number": "is not a number",
    "flag": "is neither yes nor no",
}


@dataclass(frozen=True)
class _Value:
    """One column of the uniform table: its SQL, and SQL that tells whether a cell was filled."""

    column: Column
    sql: str
    filled: str | None


def normalised_sql(
    source: Source, history: HistoryConfig, schema: Schema, *, time_zone: str, now: datetime
) -> str:
    """Return the query that makes a source uniform.

    Its columns are those of the schema (times as ``_at`` and day columns), the attributes of
    customers, `reason` (why the row is refused, or null) and `as_found` (the source's cells where
    it is refused).

    Raises
    ------
    DataError
        A required or mapped column is not in the source, or its times may be read two ways.
    """
    zone = Zone(time_zone)
    refuse_ambiguous(source, history.where or "")
    if history.where:
        _kind(source, history, "where", history.where)
    values = [_value(source, history, column, zone) for column in schema.columns]
    attributes = dict(_attributes(source, history, schema, zone))
    rows = f"({source.typed_sql(distinct=history.duplicates == 'drop')}){kept_by(history)}"
    kept = {f"__source_{i}": source.as_found(name) for i, name in enumerate(source.types)}
    inner = _select(
        {value.column.name: value.sql for value in values}
        | {f"__filled_{v.column.name}": v.filled for v in values if v.filled is not None}
        | attributes
        | {"__undecided": f"({history.where}) is null" if history.where else "false"}
        | kept,
        f"select * from {rows}",
    )
    uniform = [*_uniform(values, history, schema, zone), *map(quote, attributes), *kept]
    reasons = _reasons(values, schema, zone, kept, now)
    checked = f"select {', '.join(uniform)}, {reasons} as reason from ({inner})"
    cells = ", ".join(
        f"{quote(name)} := {place}" for name, place in zip(source.types, kept, strict=True)
    )
    return (
        f"select * exclude ({', '.join(kept)}), "
        f"case when reason is not null then struct_pack({cells}) end as as_found from ({checked})"
    )


def kept_by(history: HistoryConfig) -> str:
    """Return the WHERE clause of a history; rows that it can't decide stay, to be put aside."""
    return f" where ({history.where}) is not false" if history.where else ""


def _select(columns: dict[str, str], rows: str) -> str:
    listed = ", ".join(f"{sql} as {quote(name)}" for name, sql in columns.items())
    return f"select {listed} from ({rows})"


def _value(source: Source, history: HistoryConfig, column: Column, zone: Zone) -> _Value:
    mapped = history.columns.get(column.name)
    found = source.find(column.name if mapped is None else mapped)
    if found is not None:
        return _found(source, history, column, found, zone)
    if mapped is not None:
        return _expressed(source, history, column, mapped, zone)
    if column.required:
        raise source.missing(column.name)
    return _Value(column, f"null::{_NULL_OF.get(column.kind, 'varchar')}", None)


def _found(source: Source, history: HistoryConfig, column: Column, name: str, zone: Zone) -> _Value:
    cell = source.cell_sql(name)
    filled = f"{cell} is not null"
    if name in source.text and column.kind in _BAD:
        filled += f" and upper({cell}) not in {NOTHING}"
    sql = found_sql(source, history, column.kind, name, zone)
    if column.kind == "time" and name in source.text and history.time_format is not None:
        _refuse_misfit(source, history, name, filled, sql)
    return _Value(column, sql, filled)


def _refuse_misfit(
    source: Source, history: HistoryConfig, name: str, filled: str, sql: str
) -> None:
    """Refuse a told format that many cells do not fit: those that do may be misread by it."""
    looked_at = replace(source, sql=source.sample or f"{source.sql} limit {TIME_SAMPLE_ROWS}")
    rows = f"({looked_at.typed_sql(distinct=False)}){kept_by(history)}"
    cell = source.cell_sql(name)
    times, unread, first, last = source.con.execute(
        "select count(*) filter (where filled), count(*) filter (where filled and time is null), "
        "min(cell) filter (where filled and time is null), "
        "max(cell) filter (where filled and time is null) "
        f"from (select {cell} as cell, {filled} as filled, {sql} as time from {rows})"
    ).fetchall()[0]
    if unread >= ENOUGH_MISFITS and unread > MANY_MISFITS * times:
        raise DataError(
            f"{history.name}: time_format = {history.time_format!r} does not fit {unread:,} of the "
            f"{times:,} times looked at in '{name}', such as '{first}' and '{last}'; mend it under "
            f"[histories.{history.name}], or leave it out, and the format is found"
        )


def _expressed(
    source: Source, history: HistoryConfig, column: Column, mapped: str, zone: Zone
) -> _Value:
    if mapped.replace("_", "").replace(" ", "").isalnum() and not mapped.isdigit():
        raise source.missing(mapped)
    refuse_ambiguous(source, mapped)
    _kind(source, history, f"columns.{column.name}", mapped)
    sql = given_sql(f"({mapped})", column.kind, zone, history.time_format)
    # a cell that can't be read makes the whole expression null, though the row had a value
    unread = [_unread(source, name) for name in named_in(mapped, source.text)]
    given = f"nullif(trim(({mapped})::varchar), '') is not null"
    if column.kind == "id":
        given += f" and upper(trim(({mapped})::varchar)) not in {NOTHING}"
    return _Value(column, sql, f"({' or '.join([given, *unread])})")


def _unread(source: Source, name: str) -> str:
    """Return SQL that tells whether a cell holds something that is not of its column's type."""
    cell = source.cell_sql(name)
    return f"({quote(name)} is null and {cell} is not null and upper({cell}) not in {NOTHING})"


def _attributes(
    source: Source, history: HistoryConfig, schema: Schema, zone: Zone
) -> Iterator[tuple[str, str]]:
    """Yield the customers' own columns: those mapped under new names, and the static ones."""
    wanted = [name for name in history.columns if schema.column(name) is None]
    wanted += [name for name in history.static if name not in wanted]
    for name in wanted:
        mapped = history.columns.get(name, name)
        found = source.find(mapped)
        if found is not None:
            read = number_found if source.is_numeric(found) else text_found
            yield name, read(source, found)
        elif name in history.columns:
            refuse_ambiguous(source, mapped)
            kind = _kind(source, history, f"columns.{name}", mapped)
            yield name, _attribute(f"({mapped})", kind, zone)
        else:
            raise source.missing(name)


def _attribute(expression: str, kind: str, zone: Zone) -> str:
    """Return SQL for an attribute that an expression makes: no blank text, no infinite number."""
    if kind == "VARCHAR":
        return given_sql(expression, "text", zone)
    return given_sql(expression, "number", zone) if kind.startswith(NUMERIC) else expression


def _kind(source: Source, history: HistoryConfig, entry: str, expression: str) -> str:
    """Return the type of an expression; one that means nothing is refused by its entry's name."""
    rows = source.typed_sql(distinct=False)
    try:
        found = source.con.execute(f"describe select ({expression}) from ({rows})").fetchall()
    except duckdb.Error as error:
        raise meaningless(error, history, f"{entry} = {expression!r}") from error
    return str(found[0][1])


def _uniform(
    values: list[_Value], history: HistoryConfig, schema: Schema, zone: Zone
) -> Iterator[str]:
    """Yield the final columns: times stay, and each gets its day."""
    for value in values:
        name = value.column.name
        if name != "known_at":
            yield quote(name)
        if value.column.kind == "time" and name != "known_at":
            day = zone.day(quote(name))
            if name == "ended_at" and history.ends_inclusive:
                day = f"{day} + 1"  # the day from which the term no longer runs
            yield f"{day} as {day_column(value.column, schema)}"
    own = [zone.day(quote(clock)) for clock in schema.clocks]
    day = f"coalesce({', '.join(own)})"
    if len(schema.clocks) > 1:
        yield f"{day} as day"
    known = zone.day(quote("known_at"))
    if schema.name == "customers":
        yield f"{_customer_known(zone)} as known_day"
    else:
        yield f"case when {day} is not null then greatest({day}, {known}) end as known_day"


def _customer_known(zone: Zone) -> str:
    return f"greatest({zone.day(quote('signed_up_at'))}, {zone.day(quote('known_at'))})"


def _reasons(
    values: list[_Value], schema: Schema, zone: Zone, cells: Iterable[str], now: datetime
) -> str:
    cases = [case for value in values for case in _cell_reasons(value, now)]
    cases += [(rule, wrong) for wrong, rule in schema.rules]
    if schema.name == "customers":
        # the first one known stays: a later one must not take away what was known at a cutoff
        order = ", ".join([f"{_customer_known(zone)} nulls first", "signed_up_at", *cells])
        repeated = f"row_number() over (partition by customer_id order by {order}) > 1"
        cases.append((repeated, "customer_id appears more than once"))
    cases.insert(0, ("__undecided", "where can't be decided for it"))
    return f"case {' '.join(f'when {bad} then {literal(why)}' for bad, why in cases)} end"


def _cell_reasons(value: _Value, now: datetime) -> Iterator[tuple[str, str]]:
    column, cell = value.column, quote(value.column.name)
    if value.filled is not None and column.kind in _BAD:
        filled = quote(f"__filled_{column.name}")
        yield f"{filled} and {cell} is null", f"{column.name} {_BAD[column.kind]}"
    if column.required:
        yield f"{cell} is null", f"{column.name} is missing"
    if column.kind == "time" and not column.may_lie_ahead:
        at = now.astimezone(UTC).replace(tzinfo=None).isoformat(sep=" ", timespec="seconds")
        yield f"{cell} > timestamp {literal(at)}", f"{column.name} lies in the future"
