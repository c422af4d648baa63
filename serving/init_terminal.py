"""What does `tenure init` show at the terminal? What each file was taken for, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from features.schemas import ACTIVITY_HISTORIES
from serving.terminal import WIDTH, say

if TYPE_CHECKING:
    from features.init.folder import InitReport
    from features.init.keys import Plan


def show_init(report: InitReport) -> None:
    """Print what was guessed, how sure, what was left out, and the next command."""
    findings = report.findings
    if findings.plans:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for name in ("history", "from", "customer", "when", "unsure of"):
            table.add_column(name, overflow="fold")
        for plan in findings.plans.values():
            table.add_row(*map(escape, _row(plan)))
        Console(width=WIDTH, highlight=False).print(table)
    for name, why in findings.unplaced.items():
        say(f"not used: {name}: {why}")
    if findings.flat:
        say(
            "a flat table has one row per customer and no time, so nobody can tell what was known "
            "when; feature tables of that kind come with a later version"
        )
    say(f"wrote {report.out}")
    if any(name in findings.plans for name in ACTIVITY_HISTORIES):
        say(f"next: look at its lines marked 'unsure', then tenure check --config {report.out}")
    else:
        say(
            "next: describe usage, orders or subscriptions in it, for none of the files shows who "
            "stays"
        )


def _row(plan: Plan) -> tuple[str, ...]:
    doubts = [our or "the whole" for our in plan.doubts]
    return (
        plan.history,
        ", ".join(_files(plan)),
        " or ".join(_sources(plan, ("customer_id",))),
        " or ".join(_sources(plan, _WHEN)),
        ", ".join(doubts) or "-",
    )


_WHEN = (
    "ordered_at", "occurred_at", "opened_at", "answered_at", "started_at", "due_at", "posted_at",
    "contacted_at", "assigned_at", "signed_up_at",
)  # fmt: skip


def _files(plan: Plan) -> Iterator[str]:
    for select in plan.selects:
        yield select.table.name if select.plain else f"{select.table.name} (joined or summed)"


def _sources(plan: Plan, ours: tuple[str, ...]) -> dict[str, None]:
    """Return the source columns of the first of our columns that each table has."""
    found: dict[str, None] = {}
    for select in plan.selects:
        mapped = [select.columns[our] for our in ours if our in select.columns]
        found |= {sql.split(".", 1)[-1].strip('"'): None for sql in mapped[:1]}
    return found
