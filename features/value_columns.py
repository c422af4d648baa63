"""What does a value model read? The names of its inputs, for whoever needs no more than those."""

from __future__ import annotations

BTYD_INPUTS = ("frequency", "recency", "T", "monetary_value")
VALUE_INPUTS = (*BTYD_INPUTS, "monthly_amount")
NEVER_GIVEN = {"monthly_amount": 0.0}
"""What holds of everyone where no history says it: the other inputs are missing then."""
