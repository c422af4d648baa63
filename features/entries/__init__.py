"""What does each feature column mean? One entry per kind of column, in a manager's words.

The name of an entry is a pattern: ``{window}`` stands for a number of days and ``{value}`` for what
the company calls a thing (a kind of event, a category, an attribute).
"""

from __future__ import annotations

from features.entries.customers import CUSTOMERS
from features.entries.feature import Direction, Feature, Group, WhenAbsent
from features.entries.mentions import MENTIONS
from features.entries.orders import ORDERS
from features.entries.payments import PAYMENTS
from features.entries.subscriptions import SUBSCRIPTIONS
from features.entries.surveys import SURVEYS
from features.entries.tickets import TICKETS
from features.entries.together import TOGETHER
from features.entries.usage import USAGE

__all__ = ["ENTRIES", "Direction", "Feature", "Group", "WhenAbsent"]

ENTRIES: tuple[Feature, ...] = (
    *USAGE,
    *TICKETS,
    *SURVEYS,
    *ORDERS,
    *SUBSCRIPTIONS,
    *PAYMENTS,
    *TOGETHER,
    *MENTIONS,
    *CUSTOMERS,
)
"""All entries; the first whose pattern fits a column describes it."""
