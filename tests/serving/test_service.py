"""The service as callers meet it: a process of its own, asked over HTTP."""

import csv
import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pandas as pd
import pytest

from campaigns.at_risk import at_risk_list
from campaigns.export import write_list
from serving.index import SCORE_COLUMNS
from serving.openapi import document
from serving.problems import CODES
from serving.schemas import ErrorReply, ScoreReply
from serving.snapshot import current_id, open_snapshot
from tests.serving.running import RunningServer, is_ready, until
from tests.serving.small_models import make_models, publish_small


def is_error(reply: httpx.Response, status: int, text: str) -> bool:
    assert reply.status_code == status, reply.text
    assert reply.headers["content-type"] == "application/json"
    error = ErrorReply.model_validate_json(reply.content).error
    assert (error.status, error.code) == (status, CODES[status])
    assert text in error.message
    return True


def test_before_the_first_snapshot_the_service_lives_but_is_not_ready(
    seen_while_red: dict[str, httpx.Response],
) -> None:
    assert seen_while_red["alive"].status_code == 200
    assert is_error(seen_while_red["ready"], 503, "no scores are loaded yet; run tenure score")
    assert is_error(seen_while_red["score"], 503, "no scores are loaded yet; run tenure score")


def test_it_turns_ready_when_the_first_snapshot_is_published(server: RunningServer) -> None:
    assert server.client.get("/readyz").status_code == 200
    assert server.served() == current_id(server.home)


def test_scores_come_in_the_order_asked_for_and_unknown_customers_are_named(
    server: RunningServer,
) -> None:
    asked = ["C00007", "nobody", "C00003", "C00007", "someone", "nobody"]
    reply = server.ask({"customer_ids": asked})
    assert reply.status_code == 200
    told = ScoreReply.model_validate_json(reply.content)
    assert [score.customer_id for score in told.scores] == ["C00007", "C00003"]
    assert told.unknown == ["nobody", "someone"]
    assert told.snapshot.id == current_id(server.home)
    assert told.snapshot.cutoff == "2024-06-01"
    assert told.snapshot.churn_model_version == told.scores[0].churn_model_version


def test_a_thousand_customers_are_answered_in_one_request(server: RunningServer) -> None:
    asked = [f"C{number:05d}" for number in range(1_000)]
    scores = server.ask({"customer_ids": asked}).json()["scores"]
    assert [score["customer_id"] for score in scores] == asked
    assert all(list(score) == list(SCORE_COLUMNS) for score in scores)


@pytest.mark.parametrize("ending", ["csv", "parquet", "jsonl"])
def test_the_http_score_equals_the_exported_score(
    server: RunningServer, tmp_path: Path, ending: str
) -> None:
    with open_snapshot(server.home) as snapshot:
        everyone = snapshot.scores()
    path = tmp_path / f"list.{ending}"
    write_list(at_risk_list(everyone, top=len(everyone)), path)
    exported = list(read_back(path))
    asked = [row["customer_id"] for row in exported]
    told = [
        score
        for start in range(0, len(asked), 1_000)
        for score in server.ask({"customer_ids": asked[start : start + 1_000]}).json()["scores"]
    ]
    assert len(exported) == len(everyone) == 1_200
    # equality of floats here is equality to the last digit
    assert told == exported


def read_back(path: Path) -> Iterator[dict[str, Any]]:
    if path.suffix == ".csv":
        kinds = {"TEXT": str, "REAL": float, "INTEGER": int}
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                yield {name: kinds[SCORE_COLUMNS[name]](cell) for name, cell in row.items()}
    elif path.suffix == ".parquet":
        yield from pd.read_parquet(path).to_dict("records")
    else:
        yield from map(json.loads, path.read_text().splitlines())


@pytest.mark.parametrize(
    ("body", "status", "text"),
    [
        (b"", 400, "the body is not JSON (EOF while parsing a value at line 1 column 0); send"),
        (b"{", 400, "the body is not JSON (EOF while parsing an object"),
        (b'{"customer_ids": ["C1"]', 400, "the body is not JSON"),
        (b"\xff\xfe\x00", 400, "the body is not JSON"),
        (b'{"customer_ids": ["\\ud800"]}', 400, "the body is not JSON"),
        (b'{"customer_ids": ' + b"[" * 10_000, 400, "recursion limit exceeded"),
        ([], 422, 'the body is not an object; send {"customer_ids": ["..."]}'),
        (None, 422, "the body is not an object"),
        ({}, 422, 'customer_ids is missing; send {"customer_ids": ["..."]}'),
        ({"customer_ids": "C1"}, 422, "customer_ids is not a list; send"),
        ({"customer_ids": None}, 422, "customer_ids is not a list; send"),
        ({"customer_ids": []}, 422, "customer_ids is empty (1 to 1,000 ids allowed)"),
        ({"customer_ids": ["C1", 7]}, 422, "customer_ids.1 is not text; send every customer id"),
        ({"customer_ids": [None]}, 422, "customer_ids.0 is not text"),
        ({"customer_ids": [["C1"]]}, 422, "customer_ids.0 is not text"),
        ({"customer_ids": [""]}, 422, "customer_ids.0 is empty"),
        ({"customer_ids": ["C1"], "top": 3}, 422, "top is not a field of a request"),
        (
            {"customer_ids": ["C1"] * 1_001},
            422,
            "customer_ids has 1,001 items (1 to 1,000 allowed); ask in several requests",
        ),
        ({"customer_ids": ["C" * 2_000_000]}, 413, "the body is over 1,048,576 bytes"),
    ],
)
def test_a_bad_request_gets_a_4xx_that_says_what_to_send(
    server: RunningServer, body: object, status: int, text: str
) -> None:
    assert is_error(server.ask(body if body is not None else b"null"), status, text)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer tenure_wrong"},
        {"Authorization": "Bearer"},
        {"Authorization": "Basic dGVudXJlOnRlbnVyZQ=="},
        {"X-API-Key": "tenure_wrong"},
        {"X-API-Key": ""},
        {"X-API-Key": "ké".encode("latin-1")},
    ],
)
def test_without_a_right_key_there_is_no_score(
    server: RunningServer, headers: dict[str, Any]
) -> None:
    reply = server.client.post("/v1/score", json={"customer_ids": ["C00001"]}, headers=headers)
    assert is_error(reply, 401, "a key is needed for every score; send one made by tenure key")
    assert reply.headers["www-authenticate"] == "Bearer"


def test_the_key_is_asked_for_before_anything_is_parsed(server: RunningServer) -> None:
    assert is_error(server.ask(b"{", key="tenure_wrong"), 401, "a key is needed")


def test_either_header_carries_the_key(server: RunningServer) -> None:
    body = {"customer_ids": ["C00001"]}
    for headers in (
        {"X-API-Key": server.key},
        {"Authorization": f"bearer  {server.key}"},
    ):
        assert server.client.post("/v1/score", json=body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "application/vnd.bentoml+arrow",
        "application/vnd.bentoml+pickle",
        "multipart/form-data",
        "nonsense",
    ],
)
def test_the_body_is_json_whatever_its_label_says(server: RunningServer, kind: str) -> None:
    headers = {"X-API-Key": server.key, "Content-Type": kind}
    good = server.client.post("/v1/score", content=b'{"customer_ids": ["C00001"]}', headers=headers)
    assert good.status_code == 200
    bad = server.client.post("/v1/score", content=b"\x80\x04N.", headers=headers)
    assert is_error(bad, 400, "the body is not JSON")


@pytest.mark.parametrize("address", ["/nowhere", "/v1", "/v1/scores", "/v2/score"])
def test_an_unknown_address_is_a_404_of_the_same_shape(server: RunningServer, address: str) -> None:
    assert is_error(server.client.get(address), 404, "there is nothing at this address")
    assert is_error(server.client.post(address), 404, "scores are at POST /v1/score")


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_another_method_is_a_405_of_the_same_shape(server: RunningServer, method: str) -> None:
    reply = server.client.request(method, "/v1/score")
    assert is_error(reply, 405, "ask for scores with POST /v1/score")
    assert reply.headers["allow"] == "POST"


def test_openapi_tells_the_unit_of_every_number_and_every_error(server: RunningServer) -> None:
    told = server.client.get("/docs.json").json()
    assert told == document()
    schemas = told["components"]["schemas"]
    for name, field in schemas["Score"]["properties"].items():
        assert field["description"].endswith("."), name
    described = {
        name: field["description"] for name, field in schemas["Score"]["properties"].items()
    }
    for name in ("horizon_days", "value_horizon_days"):
        assert "in days" in described[name]
    for name in ("expected_value", "value_at_risk"):
        assert "in units of `currency`" in described[name]
    assert "from 0 to 1" in described["churn_probability"]
    assert list(described) == list(SCORE_COLUMNS)
    assert schemas["ScoreRequest"]["properties"]["customer_ids"]["maxItems"] == 1_000
    responses = told["paths"]["/v1/score"]["post"]["responses"]
    assert set(responses) == {"200", "400", "401", "413", "422", "503"}


def test_the_examples_of_openapi_are_valid(server: RunningServer) -> None:
    schemas = server.client.get("/docs.json").json()["components"]["schemas"]
    [reply] = schemas["ScoreReply"]["examples"]
    ScoreReply.model_validate(reply, strict=True)
    [request] = schemas["ScoreRequest"]["examples"]
    assert server.ask(request).status_code == 200


def test_the_page_loads_nothing_from_elsewhere(server: RunningServer) -> None:
    page = server.client.get("/").text
    assert "//" not in page
    for part in ("swagger-ui.css", "swagger-ui-bundle.js", "swagger-initializer.js"):
        assert f"./static_content/{part}" in page
        assert server.client.get(f"/static_content/{part}").status_code == 200


def test_metrics_count_requests_and_know_no_customer(server: RunningServer) -> None:
    server.ask({"customer_ids": ["C00042"]})
    told = server.client.get("/metrics").text
    assert 'endpoint="/v1/score"' in told
    assert "C00042" not in told


def test_the_log_holds_no_customer_and_no_key(server: RunningServer) -> None:
    secret = "customer-of-the-log-test"
    for body in (
        {"customer_ids": [secret]},
        {"customer_ids": [secret, 7]},
        {"customer_ids": [secret] * 1_001},
        f'{{"customer_ids": ["{secret}"'.encode(),
    ):
        server.ask(body)
    until(lambda: "status=422" in server.log.read_text(), log=server.log)
    log = server.log.read_text()
    assert "path=/v1/score" in log
    assert secret not in log
    assert "C00" not in log
    assert server.key not in log
    assert "Traceback" not in log


def test_a_new_snapshot_is_served_without_a_restart(server: RunningServer, tmp_path: Path) -> None:
    before = server.served()
    published = publish_small(server.home, tmp_path, version="2")
    until(lambda: server.served() == published.snapshot_id, log=server.log, seconds=30)
    assert published.snapshot_id != before
    [score] = server.ask({"customer_ids": ["C00001"]}).json()["scores"]
    with open_snapshot(server.home) as snapshot:
        assert score == snapshot.lookup(["C00001"])["C00001"]


def test_a_damaged_snapshot_is_refused_and_the_last_good_one_stays(
    server: RunningServer, tmp_path: Path
) -> None:
    good = server.served()
    damage(server.home, tmp_path, "index.sqlite")
    until(lambda: "is damaged: index.sqlite" in server.log.read_text(), log=server.log, seconds=30)
    assert f"serving {good}:" in server.log.read_text()
    assert server.served() == good
    assert is_ready(server.client)
    published = publish_small(server.home, tmp_path, version="3")
    until(lambda: server.served() == published.snapshot_id, log=server.log, seconds=30)


def test_a_snapshot_that_its_own_models_contradict_is_refused(
    server: RunningServer, tmp_path: Path
) -> None:
    good = server.served()
    contradict(server.home, tmp_path)
    told = "has another churn_probability than its own models give for 8 of 8 customers"
    until(lambda: told in server.log.read_text(), log=server.log, seconds=30)
    assert server.served() == good
    published = publish_small(server.home, tmp_path, version="4")
    until(lambda: server.served() == published.snapshot_id, log=server.log, seconds=30)


def test_requests_never_fail_while_snapshots_change(server: RunningServer, tmp_path: Path) -> None:
    seen = set()
    for version in ("5", "6"):
        published = publish_small(server.home, tmp_path, version=version)
        end = time.monotonic() + 30
        while published.snapshot_id not in seen and time.monotonic() < end:
            reply = server.ask({"customer_ids": [f"C{number:05d}" for number in range(500)]})
            assert reply.status_code == 200
            told = reply.json()
            # a reply is of one snapshot, never half of each
            versions = {score["churn_model_version"] for score in told["scores"]}
            assert versions == {told["snapshot"]["churn_model_version"]}
            seen.add(told["snapshot"]["id"])
        assert published.snapshot_id in seen


def damage(home: Path, work: Path, name: str) -> None:
    """Publish elsewhere, break a byte, and only then let CURRENT name it."""
    elsewhere = work / "elsewhere"
    broken = publish_small(elsewhere, work / "models", version="7").snapshot_id
    path = elsewhere / "snapshots" / broken / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    move_in(elsewhere, home, broken)


def contradict(home: Path, work: Path) -> None:
    """Publish scores of one model beside a copy of another."""
    from tests.serving import small_models as small

    features = small.make_features(100)
    scores = small.make_scores(make_models(work / "one", slope=1.0)["churn"].parent, features)
    other = make_models(work / "other", slope=1.001)
    small.publish(home, scores, features, other, {"cutoff": small.CUTOFF})


def move_in(elsewhere: Path, home: Path, snapshot_id: str) -> None:
    shutil.move(elsewhere / "snapshots" / snapshot_id, home / "snapshots" / snapshot_id)
    fresh = home / "snapshots" / "fresh"
    fresh.write_text(f"{snapshot_id}\n")
    fresh.replace(home / "snapshots" / "CURRENT")
