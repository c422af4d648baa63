"""Who was a customer when a month began, and had left when the next one began?

The rows behind churn and retention rates, one per customer and month.
"""

from __future__ import annotations

from datetime import date

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from ibis.expr import types as ir

from features.windows import date_of, day_number

_NEVER = 2**31 - 1


def customer_months(subscriptions: ir.Table, *, until: date) -> ir.Table:
    """Who was a customer at each month's first midnight, and had cancelled by the next month's.

    Active at a midnight means: some term began before it and has not ended before it.

    Parameters
    ----------
    subscriptions : ibis Table, normalised
    until : date
        Only months that end at or before it.

    Returns
    -------
    ibis Table of customer_id, day (the month's first), known_day (the month's last) and churned,
    one row per customer and complete month at whose first midnight they were active
    """
    terms = subscriptions.filter(subscriptions.known_day < day_number(until))
    months = _month_days(terms.day.min().to_pyarrow().as_py(), until)
    spells = _spells(terms)
    here = months.join(
        spells, (spells.began < months.first_day) & (spells.ended >= months.first_day)
    )
    stayed = here.filter(here.ended >= here.next_day).mutate(churned=ibis.literal(False))
    ended = here.filter(here.ended < here.next_day)
    later = spells.view()
    # spells of a customer don't overlap, so a row meets at most one later spell
    met = ended.left_join(
        later,
        [
            ended.customer_id == later.customer_id,
            later.began < ended.next_day,
            later.ended >= ended.next_day,
        ],
    )
    gone = met.mutate(churned=met.customer_id_right.isnull()).select(stayed.columns)
    both = stayed.union(gone)
    return both.select("customer_id", "churned", day=both.first_day, known_day=both.next_day - 1)


def _spells(terms: ir.Table) -> ir.Table:
    """Terms that overlap or follow without a midnight between, as one: active in (began, ended]."""
    ended = terms.ended_day.fill_null(_NEVER)
    terms = terms.select("customer_id", "day", ended=ended)
    in_order = {"group_by": "customer_id", "order_by": ["day", "ended"]}
    terms = terms.mutate(covered=terms.ended.max().over(ibis.cumulative_window(**in_order)))
    before = terms.covered.lag().over(ibis.window(**in_order))
    terms = terms.mutate(opens=ibis.ifelse(terms.day > before, 1, 0))
    terms = terms.mutate(spell=terms.opens.sum().over(ibis.cumulative_window(**in_order)))
    spells = terms.group_by("customer_id", "spell").aggregate(
        began=terms.day.min(), ended=terms.ended.max()
    )
    return spells.drop("spell")


def labelled_months(labels: pd.DataFrame) -> ir.Table:
    """Who had left by the labels, in the shape of `customer_months`.

    Parameters
    ----------
    labels : DataFrame(customer_id, cutoff, churned), as `labels.churn_labels` gives them

    Returns
    -------
    ibis Table of customer_id, day and known_day (both the cutoff's) and churned
    """
    days = labels["cutoff"].map(
        {cutoff: day_number(cutoff) for cutoff in labels["cutoff"].unique()}
    )
    cutoff_days = pa.array(days.to_numpy(np.int32))
    return ibis.memtable(
        pa.table(
            {
                "customer_id": pa.array(labels["customer_id"].tolist(), pa.string()),
                "day": cutoff_days,
                "known_day": cutoff_days,
                "churned": pa.array(labels["churned"].tolist(), pa.bool_()),
            }
        )
    )


def next_month(day: date) -> date:
    """First day of the month after a day's.

    Examples
    --------
    >>> next_month(date(2023, 12, 31))
    datetime.date(2024, 1, 1)
    """
    return date(day.year + day.month // 12, day.month % 12 + 1, 1)


def _month_days(first: int | None, until: date) -> ir.Table:
    """First days of the complete months from the one of day `first` on, and of their next ones."""
    starts = [] if first is None else [date_of(first).replace(day=1)]
    while starts and next_month(starts[-1]) <= until:
        starts.append(next_month(starts[-1]))
    days = pa.array([day_number(start) for start in starts], pa.int32())
    return ibis.memtable(pa.table({"first_day": days[:-1], "next_day": days[1:]}))
