"""What features of payments must be, in SQLite's SQL: the window, and customer and value."""

from __future__ import annotations

from tests.features.oracles.sql import RECENT, SEEN

ORACLES: dict[str, tuple[int, str]] = {
    "payments_late_share_364d": (
        364,
        "select customer_id, 100.0 * avg(paid_day > day) from payments "
        f"where {RECENT} and paid_day < :c group by 1",
    ),
    "payments_days_late_mean_91d": (
        91,
        "select customer_id, avg(max(0, paid_day - day)) from payments "
        f"where {RECENT} and paid_day < :c group by 1",
    ),
    "payments_unpaid_amount": (
        0,
        f"select customer_id, sum(amount) from payments where {SEEN} "
        "and (paid_day is null or paid_day >= :c) group by 1",
    ),
    "payments_failed_91d": (
        91,
        f"select customer_id, count(*) from payments where {SEEN} and failed_day < :c "
        "and failed_day >= :c - :w group by 1",
    ),
    "payments_days_since_failed": (
        0,
        f"select customer_id, :c - max(failed_day) from payments where {SEEN} "
        "and failed_day < :c group by 1",
    ),
}
