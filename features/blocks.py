"""How uneven are counts over equal stretches of time, and are they rising or falling?

The stretches end at the cutoff, the newest first. Only those count that the customer lived through
whole: before its first row a customer was not silent, but not there.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping, Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from features.aggregates import step_by_step


def with_unevenness(
    table: ir.Table, counts: Mapping[str, Sequence[ir.Value]], lived: Mapping[str, ir.Value]
) -> ir.Table:
    """Add how uneven counts over equal blocks of time are, and where they are heading.

    Parameters
    ----------
    table : ibis Table
    counts : mapping of str to sequence of integer columns
        Name of what is counted -> its count in each block, the newest first.
    lived : mapping of str to integer column
        Name -> blocks that the customer lived through whole.

    Returns
    -------
    ibis Table
        The columns of `table` and, of float64, both missing below two blocks and where all are 0:
        ``<name>_variation``, the standard deviation (n - 1) of a block over the mean, and
        ``<name>_slope``, that of the least-squares line through the blocks, over the mean: -0.1
        says that every block has 10 % of the mean less than the one before it.
    """
    blocks: dict[str, ir.Value] = {}
    for name, values in counts.items():
        blocks[f"{name}_n"] = ibis.least(lived[name], len(values)).cast("float64")
        for number, value in enumerate(values):
            within = ibis.ifelse(lived[name] > number, value, 0)
            blocks[_block(name, number)] = within.cast("float64")
    wide = step_by_step(table.mutate(**blocks))
    sums: dict[str, ir.Value] = {}
    for name in counts:
        each = [wide[_block(name, number)] for number in range(len(counts[name]))]
        sums[f"{name}_total"] = _sum(each)
        sums[f"{name}_squares"] = _sum([count * count for count in each])
        sums[f"{name}_moment"] = _sum([count * number for number, count in enumerate(each)])
    narrow = wide.select(*table.columns, *(f"{name}_n" for name in counts), **sums)
    narrow = step_by_step(narrow)
    found = {f"{name}_variation": _variation(narrow, name) for name in counts}
    found |= {f"{name}_slope": _slope(narrow, name) for name in counts}
    return narrow.select(*table.columns, **found)


def _variation(sums: ir.Table, name: str) -> ir.Value:
    n, total = sums[f"{name}_n"], sums[f"{name}_total"]
    spread = ibis.greatest(n * sums[f"{name}_squares"] - total * total, 0.0)
    return (spread / (n * (n - 1.0)).nullif(0.0)).sqrt() / _mean(sums, name)


def _slope(sums: ir.Table, name: str) -> ir.Value:
    n, total = sums[f"{name}_n"], sums[f"{name}_total"]
    # time runs against the number of the block, hence the sign of the moment
    slope = ((n - 1.0) / 2.0 * total - sums[f"{name}_moment"]) * 12.0
    return slope / (n * (n * n - 1.0)).nullif(0.0) / _mean(sums, name)


def _mean(sums: ir.Table, name: str) -> ir.Value:
    return (sums[f"{name}_total"] / sums[f"{name}_n"].nullif(0.0)).nullif(0.0)


def _block(name: str, number: int) -> str:
    return f"{name}_block_{number}"


def _sum(values: Sequence[ir.Value]) -> ir.Value:
    return reduce(operator.add, values)
