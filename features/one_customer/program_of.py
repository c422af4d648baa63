"""How is an Ibis expression taken apart into a program? Operation by operation, or not at all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import ibis.expr.operations as ops
import ibis.expr.types as ir

from features.one_customer.names import (
    AGGREGATES,
    BUILT_IN,
    NAMES,
    OnlyInAnEngine,
    aggregate_parts,
    cases_in,
    constant,
    offset,
    values_in,
    window_parts,
)
from features.one_customer.operations import UNITS
from features.one_customer.program import Program

_SAME_ROWS = (ops.Project, ops.DropColumns, ops.SelfReference, ops.Distinct)


def program_of(table: ir.Table, cutoff_day: int) -> Program | None:
    """Take an expression apart.

    Parameters
    ----------
    table : ibis Table
    cutoff_day : int
        The number that stands for the cutoff wherever it is found.

    Returns
    -------
    Program, or None where it holds an operation that only an engine can do
    """
    making = _Making(cutoff_day)
    try:
        node = table.op()
        rows = making.rowset(node)
        outputs = {name: making.field(node, name) for name in table.columns}
    except OnlyInAnEngine:
        return None
    return Program(tuple(making.rowsets), tuple(making.steps), outputs, rows)


class _Making:
    """A program in the making: equal values are written down once."""

    def __init__(self, cutoff_day: int) -> None:
        self.rowsets: list[tuple[Any, ...]] = []
        self.steps: list[tuple[Any, ...]] = []
        self._cutoff_day = cutoff_day
        self._known: dict[Any, int] = {}

    def rowset(self, node: Any) -> int:
        """Return the rowset of a relation."""
        if isinstance(node, _SAME_ROWS):
            return self.rowset(node.parent)
        if isinstance(node, (ops.DatabaseTable, ops.UnboundTable)):
            return self._once(self.rowsets, ("table", node.name))
        if isinstance(node, ops.Filter):
            parent = self.rowset(node.parent)
            passed = tuple(self.value(each, parent) for each in node.predicates)
            return self._once(self.rowsets, ("filter", parent, passed))
        if isinstance(node, ops.Aggregate):
            parent = self.rowset(node.parent)
            keys = tuple(self.value(each, parent) for each in node.groups.values())
            if keys:
                return self._once(self.rowsets, ("groups", parent, keys))
        raise OnlyInAnEngine

    def field(self, node: Any, name: str) -> int:
        """Return the value of a relation's column."""
        if isinstance(node, ops.Project):
            return self.value(node.values[name], self.rowset(node.parent))
        if isinstance(node, _SAME_ROWS):
            return self.field(node.parent, name)
        rowset = self.rowset(node)
        if isinstance(node, ops.Filter):
            return self._step("take", rowset, (self.field(node.parent, name),))
        if isinstance(node, ops.Aggregate):
            if name in node.groups:
                own = self.value(node.groups[name], self.rowset(node.parent))
                return self._step("key", rowset, (own,))
            return self.value(node.metrics[name], self.rowset(node.parent), groups=rowset)
        return self._step("column", rowset, (), (node.name, name))

    def value(self, node: Any, rowset: int, groups: int | None = None) -> int:
        """Return a value over a rowset, or over groups of it where `groups` is given."""
        key = (node, rowset, groups)
        if key not in self._known:
            self._known[key] = self._value(node, rowset, groups)
        return self._known[key]

    def _value(self, node: Any, rowset: int, groups: int | None) -> int:
        here = rowset if groups is None else groups
        name = type(node).__name__
        if isinstance(node, ops.Field):
            return self.field(node.rel, node.name)
        if isinstance(node, ops.Alias):
            return self.value(node.arg, rowset, groups)
        if isinstance(node, ops.Literal):
            return self._literal(node.value, here)
        if isinstance(node, ops.WindowFunction):
            return self._window(node, rowset)
        if name in AGGREGATES or isinstance(node, ops.AggUDF):
            return self._aggregate(node, rowset, groups)

        def taken(*nodes: Any) -> tuple[int, ...]:
            return tuple(self.value(each, rowset, groups) for each in nodes)

        if name in NAMES:
            return self._step(NAMES[name], here, taken(*values_in(node.args)))
        return self._special(node, here, taken)

    def _special(self, node: Any, here: int, taken: Any) -> int:
        for kinds, made in _SPECIAL.items():
            if isinstance(node, kinds):
                return made(self, node, here, taken)
        raise OnlyInAnEngine

    def _cases(self, node: Any, here: int, taken: Any) -> int:
        return self._step("cases", here, taken(*cases_in(node)))

    def _between(self, node: Any, here: int, taken: Any) -> int:
        [value, low, high] = taken(node.arg, node.lower_bound, node.upper_bound)
        above = self._step("greater_equal", here, (value, low))
        return self._step("and", here, (above, self._step("less_equal", here, (value, high))))

    def _udf(self, node: Any, here: int, taken: Any) -> int:
        if node.__func_name__ not in BUILT_IN:
            raise OnlyInAnEngine
        return self._step(node.__func_name__, here, taken(*node.args))

    def _round(self, node: Any, here: int, taken: Any) -> int:
        return self._step("round", here, taken(node.arg), (constant(node.digits),))

    def _apart(self, node: Any, here: int, taken: Any) -> int:
        if constant(node.part) not in UNITS:
            raise OnlyInAnEngine
        return self._step("between", here, taken(node.left, node.right), (constant(node.part),))

    def _is_in(self, node: Any, here: int, taken: Any) -> int:
        options = tuple(constant(each) for each in node.options)
        if self._cutoff_day in options:
            parts = [
                self._step("equal", here, (*taken(node.value), self._literal(each, here)))
                for each in options
            ]
            found, *others = parts
            for other in others:
                found = self._step("or", here, (found, other))
            return found
        return self._step("is_in", here, taken(node.value), (options,))

    def _cast(self, node: Any, here: int, taken: Any) -> int:
        [arg] = taken(node.arg)
        old, new = node.arg.dtype, node.to
        if old == new or (old.is_string() and new.is_string()):
            return int(arg)
        if not (old.is_numeric() or old.is_boolean()):
            raise OnlyInAnEngine
        if new.is_float64():
            return self._step("to_float", here, (arg,))
        if new.is_integer() and old.is_integer():
            return int(arg)
        if new.is_integer():
            return self._step("to_whole" if old.is_boolean() else "to_int", here, (arg,))
        raise OnlyInAnEngine

    def _simple_case(self, node: Any, here: int, taken: Any) -> int:
        [base] = taken(node.base)
        pairs: list[int] = []
        for case, result in zip(node.cases, node.results, strict=True):
            pairs += [self._step("equal", here, (base, *taken(case))), *taken(result)]
        return self._step("cases", here, (*pairs, *taken(node.default)))

    def _aggregate(self, node: Any, rowset: int, groups: int | None) -> int:
        if groups is None:
            raise OnlyInAnEngine
        name, args, where = aggregate_parts(node)
        taken = tuple(self.value(each, rowset) for each in args)
        kept = None if where is None else self.value(where, rowset)
        return self._step(name, groups, (*taken, kept))

    def _window(self, node: Any, rowset: int) -> int:
        if node.how != "rows":
            raise OnlyInAnEngine
        name, args, more = window_parts(node.func)
        keys = tuple(self.value(each, rowset) for each in node.group_by)
        order = tuple(self.value(each.arg, rowset) for each in node.order_by)
        orders = tuple((bool(each.ascending), bool(each.nulls_first)) for each in node.order_by)
        taken = tuple(self.value(each, rowset) for each in args)
        frame = (offset(node.start), offset(node.end))
        return self._step(
            "window", rowset, (*keys, *order, *taken), (name, len(keys), orders, frame, more)
        )

    def _literal(self, value: Any, rowset: int) -> int:
        if value == self._cutoff_day and not isinstance(value, bool):
            return self._step("cutoff", rowset, ())
        if value is not None and not isinstance(value, (bool, int, float, str)):
            raise OnlyInAnEngine
        return self._step("literal", rowset, (), (value,))

    def _step(
        self, name: str, rowset: int, args: tuple[int | None, ...], more: tuple[Any, ...] = ()
    ) -> int:
        return self._once(self.steps, (name, rowset, args, more))

    def _once(self, made: list[tuple[Any, ...]], new: tuple[Any, ...]) -> int:
        key = (id(made), repr(new))  # repr: 1, 1.0 and True are equal, but not the same literal
        if key not in self._known:
            made.append(new)
            self._known[key] = len(made) - 1
        return self._known[key]


_SPECIAL: Mapping[Any, Callable[[_Making, Any, int, Any], int]] = {
    ops.Cast: _Making._cast,
    (ops.IfElse, ops.SearchedCase): _Making._cases,
    ops.SimpleCase: _Making._simple_case,
    ops.Between: _Making._between,
    ops.InValues: _Making._is_in,
    ops.ScalarUDF: _Making._udf,
    ops.Round: _Making._round,
    ops.TimestampDelta: _Making._apart,
}
