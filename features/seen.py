"""Which kinds of event, categories and levels did training see? Chosen once, then frozen.

A kind that first appears after the last training cutoff never makes a column: scoring builds the
columns that training built, whatever the data holds by then.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

import ibis
import ibis.expr.types as ir

Seen = Mapping[str, tuple[str, ...]]
"""What a builder saw in one history: what it is about -> the values, most frequent first."""

OTHER = "(other)"


def top_values(table: ir.Table, column: str, most: int, *, at_least: int = 1) -> tuple[str, ...]:
    """Return the most frequent values of a text column, ties in order of the alphabet.

    Parameters
    ----------
    most : int
        How many values at most.
    at_least : int
        Rows that a value must have.
    """
    values = table.filter(table[column].notnull()).group_by(value=table[column])
    counts = values.aggregate(rows=lambda rows: rows.count())
    frequent = counts.filter(counts.rows >= at_least)
    top = frequent.order_by(ibis.desc("rows"), "value").limit(most)
    return tuple(top.to_pyarrow()["value"].to_pylist())


def filled_columns(table: ir.Table, columns: Sequence[str]) -> tuple[str, ...]:
    """Return those columns that hold at least one value: the others were not mapped."""
    if not columns:
        return ()
    counts = table.aggregate(**{name: table[name].count() for name in columns})
    found = counts.to_pyarrow().to_pylist()[0]
    return tuple(name for name in columns if found[name] > 0)


def column_names(values: Sequence[str]) -> tuple[str, ...]:
    """Return names for values that may stand in a column's name, each only once.

    Examples
    --------
    >>> column_names(["Log in", "log-in", "export.csv"])
    ('log_in', 'log_in_2', 'export_csv')
    """
    names: list[str] = []
    for value in values:
        plain = re.sub(r"\W+", "_", value.casefold()).strip("_") or "blank"
        name, count = plain, 1
        while name in names:
            count += 1
            name = f"{plain}_{count}"
        names.append(name)
    return tuple(names)


def levels_column(text: ir.StringValue, levels: Sequence[str], rare: Sequence[str]) -> ir.Value:
    """Return text as one of its frozen levels: rare ones folded into one, unseen ones missing."""
    kept = [(text.isin([level for level in levels if level != OTHER]), text)]
    folded = [(text.isin(list(rare)), ibis.literal(OTHER))] if rare else []
    return ibis.cases(*kept, *folded)
