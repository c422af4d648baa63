"""What is said of a feature column: unit, meaning, group, direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Group = Literal["usage", "tickets", "satisfaction", "orders", "billing", "customer"]
Direction = Literal["stays", "leaves", "unclear"]
WhenAbsent = Literal["zero", "missing"]


@dataclass(frozen=True)
class Feature:
    """What a feature column means.

    Attributes
    ----------
    name : str
        The column, or the pattern of an entry.
    unit : str
        "days", "currency", "percent", "events", ...; "category" for text.
    meaning : str
        In words a retention manager understands.
    group : str
        One of `GROUPS`.
    more : {"stays", "leaves", "unclear"}
        What more of it is expected to mean: the customer stays, leaves, or it depends.
    when_absent : {"zero", "missing"}
        Value of a customer without any known row: counts are 0, everything else is not known.
    """

    name: str
    unit: str
    meaning: str
    group: Group
    more: Direction = "unclear"
    when_absent: WhenAbsent = "missing"


def count(name: str, unit: str, meaning: str, group: Group, more: Direction = "unclear") -> Feature:
    """Entry of a count or sum: 0, not missing, for a customer without rows."""
    return Feature(name, unit, meaning, group, more, "zero")
