"""How are many windows summed in one pass? Rings, and bit masks.

Neighbouring windows (7, 28, 91, ... days) overlap, so a row would be added to each of them. Here it
is added once, to the ring between two windows, and the rings of one customer are added up after.
``COUNT(DISTINCT day)`` costs five times the rest of such a query; a bit per day does not.

Where there are dozens of aggregates, the condition belongs into the value (`how_many`, `total`):
for each aggregate with a FILTER, DuckDB slices the inputs of all of them, and 56 took three times
as long.
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
_MORE_THAN_ALL = 2**62
"""Rows: a limit that leaves nothing out."""


@ibis.udf.agg.builtin(name="bit_or")  # type: ignore[untyped-decorator]
def union_of_bits(bits: int, where: bool = True) -> int:  # type: ignore[empty-body]
    """Union of bit sets; Ibis's own operation for it has no rule on Spark."""


@ibis.udf.scalar.builtin(name="bit_count")  # type: ignore[untyped-decorator]
def _bit_count(bits: dt.int64) -> dt.int8:
    """Number of bits set, on DuckDB and Spark."""


@ibis.udf.scalar.builtin(name="bit_count")  # type: ignore[untyped-decorator]
def _bits_of_bytes(sent: bytes) -> int:  # type: ignore[empty-body]
    """Number of bits set, on PostgreSQL: there only bytes and bit strings are counted."""


@ibis.udf.scalar.builtin(name="int8send")  # type: ignore[untyped-decorator]
def _as_bytes(number: dt.int64) -> bytes:  # type: ignore[empty-body]
    """The eight bytes of a number, on PostgreSQL."""


def number_of_bits(bits: ir.Value) -> ir.Value:
    """Count the bits that are set."""
    if _is_on_postgres(bits):
        return _bits_of_bytes(_as_bytes(bits.cast("int64"))).cast("int64")
    return _bit_count(bits).cast("int64")  # DuckDB's int8 would overflow in a sum of three


def how_many(condition: ir.BooleanValue, weight: ir.Value | None = None) -> ir.Value:
    """Count the rows that meet a condition, which is never null; or add up their weights."""
    one = condition.cast("int32")
    return one.sum() if weight is None else (one * weight).sum().cast("int64")


def total(amount: ir.FloatingValue, condition: ir.BooleanValue) -> ir.Value:
    """Add up the finite amounts of the rows that meet a condition, which is never null."""
    return (amount * condition.cast("int32").cast("float64")).sum().round(6)


def mean_of(amount: ir.FloatingValue, where: ir.BooleanValue) -> ir.Value:
    """Mean of the amounts of the rows that meet a condition; missing without one.

    The sum depends on the order of the rows in its last digits. Halved five times over it may lie
    between two neighbours of `features.frames.DECIMALS` decimals: so it is rounded before.
    """
    return amount.sum(where=where).round(6) / amount.count(where=where).cast("float64").nullif(0.0)


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


def between(measure: str, start: int, end: int, windows: Windows, rings: ir.Table) -> ir.Value:
    """Add up the rings of `per_ring` that lie in ``[start, end)``, both ends of rings."""
    inside = [rings[_ring(measure, days)].fill_null(0) for days in windows if start < days <= end]
    return reduce(operator.add, inside)


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
    # a bit is computed for the rows outside too, and a shift is only defined within the mask
    bit = _bit((rows.age if days == 1 else rows.age // days) % MASK_BITS)
    found = {}
    for start, end in _masks(longest // days):
        inside = (rows.age >= start * days) & (rows.age < min(longest, end * days))
        found[_mask(measure, start)] = union_of_bits(ibis.ifelse(inside, bit, _ones(0)))
    return found


def active_periods(measure: str, days: int, window: int, masks: ir.Table) -> ir.Value:
    """Count the periods of the last `window` days whose bit `period_masks` has set."""
    counts = [
        number_of_bits(masks[_mask(measure, start)].fill_null(0) & _ones(end - start))
        for start, end in _masks(window // days)
    ]
    return reduce(operator.add, counts)


def newest_mask(measure: str, masks: ir.Table) -> ir.Value:
    """Return the mask of the last 62 periods: bit 0 is the newest; 0 where no row lay."""
    return masks[_mask(measure, 0)].fill_null(0)


def ones_below(periods: ir.Value) -> ir.Value:
    """Return a mask of the newest periods, from 1 up to 61 of them."""
    return _bit(periods) - 1


def current_run(mask: ir.Value) -> ir.Value:
    """Count the periods in a row, back from the newest, whose bit is set."""
    # -2 - x is ~(x + 1), which Ibis writes without its parentheses
    return number_of_bits(mask & (ibis.literal(-2, "int64") - mask))


def with_longest_runs(table: ir.Table, **masks: ir.Value) -> ir.Table:
    """Add the length of the longest run of set bits of each mask.

    A mask shifted onto itself keeps the bits where a run of two begins; that, shifted by two, those
    where a run of four does. From the longest such step down, a step is taken where a run survives.

    Parameters
    ----------
    table : ibis Table
    **masks : int64 columns of it, in [0, 2 ** 62)
        By the names that the lengths get.

    Returns
    -------
    ibis Table
        The columns of `table`, and one of int64 for each mask.
    """
    steps = [2**power for power in range(MASK_BITS.bit_length())]
    begun: dict[str, ir.Value] = {}
    for name, mask in masks.items():
        begun |= {name: ibis.literal(0, "int64"), _run(name, 0): _ones(MASK_BITS)}
        for step in steps:
            begun[_run(name, step)] = mask
            mask = mask & _shifted(mask, step)
    kept = step_by_step(table.mutate(**begun))
    for step in reversed(steps):
        taken: dict[str, ir.Value] = {}
        for name in masks:
            further = kept[_run(name, 0)] & _shifted(kept[_run(name, step)], kept[name])
            taken[_run(name, 0)] = ibis.ifelse(further > 0, further, kept[_run(name, 0)])
            taken[name] = kept[name] + ibis.ifelse(further > 0, step, 0)
        used = [_run(name, step) for name in masks]
        kept = step_by_step(kept.mutate(**taken).drop(*used))
    return kept.drop(*(_run(name, 0) for name in masks))


def step_by_step(table: ir.Table) -> ir.Table:
    """Return a table as it is, to be computed before what follows from it.

    Ibis would try to write both as one SELECT: at length, with each value where it is used.
    """
    if _is_on_postgres(table):
        # it flattens what is merely nested: planning then takes gigabytes
        return table.limit(_MORE_THAN_ALL)
    return table.view()


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


def _is_on_postgres(what: ir.Expr) -> bool:
    backends, _ = what._find_backends()
    return any(backend.name == "postgres" for backend in backends)


def _masks(periods: int) -> list[tuple[int, int]]:
    starts = range(0, periods, MASK_BITS)
    return [(start, min(start + MASK_BITS, periods)) for start in starts]


def _bit(position: ir.Value) -> ir.Value:
    # shifted right from a literal that is 64 bits wide everywhere: 1 << 40 is an int32 overflow
    highest = ibis.literal(2 ** (MASK_BITS - 1), "int64")
    return _shifted(highest, MASK_BITS - 1 - position)


def _shifted(bits: ir.Value, by: ir.Value | int) -> ir.Value:
    by = ibis.literal(by, "int32") if isinstance(by, int) else by.cast("int32")
    return bits >> by


def _ones(bits: int) -> ir.Value:
    return ibis.literal(2**bits - 1, "int64")


def _ring(measure: str, end: int) -> str:
    return f"{measure}_ring_{end}"


def _mask(measure: str, start: int) -> str:
    return f"{measure}_mask_{start}"


def _run(name: str, step: int) -> str:
    return f"{name}_run_{step}"
