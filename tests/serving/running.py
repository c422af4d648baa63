"""A server of ours in a process of its own."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

SERVE = (sys.executable, "-m", "bentoml", "serve", "--host", "127.0.0.1")
ROOT = Path(__file__).resolve().parents[2]


@dataclass
class RunningServer:
    client: httpx.Client
    home: Path
    key: str
    log: Path

    def ask(self, body: Any, *, key: str | None = None, **kwargs: Any) -> httpx.Response:
        given = {"content": body} if isinstance(body, bytes) else {"json": body}
        headers = {"Authorization": f"Bearer {self.key if key is None else key}"}
        return self.client.post("/v1/score", **given, headers=headers, **kwargs)

    def served(self) -> str | None:
        reply = self.ask({"customer_ids": ["C00000"]})
        return reply.json()["snapshot"]["id"] if reply.status_code == 200 else None


@contextmanager
def running(
    target: str, home: Path, key: str, *, cwd: Path = ROOT, env: dict[str, str] | None = None
) -> Iterator[RunningServer]:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    log = home / "server.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*SERVE, target, "--port", str(port)],
            cwd=cwd,
            env=server_environment(home) | (env or {}),
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
            server = RunningServer(client, home, key, log)
            until(lambda: is_alive(client), log=log)
            yield server
    finally:
        process.terminate()
        process.wait(30)


def server_environment(home: Path) -> dict[str, str]:
    return {
        **os.environ,
        "TENURE_HOME": str(home),
        "BENTOML_HOME": str(home / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
    }


def is_alive(client: httpx.Client) -> bool:
    try:
        return client.get("/livez").status_code == 200
    except httpx.TransportError:
        return False


def is_ready(client: httpx.Client) -> bool:
    return client.get("/readyz").status_code == 200


def until(condition: Callable[[], bool], *, log: Path, seconds: float = 90) -> None:
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"still not after {seconds} s; the log says:\n{log.read_text()}")
        time.sleep(0.05)
