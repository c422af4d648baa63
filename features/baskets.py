"""What were a customer's orders made of, what did they earn, and what came back?

Two halves for each question: what is added up over the orders in the one pass that
`features.orders` makes, and the features made from those sums.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from functools import reduce

import ibis
import ibis.expr.types as ir

from features.aggregates import per_ring, windows_of
from features.seen import Seen, column_names, filled_columns, top_values
from features.windows import WINDOWS

LONGEST = max(WINDOWS)
REFUND_WINDOWS = (91, LONGEST)
DISCOUNT_WINDOWS = (91, LONGEST)
KIND_WINDOWS = (182, LONGEST)
"""Categories are counted in the first; one of the second that the first lacks was dropped."""
TOP_CATEGORIES = 5
TOP_CHANNELS = 4
_OPTIONAL = ("discount", "margin")


def baskets_seen(table: ir.Table) -> Seen:
    """Most frequent categories and channels, and which amounts the company records.

    Parameters
    ----------
    table : ibis Table
        The rows of `orders` known before the last training cutoff.
    """
    return {
        "category": top_values(table, "category", TOP_CATEGORIES),
        "channel": top_values(table, "channel", TOP_CHANNELS),
        "filled": filled_columns(table, _OPTIONAL),
    }


def with_kinds(rows: ir.Table, seen: Seen) -> ir.Table:
    """Put a number in place of category and channel: text is then compared once, not often."""
    kinds = [kind for kind in ("category", "channel") if seen[kind]]
    return rows.mutate(**{f"{kind}_number": _number_of(rows, kind, seen) for kind in kinds})


def basket_sums(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    """Aggregates over the orders of `features.rfm.in_sequence`, with their kinds."""
    return _refund_sums(rows) | _amount_sums(rows, seen) | _kind_sums(rows, seen)


def basket_features(sums: ir.Table, levels: dict[str, ir.Value], seen: Seen) -> dict[str, ir.Value]:
    """Features from those aggregates, beside `levels`: the counts and spend of the windows."""
    found = _refunds(sums, levels)
    if "discount" in seen["filled"]:
        found |= _discounts(sums, levels)
    if "margin" in seen["filled"]:
        found[f"margin_share_{LONGEST}d"] = percent_of(sums.margin, sums.spend_with_margin)
    if seen["category"]:
        found |= _categories(sums, seen)
    if seen["channel"]:
        found |= _channels(sums, seen)
    return found


def money(amounts: ir.Value, where: ir.BooleanValue | None = None) -> ir.Value:
    """Sum money, rounded where no currency looks: the order of adding must not show."""
    # on DuckDB a third faster than to filter the aggregate; on Spark a count is then never missing
    return (amounts if where is None else ibis.cases((where, amounts))).sum().round(6)


def how_often(where: ir.BooleanValue) -> ir.Value:
    """Count the rows that meet a condition."""
    return ibis.cases((where, 1)).count()


def ratio(part: ir.Value, whole: ir.Value) -> ir.Value:
    """Divide as float64 on every engine; missing where the whole is 0."""
    return part.cast("float64") / whole.cast("float64").nullif(0.0)


def percent_of(part: ir.Value, whole: ir.Value) -> ir.Value:
    """Return the share in percent; missing where the whole is 0."""
    return ratio(part, whole) * 100.0


def _refund_sums(rows: ir.Table) -> dict[str, ir.Value]:
    """Refunds booked as a negative amount on their own day, or as the day of an order's refund."""
    found: dict[str, ir.Value] = {"newest_refund": rows.refund_age.min()}
    for days in REFUND_WINDOWS:
        recent = rows.refund_age < days
        found[f"refunds_{days}d"] = how_often(recent)
        found[f"refund_amount_{days}d"] = money(rows.refund, recent)
    return found


def _refunds(sums: ir.Table, levels: dict[str, ir.Value]) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {
        f"refunds_{days}d": sums[f"refunds_{days}d"] for days in REFUND_WINDOWS
    }
    for days in REFUND_WINDOWS:
        found[f"refund_amount_{days}d"] = sums[f"refund_amount_{days}d"].fill_null(0)
    share = percent_of(found[f"refund_amount_{LONGEST}d"], levels[f"spend_{LONGEST}d"])
    return found | {
        f"refund_share_{LONGEST}d": share,
        "days_since_refund": sums.newest_refund + 1,
    }


def _amount_sums(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    recent = rows.age < LONGEST
    found: dict[str, ir.Value] = {}
    if "discount" in seen["filled"]:
        found |= per_ring("discounted", DISCOUNT_WINDOWS, _counting(rows.discount > 0), rows)
        found["discount"] = money(rows.discount, recent)
    if "margin" in seen["filled"]:
        known = recent & rows.margin.notnull()
        found["margin"] = money(rows.margin, known)
        found["spend_with_margin"] = money(rows.amount, known)
    return found


def _discounts(sums: ir.Table, levels: dict[str, ir.Value]) -> dict[str, ir.Value]:
    discounted = windows_of("discounted", DISCOUNT_WINDOWS, sums)
    recent, usual = (
        percent_of(discounted[f"discounted_{days}d"], levels[f"count_{days}d"])
        for days in DISCOUNT_WINDOWS
    )
    before = sums.discount.fill_null(0) + levels[f"spend_{LONGEST}d"]
    return {
        f"discounted_share_{LONGEST}d": usual,
        "discounted_share_change_91d": recent - usual,
        f"discount_share_{LONGEST}d": percent_of(sums.discount.fill_null(0), before),
    }


def _kind_sums(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    for number in range(len(seen["category"])):
        same = _counting(rows.category_number == number)
        found |= per_ring(f"category_{number}", KIND_WINDOWS, same, rows)
    for number in range(len(seen["channel"])):
        found[f"channel_{number}"] = how_often(rows.channel_number == number)
    if seen["category"]:
        found["with_category"] = how_often(rows.category_number.notnull())
    return found


def _number_of(rows: ir.Table, kind: str, seen: Seen) -> ir.Value:
    """Place of the value among those seen, and one for all others; missing for old orders."""
    others = (rows[kind].notnull(), len(seen[kind]))
    known = [(rows[kind] == value, number) for number, value in enumerate(seen[kind])]
    return ibis.cases((rows.age < LONGEST, ibis.cases(*known, others)))


def _categories(sums: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    short, long = KIND_WINDOWS
    each = [
        windows_of(f"category_{number}", KIND_WINDOWS, sums)
        for number in range(len(seen["category"]))
    ]
    lately = [counts[f"category_{number}_{short}d"] for number, counts in enumerate(each)]
    ever = [counts[f"category_{number}_{long}d"] for number, counts in enumerate(each)]
    dropped = [(before > 0) & (now == 0) for before, now in zip(ever, lately, strict=True)]
    names = column_names(seen["category"])
    return {
        **{f"category_{name}_{short}d": n for name, n in zip(names, lately, strict=True)},
        f"distinct_categories_{long}d": _how_many([count > 0 for count in ever]),
        f"categories_dropped_{short}d": _how_many(dropped),
        f"favourite_category_share_{long}d": percent_of(_most(ever), sums.with_category),
    }


def _channels(sums: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    counts = [sums[f"channel_{number}"] for number in range(len(seen["channel"]))]
    names = column_names(seen["channel"])
    return {
        **{f"channel_{name}_{LONGEST}d": n for name, n in zip(names, counts, strict=True)},
        f"distinct_channels_{LONGEST}d": _how_many([count > 0 for count in counts]),
    }


def _counting(also: ir.BooleanValue) -> Callable[[ir.BooleanValue], ir.Value]:
    return lambda ring: how_often(ring & also)


def _how_many(conditions: list[ir.Value]) -> ir.Value:
    return reduce(operator.add, (ibis.ifelse(condition, 1, 0) for condition in conditions))


def _most(counts: list[ir.Value]) -> ir.Value:
    return reduce(lambda most, count: ibis.greatest(most, count), counts)
