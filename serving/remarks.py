"""What is odd about a history, in sentences that say what it means and what to do?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from features.windows import date_of

if TYPE_CHECKING:
    from features.endings import Early, Stray, Thin
    from features.histories import Histories
    from features.history_facts import HistoryReport
    from features.lateness import Delay, Lateness, Load

STALE_DAYS = 7
MANY_COPIES = 0.01
MANY_LATE = 0.01
MANY_STRANGERS = 0.5


def remarks(histories: Histories, home: Path) -> Iterator[str]:
    """Say all that is odd about the histories of a company."""
    from features.known import never_final
    from features.lateness import lateness
    from features.reading.spellings import about_own_spellings, about_strangers

    for report in histories.reports.values():
        yield from about_history(report, histories.newest_cutoff, home)
    for found in lateness(histories.tables, histories.last_day):
        yield from about_lateness(found, histories.last_day)
    for name, table in histories.tables.items():
        yield from about_hidden(name, never_final(name, table))
        yield from filter(None, [about_own_spellings(name, table)])
    for name, share in histories.strangers().items():
        if share > MANY_STRANGERS:
            yield about_strangers(histories.tables, name, share)


def about_history(report: HistoryReport, newest: date, home: Path) -> Iterator[str]:
    """Say what was assumed, put aside and counted once, and whether the history ends early."""
    yield from report.remarks
    for reason, count in report.quarantined.items():
        yield f"{report.name}: {count:,} x {reason}"
    if report.quarantined:
        yield f"{report.name}: see {home / 'quarantine' / f'{report.name}.csv'}"
    if report.duplicates > MANY_COPIES * report.rows_read:
        yield (
            f"{report.name}: {report.duplicates:,} rows equal to another one were counted once; "
            f'if they are real, set duplicates = "keep" under [histories.{report.name}]'
        )
    behind = 0 if report.last is None else (newest - report.last).days - 1
    if behind > STALE_DAYS:
        yield (
            f"{report.name} ends {behind} days before the newest cutoff {newest}: its newest rows "
            "are missing, or nothing happened"
        )


def about_hidden(name: str, hidden: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """Say which fields no feature ever sees, for want of the time at which they are final."""
    for clock, fields in hidden.items():
        yield (
            f"{name}: no row has {clock}, so nobody can tell when {', '.join(fields)} were known, "
            f"and no feature sees them; map {clock} under [histories.{name}]"
        )


def about_lateness(found: Lateness, last_day: int) -> Iterator[str]:
    """Say what the two clocks of a history mean for backtests; nothing where nothing is odd.

    Parameters
    ----------
    found : Lateness
    last_day : int
        Day before the newest cutoff.
    """
    name = found.history
    if found.load is not None:
        yield from _about_load(name, found.load)
    elif found.known is not None and found.known.late >= MANY_LATE:
        yield (
            f"{name}: {found.known.late:.0%} of its rows became known on a later day than they "
            f"happened; all: {_days(found.known)}; features wait for it"
        )
    later = [f"{what} {_days(delay)}" for what, delay in found.fields.items() if delay.p95 > 0]
    if later:
        yield f"{name} are completed later: {'; '.join(later)}; features wait for it"
    if found.stray is not None:
        yield _about_stray(name, found.stray, last_day)
    if found.early is not None:
        yield _about_early(name, found.early)
    if found.thin is not None:
        yield _about_thin(name, found.thin, given=found.known is not None)
    if found.beat is not None:
        yield _about_beat(name, found.beat)


def _days(delay: Delay) -> str:
    return (
        f"after {delay.median:,} days (median of {delay.rows:,}; 95 % within {delay.p95:,}, the "
        f"last after {delay.longest:,})"
    )


def _about_load(name: str, load: Load) -> Iterator[str]:
    days = ", ".join(str(date_of(day)) for day in load.days)
    yield (
        f"{name} looks back-filled: {load.rows:,} of its {load.older:,} rows older than four weeks "
        f"({load.rows / load.older:.0%}) became known on {days}. At a cutoff before that, features "
        "see none of them, and a model would learn to do without what it is later given"
    )
    yield (
        f"{name}: if known_at is when the rows were loaded, and the company knew them all along, "
        f"leave known_at out under [histories.{name}]; if they were truly unknown, train on later "
        "cutoffs only"
    )


def _about_stray(name: str, stray: Stray, last_day: int) -> str:
    rows = "1 row stands" if stray.rows == 1 else f"{stray.rows:,} rows stand"
    moved = (
        f" and put the newest cutoff at {date_of(last_day + 1)}" if stray.last == last_day else ""
    )
    return (
        f"{name}: {rows} alone from {date_of(stray.first)} on, {stray.first - stray.before} days "
        f"after all others, which end on {date_of(stray.before)}{moved}: mend their times, or "
        f"leave them out with where under [histories.{name}]"
    )


def _about_early(name: str, early: Early) -> str:
    rows = "1 row stands" if early.rows == 1 else f"{early.rows:,} rows stand"
    return (
        f"{name}: {rows} alone at the beginning, the first on {date_of(early.first)}, "
        f"{early.after - early.last:,} days before all others, which begin on "
        f"{date_of(early.after)}: if such a time stands for a missing one, leave these rows out "
        f"with where under [histories.{name}]"
    )


def _about_thin(name: str, thin: Thin, *, given: bool) -> str:
    days = thin.last - thin.first + 1
    clock = "" if given else " (no known_at says how late; the backtest takes all as known at once)"
    return (
        f"{name}: its last {'day holds' if days == 1 else f'{days} days hold'} {thin.rows:,} rows, "
        f"{thin.rows / thin.usual:.0%} of what is usual on such weekdays, so more of "
        f"{date_of(thin.first)} and after may still arrive{clock}: load them, or leave these days "
        f"out with where under [histories.{name}], and scores start from a complete day"
    )


def _about_beat(name: str, beat: str) -> str:
    when = "the first of a month" if beat == "month" else "the same day of the week"
    return (
        f"{name}: nearly all rows lie on {when}. If they are totals of the {beat} that begins on "
        "it, they know what comes after a cutoff within it: give each as known_at the day after "
        f"its {beat}, under [histories.{name}]"
    )
