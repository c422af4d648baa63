"""How do histories become one row per customer and cutoff? Every builder, joined."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import date
from pathlib import Path

import ibis.expr.types as ir
import pandas as pd

from features.btyd import FitPurchases, purchases_seen
from features.builders import BUILDERS
from features.engines import fetched, write_parquet
from features.errors import ModelError, NotEnoughData
from features.frames import DECIMALS as DECIMALS
from features.frames import frame_of, shown_sql, shown_table
from features.histories import Histories
from features.known import CUTOFF_DAY, KEYS, known_at
from features.progress import Progress, silent
from features.seen import Seen
from features.spec import Column, FeatureSpec
from features.staging import Part, Stage, leaving_room, staged
from features.together import together_columns, together_features, together_seen
from features.vocabulary import describe
from features.windows import date_of, day_number

AT_ONCE, AT_ONCE_IN_A_FRAME = 250_000, 100_000
"""Customers computed at a time: more of them need more memory, fewer more time.

Beside a frame, each part lies twice in memory, unsorted and sorted.
"""
BYTES = 8
"""Of a number in a frame."""


def learn_spec(
    histories: Histories, cutoffs: Sequence[date], *, fit_purchases: FitPurchases | None = None
) -> FeatureSpec:
    """Choose the columns, looking only at what was known before the last training cutoff.

    Names, kinds and levels are those of the last cutoff. Numbers that go into the features, such
    as a plan's usual price, are learned from what was known before the *first* one: a row of any
    cutoff has seen nothing later, not even through a parameter.

    Parameters
    ----------
    histories : Histories
    cutoffs : sequence of date
        The training cutoffs.
    fit_purchases : FitPurchases, optional
        Fits the purchase process, to the orders known before the first of the cutoffs; see
        `features.btyd`.

    Raises
    ------
    NotEnoughData
        No history has a row before the last cutoff.
    """
    first, last = day_number(min(cutoffs)), day_number(max(cutoffs))
    seen: dict[str, Seen] = {}
    columns: list[Column] = []
    built: dict[str, ir.Table] = {}
    for history in (name for name in BUILDERS if name in histories.tables):
        table = histories.tables[history]
        known = known_at(history, table, [last])
        if not _has_rows(known):
            continue
        extra = (histories.attributes,) if history == "customers" else ()
        chosen = BUILDERS[history].learn(known, *extra)
        usual = BUILDERS[history].usual(known_at(history, table, [first]), chosen)
        seen[history] = {**chosen, **usual}
        if history == "orders" and fit_purchases is not None:
            fitted = purchases_seen(table, first, fit_purchases)
            seen[history] = {**seen[history], **fitted}
        built[history] = BUILDERS[history].build(table, [first], seen[history])
        columns += _columns(history, built[history], seen)
    if not columns:
        raise NotEnoughData(
            f"no history has a row before cutoff {max(cutoffs)}; move the cutoff later or load more"
        )
    together = together_seen(built, columns)
    columns += together_columns(columns, together)
    return FeatureSpec(
        tuple(columns), tuple(built), histories.attributes, seen | {"together": together}
    )


def build_features(
    histories: Histories,
    spec: FeatureSpec,
    cutoffs: Sequence[date],
    population: ir.Table,
    *,
    at_once: int = AT_ONCE_IN_A_FRAME,
    progress: Progress = silent,
) -> pd.DataFrame:
    """Build the features of a population.

    Parameters
    ----------
    histories : Histories
    spec : FeatureSpec
        From `learn_spec`, at training.
    cutoffs : sequence of date
    population : ibis Table
        `customer_id` and `cutoff_day`: who gets a row at which cutoff.
    at_once : int
        Customers computed at a time.
    progress : Progress

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
    everyone = population.filter(population[CUTOFF_DAY].isin(days))
    if histories.backend.name != "duckdb":
        finished = finished_table(histories.tables, spec, days, everyone)
        with fetched(finished.order_by(*reversed(KEYS))) as found:
            return frame_of(found.parts(), found.rows, spec)
    with _staged(histories, spec, everyone) as stage:
        size = stage.rows * len(spec.columns) * BYTES
        with leaving_room(histories.backend, size):
            query = stage.query(_finished_part(stage, spec))
            parts = _counted(stage.parts(days, at_once), progress)
            return frame_of((query.fetch(part) for part in parts), stage.rows, spec)


def write_features(
    histories: Histories,
    spec: FeatureSpec,
    cutoffs: Sequence[date],
    population: ir.Table,
    folder: str | Path,
    *,
    at_once: int = AT_ONCE,
    progress: Progress = silent,
) -> None:
    """Build the features of a population and have the engine write them, with no frame between.

    Parameters
    ----------
    histories, spec, cutoffs, population, at_once, progress
        As for `build_features`.
    folder : str or Path
        Not there yet. Gets Parquet files that hold the same numbers as the frame of
        `build_features`, their rows in no order: by DuckDB one per cutoff and part of the
        customers, by Spark's executors one per task, also at a URL of Spark's.

    Raises
    ------
    ModelError
        A history or attribute that the model was trained on is not described any more.
    """
    _require(histories, spec)
    days = sorted({day_number(cutoff) for cutoff in cutoffs})
    everyone = population.filter(population[CUTOFF_DAY].isin(days))
    if histories.backend.name != "duckdb":
        finished = finished_table(histories.tables, spec, days, everyone)
        write_parquet(shown_table(finished, days), folder)
        return
    Path(folder).mkdir(parents=True)
    with _staged(histories, spec, everyone) as stage:
        finished = _finished_part(stage, spec)
        query, columns = stage.query(finished), shown_sql(finished)
        for part in _counted(stage.parts(days, at_once), progress):
            file = Path(folder) / f"{date_of(part.cutoff_day)}-{part.first:09}.parquet"
            query.write(part, file, columns)


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
    beside = population.filter(population[CUTOFF_DAY].isin(days))
    for history in spec.histories:
        built = BUILDERS[history].build(tables[history], days, spec.seen[history])
        # joined all at once, selected from once: a select between joins makes the query ever deeper
        beside = beside.left_join(built, list(KEYS), rname="{name}_of_" + history)
    together = together_features(beside, spec.seen.get("together", {}))
    values = {name: beside[name] for name in beside.columns} | together
    return beside.select(
        *KEYS,
        *(_finished(values[column.name], column) for column in spec.columns),
    )


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


def _finished(value: ir.Value, column: Column) -> ir.Value:
    if column.kind == "category":
        return value.name(column.name)
    if describe(column.name).when_absent == "zero":
        value = value.fill_null(0)
    return value.cast("float64").name(column.name)


def _staged(
    histories: Histories, spec: FeatureSpec, everyone: ir.Table
) -> AbstractContextManager[Stage]:
    return staged(
        histories.backend,
        {name: histories.tables[name] for name in spec.histories},
        everyone,
        reduce=lambda name, table: BUILDERS[name].reduce(table, spec.seen[name]),
        fixed_text=spec.to_json(),
    )


def _finished_part(stage: Stage, spec: FeatureSpec) -> ir.Table:
    return finished_table(stage.tables, spec, [stage.placeholder.cutoff_day], stage.population)


def _counted(parts: Sequence[Part], progress: Progress) -> Iterator[Part]:
    for done, part in enumerate(parts):
        progress("build features", done, len(parts))
        yield part
    progress("build features", len(parts), len(parts))


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
