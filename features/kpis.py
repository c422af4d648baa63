"""What are the company's own figures? NPS, CSAT, CES, INS, resolution and churn, defined once.

A `Kpi` says what one row of a history contributes (its quantity) and how the contributions are
summed up. The customer's feature and the figure of a month or a segment are the same expression,
`Kpi.of`, over other rows; docs/kpis.md states each formula and its source.

References
----------
Reichheld (2003), The one number you need to grow, Harvard Business Review 81(12): NPS.
Dixon, Freeman & Toman (2010), Stop trying to delight your customers, HBR 88(7): CES.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import ibis
from ibis.expr import types as ir

_IN_AN_HOUR = 3.6e9
"""Microseconds."""


@dataclass(frozen=True)
class Kpi:
    """One figure: what a row contributes, and how contributions become the figure.

    Attributes
    ----------
    name, unit, meaning : str
        Unit is "percent", "points" (-100 to 100), "score" or "hours".
    history : str
        The table whose rows it reads; "customer_months" is derived, see `kpi_figures`.
    quantity : callable, Table -> column of float64
        What each row contributes, `in_one` to the unit; null where the row does not count.
    aggregate : "share", "net", "mean" or "median"
        Of the quantity. A share is the mean of 0 and 100, a net share of -100, 0 and 100; they are
        told apart because their intervals differ.
    bounds : (low, high)
        Between which the figure lies, in the unit; intervals are cut there.
    in_one : float
        How many of what a row contributes make one of the unit: whole numbers add up to the same
        in any order, fractions do not.
    days : tuple of str
        Day columns that must lie before the cutoff; a row counts in the month of the first.
    """

    name: str
    unit: Literal["percent", "points", "score", "hours"]
    meaning: str
    history: str
    quantity: Callable[[ir.Table], ir.FloatingColumn]
    aggregate: Literal["share", "net", "mean", "median"]
    bounds: tuple[float, float]
    days: tuple[str, ...] = ("day",)
    in_one: float = 1.0

    def each(self, rows: ir.Table) -> ir.FloatingColumn:
        """What each row contributes, in the unit; null where the row does not count."""
        return self.quantity(rows) / self.in_one if self.in_one != 1.0 else self.quantity(rows)

    def of(self, rows: ir.Table, *, where: ir.BooleanValue | None = None) -> ir.FloatingScalar:
        """Figure of these rows, to be used inside an aggregation.

        Parameters
        ----------
        rows : ibis Table, of `history`
        where : ibis condition over the rows, optional
            Which of them count, such as those visible at a cutoff and inside a window.

        Returns
        -------
        ibis scalar, float64 in `unit`; null where no row counts

        Examples
        --------
        >>> import pyarrow as pa
        >>> answers = {"customer_id": ["a", "a", "b"], "instrument": ["nps"] * 3,
        ...            "score": [10.0, 6.0, 9.0]}
        >>> surveys = ibis.memtable(pa.table(answers))
        >>> by_customer = surveys.group_by("customer_id").aggregate(surveys_nps=NPS.of(surveys))
        >>> by_customer.order_by("customer_id").to_pyarrow()["surveys_nps"].to_pylist()
        [0.0, 100.0]
        """
        quantity = self.quantity(rows)
        median = self.aggregate == "median"
        found = quantity.median(where=where) if median else quantity.mean(where=where)
        return found / self.in_one if self.in_one != 1.0 else found


# What one row contributes -------------------------------------------------------------------


def nps_points(score: ir.NumericValue) -> ir.FloatingColumn:
    """Points of one answer on 0 to 10: promoter (9, 10) 100, passive 0, detractor (0 to 6) -100."""
    return _net_points(score, satisfied=9, dissatisfied=6)


def ins_points(score: ir.NumericValue) -> ir.FloatingColumn:
    """Points of one answer on 1 to 5: satisfied (4, 5) 100, neither 0, dissatisfied (1, 2) -100."""
    return _net_points(score, satisfied=4, dissatisfied=2)


def csat_satisfied(score: ir.NumericValue) -> ir.BooleanValue:
    """Tell whether one answer on 1 to 5 is satisfied (4, 5); null without a score."""
    return score >= 4


def first_contact_resolved(tickets: ir.Table) -> ir.BooleanValue:
    """Tell whether a resolved ticket took one contact at most and was not reopened.

    Null for an open ticket, and for one of which neither `contacts` nor `reopened` is given: the
    company did not record it, and guessing would make every ticket a success.
    """
    counts = tickets.resolved_day.notnull() & (
        tickets.contacts.notnull() | tickets.reopened.notnull()
    )
    first = (tickets.contacts.fill_null(1.0) <= 1) & ~tickets.reopened.fill_null(False)
    return ibis.cases((counts, first))


def resolution_hours(tickets: ir.Table) -> ir.FloatingColumn:
    """Hours from opening a ticket to resolving it, by the clock; null while it is open."""
    return _microseconds(tickets.opened_at, tickets.resolved_at) / _IN_AN_HOUR


def percent(flag: ir.BooleanValue) -> ir.FloatingColumn:
    """100 for true, 0 for false, null for null: its mean is a share in percent."""
    # not flag.notnull(): of ~x, Ibis 12 makes NOT x IS NOT NULL, which SQL reads as x IS NULL
    return _points((flag, 100), (~flag, 0))


def _net_points(
    score: ir.NumericValue, *, satisfied: float, dissatisfied: float
) -> ir.FloatingColumn:
    return _points((score >= satisfied, 100), (score <= dissatisfied, -100), (score.notnull(), 0))


def _points(*cases: tuple[ir.BooleanValue, int]) -> ir.FloatingColumn:
    # a whole number cast: 100.0 is a decimal to Spark, whose mean keeps five places
    return ibis.cases(*cases).cast("float64")


def _microseconds(start: ir.TimestampValue, end: ir.TimestampValue) -> ir.FloatingColumn:
    # whole ones: of a second's fraction, engines keep, round or drop what they like
    return end.delta(start, unit="microsecond").cast("float64")


def _answers(surveys: ir.Table, instrument: str) -> ir.FloatingColumn:
    asked = surveys.instrument == instrument
    return ibis.cases((asked, surveys.score))


# The figures --------------------------------------------------------------------------------

NPS = Kpi(
    name="nps",
    unit="points",
    meaning="share of promoters (9, 10) minus share of detractors (0 to 6), on 0 to 10",
    history="surveys",
    quantity=lambda surveys: nps_points(_answers(surveys, "nps")),
    aggregate="net",
    bounds=(-100.0, 100.0),
)
CSAT = Kpi(
    name="csat",
    unit="percent",
    meaning="share of satisfied answers (4, 5), on 1 to 5",
    history="surveys",
    quantity=lambda surveys: percent(csat_satisfied(_answers(surveys, "csat"))),
    aggregate="share",
    bounds=(0.0, 100.0),
)
CES = Kpi(
    name="ces",
    unit="score",
    meaning="mean answer on 1 to 7, as the company words its question",
    history="surveys",
    quantity=lambda surveys: _answers(surveys, "ces"),
    aggregate="mean",
    bounds=(1.0, 7.0),
)
INS = Kpi(
    name="ins",
    unit="points",
    meaning="net satisfaction: share satisfied (4, 5) minus share dissatisfied (1, 2), on 1 to 5",
    history="surveys",
    quantity=lambda surveys: ins_points(_answers(surveys, "ins")),
    aggregate="net",
    bounds=(-100.0, 100.0),
)
FIRST_CONTACT_RESOLUTION = Kpi(
    name="first_contact_resolution",
    unit="percent",
    meaning="share of resolved tickets that took one contact at most and were not reopened",
    history="tickets",
    quantity=lambda tickets: percent(first_contact_resolved(tickets)),
    aggregate="share",
    bounds=(0.0, 100.0),
    days=("resolved_day",),
)


def _ticket_hours(name: str, meaning: str, end: str, days: tuple[str, ...]) -> tuple[Kpi, Kpi]:
    kinds: tuple[Literal["mean", "median"], ...] = ("mean", "median")
    mean, median = (
        Kpi(
            name=f"{name}_{kind}",
            unit="hours",
            meaning=f"{kind} hours {meaning}",
            history="tickets",
            quantity=lambda tickets: _microseconds(tickets.opened_at, tickets[end]),
            aggregate=kind,
            bounds=(0.0, float("inf")),
            days=days,
            in_one=_IN_AN_HOUR,
        )
        for kind in kinds
    )
    return mean, median


RESOLUTION_HOURS_MEAN, RESOLUTION_HOURS_MEDIAN = _ticket_hours(
    "resolution_hours", "from opening a ticket to resolving it", "resolved_at", ("resolved_day",)
)
FIRST_RESPONSE_HOURS_MEAN, FIRST_RESPONSE_HOURS_MEDIAN = _ticket_hours(
    "first_response_hours",
    "from opening a ticket to its first response",
    "first_response_at",
    ("day", "first_response_day"),
)
CHURN_RATE = Kpi(
    name="churn_rate",
    unit="percent",
    meaning="share of the customers at the month's first midnight who had left by the next month's",
    history="customer_months",
    quantity=lambda months: percent(months.churned),
    aggregate="share",
    bounds=(0.0, 100.0),
)
RETENTION_RATE = Kpi(
    name="retention_rate",
    unit="percent",
    meaning="share of the customers at the month's first midnight who had not left by the next's",
    history="customer_months",
    quantity=lambda months: percent(~months.churned),
    aggregate="share",
    bounds=(0.0, 100.0),
)

KPIS: Mapping[str, Kpi] = MappingProxyType(
    {
        kpi.name: kpi
        for kpi in (
            NPS,
            CSAT,
            CES,
            INS,
            FIRST_CONTACT_RESOLUTION,
            RESOLUTION_HOURS_MEAN,
            RESOLUTION_HOURS_MEDIAN,
            FIRST_RESPONSE_HOURS_MEAN,
            FIRST_RESPONSE_HOURS_MEDIAN,
            CHURN_RATE,
            RETENTION_RATE,
        )
    }
)
"""Every figure by its name, in the order in which they are printed."""
