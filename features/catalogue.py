"""Which columns can a model be given? The page docs/features.md, made from the vocabulary.

Renew it with ``python -m features.catalogue > docs/features.md``.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

from features.vocabulary import ENTRIES, GROUPS, Feature, Group
from features.windows import WINDOWS

RENEW = "python -m features.catalogue > docs/features.md"
_MORE = {"stays": "stays", "leaves": "leaves", "unclear": "it depends"}
_ABSENT = {"zero": "0", "missing": "missing"}
_HEAD = f"""\
# The features

<!-- made by `{RENEW}`: change features/entries/ instead -->

Every column that a model can be given, as known at the cutoff: only rows that happened before it
and were known before it count, and of a row that is filled in later (a ticket's outcome, a
payment's arrival) only what had been filled in. Which of these a company has depends on the
histories and the columns that it describes; what they were at training is frozen into the model.

- `{{window}}` is a number of days before the cutoff: {", ".join(map(str, WINDOWS))}. Not every
  measure comes in every window.
- `{{value}}` is what the company itself calls a thing: its most frequent kinds of event,
  categories, channels, reasons, touchpoints and so on at training make a column each.
- *More of it means* is what is expected, not what a model found: whether the customer stays or
  leaves. A reason for a score is only given if the value lies on the side that is expected.
- *Without rows* is what a customer gets who has no known row in that history: counts and sums are
  0, everything else is missing, which a model tells from 0.
"""


def catalogue() -> str:
    """Return the page: one table per group of features, in the order of the vocabulary."""
    return "\n".join([_HEAD, *(line for group in GROUPS for line in _section(group))])


def _section(group: Group) -> Iterator[str]:
    entries = [entry for entry in ENTRIES if entry.group == group]
    yield f"## {group.capitalize()}: {GROUPS[group]}"
    yield ""
    yield "| Column | Unit | Meaning | More of it means | Without rows |"
    yield "|---|---|---|---|---|"
    yield from map(_line, entries)
    yield ""


def _line(entry: Feature) -> str:
    meaning = entry.meaning
    if "{window}" in entry.name:
        meaning += " in the last {window} days"
    cells = (
        f"`{entry.name}`",
        entry.unit,
        meaning,
        _MORE[entry.more],
        _ABSENT[entry.when_absent],
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.stdout.write(catalogue())
