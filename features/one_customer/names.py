"""Which operation of a program is each of Ibis's, and what does it take?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import ibis.expr.operations as ops


class OnlyInAnEngine(Exception):  # noqa: N818 - no fault
    """An operation that no program has."""


NAMES: Mapping[str, str] = {
    "Add": "add",
    "Subtract": "subtract",
    "Multiply": "multiply",
    "Divide": "divide",
    "FloorDivide": "floor_divide",
    "Modulus": "remainder",
    "Equals": "equal",
    "NotEquals": "unequal",
    "Less": "less",
    "LessEqual": "less_equal",
    "Greater": "greater",
    "GreaterEqual": "greater_equal",
    "Not": "not",
    "Negate": "negate",
    "Abs": "abs",
    "Sqrt": "sqrt",
    "Exp": "exp",
    "Ln": "ln",
    "Power": "power",
    "BitwiseAnd": "bit_and",
    "BitwiseOr": "bit_union",
    "BitwiseXor": "bit_xor",
    "BitwiseNot": "bit_not",
    "BitwiseLeftShift": "shift_left",
    "BitwiseRightShift": "shift_right",
    "IsNull": "is_null",
    "NotNull": "not_null",
    "NullIf": "null_if",
    "And": "and",
    "Or": "or",
    "Coalesce": "coalesce",
    "Least": "least",
    "Greatest": "greatest",
}
AGGREGATES: Mapping[str, str] = {
    "CountStar": "count_rows",
    "Count": "count",
    "CountDistinct": "count_distinct",
    "Sum": "sum",
    "Mean": "mean",
    "Min": "min",
    "Max": "max",
    "Any": "any",
    "All": "all",
    "ArgMin": "arg_min",
    "ArgMax": "arg_max",
}
BUILT_IN = {"bit_or", "bit_count"}


def constant(node: Any) -> Any:
    """Return what a literal stands for; a null is not one of DuckDB's constants here."""
    if not isinstance(node, ops.Literal) or node.value is None:
        raise OnlyInAnEngine
    return node.value


def cases_in(node: Any) -> list[Any]:
    """Return conditions and results in turn, and what holds where none does."""
    if isinstance(node, ops.IfElse):
        return [node.bool_expr, node.true_expr, node.false_null_expr]
    pairs = zip(node.cases, node.results, strict=True)
    return [each for pair in pairs for each in pair] + [node.default]


def values_in(args: Sequence[Any]) -> list[Any]:
    """Return the values that an operation takes, those of its lists among them."""
    flat: list[Any] = []
    for each in args:
        flat += each if isinstance(each, tuple) else [each]
    if not all(isinstance(each, ops.Value) for each in flat):
        raise OnlyInAnEngine
    return flat


def aggregate_parts(node: Any) -> tuple[str, list[Any], Any]:
    """Return an aggregate's name, what it takes, and its condition or None."""
    where = getattr(node, "where", None)
    if isinstance(node, ops.AggUDF):
        if node.__func_name__ not in BUILT_IN:
            raise OnlyInAnEngine
        *args, where = node.args
        return node.__func_name__, args, where
    name = type(node).__name__
    if name == "CountStar":
        return "count_rows", [], where
    args = [node.arg, node.key] if name in ("ArgMin", "ArgMax") else [node.arg]
    return AGGREGATES[name], args, where


def window_parts(func: Any) -> tuple[str, list[Any], tuple[Any, ...]]:
    """Return a window function's name, what it takes, and how many rows it looks away."""
    if isinstance(func, ops.RowNumber):
        return "row_number", [], ()
    if isinstance(func, (ops.Lag, ops.Lead)):
        away = 1 if func.offset is None else constant(func.offset)
        if func.default is not None:
            raise OnlyInAnEngine
        return ("lag" if isinstance(func, ops.Lag) else "lead"), [func.arg], (away,)
    if isinstance(func, (ops.First, ops.Last)) and not func.order_by and func.where is None:
        return ("first" if isinstance(func, ops.First) else "last"), [func.arg], ()
    if type(func).__name__ not in AGGREGATES:
        raise OnlyInAnEngine
    name, args, where = aggregate_parts(func)
    if where is not None:
        raise OnlyInAnEngine
    return name, args, ()


def offset(boundary: Any) -> int | None:
    """Return where a frame begins or ends, counted from the row: negative before it."""
    if boundary is None:
        return None
    if not isinstance(boundary.value, ops.Literal) or not isinstance(boundary.value.value, int):
        raise OnlyInAnEngine
    distance = boundary.value.value
    return -distance if boundary.preceding else distance
