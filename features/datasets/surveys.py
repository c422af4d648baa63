"""Which surveys does the simulated company send, and what do its customers answer?

Scores follow mood, and after a ticket also how it went. The unhappy and the fading answer less.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.datasets.block import DAY, HOUR, NEVER, WEEK, Block, hours
from features.datasets.columns import customer_ids, moments, numbers, words
from features.datasets.texts import COMMENTS, third
from features.datasets.tickets import Tickets
from features.datasets.world import FADE_OF, MOOD_OF, Ints

INSTRUMENTS = ("nps", "csat", "ces", "ins")
_NPS, _CSAT, _CES, _INS = range(4)
_SCALES = ("0-10", "1-5", "1-7", "1-5")
_TOUCHPOINTS = ("relationship", "ticket", "ticket", "relationship")
_LOWEST, _HIGHEST = np.array([0.0, 1.0, 1.0, 1.0]), np.array([10.0, 5.0, 7.0, 5.0])
# score = start + slope * mood - dent * bad ticket + spread * noise, rounded onto the scale
_START, _SLOPE = np.array([2.6, 2.4, 3.3, 1.6]), np.array([1.55, 0.55, 0.60, 0.70])
_DENT, _SPREAD = np.array([0.0, 1.6, 2.0, 0.0]), np.array([1.8, 0.8, 1.1, 0.9])
_ASKED = np.array([1 / 20, 0.45, 0.25, 1 / 40])  # per week, or per resolved ticket
_ANSWERS_BY_MOOD = np.array([0.24, 0.28, 0.33, 0.40, 0.46])
_ANSWERS_BY_FADE = np.array([1.0, 0.7, 0.4, 0.15])
_COMMENTS = 0.3  # share of answers with one


@dataclass(frozen=True)
class _Sent:
    """Surveys sent: to whom, in which latent state, after a bad ticket or not, when."""

    instrument: Ints
    customer: Ints
    state: Ints
    bad: NDArray[np.bool_]
    sent: Ints


def surveys_table(block: Block, tickets: Tickets) -> Any:
    """Surveys in order of sending; one without an answer has no answered_at and no score."""
    rng = block.rng("surveys")
    surveys = _send(block, rng, tickets)
    instrument, size = surveys.instrument, len(surveys.sent)
    answered, replies = _replies(block, rng, surveys)
    felt = _START[instrument] + _SLOPE[instrument] * MOOD_OF[surveys.state]
    felt += _SPREAD[instrument] * rng.standard_normal(size) - _DENT[instrument] * surveys.bad
    score = np.clip(np.rint(felt), _LOWEST[instrument], _HIGHEST[instrument])
    happy = (score - _LOWEST[instrument]) / (_HIGHEST - _LOWEST)[instrument]
    writes = replies & (rng.random(size) < _COMMENTS)
    comment = COMMENTS.draw(rng, np.where(writes, 1 + third(happy), 0))
    return pa.table(
        {
            "customer_id": words(
                surveys.customer, customer_ids(block.first_customer, block.customers)
            ),
            "sent_at": moments(surveys.sent),
            "answered_at": moments(np.where(replies, answered, NEVER)),
            "instrument": words(instrument, INSTRUMENTS),
            "score": numbers(np.where(replies, score, np.nan)),
            "scale": words(instrument, _SCALES),
            "touchpoint": words(instrument, _TOUCHPOINTS),
            "comment": words(comment, COMMENTS.texts),
        }
    )


def _send(block: Block, rng: np.random.Generator, tickets: Tickets) -> _Sent:
    """Send relationship surveys at any time, and ticket surveys an hour after the solution."""
    sent = [_ask_anytime(block, rng, instrument) for instrument in (_NPS, _INS)]
    sent += [_ask_after(rng, tickets, instrument) for instrument in (_CSAT, _CES)]
    whole = {name: np.concatenate([vars(part)[name] for part in sent]) for name in vars(sent[0])}
    subscribed = block.while_subscribed(whole["customer"], whole["sent"])
    keep = np.flatnonzero(subscribed & (whole["sent"] < block.end))
    keep = keep[np.argsort(whole["sent"][keep], kind="stable")]
    return _Sent(**{name: column[keep] for name, column in whole.items()})


def _ask_anytime(block: Block, rng: np.random.Generator, instrument: int) -> _Sent:
    week, customer, state = block.lived()
    asked = np.flatnonzero(rng.random(len(week)) < _ASKED[instrument])
    moment = block.begin + week[asked] * WEEK + rng.integers(0, 7, len(asked)) * DAY + 9 * HOUR
    moment += rng.integers(0, HOUR // 1000, len(asked)) * 1000
    kind, good = np.full(len(asked), instrument), np.zeros(len(asked), np.bool_)
    return _Sent(kind, customer[asked], state[asked], good, moment)


def _ask_after(rng: np.random.Generator, tickets: Tickets, instrument: int) -> _Sent:
    asked = np.flatnonzero(rng.random(len(tickets.bad)) < _ASKED[instrument])
    customer, state, bad = tickets.customer[asked], tickets.state[asked], tickets.bad[asked]
    return _Sent(
        np.full(len(asked), instrument), customer, state, bad, tickets.resolved[asked] + HOUR
    )


def _replies(
    block: Block, rng: np.random.Generator, surveys: _Sent
) -> tuple[Ints, NDArray[np.bool_]]:
    size = len(surveys.sent)
    answered = surveys.sent + hours(rng, np.full(size, 10.0), 1.2)
    willing = _ANSWERS_BY_MOOD[MOOD_OF[surveys.state]] * _ANSWERS_BY_FADE[FADE_OF[surveys.state]]
    in_time = answered < np.minimum(block.end, block.left[surveys.customer])
    return answered, in_time & (rng.random(size) < willing)
