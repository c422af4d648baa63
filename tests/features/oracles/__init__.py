"""Features recomputed from the same rows by SQL written apart from the builders."""

from __future__ import annotations

from tests.features.oracles import (
    customers,
    mentions,
    orders,
    payments,
    subscriptions,
    surveys,
    tickets,
    together,
    usage,
)

ORACLES = {
    name: oracle
    for history in (
        usage,
        orders,
        tickets,
        surveys,
        subscriptions,
        payments,
        mentions,
        customers,
        together,
    )
    for name, oracle in history.ORACLES.items()
}
"""Column -> its window in days, and a query that gives customer_id and the value."""
