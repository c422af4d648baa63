"""Does a table of terms name the last day of each, or the day from which it no longer runs?"""

from __future__ import annotations

from features.init.guesses import Guess
from features.init.keys import Plan
from features.init.selects import Select
from features.init.sums import time_of
from features.sql_text import quote
from features.terms import FEWEST


def inclusive_ends(guess: Guess, select: Select, plan: Plan) -> None:
    """Say that ends are last days where the customers' next terms begin on the day after them.

    By the rule of `features.terms`, which refuses such ends unless this is said.
    """
    named = [guess.columns.get(our) for our in ("customer_id", "started_at", "ended_at")]
    who, begin, end = named
    if who is None or begin is None or end is None:
        return
    if select.columns["customer_id"] != f"t.{quote(who)}":
        return
    on_the_day, on_the_day_after = _next_terms(guess, who, begin, end)
    if on_the_day_after >= FEWEST and on_the_day_after > on_the_day:
        plan.keys["ends_inclusive"] = "true"
        plan.doubts["ends_inclusive"] = (
            f"the next term of a customer begins {on_the_day_after:,} times on the day after "
            f"'{end}', and {on_the_day:,} times on that day; false if '{end}' is no longer covered"
        )


def _next_terms(guess: Guess, who: str, begin: str, end: str) -> tuple[int, int]:
    """Count ends on whose own day, and on the day after, another term of the customer begins."""
    table = guess.table
    begins, ends = (f"cast({time_of(table, name)} as date)" for name in (begin, end))
    terms = f"select {quote(who)} as who, {begins} as begins, {ends} as ends from {table.look}"
    sql = (
        f"with terms as ({terms}) "
        "select count(*) filter (where b.begins = a.ends), "
        "count(*) filter (where b.begins = a.ends + 1) "
        "from (select distinct who, ends from terms where ends > begins) a "
        "join (select distinct who, begins from terms) b using (who)"
    )
    on_the_day, on_the_day_after = table.source.con.execute(sql).fetchall()[0]
    return int(on_the_day), int(on_the_day_after)
