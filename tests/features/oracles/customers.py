"""What features of customers must be, in SQLite's SQL: the window, and customer and value."""

from __future__ import annotations

ORACLES: dict[str, tuple[int, str]] = {
    "customers_days_since_signup": (
        0,
        "select customer_id, :c - signed_up_day from customers where known_day < :c",
    ),
}
