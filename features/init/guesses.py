"""Which history is a table, and which of its columns means what? By names and by contents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from features.init.tables import FEW, ColumnLook, Table
from features.init.words import (
    COLUMNS,
    CUSTOMER_LOOSE,
    DISTINCTIVE,
    LABELS,
    OUTCOMES,
    SUMMARIES,
    customer_likeness,
    likeness,
    names_table,
    tokens,
)
from features.schemas import SCHEMAS, Column

LIKE = 0.6
_NAMED = 2.0
_YES_NO = {"0", "1", "0.0", "1.0", "yes", "no", "y", "n", "true", "false", "vrai", "faux", "ja",
           "nein", "oui", "non"}  # fmt: skip
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
    if customer is None and not linked:
        return Guess(table, None, why="no column says whose the rows are")
    scores = {h: _score(table, h, customer) for h in COLUMNS if _possible(table, h, customer)}
    if not scores:
        return Guess(table, None, why="no column says when something happened")
    history = max(scores, key=lambda each: scores[each])
    guess = Guess(table, history, assign(table, history, taken={customer} if customer else set()))
    if scores[history] < 1:
        guess.doubts[""] = f"only its columns speak for {history}, not its name"
    if customer is not None:
        guess.columns["customer_id"] = customer
        if customer_likeness(customer) < LIKE:
            guess.doubts["customer_id"] = f"'{customer}' is not plainly a customer's id"
    _fill_clock(guess)
    if "renews_at" in guess.columns:
        guess.doubts["renews_at"] = (
            f"if '{guess.columns['renews_at']}' is overwritten at each renewal, it tells the past "
            "what came later; leave it out then"
        )
    return guess


def customer_column(table: Table) -> str | None:
    """Return the column that most likely holds the customer's id, or None."""
    ids = [look for look in table.columns.values() if look.kind in ("text", "number") and _id(look)]
    likely = {look.name: customer_likeness(look.name) for look in ids}
    if likely and max(likely.values()) >= LIKE:
        return max(likely, key=lambda name: likely[name])
    loose = {look.name: _loose(look.name) for look in ids}
    best = max(loose, key=lambda name: loose[name], default=None)
    return best if best is not None and loose[best] > 0 else None


def _loose(name: str) -> float:
    joined = "".join(tokens(name))
    alike = [each for each in CUSTOMER_LOOSE if joined == each.replace(" ", "")]
    return 1 - CUSTOMER_LOOSE.index(alike[0]) / 10 if alike else 0.0


def _id(look: ColumnLook) -> bool:
    return look.filled > 0 and (look.kind == "text" or look.whole)


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
    return likeness(look.name, OUTCOMES) >= LIKE and set(look.values) <= _YES_NO


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


def assign(table: Table, history: str, *, taken: set[str]) -> dict[str, str]:
    """Return our columns of a history -> the table's column most like each, each used once."""
    pairs = sorted(_pairs(table, history, taken), key=lambda pair: -pair[0])
    found: dict[str, str] = {}
    for _, ours, theirs in pairs:
        if ours not in found and theirs not in found.values():
            found[ours] = theirs
    return found


def _pairs(table: Table, history: str, taken: set[str]) -> Iterator[tuple[float, str, str]]:
    for ours, phrases in COLUMNS[history].items():
        column = SCHEMAS[history].column(ours)
        for look in table.columns.values():
            like = likeness(look.name, (ours.replace("_", " "), *phrases))
            if column and like >= LIKE and look.name not in taken and _fits(column, look):
                yield like, ours, look.name


def _fits(column: Column, look: ColumnLook) -> bool:
    if not look.filled:
        return False
    if column.name == "score":
        whole = look.kind == "number" and look.whole and look.low is not None
        return whole and 0 <= float(look.low or 0) <= float(look.high or 0) <= 10
    if column.kind in ("time", "number"):
        return look.kind == column.kind
    if column.kind == "flag":
        return look.kind == "flag" or set(look.values) <= _YES_NO
    if column.name in ("category", "channel", "plan", "event", "priority"):
        return look.kind == "text" and look.distinct <= max(FEW, 1_000)
    return look.kind in ("text", "number") and (look.kind == "text" or look.whole)


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
