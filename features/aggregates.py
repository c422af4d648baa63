"""How are many windows summed in one pass? Rings, and bit masks.

Neighbouring windows (7, 28, 91, ... days) overlap, so a row would be added to each of them. Here it
is added once, to the ring between two windows, and the rings of one customer are added up after.
``COUNT(DISTINCT day)`` costs five times the rest of such a query; a bit per day does not.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from itertools import accumulate, pairwise

import ibis
import ibis.expr.datatypes as dt
import ibis.expr.types as ir

MASK_BITS = 62
"""Periods in one mask: the bits of an int64 that leave its sign alone."""

Windows = Sequence[int]


@ibis.udf.agg.builtin(name="bit_or")  # type: ignore[untyped-decorator]
def union_of_bits(bits: int, where: bool = True) -> int:  # type: ignore[empty-body]
    """Union of bit sets; Ibis's own operation for it has no rule on Spark."""


@ibis.udf.scalar.builtin(name="bit_count")  # type: ignore[untyped-decorator]
def _bit_count(bits: dt.int64) -> dt.int8:
    """Number of bits set. On PostgreSQL it takes a bit string: cast there, nowhere else."""


def number_of_bits(bits: ir.Value) -> ir.Value:
    """Count the bits that are set."""
    return _bit_count(bits).cast("int64")  # DuckDB's int8 would overflow in a sum of three


def per_ring(
    measure: str, windows: Windows, aggregate: Callable[[ir.BooleanValue], ir.Value], rows: ir.Table
) -> dict[str, ir.Value]:
    """Aggregate each row once, into the ring of days that it lies in.

    Parameters
    ----------
    measure : str
        What is aggregated; the rings get names made from it, see `windows_of`.
    windows : sequence of int
        Ascending lengths in days.
    aggregate : callable, condition -> aggregate
        Of the rows that meet the condition.
    rows : ibis Table
        As `known_at` gives them, with `age`.
    """
    rings = pairwise((0, *windows))
    return {
        _ring(measure, end): aggregate((rows.age >= start) & (rows.age < end))
        for start, end in rings
    }


def windows_of(measure: str, windows: Windows, rings: ir.Table) -> dict[str, ir.Value]:
    """Add the rings of `per_ring` up to windows: ``<measure>_<days>d``, 0 where no row lay."""
    values = (rings[_ring(measure, days)].fill_null(0) for days in windows)
    return {
        f"{measure}_{days}d": value for days, value in zip(windows, accumulate(values), strict=True)
    }


def period_masks(measure: str, days: int, longest: int, rows: ir.Table) -> dict[str, ir.Value]:
    """Aggregates that keep one bit per period before the cutoff in which there was a row.

    Parameters
    ----------
    measure : str
        The masks get names made from it, see `active_periods`.
    days : int
        Length of a period: 1 for days, 7 for weeks.
    longest : int
        Days before the cutoff that are kept.
    """
    period = rows.age if days == 1 else rows.age // days
    bit = _bit(period if longest // days <= MASK_BITS else period % MASK_BITS)
    return {
        _mask(measure, start): union_of_bits(
            bit, where=(rows.age >= start * days) & (rows.age < min(longest, end * days))
        )
        for start, end in _masks(longest // days)
    }


def active_periods(measure: str, days: int, window: int, masks: ir.Table) -> ir.Value:
    """Count the periods of the last `window` days whose bit `period_masks` has set."""
    counts = [
        number_of_bits(masks[_mask(measure, start)].fill_null(0) & _ones(end - start))
        for start, end in _masks(window // days)
    ]
    return reduce(operator.add, counts)


def rate_over(
    short: int, long: int, counts: Mapping[str, ir.Value], measure: str, lived: ir.Value
) -> ir.Value:
    """Daily rate in a short window over the daily rate in a long one; missing without rows.

    Parameters
    ----------
    lived : ibis column
        Days since the customer's first row: the part of a window before it is nobody's, and would
        make every newcomer look like a growing customer.
    """
    recent = counts[f"{measure}_{short}d"] / ibis.least(short, lived)
    usual = counts[f"{measure}_{long}d"] / ibis.least(long, lived)
    return recent / usual.nullif(0)


def _masks(periods: int) -> list[tuple[int, int]]:
    starts = range(0, periods, MASK_BITS)
    return [(start, min(start + MASK_BITS, periods)) for start in starts]


def _bit(position: ir.Value) -> ir.Value:
    # shifted right from a literal that is 64 bits wide everywhere: 1 << 40 is an int32 overflow
    highest = ibis.literal(2 ** (MASK_BITS - 1), "int64")
    return highest >> (MASK_BITS - 1 - position).cast("int32")


def _ones(bits: int) -> ir.Value:
    return ibis.literal(2**bits - 1, "int64")


def _ring(measure: str, end: int) -> str:
    return f"{measure}_ring_{end}"


def _mask(measure: str, start: int) -> str:
    return f"{measure}_mask_{start}"
