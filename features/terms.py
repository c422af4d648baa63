"""Is `ended_at` the last day of a term, or the day from which it no longer runs?

Told by the customers' next terms: they begin on the day after the one, or on the other. To guess
for each term alone would tell the past about the future: who has a next term is who stayed.
"""

from __future__ import annotations

from collections.abc import Mapping

import ibis.expr.types as ir

from features.config import Config
from features.errors import DataError

FEWEST = 5
"""Next terms that begin on the day after an end, below which nothing is concluded."""


def refuse_unclear_ends(config: Config, tables: Mapping[str, ir.Table]) -> None:
    """Ask for `ends_inclusive` where it is not given and the ends look like last days.

    Raises
    ------
    DataError
        More terms are followed on the day after their end than on that day.
    """
    history = config.histories.get("subscriptions")
    if history is None or history.ends_inclusive is not None:
        return
    on_the_day, on_the_day_after = next_terms(tables["subscriptions"])
    if on_the_day_after >= FEWEST and on_the_day_after > on_the_day:
        raise DataError(
            f"subscriptions: the next term of a customer begins {on_the_day_after} times on the "
            f"day after an ended_at, and {on_the_day} times on that day; write ends_inclusive = "
            "true under [histories.subscriptions] if ended_at is the last day of a term, or "
            "ends_inclusive = false if it is the day from which the term no longer runs"
        )


def next_terms(terms: ir.Table) -> tuple[int, int]:
    """Count ends on whose own day, and on the day after, another term of the customer begins."""
    begins = terms.select("customer_id", begins=terms.day).distinct()
    ended = terms.filter(terms.ended_day > terms.day)  # one of no days would be its own next one
    ends = ended.select("customer_id", ends=ended.ended_day).distinct()
    pairs = ends.join(begins, "customer_id")
    later = pairs.begins - pairs.ends
    counted = pairs.aggregate(
        on_the_day=(later == 0).sum(), on_the_day_after=(later == 1).sum()
    ).to_pyarrow()
    found = counted.to_pylist()[0]
    return int(found["on_the_day"] or 0), int(found["on_the_day_after"] or 0)
