"""Which tickets do the simulated customers open, and how does the help desk answer?

A bad ticket (slow, handed around, reopened) costs mood, so it precedes leaving; an ordinary one
hardly means anything.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.datasets.block import DAY, NEVER, WEEK, Block, hours, working_hours
from features.datasets.columns import customer_ids, moments, numbers, words
from features.datasets.texts import CATEGORIES, TICKETS
from features.datasets.world import MOOD_OF, STAGE_OF, Ints

_BY_MOOD = np.array([0.050, 0.040, 0.030, 0.024, 0.020])  # ordinary tickets per week
_BY_SEGMENT = np.array([0.9, 1.2, 1.7])
_BY_STAGE = np.array([1.8, 1.0])
_CHANNELS = ("email", "chat", "phone")
_PRIORITIES = ("low", "normal", "high", "urgent")


@dataclass(frozen=True)
class Tickets:
    """Tickets as drawn, by time of opening; moments from the block's end on are not known yet.

    Attributes
    ----------
    customer, state : ndarray of int, shape (n,)
        The latent state in the week of opening.
    bad : ndarray of bool, shape (n,)
    opened, answered, resolved : ndarray of int64, shape (n,)
    """

    customer: Ints
    state: Ints
    bad: NDArray[np.bool_]
    opened: Ints
    answered: Ints
    resolved: Ints


def draw_tickets(block: Block) -> Tickets:
    """Draw the tickets of a block."""
    rng = block.rng("tickets")
    week, customer, state = block.lived()
    rate = _BY_MOOD[MOOD_OF[state]] * _BY_STAGE[STAGE_OF[state]]
    ordinary = rng.poisson(rate * _BY_SEGMENT[block.paths.segment[customer]])
    bad = block.paths.bad_ticket[week, customer].astype(np.int64)
    row = np.concatenate([np.repeat(np.arange(len(week)), times) for times in (ordinary, bad)])
    is_bad = np.arange(len(row)) >= ordinary.sum()
    opened = block.begin + week[row] * WEEK + rng.integers(0, 7, len(row)) * DAY
    opened += working_hours(rng, len(row))
    answered = opened + hours(rng, np.where(is_bad, 26.0, 5.0), 0.9)
    resolved = answered + hours(rng, np.where(is_bad, 120.0, 14.0), 1.0)
    keep = np.flatnonzero(block.while_subscribed(customer[row], opened))
    keep = keep[np.argsort(opened[keep], kind="stable")]
    return Tickets(
        customer=customer[row[keep]],
        state=state[row[keep]],
        bad=is_bad[keep],
        opened=opened[keep],
        answered=answered[keep],
        resolved=resolved[keep],
    )


def tickets_table(block: Block, tickets: Tickets) -> Any:
    """Tickets as the help desk's table holds them at the end of the histories."""
    rng, size, bad = block.rng("ticket details"), len(tickets.bad), tickets.bad
    closed = tickets.resolved < block.end
    category = np.where(bad, rng.integers(0, 3, size), rng.integers(0, len(CATEGORIES), size))
    priority = np.minimum(rng.binomial(3, 0.35, size) + bad * rng.integers(0, 3, size), 3)
    contacts = 1.0 + rng.poisson(np.where(bad, 2.5, 0.35))
    reopened = rng.random(size) < np.where(bad, 0.60, 0.04)
    minutes = np.round(rng.lognormal(np.where(bad, 4.2, 2.6), 0.6), 1)
    text = TICKETS.draw(rng, category * 2 + bad)
    names = [f"T{block.number:04d}-{n:06d}" for n in range(size)]
    ids = customer_ids(block.first_customer, block.customers)
    return pa.table(
        {
            "customer_id": words(tickets.customer, ids),
            "opened_at": moments(tickets.opened),
            "ticket_id": pa.array(names, pa.string()),
            "first_response_at": moments(_known(block, tickets.answered)),
            "resolved_at": moments(_known(block, tickets.resolved)),
            "contacts": numbers(np.where(closed, contacts, np.nan)),
            "reopened": pa.array(reopened, mask=~closed),
            "channel": words(rng.integers(0, 3, size), _CHANNELS),
            "category": words(category, CATEGORIES),
            "priority": words(priority, _PRIORITIES),
            "handle_minutes": numbers(np.where(closed, minutes, np.nan)),
            "text": words(text, TICKETS.texts),
        }
    )


def _known(block: Block, moment: Ints) -> Ints:
    return np.where(moment < block.end, moment, NEVER)
