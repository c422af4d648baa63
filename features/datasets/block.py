"""Which times, prices and habits does a block of simulated customers have?

The room between the latent lives (:mod:`features.datasets.paths`) and the histories that are
written: it turns weeks into moments and holds what the histories share.
"""

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from features.datasets.paths import NOBODY, Paths, draw_paths
from features.datasets.world import Chain, Floats, Ints
from features.windows import day_number

SECOND = 1_000_000  # moments are microseconds since 1970-01-01, UTC
HOUR = 3_600 * SECOND
DAY = 24 * HOUR
WEEK = 7 * DAY
NEVER = np.iinfo(np.int64).max

_PRICE_FACTORS = ((1.0, 0.70), (0.9, 0.20), (0.8, 0.10))  # exact to the cent for every plan


@dataclass(frozen=True)
class Block:
    """A fixed block of customers, drawn from its own random streams.

    Attributes
    ----------
    number : int
        Of the block; with the seed it decides everything drawn here.
    first_customer : int
        Position of the block's first customer among all.
    seed, begin, end : int
        The begin of week 0 and the end of the last week are moments.
    paths : Paths
    joined, left : ndarray of int64, shape (n,)
        Moments; NEVER for those who have not left.
    change_day : ndarray of int8, shape (weeks, n)
        The day 0..6 of each week on which whatever happens to a subscription happens.
    price_factor, order_rate, order_size, usage_rate : ndarray, shape (n,)
        How this customer differs from the list price and from the usual, as factors.
    """

    number: int
    first_customer: int
    seed: int
    begin: int
    end: int
    paths: Paths
    joined: Ints
    left: Ints
    change_day: NDArray[np.int8]
    price_factor: Floats
    order_rate: Floats
    order_size: Floats
    usage_rate: Floats

    @property
    def customers(self) -> int:
        """Number of customers in the block."""
        return len(self.joined)

    def rng(self, room: str) -> np.random.Generator:
        """Return the random stream of one room, so that no room's draws move another's."""
        return _rng(self.seed, self.number, room)

    def moment(self, week: Ints, customer: Ints) -> Ints:
        """Return when in that week something happens to that customer's subscription."""
        offset = self.change_day[week, customer].astype(np.int64) * DAY
        return np.asarray(self.begin + week * WEEK + offset + self.joined[customer] % DAY)

    def lived(self) -> tuple[Ints, Ints, Ints]:
        """Return week, customer and state of every week that somebody was subscribed in.

        The week of joining shows the state at its end; the others the state at their start.
        """
        now, after = self.paths.state[:-1], self.paths.state[1:]
        seen = np.where(now == NOBODY, after, now)
        week, customer = np.nonzero(seen != NOBODY)
        return week, customer, seen[week, customer].astype(np.int64)

    def while_subscribed(self, customer: Ints, moment: Ints) -> NDArray[np.bool_]:
        """Return which moments lie in those customers' subscribed time."""
        return (moment >= self.joined[customer]) & (moment < self.left[customer])


def draw_block(
    chain: Chain,
    *,
    number: int,
    first_customer: int,
    customers: int,
    weeks: int,
    end: date,
    seed: int,
) -> Block:
    """Draw one block: a pure function of its arguments, whatever else is drawn."""
    rng = _rng(seed, number, "block")
    paths = draw_paths(chain, rng, customers=customers, weeks=weeks)
    finish = day_number(end) * DAY
    begin = finish - weeks * WEEK
    clock_time = working_hours(rng, customers)
    join_day = rng.integers(0, 7, customers)
    change_day = rng.integers(0, 7, (weeks, customers), dtype=np.int8)
    # an annual term starts, and so renews, always on the weekday of joining
    change_day = np.where(paths.annual, join_day.astype(np.int8), change_day)
    joined = begin + paths.joined_week * WEEK + join_day * DAY + clock_time
    leave_week = np.minimum(paths.left_week, weeks - 1)
    leave_day = change_day[leave_week, np.arange(customers)].astype(np.int64)
    left = begin + leave_week * WEEK + leave_day * DAY + clock_time
    factors, shares = zip(*_PRICE_FACTORS, strict=True)
    return Block(
        number=number,
        first_customer=first_customer,
        seed=seed,
        begin=begin,
        end=finish,
        paths=paths,
        joined=joined,
        left=np.where(paths.left_week < weeks, left, NEVER),
        change_day=change_day,
        price_factor=rng.choice(np.array(factors), customers, p=shares),
        order_rate=rng.gamma(2.0, 1 / 2.0, customers),
        order_size=rng.gamma(8.0, 1 / 8.0, customers),
        usage_rate=rng.gamma(6.0, 1 / 6.0, customers),
    )


def working_hours(rng: np.random.Generator, size: int) -> Ints:
    """Draw times of day around early afternoon, in microseconds (whole milliseconds).

    Examples
    --------
    >>> times = working_hours(np.random.default_rng(7), 1_000)
    >>> bool((times >= 0).all() and (times < DAY).all())
    True
    """
    milliseconds = (rng.normal(13.5, 4.0, size) * 3_600_000).astype(np.int64) % 86_400_000
    return np.asarray(milliseconds * 1_000)


def hours(rng: np.random.Generator, median: Floats, spread: float) -> Ints:
    """Draw lengths of time around medians in hours, in microseconds (whole milliseconds).

    Examples
    --------
    >>> int(np.median(hours(np.random.default_rng(7), np.full(9_999, 5.0), 1.0)) / HOUR + 0.5)
    5
    """
    milliseconds = median * rng.lognormal(0.0, spread, len(median)) * (HOUR // 1000)
    return np.asarray(milliseconds.astype(np.int64) * 1000)


def _rng(seed: int, number: int, room: str) -> np.random.Generator:
    return np.random.default_rng([seed, number, *room.encode()])
