"""How long does a supplied history take in the service, of its own time?

One customer with 500 events, 20 orders, 10 tickets and 6 surveys, the whole catalogue, and models
of the usual kind: what `HistoryScorer.answer` takes, in one thread, without the network. Each
request leaves out other columns than the one before. What is measured is time of the processor:
what else the machine does at the moment must not count. Beside it, in the same run, stands a build
of the features of the same rows from files.
"""

from __future__ import annotations

import json
import random
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from itertools import cycle
from pathlib import Path
from typing import Any

LIMIT_MS = 50.0
ROWS = {"usage": 500, "orders": 20, "tickets": 10, "surveys": 6}
OPTIONAL = ("event", "quantity", "duration_seconds", "category", "plan")
SHAPES = 64
WARM_UP = 3
NOW = datetime(2027, 1, 1, tzinfo=UTC)
CUTOFF = date(2026, 6, 29)


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
        scorer, bodies = _scorer(home), cycle(_bodies())
        ours = _times(lambda: scorer.answer(next(bodies), now=NOW), max(20, int(300 * scale)))
        build = statistics.median(_times(_build_of(home / "one"), 5))
    finally:
        shutil.rmtree(home)
    p50, p99 = statistics.median(ours), sorted(ours)[int(0.99 * len(ours))]
    return [
        _figure("supplied history p50", "50 ms", p50, LIMIT_MS, 0.5),
        _figure("supplied history p99", "50 ms", p99, LIMIT_MS, 1.0),
        _figure("supplied history beside a build", "a build on DuckDB", p50, build, 0.1),
    ]


def _figure(name: str, peer: str, ours: float, theirs: float, target: float) -> dict[str, Any]:
    return {
        "name": name,
        "peer": peer,
        "size": ", ".join(f"{count} {history}" for history, count in ROWS.items()),
        "ours": ours,
        "theirs": theirs,
        "ratio": ours / theirs,
        "target": f"< {target:g}",
        "met": ours < target * theirs,
    }


def _times(answer: Callable[[], object], count: int) -> list[float]:
    """Return the milliseconds that a processor worked for each call, after some that warm up."""
    found = []
    for _ in range(count + WARM_UP):
        began = time.process_time()
        answer()
        found.append(1_000 * (time.process_time() - began))
    return found[WARM_UP:]


def _bodies() -> list[bytes]:
    """Requests for the same rows, each without some of the columns that need not be there."""
    rng, rows = random.Random(8), _rows()
    found = []
    for _ in range(SHAPES):
        left_out = {name for name in OPTIONAL if rng.random() < 0.5}
        kept = {
            history: [{k: v for k, v in row.items() if k not in left_out} for row in each]
            for history, each in rows.items()
        }
        found.append(json.dumps({"histories": kept}).encode())
    return found


def _build_of(home: Path) -> Callable[[], object]:
    """Write the rows into files, and return what builds their features at the same cutoff."""
    from features.build import build_features, learn_spec
    from features.config import parse_config
    from features.histories import load_histories
    from features.labels import population

    home.mkdir()
    for history, rows in _rows().items():
        lines = (json.dumps({"customer_id": "one"} | row) + "\n" for row in rows)
        (home / f"{history}.jsonl").write_text("".join(lines))
    business = {"currency": "GBP", "churn": "cancellation", "horizon_days": 91}
    histories = {history: {"path": f"{history}.jsonl"} for history in _rows()}
    config = parse_config({"business": business, "histories": histories}, home=home)

    def build() -> object:
        with closing(load_histories(config, now=NOW)) as loaded:
            spec = learn_spec(loaded, [CUTOFF])
            people = population(loaded, config.business, [CUTOFF])
            return build_features(loaded, spec, [CUTOFF], people)

    return build


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
