"""Supplied rows are scored as the exported scores were made, to the last digit."""

from __future__ import annotations

import asyncio
import json
import math
import re
import shutil
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from features.one_customer.customer import CustomerPlan, OneCustomer
from serving import history_score
from serving.access import create_key
from serving.current import CurrentSnapshot
from serving.history_rows import parse_history, supplied_rows
from serving.history_score import HistoryScorer
from serving.openapi import document
from serving.problems import ProblemError
from serving.schemas import MAX_ROWS, HistoryReply
from serving.scoring import rescore
from serving.service import HISTORIES_AT_ONCE, MAX_HISTORY_BYTES
from serving.snapshot import HISTORY_PLAN, Snapshot, open_snapshot
from tests.conftest import ROOT
from tests.serving.running import RunningServer, is_ready, running, until
from tests.serving.small_models import publish_small
from tests.serving.small_models import rescore as rescore_small
from tests.serving.test_imports import loaded
from tests.serving.test_service import is_error

NOW = datetime(2027, 1, 1, tzinfo=UTC)
SCORED = 30

Rows = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def snapshot(trained_company: Path) -> Iterator[Snapshot]:
    with open_snapshot(trained_company) as opened:
        yield opened


@pytest.fixture(scope="module")
def plan(snapshot: Snapshot) -> CustomerPlan:
    return CustomerPlan.from_json(snapshot.text(HISTORY_PLAN) or "")


@pytest.fixture(scope="module")
def tables(trained_company: Path, plan: CustomerPlan) -> dict[str, pd.DataFrame]:
    return {name: pd.read_parquet(trained_company / f"{name}.parquet") for name in plan.columns}


@pytest.fixture(scope="module")
def scorer(snapshot: Snapshot) -> HistoryScorer:
    found = HistoryScorer.of(snapshot)
    assert found is not None
    return found


@pytest.fixture(scope="module")
def customers(snapshot: Snapshot) -> list[str]:
    return snapshot.some_customers(SCORED)


@pytest.fixture(scope="module")
def served(
    trained_company: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    home = tmp_path_factory.mktemp("served") / "home"
    home.mkdir()
    shutil.copytree(trained_company / "snapshots", home / "snapshots")
    key = create_key(home, "tests", created_at=NOW)
    with running("serving.service:Tenure", home, key) as server:
        until(lambda: is_ready(server.client), log=server.log)
        yield server


def rows_of(tables: dict[str, pd.DataFrame], plan: CustomerPlan, customer: str) -> Rows:
    """The company's own rows of a customer, under Tenure's names, as JSON has them."""
    found: Rows = {}
    for name, table in tables.items():
        own = table[table["customer_id"] == customer]
        own = own[[column for column in own.columns if column in plan.columns[name]]]
        text = own.to_json(orient="records", date_format="iso", date_unit="us", double_precision=15)
        if len(own):
            found[name] = json.loads(text)
    return found


def answer(scorer: HistoryScorer, histories: Rows, **more: Any) -> dict[str, Any]:
    body = json.dumps({"histories": histories} | more).encode()
    return scorer.answer(body, now=NOW)


def post(server: RunningServer, body: Any, **kwargs: Any) -> httpx.Response:
    given = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = {"Authorization": f"Bearer {server.key}"}
    return server.client.post("/v1/score-history", **given, **{"headers": headers} | kwargs)


def problem(scorer: HistoryScorer, body: object) -> tuple[int, str]:
    with pytest.raises(ProblemError) as raised:
        scorer.answer(json.dumps(body).encode(), now=NOW)
    return raised.value.status_code, raised.value.detail


def test_supplied_rows_are_scored_as_the_exported_scores_were_to_the_last_digit(
    scorer: HistoryScorer,
    snapshot: Snapshot,
    tables: dict[str, pd.DataFrame],
    plan: CustomerPlan,
    customers: list[str],
) -> None:
    stored = snapshot.lookup(customers)
    without = set()
    for customer in customers:
        rows = rows_of(tables, plan, customer)
        without |= set(plan.columns) - set(rows)
        told = answer(scorer, rows)["score"]
        exported = {name: stored[customer][name] for name in told if name != "reasons"}
        assert {name: told[name] for name in exported} == exported
    assert len(customers) == SCORED
    assert {"tickets", "orders"} <= without, "all of them have all histories"


def test_the_first_requests_find_their_databases_made(
    snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    scorer = HistoryScorer.of(snapshot, ready=2)
    assert scorer is not None

    def refusing(_: CustomerPlan) -> OneCustomer:
        raise AssertionError("a database was made at a request")

    monkeypatch.setattr(history_score, "OneCustomer", refusing)
    with scorer._customer(), scorer._customer():
        pass


def test_the_features_are_those_that_the_snapshot_keeps(
    scorer: HistoryScorer,
    snapshot: Snapshot,
    tables: dict[str, pd.DataFrame],
    plan: CustomerPlan,
    customers: list[str],
) -> None:
    customer = customers[7]
    told = answer(scorer, rows_of(tables, plan, customer), features=True)["features"]
    [kept] = snapshot.features([customer]).to_dict("records")
    assert set(told) <= set(kept)
    for name, value in told.items():
        missing = isinstance(kept[name], float) and math.isnan(kept[name])
        assert value == (None if missing else kept[name]), name


def test_reasons_are_those_of_the_list(
    scorer: HistoryScorer,
    snapshot: Snapshot,
    tables: dict[str, pd.DataFrame],
    plan: CustomerPlan,
    customers: list[str],
) -> None:
    stored = snapshot.lookup(customers)
    listed = [each for each in customers if stored[each]["reasons"]][:3]
    for customer in listed:
        rows = rows_of(tables, plan, customer)
        assert answer(scorer, rows, reasons=True)["score"]["reasons"] == stored[customer]["reasons"]
    assert answer(scorer, rows_of(tables, plan, customers[0]))["score"]["reasons"] is None


def test_who_has_left_gets_no_score_but_is_told_why(
    scorer: HistoryScorer,
    snapshot: Snapshot,
    tables: dict[str, pd.DataFrame],
    plan: CustomerPlan,
) -> None:
    everyone = tables["customers"]["customer_id"].tolist()
    gone = next(each for each in everyone if each not in snapshot.lookup([each]))
    status, text = problem(scorer, {"histories": rows_of(tables, plan, gone)})
    assert status == 422
    cutoff = snapshot.manifest.cutoff
    assert text == (
        "this customer can't leave any more: no subscription in histories.subscriptions is running "
        f"at cutoff {cutoff}; there is no score"
    )
    assert problem(scorer, {"histories": {}}) == (status, text)


def test_an_earlier_cutoff_is_answered_for_that_day(
    scorer: HistoryScorer,
    tables: dict[str, pd.DataFrame],
    plan: CustomerPlan,
    customers: list[str],
) -> None:
    rows = rows_of(tables, plan, customers[0])
    begun = min(row["started_at"][:10] for row in rows["subscriptions"])
    status, text = problem(scorer, {"histories": rows, "cutoff": begun})
    assert (status, f"at cutoff {begun}" in text) == (422, True)
    newest = max(row["started_at"][:10] for row in rows["subscriptions"])
    after = (pd.Timestamp(newest) + pd.Timedelta(days=1)).date().isoformat()
    told = answer(scorer, rows, cutoff=after)
    assert told["score"]["cutoff"] == after
    assert told["snapshot"]["cutoff"] != after


def test_copies_are_left_out_and_counted_unless_they_are_to_be_kept(
    scorer: HistoryScorer,
    tables: dict[str, pd.DataFrame],
    plan: CustomerPlan,
    customers: list[str],
) -> None:
    rows = rows_of(tables, plan, customers[1])
    twice = rows | {"usage": rows["usage"] * 2}
    once = answer(scorer, rows, features=True)
    dropped = answer(scorer, twice, features=True)
    assert dropped["features"] == once["features"]
    assert dropped["copies"] == {"usage": len(rows["usage"])}
    kept = answer(scorer, twice, features=True, duplicates="keep")
    assert kept["copies"] == {}
    window = "usage_events_364d"
    assert kept["features"][window] == 2 * once["features"][window]


TERM = {"subscriptions": [{"started_at": "2026-01-01"}]}


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        ([], 422, "the body is not an object; send {"),
        ({}, 422, "histories is missing; send {"),
        ({"histories": []}, 422, "histories is not an object"),
        ({"histories": {"usage": {}}}, 422, "histories.usage is not a list"),
        ({"histories": {"usage": [7]}}, 422, "histories.usage.0 is not an object"),
        (
            {"histories": {"usage": [{"occurred_at": ["2024-05-01"]}]}},
            422,
            "histories.usage.0.occurred_at is none of text, a number, true, false or null",
        ),
        ({"histories": {}, "top": 3}, 422, "top is not a field of a request"),
        ({"histories": {}, "features": 1}, 422, "features is neither true nor false"),
        ({"histories": {}, "cutoff": "June"}, 422, "cutoff is no ISO date; send one like"),
        ({"histories": {}, "cutoff": "2027-01-02"}, 422, "cutoff lies after today (2027-01-01)"),
        ({"histories": {}, "cutoff": "1066-10-14"}, 422, "cutoff lies before 1900"),
        (
            {"histories": {"use": []}},
            422,
            "histories.use is no history; did you mean usage? (known: customers, ",
        ),
        ({"histories": {"campaigns": []}}, 422, "histories.campaigns is not read by the models"),
        (
            {"histories": {"usage": [{}, {"ocurred_at": "2024-05-01"}]}},
            422,
            "histories.usage.1.ocurred_at is no column of usage; did you mean occurred_at?",
        ),
        (
            {"histories": {"usage": [{"customer_id": "C1"}]}},
            422,
            "histories.usage.0.customer_id is not needed: all rows are one customer's",
        ),
        (
            {"histories": TERM | {"usage": [{"event": "login"}]}},
            422,
            "histories.usage.0: occurred_at is missing; mend it or leave it out",
        ),
        (
            {"histories": TERM | {"usage": [{"occurred_at": "2027-01-02"}]}},
            422,
            "histories.usage.0: occurred_at lies in the future",
        ),
        (
            {"histories": TERM | {"usage": [{"occurred_at": "2024-05-01 01:00:00 Asia/Tokyo"}]}},
            422,
            "histories.usage.0: occurred_at is not a time between 1900 and 2200",
        ),
        (
            {"histories": TERM | {"usage": [{"occurred_at": "2024-05-01 10:00:00 PM"}]}},
            422,
            "histories.usage.0: occurred_at is not a time between 1900 and 2200",
        ),
        (
            {"histories": {"usage": [{}] * (MAX_ROWS + 1)}},
            413,
            "histories hold 50,001 rows (at most 50,000); leave out the oldest ones",
        ),
    ],
)
def test_a_bad_request_is_told_what_is_wrong_and_where(
    scorer: HistoryScorer, body: object, status: int, text: str
) -> None:
    told = problem(scorer, body)
    assert told[0] == status
    assert text in told[1]


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b'{"histories": {"usage": [{"occurred_at": "2026-05-01", "quantity": NaN}]}}',
        b'{"histories": {"usage": [{"occurred_at": "2026-05-01", "quantity": Infinity}]}}',
        b'{"histories": {"usage": [{"event": "\\ud800"}]}}',
        b'{"histories": ' + b'{"a":' * 5_000,
    ],
)
def test_what_json_does_not_know_never_becomes_a_score(scorer: HistoryScorer, body: bytes) -> None:
    with pytest.raises(ProblemError) as raised:
        scorer.answer(body, now=NOW)
    assert raised.value.status_code in (400, 422)


def test_what_a_caller_sent_is_never_said_back(scorer: HistoryScorer) -> None:
    secret = "ada@example.com is furious"
    for body in (
        {"histories": {secret: []}},
        {"histories": {"usage": [{secret: 1}]}},
        {"histories": {"usage": [{"occurred_at": secret}]}},
        {"histories": {"usage": [{"occurred_at": "2026-01-01", "quantity": secret}]}},
        {"histories": {}, "cutoff": secret},
        {"histories": {"tickets": [{"opened_at": "2026-01-01", "text": {secret: secret}}]}},
    ):
        assert secret not in problem(scorer, body)[1]


def test_threads_share_a_scorer_and_every_one_gets_its_own_answer(
    scorer: HistoryScorer,
    snapshot: Snapshot,
    tables: dict[str, pd.DataFrame],
    plan: CustomerPlan,
    customers: list[str],
) -> None:
    stored = snapshot.lookup(customers)
    wrong: list[str] = []

    def ask(mine: list[str]) -> None:
        for customer in mine:
            told = answer(scorer, rows_of(tables, plan, customer))["score"]
            if told["churn_probability"] != stored[customer]["churn_probability"]:
                wrong.append(customer)

    threads = [threading.Thread(target=ask, args=(customers[i:9:3],)) for i in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_over_http_the_score_is_the_exported_one(
    served: RunningServer,
    snapshot: Snapshot,
    tables: dict[str, pd.DataFrame],
    plan: CustomerPlan,
    customers: list[str],
) -> None:
    customer = customers[2]
    reply = post(served, {"histories": rows_of(tables, plan, customer)})
    assert reply.status_code == 200, reply.text
    told = HistoryReply.model_validate_json(reply.content, strict=True)
    stored = snapshot.lookup([customer])[customer]
    assert told.score.churn_probability == stored["churn_probability"]
    assert told.score.expected_value == stored["expected_value"]
    assert told.score.value_at_risk == stored["value_at_risk"]
    assert told.snapshot.id == snapshot.manifest.snapshot_id


def test_errors_over_http_have_the_one_shape(served: RunningServer) -> None:
    assert is_error(post(served, b"{", headers={}), 401, "a key is needed for every score")
    assert is_error(post(served, b"{"), 400, "the body is not JSON")
    assert is_error(post(served, {"histories": {"use": []}}), 422, "did you mean usage?")
    assert is_error(post(served, b" " * 8_400_000), 413, "the body is over 8,388,608 bytes; leave")
    assert is_error(served.client.get("/v1/score-history"), 405, "does not take this method")


def test_the_endpoint_is_counted_and_its_rows_are_in_no_log(served: RunningServer) -> None:
    secret = "ticket-text-of-the-log-test"
    ticket = {"opened_at": "2026-01-01", "text": secret, "category": secret, "contacts": secret}
    post(served, {"histories": {"tickets": [ticket]}})
    told = served.client.get("/metrics").text
    assert 'endpoint="/v1/score-history"' in told
    until(lambda: "path=/v1/score-history" in served.log.read_text(), log=served.log)
    assert secret not in served.log.read_text()
    assert secret not in told
    assert "Traceback" not in served.log.read_text()


def test_the_example_of_openapi_is_a_request(plan: CustomerPlan, scorer: HistoryScorer) -> None:
    described = document()
    [example] = described["components"]["schemas"]["HistoryRequest"]["examples"]
    supplied = supplied_rows(parse_history(json.dumps(example).encode()), plan, now=NOW)
    assert set(supplied.rows) == set(example["histories"])
    responses = described["paths"]["/v1/score-history"]["post"]["responses"]
    assert set(responses) == {"200", "400", "401", "413", "422", "429", "503"}
    assert described["components"]["schemas"]["HistoryRequest"]["required"] == ["histories"]


def test_the_example_of_the_readme_gets_a_score_of_the_simulated_company(
    scorer: HistoryScorer,
) -> None:
    readme = (ROOT / "README.md").read_text()
    example = re.search(r"/v1/score-history.*?-d '(.*?)'\n", readme, re.DOTALL)
    assert example is not None
    found = scorer.answer(example[1].encode(), now=NOW)["score"]
    assert 0 < found["churn_probability"] < 1
    assert found["expected_value"] > 0
    assert found["cutoff"] == "2026-06-29"
    assert found["reasons"]


def test_the_readme_says_how_much_a_request_may_hold() -> None:
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert f"at most {MAX_ROWS:,} rows and {MAX_HISTORY_BYTES >> 20} MiB" in readme
    assert f"{({2: 'two'})[HISTORIES_AT_ONCE]} are answered at a time" in readme


def test_neither_ibis_nor_a_training_library_is_loaded_to_answer() -> None:
    code = "import serving.history_score, serving.service"
    assert loaded(code, {"ibis", "sqlglot", "mlflow", "lifetimes", "matplotlib"}) == set()


def test_a_snapshot_of_an_older_version_serves_all_but_supplied_rows(
    home: Path, work: Path
) -> None:
    publish_small(home, work, customers=9)
    followed = CurrentSnapshot(home, rescore_small, HistoryScorer.of)
    asyncio.run(followed.refresh())
    assert followed.snapshot is not None
    assert followed.histories is None
    followed.close()


def test_a_new_snapshot_brings_its_own_queries(trained_company: Path, snapshot: Snapshot) -> None:
    followed = CurrentSnapshot(trained_company, rescore, HistoryScorer.of)
    asyncio.run(followed.refresh())
    assert isinstance(followed.histories, HistoryScorer)
    followed.close()


def test_a_snapshot_without_them_says_what_to_do(server: RunningServer) -> None:
    reply = post(server, {"histories": {}})
    assert is_error(reply, 503, "supplied histories can't be scored with this snapshot: an older")
