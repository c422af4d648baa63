import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

# before anything imports bentoml, which reads it once
os.environ["BENTOML_DO_NOT_TRACK"] = "True"

import pytest

from serving.access import create_key
from tests.serving.running import RunningServer, is_ready, running, until
from tests.serving.small_models import publish_small


@pytest.fixture
def home(tmp_path: Path) -> Path:
    folder = tmp_path / "home"
    folder.mkdir()
    return folder


@pytest.fixture
def work(tmp_path: Path) -> Path:
    return tmp_path / "work"


@pytest.fixture(scope="session")
def red_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """A server whose home has a key and no snapshot, for whoever comes before `server`."""
    home = tmp_path_factory.mktemp("home")
    key = create_key(home, "tests", created_at=datetime(2024, 6, 1, tzinfo=UTC))
    with running("tests.serving.small_service:Tenure", home, key) as server:
        yield server


@pytest.fixture(scope="session")
def seen_while_red(red_server: RunningServer) -> dict[str, object]:
    return {
        "ready": red_server.client.get("/readyz"),
        "alive": red_server.client.get("/livez"),
        "score": red_server.ask({"customer_ids": ["C00000"]}),
    }


@pytest.fixture(scope="session")
def server(
    red_server: RunningServer,
    seen_while_red: dict[str, object],
    tmp_path_factory: pytest.TempPathFactory,
) -> RunningServer:
    """The same server once the first snapshot is published."""
    publish_small(red_server.home, tmp_path_factory.mktemp("models"))
    until(lambda: is_ready(red_server.client), log=red_server.log)
    return red_server
