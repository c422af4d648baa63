"""Ticket features by hand."""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from features.build import learn_spec
from features.spec import FeatureSpec
from features.tickets import tickets_seen
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, Row, at, features, one, row


def resolved(opened: int, closed: int, **fields: Any) -> Row:
    """A ticket resolved so many days before the cutoff."""
    return row("tickets", opened, resolved_day=LAST - closed, **fields)


@cache
def spec() -> FeatureSpec:
    """What was learned from tickets that took a day, with every column filled."""
    kinds = [("login", "p1"), ("price", "p2")]
    known = {"channel": "Web form", "contacts": 1.0, "handle_minutes": 5.0}
    known |= {"escalated": False, "reopened": False, "first_response_day": LAST - 9}
    rows = [resolved(9, 8, category=what, priority=how, **known) for what, how in kinds]
    return learn_spec(worlds.histories({"tickets": rows}), [CUTOFF])


def built(rows: Iterable[Row]) -> Any:
    """What the builder makes of one customer's tickets."""
    return worlds.built("tickets", list(rows), [CUTOFF], spec()).iloc[0]


def test_a_ticket_resolved_after_the_cutoff_is_open_at_the_cutoff() -> None:
    rows = [resolved(5, 1), resolved(9, 0), row("tickets", 3)]
    frame = features({"tickets": rows}).iloc[0]
    assert frame["tickets_open"] == 2
    assert frame["tickets_open_days_longest"] == 9
    assert frame["tickets_opened_7d"] == 2


def test_a_ticket_learned_after_the_cutoff_is_invisible() -> None:
    rows = [row("tickets", 3), row("tickets", 3, known_day=LAST), row("tickets", 2, customer="b")]
    assert one({"tickets": rows}, "tickets_opened_7d") == 1


def test_what_is_final_on_resolution_is_hidden_while_a_ticket_is_open() -> None:
    final = {"contacts": 5.0, "reopened": True, "handle_minutes": 50.0}
    rows = [resolved(5, 2, contacts=1.0, reopened=False, handle_minutes=10.0)]
    rows += [resolved(5, -2, **final), row("tickets", 5, **final)]
    frame = features({"tickets": rows}).iloc[0]
    assert frame["tickets_contacts_mean_364d"] == 1
    assert frame["tickets_reopened_share_364d"] == 0
    assert frame["tickets_first_contact_resolution_364d"] == 100
    assert frame["tickets_handle_minutes_mean_364d"] == 10


def test_first_contact_resolution_needs_one_contact_and_no_reopening() -> None:
    outcomes = [(1.0, False), (2.0, False), (1.0, True), (None, False)]
    rows = [resolved(5, 2, contacts=each, reopened=again) for each, again in outcomes]
    assert one({"tickets": rows}, "tickets_first_contact_resolution_364d") == 50


def test_hours_run_by_the_clock() -> None:
    opened = LAST - 5
    times = {"first_response_at": at(opened, 10.5), "resolved_at": at(opened + 1, 9)}
    days = {"first_response_day": opened, "resolved_day": opened + 1}
    frame = features({"tickets": [row("tickets", 5, **days, **times)]}).iloc[0]
    assert frame["tickets_first_response_hours_91d"] == 1.5
    assert frame["tickets_resolution_hours_91d"] == 24


def test_tickets_are_counted_by_category_and_priority() -> None:
    rows = [row("tickets", days, category="Billing", priority="high") for days in (1, 182, 183)]
    frame = features({"tickets": rows}).iloc[0]
    assert frame["tickets_category_billing_182d"] == 2
    assert frame["tickets_priority_high_182d"] == 2


def test_a_customer_without_tickets_has_counts_0_and_means_missing() -> None:
    world = {
        "tickets": [resolved(5, 2)],
        "customers": [row("customers", 9, customer=each) for each in "ab"],
    }
    frame = features(world).loc[("b", CUTOFF)]
    assert frame["tickets_opened_364d"] == frame["tickets_open"] == 0
    assert math.isnan(frame["tickets_resolution_hours_364d"])
    assert math.isnan(frame["tickets_days_since_last"])


def test_trends_compare_daily_rates_and_a_newcomers_life_is_not_stretched() -> None:
    found = built(row("tickets", days) for days in (1, 20, 50))
    assert found["tickets_opened_trend_28d"] == round((2 / 28) / (3 / 50), 6)
    assert found["tickets_opened_trend_91d"] == 1


def test_weeks_with_a_ticket_are_counted_once_and_shared_by_the_weeks_lived() -> None:
    found = built(row("tickets", days) for days in (1, 7, 8, 28))
    assert found["tickets_active_weeks_364d"] == 3
    assert found["tickets_active_weeks_share_364d"] == 75


def test_tickets_are_counted_by_channel() -> None:
    found = built(row("tickets", days, channel="Web form") for days in (1, 182, 183))
    assert found["tickets_channel_web_form_182d"] == 2


def test_a_ticket_is_repeated_if_its_subject_was_reported_before_in_the_window() -> None:
    subjects = [("login", 1), ("login", 5), ("login", 40), ("price", 3), (None, 3), (None, 4)]
    found = built(row("tickets", days, category=category) for category, days in subjects)
    assert found["tickets_repeated_28d"] == 1
    assert found["tickets_repeated_182d"] == 2
    assert found["tickets_categories_364d"] == 2


@pytest.mark.parametrize(
    ("priorities", "urgent"),
    [
        (["low", "low", "Urgent", "high"], "Urgent"),
        (["P3", "P3", "P1", "P2", "P2"], "P1"),
        (["blau", "blau", "rot"], "rot"),
    ],
)
def test_the_most_urgent_priority_is_known_by_its_name_or_else_by_its_rarity(
    priorities: list[str], urgent: str
) -> None:
    rows = [row("tickets", 3, priority=each) for each in priorities]
    assert tickets_seen(worlds.table("tickets", rows))["urgent"] == (urgent,)


def test_a_ticket_waits_until_it_is_answered_or_resolved_before_the_cutoff() -> None:
    waiting = [
        row("tickets", 9, first_response_day=LAST - 8),
        row("tickets", 6, first_response_day=LAST, priority="p1"),
        row("tickets", 4, priority="p2"),
    ]
    found = built([*waiting, resolved(20, 1, priority="p1")])
    assert found["tickets_unanswered"] == 2
    assert found["tickets_unanswered_days_longest"] == 6
    assert found["tickets_open_urgent"] == 1
    assert found["tickets_open_days_mean"] == round((9 + 6 + 4) / 3, 6)


def test_handling_got_slower_if_the_last_quarter_exceeds_the_year() -> None:
    found = built([resolved(10, 8), resolved(200, 199)])
    assert found["tickets_resolution_hours_91d"] == 48
    assert found["tickets_resolution_hours_change_91d"] == 12
    assert found["tickets_resolution_hours_longest_364d"] == 48


def test_escalated_and_reopened_tickets_count_once_they_are_resolved() -> None:
    old = resolved(100, 90, escalated=True, reopened=False)
    new = resolved(5, 2, escalated=False, reopened=True)
    found = built([old, new, row("tickets", 5, escalated=True, reopened=True)])
    assert (found["tickets_escalated_91d"], found["tickets_escalated_364d"]) == (0, 1)
    assert (found["tickets_reopened_91d"], found["tickets_reopened_364d"]) == (1, 1)
    assert found["tickets_escalated_share_364d"] == 50


@pytest.mark.parametrize(
    ("ticket", "bad"),
    [
        (resolved(20, 17), 1),  # 72 hours, where 24 were usual at training
        (resolved(20, 18), 0),
        (resolved(20, 19, escalated=True), 1),
        (resolved(20, 19, reopened=True), 1),
        (row("tickets", 20, escalated=True), 0),
    ],
)
def test_a_ticket_ends_badly_if_escalated_reopened_or_over_twice_as_slow_as_usual(
    ticket: Row, bad: int
) -> None:
    found = built([ticket])
    assert found["tickets_bad_91d"] == bad
    since = found["tickets_days_since_bad"]
    assert since == LAST - ticket["resolved_day"] if bad else math.isnan(since)


def test_the_last_bad_ticket_is_the_one_resolved_last() -> None:
    rows = [resolved(90, 3, escalated=True), resolved(20, 10, escalated=True)]
    found = built(rows)
    assert found["tickets_days_since_bad"] == 3
    assert (found["tickets_bad_91d"], found["tickets_bad_364d"]) == (2, 2)


def test_what_is_slow_is_frozen_at_training() -> None:
    assert spec().seen["tickets"]["slow_hours"] == ("48.0",)


def test_contacts_and_handling_are_summed_up() -> None:
    found = built(resolved(5, 2, contacts=each, handle_minutes=10 * each) for each in (1.0, 4.0))
    assert found["tickets_contacts_most_364d"] == 4
    assert found["tickets_handle_minutes_364d"] == 50


def test_a_company_that_records_no_outcomes_gets_no_columns_of_them() -> None:
    columns = features({"tickets": [row("tickets", 3)]}).columns
    outcomes = ("open_", "unanswered", "bad", "hours", "contacts", "reopened", "escalated")
    assert not [name for name in columns for each in outcomes if f"tickets_{each}" in name]


def test_where_no_ticket_was_resolved_before_the_first_training_cutoff_none_is_slow() -> None:
    early = CUTOFF - timedelta(days=30)
    names = learn_spec(worlds.histories({"tickets": [resolved(40, 9)]}), [early, CUTOFF]).names
    assert "tickets_resolution_hours_91d" in names
    assert not [name for name in names if "bad" in name]


def test_an_escalated_ticket_ended_badly_though_none_was_slow_before_the_first_cutoff() -> None:
    early = CUTOFF - timedelta(days=30)
    here = worlds.histories({"tickets": [resolved(40, 9, escalated=True)]})
    spec = learn_spec(here, [early, CUTOFF])
    assert spec.seen["tickets"]["slow_hours"] == ()
    made = worlds.built("tickets", [resolved(40, 9, escalated=True)], [CUTOFF], spec)
    assert made.iloc[0]["tickets_bad_91d"] == 1
