"""What do two histories say together: trouble per use, price per use, silence everywhere?

Learned once and frozen, like what the builders saw: the columns from the last training cutoff, the
usual answers from the first. Made from the columns of the builders once they stand beside each
other, so it can't see more than they do.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from functools import reduce
from typing import Any

import ibis
import ibis.expr.types as ir

from features.known import KEYS
from features.seen import Seen
from features.spec import Column
from features.vocabulary import describe

PREFIX = "together_"
RATIOS: Mapping[str, tuple[str, str, float]] = {
    "tickets_per_active_day_91d": ("tickets_opened_91d", "usage_active_days_91d", 1.0),
    "tickets_per_100_events_91d": ("tickets_opened_91d", "usage_events_91d", 100.0),
    "tickets_per_100_events_364d": ("tickets_opened_364d", "usage_events_364d", 100.0),
    "tickets_per_order_364d": ("tickets_opened_364d", "orders_count_364d", 1.0),
    "spend_per_event_91d": ("orders_spend_91d", "usage_events_91d", 1.0),
    "price_per_event_28d": ("subscriptions_monthly_amount", "usage_events_28d", 1.0),
    "price_per_active_day_28d": ("subscriptions_monthly_amount", "usage_active_days_28d", 1.0),
}
"""Column -> what is divided by what, and times what; missing where the divisor is 0."""
SIGNS_OF_LIFE = ("usage", "tickets", "surveys", "orders", "mentions")
"""Histories whose rows are the customer's own doing: bills and terms come by themselves."""
SILENCE_WINDOWS = (28, 91)
INSTRUMENTS = ("nps", "csat", "ces", "ins")
MOST_SEGMENTS = 20
FEWEST_ANSWERS = 20
"""Customers of a segment that must have answered; below it, everyone's mean is used."""
_PLAN = "subscriptions_plan"
_NEVER = 1e9


def together_seen(built: Mapping[str, ir.Table], columns: Sequence[Column]) -> Seen:
    """Which columns can be combined, what the segments are, and what they usually answer.

    Parameters
    ----------
    built : mapping of str to ibis Table
        History -> its builder's columns at the first training cutoff.
    columns : sequence of Column
        The columns of all builders.

    Returns
    -------
    Seen
        Names of columns; and for each instrument the usual answers, as text: one per segment, in
        the order of the levels, and everyone's at the end; none where nobody had answered yet.
    """
    names = {column.name for column in columns}
    lasts = [f"{history}_days_since_last" for history in SIGNS_OF_LIFE]
    seen = {
        "ratios": tuple(name for name, (part, of, _) in RATIOS.items() if {part, of} <= names),
        "signs_of_life": tuple(name for name in lasts if name in names),
    }
    segment = _segment(columns)
    if segment is None or "surveys" not in built:
        return seen
    asked = [name for name in INSTRUMENTS if f"surveys_{name}_last" in names]
    usual = _usual_answers(_beside(built, segment), segment, asked)
    if not usual:
        return seen
    return seen | {"segment": (segment.name,), "levels": segment.levels} | usual


def together_features(joined: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    """Columns made of the columns of several histories.

    Parameters
    ----------
    joined : ibis Table
        The columns of all builders beside each other, one row per customer and cutoff.
    seen : Seen
        From `together_seen`; of a model without it, empty.

    Returns
    -------
    dict of str to ibis column
        By the names that `features.vocabulary` describes.
    """
    features = {name: _ratio(joined, *RATIOS[name]) for name in seen.get("ratios", ())}
    if len(seen.get("signs_of_life", ())) > 1:
        features |= _silence([_filled(joined, name) for name in seen["signs_of_life"]])
    if "segment" in seen:
        features |= _to_segment(joined, seen)
    return {f"{PREFIX}{name}": value for name, value in features.items()}


def together_columns(columns: Sequence[Column], seen: Seen) -> tuple[Column, ...]:
    """Columns that `together_features` makes of these columns, in its order."""
    kinds = {each.name: "string" if each.kind == "category" else "float64" for each in columns}
    return tuple(map(Column, together_features(ibis.table(kinds, name="joined"), seen)))


def _filled(joined: ir.Table, name: str) -> ir.FloatingValue:
    value = joined[name].cast("float64")
    absent = {"zero": 0.0, "missing": None}[describe(name).when_absent]
    return value if absent is None else value.fill_null(absent)


def _ratio(joined: ir.Table, part: str, of: str, times: float) -> ir.Value:
    return times * _filled(joined, part) / _filled(joined, of).nullif(0.0)


def _silence(days_since_last: Sequence[ir.FloatingValue]) -> dict[str, ir.Value]:
    # engines disagree on the least of a null: so never is a number
    ages = [days.fill_null(_NEVER) for days in days_since_last]
    found: dict[str, ir.Value] = {"days_since_last": ibis.least(*ages).nullif(_NEVER)}
    for window in SILENCE_WINDOWS:
        silent = [ibis.ifelse(age > window, 1, 0).cast("int64") for age in ages]
        shares = 100.0 * reduce(operator.add, silent).cast("float64") / len(ages)
        found[f"silent_share_{window}d"] = shares
    return found


# Segments -------------------------------------------------------------------------------------


def _segment(columns: Sequence[Column]) -> Column | None:
    """Choose what tells customers apart: their plan, or else the coarsest static attribute."""
    kinds = [column for column in columns if 2 <= len(column.levels) <= MOST_SEGMENTS]
    attributes = [column for column in kinds if column.name.startswith("customers_")]
    plans = [column for column in kinds if column.name == _PLAN]
    coarsest = sorted(attributes, key=lambda column: len(column.levels))
    return next(iter(plans + coarsest), None)


def _beside(built: Mapping[str, ir.Table], segment: Column) -> ir.Table:
    """Put each respondent's segment beside the answers."""
    history = segment.name.split("_")[0]
    return built["surveys"].left_join(built[history], list(KEYS))


def _usual_answers(
    answers: ir.Table, segment: Column, asked: Sequence[str]
) -> dict[str, tuple[str, ...]]:
    lasts = {name: answers[f"surveys_{name}_last"] for name in asked}
    totals = {f"{name}_total": last.sum().round(6) for name, last in lasts.items()}
    counts = {f"{name}_count": last.count() for name, last in lasts.items()}
    found = answers.group_by(level=answers[segment.name]).aggregate(**totals, **counts)
    rows = found.to_pyarrow().to_pylist()
    answered = [name for name in asked if any(row[f"{name}_count"] for row in rows)]
    return {name: tuple(map(repr, _means(rows, name, segment.levels))) for name in answered}


def _means(rows: Sequence[dict[str, Any]], name: str, levels: Sequence[str]) -> list[float]:
    """Mean of each level, and everyone's at the end."""
    sums = {row["level"]: (row[f"{name}_total"] or 0.0, row[f"{name}_count"]) for row in rows}
    total, count = (sum(each[i] for each in sums.values()) for i in (0, 1))
    everyone = round(total / count, 6)
    own = [sums.get(level, (0.0, 0)) for level in levels]
    return [round(t / n, 6) if n >= FEWEST_ANSWERS else everyone for t, n in own] + [everyone]


def _to_segment(joined: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    segment = joined[seen["segment"][0]]
    for name in (instrument for instrument in INSTRUMENTS if instrument in seen):
        *own, everyone = (float(mean) for mean in seen[name])
        usual = segment.cases(*zip(seen["levels"], own, strict=True), else_=everyone)
        last = joined[f"surveys_{name}_last"].cast("float64")
        found[f"{name}_to_segment"] = last - usual.cast("float64")
    return found
