"""Publishes again and again, and is killed on the way; a script, not a test.

Each attempt is a child of its own. First it gets SIGKILL just before its k-th change of the disk (a
file opened, made, removed, renamed or brought to disk), for every k until one survives; then, with
a larger table, at random moments. Prints one JSON line: the attempt that was current after each.
"""

import json
import os
import random
import signal
import sys
import time
from pathlib import Path
from typing import Any

import pandas as pd

from serving.snapshot import open_snapshot, publish
from tests.serving.small_models import CUTOFF, make_features, make_models, make_scores

STEPS = {"open", "os.mkdir", "os.rename", "os.remove", "os.rmdir", "sqlite3.connect"}
MOMENTS = 6


def main(home: Path, work: Path) -> None:
    models = make_models(work)
    publish_attempt(home, models, table(work, 40), 0)
    told = {
        "steps": killed_at_every_step(home, models, table(work, 40)),
        "moments": killed_at_random(home, models, table(work, 20_000)),
    }
    publish_attempt(home, models, table(work, 40), -1)
    print(json.dumps({**told, "last": current_attempt(home)}))


def killed_at_every_step(home: Path, models: dict[str, Path], rows: Any) -> list[int]:
    current, survived = [], False
    while not survived:
        step = len(current) + 1
        child = os.fork()
        if child == 0:
            kill_before(step)
            publish_attempt(home, models, rows, step)
            os._exit(0)
        survived = os.waitpid(child, 0)[1] == 0
        current.append(current_attempt(home))
    return current


def killed_at_random(home: Path, models: dict[str, Path], rows: Any) -> list[int]:
    rng, current = random.Random(0), []
    for moment in range(MOMENTS):
        child = os.fork()
        if child == 0:
            while True:
                publish_attempt(home, models, rows, 1_000 + moment)
        time.sleep(rng.uniform(0.0, 0.6))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        current.append(current_attempt(home))
    return current


def kill_before(step: int) -> None:
    done = 0

    def count() -> None:
        nonlocal done
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    def on_event(event: str, _: tuple[Any, ...]) -> None:
        if event in STEPS:
            count()

    real_fsync = os.fsync

    def counted_fsync(descriptor: int) -> None:
        count()
        real_fsync(descriptor)

    os.fsync = counted_fsync
    sys.addaudithook(on_event)


def table(work: Path, customers: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    features = make_features(customers)
    return make_scores(work, features), features


def publish_attempt(home: Path, models: dict[str, Path], rows: Any, attempt: int) -> None:
    publish(home, *rows, models, {"cutoff": CUTOFF, "attempt": attempt})


def current_attempt(home: Path) -> int:
    with open_snapshot(home) as snapshot:
        assert len(snapshot.lookup(["C00000", "C00039"])) == 2
        return int(str(snapshot.manifest.facts["attempt"]))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
