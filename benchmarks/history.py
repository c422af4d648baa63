"""How long does a supplied history take in the service, of its own time?

One customer with 500 events, 20 orders, 10 tickets and 6 surveys, the whole catalogue, and models
of the usual kind: what `HistoryScorer.answer` takes, in one thread, without the network.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

LIMIT_MS = 50.0
ROWS = {"usage": 500, "orders": 20, "tickets": 10, "surveys": 6}
NOW = datetime(2027, 1, 1, tzinfo=UTC)


def measure(scale: float = 1.0) -> list[dict[str, Any]]:
    """Own time of a supplied history, in milliseconds and as a share of 50 ms.

    Parameters
    ----------
    scale : float
        Of the number of requests; the company is small whatever it is.

    Returns
    -------
    list of dict
        One per figure; times in milliseconds.
    """
    home = Path(tempfile.mkdtemp(prefix="tenure-history-"))
    try:
        scorer = _scorer(home)
        body = json.dumps({"histories": _rows()}).encode()
        whole = _times(lambda: scorer.answer(body, now=NOW), max(20, int(300 * scale)))
    finally:
        shutil.rmtree(home)
    p50, p99 = statistics.median(whole), sorted(whole)[int(0.99 * len(whole))]
    size = ", ".join(f"{count} {name}" for name, count in ROWS.items())
    return [
        _figure(f"supplied history {name}", size, took)
        for name, took in {"p50": p50, "p99": p99}.items()
    ]


def _figure(name: str, size: str, took: float) -> dict[str, Any]:
    return {
        "name": name,
        "peer": "50 ms",
        "size": size,
        "ours": took,
        "theirs": LIMIT_MS,
        "ratio": took / LIMIT_MS,
        "target": "< 0.5" if name.endswith("p50") else "< 1",
        "met": took < LIMIT_MS / (2 if name.endswith("p50") else 1),
    }


def _times(answer: Callable[[], object], count: int) -> list[float]:
    for _ in range(10):
        answer()
    found = []
    for _ in range(count):
        began = time.perf_counter()
        answer()
        found.append(1_000 * (time.perf_counter() - began))
    return found


def _scorer(home: Path) -> Any:
    """Train on a simulated company, publish, and open what the service would."""
    from features.config import read_config
    from features.datasets.simulator import simulate
    from features.histories import load_histories
    from serving.batch import score_and_publish
    from serving.history_score import HistoryScorer
    from serving.snapshot import open_snapshot
    from training.retrain import retrain

    simulate(home / "company", customers=3_000, weeks=91, seed=7)
    config = read_config(home / "company" / "tenure.toml")
    histories = load_histories(config, now=NOW)
    retrain(config, histories)
    score_and_publish(config, histories)
    histories.close()
    return HistoryScorer.of(open_snapshot(config.home))


def _rows() -> dict[str, list[dict[str, Any]]]:
    rng = random.Random(7)

    def at() -> str:
        ago = timedelta(minutes=rng.randrange(700_000))
        return (datetime(2026, 6, 28, tzinfo=UTC) - ago).isoformat()

    def rows(history: str, **more: Callable[[], Any]) -> list[dict[str, Any]]:
        return [{name: make() for name, make in more.items()} for _ in range(ROWS[history])]

    return {
        "subscriptions": [{"started_at": "2024-12-01", "plan": "basic", "monthly_amount": 19.9}],
        "usage": rows(
            "usage",
            occurred_at=at,
            event=lambda: rng.choice(["login", "report", "export", "search"]),
            quantity=lambda: rng.randrange(1, 9),
            duration_seconds=lambda: rng.randrange(2_000),
        ),
        "orders": rows("orders", ordered_at=at, amount=lambda: rng.randrange(999) / 10),
        "tickets": rows("tickets", opened_at=at, category=lambda: rng.choice(["billing", "bug"])),
        "surveys": rows(
            "surveys", answered_at=at, instrument=lambda: "nps", score=lambda: rng.randrange(11)
        ),
    }
