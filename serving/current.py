"""Which snapshot does this process serve now? The newest one that proved sound.

A wrong number is worse than no number. So a snapshot is served only after its bytes agree with its
manifest and its own models score some of its customers again as it says; until then, and if it
fails, the one before it stays.
"""

import asyncio
import logging
import math
import time
import traceback
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, NoReturn, Protocol

import pandas as pd

from features.errors import SnapshotError, TenureError
from serving.snapshot import Snapshot, current_id, open_snapshot

Rescore = Callable[[Snapshot, Sequence[str]], pd.DataFrame]
"""Scores customers again with the models and features of a snapshot: a table with customer_id,
churn_probability and expected_value."""


class AnswersHistories(Protocol):
    """Scores supplied histories with the models of one snapshot; threads may share it."""

    def answer(self, body: bytes, *, now: datetime) -> dict[str, Any]:
        """Answer a request; ProblemError where it can't be."""


ForHistories = Callable[[Snapshot], AnswersHistories | None]
"""Makes what scores supplied histories with a snapshot's models; None where the snapshot does not
say how."""

POLL_SECONDS = 1.0
RETRY_SECONDS = 30.0
CHECKED_CUSTOMERS = 8

# libraries differ in the last digits between processors; a wrong model differs much sooner
_SAME = 1e-9

_logger = logging.getLogger("bentoml.tenure")


class CurrentSnapshot:
    """Follows CURRENT of a home folder.

    Parameters
    ----------
    home : Path
    rescore : callable
        See `Rescore`.
    for_histories : callable, optional
        See `ForHistories`.
    """

    def __init__(
        self, home: Path, rescore: Rescore, for_histories: ForHistories | None = None
    ) -> None:
        self._home = home
        self._rescore = rescore
        self._for_histories = for_histories
        self._refused: str | None = None
        self._retry_at = 0.0
        self.snapshot: Snapshot | None = None
        self.histories: AnswersHistories | None = None

    async def follow(self) -> NoReturn:
        """Look for a newly published snapshot every second, for ever."""
        if current_id(self._home) is None:
            _logger.warning("no snapshot is published under %s; run tenure score", self._home)
        while True:
            await self.refresh()
            await asyncio.sleep(POLL_SECONDS)

    async def refresh(self) -> None:
        """Serve the snapshot that CURRENT names if it is another one and sound."""
        wanted = current_id(self._home)
        if wanted is None or wanted == self._served or not self._is_worth_trying(wanted):
            return
        try:
            # beside the event loop, which goes on answering from the one before
            fresh, histories = await asyncio.to_thread(self._open)
        except Exception as error:
            self._refuse(wanted, error)
        else:
            self._serve(fresh, histories)

    def close(self) -> None:
        """Let go of the snapshot."""
        if self.snapshot is not None:
            self.snapshot.close()

    @property
    def _served(self) -> str | None:
        return self.snapshot.manifest.snapshot_id if self.snapshot else None

    def _is_worth_trying(self, wanted: str) -> bool:
        return wanted != self._refused or time.monotonic() >= self._retry_at

    def _open(self) -> tuple[Snapshot, AnswersHistories | None]:
        fresh = open_sound(self._home, self._rescore)
        if self._for_histories is None:
            return fresh, None
        try:
            return fresh, self._for_histories(fresh)
        except BaseException:
            fresh.close()
            raise

    def _serve(self, fresh: Snapshot, histories: AnswersHistories | None) -> None:
        # requests look up and answer without a pause in between, so nobody is reading the old one
        self.close()
        self.snapshot, self.histories = fresh, histories
        self._refused = None
        _logger.info("serving snapshot %s: %d customers", self._served, fresh.manifest.customers)

    def _refuse(self, wanted: str, error: Exception) -> None:
        self._refused, self._retry_at = wanted, time.monotonic() + RETRY_SECONDS
        _logger.error(
            "not serving snapshot %s, serving %s: %s", wanted, self._served or "none", _told(error)
        )


def open_sound(home: Path, rescore: Rescore) -> Snapshot:
    """Open the current snapshot and score some of its customers again.

    Parameters
    ----------
    home : Path
    rescore : callable
        See `Rescore`.

    Returns
    -------
    Snapshot

    Raises
    ------
    SnapshotError
        If it is damaged, or its models do not give its scores.
    """
    snapshot = open_snapshot(home)
    try:
        check_scores(snapshot, rescore)
    except BaseException:
        snapshot.close()
        raise
    return snapshot


def check_scores(snapshot: Snapshot, rescore: Rescore) -> None:
    """Score a handful of customers, spread over the snapshot, again.

    Raises
    ------
    SnapshotError
        If a score is another one than stored; the text names no customer, for it goes to the log.
    """
    customer_ids = snapshot.some_customers(CHECKED_CUSTOMERS)
    if not customer_ids:
        return
    stored = snapshot.lookup(customer_ids)
    again = rescore(snapshot, customer_ids).set_index("customer_id")
    if set(again.index) != set(customer_ids):
        raise SnapshotError(
            f"snapshot {snapshot.manifest.snapshot_id} holds what its models need to know of only"
            f" some: they scored {len(again)} of {len(customer_ids)} customers again;"
            " publish again with tenure score"
        )
    for name in ("churn_probability", "expected_value"):
        pairs = [(stored[one][name], _number(again.loc[one, name])) for one in customer_ids]
        differing = [pair for pair in pairs if not _is_same(*pair)]
        if differing:
            raise SnapshotError(
                f"snapshot {snapshot.manifest.snapshot_id} has another {name} than its own models"
                f" give for {len(differing)} of {len(pairs)} customers"
                f" (stored {differing[0][0]}, scored again {differing[0][1]});"
                " publish again with tenure score, with the libraries that serve it"
            )


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else float(value)


def _is_same(stored: float | None, again: float | None) -> bool:
    if stored is None or again is None:
        return stored is again
    return math.isclose(stored, again, rel_tol=_SAME)


def _told(error: Exception) -> str:
    if isinstance(error, TenureError):
        return str(error)
    # not the text of a stranger's error, which may quote a customer
    where = "".join(traceback.format_tb(error.__traceback__))
    return f"{type(error).__name__} at\n{where}"
