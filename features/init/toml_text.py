"""How is a first tenure.toml written, so that its reader sees what was guessed and what not?"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence

from features.init.keys import Plan, lines_toml, literal_toml
from features.init.plans import Findings
from features.init.rhythm import Rhythm
from features.init.selects import WIDTH, Select
from features.init.tables import Table
from features.schemas import ACTIVITY_HISTORIES, SCHEMAS
from features.sql_text import quote

_ORDER = [*SCHEMAS]


def toml_text(findings: Findings, rhythm: Rhythm, folder: str) -> str:
    """Return the tenure.toml of what was found in a folder."""
    lines = [
        f"# Written by `tenure init {folder}`.",
        "# Look at each line marked 'unsure', then run `tenure check`: it reads every history and",
        "# says what it finds.",
        "",
        *_business(findings, rhythm),
    ]
    plans = findings.plans
    placed = {each.table.name for plan in plans.values() for each in plan.selects}
    for history in _ORDER:
        if history in plans:
            lines += ["", *_section(plans[history], placed)]
    if not any(name in findings.plans for name in ACTIVITY_HISTORIES):
        lines += ["", *_comment(
            "None of the files shows who stays: describe one of [histories.usage], "
            "[histories.orders] or [histories.subscriptions] before `tenure check` can run."
        )]  # fmt: skip
    lines += _unplaced(findings)
    return "\n".join(lines) + "\n"


def _business(findings: Findings, rhythm: Rhythm) -> Iterator[str]:
    yield "[business]"
    yield from _doubt(rhythm.currency_because)
    yield f"currency = {literal_toml(rhythm.currency)}"
    yield from _doubt("the files don't say where the business is; it decides where a day ends")
    yield 'time_zone = "UTC"'
    yield from _doubt(rhythm.churn_because)
    yield f'churn = "{rhythm.churn}"  # {_MEANING[rhythm.churn]}'
    if rhythm.churn == "inactivity" and {"orders", "usage"} <= set(findings.plans):
        yield from _doubt("activity may also be usage: take what shows that a customer stays")
        yield 'activity = "orders"'
    yield from _doubt(rhythm.because)
    yield f"horizon_days = {rhythm.horizon_days}"
    yield from _doubt("over how many days the value of a customer is counted")
    yield f"value_horizon_days = {rhythm.value_horizon_days}"
    yield from _doubt("1.0 counts revenue as margin; write the share that remains")
    yield "margin_rate = 1.0"


_MEANING = {
    "cancellation": "left = no subscription is active at the end of the horizon",
    "inactivity": "left = nothing happens within the horizon",
}


def _section(plan: Plan, placed: set[str]) -> Iterator[str]:
    yield f"[histories.{plan.history}]"
    yield from _doubt(plan.doubts.get(""))
    if plan.sql is None:
        yield from _mapped(plan, plan.selects[0])
    else:
        for our, why in plan.doubts.items():
            if our not in ("", *plan.keys):
                yield from _doubt(f"{our}: {why}")
        yield from _queried(plan, placed)
    for key, value in plan.keys.items():
        yield from _doubt(plan.doubts.get(key))
        yield f"{key} = {value}" if key != "where" else f"where = {literal_toml(value)}"


def _mapped(plan: Plan, select: Select) -> Iterator[str]:
    yield f"path = {literal_toml(select.table.path)}"
    if select.table.sheet is not None:
        yield f"sheet = {literal_toml(select.table.sheet)}"
    for our in select.ordered():
        theirs = _theirs(select, our)
        yield from _doubt(plan.doubts.get(our))
        if theirs != our:
            yield f"columns.{our} = {literal_toml(theirs)}"
    used = [*select.columns.values(), *plan.keys.values(), *map(quote, select.per_unit.values())]
    yield from _unused("not used", select.table, used)


def _queried(plan: Plan, placed: set[str]) -> Iterator[str]:
    """Yield the query, and the columns that it leaves out of tables with no other history."""
    yield from lines_toml("sql", str(plan.sql))
    for select in plan.selects:
        others = [each for each in select.joined if each.name not in placed]
        for table in (select.table, *others):
            used = [select.sql(), *plan.keys.values()]
            yield from _unused(f"not used of {table.name}", table, used)


def _unused(said: str, table: Table, used: Sequence[str]) -> Iterator[str]:
    names = [name for name in table.columns if not any(quote(name) in sql for sql in used)]
    if names:
        yield from _comment(f"{said}: {', '.join(names)}")


def _theirs(select: Select, our: str) -> str:
    """Return the source column of one of ours, or the product of two as an expression."""
    names = select.measures(our)
    if len(names) == 1:
        return names[0]
    return " * ".join(name if name.isidentifier() else quote(name) for name in names)


def _doubt(why: str | None) -> Iterator[str]:
    if why:
        yield from _comment(f"unsure: {why}")


def _comment(text: str) -> list[str]:
    return textwrap.wrap(
        text, WIDTH, initial_indent="# ", subsequent_indent="#   ", break_long_words=False
    )


def _unplaced(findings: Findings) -> Iterator[str]:
    if not findings.unplaced:
        return
    yield ""
    yield "# Not used:"
    for path, why in findings.unplaced.items():
        yield from _comment(f"{path}: {why}")
    if findings.flat:
        yield from _comment(
            "A flat table has one row per customer and no time, so nobody can tell what was known "
            "when. Feature tables of that kind come with a later version of Tenure."
        )
