"""Which days does a feature or a label see? Cutoffs and half-open windows, in whole days.

Inside, a day is the number of days since 1970-01-01 in the business's time zone. A cutoff is the
midnight at which its date begins, so "strictly before the cutoff" is ``day < day_number(cutoff)``.
"""

from __future__ import annotations

from datetime import date, timedelta

EPOCH = date(1970, 1, 1)
WINDOWS = (7, 28, 91, 182, 364)
"""Lengths of the feature windows in days, multiples of 7 so that every one holds whole weeks."""


def day_number(day: date) -> int:
    """Days since 1970-01-01.

    Examples
    --------
    >>> day_number(date(1997, 10, 1))
    10135
    """
    return (day - EPOCH).days


def date_of(day: int) -> date:
    """Date of a day number; the inverse of `day_number`.

    Examples
    --------
    >>> date_of(10135)
    datetime.date(1997, 10, 1)
    """
    return EPOCH + timedelta(days=int(day))
