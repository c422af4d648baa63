"""What is a customer subscribed to at the cutoff, since when, and for how much?"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.known import CUTOFF_DAY, KEYS, known_at
from features.seen import Seen, filled_columns, levels_column, top_values

MOST_PLANS = 20
_OPTIONAL = ("plan", "monthly_amount", "renews_day")


def subscriptions_seen(table: ir.Table) -> Seen:
    """Plans on offer, and which facts the company records.

    Parameters
    ----------
    table : ibis Table
        The rows of `subscriptions` known before the last training cutoff.
    """
    return {
        "plan": top_values(table, "plan", MOST_PLANS),
        "filled": filled_columns(table, _OPTIONAL),
    }


def subscriptions_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Subscription features, one row per customer and cutoff with a known term.

    Parameters
    ----------
    table : ibis Table
        The normalised `subscriptions`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `subscriptions_seen`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = _terms_in_order(known_at("subscriptions", table, cutoffs))
    features = _tenure(rows) | _facts(rows, seen)
    return rows.group_by(KEYS).aggregate(
        **{f"subscriptions_{name}": value for name, value in features.items()}
    )


def _terms_in_order(rows: ir.Table) -> ir.Table:
    """Mark each customer's current term, and put beside each term what the one before it was.

    The current term is the newest of the active ones; known_at hides an end that is yet to come.
    """
    rows = rows.mutate(active=rows.ended_day.isnull())
    tie_break = [rows.monthly_amount, rows.plan]
    in_order = ibis.window(group_by=list(KEYS), order_by=[rows.day, rows.started_at, *tie_break])
    newest_active = ibis.window(
        group_by=list(KEYS),
        order_by=[
            rows.active.desc(),
            rows.day.desc(),
            rows.started_at.desc(),
            *(value.desc() for value in tie_break),
        ],
    )
    return rows.mutate(
        previous_plan=rows.plan.lag().over(in_order),
        previous_amount=rows.monthly_amount.lag().over(in_order),
        current=rows.active & (ibis.row_number().over(newest_active) == 0),
    )


def _tenure(rows: ir.Table) -> dict[str, ir.Value]:
    return {
        "active": rows.count(where=rows.active),
        "terms": rows.count(),
        "tenure_days": rows.age.max() + 1,
        "term_days": rows.age.max(where=rows.current) + 1,
    }


def _facts(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    found: dict[str, ir.Value] = {}
    if seen["plan"]:
        known_plan = levels_column(rows.plan, seen["plan"], ())
        found["plan"] = known_plan.max(where=rows.current)
        found["plan_changes"] = rows.count(where=rows.plan != rows.previous_plan)
    if "monthly_amount" in seen["filled"]:
        change = rows.monthly_amount - rows.previous_amount
        found["monthly_amount"] = rows.monthly_amount.sum(where=rows.active)
        found["monthly_amount_change"] = change.max(where=rows.current)
    if "renews_day" in seen["filled"]:
        ahead = rows.renews_day - rows[CUTOFF_DAY]
        found["days_to_renewal"] = ahead.min(where=rows.active & (ahead >= 0))
    return found
