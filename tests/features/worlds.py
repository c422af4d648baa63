"""Small companies for the feature tests: rows as dicts in, normalised histories out."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime, timedelta
from functools import cache
from typing import Any

import ibis
import ibis.expr.types as ir
import pandas as pd
import pyarrow as pa
from ibis.backends.duckdb import Backend

from features.build import DECIMALS, build_features, learn_spec
from features.builders import BUILDERS
from features.histories import Histories
from features.known import CUTOFF_DAY, at_each
from features.schemas import SCHEMAS, Column, Schema, day_column
from features.spec import FeatureSpec
from features.windows import EPOCH, day_number

Row = dict[str, Any]
Rows = list[Row]
World = Mapping[str, Rows]

CUTOFF = date(2024, 6, 1)
LAST = day_number(CUTOFF)
ATTRIBUTES = ("segment", "employees")
_TYPES = {
    "id": pa.string(),
    "number": pa.float64(),
    "text": pa.string(),
    "code": pa.string(),
    "flag": pa.bool_(),
}


def arrow_schema(history: str) -> pa.Schema:
    """The normalised columns of a history, from its declaration."""
    schema = SCHEMAS[history]
    fields: dict[str, pa.DataType] = {}
    for column in schema.columns:
        if column.name == "known_at":
            continue
        if column.kind == "time":
            fields[column.name] = pa.timestamp("us")
            fields[day_column(column, schema)] = pa.int32()
        else:
            fields[column.name] = _TYPES[column.kind]
    if history == "customers":
        fields |= {"segment": pa.string(), "employees": pa.float64()}
    return pa.schema([*fields.items(), ("known_day", pa.int32())])


def arrow(history: str, rows: Rows) -> pa.Table:
    return pa.Table.from_pylist(rows, schema=arrow_schema(history))


def table(history: str, rows: Rows) -> ir.Table:
    return ibis.memtable(arrow(history, rows))


def histories(world: World, *, last_day: int = LAST + 800) -> Histories:
    return Histories(
        backend=ibis.get_backend(),
        tables={name: table(name, rows) for name, rows in world.items()},
        attributes=ATTRIBUTES if "customers" in world else (),
        last_day=last_day,
    )


def everyone(customers: Iterable[str], cutoffs: Sequence[date]) -> ir.Table:
    ids = ibis.memtable(pa.table({"customer_id": sorted(customers)}))
    return at_each(ids, [day_number(cutoff) for cutoff in cutoffs])


def features(
    world: World, cutoffs: Sequence[date] = (CUTOFF,), *, spec: FeatureSpec | None = None
) -> pd.DataFrame:
    """Features of everyone who is in any row, indexed by customer and cutoff."""
    here = histories(world)
    names = {row["customer_id"] for rows in world.values() for row in rows}
    spec = spec or learn_spec(here, cutoffs)
    frame = build_features(here, spec, cutoffs, everyone(names, cutoffs))
    return frame.set_index(["customer_id", "cutoff"])


def built(
    history: str,
    rows: Rows,
    cutoffs: Sequence[date],
    spec: FeatureSpec,
    changed: Callable[[str], str] = str,
) -> pd.DataFrame:
    """What one builder alone makes of rows: its query compiled once, run over other rows."""
    days = tuple(day_number(cutoff) for cutoff in cutoffs)
    backend, query = _compiled(history, days, spec.to_json())
    new = arrow(history, rows)
    backend.con.execute(f"delete from {history}")
    backend.con.register("new_rows", new)
    backend.con.execute(f"insert into {history} by name select * from new_rows")
    frame: pd.DataFrame = backend.con.execute(changed(query)).df()
    kinds = {each.name: "str" if each.kind == "category" else "float64" for each in spec.columns}
    typed = frame.astype({"customer_id": "str", CUTOFF_DAY: "int64"} | kinds).round(DECIMALS)
    return typed.sort_values([CUTOFF_DAY, "customer_id"], ignore_index=True)


@cache
def _compiled(history: str, days: tuple[int, ...], spec: str) -> tuple[Backend, str]:
    backend = ibis.duckdb.connect(threads=2)
    backend.create_table(history, arrow(history, []))
    seen = FeatureSpec.from_json(spec).seen[history]
    built_table = BUILDERS[history].build(backend.table(history), days, seen)
    return backend, str(ibis.to_sql(built_table, dialect="duckdb"))


def one(world: World, column: str, customer: str = "a", *, spec: FeatureSpec | None = None) -> Any:
    """One feature of one customer at the usual cutoff."""
    return features(world, spec=spec)[column][(customer, CUTOFF)]


def at(day: int, hour: float = 9.0) -> datetime:
    return datetime.combine(EPOCH, datetime.min.time()) + timedelta(days=day, hours=hour)


def row(history: str, days_before: int | None, customer: str = "a", **fields: Any) -> Row:
    """A row so many days before the cutoff (1 is the day before it); days stand for times.

    A field ``*_day`` sets its ``*_at`` too, unless that is given.
    """
    schema = SCHEMAS[history]
    day = None if days_before is None else LAST - days_before
    found: Row = {"customer_id": customer, "known_day": day}
    if history != "customers":
        found |= {"day": day, schema.clocks[0]: None if day is None else at(day)}
    for name, value in fields.items():
        if name.endswith("_day") and name != "known_day" and value is not None:
            found[name.removesuffix("_day") + "_at"] = at(value)
        found[name] = value
    return found | {name: value for name, value in fields.items() if name.endswith("_at")}


def random_row(history: str, rng: random.Random, days: Sequence[int]) -> Row:
    """A plausible row of any history, made from its declaration."""
    schema = SCHEMAS[history]
    found: Row = {"customer_id": rng.choice("abcdef")}
    start = rng.choice(days)
    own = _own_clock(schema)
    for column in schema.columns:
        if column.name in ("customer_id", "known_at"):
            continue
        if column.kind == "time":
            day = start if column is own else rng.choice([None, start, start + rng.randrange(400)])
            found[column.name] = None if day is None else at(day, rng.randrange(24))
            found[day_column(column, schema)] = day
        else:
            found[column.name] = _value(column, rng)
    if history == "surveys":
        found |= _asked(start, rng)
    if history == "customers":
        found |= {"segment": rng.choice("xyz"), "employees": rng.randrange(9) / 4}
    happened = found.get("day", found.get("signed_up_day"))
    late = rng.choice([0, 0, 0, 1, 40])
    return found | {"known_day": None if happened is None else happened + late}


def random_world(seed: int, rows: int, *, histories: Iterable[str] = tuple(BUILDERS)) -> World:
    rng = random.Random(seed)
    days = [LAST - age for age in range(-30, 500)]
    return {
        name: (
            [random_row(name, rng, days) | {"customer_id": each} for each in "abcd"]
            if name == "customers"
            else [random_row(name, rng, days) for _ in range(rows)]
        )
        for name in histories
    }


def _own_clock(schema: Schema) -> Column | None:
    name = schema.clocks[0] if schema.clocks else "signed_up_at"
    return schema.column(name)


def _value(column: Column, rng: random.Random) -> Any:
    if column.kind == "flag":
        return rng.choice([None, True, False])
    if column.kind == "number":
        # quarters add up exactly in any order
        if column.name == "sentiment":
            return rng.choice([None, -0.75, -0.25, 0.0, 0.5, 1.0])
        low = -8 if column.name == "amount" else 0
        return rng.randrange(low, 40) / 4 if column.required else rng.choice([None, 1.0, 2.5, 7.0])
    if column.kind == "code":
        return rng.choice(["nps", "csat", "ces", "ins"])
    return rng.choice([None, "red", "green", "blue"])


def _asked(start: int, rng: random.Random) -> Row:
    sent = start - rng.randrange(5)
    if rng.random() < 0.3:
        return {"day": None, "answered_at": None, "score": None, "sent_day": sent}
    return {"score": float(rng.randrange(1, 6)), "sent_day": sent, "sent_at": at(sent)}
