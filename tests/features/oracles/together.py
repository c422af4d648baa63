"""What features made of several histories must be, in SQLite's SQL: the window, and the value."""

from __future__ import annotations

from tests.features.oracles.sql import FIRST_CUTOFF, RECENT, SEEN

LAST_NPS = (
    "select customer_id, score from (select *, row_number() over (partition by customer_id "
    "order by day desc, answered_at desc, score) as newest from surveys "
    "where known_day < :c and instrument = 'nps') where newest = 1"
)

# a purchase has an amount; a refund is no sign of life
SIGNS_OF_LIFE = {
    "usage": "",
    "tickets": "",
    "surveys": "",
    "orders": "and amount >= 0",
    "mentions": "",
}


ORACLES: dict[str, tuple[int, str]] = {
    "together_tickets_per_100_events_91d": (
        91,
        "select u.customer_id, 100.0 * (select count(*) from tickets t where "
        f"t.customer_id = u.customer_id and {RECENT}) / count(*) from usage u "
        f"where {RECENT} group by 1",
    ),
    "together_days_since_last": (
        0,
        "select customer_id, :c - max(day) from ("
        + " union all ".join(
            f"select customer_id, day from {name} where {SEEN} {more}"
            for name, more in SIGNS_OF_LIFE.items()
        )
        + ") group by 1",
    ),
    "together_nps_to_segment": (
        0,
        "select customer_id, score - (select avg(score) from "
        f"({LAST_NPS.replace(':c', str(FIRST_CUTOFF))})) from ({LAST_NPS})",
    ),
}
