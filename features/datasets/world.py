"""How do the customers of the simulated company live from week to week?

Each customer is a finite Markov chain with weekly steps. The latent state is a plan, a mood
(satisfaction), a fading stage (the quiet that precedes leaving) and a tenure stage; a customer
also has a segment, which never changes, and a billing clock. The matrices made here are the ones
that the simulator draws from and the ones that :mod:`features.datasets.truth` multiplies, so the
truth beside the data is the law of the data and not an estimate of it.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float64]
Ints: TypeAlias = NDArray[np.int64]

SEGMENTS = ("consumer", "business", "enterprise")
PLANS = ("basic", "standard", "premium")
MOODS = 5  # 0 is furious, 4 is delighted
FADES = 4  # 0 is not fading; 1, 2 and 3 are ever quieter
STAGES = 2  # 0 is new, 1 is settled
SHAPE = (len(PLANS), MOODS, FADES, STAGES)
STATES = int(np.prod(SHAPE))
GONE = STATES  # the column of a draw that means: cancelled this week

PLAN_OF, MOOD_OF, FADE_OF, STAGE_OF = (
    axis.astype(np.int8) for axis in np.unravel_index(np.arange(STATES), SHAPE)
)

TERM_WEEKS = 52
# The billing clock: 0 pays by the month; 1..52 is the week of an annual term, 52 the renewal week.
CLOCKS = TERM_WEEKS + 1
NEXT_CLOCK = np.array([0, *range(2, CLOCKS), 1])
MONTHLY_WEEK, MID_TERM_WEEK, RENEWAL_WEEK = 0, 1, 2
KIND_OF_CLOCK = np.array([MONTHLY_WEEK] + [MID_TERM_WEEK] * (TERM_WEEKS - 1) + [RENEWAL_WEEK])


@dataclass(frozen=True)
class World:
    """Every number that decides when a customer leaves or pays. Probabilities are per week.

    Tuples run over moods 0..4, fading stages 0..3, plans, segments or (new, settled), as named.
    """

    mood_rises: tuple[float, ...] = (0.050, 0.045, 0.035, 0.020, 0.0)
    mood_sinks: tuple[float, ...] = (0.0, 0.015, 0.020, 0.030, 0.040)
    bad_ticket: tuple[float, ...] = (0.005, 0.006, 0.008)
    bad_ticket_costs: int = 2  # mood levels
    settles: float = 1 / 13

    silent_leaving: tuple[float, ...] = (0.0038, 0.0030, 0.0020)
    silent_by_plan: tuple[float, ...] = (1.2, 1.0, 0.85)
    silent_by_mood: tuple[float, ...] = (2.6, 1.6, 1.0, 0.75, 0.55)
    silent_by_stage: tuple[float, ...] = (1.7, 1.0)

    fading_starts: tuple[float, ...] = (0.042, 0.021, 0.0085, 0.0038, 0.002)
    fading_by_segment: tuple[float, ...] = (1.15, 0.9, 0.7)
    fading_by_stage: tuple[float, ...] = (1.3, 1.0)
    fading_deepens: float = 0.28
    fading_ends: tuple[float, ...] = (0.0, 0.14, 0.06, 0.02)
    fading_leaves: float = 0.25  # from the quietest stage, where billing allows it

    renewal_refused: tuple[float, ...] = (0.45, 0.30, 0.20, 0.14, 0.10)
    renewal_refused_fading: tuple[float, ...] = (0.0, 0.45, 0.60, 0.75)

    plan_rises: tuple[float, ...] = (0.0, 0.0005, 0.0015, 0.003, 0.004)
    plan_sinks: tuple[float, ...] = (0.005, 0.003, 0.0015, 0.001, 0.0005)
    renewal_plan_factor: float = 20.0  # plan changes gather at the renewal of an annual term

    monthly_amount: tuple[float, ...] = (18.0, 25.0, 34.0)  # paid by the month
    annual_amount: tuple[float, ...] = (15.0, 21.0, 28.5)  # per month, on an annual term

    orders: tuple[float, ...] = (0.030, 0.040, 0.055)
    orders_by_mood: tuple[float, ...] = (0.6, 0.8, 1.0, 1.1, 1.2)
    orders_by_fade: tuple[float, ...] = (1.0, 0.6, 0.3, 0.1)
    order_amount: tuple[float, ...] = (20.0, 35.0, 60.0)
    order_refunded: float = 0.03
    order_corrected: float = 0.01
    order_correction: float = 0.30  # share of the amount given back in a correction

    def __post_init__(self) -> None:
        # a plan change is drawn with one probability; more than 1 would silently become certainty
        if max(self.plan_rises) + max(self.plan_sinks) > 1 / self.renewal_plan_factor:
            raise ValueError("plan changes at a renewal are more than certain; lower their factor")

    @property
    def order_net(self) -> float:
        """The share of an order's amount that is left after refunds and corrections, on average."""
        return 1 - self.order_refunded - self.order_corrected * self.order_correction


@dataclass(frozen=True)
class Chain:
    """The weekly transition probabilities of every customer of a world.

    Attributes
    ----------
    world : World
    stay : ndarray, shape (3 kinds of week, segments, 2, STATES, STATES)
        Probability of being in each state a week later and not having cancelled; the third axis
        is whether a bad ticket happened. Rows sum to 1 minus the probability of cancelling.
    """

    world: World
    stay: Floats

    def weeks(self) -> Floats:
        """Transitions by segment and clock, bad tickets averaged in.

        Returns
        -------
        ndarray, shape (segments, CLOCKS, STATES, STATES)
        """
        bad = np.array(self.world.bad_ticket)[None, :, None, None]
        mixed = (1 - bad) * self.stay[:, :, 0] + bad * self.stay[:, :, 1]
        return np.ascontiguousarray(np.moveaxis(mixed[KIND_OF_CLOCK], 0, 1))

    def ladder(self) -> Floats:
        """Lay all rows' cumulative probabilities on one rising line, for one search per draw.

        Row ``i`` lies on (i, i + 1]: the state drawn by a uniform ``u`` in row ``i`` is the
        number of steps of that row which ``i + u`` has passed; STATES of them mean GONE.
        """
        rows = self.stay.reshape(-1, STATES)
        steps = np.concatenate([np.cumsum(rows, axis=1), np.ones((len(rows), 1))], axis=1)
        # where nobody leaves, a rounded sum just below 1 must not let somebody leave after all
        steps[steps > 1 - 1e-12] = 1.0
        return np.ravel(steps + np.arange(float(len(rows)))[:, None])


def chain_of(world: World) -> Chain:
    """Build the weekly transition probabilities of a world.

    Examples
    --------
    >>> chain = chain_of(World())
    >>> float(chain.stay[MID_TERM_WEEK].sum(axis=-1).min().round(12))  # nobody leaves mid-term
    1.0
    """
    kinds = (MONTHLY_WEEK, MID_TERM_WEEK, RENEWAL_WEEK)
    blocks = [
        [[_stay(world, kind, segment, bad) for bad in (False, True)] for segment in range(3)]
        for kind in kinds
    ]
    return Chain(world, np.array(blocks))


def _stay(world: World, kind: int, segment: int, bad: bool) -> Floats:
    together = np.einsum(
        "pmfs,pmP,mM,mfsF,sS->pmfsPMFS",
        1 - _leaving(world, kind, segment),
        _plan_moves(world, kind),
        _mood_moves(world, bad),
        _fade_moves(world, segment),
        np.array([[1 - world.settles, world.settles], [0.0, 1.0]]),
    )
    return np.asarray(together).reshape(STATES, STATES)


def _leaving(world: World, kind: int, segment: int) -> Floats:
    leaving = np.zeros(SHAPE)
    if kind == MONTHLY_WEEK:
        by_plan, by_mood, by_stage = np.ix_(
            world.silent_by_plan, world.silent_by_mood, world.silent_by_stage
        )
        silent = world.silent_leaving[segment] * by_plan * by_mood * by_stage
        leaving[:] = silent[:, :, None, :]
        leaving[:, :, -1, :] = 1 - (1 - silent) * (1 - world.fading_leaves)
    if kind == RENEWAL_WEEK:
        by_mood, by_fade = np.ix_(world.renewal_refused, world.renewal_refused_fading)
        leaving[:] = np.maximum(by_mood, by_fade)[None, :, :, None]
    return leaving


def _plan_moves(world: World, kind: int) -> Floats:
    factor = {MONTHLY_WEEK: 1.0, MID_TERM_WEEK: 0.0, RENEWAL_WEEK: world.renewal_plan_factor}[kind]
    moods = list(zip(world.plan_rises, world.plan_sinks, strict=True))
    size = len(PLANS)
    moves = [
        [_neighbours(plan, size, factor * up, factor * down) for up, down in moods]
        for plan in range(size)
    ]
    return np.array(moves)


def _mood_moves(world: World, bad: bool) -> Floats:
    moods = zip(range(MOODS), world.mood_rises, world.mood_sinks, strict=True)
    moves = np.array([_neighbours(mood, MOODS, up, down) for mood, up, down in moods])
    if not bad:
        return moves
    sunk = np.maximum(np.arange(MOODS) - world.bad_ticket_costs, 0)
    return np.asarray(moves @ np.eye(MOODS)[sunk])


def _fade_moves(world: World, segment: int) -> Floats:
    moves = np.zeros((MOODS, FADES, STAGES, FADES))
    by_mood, by_stage = np.ix_(world.fading_starts, world.fading_by_stage)
    starts = world.fading_by_segment[segment] * by_mood * by_stage
    moves[:, 0, :, 1], moves[:, 0, :, 0] = starts, 1 - starts
    for fade in range(1, FADES):
        deepens = world.fading_deepens if fade + 1 < FADES else 0.0
        moves[:, fade, :, 0] = world.fading_ends[fade]
        moves[:, fade, :, fade] = 1 - world.fading_ends[fade] - deepens
        if deepens:
            moves[:, fade, :, fade + 1] = deepens
    return moves


def _neighbours(here: int, size: int, up: float, down: float) -> Floats:
    row = np.zeros(size)
    row[min(here + 1, size - 1)] += up
    row[max(here - 1, 0)] += down
    row[here] += 1 - up - down
    return row
