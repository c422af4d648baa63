from __future__ import annotations

import random
from collections import Counter
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.endings import Early, Stray, Thin, beat, early, stray, thin
from features.lateness import Delay, Load, lateness
from features.windows import day_number
from tests.features import worlds
from tests.features.worlds import LAST

FIELDS = {
    "tickets": {
        "first response": ("day", "first_response_day"),
        "resolution": ("day", "resolved_day"),
    },
    "surveys": {"answer": ("sent_day", "day")},
    "orders": {"refund": ("day", "refunded_day")},
    "payments": {"payment": ("day", "paid_day"), "failure": ("day", "failed_day")},
}
HISTORIES = (
    "customers", "subscriptions", "usage", "tickets", "surveys", "orders", "payments", "mentions",
)  # fmt: skip
WEEKDAYS = dict.fromkeys(range(200), 100)


def measured(history, rows, last_day=LAST):
    [found] = lateness({history: worlds.table(history, rows)}, last_day)
    return found


def delay_of(delays):
    """By hand: the smallest delay within which half, and 95 %, of the rows lie."""
    in_order = sorted(delays)
    rows = len(in_order)
    within = [
        next(d for d in in_order if sum(other <= d for other in in_order) >= share * rows)
        for share in (0.5, 0.95)
    ]
    return Delay(rows, sum(d > 0 for d in in_order) / rows, *within, in_order[-1])


@pytest.mark.parametrize("history", HISTORIES)
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**32 - 1))
def test_delays_are_those_of_a_plain_recomputation(history, seed):
    rng = random.Random(seed)
    days = [LAST - age for age in range(-30, 300)]
    rows = [worlds.random_row(history, rng, days) for _ in range(rng.randrange(1, 60))]
    found = measured(history, rows)
    happened = "signed_up_day" if history == "customers" else "day"
    dated = [row for row in rows if row.get(happened) is not None and row[happened] <= LAST]
    delays = [row["known_day"] - row[happened] for row in dated]
    late = any(delay > 0 for delay in delays)
    assert found.known == (delay_of(delays) if late else None)
    fields = {}
    for what, (since, to) in FIELDS.get(history, {}).items():
        both = [row for row in rows if None not in (row.get(since), row.get(to))]
        took = [row[to] - row[since] for row in both if row[to] <= LAST]
        if took:
            fields[what] = delay_of(took)
    assert found.fields == fields


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["spark", "postgres"])
def test_every_engine_measures_the_same(engine, request):
    world = worlds.random_world(seed=3, rows=80)
    rows = {name: worlds.arrow(name, world[name]) for name in world}
    there = request.getfixturevalue(engine).put(rows, "late")
    here = {name: worlds.table(name, world[name]) for name in world}
    assert lateness(there, LAST) == lateness(here, LAST)


@settings(max_examples=30, deadline=None)
@given(st.dictionaries(st.integers(0, 400), st.integers(1, 50), min_size=1))
def test_a_summary_of_counts_is_that_of_the_rows_they_count(counts):
    assert Delay.of(counts) == delay_of(list(Counter(counts).elements()))


def test_a_history_known_on_one_day_looks_back_filled():
    loaded, days = LAST - 3, range(40, 140)
    rows = [worlds.row("tickets", age, known_day=loaded) for age in days]
    rows += [worlds.row("tickets", age) for age in range(10, 30)]
    assert measured("tickets", rows).load == Load((loaded,), 100, 100)


def test_several_days_of_loading_are_all_named():
    rows = [
        worlds.row("orders", age, known_day=LAST - 1 - age % 3, amount=1.0)
        for age in range(40, 160)
    ]
    rows.append(worlds.row("orders", 5, amount=1.0))
    assert measured("orders", rows).load == Load((LAST - 3, LAST - 2), 80, 120)


def test_a_load_is_of_rows_older_than_28_days_when_the_newest_row_was_made():
    rows = [worlds.row("orders", age, known_day=LAST, amount=1.0) for age in range(29, 40)]
    rows.append(worlds.row("orders", 1, amount=1.0))
    assert measured("orders", rows).load == Load((LAST,), 10, 10)


def test_a_load_is_of_more_than_half_of_the_older_rows():
    loaded = [worlds.row("orders", age, known_day=LAST, amount=1.0) for age in range(40, 50)]
    rows = [worlds.row("orders", age, amount=1.0) for age in (1, *range(51, 60))]
    assert measured("orders", loaded + rows).load == Load((LAST,), 10, 19)
    rows.append(worlds.row("orders", 60, amount=1.0))
    assert measured("orders", loaded + rows).load is None


def test_rows_known_28_days_late_were_not_loaded_and_those_known_29_days_late_were():
    loads = []
    for delay in (28, 29):
        rows = [worlds.row("orders", 60, known_day=LAST - 60 + delay, amount=1.0)] * 9
        loads.append(measured("orders", [*rows, worlds.row("orders", 1, amount=1.0)]).load)
    assert loads == [None, Load((LAST - 31,), 9, 9)]


def test_what_happens_on_the_last_day_counts():
    ticket = worlds.row("tickets", 0, known_day=LAST + 2, resolved_day=LAST)
    found = measured("tickets", [ticket])
    assert found.known == Delay(1, 1.0, 2, 2, 2)
    assert found.fields == {"resolution": Delay(1, 0.0, 0, 0, 0)}


def test_rows_that_arrive_a_little_late_every_day_are_no_load():
    rows = [worlds.row("usage", age, known_day=LAST - age + 3) for age in range(5, 200)]
    found = measured("usage", rows)
    assert found.load is None
    assert found.known == Delay(195, 1.0, 3, 3, 3)


def test_without_a_second_clock_nothing_is_late():
    found = measured("usage", [worlds.row("usage", age) for age in range(1, 200)])
    assert (found.known, found.load) == (None, None)


def test_a_rolled_up_row_counts_as_the_events_it_stands_for():
    rows = [worlds.row("usage", age, known_day=LAST - age + age % 2) for age in range(1, 5)]
    events = worlds.table("usage", rows).mutate(events=10)
    [found] = lateness({"usage": events}, LAST)
    assert found.known == Delay(40, 0.5, 0, 1, 1)


def test_what_lies_ahead_of_the_last_day_is_left_aside():
    rows = [worlds.row("payments", age) for age in (-40, 1, 2)]
    assert measured(
        "payments", [*rows, worlds.row("payments", -5, known_day=LAST + 50)]
    ) == measured("payments", rows)


def test_a_row_that_stands_alone_far_ahead_is_stray():
    assert stray({**WEEKDAYS, 400: 1}) == Stray(1, 199, 400, 400)
    rows = [worlds.row("subscriptions", age) for age in range(100, 200) for _ in range(8)]
    for last in (worlds.row("subscriptions", 0), worlds.row("subscriptions", 150, ended_day=LAST)):
        found = measured("subscriptions", [*rows, last]).stray
        assert found == Stray(1, LAST - 100, LAST, LAST)


def test_rows_with_gaps_between_them_that_stand_alone_together_are_all_stray():
    scattered = dict.fromkeys((203, 215, 216, 262, 300), 1)  # as in Contoso's orders
    assert stray({**WEEKDAYS, **scattered}) == Stray(5, 199, 203, 300)
    reopened = dict.fromkeys(range(230, 400), 100)
    assert stray({**WEEKDAYS, 215: 1, **reopened, 440: 1}) == Stray(1, 399, 440, 440)


def test_placeholder_dates_at_the_beginning_are_named():
    days = dict.fromkeys(range(20_000, 20_300), 2)
    assert early({**days, -25_567: 1, 0: 1}) == Early(2, -25_567, 0, 20_000)
    rows = [worlds.row("customers", age, signed_up_day=LAST - age) for age in range(100, 200)]
    found = measured("customers", [*rows, {**rows[0], "signed_up_day": 0}]).early
    assert found == Early(1, 0, 0, LAST - 199)


@pytest.mark.parametrize(
    "daily",
    [
        {},
        WEEKDAYS,
        {-300: 1, **WEEKDAYS},  # a shop that tried itself out before it opened
        {-2000: 300, **WEEKDAYS},  # a campaign long before
        dict.fromkeys(range(0, 40_000, 2000), 10),  # gaps are usual
    ],
    ids=["empty", "daily", "trial", "campaign", "gaps"],
)
def test_an_honest_beginning_is_not_early(daily):
    assert early(daily) is None


@pytest.mark.parametrize(
    "daily",
    [
        {},
        WEEKDAYS,
        {**WEEKDAYS, 400: 500},  # a shop that opens again
        {**WEEKDAYS, 204: 1},  # a long weekend
        dict.fromkeys(range(0, 400, 20), 1),  # too thin to tell
        dict.fromkeys(range(0, 400, 14), 400) | {416: 1},  # gaps are usual
    ],
    ids=["empty", "daily", "reopened", "weekend", "thin", "gaps"],
)
def test_an_honest_end_is_not_stray(daily):
    assert stray(daily) is None


def test_last_days_that_are_thinner_than_their_weekdays_are_named():
    daily = {**WEEKDAYS, 197: 60, 198: 40, 199: 10}
    assert thin(daily) == Thin(197, 199, 110, 300.0)


@pytest.mark.parametrize(
    "daily",
    [
        {},
        WEEKDAYS,
        {day: 100 if day % 7 < 5 else 2 for day in range(200)},  # weekends are quiet
        dict.fromkeys(range(199), 3) | {199: 1},  # a few rows tell nothing
        {day: max(1, 300 - day) for day in range(200)},  # business declines
        dict.fromkeys(range(20), 100) | {20: 1},  # no four weeks to compare with
    ],
    ids=["empty", "daily", "weekends", "few", "decline", "short"],
)
def test_an_honest_end_is_not_thin(daily):
    assert thin(daily) is None


def test_totals_by_month_and_by_week_have_a_beat():
    firsts = [day_number(date(2024, month, 1)) for month in range(1, 10)]
    assert beat(dict.fromkeys(firsts, 50)) == "month"
    assert beat(dict.fromkeys(range(4, 200, 7), 50)) == "week"
    assert beat(WEEKDAYS) is None
    assert beat(dict.fromkeys(firsts[:2], 50)) is None
    rows = [worlds.row("usage", LAST - day) for day in firsts if day < LAST]
    assert measured("usage", rows).beat == "month"
    late = [row | {"known_day": row["day"] + 31} for row in rows]
    assert measured("usage", late).beat is None
