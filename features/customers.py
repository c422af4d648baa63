"""Who is a customer, as far as it was known at the cutoff and never changes?"""

from __future__ import annotations

from collections.abc import Sequence

import ibis.expr.types as ir

from features.errors import DataError, ModelError
from features.known import CUTOFF_DAY, KEYS, known_at
from features.seen import OTHER, Seen, filled_columns, levels_column, top_values

MOST_LEVELS = 20
MOST_RARE = 500
COMMON_FROM = 20
"""Customers that a level needs to stand by itself; the rarer ones are folded into one."""
RARE = "rare values of "
"""Stands before an attribute's name where its folded levels are kept."""


def customers_seen(table: ir.Table, attributes: Sequence[str] = ()) -> Seen:
    """Levels of the static attributes, and whether sign-up times are recorded.

    Parameters
    ----------
    table : ibis Table
        The rows of `customers` known before the last training cutoff.
    attributes : sequence of str
        Those that the config declares static.

    Raises
    ------
    DataError
        An attribute is neither a number nor text.
    """
    seen: dict[str, tuple[str, ...]] = {"filled": filled_columns(table, ("signed_up_day",))}
    texts = [name for name in attributes if _is_text(table, name)]
    seen["numbers"] = filled_columns(table, [name for name in attributes if name not in texts])
    seen["texts"] = filled_columns(table, texts)
    for name in seen["texts"]:
        values = top_values(table, name, MOST_LEVELS + MOST_RARE)
        common = top_values(table, name, MOST_LEVELS, at_least=COMMON_FROM)
        rare = tuple(value for value in values if value not in common)
        seen[name] = (*common, OTHER) if rare else common
        seen[RARE + name] = rare
    return seen


def customers_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Customer features, one row per customer and cutoff at which the customer was known.

    Parameters
    ----------
    table : ibis Table
        The normalised `customers`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `customers_seen`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = known_at("customers", table, cutoffs)
    found: dict[str, ir.Value] = {}
    if seen["filled"]:
        found["days_since_signup"] = rows[CUTOFF_DAY] - rows.signed_up_day
    for name in seen["numbers"]:
        if rows[name].type().is_string():
            raise ModelError(
                f"customers: attribute '{name}' was a number when the model was trained and is "
                "text now; mend the column or retrain"
            )
        found[name] = _number(rows[name])
    for name in seen["texts"]:
        found[name] = levels_column(rows[name], seen[name], seen[RARE + name])
    return rows.select(*KEYS, **{f"customers_{name}": value for name, value in found.items()})


def _number(value: ir.Value) -> ir.Value:
    # PostgreSQL makes no double of a boolean
    return (value.cast("int32") if value.type().is_boolean() else value).cast("float64")


def _is_text(table: ir.Table, name: str) -> bool:
    kind = table[name].type()
    if kind.is_string():
        return True
    if kind.is_numeric() or kind.is_boolean():
        return False
    raise DataError(
        f"customers: attribute '{name}' is of type {kind}; cast it to a number or to text "
        "under [histories.customers]"
    )
