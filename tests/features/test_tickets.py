"""Ticket features by hand."""

from __future__ import annotations

import math
from typing import Any

from tests.features.worlds import CUTOFF, LAST, Row, at, features, one, row


def resolved(opened: int, closed: int, **fields: Any) -> Row:
    """A ticket resolved so many days before the cutoff."""
    return row("tickets", opened, resolved_day=LAST - closed, **fields)


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
