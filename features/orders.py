"""How much did a customer buy before the cutoff, in what rhythm, and is it slowing down?"""

from __future__ import annotations

import operator
from collections.abc import Sequence
from functools import reduce

import ibis
import ibis.expr.types as ir

from features.aggregates import (
    active_periods,
    between,
    newest_mask,
    number_of_bits,
    per_ring,
    period_masks,
    rate_over,
    windows_of,
)
from features.baskets import (
    basket_features,
    basket_sums,
    baskets_seen,
    how_often,
    money,
    percent_of,
    ratio,
    with_kinds,
)
from features.btyd import purchase_features
from features.known import KEYS, known_at
from features.rfm import in_sequence
from features.seen import Seen
from features.windows import WINDOWS

LONGEST = max(WINDOWS)
QUARTERS = (91, 182, 273, 364)
SPEND_RINGS = tuple(sorted({*WINDOWS, *QUARTERS}))
BLOCK = 28
BLOCKS = LONGEST // BLOCK
_PRIOR_GAPS = 2
"""Gaps of the usual deviation that are added to the customer's own: few gaps say little of it."""


def orders_seen(table: ir.Table) -> Seen:
    """Most frequent categories and channels, and which amounts the company records.

    Parameters
    ----------
    table : ibis Table
        The rows of `orders` known before the last training cutoff.
    """
    return baskets_seen(table)


def orders_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Order features, one row per customer and cutoff with a known order or refund.

    Parameters
    ----------
    table : ibis Table
        The normalised `orders`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `orders_seen`, and from `features.btyd.purchases_seen` where a fit was to be had.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = with_kinds(in_sequence(known_at("orders", table, cutoffs)), seen)
    sums = rows.group_by(KEYS).aggregate(**(_sums(rows) | basket_sums(rows, seen)))
    levels = _levels(sums)
    features = levels | _trends(sums, levels) | _rhythm(sums) | _values(sums, levels)
    features |= basket_features(sums, levels, seen) | _counting_rules(sums, seen)
    return sums.select(*KEYS, **{f"orders_{name}": value for name, value in features.items()})


def _sums(rows: ir.Table) -> dict[str, ir.Value]:
    off = rows.amount - rows.centre
    found: dict[str, ir.Value] = {
        "newest": rows.age.min(),
        "oldest": rows.age.max(),
        "orders": rows.age.count(),
        "days": how_often(rows.new_day),
        "spend": money(rows.amount),
        "largest": rows.amount.max(),
        "off": off.sum(),
        "off_squares": (off * off).sum(),
        "first_orders": how_often(rows.first),
        "first_spend": money(rows.amount, rows.first),
        "gap_squares": (rows.gap * rows.gap).sum(),
        "longest_gap": rows.gap.max(),
        "last_gap": rows.gap.max(where=rows.age == rows.silence - 1),
        "shorter_gaps": how_often(rows.gap < rows.silence),
        # day 0 was a Thursday
        "weekend": how_often((rows.age < LONGEST) & ((rows.day + 3) % 7 >= 5)),
    }
    found |= per_ring("count", WINDOWS, how_often, rows)
    found |= per_ring("days", WINDOWS, lambda ring: how_often(ring & rows.new_day), rows)
    found |= per_ring("spend", SPEND_RINGS, lambda ring: money(rows.amount, ring), rows)
    return found | period_masks("blocks", BLOCK, LONGEST, rows)


def _levels(sums: ir.Table) -> dict[str, ir.Value]:
    spend = windows_of("spend", SPEND_RINGS, sums)
    return {
        **windows_of("count", WINDOWS, sums),
        **windows_of("days", WINDOWS, sums),
        **{name: spend[name] for name in (f"spend_{days}d" for days in WINDOWS)},
    }


def _trends(sums: ir.Table, levels: dict[str, ir.Value]) -> dict[str, ir.Value]:
    lived = (sums.oldest + 1).cast("float64")
    rates = {name: value.cast("float64") for name, value in levels.items()}
    lately = ratio(levels["spend_91d"], ibis.least(lived, 91.0))
    value_lately = ratio(levels["spend_91d"], levels["count_91d"])
    value_first = ratio(sums.first_spend, sums.first_orders)
    return {
        "count_trend_28d": rate_over(28, 91, rates, "count", lived),
        "count_trend_91d": rate_over(91, LONGEST, rates, "count", lived),
        "spend_trend_28d": rate_over(28, 91, rates, "spend", lived),
        "spend_trend_91d": rate_over(91, LONGEST, rates, "spend", lived),
        "spend_91d_over_life": ratio(lately, ratio(sums.spend, lived)),
        # a first order that is more recent would be compared with itself
        "value_91d_over_first": ibis.cases((lived > 91, ratio(value_lately, value_first))),
        f"spend_variation_{LONGEST}d": _quarterly_variation(sums),
    }


def _quarterly_variation(sums: ir.Table) -> ir.Value:
    """Deviation over mean of the quarters that the customer lived through whole."""
    lived = (sums.oldest + 1) // 91
    whole = ibis.ifelse(lived < len(QUARTERS), lived, len(QUARTERS))
    each = [between("spend", end - 91, end, SPEND_RINGS, sums) for end in QUARTERS]
    total = _sum([ibis.ifelse(whole > number, spend, 0.0) for number, spend in enumerate(each)])
    mean = ratio(total, whole)
    squares = _sum(
        [
            ibis.ifelse(whole > number, (spend - mean) * (spend - mean), 0.0)
            for number, spend in enumerate(each)
        ]
    )
    sd = (squares / ibis.cases((whole > 1, whole - 1)).cast("float64")).sqrt()
    return ratio(sd, mean)


def _sum(values: Sequence[ir.Value]) -> ir.Value:
    return reduce(operator.add, values)


def _rhythm(sums: ir.Table) -> dict[str, ir.Value]:
    """How long are the gaps between purchase days, and how long is the present silence to them?"""
    gaps = (sums.days - 1).cast("float64")
    total = (sums.oldest - sums.newest).cast("float64")  # all gaps together, in whole days: exact
    silence = (sums.newest + 1).cast("float64")
    mean = ratio(total, gaps)
    squares = ratio(ibis.greatest(gaps * sums.gap_squares - total * total, 0.0), gaps)
    sd = (squares / ibis.cases((gaps > 1, gaps - 1))).sqrt()
    # of purchases at random times the gaps deviate by their mean: believed until gaps say else
    usual = ((squares + _PRIOR_GAPS * mean * mean) / (gaps - 1 + _PRIOR_GAPS)).sqrt()
    return {
        "days_since_last": sums.newest + 1,
        "gap_days_mean": mean,
        "gap_days_sd": sd,
        "gap_variation": sd / mean,
        "gap_days_longest": sums.longest_gap,
        "last_gap_over_gap": sums.last_gap / mean,
        "days_since_last_over_gap": silence / mean,
        "days_since_last_z": (silence - mean) / usual,
        "gaps_shorter_share": percent_of(sums.shorter_gaps, gaps),
        **_regularity(sums),
    }


def _regularity(sums: ir.Table) -> dict[str, ir.Value]:
    lived = ibis.ifelse(sums.oldest < LONGEST, sums.oldest // BLOCK + 1, BLOCKS)
    active = active_periods("blocks", BLOCK, LONGEST, sums)
    mask = newest_mask("blocks", sums)
    # -2 - mask is ~(mask + 1), whose brackets Ibis 12.0 forgets: the ones below the lowest zero
    return {
        f"blocks_share_{LONGEST}d": percent_of(active, lived),
        f"blocks_streak_{LONGEST}d": number_of_bits(mask & (-2 - mask)),
    }


def _values(sums: ir.Table, levels: dict[str, ir.Value]) -> dict[str, ir.Value]:
    """What is an order worth, and how much does that vary?"""
    orders = sums.orders.cast("float64")
    squares = ibis.greatest(sums.off_squares - ratio(sums.off * sums.off, orders), 0.0)
    sd = (squares / ibis.cases((orders > 1, orders - 1))).sqrt()
    count, spend = levels[f"count_{LONGEST}d"], levels[f"spend_{LONGEST}d"]
    return {
        f"average_value_{LONGEST}d": ratio(spend, count),
        "value_largest": sums.largest,
        "value_sd": sd,
        "value_variation": ratio(sd, ratio(sums.spend, orders)),
        f"weekend_share_{LONGEST}d": percent_of(sums.weekend, count),
    }


def _counting_rules(sums: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    """Count as `features.rfm.counts` does, and say what the purchase process makes of it."""
    frequency = ibis.cases((sums.days > 0, sums.days - 1))
    recency, age = sums.oldest - sums.newest, sums.oldest
    repeat_spend = ratio(sums.spend - sums.first_spend, frequency)
    return {
        "frequency": frequency,
        "recency": recency,
        "T": age,
        "monetary_value": ibis.cases((sums.days > 0, repeat_spend.fill_null(0.0))),
        **purchase_features(frequency, recency, age, seen),
    }
