"""Does a history end where it seems to, and is a row dated when it happened?

Told from the number of rows on each day.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Literal

from features.windows import date_of

GAP_DAYS = 7
"""Days without a row, from which what follows stands alone."""
STRAY_SHARE = 0.01
"""Of a usual day's rows: with fewer, what stands alone is stray; at the beginning, of all rows."""
EARLY_GAP_DAYS = 3 * 365
"""Days from a first row to all others, from which it is taken for a placeholder."""
USUAL_FROM = 5
"""Rows a day, below which a history is too thin to call a row stray."""
COMPLETE = 0.7
"""Of the rows usual on its weekday, below which a last day may be incomplete."""
THIN = 0.5
"""Of the rows usual on their weekdays, below which the last days are thin."""
EXPECTED_FROM = 50
BEAT_SHARE = 0.95
"""Of all rows, that lie on days of one kind where rows are totals."""


@dataclass(frozen=True)
class Stray:
    """A few last rows stand alone, far ahead of all others.

    Attributes
    ----------
    rows : int
    before, first, last : int
        Day numbers: of the last of the others, and of the first and last stray one.
    """

    rows: int
    before: int
    first: int
    last: int


@dataclass(frozen=True)
class Early:
    """A few first rows stand alone, long before all others.

    Attributes
    ----------
    rows : int
    first, last, after : int
        Day numbers: of the first and last of them, and of the first of the others.
    """

    rows: int
    first: int
    last: int
    after: int


@dataclass(frozen=True)
class Thin:
    """The last days hold far fewer rows than is usual on their weekdays.

    Attributes
    ----------
    first, last : int
        Day numbers.
    rows : int
    usual : float
        Rows on the same weekdays of the four weeks before.
    """

    first: int
    last: int
    rows: int
    usual: float


def stray(daily: Mapping[int, int]) -> Stray | None:
    """Find last rows that stand alone: after days without any, and far fewer than usual.

    Parameters
    ----------
    daily : mapping of int to int
        Day number -> rows.

    Examples
    --------
    >>> stray({**{day: 100 for day in range(200)}, 400: 1})
    Stray(rows=1, before=199, first=400, last=400)
    """
    days = sorted(daily)
    wide = [first for before, first in pairwise(days) if first - before > GAP_DAYS]
    found, rows = None, 0
    # all that follows the earliest such gap stands alone together, whatever gaps are within it
    for place in range(len(days) - 1, 0, -1):
        before, first = days[place - 1], days[place]
        rows += daily[first]
        few = rows, days[-1] - first + 1
        if wide and before + 1 < first <= wide[-1] and _alone(daily, days[:place], first, few):
            found = Stray(rows, before, first, days[-1])
    return found


def _alone(
    daily: Mapping[int, int], others: Sequence[int], first: int, few: tuple[int, int]
) -> bool:
    """Return whether so few rows in so many days, from `first` on, stand alone after the others."""
    rows, span = few
    recent = others[bisect_right(others, others[-1] - 91) :]
    usual = sum(daily[day] for day in recent) / 91
    widest = max((after - day - 1 for day, after in pairwise(recent)), default=0)
    alone = first - others[-1] - 1 > 2 * widest
    return usual >= USUAL_FROM and alone and rows <= max(1, STRAY_SHARE * usual * span)


def early(daily: Mapping[int, int]) -> Early | None:
    """Find first rows that stand alone, years before all others: placeholders, mostly.

    Parameters
    ----------
    daily : mapping of int to int
        Day number -> rows.

    Examples
    --------
    >>> early({0: 2, **{day: 100 for day in range(9000, 9200)}})
    Early(rows=2, first=0, last=0, after=9000)
    """
    days = sorted(daily)
    most = STRAY_SHARE * sum(daily.values())
    rows = 0
    found = None
    for before, after in pairwise(days):
        rows += daily[before]
        if rows > most:
            break
        if after - before >= EARLY_GAP_DAYS:
            found = Early(rows, days[0], before, after)
    return found


def thin(daily: Mapping[int, int]) -> Thin | None:
    """Find last days that are too thin, against the same weekdays of four weeks before.

    Parameters
    ----------
    daily : mapping of int to int
        Day number -> rows.
    """
    if not daily or max(daily) - min(daily) < 5 * 7:
        return None
    last = max(daily)

    def usual(day: int) -> float:
        return median(daily.get(day - 7 * back, 0) for back in (1, 2, 3, 4))

    incomplete: list[int] = []
    for day in range(last, last - 7, -1):
        if daily.get(day, 0) >= COMPLETE * usual(day):
            break
        incomplete.append(day)
    rows = sum(daily.get(day, 0) for day in incomplete)
    expected = float(sum(usual(day) for day in incomplete))
    if expected < EXPECTED_FROM or rows >= THIN * expected:
        return None
    return Thin(incomplete[-1], last, rows, expected)


def beat(daily: Mapping[int, int]) -> Literal["month", "week"] | None:
    """Tell whether nearly all rows lie on the first of a month, or on one weekday.

    Parameters
    ----------
    daily : mapping of int to int
        Day number -> rows.
    """
    if len(daily) < 3 or max(daily) - min(daily) < 56:
        return None
    rows = sum(daily.values())
    if sum(count for day, count in _on_firsts(daily)) >= BEAT_SHARE * rows:
        return "month"
    weekdays = [sum(n for day, n in daily.items() if day % 7 == each) for each in range(7)]
    return "week" if max(weekdays) >= BEAT_SHARE * rows else None


def _on_firsts(daily: Mapping[int, int]) -> Iterator[tuple[int, int]]:
    return ((day, count) for day, count in daily.items() if date_of(day).day == 1)
