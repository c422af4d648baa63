"""One customer's rows alone must make the row that the whole company's tables make."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import ibis
import pandas as pd
import pytest

from features.build import build_features, learn_spec
from features.builders import BUILDERS
from features.config import parse_config
from features.errors import ModelError
from features.histories import Histories, load_histories
from features.labels import population
from features.one_customer import raw_rows
from features.one_customer.customer import CustomerPlan, OneCustomer
from features.one_customer.plan import plan_one_customer
from features.one_customer.raw_rows import POSITION, RowError
from features.schemas import SCHEMAS
from features.spec import FeatureSpec
from features.value_columns import VALUE_INPUTS
from features.value_inputs import value_inputs
from features.windows import WINDOWS

CUTOFF = date(2024, 6, 1)
NOW = datetime(2024, 7, 1, 12, tzinfo=UTC)
CUSTOMERS = [f"c{number:02d}" for number in range(60)]
ATTRIBUTES = {"segment": "text", "employees": "number"}

Row = dict[str, Any]


@dataclass(frozen=True)
class Company:
    """A company's files as rows, what a build makes of them, and how one customer is made."""

    rows: dict[str, list[Row]]
    histories: Histories
    spec: FeatureSpec
    plan: CustomerPlan
    built: pd.DataFrame
    inputs: pd.DataFrame

    def of(self, customer: str) -> dict[str, list[Row]]:
        """The customer's own rows, as a request would hold them."""
        return {name: numbered(rows, customer) for name, rows in self.rows.items()}


def numbered(rows: list[Row], customer: str) -> list[Row]:
    own = [row for row in rows if row["customer_id"] == customer]
    return [
        {POSITION: place} | {k: v for k, v in row.items() if k != "customer_id" and v is not None}
        for place, row in enumerate(own)
    ]


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Company]:
    home = tmp_path_factory.mktemp("company")
    rows = {name: list(company_rows(name)) for name in BUILDERS}
    for name, each in rows.items():
        pd.DataFrame(each, dtype=object).to_csv(home / f"{name}.csv", index=False)
    config = parse_config(described(rows), home=home)
    histories = load_histories(config, now=NOW)
    assert {r.name: r.quarantined for r in histories.reports.values() if r.quarantined} == {}
    spec = learn_spec(histories, [CUTOFF])
    people = population(histories, config.business, [CUTOFF])
    built = build_features(histories, spec, [CUTOFF], people)
    yield Company(
        rows=rows,
        histories=histories,
        spec=spec,
        plan=CustomerPlan.from_json(
            plan_one_customer(config, histories, spec, value=True).to_json()
        ),
        built=built.set_index("customer_id"),
        inputs=value_inputs(histories, built["customer_id"], CUTOFF).set_index("customer_id"),
    )
    histories.close()


@pytest.fixture(scope="module")
def one(company: Company) -> OneCustomer:
    return OneCustomer(company.plan)


def described(rows: dict[str, list[Row]]) -> dict[str, Any]:
    histories: dict[str, Any] = {
        name: {"path": f"{name}.csv", "duplicates": "keep"} for name in rows
    }
    histories["customers"]["static"] = list(ATTRIBUTES)
    business = {
        "currency": "GBP",
        "time_zone": "America/New_York",
        "churn": "cancellation",
        "horizon_days": 28,
    }
    return {"business": business, "histories": histories}


def company_rows(history: str) -> Iterator[Row]:
    """Rows that break no rule, most of them before the cutoff; some customers have none."""
    rng = random.Random(f"one customer {history}")
    often = {"usage": 60, "orders": 12, "subscriptions": 1, "customers": 1}.get(history, 5)
    for customer in CUSTOMERS:
        if history != "subscriptions" and rng.random() < 0.2:
            continue
        for _ in range(often):
            yield raw_row(history, customer, rng)


def raw_row(history: str, customer: str, rng: random.Random) -> Row:
    happened = datetime(2022, 12, 1, tzinfo=UTC) + timedelta(minutes=rng.randrange(820_000))
    if rng.random() < 0.3:  # at the edges of the windows, where mistakes live
        edge = rng.choice([0, *WINDOWS]) + rng.choice([-1, 0, 1])
        happened = datetime(2024, 6, 1, 15, tzinfo=UTC) - timedelta(days=edge)
    later = [happened + timedelta(hours=rng.randrange(1, 900)) for _ in range(2)]
    row: Row = {"customer_id": customer}
    for column in SCHEMAS[history].columns:
        if column.kind == "time":
            own = column.name in (*SCHEMAS[history].clocks, "signed_up_at")
            at = happened if own else rng.choice([None, *sorted(later)])
            row[column.name] = None if at is None else written(min(at, NOW), rng)
        elif column.name not in row:
            row[column.name] = cell(column.name, column.kind, rng)
    return row | special(history, happened, rng)


def written(at: datetime, rng: random.Random) -> str:
    """Local time of the business, UTC, or an hour east of it."""
    return rng.choice(
        [
            (at - timedelta(hours=5)).strftime("%Y-%m-%dT%H:%M:%S"),
            at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            (at + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%S+01:00"),
        ]
    )


def cell(name: str, kind: str, rng: random.Random) -> Any:
    if kind == "flag":
        return rng.choice([None, True, False])
    if kind == "number":
        low = -8 if name == "amount" else 0
        return rng.randrange(low, 400) / 10 if name == "amount" else rng.choice([None, 1, 2.5, 7])
    return rng.choice([None, "red", "green", "blue"])


def special(history: str, happened: datetime, rng: random.Random) -> Row:
    """What the rules of a history, or nature, ask for."""
    if history == "surveys":
        instrument = rng.choice(["nps", "CSAT", "ces", "Ins"])
        sent = {"sent_at": (happened - timedelta(hours=9)).isoformat(), "scale": None}
        if rng.random() < 0.3:
            return sent | {"instrument": instrument, "answered_at": None, "score": None}
        return sent | {"instrument": instrument, "score": rng.randrange(1, 6)}
    if history == "customers":
        return {"segment": rng.choice(["x", "y"]), "employees": rng.randrange(9) / 4}
    if history == "tickets":
        answered = happened + timedelta(minutes=rng.randrange(1, 3_000))
        return {"first_response_at": answered.isoformat()}
    if history == "subscriptions":
        ended = happened + timedelta(days=rng.randrange(30, 900))
        return {"ended_at": rng.choice([None, ended.isoformat(), ended.isoformat()])}
    if history in ("orders", "payments"):
        return {"discount": rng.choice([None, 2.5])} if history == "orders" else {}
    return {}


def is_same(built: Any, told: Any) -> bool:
    return told is None if pd.isna(built) else built == told


def test_a_customer_in_no_table_gets_the_row_that_a_build_makes_of_the_same_rows(
    company: Company, one: OneCustomer
) -> None:
    for customer in CUSTOMERS:
        known = one.know(company.of(customer), cutoff=CUTOFF, now=NOW)
        assert known.could_leave == (customer in company.built.index), customer
        if known.could_leave:
            row = company.built.loc[customer]
            differing = {
                name: (row[name], known.features[name])
                for name in company.spec.names
                if not is_same(row[name], known.features[name])
            }
            assert differing == {}, customer


def test_a_value_model_reads_of_one_customer_what_it_reads_of_all(
    company: Company, one: OneCustomer
) -> None:
    for customer in company.inputs.index:
        told = one.know(company.of(customer), cutoff=CUTOFF, now=NOW).value_inputs
        row = company.inputs.loc[customer]
        assert all(is_same(row[name], told.get(name)) for name in VALUE_INPUTS), customer


def test_a_shop_without_subscriptions_has_what_its_value_model_needs(tmp_path: Path) -> None:
    # without the monthly amount, which is 0 for everyone there, no customer had a value
    orders = "customer_id,ordered_at,amount\na,2024-01-05,10\na,2024-02-01,30\nb,2024-03-01,5\n"
    (tmp_path / "orders.csv").write_text(orders)
    business = {"currency": "GBP", "churn": "inactivity", "horizon_days": 28}
    histories: dict[str, Any] = {"orders": {"path": "orders.csv"}}
    config = parse_config({"business": business, "histories": histories}, home=tmp_path)
    loaded = load_histories(config, now=NOW)
    cutoff = date(2024, 3, 2)
    plan = plan_one_customer(config, loaded, learn_spec(loaded, [cutoff]), value=True)
    built = value_inputs(loaded, pd.Series(["a"]), cutoff).iloc[0]
    loaded.close()
    rows = {"orders": [
        {POSITION: 0, "ordered_at": "2024-01-05", "amount": 10},
        {POSITION: 1, "ordered_at": "2024-02-01", "amount": 30},
    ]}  # fmt: skip
    told = OneCustomer(plan).know(rows, cutoff=cutoff, now=NOW).value_inputs
    assert {name: built[name] for name in VALUE_INPUTS} == told


def test_every_history_has_a_say_in_that_test(company: Company) -> None:
    assert set(company.spec.histories) == set(BUILDERS)
    assert len(company.built) > 10
    assert len(company.built) < len(CUSTOMERS)
    assert company.plan.together is not None


def test_another_cutoff_gives_the_row_of_that_cutoff(company: Company, one: OneCustomer) -> None:
    earlier = CUTOFF - timedelta(days=45)
    customer = company.built.index[3]
    told = one.know(company.of(customer), cutoff=earlier, now=NOW)
    everyone = company.histories.tables["subscriptions"].select("customer_id").distinct()
    day = (earlier - date(1970, 1, 1)).days
    people = everyone.mutate(cutoff_day=ibis.literal(day, "int32"))
    built = build_features(company.histories, company.spec, [earlier], people)
    row = built.set_index("customer_id").loc[customer]
    assert told.could_leave
    assert all(is_same(row[name], told.features[name]) for name in company.spec.names)


def test_no_row_of_a_customer_is_there_when_the_next_one_is_asked_for(
    company: Company, one: OneCustomer
) -> None:
    someone, other = company.built.index[:2]
    before = one.know(company.of(someone), cutoff=CUTOFF, now=NOW)
    one.know(company.of(other), cutoff=CUTOFF, now=NOW)
    with pytest.raises(RowError):
        one.know({"usage": [{POSITION: 0}]}, cutoff=CUTOFF, now=NOW)
    assert one.know(company.of(someone), cutoff=CUTOFF, now=NOW) == before


def test_no_query_is_written_at_a_request_whatever_shape_its_rows_have(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = OneCustomer(company.plan)

    def refusing(*_: object, **__: object) -> str:
        raise AssertionError("a query was written at a request")

    monkeypatch.setattr(raw_rows, "normalised_sql", refusing)
    rows = company.of(company.built.index[0])
    first = one.know(rows, cutoff=CUTOFF, now=NOW)
    for shape in ({"event": "x"}, {"quantity": 1}, {"quantity": "1"}, {"known_at": "2024-01-01"}):
        usage = [{POSITION: 0, "occurred_at": "2024-01-01"} | shape]
        one.know({"usage": usage}, cutoff=CUTOFF, now=NOW)
    assert one.know(rows, cutoff=CUTOFF, now=NOW) == first


def test_a_number_may_be_written_as_text(one: OneCustomer) -> None:
    term = [{POSITION: 0, "started_at": "2024-01-01"}]
    known = [
        one.know(
            {
                "subscriptions": term,
                "orders": [{POSITION: 0, "ordered_at": "2024-05-01", "amount": amount}],
            },
            cutoff=CUTOFF,
            now=NOW,
        )
        for amount in (12.5, "12.5", " 12.5 ", "1.25e1")
    ]
    assert known[0].features["orders_spend_91d"] == 12.5
    assert all(each == known[0] for each in known)


@pytest.mark.parametrize(
    "written",
    ["2024-05-20T10:00:00Z", "2024-05-20t10:00:00z", " 2024-05-20 ", "20240520", 20240520],
)
def test_a_time_may_be_written_in_lower_case_or_as_the_digits_of_a_day(
    one: OneCustomer, written: str | int
) -> None:
    term = [{POSITION: 0, "started_at": "20240101"}]
    usage = [{POSITION: 0, "occurred_at": written}]
    known = one.know({"subscriptions": term, "usage": usage}, cutoff=CUTOFF, now=NOW)
    assert known.features["usage_days_since_last"] == 12


def test_an_attribute_that_is_a_number_must_be_one(one: OneCustomer) -> None:
    rows = [{POSITION: 0, "employees": "many"}]
    with pytest.raises(RowError, match="employees is not a number"):
        one.know({"customers": rows}, cutoff=CUTOFF, now=NOW)


def known_gold(tmp_path: Path, people: dict[str, Any], told: Any) -> float | str | None:
    """What is_gold is as a feature of someone who has it as told, in a company of such people."""
    orders = "".join(f"c{i},2024-0{1 + i % 5}-05,10\n" for i in range(90))
    (tmp_path / "orders.csv").write_text("customer_id,ordered_at,amount\n" + orders)
    described = {
        "business": {"currency": "EUR", "churn": "inactivity", "horizon_days": 28},
        "histories": {"orders": {"path": "orders.csv"}, "customers": people},
    }
    config = parse_config(described, home=tmp_path)
    histories = load_histories(config, now=NOW)
    spec = learn_spec(histories, [CUTOFF])
    written = plan_one_customer(config, histories, spec, value=False).to_json()
    histories.close()
    rows = {
        "orders": [{POSITION: 0, "ordered_at": "2024-05-01", "amount": 10}],
        "customers": [{POSITION: 0, "is_gold": told}],
    }
    one = OneCustomer(CustomerPlan.from_json(written))
    return one.know(rows, cutoff=CUTOFF, now=NOW).features["customers_is_gold"]


@pytest.mark.parametrize(("told", "number"), [(1, 1), (True, 1), (0, 0), (False, 0), ("true", 1)])
def test_an_attribute_of_yes_and_no_is_told_as_the_number_that_its_feature_is(
    tmp_path: Path, told: Any, number: float
) -> None:
    people = "".join(f"c{i},{'gold' if i % 3 else 'tin'}\n" for i in range(90))
    (tmp_path / "customers.csv").write_text("customer_id,tier\n" + people)
    mapped = {"columns": {"is_gold": "tier = 'gold'"}, "static": ["is_gold"]}
    assert known_gold(tmp_path, {"path": "customers.csv"} | mapped, told) == number


@pytest.mark.parametrize(("told", "text"), [(1, "True"), (True, "True"), ("false", "False")])
def test_an_attribute_of_yes_and_no_that_is_text_in_the_tables_is_written_as_there(
    tmp_path: Path, told: Any, text: str
) -> None:
    people = "".join(f"c{i},{bool(i % 3)}\n" for i in range(90))
    (tmp_path / "customers.csv").write_text("customer_id,is_gold\n" + people)
    described = {"path": "customers.csv", "static": ["is_gold"]}
    assert known_gold(tmp_path, described, told) == text
    with pytest.raises(RowError, match="is_gold is neither true nor false"):
        known_gold(tmp_path, described, "gold")


@pytest.mark.parametrize(
    ("history", "row", "reason"),
    [
        ("usage", {}, "occurred_at is missing"),
        ("usage", {"occurred_at": "yesterday"}, "occurred_at is not a time between 1900 and 2200"),
        ("usage", {"occurred_at": "2024-07-01T12:00:01Z"}, "occurred_at lies in the future"),
        ("usage", {"occurred_at": "2024-05-01", "quantity": "x"}, "quantity is not a number"),
        ("surveys", {"answered_at": "2024-05-01", "instrument": "NPS", "score": 11}, "score is"),
        ("orders", {"ordered_at": "2024-05-01"}, "amount is missing"),
        (
            "subscriptions",
            {"started_at": "2024-05-01", "ended_at": "2024-04-01"},
            "ended_at is before started_at",
        ),
    ],
)
def test_a_row_that_breaks_a_rule_is_named_with_its_place(
    one: OneCustomer, history: str, row: Row, reason: str
) -> None:
    good = {POSITION: 0} | dict.fromkeys(["occurred_at", "started_at", "ordered_at"], "2024-01-01")
    good |= {"amount": 1, "answered_at": "2024-01-01", "instrument": "nps", "score": 1}
    own = {column.name for column in SCHEMAS[history].columns} | {POSITION}
    rows = [{k: v for k, v in good.items() if k in own}, {POSITION: 7} | row]
    with pytest.raises(RowError, match=reason) as refused:
        one.know({history: rows}, cutoff=CUTOFF, now=NOW)
    assert (refused.value.history, refused.value.position) == (history, 7)


def test_two_rows_of_a_customer_in_customers_are_refused(one: OneCustomer) -> None:
    rows = [{POSITION: 0, "segment": "x"}, {POSITION: 1, "segment": "y"}]
    with pytest.raises(RowError, match="customer_id appears more than once"):
        one.know({"customers": rows}, cutoff=CUTOFF, now=NOW)


def test_a_customer_without_any_row_could_not_leave(one: OneCustomer) -> None:
    assert not one.know({}, cutoff=CUTOFF, now=NOW).could_leave


def test_a_day_ends_where_the_business_is(company: Company, one: OneCustomer) -> None:
    term = [{POSITION: 0, "started_at": "2024-01-01"}]
    for at, age in (("2024-06-01T03:59:00Z", 1), ("2024-05-31T03:59:00Z", 2)):
        usage = [{POSITION: 0, "occurred_at": at}]
        known = one.know({"subscriptions": term, "usage": usage}, cutoff=CUTOFF, now=NOW)
        assert known.features["usage_days_since_last"] == age


def test_the_last_day_of_a_term_is_read_as_in_the_tables(company: Company) -> None:
    term = {"subscriptions": [{POSITION: 0, "started_at": "2023-01-01", "ended_at": "2024-05-31"}]}
    for inclusive in (True, False):
        one = OneCustomer(replace(company.plan, ends_inclusive=inclusive))
        assert one.know(term, cutoff=date(2024, 6, 1), now=NOW).could_leave is inclusive
        assert not one.know(term, cutoff=date(2024, 6, 2), now=NOW).could_leave


def test_a_damaged_plan_is_refused() -> None:
    with pytest.raises(ModelError, match="is damaged or of another version of Tenure; run"):
        CustomerPlan.from_json("{}")
