"""What is the risk of a customer whose rows were supplied? The same builders, the same models."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from queue import Empty, LifoQueue
from typing import Any

import numpy as np
import pandas as pd

from features.config import BusinessConfig
from features.errors import DataError
from features.one_customer.customer import CustomerPlan, KnownCustomer, OneCustomer
from features.one_customer.raw_rows import RowError
from features.value_columns import VALUE_INPUTS
from serving.history_rows import SuppliedRows, parse_history, refused_row, supplied_rows
from serving.manifest import served
from serving.problems import ProblemError
from serving.reasons import reason_texts
from serving.scoring import Models, risk_bands, score_matrix
from serving.snapshot import HISTORY_PLAN, Snapshot


class HistoryScorer:
    """Scores supplied rows with the models of one snapshot; threads may share it.

    Parameters
    ----------
    snapshot : Snapshot
        Need not stay open.
    plan : CustomerPlan
    ready : int
        How many can be answered at once without the wait for one more database; at least 1.
    """

    def __init__(self, snapshot: Snapshot, plan: CustomerPlan, *, ready: int = 1) -> None:
        self._manifest = snapshot.manifest
        self._plan = plan
        self._models = Models.of(snapshot)
        self._idle: LifoQueue[OneCustomer] = LifoQueue()
        for _ in range(ready):
            self._idle.put(OneCustomer(plan))

    @classmethod
    def of(cls, snapshot: Snapshot, *, ready: int = 1) -> HistoryScorer | None:
        """Make the scorer of a snapshot; None where an older version of Tenure published it.

        Raises
        ------
        ModelError
            The snapshot's queries can't be run here.
        """
        text = snapshot.text(HISTORY_PLAN)
        if text is None:
            return None
        return cls(snapshot, CustomerPlan.from_json(text), ready=ready)

    def answer(self, body: bytes, *, now: datetime) -> dict[str, Any]:
        """Answer a request.

        Parameters
        ----------
        body : bytes
        now : datetime, with a time zone

        Returns
        -------
        dict, as `serving.schemas.HistoryReply` describes it

        Raises
        ------
        ProblemError
            Something is wrong with the request, or the customer has left already.
        """
        supplied = supplied_rows(parse_history(body), self._plan, now=now)
        cutoff = supplied.cutoff or self._cutoff
        known = self._know(supplied, cutoff, now)
        if not known.could_leave:
            raise ProblemError(422, _gone(self._business, cutoff))
        return {
            "score": self._score(known, cutoff, reasons=supplied.reasons),
            "features": self._features(known) if supplied.features else None,
            "copies": supplied.copies,
            "snapshot": served(self._manifest),
        }

    def _reasons(self, known: KnownCustomer) -> str:
        return reason_texts(pd.DataFrame([self._features(known)]), self._models.churn)[0]

    @property
    def _cutoff(self) -> date:
        return date.fromisoformat(self._manifest.cutoff)

    @property
    def _business(self) -> BusinessConfig:
        return self._models.churn.facts.business

    def _know(self, supplied: SuppliedRows, cutoff: date, now: datetime) -> KnownCustomer:
        with self._customer() as customer:
            try:
                return customer.know(supplied.rows, cutoff=cutoff, now=now)
            except RowError as error:
                raise refused_row(error) from None
            except DataError as error:
                raise ProblemError(422, str(error)) from None

    @contextmanager
    def _customer(self) -> Iterator[OneCustomer]:
        """Lend an idle database, or a new one; at most as many are made as threads ask at once."""
        try:
            customer = self._idle.get_nowait()
        except Empty:
            customer = OneCustomer(self._plan)
        try:
            yield customer
        except ProblemError:
            self._idle.put(customer)
            raise
        self._idle.put(customer)  # one that failed in an unforeseen way is not lent again

    def _features(self, known: KnownCustomer) -> dict[str, Any]:
        return {name: known.features[name] for name in self._models.churn.spec.names}

    def _score(self, known: KnownCustomer, cutoff: date, *, reasons: bool) -> dict[str, Any]:
        churn, facts = self._models.churn, self._manifest.facts
        X = churn.spec.row(known.features)
        probabilities, values = score_matrix(X, _inputs(known), churn, self._models.value)
        probability, value = float(probabilities[0]), float(values[0])
        [band] = risk_bands(probabilities, churn.facts.base_rate)
        return {
            "churn_probability": probability,
            "horizon_days": self._business.horizon_days,
            "expected_value": _told(value),
            "value_horizon_days": self._business.value_horizon_days,
            "currency": self._business.currency,
            "value_at_risk": _told(probability * value),
            "risk_band": band,
            "reasons": self._reasons(known) if reasons else None,
            "cutoff": cutoff.isoformat(),
            "churn_model_version": facts.get("churn_model_version"),
            "value_model_version": facts.get("value_model_version"),
        }


def _inputs(known: KnownCustomer) -> pd.DataFrame:
    inputs = {name: known.value_inputs.get(name) for name in VALUE_INPUTS}
    return pd.DataFrame([inputs], dtype=np.float64)


def _told(value: float) -> float | None:
    # adding zero turns -0.0 into 0.0, as it was published
    return value + 0.0 if np.isfinite(value) else None


def _gone(business: BusinessConfig, cutoff: date) -> str:
    """Say why a build has no row for a customer."""
    if business.churn == "cancellation":
        why = "no subscription in histories.subscriptions is running"
    elif business.active_within_days is None:
        why = f"nothing in histories.{business.activity} is known"
    else:
        days = business.active_within_days
        why = f"nothing in histories.{business.activity} is known of the {days} days before it"
    return f"this customer can't leave any more: {why} at cutoff {cutoff}; there is no score"
