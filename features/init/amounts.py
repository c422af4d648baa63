"""What was an order worth: a column, units times their price, or the sum of its lines?"""

from __future__ import annotations

from collections.abc import Sequence

from features.init.columns import COLUMNS
from features.init.guesses import Guess
from features.init.keys import Plan
from features.init.links import Link, several_rows
from features.init.matches import LIKE
from features.init.selects import Select
from features.init.sums import empty_rows
from features.init.tables import Table
from features.init.words import QUANTITIES, is_unit_price, likeness

_SUMMED = ("amount", "discount", "margin")


def map_amount(
    guess: Guess, select: Select, plan: Plan, parts: Sequence[tuple[Table, Link]]
) -> bool:
    """Map the amount: of the order, summed over its rows, or over the rows of its parts.

    Parameters
    ----------
    guess : Guess
        Of orders.
    select, plan
        What is changed.
    parts : sequence of (Table, Link)
        Tables whose rows are parts of these orders.

    Returns
    -------
    bool
        False where nothing says what an order was worth.
    """
    if "amount" in guess.columns:
        _own_amount(guess, select, plan)
        return True
    for phrase_of in ("payments", "orders"):
        for table, link in parts:
            column = _money(table, phrase_of)
            if column is not None:
                units = units_of(table, column) if phrase_of == "orders" else None
                names = [*([units] if units else []), column]
                select.columns["amount"] = select.join_sum(table, link.mine, link.theirs, names)
                select.numbers.add("amount")
                plan.doubts["amount"] = (
                    f"summed from {' times '.join(map(repr, names))} in {table.name}: look whether "
                    f"it is what was paid{_without(table, names)}"
                )
                return True
    return False


def units_of(table: Table, price: str) -> str | None:
    """Return the column that says how many units a row is, where a column is the price of one."""
    if not is_unit_price(price):
        return None
    likely = {
        look.name: likeness(look.name, QUANTITIES)
        for look in table.columns.values()
        if look.kind == "number" and look.name != price
    }
    best = max(likely, key=lambda name: likely[name], default=None)
    return best if best is not None and likely[best] >= LIKE else None


def _own_amount(guess: Guess, select: Select, plan: Plan) -> None:
    order, price = guess.columns.get("order_id"), guess.columns["amount"]
    doubts = []
    if (units := units_of(guess.table, price)) is not None:
        select.per_unit["amount"] = units
        select.numbers.add("amount")
        doubts.append(f"'{price}' seems to be the price of one unit, so '{units}' multiplies it")
    if order is not None and several_rows(guess.table, order):
        select.sum_up(_SUMMED, order="order_id")
        doubts.append(
            f"several rows have one '{order}': taken as the lines of an order and summed"
            + _without(guess.table, select.measures("amount"))
        )
    if doubts:
        plan.doubts["amount"] = "; ".join(doubts)


def _without(table: Table, names: Sequence[str]) -> str:
    rows = empty_rows(table, names)
    return f" ({rows:,} of {table.rows:,} rows have no amount, and count as nothing)" * bool(rows)


def _money(table: Table, history: str) -> str | None:
    """Return the column of a table that is most like the amount of a history, or None."""
    likely = COLUMNS[history]["amount"]
    named = {c.name: likeness(c.name, likely) for c in table.columns.values() if c.kind == "number"}
    best = max(named, key=lambda name: named[name], default=None)
    return best if best is not None and named[best] >= LIKE else None
