"""What does each operation of a program give? Lists in, a list out; None is null.

What DuckDB would give, to the last digit. Where Python fails (a division by zero, a root of a
negative number, more than 64 bits), the engine may not: `features.one_customer.program` says so.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from functools import reduce
from typing import Any

Values = list[Any]
UNITS: Mapping[str, timedelta] = {
    "microsecond": timedelta(microseconds=1),
    "millisecond": timedelta(milliseconds=1),
    "second": timedelta(seconds=1),
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
"""Between two times lie as many as begin after the one and not after the other."""
_BITS = 2**64 - 1
_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - times are naive UTC, as in the engine


# Aggregates: of how many rows, and of which values ----------------------------------------------


def _known(values: Values) -> Values:
    return [value for value in values if value is not None]


def _sum(_: int, values: Values) -> Any:
    known = _known(values)
    # one after the other: sum() of newer Pythons adds floats more exactly than engines do
    return reduce(operator.add, known) if known else None


def _mean(_: int, values: Values) -> Any:
    known = _known(values)
    return _sum(0, known) / len(known) if known else None


def _first_of(choose: Callable[..., Any]) -> Callable[..., Any]:
    def chosen(_: int, values: Values, by: Values) -> Any:
        pairs = [(b, v) for v, b in zip(values, by, strict=True) if b is not None]
        return choose(pairs, key=operator.itemgetter(0))[1] if pairs else None

    return chosen


def _bit_or(_: int, values: Values) -> Any:
    known = _known(values)
    return reduce(operator.or_, known) if known else None


AGGREGATE: Mapping[str, Callable[..., Any]] = {
    "count_rows": lambda rows: rows,
    "count": lambda _, values: len(_known(values)),
    "count_distinct": lambda _, values: len(set(_known(values))),
    "sum": _sum,
    "mean": _mean,
    "min": lambda _, values: min(_known(values), default=None),
    "max": lambda _, values: max(_known(values), default=None),
    "any": lambda _, values: any(_known(values)) if _known(values) else None,
    "all": lambda _, values: all(_known(values)) if _known(values) else None,
    "arg_min": _first_of(min),
    "arg_max": _first_of(max),
    "bit_or": _bit_or,
}


# Scalars: row by row ----------------------------------------------------------------------------


def _strict(function: Callable[..., Any]) -> Callable[..., Values]:
    """Null where any of what it takes is null."""

    def one(x: Values) -> Values:
        return [None if a is None else function(a) for a in x]

    def two(x: Values, y: Values) -> Values:
        return [
            None if a is None or b is None else function(a, b) for a, b in zip(x, y, strict=True)
        ]

    return lambda *args: (one if len(args) == 1 else two)(*args)


def _refusing_null(function: Callable[..., Any]) -> Callable[..., Values]:
    """Null where any of what it takes is null; of a function that fails on nulls, and fast."""
    careful = _strict(function)

    def rows(*columns: Values) -> Values:
        try:
            return list(map(function, *columns))
        except TypeError:
            return careful(*columns)

    return rows


def _with_rest(function: Callable[..., Any]) -> Callable[..., Values]:
    """Null where the value is null; what comes after it is the same for every row."""
    return lambda x, *more: [None if a is None else function(a, *more) for a in x]


def _in_64_bits(value: int) -> int:
    if not -(2**63) <= value < 2**63:
        raise OverflowError
    return value


def _round(value: float, digits: int) -> float:
    """Round halves away from zero, as C does."""
    scaled = value * 10.0**digits
    low = math.floor(abs(scaled))
    whole = low + 1 if abs(scaled) - low >= 0.5 else low
    found = math.copysign(whole, scaled) / 10.0**digits
    return found if math.isfinite(found) else value


def _to_int(value: float) -> int:
    return _in_64_bits(round(value))  # halves to the even one, as a cast does


def _remainder(a: int, b: int) -> int:
    if a >= 0 < b:
        return a % b
    return int(math.fmod(a, b)) if isinstance(a, int) and isinstance(b, int) else _refuse()


def _refuse() -> Any:
    raise ValueError


def _equal(x: Values, y: Values) -> Values:
    return [None if a is None or b is None else a == b for a, b in zip(x, y, strict=True)]


def _unequal(x: Values, y: Values) -> Values:
    return [None if a is None or b is None else a != b for a, b in zip(x, y, strict=True)]


def _between(left: datetime, right: datetime, unit: str) -> int:
    return (left - _EPOCH) // UNITS[unit] - (right - _EPOCH) // UNITS[unit]


def _and(x: Values, y: Values) -> Values:
    return [
        False if a is False or b is False else None if a is None or b is None else True
        for a, b in zip(x, y, strict=True)
    ]


def _or(x: Values, y: Values) -> Values:
    return [
        True if a is True or b is True else None if a is None or b is None else False
        for a, b in zip(x, y, strict=True)
    ]


def _coalesce(*columns: Values) -> Values:
    return [
        next((each for each in row if each is not None), None) for row in zip(*columns, strict=True)
    ]


def _cases(*columns: Values) -> Values:
    """Conditions and results in turn, and what holds where none does."""
    *pairs, otherwise = columns
    found = list(otherwise)
    for condition, result in zip(pairs[-2::-2], pairs[::-2], strict=True):
        found = [r if c else f for c, r, f in zip(condition, result, found, strict=True)]
    return found


def _extreme(choose: Callable[..., Any]) -> Callable[..., Values]:
    return lambda *columns: [
        choose(_known(list(row)), default=None) for row in zip(*columns, strict=True)
    ]


SCALAR: Mapping[str, Callable[..., Values]] = {
    "add": _refusing_null(operator.add),
    "subtract": _refusing_null(operator.sub),
    "multiply": _refusing_null(operator.mul),
    "divide": _refusing_null(operator.truediv),
    "floor_divide": _refusing_null(operator.floordiv),
    "remainder": _strict(_remainder),
    "equal": _equal,
    "unequal": _unequal,
    "less": _refusing_null(operator.lt),
    "less_equal": _refusing_null(operator.le),
    "greater": _refusing_null(operator.gt),
    "greater_equal": _refusing_null(operator.ge),
    "not": _strict(operator.not_),
    "negate": _refusing_null(operator.neg),
    "abs": _refusing_null(abs),
    "sqrt": _refusing_null(math.sqrt),
    "exp": _strict(math.exp),
    "ln": _strict(math.log),
    "power": _strict(lambda a, b: math.pow(a, b)),
    "bit_and": _refusing_null(operator.and_),
    "bit_xor": _refusing_null(operator.xor),
    "bit_union": _refusing_null(operator.or_),
    "bit_not": _refusing_null(operator.invert),
    "shift_left": _strict(lambda a, b: _in_64_bits(a << b)),
    "shift_right": _refusing_null(operator.rshift),
    "bit_count": _strict(lambda a: (a & _BITS).bit_count()),
    "to_float": _refusing_null(float),
    "to_int": _strict(_to_int),
    "to_whole": _refusing_null(int),
    "round": _with_rest(_round),
    "between": lambda x, y, unit: [
        None if a is None or b is None else _between(a, b, unit) for a, b in zip(x, y, strict=True)
    ],
    "is_in": _with_rest(lambda a, options: a in options),
    "is_null": lambda x: [a is None for a in x],
    "not_null": lambda x: [a is not None for a in x],
    "null_if": lambda x, y: [None if a == b else a for a, b in zip(x, y, strict=True)],
    "and": _and,
    "or": _or,
    "coalesce": _coalesce,
    "cases": _cases,
    "least": _extreme(min),
    "greatest": _extreme(max),
}
