"""How is each history to be read: from one file as it is, or joined, summed and stacked by SQL?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from features.init.amounts import map_amount
from features.init.columns import COLUMNS
from features.init.ends import inclusive_ends
from features.init.guesses import CLOCKS, Guess, guess_history
from features.init.keys import Plan, formats, instrument, static
from features.init.links import Link, links_of, main_customers, person_column
from features.init.matches import LIKE, assign, customer_column
from features.init.selects import Select
from features.init.tables import Table
from features.init.words import likeness
from features.sql_text import literal, quote

_COPIES = 0.05
_SAID_BESIDES = {"surveys": instrument, "subscriptions": inclusive_ends}
"""History -> what tells the keys or columns that only it has."""


@dataclass
class Findings:
    """What a folder seems to hold.

    Attributes
    ----------
    plans : dict of str to Plan
    unplaced : dict of str to str
        Path -> why it is in no history.
    flat : list of str
        Paths of those that are flat tables.
    tables : int
    """

    plans: dict[str, Plan]
    unplaced: dict[str, str]
    flat: list[str]
    tables: int


class Planner:
    """The tables of a folder, and what is known of how they hang together."""

    def __init__(self, con: duckdb.DuckDBPyConnection, tables: Sequence[Table]) -> None:
        self.con = con
        self.links = {table.look: links_of(con, table, tables) for table in tables}
        guesses = [guess_history(table, linked=self._linked(table)) for table in tables]
        self.flat = [guess.table.name for guess in guesses if guess.flat]
        self.unplaced = {g.table.name: g.why for g in guesses if g.history is None}
        placed = (guess for guess in guesses if guess.history is not None)
        self.placed = sorted(placed, key=_doubtful)
        histories = [guess.table for guess in guesses if not guess.flat]
        people = [guess.table for guess in self.placed if guess.history == "customers"]
        self.main = main_customers(con, people, histories)
        self.details = self._details(tables)

    def findings(self) -> Findings:
        """Return a plan for each history that was found."""
        plans: dict[str, Plan] = {}
        for guess in self.placed:
            if (path := guess.table.name) in self.unplaced:
                continue
            if (reason := self._second_of(guess)) is not None:
                self.unplaced[path] = reason
                continue
            plan = self._plan(guess)
            if plan is not None:
                self._add(plans, plan)
            if guess.history == "tickets" and (survey := self._survey_of(guess)) is not None:
                self._add(plans, survey)
        for plan in plans.values():
            for table in (each for select in plan.selects for each in select.joined):
                self.unplaced.pop(table.name, None)
        return Findings(plans, self.unplaced, self.flat, len(self.links))

    def _add(self, plans: dict[str, Plan], plan: Plan) -> None:
        first, table = plans.get(plan.history), plan.selects[0].table
        if first is not None and (table.excel or first.selects[0].table.excel):
            self.unplaced[table.name] = (
                f"looks like {plan.history}, as {first.selects[0].table.name}, but Excel files "
                "can't be stacked; save both as CSV"
            )
            return
        if first is not None and CLOCKS.get(plan.history) in plan.doubts:
            self.unplaced[table.name] = (
                f"may be {plan.history}, as {first.selects[0].table.name}, but no column is named "
                f"like {CLOCKS[plan.history]}"
            )
            return
        _merge(plans, plan)

    def _linked(self, table: Table) -> bool:
        return any(customer_column(link.table) is not None for link in self.links[table.look])

    def _details(self, tables: Sequence[Table]) -> dict[str, list[tuple[Table, Link]]]:
        """Find the tables whose rows are parts of an order that another table has one row of."""
        headers = {
            guess.table.look: guess.table
            for guess in self.placed
            if guess.history == "orders" and guess.columns.get("customer_id") is not None
        }
        found: dict[str, list[tuple[Table, Link]]] = {}
        for table in tables:
            for link in self.links[table.look]:
                named = likeness(link.theirs, COLUMNS["orders"]["order_id"]) >= LIKE
                if link.table.look in headers and named and customer_column(table) is None:
                    found.setdefault(link.table.look, []).append((table, link))
                    if self._guessed(table) in (None, "orders", "payments", "usage"):
                        self.unplaced[table.name] = f"parts of the orders in {link.table.name}"
        return found

    def _guessed(self, table: Table) -> str | None:
        return next((g.history for g in self.placed if g.table is table), None)

    def _second_of(self, guess: Guess) -> str | None:
        if guess.history != "customers" or self.main is None or guess.table is self.main[0]:
            return None
        return f"one row per customer, as {self.main[0].name}, which is taken; join what it adds"

    def _plan(self, guess: Guess) -> Plan | None:
        select = Select(
            guess.table, {our: f"t.{quote(name)}" for our, name in guess.columns.items()}
        )
        plan = Plan(str(guess.history), [select], {}, dict(guess.doubts))
        self._customer(guess, select, plan)
        if plan.history == "orders" and not self._amount(guess, select, plan):
            return None
        if plan.history == "campaigns" and not self._campaign(guess, select, plan):
            return None
        if plan.history in _SAID_BESIDES:
            _SAID_BESIDES[plan.history](guess, select, plan)
        if plan.history == "customers":
            static(guess, plan, self.main)
        else:
            self._copies(guess, plan)
        formats(guess, plan)
        if not select.plain and any(table.excel for table in (guess.table, *select.joined)):
            self.unplaced[guess.table.name] = (
                f"looks like {plan.history} but must be joined with another table, which can't be "
                "done from Excel; save both as CSV"
            )
            return None
        return plan

    def _customer(self, guess: Guess, select: Select, plan: Plan) -> None:
        """Map the customer: by a column, through other tables, and to the person behind it."""
        table, column = guess.table, guess.columns.get("customer_id")
        alias = "t"
        if column is None or "customer_id" in guess.doubts:
            for link in self.links[table.look]:
                theirs = customer_column(link.table)
                if (theirs is not None and theirs != link.theirs) or column is None:
                    if theirs is None:
                        continue
                    alias = select.join(link.table, link.theirs, f"t.{quote(link.mine)}")
                    table, column = link.table, theirs
                    plan.doubts["customer_id"] = (
                        f"'{link.mine}' leads to '{theirs}' in {link.table.name}"
                    )
                    break
        if column is None:
            return
        person = person_column(*self.main) if self.main else None
        if self.main is not None and person is not None:
            key = self.main[1]
            if table is not self.main[0]:
                alias = select.join(self.main[0], key, f"{alias}.{quote(column)}")
            column = person
            plan.doubts["customer_id"] = (
                f"'{key}' of {self.main[0].name} is hardly ever repeated; '{person}' seems to be "
                "the person"
            )
        select.columns["customer_id"] = f"{alias}.{quote(column)}"

    def _amount(self, guess: Guess, select: Select, plan: Plan) -> bool:
        if map_amount(guess, select, plan, self.details.get(guess.table.look, [])):
            return True
        self.unplaced[guess.table.name] = "looks like orders but no column or table has an amount"
        return False

    def _campaign(self, guess: Guess, select: Select, plan: Plan) -> bool:
        if not {"assigned_at", "contacted_at"} & set(guess.columns):
            for link in self.links[guess.table.look]:
                times = [c for c in link.table.columns.values() if c.kind == "time"]
                likely = COLUMNS["campaigns"]["contacted_at"]
                times = [c for c in times if likeness(c.name, likely) >= LIKE]
                if times:
                    alias = select.join(link.table, link.theirs, f"t.{quote(link.mine)}")
                    select.columns["contacted_at"] = f"{alias}.{quote(times[0].name)}"
                    plan.doubts["contacted_at"] = f"'{times[0].name}' of {link.table.name}"
                    break
            else:
                self.unplaced[guess.table.name] = "looks like campaigns but has no time of contact"
                return False
        if "arm" not in guess.columns:
            select.columns["arm"] = "'treatment'"
            plan.doubts["arm"] = (
                "no column says who was held out: everyone listed counts as treated"
            )
        return True

    def _survey_of(self, guess: Guess) -> Plan | None:
        """Return the survey that is part of a table of tickets."""
        taken = {name for our, name in guess.columns.items() if our != "resolved_at"}
        found = assign(guess.table, "surveys", taken=taken)
        if not {"score", "answered_at"} <= set(found):
            return None
        kept = {our: found[our] for our in ("score", "answered_at")}
        survey = Guess(guess.table, "surveys", kept, {})
        select = Select(guess.table, {our: f"t.{quote(name)}" for our, name in kept.items()})
        select.columns["customer_id"] = f"t.{quote(guess.columns['customer_id'])}"
        plan = Plan("surveys", [select], {"where": f"{quote(found['score'])} is not null"})
        plan.doubts[""] = "part of the tickets' table"
        instrument(survey, select, plan)
        formats(survey, plan)
        return plan

    def _copies(self, guess: Guess, plan: Plan) -> None:
        """Keep equal rows where nothing tells two alike events apart, if they are few."""
        table, select = guess.table, plan.selects[0]
        if select.summed or (select.plain and any(map(table.unique, table.columns))):
            return
        sql = f"select count(*) from (select distinct * from {table.look})"
        copies = table.rows - self.con.execute(sql).fetchall()[0][0]
        if copies == 0 and not select.plain:  # the query leaves out what tells its rows apart
            plan.keys["duplicates"] = '"keep"'
        if 0 < copies <= _COPIES * table.rows:
            plan.keys["duplicates"] = '"keep"'
            plan.doubts["duplicates"] = (
                f"{copies} rows equal another one, and no column numbers the rows: kept as real"
            )


def _doubtful(guess: Guess) -> bool:
    return CLOCKS.get(str(guess.history)) in guess.doubts


def _merge(plans: dict[str, Plan], plan: Plan) -> None:
    """Stack the tables of one history, and tell them apart by a channel or an event."""
    if plan.history not in plans:
        plans[plan.history] = plan
        return
    first = plans[plan.history]
    first.selects += plan.selects
    first.doubts |= plan.doubts
    first.keys = {key: value for key, value in first.keys.items() if key not in ("where",)}
    first.doubts[""] = "several files: look whether they hold the same rows twice"
    apart = {"orders": "channel", "usage": "event"}.get(plan.history)
    if apart is not None and not any(apart in select.columns for select in first.selects):
        for select in first.selects:
            select.columns[apart] = literal(select.table.title)
