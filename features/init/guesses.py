"""Which history is a table, and which of its columns means what? By names and by contents."""

from __future__ import annotations

from dataclasses import dataclass, field

from features.init.columns import COLUMNS, DISTINCTIVE
from features.init.matches import LIKE, YES_NO, assign, customer_column
from features.init.tables import ColumnLook, Table
from features.init.words import (
    LABELS,
    OUTCOMES,
    QUANTITIES,
    SUMMARIES,
    customer_likeness,
    likeness,
    names_table,
)

_NAMED = 2.0
CLOCKS = {
    "usage": "occurred_at", "orders": "ordered_at", "tickets": "opened_at",
    "surveys": "answered_at", "subscriptions": "started_at", "payments": "due_at",
    "mentions": "posted_at", "campaigns": "contacted_at",
}  # fmt: skip


@dataclass
class Guess:
    """What one table seems to be.

    Attributes
    ----------
    table : Table
    history : str or None
        None where it could not be placed.
    columns : dict of str to str
        Our column -> a source column, or an SQL expression.
    doubts : dict of str to str
        Our column, or "" for the whole history -> why that is unsure.
    why : str
        Why it was not placed.
    flat : bool
        Whether it has one row per customer, without time, and so is no history.
    """

    table: Table
    history: str | None
    columns: dict[str, str] = field(default_factory=dict)
    doubts: dict[str, str] = field(default_factory=dict)
    why: str = ""
    flat: bool = False


def guess_history(table: Table, *, linked: bool) -> Guess:
    """Guess which history a table is.

    Parameters
    ----------
    table : Table
    linked : bool
        Whether another table tells the customer of its rows.
    """
    if flat := _flat(table):
        return Guess(table, None, why=flat, flat=True)
    customer = customer_column(table)
    if why := _no_history(table, known=linked or customer is not None):
        return Guess(table, None, why=why)
    scores = {h: _score(table, h, customer) for h in COLUMNS if _possible(table, h, customer)}
    if not scores:
        return Guess(table, None, why="no column says when something happened")
    history = max(scores, key=lambda each: scores[each])
    bills = _bills(table, history, customer)
    history = "payments" if bills else history
    guess = Guess(table, history, assign(table, history, taken={customer} if customer else set()))
    if bills or scores[history] < 1:
        guess.doubts[""] = bills or f"only its columns speak for {history}, not its name"
    if customer is not None:
        guess.columns["customer_id"] = customer
    _fill_clock(guess)
    _doubt_columns(guess)
    return guess


def _doubt_columns(guess: Guess) -> None:
    """Mark the columns whose names alone can't tell that they mean what they are taken for."""
    customer, counted, renewed = map(guess.columns.get, ("customer_id", "quantity", "renews_at"))
    if customer is not None and customer_likeness(customer) < LIKE:
        guess.doubts["customer_id"] = f"'{customer}' is not plainly a customer's id"
    if counted is not None and likeness(counted, QUANTITIES) < LIKE:
        guess.doubts["quantity"] = f"look whether '{counted}' is an amount of use that adds up"
    if renewed is not None:
        guess.doubts["renews_at"] = (
            f"if '{renewed}' is overwritten at each renewal, it tells the past what came later; "
            "leave it out then"
        )


def _no_history(table: Table, *, known: bool) -> str:
    """Return why the rows of a table are none of a history, or nothing."""
    if table.rows == 0:
        return "has column names but no rows"
    return _refunds(table) if known else "no column says whose the rows are"


def _flat(table: Table) -> str:
    """Return how a table shows that it is one row per customer without time, or nothing."""
    looks = table.columns.values()
    times = [look.distinct for look in looks if look.kind == "time"]
    if max(times, default=0) > 1 or (times and names_table(table.title, "customers")):
        return ""
    labels = [look.name for look in looks if look.distinct == 2 and _label(look)]
    customer = customer_column(table)
    if customer is not None and not table.unique(customer):
        return ""
    when = "one time for all" if times else "no time in it"
    said = f"one row per customer{f' ({customer})' if customer else ''} and {when}"
    if labels:
        return f"a flat table: {said}; '{labels[0]}' is its outcome"
    if sum(likeness(look.name, SUMMARIES) > LIKE for look in looks) > 1:
        return f"a flat table: {said}; a summary that was computed from orders"
    return f"a flat table: {said}" if times and customer is not None and table.rows > 1 else ""


def _label(look: ColumnLook) -> bool:
    if likeness(look.name, LABELS) >= LIKE:
        return True
    return likeness(look.name, OUTCOMES) >= LIKE and set(look.values) <= YES_NO


def _possible(table: Table, history: str, customer: str | None) -> bool:
    found = assign(table, history, taken={customer} if customer else set())
    timed = any(look.kind == "time" for look in table.columns.values())
    named = names_table(table.title, history)
    rules = {
        "customers": customer is not None and table.unique(customer),
        "subscriptions": "started_at" in found
        and bool({"ended_at", "plan", "monthly_amount"} & set(found)),
        "usage": timed,
        "tickets": timed and (named or _distinctive(found, history) >= 2),
        "surveys": timed and "score" in found,
        "orders": timed and ("amount" in found or named),
        "payments": "due_at" in found,
        "mentions": timed and (named or "sentiment" in found),
        "campaigns": named or "arm" in found,
    }
    return rules[history]


def _bills(table: Table, history: str, customer: str | None) -> str:
    """Return why orders are rather bills: due, then paid or failed, and without a day of order."""
    taken = {customer} if customer else set()
    bill = assign(table, "payments", taken=taken)
    if history != "orders" or "due_at" not in bill or not {"paid_at", "failed_at"} & set(bill):
        return ""
    times = [bill[our] for our in ("due_at", "paid_at", "failed_at") if our in bill]
    order = assign(table, "orders", taken={*taken, *times})
    if "ordered_at" in order:
        return ""
    return f"{' and '.join(map(repr, times))} speak for bills; they may also be orders"


def _refunds(table: Table) -> str:
    """Return how a table shows that it holds refunds alone, which are no purchases."""
    times = [look.name for look in table.columns.values() if look.kind == "time"]
    if len(times) != 1 or likeness(times[0], COLUMNS["orders"]["refunded_at"]) < LIKE:
        return ""
    return (
        f"'{times[0]}' is its only time, so its rows are refunds: join it to the orders as "
        "refunded_at, or stack it below them with negative amounts"
    )


def _distinctive(found: dict[str, str], history: str) -> int:
    return len(set(DISTINCTIVE[history]) & set(found))


def _score(table: Table, history: str, customer: str | None) -> float:
    found = assign(table, history, taken={customer} if customer else set())
    named = _NAMED if names_table(table.title, history) else 0.0
    weights = (
        likeness(found[column], COLUMNS[history][column])
        for column in DISTINCTIVE[history]
        if column in found
    )
    return named + sum(weights)


def _fill_clock(guess: Guess) -> None:
    """Take another time of the table where none is named as the history's own."""
    clock = CLOCKS.get(str(guess.history))
    if (
        clock is None
        or clock in guess.columns
        or (guess.history == "campaigns" and "assigned_at" in guess.columns)
    ):
        return
    times = [look.name for look in guess.table.columns.values() if look.kind == "time"]
    if not times:
        return
    mapped = [name for name in guess.columns.values() if name in times]
    chosen = (mapped or times)[0]
    guess.columns = {ours: name for ours, name in guess.columns.items() if name != chosen}
    guess.columns[clock] = chosen
    guess.doubts[clock] = f"no column is named like {clock}; '{chosen}' is a time of the same row"
