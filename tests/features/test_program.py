"""A program gives what DuckDB gives, value by value, or says that the engine has to be asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import ibis
import ibis.expr.types as ir
import pyarrow as pa
import pytest

from features.aggregates import number_of_bits, union_of_bits
from features.one_customer.program import NotHere
from features.one_customer.program_of import program_of

CUTOFF, OTHER = 2_345_678, 19_875
AT = datetime(2024, 3, 1, 12)  # noqa: DTZ001 - naive UTC, as in the uniform tables
ROWS: dict[str, list[Any]] = {
    "customer_id": ["a", "b", "a", "a", "b", "a"],
    "whole": [7, -7, None, 3, 0, 7],
    "other": [3, 3, 3, None, -4, 3],
    "amount": [2.5, -2.5, 0.285, None, 1e6 / 7, 0.5],
    "price": [0.1, 0.2, None, 0.3, 0.7, -1.0],
    "flag": [True, False, None, True, False, None],
    "sign": [None, False, None, True, True, True],
    "name": ["x", None, "y", "x", "z", "y"],
    "at": [AT + timedelta(seconds=s) for s in (0.9, 61.2, 3600, 0, -0.5, 86_400)],
    "day": [OTHER - 1, OTHER, OTHER - 28, None, OTHER - 2, OTHER - 1],
}
TYPES = {
    "customer_id": pa.string(),
    "whole": pa.int64(),
    "other": pa.int64(),
    "amount": pa.float64(),
    "price": pa.float64(),
    "flag": pa.bool_(),
    "sign": pa.bool_(),
    "name": pa.string(),
    "at": pa.timestamp("us"),
    "day": pa.int32(),
}

Make = Callable[[ir.Table], ir.Table]


def both(make: Make) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What the engine and the program make of the rows, in the order of the engine's columns."""
    backend = ibis.duckdb.connect(threads=1)
    arrow = pa.table({n: pa.array(v, TYPES[n]) for n, v in ROWS.items()})
    table = backend.create_table("rows", arrow)
    expression = make(table)
    engine = str(ibis.to_sql(expression, dialect="duckdb")).replace(str(CUTOFF), str(OTHER))
    found = backend.con.sql(engine).to_arrow_table().to_pylist()
    program = program_of(make(ibis.table(table.schema(), name="rows")), CUTOFF)
    assert program is not None
    columns = program.run({"rows": ROWS}, OTHER)
    backend.disconnect()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    return found, rows


def values(**columns: Callable[[ir.Table], ir.Value]) -> Make:
    return lambda t: t.select(**{name: make(t) for name, make in columns.items()})


WINDOW = {"group_by": "customer_id"}


@pytest.mark.parametrize(
    "make",
    [
        values(a=lambda t: t.whole + t.other, b=lambda t: t.whole - 1, c=lambda t: t.amount * 3),
        values(a=lambda t: t.whole / t.other, b=lambda t: t.amount / t.price.nullif(0.0)),
        values(a=lambda t: t.whole // 2, b=lambda t: t.whole % t.other, c=lambda t: -t.whole),
        values(a=lambda t: t.amount.round(1), b=lambda t: t.amount.round(2), c=lambda t: t.price),
        values(a=lambda t: t.amount.cast("int64"), b=lambda t: t.flag.cast("int64")),
        values(a=lambda t: t.whole.cast("float64"), b=lambda t: t.price.abs().sqrt()),
        values(a=lambda t: t.price.exp(), b=lambda t: t.price.abs().ln()),
        values(a=lambda t: t.flag & t.sign, b=lambda t: t.flag | t.sign, c=lambda t: ~t.flag),
        values(a=lambda t: t.whole > t.other, b=lambda t: t.name == "x", c=lambda t: t.name != "x"),
        values(a=lambda t: t.amount.between(0, 1), b=lambda t: t.name.isin(["x", "z"])),
        values(a=lambda t: t.name.isnull(), b=lambda t: t.flag.notnull()),
        values(a=lambda t: t.whole.fill_null(9), b=lambda t: t.whole.nullif(7)),
        values(a=lambda t: ibis.least(t.whole, t.other), b=lambda t: ibis.greatest(t.whole, 4)),
        values(a=lambda t: ibis.ifelse(t.flag, t.whole, t.other)),
        values(a=lambda t: ibis.cases((t.flag, 1), (t.sign, 2), else_=3)),
        values(a=lambda t: ibis.cases((t.whole > 0, t.amount), (t.sign, t.price))),
        values(a=lambda t: t.name.cases(("x", 1.5), ("y", 2.5), else_=0.0)),
        values(a=lambda t: t.whole & 3, b=lambda t: t.whole | 8, c=lambda t: t.whole ^ t.other),
        values(a=lambda t: ~t.whole, b=lambda t: t.whole >> 1, c=lambda t: t.whole.abs() << 2),
        values(a=lambda t: number_of_bits(t.whole)),
        values(a=lambda t: ibis.literal(CUTOFF, "int32") - t.day, b=lambda t: t.day < CUTOFF),
        values(a=lambda t: t.day.isin([CUTOFF, 3])),
        lambda t: t.filter(t.flag, t.whole > 0).select("name", twice=lambda f: f.whole * 2),
        lambda t: t.filter(t.whole > 0).mutate(big=lambda f: f.whole > 5).filter("big").drop("at"),
        values(place=lambda t: ibis.row_number().over(order_by=[t.price], **WINDOW)),
        values(place=lambda t: ibis.row_number().over(order_by=[t.price.desc()], **WINDOW)),
        values(before=lambda t: t.whole.lag().over(order_by=[t.price], **WINDOW)),
        values(
            first=lambda t: t.whole.first().over(order_by=[t.price], **WINDOW),
            last=lambda t: t.flag.last().over(order_by=[t.price], **WINDOW),
        ),
        values(after=lambda t: t.whole.lead(2).over(order_by=[t.price], **WINDOW)),
        values(
            most=lambda t: t.whole.max().over(**WINDOW), rows=lambda t: t.count().over(**WINDOW)
        ),
        values(
            so_far=lambda t: t.amount.max().over(
                ibis.window(preceding=(None, 1), order_by=t.price, **WINDOW)
            ),
            from_next=lambda t: t.flag.any().over(
                ibis.window(following=(1, None), order_by=t.price, **WINDOW)
            ),
        ),
    ],
)
def test_a_program_gives_row_by_row_what_duckdb_gives(make: Make) -> None:
    engine, program = both(make)
    assert sorted(program, key=repr) == sorted(engine, key=repr)


AGGREGATES: dict[str, Callable[[ir.Table], ir.Value]] = {
    "rows": lambda t: t.count(),
    "some": lambda t: t.count(where=t.flag),
    "filled": lambda t: t.whole.count(),
    "kinds": lambda t: t.name.nunique(),
    "total": lambda t: t.amount.sum(),
    "none": lambda t: t.amount.sum(where=t.whole > 99),
    "mean": lambda t: t.whole.mean(),
    "least": lambda t: t.price.min(where=t.sign),
    "last": lambda t: t.name.max(),
    "any": lambda t: t.flag.any(),
    "bits": lambda t: union_of_bits(t.whole, where=t.whole > 0),
    "cheapest": lambda t: t.name.argmin(t.price),
    "dearest": lambda t: t.whole.argmax(t.amount),
    "ratio": lambda t: t.amount.sum().round(6) / t.count(where=t.sign).nullif(0),
    "cutoff": lambda t: (ibis.literal(CUTOFF, "int32") - t.day).max(),
}


def test_a_program_gives_group_by_group_what_duckdb_gives() -> None:
    def make(t: ir.Table) -> ir.Table:
        return t.group_by("customer_id").aggregate(**{n: of(t) for n, of in AGGREGATES.items()})

    engine, program = both(make)
    assert sorted(program, key=repr) == sorted(engine, key=repr)


def test_groups_of_groups_and_filters_of_them_are_followed() -> None:
    def make(t: ir.Table) -> ir.Table:
        days = t.group_by("customer_id", "other").aggregate(
            spent=t.amount.sum(), names=t.name.max()
        )
        kept = days.filter(days.spent > -1.0)
        return kept.group_by("customer_id").aggregate(most=kept.spent.max(), rows=kept.count())

    engine, program = both(make)
    assert sorted(program, key=repr) == sorted(engine, key=repr)


@pytest.mark.parametrize("unit", ["microsecond", "second", "minute", "hour", "day"])
def test_between_times_the_units_that_begin_are_counted(unit: str) -> None:
    def make(t: ir.Table) -> ir.Table:
        pairs = t.mutate(before=t.at.lag().over(order_by=[t.price], group_by="customer_id"))
        return pairs.select(apart=pairs.at.delta(pairs.before, unit=unit))

    engine, program = both(make)
    assert sorted(program, key=repr) == sorted(engine, key=repr)


@pytest.mark.parametrize(
    "make",
    [
        values(a=lambda t: t.whole // t.other.fill_null(0)),
        values(a=lambda t: (t.price - 5).sqrt()),
        values(a=lambda t: t.whole.fill_null(1).abs() << 62),
    ],
)
def test_where_python_and_the_engine_part_the_engine_has_to_be_asked(make: Make) -> None:
    table = ibis.table({n: "int64" if n in ("whole", "other") else "float64" for n in ROWS})
    program = program_of(make(table), CUTOFF)
    assert program is not None
    with pytest.raises(NotHere):
        program.run({table.get_name(): ROWS}, OTHER)


@pytest.mark.parametrize(
    "make",
    [
        lambda t: t.select(a=t.name.upper()),
        lambda t: t.select(a=t.amount.cast("string")),
        lambda t: t.aggregate(rows=t.count()),
        lambda t: t.order_by("price"),
        lambda t: t.join(t.view(), "customer_id"),
        lambda t: t.select(a=t.amount.quantile(0.5).over(**WINDOW)),
    ],
)
def test_what_only_an_engine_can_do_is_no_program(make: Make) -> None:
    columns = {"customer_id": "string", "name": "string", "amount": "float64", "price": "float64"}
    table = ibis.table(columns)
    assert program_of(make(table), CUTOFF) is None
