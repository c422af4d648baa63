from datetime import date
from pathlib import Path

import ibis
import pytest

from features.endings import Early, Stray, Thin
from features.history_facts import HistoryReport
from features.known import never_final
from features.lateness import Delay, Lateness, Load
from features.windows import day_number
from serving.remarks import about_hidden, about_history, about_lateness

DAY = day_number(date(2026, 6, 1))


def said(last_day=DAY, **found):
    return " ".join(about_lateness(Lateness("usage", **found), last_day))


def test_nothing_is_said_of_a_history_without_oddities():
    at_once = Delay(1_000, 0.001, 0, 0, 3)
    assert said(known=at_once, fields={"refund": at_once}) == ""


def test_lateness_is_said_in_days_with_the_share_of_late_rows():
    text = said(known=Delay(1_000, 0.25, 0, 3, 40))
    assert "usage: 25% of its rows became known on a later day" in text
    assert "after 0 days (median of 1,000; 95 % within 3, the last after 40)" in text


def test_a_back_filled_history_says_what_it_means_and_what_to_do():
    text = said(known=Delay(100, 1.0, 50, 90, 99), load=Load((DAY,), 96, 100))
    assert "usage looks back-filled: 96 of its 100 rows older than four weeks (96%)" in text
    assert "became known on 2026-06-01" in text
    assert "At a cutoff before that, features see none of them" in text
    assert "leave known_at out under [histories.usage]" in text
    assert "a later day than they happened" not in text


@pytest.mark.parametrize(("rows", "words"), [(1, "1 row stands alone"), (3, "3 rows stand alone")])
def test_stray_rows_say_that_they_put_the_newest_cutoff_where_it_is(rows, words):
    found = Stray(rows, DAY - 100, DAY - 1, DAY)
    assert f"usage: {words} from 2026-05-31 on, 99 days after all others" in said(stray=found)
    assert "put the newest cutoff at 2026-06-02" in said(stray=found)
    assert "put the newest cutoff" not in said(last_day=DAY + 5, stray=found)


def test_placeholder_dates_at_the_beginning_say_what_to_do():
    text = said(early=Early(2, -25_567, 0, DAY))
    assert "2 rows stand alone at the beginning, the first on 1900-01-01, 20,605 days" in text
    assert "which begin on 2026-06-01: if such a time stands for a missing one, leave these" in text


def test_thin_last_days_say_from_when_rows_may_be_missing():
    text = said(thin=Thin(DAY - 1, DAY, 40, 200.0))
    assert "its last 2 days hold 40 rows, 20% of what is usual on such weekdays" in text
    assert "more of 2026-05-31 and after may still arrive (no known_at says how late" in text
    late = said(thin=Thin(DAY, DAY, 40, 200.0), known=Delay(100, 1.0, 1, 2, 3))
    assert "its last day holds 40 rows" in late
    assert "no known_at" not in late


def test_totals_dated_at_their_beginning_say_that_they_know_what_follows():
    assert "If they are totals of the month that begins on it" in said(beat="month")


def test_a_history_that_ends_early_says_so():
    report = HistoryReport("tickets", 10, 0, 10, {}, 3, date(2026, 1, 1), date(2026, 5, 1))
    [line] = about_history(report, date(2026, 6, 1), Path("home"))
    assert line.startswith("tickets ends 30 days before the newest cutoff 2026-06-01")


def test_fields_that_wait_for_a_time_that_no_row_has_are_named():
    tickets = {
        "escalated": [True, None],
        "contacts": [None, 2.0],
        "reopened": [None, None],
        "resolved_at": [None, None],
    }
    types = {"escalated": "bool", "contacts": "float64", "reopened": "bool", "resolved_at": "date"}
    hidden = never_final("tickets", ibis.memtable(tickets, schema=types))
    assert hidden == {"resolved_at": ["contacts", "escalated"]}
    [line] = about_hidden("tickets", hidden)
    assert "no row has resolved_at, so nobody can tell when contacts, escalated were known" in line
    tickets["resolved_at"] = [None, date(2024, 1, 1)]
    assert never_final("tickets", ibis.memtable(tickets, schema=types)) == {}
