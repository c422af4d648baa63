"""Which builder makes the features of which history? The laws are tested over all of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import ibis.expr.types as ir

from features.customers import customers_features, customers_seen
from features.mentions import mentions_features, mentions_seen
from features.orders import orders_features, orders_seen
from features.payments import payments_features, payments_seen
from features.seen import Seen
from features.subscriptions import (
    subscriptions_features,
    subscriptions_seen,
    subscriptions_usual,
)
from features.surveys import surveys_features, surveys_seen
from features.tickets import tickets_features, tickets_seen, tickets_usual
from features.usage import usage_features, usage_seen
from features.usage_days import usage_days


def _nothing(table: ir.Table, seen: Seen) -> Seen:
    return {}


def _as_it_is(table: ir.Table, seen: Seen) -> ir.Table:
    return table


@dataclass(frozen=True)
class Builder:
    """One history's way to features.

    Attributes
    ----------
    learn : callable, (rows before the last training cutoff) -> Seen
        Chooses what columns are made of; the customers' one takes their static attributes too.
    build : callable, (table, cutoff days, Seen) -> Table
        One row per customer and cutoff with something known.
    reduce : callable, (table, Seen) -> Table
        What `build` does to the rows first, whatever the cutoff; `build` takes reduced rows too.
    usual : callable, (rows before the first training cutoff, Seen) -> Seen
        Learns the numbers that go into features, to be frozen beside what `learn` chose.
    """

    learn: Callable[..., Seen]
    build: Callable[[ir.Table, Sequence[int], Seen], ir.Table]
    reduce: Callable[[ir.Table, Seen], ir.Table] = _as_it_is
    usual: Callable[[ir.Table, Seen], Seen] = _nothing


BUILDERS: Mapping[str, Builder] = MappingProxyType(
    {
        "usage": Builder(usage_seen, usage_features, usage_days),
        "tickets": Builder(tickets_seen, tickets_features, usual=tickets_usual),
        "surveys": Builder(surveys_seen, surveys_features),
        "orders": Builder(orders_seen, orders_features),
        "subscriptions": Builder(
            subscriptions_seen, subscriptions_features, usual=subscriptions_usual
        ),
        "payments": Builder(payments_seen, payments_features),
        "mentions": Builder(mentions_seen, mentions_features),
        "customers": Builder(customers_seen, customers_features),
    }
)
"""History -> its builder, in the order of the columns. The laws are tested over all of them."""
