"""Conditions that several oracles share; :c is the cutoff's day, :w the window in days."""

from __future__ import annotations

from tests.features.worlds import LAST

BACK = (28, 0)
"""Days from each training cutoff to the last one."""
FIRST_CUTOFF = LAST - max(BACK)

# each gives customer_id and the value; :c is the cutoff's day, :w the window in days
SEEN = "known_day < :c"
RECENT = "known_day < :c and day >= :c - :w"
