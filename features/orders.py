"""What did a customer buy before the cutoff, in what rhythm, and what came back?"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.aggregates import rate_over
from features.known import CUTOFF_DAY, KEYS, in_window, known_at
from features.rfm import counts, purchase_days
from features.seen import Seen
from features.windows import WINDOWS

REFUND_WINDOWS = (91, 364)
LONGEST = max(WINDOWS)


def orders_seen(table: ir.Table) -> Seen:
    """Nothing to choose: the columns of orders are the same for everyone.

    Parameters
    ----------
    table : ibis Table
        The rows of `orders` known before the last training cutoff.
    """
    return {}


def orders_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Order features, one row per customer and cutoff with a known order or refund.

    Parameters
    ----------
    table : ibis Table
        The normalised `orders`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `orders_seen`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    known = known_at("orders", table, cutoffs)
    days = _with_gaps(purchase_days(known))
    return _joined([_refunds(known), _bought(days), counts(days)])


def _joined(parts: Sequence[ir.Table]) -> ir.Table:
    """Join on the keys; the first part has a row for everyone, and comes last in the columns."""
    everyone, *others = parts
    found = everyone
    for part in others:
        found = found.left_join(part, list(KEYS), rname="{name}_right")
        found = found.drop(*(f"{key}_right" for key in KEYS))
    features = {f"orders_{name}": found[name] for name in found.columns if name not in KEYS}
    return found.select(*KEYS, **features)


def _with_gaps(days: ir.Table) -> ir.Table:
    in_order = ibis.window(group_by=list(KEYS), order_by=days.day)
    return days.mutate(gap=(days.day - days.day.lag().over(in_order)).cast("float64"))


def _bought(days: ir.Table) -> ir.Table:
    found: dict[str, ir.Value] = {}
    for window in WINDOWS:
        recent = in_window(days, window)
        found[f"count_{window}d"] = days.orders.sum(where=recent).fill_null(0)
        found[f"days_{window}d"] = days.count(where=recent)
        found[f"spend_{window}d"] = days.spend.sum(where=recent).fill_null(0)
    found |= {
        "days_since_last": days.age.min() + 1,
        "lived": days.age.max() + 1,
        "gap_days_mean": days.gap.mean(),
        "gap_days_sd": days.gap.std(how="sample"),
    }
    return _with_ratios(days.group_by(KEYS).aggregate(**found))


def _with_ratios(sums: ir.Table) -> ir.Table:
    values = {name: sums[name] for name in sums.columns}
    ratios = sums.mutate(
        **{
            f"average_value_{LONGEST}d": sums[f"spend_{LONGEST}d"]
            / sums[f"count_{LONGEST}d"].nullif(0),
            "spend_trend_91d": rate_over(91, LONGEST, values, "spend", sums.lived),
            "days_since_last_over_gap": sums.days_since_last / sums.gap_days_mean,
        }
    )
    return ratios.drop("lived")  # T says it


def _refunds(known: ir.Table) -> ir.Table:
    """Refunds booked as a negative amount on their own day, or as the day of an order's refund."""
    negative = known.amount < 0
    refunded_age = known[CUTOFF_DAY] - 1 - known.refunded_day
    found: dict[str, ir.Value] = {}
    for window in REFUND_WINDOWS:
        booked = negative & in_window(known, window)
        returned = ~negative & (refunded_age < window)
        amount = ibis.cases((negative, -known.amount), else_=known.amount)
        found[f"refunds_{window}d"] = known.count(where=booked | returned)
        found[f"refund_amount_{window}d"] = amount.sum(where=booked | returned).fill_null(0)
    return known.group_by(KEYS).aggregate(**found)
