"""How do histories become one row per customer and cutoff? Every builder, joined, in one pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import ibis.expr.types as ir
import numpy as np
import pandas as pd
import pyarrow as pa

from features.customers import customers_features, customers_seen
from features.engines import fetch
from features.errors import ModelError, NotEnoughData
from features.histories import Histories
from features.known import CUTOFF_DAY, KEYS, known_at
from features.orders import orders_features, orders_seen
from features.seen import Seen
from features.spec import Column, FeatureSpec
from features.subscriptions import subscriptions_features, subscriptions_seen
from features.surveys import surveys_features, surveys_seen
from features.tickets import tickets_features, tickets_seen
from features.usage import usage_features, usage_seen
from features.vocabulary import describe
from features.windows import date_of, day_number

DECIMALS = 6
"""Numbers are rounded to so many: engines add in any order, and builds must not differ for it."""


@dataclass(frozen=True)
class Builder:
    """One history's way to features.

    Attributes
    ----------
    learn : callable, (rows before the last training cutoff) -> Seen
        Chooses what columns are made of; the customers' one takes their static attributes too.
    build : callable, (table, cutoff days, Seen) -> Table
        One row per customer and cutoff with something known.
    """

    learn: Callable[..., Seen]
    build: Callable[[ir.Table, Sequence[int], Seen], ir.Table]


BUILDERS: Mapping[str, Builder] = MappingProxyType(
    {
        "usage": Builder(usage_seen, usage_features),
        "tickets": Builder(tickets_seen, tickets_features),
        "surveys": Builder(surveys_seen, surveys_features),
        "orders": Builder(orders_seen, orders_features),
        "subscriptions": Builder(subscriptions_seen, subscriptions_features),
        "customers": Builder(customers_seen, customers_features),
    }
)
"""History -> its builder, in the order of the columns. The laws are tested over all of them."""


def learn_spec(histories: Histories, cutoffs: Sequence[date]) -> FeatureSpec:
    """Choose the columns, looking only at what was known before the last training cutoff.

    Parameters
    ----------
    histories : Histories
    cutoffs : sequence of date
        The training cutoffs.

    Raises
    ------
    NotEnoughData
        No history has a row before the last cutoff.
    """
    last = day_number(max(cutoffs))
    seen: dict[str, Seen] = {}
    columns: list[Column] = []
    for history in (name for name in BUILDERS if name in histories.tables):
        table = histories.tables[history]
        known = known_at(history, table, [last])
        if not _has_rows(known):
            continue
        extra = (histories.attributes,) if history == "customers" else ()
        seen[history] = BUILDERS[history].learn(known, *extra)
        columns += _columns(history, BUILDERS[history].build(table, [last], seen[history]), seen)
    if not columns:
        raise NotEnoughData(
            f"no history has a row before cutoff {max(cutoffs)}; move the cutoff later or load more"
        )
    return FeatureSpec(tuple(columns), tuple(seen), histories.attributes, seen)


def build_features(
    histories: Histories, spec: FeatureSpec, cutoffs: Sequence[date], population: ir.Table
) -> pd.DataFrame:
    """Build the features of a population, all cutoffs in one pass over each history.

    Parameters
    ----------
    histories : Histories
    spec : FeatureSpec
        From `learn_spec`, at training.
    cutoffs : sequence of date
    population : ibis Table
        `customer_id` and `cutoff_day`: who gets a row at which cutoff.

    Returns
    -------
    DataFrame, sorted by cutoff and customer_id
        `customer_id`, `cutoff` and the spec's columns in order: float64, or str for categories.
        Counts and sums are 0 for a customer without rows; means, shares
        and days since are nan.

    Raises
    ------
    ModelError
        A history or attribute that the model was trained on is not described any more.
    """
    _require(histories, spec)
    days = sorted({day_number(cutoff) for cutoff in cutoffs})
    finished = finished_table(histories.tables, spec, days, population)
    return _frame(fetch(finished.order_by(*reversed(KEYS))), spec)


def finished_table(
    tables: Mapping[str, ir.Table], spec: FeatureSpec, days: Sequence[int], population: ir.Table
) -> ir.Table:
    """Every builder's columns beside the population: the one expression that makes features.

    Parameters
    ----------
    tables : mapping of str to ibis Table
        History -> its normalised rows.
    spec : FeatureSpec
    days : sequence of int
        Day numbers of the cutoffs.
    population : ibis Table
        `customer_id` and `cutoff_day`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the spec's columns in order.
    """
    everyone = population.filter(population[CUTOFF_DAY].isin(days))
    for history in spec.histories:
        built = BUILDERS[history].build(tables[history], days, spec.seen[history])
        everyone = _left_join(everyone, built)
    return everyone.select(*KEYS, *(_finished(everyone, column) for column in spec.columns))


def _has_rows(table: ir.Table) -> bool:
    return bool(table.limit(1).count().to_pyarrow().as_py())


def _columns(history: str, built: ir.Table, seen: Mapping[str, Seen]) -> list[Column]:
    """Return the columns of a built table; a text column's levels are those seen under its name."""
    found = []
    for name in built.drop(*KEYS).columns:
        if built[name].type().is_string():
            levels = seen[history][name.removeprefix(f"{history}_")]
            found.append(Column(name, "category", levels))
        else:
            found.append(Column(name))
    return found


def _left_join(everyone: ir.Table, built: ir.Table) -> ir.Table:
    joined = everyone.left_join(built, list(KEYS), rname="{name}_built")
    return joined.drop(*(f"{key}_built" for key in KEYS))


def _finished(table: ir.Table, column: Column) -> ir.Value:
    value = table[column.name]
    if column.kind == "category":
        return value
    if describe(column.name).when_absent == "zero":
        value = value.fill_null(0)
    return value.cast("float64").name(column.name)


def _frame(table: pa.Table, spec: FeatureSpec) -> pd.DataFrame:
    days, position = np.unique(table[CUTOFF_DAY].to_numpy(), return_inverse=True)
    dates = np.array([date_of(day) for day in days], dtype=object)
    columns: dict[str, Any] = {
        "customer_id": table["customer_id"].to_pandas().astype("str"),
        "cutoff": dates[position],
    }
    return pd.DataFrame(
        columns | {column.name: _values(table[column.name], column) for column in spec.columns},
        copy=False,
    )


def _values(array: pa.ChunkedArray, column: Column) -> Any:
    if column.kind == "category":
        return array.to_pandas().astype("str")
    numbers: np.ndarray[Any, Any] = array.to_numpy()
    return np.round(numbers, DECIMALS)


def _require(histories: Histories, spec: FeatureSpec) -> None:
    missing = [name for name in spec.histories if name not in histories.tables]
    if missing:
        raise ModelError(
            f"the model was trained on {', '.join(spec.histories)}, tenure.toml lacks "
            f"{', '.join(missing)}; describe it under [histories.{missing[0]}] or retrain"
        )
    lost = [name for name in spec.attributes if name not in histories.attributes]
    if lost:
        raise ModelError(
            f"the model was trained on the attributes {', '.join(spec.attributes)}, tenure.toml "
            f"lacks {', '.join(lost)}; list it as static under [histories.customers] or retrain"
        )
