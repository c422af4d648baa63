"""How fast is one score over HTTP? As a ratio to a BentoML endpoint that does nothing.

Both run as `bentoml serve` on this machine, take the same request and give a reply of the same
shape; ours asks for a key, parses, looks the customer up and replies with the score. Eight
connections ask each in turn, half a second at a time, so that whatever else the machine does meets
both.
"""

import asyncio
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

os.environ.setdefault("BENTOML_DO_NOT_TRACK", "True")

import aiohttp
import bentoml
import numpy as np
import pandas as pd

from serving.access import create_key
from serving.schemas import Score, ScoreReply, ScoreRequest, ServedSnapshot
from serving.service import create_app, create_service
from serving.snapshot import Snapshot, publish

TARGET = 0.8
CONNECTIONS = 8
ROUNDS = 16
SECONDS_A_ROUND = 0.5
CUSTOMERS = 100_000

_SERVE = (sys.executable, "-m", "bentoml", "serve", "--host", "127.0.0.1")
_ROOT = Path(__file__).resolve().parents[1]
_VERSIONS = {"cutoff": "2024-06-01", "churn_model_version": "12", "value_model_version": "7"}


@dataclass(frozen=True)
class _Server:
    url: str
    headers: dict[str, str]


def measure(scale: float = 1.0) -> list[dict[str, Any]]:
    """Measure the rate of single scores beside that of a BentoML endpoint that does nothing.

    Parameters
    ----------
    scale : float
        Of the number of customers and of the seconds.

    Returns
    -------
    list of dict: name, peer, size, ours, theirs (requests per second), ratio, target, met
    """
    customers = max(1_000, int(CUSTOMERS * scale))
    with tempfile.TemporaryDirectory(prefix="tenure-bench-") as folder:
        home = Path(folder)
        _publish(home, customers)
        key = create_key(home, "bench", created_at=datetime(2024, 6, 1, tzinfo=UTC))
        headers = {"Authorization": f"Bearer {key}"}
        with _served("Ours", home, headers) as ours, _served("NoOp", home, headers) as theirs:
            rates = asyncio.run(_rates([ours, theirs], customers, SECONDS_A_ROUND * scale))
    ratio = rates[0] / rates[1]
    return [
        {
            "name": "one score over HTTP",
            "peer": "BentoML no-op endpoint",
            "size": f"{customers:,} customers, {CONNECTIONS} connections",
            "ours": rates[0],
            "theirs": rates[1],
            "ratio": ratio,
            "target": TARGET,
            "met": ratio >= TARGET,
        }
    ]


async def _rates(servers: Sequence[_Server], customers: int, seconds: float) -> list[float]:
    answered = [0] * len(servers)
    async with aiohttp.ClientSession(
        connector=aiohttp.TCPConnector(limit=CONNECTIONS), timeout=aiohttp.ClientTimeout(60)
    ) as session:
        for server in servers:
            await _ask(session, server, customers, seconds / 2)  # warm, not counted
        for _ in range(ROUNDS):
            for place, server in enumerate(servers):
                answered[place] += await _ask(session, server, customers, seconds)
    return [count / (ROUNDS * seconds) for count in answered]


async def _ask(
    session: aiohttp.ClientSession, server: _Server, customers: int, seconds: float
) -> int:
    end = time.perf_counter() + seconds
    rng = np.random.default_rng(0)

    async def one_connection() -> int:
        answered = 0
        while time.perf_counter() < end:
            body = {"customer_ids": [_customer_id(int(rng.integers(customers)))]}
            async with session.post(server.url, json=body, headers=server.headers) as reply:
                await reply.read()
                reply.raise_for_status()
            answered += 1
        return answered

    return sum(await asyncio.gather(*(one_connection() for _ in range(CONNECTIONS))))


@contextmanager
def _served(name: str, home: Path, headers: dict[str, str]) -> Iterator[_Server]:
    port = _free_port()
    process = subprocess.Popen(
        [*_SERVE, f"benchmarks.serving:{name}", "--port", str(port)],
        cwd=_ROOT,
        env={**os.environ, "TENURE_HOME": str(home), "BENTOML_HOME": str(home / "bentoml")},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        asyncio.run(_until_ready(f"http://127.0.0.1:{port}/readyz"))
        yield _Server(f"http://127.0.0.1:{port}/v1/score", headers)
    finally:
        process.terminate()
        process.wait(30)


async def _until_ready(url: str) -> None:
    async with aiohttp.ClientSession() as session:
        for _ in range(1_200):
            try:
                async with session.get(url) as reply:
                    if reply.status == 200:
                        return
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(0.1)
    raise TimeoutError(f"{url} did not turn green within 120 seconds; run bentoml serve by hand")


def _free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def _customer_id(number: int) -> str:
    return f"C{number:08d}"


def _publish(home: Path, customers: int) -> None:
    rng = np.random.default_rng(0)
    probability, value = rng.random(customers), rng.gamma(2.0, 100.0, customers)
    scores = pd.DataFrame(
        {
            "customer_id": [_customer_id(number) for number in range(customers)],
            "churn_probability": probability,
            "horizon_days": 91,
            "expected_value": value,
            "value_horizon_days": 364,
            "currency": "GBP",
            "value_at_risk": probability * value,
            "risk_band": "low",
            "reasons": "usage fell by half; two open tickets; no login for 20 days",
            **_VERSIONS,
        }
    )
    publish(home, scores, scores[["customer_id"]], {}, _VERSIONS)


def _stored(snapshot: Snapshot, customer_ids: Sequence[str]) -> pd.DataFrame:
    return pd.DataFrame(snapshot.lookup(customer_ids).values())


def _nothing() -> ScoreReply:
    score = Score(
        customer_id=_customer_id(0),
        churn_probability=0.3175209760393578,
        horizon_days=91,
        expected_value=235.93641365305343,
        value_horizon_days=364,
        currency="GBP",
        value_at_risk=74.91475971130123,
        risk_band="low",
        reasons="usage fell by half; two open tickets; no login for 20 days",
        **_VERSIONS,
    )
    served = ServedSnapshot(id="2024-06-01-3950eb2f21f0", **_VERSIONS)
    return ScoreReply(scores=[score], unknown=[], snapshot=served)


@bentoml.service(name="no_op")
class NoOp:
    """The peer: BentoML alone, asynchronous, with the schemas of ours."""

    def __init__(self) -> None:
        self._reply = _nothing()

    @bentoml.api(route="/v1/score")  # type: ignore[untyped-decorator]
    async def score(self, request: ScoreRequest, /) -> ScoreReply:
        """Reply the same to everyone."""
        return self._reply


Ours = create_service(create_app(lambda: Path(os.environ["TENURE_HOME"]), _stored))
