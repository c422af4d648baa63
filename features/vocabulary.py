"""What does every name mean? The glossary, and `describe` for each feature column."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from types import MappingProxyType

from features.entries import ENTRIES, Feature, Group
from features.windows import WINDOWS

__all__ = ["ENTRIES", "GLOSSARY", "GROUPS", "Feature", "Group", "describe", "entry_of"]

GROUPS: Mapping[Group, str] = MappingProxyType(
    {
        "usage": "how much the product is used",
        "tickets": "trouble reported and how it was handled",
        "satisfaction": "what the customer says, in surveys and in public",
        "orders": "what the customer buys, and in what rhythm",
        "billing": "plan, price and renewal",
        "customer": "who the customer is",
    }
)
"""What a person can act on: reasons for a score are given in these groups."""

GLOSSARY: Mapping[str, str] = MappingProxyType(
    {
        "cutoff": "the midnight at which a prediction is made; features see only what lies before",
        "known_at": "when a row became known, beside when it happened",
        "horizon_days": "days after the cutoff that a churn probability covers",
        "gap_days": "stretch between training and test cutoffs whose labels would overlap",
        "churned": "True where the customer left within the horizon",
        "churn_probability": "calibrated probability that the customer leaves within the horizon",
        "frequency": "repeat purchase days: days with an order, the first one not counted",
        "recency": "age of the customer at the last purchase, in days since the first one",
        "T": "age of the customer at the end of the day before the cutoff, in days",
        "monetary_value": "mean spend of a repeat purchase day, in currency units",
        "probability_alive": "of the purchase model: not yet dropped out; never a churn score",
        "expected_value": "discounted margin expected over value_horizon_days, in currency",
        "realised_value": "discounted margin that came in over value_horizon_days, in currency",
        "value_horizon_days": "days after the cutoff that a value covers",
        "value_at_risk": "churn_probability times expected_value, in currency",
        "expected_contact_value": "profit expected from contacting the customer, in currency",
        "uplift": "estimated effect of treatment on the customer, causal",
        "snapshot": "a published set of scores and features, all of one cutoff",
    }
)
"""Names used everywhere, and what they mean."""


@cache
def describe(column: str) -> Feature:
    """Say what a feature column means.

    Raises
    ------
    KeyError
        No entry describes it: a builder made a column that the vocabulary does not know.

    Examples
    --------
    >>> describe("usage_active_days_28d").meaning
    'days with an event in the last 28 days'
    >>> describe("tickets_category_billing_182d").meaning
    "tickets about 'billing' in the last 182 days"
    """
    entry, parts = _entry_of(column)
    meaning = entry.meaning.replace("{value}", parts.get("value", ""))
    if "window" in parts:
        meaning += f" in the last {parts['window']} days"
    return replace(entry, name=column, meaning=meaning)


def entry_of(column: str) -> Feature:
    """Return the entry, pattern and all, that describes a column; KeyError where none does."""
    return _entry_of(column)[0]


def _entry_of(column: str) -> tuple[Feature, dict[str, str]]:
    for entry in ENTRIES:
        found = _pattern(entry.name).fullmatch(column)
        if found:
            return entry, found.groupdict()
    raise KeyError(f"no entry of features.entries describes the column {column}; add one")


@cache
def _pattern(name: str) -> re.Pattern[str]:
    windows = "|".join(map(str, WINDOWS))
    pattern = re.escape(name).replace(r"\{window\}", f"(?P<window>{windows})")
    return re.compile(pattern.replace(r"\{value\}", "(?P<value>.+)"))
