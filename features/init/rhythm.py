"""How far ahead should churn look? From the rhythm in which customers come back."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from features.init.matches import customer_column
from features.init.plans import Findings
from features.init.selects import Select, column_of
from features.init.sums import time_of
from features.init.tables import Table
from features.init.words import CURRENCIES, tokens
from features.sql_text import quote

HORIZONS = (28, 56, 91, 182, 364)
USUAL = 91
_GAPS = 3
"""A horizon should see about so many of a typical customer's gaps between active days."""
_NEEDED, _BEFORE = 3, 28
"""Training needs so many horizons, after so many days to look back on: `training.splits`."""
_ENDS = "guessed from the ends of subscriptions; inactivity is the other way to leave"
_NO_ENDS = "guessed, as no file has ends of subscriptions; with them it would be cancellation"
_CLOCKS = {"orders": "ordered_at", "usage": "occurred_at"}


@dataclass(frozen=True)
class Rhythm:
    """What [business] should say, and why.

    Attributes
    ----------
    currency, currency_because : str
    churn, churn_because : str
    horizon_days, value_horizon_days : int
    because : str
    """

    currency: str
    currency_because: str
    churn: str
    churn_because: str
    horizon_days: int
    value_horizon_days: int
    because: str


def rhythm_of(con: duckdb.DuckDBPyConnection, findings: Findings) -> Rhythm:
    """Guess the settings of [business]."""
    currency, said = _currency(findings)
    subscriptions = findings.plans.get("subscriptions")
    if subscriptions and any("ended_at" in each.columns for each in subscriptions.selects):
        because = "91 days is usual for subscriptions; take what you can act on"
        return Rhythm(currency, said, "cancellation", _ENDS, 91, 364, because)
    for history, clock in _CLOCKS.items():
        if history in findings.plans:
            select = findings.plans[history].selects[0]
            gap, span = _gaps(con, select, clock)
            days = _horizon(gap, span)
            because = _because(gap, span, history)
            return Rhythm(currency, said, "inactivity", _NO_ENDS, days, min(364, 2 * days), because)
    because = "nothing shows a rhythm; 91 is usual"
    return Rhythm(currency, said, "inactivity", _NO_ENDS, 91, 364, because)


def _because(gap: float | None, span: int, history: str) -> str:
    if gap is None:
        return f"nobody is in {history} on two days; its {span} days allow a horizon of this length"
    return (
        f"half of the customers in {history} come back within {gap:.0f} days on average, "
        f"over {span} days of data"
    )


def _horizon(gap: float | None, span: int) -> int:
    """Return the shortest horizon that sees three gaps, of those that the data suffice for."""
    least = USUAL if gap is None else _GAPS * gap
    wanted = [days for days in HORIZONS if days >= least] or [HORIZONS[-1]]
    fitting = [days for days in HORIZONS if _NEEDED * days + _BEFORE <= span] or [HORIZONS[0]]
    return min(wanted[0], fitting[-1])


def _gaps(con: duckdb.DuckDBPyConnection, select: Select, clock: str) -> tuple[float | None, int]:
    """Return the median customer's mean gap between active days, and the length of the data."""
    table = select.table
    time = time_of(table, column_of(select.columns[clock]))
    who = select.columns["customer_id"]
    customer = who.removeprefix("t.") if who.startswith("t.") else _any_id(table)
    days = f"select {customer} as who, cast({time} as date) as day from ({table.source.sql})"
    sql = (
        f"with days as ({days}), each as (select who, max(day) - min(day) as lived, "
        "count(distinct day) - 1 as gaps from days where day is not null group by who) "
        "select median(lived / gaps) filter (where gaps > 0), "
        "(select max(day) - min(day) + 1 from days) from each"
    )
    gap, span = con.execute(sql).fetchall()[0]
    return gap, int(span or 0)


def _any_id(table: Table) -> str:
    return quote(customer_column(table) or next(iter(table.columns)))


def _currency(findings: Findings) -> tuple[str, str]:
    for plan in findings.plans.values():
        for select in plan.selects:
            for name in select.table.columns:
                for word in tokens(name):
                    if word in CURRENCIES:
                        return CURRENCIES[word], f"from the column '{name}'"
    return "EUR", "the files don't say the currency; it only stands beside amounts"
