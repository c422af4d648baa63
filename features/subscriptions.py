"""What is a customer subscribed to at the cutoff, since when, for how much, and how did it go?"""

from __future__ import annotations

from collections.abc import Sequence

import ibis
import ibis.expr.types as ir

from features.aggregates import number_of_bits, union_of_bits
from features.known import CUTOFF_DAY, KEYS, in_window, known_at
from features.seen import Seen, column_names, filled_columns, levels_column, top_values

MOST_PLANS = 20
TOP_REASONS = 4
LONGEST = 364
EARLY_DAYS = 91
"""A subscription cancelled within so many days was cancelled early."""
MOVE_DAYS = 1
"""A term that begins within so many days of another's end continues it: nobody left."""
_OPTIONAL = ("plan", "monthly_amount", "renews_day")


def subscriptions_seen(table: ir.Table) -> Seen:
    """Plans on offer, reasons given, and which facts are recorded.

    Parameters
    ----------
    table : ibis Table
        The rows of `subscriptions` known before the last training cutoff.
    """
    return {
        "plan": top_values(table, "plan", MOST_PLANS),
        "cancel_reason": top_values(table, "cancel_reason", TOP_REASONS),
        "filled": filled_columns(table, _OPTIONAL),
    }


def subscriptions_usual(table: ir.Table, seen: Seen) -> Seen:
    """Mean monthly amount of each plan, as text; blank where it had none yet.

    Parameters
    ----------
    table : ibis Table
        The rows of `subscriptions` known before the first training cutoff.
    seen : Seen
        From `subscriptions_seen`.
    """
    return {"usual_amount": _usual_amounts(table, seen["plan"])}


def subscriptions_features(table: ir.Table, cutoffs: Sequence[int], seen: Seen) -> ir.Table:
    """Subscription features, one row per customer and cutoff with a known term.

    Parameters
    ----------
    table : ibis Table
        The normalised `subscriptions`.
    cutoffs : sequence of int
        Day numbers.
    seen : Seen
        From `subscriptions_seen` and `subscriptions_usual`.

    Returns
    -------
    ibis Table
        `customer_id`, `cutoff_day` and the columns that `features.vocabulary` describes.
    """
    rows = _terms_in_order(known_at("subscriptions", table, cutoffs), seen)
    features = _tenure(rows) | _ends(rows, seen)
    if seen["plan"]:
        features |= _plans(rows, seen)
    if "monthly_amount" in seen["filled"]:
        features |= _amounts(rows, seen)
    if "renews_day" in seen["filled"]:
        features |= _renewal(rows)
    return rows.group_by(KEYS).aggregate(
        **{f"subscriptions_{name}": value for name, value in features.items()}
    )


def _usual_amounts(table: ir.Table, plans: Sequence[str]) -> tuple[str, ...]:
    by_plan = table.group_by("plan").aggregate(
        total=table.monthly_amount.sum().round(6), terms=table.monthly_amount.count()
    )
    rows = by_plan.filter(by_plan.terms > 0).to_pyarrow().to_pylist()
    usual = {row["plan"]: repr(round(row["total"] / row["terms"], 6)) for row in rows}
    return tuple(usual.get(plan, "") for plan in plans)


def _terms_in_order(rows: ir.Table, seen: Seen) -> ir.Table:
    """Mark each customer's first and current term, and put beside each what was before it.

    The current term is the newest of the active ones; known_at hides an end that is yet to come.
    """
    rows = rows.mutate(
        active=rows.ended_day.isnull(),
        until=rows.ended_day.fill_null(rows[CUTOFF_DAY]),
        plan_bit=_plan_bit(rows, seen["plan"]),
    )
    # engines sort text in their own ways, so numbers break a tie before names do
    ties = ("monthly_amount", "renews_day", "until", "plan_bit", "plan", "cancel_reason")
    order = [rows.day, rows.started_at, *(rows[name] for name in ties)]
    in_order = ibis.window(group_by=list(KEYS), order_by=order)
    before = ibis.window(group_by=list(KEYS), order_by=order, rows=(None, -1))
    after = ibis.window(group_by=list(KEYS), order_by=order, rows=(1, None))
    return rows.mutate(
        previous_plan=rows.plan.lag().over(in_order),
        previous_amount=rows.monthly_amount.lag().over(in_order),
        served_until=rows.until.max().over(before),
        next_day=rows.day.lead().over(in_order),
        first=ibis.row_number().over(in_order) == 0,
        current=rows.active & ~rows.active.any().over(after).fill_null(False),
    )


def _plan_bit(rows: ir.Table, plans: Sequence[str]) -> ir.Value:
    if not plans:
        return ibis.null("int64")
    bits = ((plan, 2**position) for position, plan in enumerate(plans))
    return rows.plan.cases(*bits).cast("int64")


def _tenure(rows: ir.Table) -> dict[str, ir.Value]:
    lasted = rows.until - rows.day
    return {
        "active": rows.count(where=rows.active),
        "terms": rows.count(),
        f"terms_{LONGEST}d": rows.count(where=in_window(rows, LONGEST)),
        "tenure_days": rows.age.max() + 1,
        "term_days": rows.age.max(where=rows.current) + 1,
        "term_days_longest": lasted.max(),
        "term_days_mean": lasted.mean(),
    }


def _ends(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    """Terms that nothing continued, for which reasons, and the pauses between two of them."""
    last = rows.next_day.isnull() | (rows.next_day > rows.ended_day + MOVE_DAYS)
    cancelled = ~rows.active & last
    ended_ago = rows[CUTOFF_DAY] - rows.ended_day
    early = rows.ended_day - rows.day <= EARLY_DAYS
    paused = rows.day - rows.served_until
    came_back = paused > MOVE_DAYS
    found: dict[str, ir.Value] = {
        "cancelled": rows.count(where=cancelled),
        f"cancelled_{LONGEST}d": rows.count(where=cancelled & (ended_ago <= LONGEST)),
        "days_since_cancelled": ended_ago.min(where=cancelled),
        "cancelled_early": rows.count(where=cancelled & early),
        "comebacks": rows.count(where=came_back),
        "paused_days": paused.sum(where=came_back).fill_null(0),
        "paused_days_longest": paused.max(where=came_back),
    }
    reasons = seen["cancel_reason"]
    for value, name in zip(reasons, column_names(reasons), strict=True):
        found[f"cancelled_for_{name}"] = rows.count(where=rows.cancel_reason == value)
    return found


def _plans(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    moved = rows.plan != rows.previous_plan
    active = union_of_bits(rows.plan_bit, where=rows.active)
    return {
        "plan": levels_column(rows.plan, seen["plan"], ()).max(where=rows.current),
        "plan_changes": rows.count(where=moved),
        "days_since_plan_change": rows.age.min(where=moved) + 1,
        "plans_active": number_of_bits(active.fill_null(0)),
    }


def _amounts(rows: ir.Table, seen: Seen) -> dict[str, ir.Value]:
    amount, change = rows.monthly_amount, rows.monthly_amount - rows.previous_amount
    found = {
        "monthly_amount": amount.sum(where=rows.active).round(6),
        "monthly_amount_change": change.max(where=rows.current),
        "amount_over_first": amount.max(where=rows.current)
        / amount.max(where=rows.first).nullif(0),
        "moves_up": rows.count(where=change > 0),
        "moves_down": rows.count(where=change < 0),
        "days_since_price_change": rows.age.min(where=change != 0) + 1,
    }
    usual = zip(seen["plan"], seen["usual_amount"], strict=True)
    usual_amounts = [(plan, float(mean)) for plan, mean in usual if mean]
    if usual_amounts:
        over = amount / rows.plan.cases(*usual_amounts).cast("float64").nullif(0)
        found["amount_over_usual"] = over.max(where=rows.current)
    return found


def _renewal(rows: ir.Table) -> dict[str, ir.Value]:
    ahead = rows.renews_day - rows[CUTOFF_DAY]
    length = (rows.renews_day - rows.day).nullif(0)
    gone = 100.0 * (rows[CUTOFF_DAY] - rows.day).cast("float64") / length
    return {
        "days_to_renewal": ahead.min(where=rows.active & (ahead >= 0)),
        "term_share_gone": gone.max(where=rows.current & (length > 0)),
    }
