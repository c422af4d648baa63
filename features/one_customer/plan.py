"""How is one customer's row made? The expressions of a build, taken apart once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count

import ibis
import ibis.expr.types as ir

from features.build import finished_table
from features.builders import BUILDERS
from features.config import BusinessConfig, Config
from features.customers import RARE
from features.errors import ModelError
from features.frames import DECIMALS
from features.histories import Histories
from features.known import KEYS, as_day, known_at
from features.labels import population
from features.one_customer.customer import TOGETHER, CustomerPlan, Part
from features.one_customer.program import Program
from features.one_customer.program_of import program_of
from features.rfm import counts, purchase_days
from features.schemas import SCHEMAS, Kind, day_column
from features.seen import OTHER
from features.spec import Column, FeatureSpec
from features.value_columns import BTYD_INPUTS
from features.value_inputs import has_amounts, monthly_amounts
from features.windows import date_of

_ABSENT = "absent"
_TYPES: Mapping[Kind, str] = {
    "id": "string",
    "text": "string",
    "code": "string",
    "time": "timestamp(6)",
    "number": "float64",
    "flag": "boolean",
}


def plan_one_customer(
    config: Config, histories: Histories, spec: FeatureSpec, *, value: bool
) -> CustomerPlan:
    """Write down how the features of one customer are made.

    Parameters
    ----------
    config : Config
    histories : Histories
        The company's: only what columns they have is looked at, and whether amounts are known.
    spec : FeatureSpec
        Of the model in use.
    value : bool
        Whether a value model is in use.

    Returns
    -------
    CustomerPlan

    Raises
    ------
    ModelError
        A feature is made by something that only an engine can do.
    """
    columns = _columns(config.business, histories, spec, value=value)
    tables = {name: ibis.table(_types(name, kinds), name=name) for name, kinds in columns.items()}
    day = _unused_number(spec)
    here = replace(histories, tables=tables)
    built = {
        name: BUILDERS[name].build(tables[name], [day], spec.seen[name]) for name in spec.histories
    }
    together = _together(built, spec, day)
    features = tuple(_features(built, spec, _read_by([together]).get(TOGETHER, ()), day))
    who = "subscriptions" if config.business.churn == "cancellation" else config.business.activity
    people = Part(who, _program(population(here, config.business, [date_of(day)]), day), {})
    inputs = tuple(_value_inputs(histories, tables, day)) if value else ()
    read = _read_by(part.program for part in (people, *features, *inputs))
    return CustomerPlan(
        time_zone=config.business.time_zone,
        columns=columns,
        wanted={name: read.get(name, ("known_day",)) for name in columns},
        duplicates={name: config.histories[name].duplicates for name in columns},
        ends_inclusive="subscriptions" in columns
        and bool(config.histories["subscriptions"].ends_inclusive),
        population=people,
        features=features,
        together=together,
        value_inputs=inputs,
        decimals=DECIMALS,
        yes_no=dict(_yes_no(histories, spec)) if "customers" in columns else {},
    )


def _columns(
    business: BusinessConfig, histories: Histories, spec: FeatureSpec, *, value: bool
) -> dict[str, dict[str, Kind]]:
    """Columns of each history that has a say in the features, the population or the value."""
    read = {*spec.histories}
    read |= {"subscriptions" if business.churn == "cancellation" else business.activity}
    if value:
        read |= {"orders", "subscriptions"}
    found: dict[str, dict[str, Kind]] = {}
    for name in (name for name in histories.tables if name in read):
        found[name] = {each.name: each.kind for each in SCHEMAS[name].columns[1:]}
        if name == "customers":
            found[name] |= _attributes(histories)
    return found


def _attributes(histories: Histories) -> dict[str, Kind]:
    table = histories.tables["customers"]
    return {name: _kind(table[name]) for name in histories.attributes}


def _kind(attribute: ir.Value) -> Kind:
    found = attribute.type()
    # yes and no are the numbers 1 and 0 as a feature
    return "number" if found.is_numeric() or found.is_boolean() else "text"


def _yes_no(
    histories: Histories, spec: FeatureSpec
) -> Iterator[tuple[str, tuple[float | str, float | str]]]:
    """Yield attributes of yes and no, with what the tables hold for either."""
    seen = spec.seen.get("customers", {})
    for name in histories.attributes:
        if histories.tables["customers"][name].type().is_boolean():
            yield name, (0.0, 1.0)
        levels = (*seen.get(name, ()), *seen.get(RARE + name, ()))
        words = {level.casefold(): level for level in levels if level != OTHER}
        if words and words.keys() <= {"false", "true"}:  # a file's own booleans are text
            yield name, (words.get("false", "false"), words.get("true", "true"))


def _types(history: str, kinds: Mapping[str, Kind]) -> dict[str, str]:
    """Types of a history's uniform columns, whatever the company keeps of it."""
    schema = SCHEMAS[history]
    found = {"customer_id": "string"}
    for name, kind in kinds.items():
        column = schema.column(name)
        if name != "known_at":
            found[name] = _TYPES[kind]
        if column is not None and kind == "time" and name != "known_at":
            found[day_column(column, schema)] = "int32"
    if schema.clocks:
        found["day"] = "int32"
    return found | {"known_day": "int32"}


def _unused_number(spec: FeatureSpec) -> int:
    """Return a day that no name and no value of the spec can be taken for; its year is 8392."""
    text = spec.to_json()
    return next(day for day in count(2_345_678) if str(day) not in text)


def _program(table: ir.Table, day: int) -> Program:
    program = program_of(table, day)
    if program is None:
        raise ModelError(
            "a feature is made by something that only an engine can do, so that no supplied history"
            " can be scored; write it in the operations of features.one_customer.program"
        )
    return program


def _read_by(programs: Iterable[Program | None]) -> dict[str, tuple[str, ...]]:
    """Table -> the columns that programs read of it."""
    found: dict[str, dict[str, None]] = {}
    for program in programs:
        for name, _, _, more in program.steps if program else ():
            if name == "column":
                table, column = more
                found.setdefault(table, {})[column] = None
    return {table: tuple(columns) for table, columns in found.items()}


def _features(
    built: Mapping[str, ir.Table], spec: FeatureSpec, inputs: Sequence[str], day: int
) -> Iterator[Part]:
    """Yield each history's columns: those of the model, and those that others are made of."""
    wanted = {*spec.names, *inputs}
    for history, table in built.items():
        own = tuple(column for column in _columns_of(table) if column.name in wanted)
        if not own:
            continue
        nobody = _one_row(_ABSENT, _columns_of(table), day)
        absent = _finished(nobody, own, {}, day).run(
            {_ABSENT: {column.name: [None] for column in own}}, day
        )
        values = {name: value for name, [value] in absent.items()}
        yield Part(history, _finished(table, own, {}, day), values)


def _together(built: Mapping[str, ir.Table], spec: FeatureSpec, day: int) -> Program | None:
    """Columns made of the columns of several histories."""
    columns = [column for table in built.values() for column in _columns_of(table)]
    own = {column.name for column in columns}
    wanted = tuple(column for column in spec.columns if column.name not in own)
    if not wanted:
        return None
    seen = {name: each for name, each in spec.seen.items() if name not in built}
    return _finished(_one_row(TOGETHER, columns, day), wanted, seen, day)


def _finished(
    everyone: ir.Table,
    columns: tuple[Column, ...],
    seen: Mapping[str, Mapping[str, tuple[str, ...]]],
    day: int,
) -> Program:
    spec = FeatureSpec(columns, (), (), seen)
    return _program(finished_table({}, spec, [day], everyone).drop(*KEYS), day)


def _columns_of(table: ir.Table) -> list[Column]:
    return [
        Column(name, "category" if kind.is_string() else "number")
        for name, kind in table.drop(*KEYS).schema().items()
    ]


def _one_row(name: str, columns: Iterable[Column], day: int) -> ir.Table:
    types = {each.name: "string" if each.kind == "category" else "float64" for each in columns}
    table = ibis.table(types, name=name)
    return table.mutate(customer_id=ibis.literal("one"), cutoff_day=as_day(day))


def _value_inputs(histories: Histories, tables: Mapping[str, ir.Table], day: int) -> Iterator[Part]:
    if "orders" in tables:
        bought = counts(purchase_days(known_at("orders", tables["orders"], [day])))
        none = dict.fromkeys(BTYD_INPUTS)
        yield Part("orders", _program(bought.select(*BTYD_INPUTS), day), none)
    if has_amounts(histories):
        paid = monthly_amounts(tables["subscriptions"], day).select("monthly_amount")
        yield Part("subscriptions", _program(paid, day), {"monthly_amount": 0.0})
