"""Which column of a table is most like one of ours? By its name, if its contents allow it."""

from __future__ import annotations

from collections.abc import Iterator

from features.init.columns import COLUMNS
from features.init.tables import FEW, ColumnLook, Table
from features.init.words import CUSTOMER_LOOSE, customer_likeness, likeness, tokens
from features.schemas import SCHEMAS, Column

LIKE = 0.6
YES_NO = {"0", "1", "0.0", "1.0", "yes", "no", "y", "n", "true", "false", "vrai", "faux", "ja",
           "nein", "oui", "non"}  # fmt: skip


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
        return look.kind == "flag" or set(look.values) <= YES_NO
    if column.name == "priority" and look.kind == "number":
        return look.whole and look.distinct <= FEW
    if column.name in ("category", "channel", "plan", "event", "priority"):
        return look.kind == "text" and look.distinct <= max(FEW, 1_000)
    return look.kind in ("text", "number") and (look.kind == "text" or look.whole)
