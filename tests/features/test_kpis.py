"""The company's own figures: by hand, by month and segment, and the laws they obey."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from ibis.expr import types as ir

from features.customer_months import customer_months
from features.errors import DataError
from features.kpi_figures import kpi_table, kpis_by
from features.kpis import CSAT, INS, KPIS, NPS, Kpi, first_contact_resolved
from features.windows import date_of, day_number

UNTIL = date(2024, 4, 1)

SURVEYS = {
    "customer_id": pa.string(),
    "day": pa.int32(),
    "known_day": pa.int32(),
    "instrument": pa.string(),
    "score": pa.float64(),
}
TICKETS = {
    "customer_id": pa.string(),
    "day": pa.int32(),
    "known_day": pa.int32(),
    "opened_at": pa.timestamp("us"),
    "first_response_at": pa.timestamp("us"),
    "first_response_day": pa.int32(),
    "resolved_at": pa.timestamp("us"),
    "resolved_day": pa.int32(),
    "contacts": pa.float64(),
    "reopened": pa.bool_(),
}
SUBSCRIPTIONS = {
    "customer_id": pa.string(),
    "day": pa.int32(),
    "known_day": pa.int32(),
    "ended_day": pa.int32(),
}


at = datetime.fromisoformat


def table(columns: dict[str, pa.DataType], rows: Sequence[dict[str, Any]]) -> ir.Table:
    return ibis.memtable(pa.Table.from_pylist(list(rows), schema=pa.schema(columns)))


def answer(
    customer_id: str, on: date | None, instrument: str, score: float | None
) -> dict[str, Any]:
    day = None if on is None else day_number(on)
    return {
        "customer_id": customer_id,
        "day": day,
        "known_day": day,
        "instrument": instrument,
        "score": score,
    }


def ticket(
    customer_id: str,
    opened: datetime,
    *,
    responded: datetime | None = None,
    resolved: datetime | None = None,
    contacts: float | None = None,
    reopened: bool | None = None,
) -> dict[str, Any]:
    return {
        "customer_id": customer_id,
        "day": day_number(opened.date()),
        "known_day": day_number(opened.date()),
        "opened_at": opened,
        "first_response_at": responded,
        "first_response_day": responded and day_number(responded.date()),
        "resolved_at": resolved,
        "resolved_day": resolved and day_number(resolved.date()),
        "contacts": contacts,
        "reopened": reopened,
    }


def term(customer_id: str, started: date, ended: date | None = None) -> dict[str, Any]:
    day = day_number(started)
    return {
        "customer_id": customer_id,
        "day": day,
        "known_day": day,
        "ended_day": ended and day_number(ended),
    }


def answers_of(instrument: str, scores: Sequence[float]) -> ir.Table:
    rows = [answer("a", date(2024, 1, 5), instrument, score) for score in scores]
    return table(SURVEYS, rows)


def value(kpi: Kpi, rows: ir.Table) -> float:
    found: float = kpi.of(rows).to_pyarrow().as_py()
    return found


def figure(figures: pd.DataFrame, key: str, kpi: str) -> pd.Series:
    return figures[(figures.iloc[:, 0] == key) & (figures["kpi"] == kpi)].iloc[0]


# One definition each, by hand ---------------------------------------------------------------


def test_nps_is_promoters_minus_detractors_on_every_score_by_reichheld_2003() -> None:
    assert value(NPS, answers_of("nps", range(11))) == pytest.approx(100 * (2 - 7) / 11)


def test_csat_is_the_share_of_fours_and_fives() -> None:
    assert value(CSAT, answers_of("csat", [1, 2, 3, 4, 5, 5])) == 50.0


def test_ins_is_satisfied_minus_dissatisfied_with_threes_in_the_base() -> None:
    assert value(INS, answers_of("ins", [1, 2, 3, 4, 5, 5, 4, 3])) == 25.0


def test_ces_is_the_mean_answer() -> None:
    assert value(KPIS["ces"], answers_of("ces", [1, 7, 4, 6])) == 4.5


def test_each_instrument_counts_only_its_own_answers() -> None:
    rows = table(
        SURVEYS,
        [
            answer("a", date(2024, 1, 5), "nps", 10),
            answer("a", date(2024, 1, 5), "csat", 1),
            answer("a", date(2024, 1, 5), "ins", 3),
            answer("a", None, "nps", None),
        ],
    )
    assert [value(kpi, rows) for kpi in (NPS, CSAT, INS)] == [100.0, 0.0, 0.0]


@pytest.mark.parametrize(
    ("contacts", "reopened", "expected"),
    [
        (1, False, True),
        (0, None, True),
        (None, False, True),
        (2, False, False),
        (1, True, False),
        (None, True, False),
        (None, None, None),
    ],
)
def test_first_contact_resolution_needs_one_contact_at_most_and_no_reopening(
    contacts: float | None, reopened: bool | None, expected: bool | None
) -> None:
    opened, resolved = at("2024-01-05 09:00"), at("2024-01-05 10:00")
    rows = table(
        TICKETS, [ticket("a", opened, resolved=resolved, contacts=contacts, reopened=reopened)]
    )
    assert rows.select(x=first_contact_resolved(rows)).to_pyarrow()["x"].to_pylist() == [expected]


def test_an_open_ticket_counts_in_neither_resolution_figure() -> None:
    rows = table(TICKETS, [ticket("a", at("2024-01-05 09:00"), contacts=1, reopened=False)])
    names = ["first_contact_resolution", "resolution_hours_mean", "resolution_hours_median"]
    assert [value(KPIS[name], rows) for name in names] == [None, None, None]


def test_hours_run_by_the_clock_from_the_opening() -> None:
    opened = at("2024-01-05 22:00")
    rows = table(
        TICKETS,
        [
            ticket(
                "a",
                opened,
                responded=at("2024-01-05 22:30"),
                resolved=at("2024-01-06 04:00"),
            ),
            ticket("a", opened, responded=at("2024-01-06 00:00"), resolved=at("2024-01-06 22:00")),
            ticket("a", opened, responded=at("2024-01-06 04:00")),
        ],
    )
    hours = {name: value(kpi, rows) for name, kpi in KPIS.items() if kpi.unit == "hours"}
    assert hours == {
        "resolution_hours_mean": 15.0,
        "resolution_hours_median": 15.0,
        "first_response_hours_mean": pytest.approx(8.5 / 3),
        "first_response_hours_median": 2.0,
    }


# Months and segments ------------------------------------------------------------------------


def test_a_month_counts_answers_of_its_days_and_the_running_month_is_left_out() -> None:
    rows = table(
        SURVEYS,
        [
            answer("a", date(2024, 1, 31), "nps", 10),
            answer("b", date(2024, 1, 1), "nps", 0),
            answer("a", date(2024, 1, 15), "nps", 9),
            answer("a", date(2024, 3, 1), "nps", 8),
            answer("a", date(2024, 4, 1), "nps", 10),
        ],
    )
    figures = kpis_by({"surveys": rows}, until=date(2024, 4, 20))
    assert list(figures.columns) == ["period", "kpi", "value", "low", "high", "n", "unit"]
    assert figures["period"].tolist() == ["2024-01", "2024-02", "2024-03"]
    assert figures["n"].tolist() == [3, 0, 1]
    np.testing.assert_allclose(figures["value"], [100 / 3, np.nan, 0.0])
    assert figures[["low", "high"]].isna().all(axis=1).tolist() == [False, True, False]
    assert set(figures["unit"]) == {"points"}


def test_a_row_learned_at_the_cutoff_or_later_is_invisible() -> None:
    late = answer("a", date(2024, 3, 2), "nps", 0) | {"known_day": day_number(UNTIL)}
    rows = table(SURVEYS, [answer("a", date(2024, 3, 1), "nps", 10), late])
    assert figure(kpis_by({"surveys": rows}, until=UNTIL), "2024-03", "nps")["value"] == 100.0


def test_resolution_counts_in_the_month_of_resolving_and_response_in_that_of_opening() -> None:
    opened = at("2024-01-31 12:00")
    rows = table(
        TICKETS,
        [ticket("a", opened, responded=at("2024-02-01 12:00"), resolved=at("2024-02-02 12:00"))],
    )
    figures = kpis_by({"tickets": rows}, until=UNTIL)
    assert figure(figures, "2024-01", "first_response_hours_mean")["value"] == 24.0
    assert figure(figures, "2024-02", "resolution_hours_mean")["value"] == 48.0
    assert figure(figures, "2024-01", "resolution_hours_mean")["n"] == 0
    assert "first_contact_resolution" not in set(figures["kpi"])


def test_a_response_after_the_cutoff_is_not_known_yet() -> None:
    rows = table(
        TICKETS, [ticket("a", at("2024-03-31 00:00"), responded=at("2024-04-01 00:00"), contacts=1)]
    )
    assert kpis_by({"tickets": rows}, until=UNTIL).empty


def test_since_begins_with_the_first_whole_month() -> None:
    rows = table(SURVEYS, [answer("a", date(2024, m, 20), "nps", 10) for m in (1, 2, 3)])
    figures = kpis_by({"surveys": rows}, since=date(2024, 1, 10), until=UNTIL)
    assert figures["period"].tolist() == ["2024-02", "2024-03"]


def test_a_month_on_whose_first_day_since_lies_is_whole() -> None:
    rows = table(SURVEYS, [answer("a", date(2024, m, 20), "nps", 10) for m in (1, 2, 3)])
    figures = kpis_by({"surveys": rows}, since=date(2024, 2, 1), until=UNTIL)
    assert figures["period"].tolist() == ["2024-02", "2024-03"]


SUBSCRIBERS = [
    term("stays", date(2023, 12, 10)),
    term("leaves in January", date(2023, 12, 10), date(2024, 1, 20)),
    term("renews", date(2023, 12, 10), date(2024, 1, 15)),
    term("renews", date(2024, 1, 15)),
    term("begins on the first, so after its midnight", date(2024, 1, 1)),
    term("comes and goes within January", date(2024, 1, 5), date(2024, 1, 25)),
    term(
        "ends on the first of February, so after its midnight", date(2023, 12, 1), date(2024, 2, 1)
    ),
    term("had left before", date(2023, 11, 5), date(2023, 12, 20)),
]


def test_churn_rate_is_who_had_left_by_the_next_month_over_who_was_there_when_it_began() -> None:
    figures = kpis_by({"subscriptions": table(SUBSCRIPTIONS, SUBSCRIBERS)}, until=date(2024, 3, 15))
    churn = figures[figures["kpi"] == "churn_rate"].set_index("period")
    # at the first midnight of January: stays, leaves, renews, ends; of February: stays, renews,
    # begins, ends; of December only the one who had left before and nobody else
    assert churn["n"].to_dict() == {"2023-12": 1, "2024-01": 4, "2024-02": 4}
    assert churn["value"].to_dict() == {"2023-12": 100.0, "2024-01": 25.0, "2024-02": 25.0}


def test_retention_and_its_interval_mirror_churn() -> None:
    figures = kpis_by({"subscriptions": table(SUBSCRIPTIONS, SUBSCRIBERS)}, until=UNTIL)
    churn, kept = (figures[figures["kpi"] == k] for k in ("churn_rate", "retention_rate"))
    for left, right in (("value", "value"), ("low", "high"), ("high", "low")):
        np.testing.assert_allclose(kept[left], 100 - churn[right].to_numpy())


def test_labels_replace_cancellation_where_churn_is_by_inactivity() -> None:
    labels = pd.DataFrame(
        {
            "customer_id": ["a", "b", "a"],
            "cutoff": [date(2024, 1, 1), date(2024, 1, 1), date(2024, 2, 1)],
            "churned": [False, True, False],
        }
    )
    tables = {"subscriptions": table(SUBSCRIPTIONS, SUBSCRIBERS)}
    figures = kpis_by(tables, until=UNTIL, labels=labels)
    churn = figures[figures["kpi"] == "churn_rate"]
    assert churn["value"].tolist()[:2] == [50.0, 0.0]
    assert churn["n"].tolist() == [2, 1, 0]


CUSTOMERS = ibis.memtable(
    pa.table({"customer_id": ["a", "b"], "signed_up_day": [0, 0], "region": ["north", None]})
)


def test_a_segment_is_over_its_customers_and_those_without_one_are_named() -> None:
    rows = [answer(who, date(2024, 1, 5), "nps", 10) for who in ("a", "a", "b", "unlisted")]
    tables = {"surveys": table(SURVEYS, rows), "customers": CUSTOMERS}
    figures = kpis_by(tables, by="region", until=UNTIL)
    assert figures[["segment", "n"]].to_numpy().tolist() == [["(missing)", 2], ["north", 2]]


def test_a_segment_counts_from_since_on_and_up_to_the_day_before_until() -> None:
    answers = [answer("a", day, "nps", 10) for day in (date(2024, 2, 9), date(2024, 2, 10))]
    opened = at("2024-03-20 12:00")
    resolved = [at("2024-03-31 12:00"), at("2024-04-01 12:00")]
    tables = {
        "surveys": table(SURVEYS, answers),
        "tickets": table(TICKETS, [ticket("a", opened, resolved=each) for each in resolved]),
        "customers": CUSTOMERS,
    }
    figures = kpis_by(tables, by="region", since=date(2024, 2, 10), until=UNTIL)
    assert figure(figures, "north", "nps")["n"] == 1
    assert figure(figures, "north", "resolution_hours_mean")["n"] == 1


def test_an_unknown_segment_names_those_there_are() -> None:
    with pytest.raises(
        DataError, match=r"customers has no column 'plan' \(found: customer_id, reg"
    ):
        kpis_by({"customers": CUSTOMERS}, by="plan", until=UNTIL)
    with pytest.raises(DataError, match="figures by 'plan' need the history customers"):
        kpis_by({}, by="plan", until=UNTIL)


def test_the_median_interval_of_a_month_is_its_order_statistics() -> None:
    opened = at("2024-01-02 00:00")
    rows = [ticket("a", opened, resolved=opened + timedelta(hours=hour)) for hour in range(1, 11)]
    found = figure(
        kpis_by({"tickets": table(TICKETS, rows)}, until=UNTIL),
        "2024-01",
        "resolution_hours_median",
    )
    # ranks 2 and 9 of 10
    assert [found["value"], found["low"], found["high"]] == [5.5, 2.0, 9.0]


# Laws ---------------------------------------------------------------------------------------


def many_rows(customers: Sequence[str], n: int, seed: int) -> dict[str, list[dict[str, Any]]]:
    rng = random.Random(seed)
    scales = {"nps": (0, 10), "csat": (1, 5), "ces": (1, 7), "ins": (1, 5)}
    surveys, tickets = [], []
    for _ in range(n):
        instrument = rng.choice(list(scales))
        score = rng.randint(*scales[instrument])
        surveys.append(
            answer(rng.choice(customers), date(2024, 1, rng.randint(1, 31)), instrument, score)
        )
        tickets.append(
            ticket(
                rng.choice(customers),
                at("2024-01-02") + timedelta(minutes=rng.randint(0, 700)),
                responded=at("2024-01-03") + timedelta(minutes=rng.randint(0, 1439)),
                resolved=at("2024-01-04") + timedelta(minutes=rng.randint(0, 40_000)),
                contacts=rng.choice([None, 1, 2]),
                reopened=rng.choice([None, False, True]),
            )
        )
    return {"surveys": surveys, "tickets": tickets}


def as_tables(rows: dict[str, list[dict[str, Any]]]) -> dict[str, ir.Table]:
    columns = {"surveys": SURVEYS, "tickets": TICKETS, "subscriptions": SUBSCRIPTIONS}
    return {name: table(columns[name], found) for name, found in rows.items()}


def test_shuffling_rows_changes_nothing() -> None:
    rows = many_rows(["a", "b", "c"], 200, seed=7) | {"subscriptions": list(SUBSCRIBERS)}
    before = kpis_by(as_tables(rows), until=UNTIL)
    for found in rows.values():
        random.Random(8).shuffle(found)
    # sums of hours may differ in the last bits when added in another order
    pd.testing.assert_frame_equal(kpis_by(as_tables(rows), until=UNTIL), before, rtol=1e-12)


def test_a_customers_feature_equals_the_months_figure_when_there_is_one_customer() -> None:
    tables = as_tables(many_rows(["only"], 60, seed=9))
    figures = kpis_by(tables, until=UNTIL)
    for name in figures["kpi"].unique():
        rows = tables[KPIS[name].history]
        feature = rows.group_by("customer_id").aggregate(feature=KPIS[name].of(rows))
        assert feature.to_pyarrow()["feature"].to_pylist() == [
            pytest.approx(figure(figures, "2024-01", name)["value"], rel=1e-12)
        ]


def test_a_condition_on_the_rows_equals_filtering_them_first() -> None:
    rows = as_tables(many_rows(["a", "b"], 60, seed=10))["tickets"]
    one = rows.customer_id == "a"
    for kpi in KPIS.values():
        if kpi.history == "tickets":
            among_all = kpi.of(rows, where=one).to_pyarrow().as_py()
            assert among_all == pytest.approx(value(kpi, rows.filter(one)), rel=1e-12)


def test_a_figure_lies_in_its_interval_and_both_in_the_bounds_of_its_unit() -> None:
    for n in (1, 2, 5, 40, 400):
        for row in kpis_by(as_tables(many_rows(["a"], n, seed=n)), until=UNTIL).itertuples():
            least, most = KPIS[str(row.kpi)].bounds
            assert np.isnan(row.low) or least <= row.low <= row.value <= row.high <= most


def test_empty_histories_give_an_empty_table_of_the_same_columns() -> None:
    tables = as_tables({"surveys": [], "tickets": [], "subscriptions": []})
    for figures in (kpis_by(tables, until=UNTIL), kpis_by({}, until=UNTIL)):
        assert figures.empty
        assert list(figures.columns) == ["period", "kpi", "value", "low", "high", "n", "unit"]
        assert kpi_table(figures) == []


def test_customer_months_hold_nothing_before_the_first_complete_month() -> None:
    months = customer_months(table(SUBSCRIPTIONS, SUBSCRIBERS), until=date(2023, 11, 20))
    assert months.count().to_pyarrow().as_py() == 0


def test_a_month_that_ends_at_the_cutoff_is_complete() -> None:
    months = customer_months(table(SUBSCRIPTIONS, SUBSCRIBERS), until=date(2024, 2, 1))
    assert date_of(months.day.max().to_pyarrow().as_py()) == date(2024, 1, 1)


def test_a_term_learned_at_the_cutoff_is_no_term_yet() -> None:
    late = term("a", date(2023, 12, 10)) | {"known_day": day_number(UNTIL)}
    rows = table(SUBSCRIPTIONS, [term("b", date(2023, 12, 10)), late])
    found = customer_months(rows, until=UNTIL).to_pyarrow()["customer_id"].to_pylist()
    assert found == ["b", "b", "b"]


def test_who_comes_back_and_ends_on_the_first_of_the_next_month_was_there_at_its_midnight() -> None:
    terms = [
        term("a", date(2023, 12, 10), date(2024, 1, 10)),
        term("a", date(2024, 1, 20), date(2024, 2, 1)),
    ]
    found = customer_months(table(SUBSCRIPTIONS, terms), until=UNTIL).to_pyarrow().to_pylist()
    left = {date_of(row["day"]): row["churned"] for row in found}
    assert left == {date(2024, 1, 1): False, date(2024, 2, 1): True}


def test_a_missing_figure_prints_as_nothing_not_as_zero() -> None:
    missing = ["2024-02", "nps", np.nan, np.nan, np.nan, 0, "points"]
    assert kpi_table(pd.DataFrame([missing])) == [["2024-02", "nps", "", "", "0"]]


def test_customer_months_agree_with_asking_day_by_day() -> None:
    rng = random.Random(11)
    day_one, until = day_number(date(2024, 1, 1)), date(2024, 12, 15)
    terms = []
    for _ in range(120):
        began = day_one + rng.randint(0, 300)
        ended = rng.choice([None, *[began + rng.randint(0, 90)] * 9])
        row = term(f"c{rng.randint(0, 25)}", date_of(began), ended and date_of(ended))
        terms.append(row)

    def active(customer_id: str, midnight: int) -> bool:
        return any(
            row["day"] < midnight and (row["ended_day"] is None or row["ended_day"] >= midnight)
            for row in terms
            if row["customer_id"] == customer_id
        )

    midnights = [day_number(date(2024, month, 1)) for month in range(1, 13)]
    expected = {
        (who, midnight): not active(who, following)
        for midnight, following in pairwise(midnights)
        for who in {row["customer_id"] for row in terms}
        if active(who, midnight)
    }
    found = customer_months(table(SUBSCRIPTIONS, terms), until=until).to_pyarrow().to_pylist()
    assert len(found) == len(expected)
    assert {(row["customer_id"], row["day"]): row["churned"] for row in found} == expected
