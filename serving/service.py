"""How are scores asked for over HTTP? A BentoML service: parse, look up, reply.

It serves the snapshot of the folder named by TENURE_HOME, and follows it. BentoML runs the process,
its workers, its metrics and its health; the address of the scores is mounted as plain ASGI, because
a key must be asked for before anything is parsed, and every error must have the same shape.
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

# read once by BentoML, before its first report; set here for whoever starts it another way
os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import bentoml
import pandas as pd
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from serving import openapi
from serving.access import KeyRing
from serving.current import AnswersHistories, CurrentSnapshot, ForHistories, Rescore
from serving.manifest import served
from serving.problems import OneErrorShape, ProblemError, invalid_request, on_problem, reply
from serving.schemas import ScoreRequest
from serving.snapshot import HISTORY_PLAN, Snapshot

MAX_BODY_BYTES = 1_048_576
"""Room for 1,000 ids of a thousand letters."""
MAX_HISTORY_BYTES = 8 * 1_048_576
"""Room for 50,000 rows of 160 letters."""
HISTORIES_AT_ONCE = 2
"""Supplied histories scored at the same time; further ones wait in turn."""
HISTORIES_WAITING = 64
"""More than so many are turned away."""


async def score(request: Request) -> Response:
    """Answer POST /v1/score."""
    state = request.app.state
    _check_key(request, state.keys)
    wanted = _parsed(await _body(request, MAX_BODY_BYTES))
    # taken after the last await: from here to the reply the snapshot can't be swapped
    snapshot: Snapshot | None = state.current.snapshot
    if snapshot is None:
        return reply(503)
    content = json.dumps(_answer(snapshot, wanted), separators=(",", ":"))
    return Response(content.encode(), media_type="application/json")


async def score_history(request: Request) -> Response:
    """Answer POST /v1/score-history."""
    state = request.app.state
    _check_key(request, state.keys)
    body = await _body(request, MAX_HISTORY_BYTES)
    current: CurrentSnapshot = state.current
    if current.snapshot is None:
        return reply(503)
    if current.histories is None:
        return reply(503, _NO_HISTORIES)
    if state.waiting >= HISTORIES_WAITING:
        return reply(429, headers={"Retry-After": "1"})
    # a snapshot published while this one waits does not change what answers it
    ask = partial(current.histories.answer, body, now=datetime.now(UTC))
    state.waiting += 1
    try:
        found = await asyncio.get_running_loop().run_in_executor(state.threads, ask)
    finally:
        state.waiting -= 1
    content = json.dumps(found, separators=(",", ":"), allow_nan=False)
    return Response(content.encode(), media_type="application/json")


def create_app(
    home: Callable[[], Path], rescore: Rescore, histories: ForHistories | None = None
) -> Starlette:
    """Build the ASGI application that answers everything but health and metrics.

    Parameters
    ----------
    home : callable
        Names the home folder; called when the application starts.
    rescore : callable
        Scores some customers of a snapshot again, see `serving.current.Rescore`.
    histories : callable, optional
        Makes what scores supplied histories, see `serving.current.ForHistories`; without it none
        are scored.

    Returns
    -------
    Starlette
    """

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        app.state.keys = KeyRing(home())
        app.state.current = CurrentSnapshot(home(), rescore, histories)
        app.state.threads = ThreadPoolExecutor(HISTORIES_AT_ONCE, "history")
        app.state.waiting = 0
        following = asyncio.create_task(app.state.current.follow())
        yield
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following
        app.state.threads.shutdown()
        app.state.current.close()

    return Starlette(
        routes=[
            Route("/v1/score", score, methods=["POST"]),
            Route("/v1/score-history", score_history, methods=["POST"]),
            Route("/docs.json", _document, methods=["GET"]),
            Route("/", _page, methods=["GET"]),
        ],
        exception_handlers={ProblemError: on_problem, 405: on_problem, 500: on_problem},
        lifespan=lifespan,
    )


def create_service(http: Starlette) -> "bentoml.Service[Any]":
    """Put an application of `create_app` into a BentoML service."""

    class Tenure:
        """Churn and lifetime-value scores of customers, at POST /v1/score and /v1/score-history."""

        async def __is_ready__(self) -> bool:
            return http.state.current.snapshot is not None

    service = bentoml.service(
        name="tenure",
        description="Churn and lifetime-value scores",
        envs=[{"name": "TENURE_HOME"}, {"name": "BENTOML_DO_NOT_TRACK", "value": "True"}],
    )(Tenure)
    service.mount_asgi_app(http)
    service.add_asgi_middleware(OneErrorShape)
    return service


def _check_key(request: Request, keys: KeyRing) -> None:
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    presented = bearer.strip() if scheme.lower() == "bearer" else ""
    if not keys.accepts(presented or request.headers.get("x-api-key", "")):
        raise ProblemError(
            401,
            "a key is needed for every score; send one made by tenure key create as"
            " 'Authorization: Bearer <key>' or 'X-API-Key: <key>'",
            {"WWW-Authenticate": "Bearer"},
        )


async def _body(request: Request, limit: int) -> bytes:
    body = bytearray()
    with suppress(ClientDisconnect):
        async for chunk in request.stream():
            body += chunk
            if len(body) > limit:
                raise ProblemError(413, f"the body is over {limit:,} bytes; {_SMALLER[limit]}")
    return bytes(body)


def _parsed(body: bytes) -> list[str]:
    try:
        return ScoreRequest.model_validate_json(body).customer_ids
    except ValidationError as error:
        raise invalid_request(error) from None


def _answer(snapshot: Snapshot, customer_ids: Sequence[str]) -> dict[str, Any]:
    found = snapshot.lookup(customer_ids)
    return {
        "scores": list(found.values()),
        "unknown": list(dict.fromkeys(one for one in customer_ids if one not in found)),
        "snapshot": served(snapshot.manifest),
    }


async def _document(_: Request) -> Response:
    return JSONResponse(openapi.document())


async def _page(_: Request) -> Response:
    return HTMLResponse(openapi.PAGE)


def _home() -> Path:
    return Path(os.environ["TENURE_HOME"]).resolve()


def _rescore(snapshot: Snapshot, customer_ids: Sequence[str]) -> pd.DataFrame:
    # the models' libraries are slow to import: only once there is a snapshot to check
    from serving.scoring import rescore

    return rescore(snapshot, customer_ids)


def _histories(snapshot: Snapshot) -> AnswersHistories | None:
    if snapshot.text(HISTORY_PLAN) is None:
        return None
    from serving.history_score import HistoryScorer

    return HistoryScorer.of(snapshot, ready=HISTORIES_AT_ONCE)


_SMALLER = {
    MAX_BODY_BYTES: "ask in several requests",
    MAX_HISTORY_BYTES: "leave out the oldest rows",
}
_NO_HISTORIES = (
    "supplied histories can't be scored with this snapshot: an older version of Tenure published"
    " it, or its models have a feature that only an engine can make; run tenure score"
)

Tenure = create_service(create_app(_home, _rescore, _histories))
