"""Laws of every builder: the registry drives them, so that a new builder is under them too."""

from __future__ import annotations

import random
from datetime import timedelta

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.build import build_features, learn_spec
from features.builders import BUILDERS
from features.schemas import SCHEMAS, day_column
from features.spec import FeatureSpec
from features.windows import WINDOWS, day_number
from tests.features import worlds
from tests.features.clocks import AT_ONCE, CLOCKS, FINAL_LATER, as_recorded_at, rows_on
from tests.features.worlds import CUTOFF, LAST, Rows

CUTOFFS = (CUTOFF - timedelta(days=28), CUTOFF - timedelta(days=10), CUTOFF)
FIRST = CUTOFF - timedelta(days=180)
EDGES = sorted(
    {LAST - window + step for window in (0, *WINDOWS) for step in (-1, 0, 1)}
    | {day_number(cutoff) + step for cutoff in CUTOFFS for step in (-1, 0)}
)

every_history = pytest.mark.parametrize("history", BUILDERS)
every_clock = pytest.mark.parametrize(("history", "clock"), CLOCKS)
seeds = given(seed=st.integers(0, 2**32 - 1))
few = settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.fixture(scope="module")
def specs() -> dict[str, FeatureSpec]:
    """What each builder learned from a company that has seen everything."""
    rich = worlds.random_world(seed=1, rows=200)
    return {name: learn_spec(worlds.histories({name: rich[name]}), [CUTOFF]) for name in BUILDERS}


def rows_of(history: str, seed: int) -> Rows:
    """Rows around the edges of the windows and of the cutoffs, where mistakes live."""
    rng = random.Random(seed)
    if history == "customers":
        return [worlds.random_row(history, rng, EDGES) | {"customer_id": each} for each in "abcd"]
    return [worlds.random_row(history, rng, EDGES) for _ in range(rng.randrange(1, 80))]


def same(left: pd.DataFrame, right: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(left, right, check_exact=True)


@every_history
@seeds
@few
def test_what_happened_or_became_known_after_the_cutoff_never_changes_a_feature(
    history: str, specs: dict[str, FeatureSpec], seed: int
) -> None:
    rows = rows_of(history, seed)
    recorded = as_recorded_at(history, rows, LAST)
    same(
        worlds.built(history, rows, [CUTOFF], specs[history]),
        worlds.built(history, recorded, [CUTOFF], specs[history]),
    )


@every_history
def test_every_time_that_is_filled_in_later_is_under_the_law(history: str) -> None:
    schema = SCHEMAS[history]
    times = {day_column(each, schema) for each in schema.columns if each.kind == "time"}
    own = {"day", "signed_up_day", "known_day"}
    assert times - own == {*FINAL_LATER.get(history, ()), *AT_ONCE.get(history, ())}


@every_clock
def test_what_a_clock_holds_back_is_not_seen_on_the_cutoff_and_is_seen_a_day_later(
    history: str, clock: str, specs: dict[str, FeatureSpec]
) -> None:
    rows = rows_on(history, clock, LAST)
    recorded = as_recorded_at(history, rows, LAST)
    spec = specs[history]
    same(*(worlds.built(history, each, [CUTOFF], spec) for each in (rows, recorded)))
    next_day = [CUTOFF + timedelta(days=1)]
    with pytest.raises(AssertionError, match="are different"):
        same(*(worlds.built(history, each, next_day, spec) for each in (rows, recorded)))


@every_clock
def test_a_builder_that_reads_up_to_a_clock_and_not_before_it_breaks_the_law(
    history: str, clock: str, specs: dict[str, FeatureSpec]
) -> None:
    def leak(query: str) -> str:
        strict = f'"{clock}" < {LAST}'
        assert strict in query
        return query.replace(strict, f'"{clock}" <= {LAST}')

    rows = rows_on(history, clock, LAST)
    recorded = as_recorded_at(history, rows, LAST)
    spec = specs[history]
    with pytest.raises(AssertionError, match="are different"):
        same(*(worlds.built(history, each, [CUTOFF], spec, leak) for each in (rows, recorded)))


@every_history
@seeds
@few
def test_shuffling_rows_changes_nothing(
    history: str, specs: dict[str, FeatureSpec], seed: int
) -> None:
    rows = rows_of(history, seed)
    shuffled = random.Random(seed).sample(rows, len(rows))
    same(
        worlds.built(history, rows, CUTOFFS, specs[history]),
        worlds.built(history, shuffled, CUTOFFS, specs[history]),
    )


@every_history
@seeds
@few
def test_a_customer_alone_gets_the_same_row_as_among_all(
    history: str, specs: dict[str, FeatureSpec], seed: int
) -> None:
    rows = rows_of(history, seed)
    among_all = worlds.built(history, rows, CUTOFFS, specs[history])
    customer = rows[0]["customer_id"]
    own = [row for row in rows if row["customer_id"] == customer]
    alone = worlds.built(history, own, CUTOFFS, specs[history])
    same(among_all[among_all["customer_id"] == customer].reset_index(drop=True), alone)


@every_history
@seeds
@few
def test_building_several_cutoffs_at_once_equals_building_each_alone(
    history: str, specs: dict[str, FeatureSpec], seed: int
) -> None:
    rows = rows_of(history, seed)
    each = [worlds.built(history, rows, [cutoff], specs[history]) for cutoff in CUTOFFS]
    same(worlds.built(history, rows, CUTOFFS, specs[history]), pd.concat(each, ignore_index=True))


def as_seen_from_the_first_cutoff(world: worlds.World) -> pd.DataFrame:
    """Features at the first of two training cutoffs, by the columns learned for both."""
    here = worlds.histories(world)
    spec = learn_spec(here, [FIRST, CUTOFF])
    return build_features(here, spec, [FIRST], worlds.everyone("abcdef", [FIRST]))


def test_what_came_after_the_first_training_cutoff_changes_no_feature_there() -> None:
    """Only which columns and levels there are may come from later rows."""
    whole = worlds.random_world(seed=5, rows=120)
    day = day_number(FIRST)
    recorded = {name: as_recorded_at(name, rows, day) for name, rows in whole.items()}
    late, early = map(as_seen_from_the_first_cutoff, (whole, recorded))
    learned = {
        "tickets_bad_364d", "subscriptions_amount_over_usual", "together_nps_to_segment"
    }  # fmt: skip
    shared = [name for name in early if name in late.columns and name != "tickets_open_urgent"]
    assert learned < set(shared)  # which priority is urgent is a level
    same(late[shared], early[shared])


TOGETHER = ("usage", "tickets", "surveys", "orders", "subscriptions")


@pytest.fixture(scope="module")
def company() -> worlds.World:
    return worlds.random_world(seed=5, rows=60, histories=TOGETHER)


@pytest.fixture(scope="module")
def together(company: worlds.World) -> tuple[FeatureSpec, pd.DataFrame]:
    """What several histories of a company make, and from what."""
    spec = learn_spec(worlds.histories(company), [CUTOFF])
    made = worlds.features(company, spec=spec)
    return spec, made[[name for name in made.columns if name.startswith("together_")]]


@pytest.mark.slow
def test_what_came_later_changes_no_column_made_of_several_histories(
    company: worlds.World, together: tuple[FeatureSpec, pd.DataFrame]
) -> None:
    spec, made = together
    recorded = {name: as_recorded_at(name, rows, LAST) for name, rows in company.items()}
    assert sum(map(len, recorded.values())) < sum(map(len, company.values()))
    same(made, worlds.features(recorded, spec=spec)[made.columns])
    assert learn_spec(worlds.histories(recorded), [CUTOFF]) == spec


def test_shuffling_rows_changes_no_column_made_of_several_histories(
    company: worlds.World, together: tuple[FeatureSpec, pd.DataFrame]
) -> None:
    spec, made = together
    shuffled = {name: random.Random(3).sample(rows, len(rows)) for name, rows in company.items()}
    same(made, worlds.features(shuffled, spec=spec)[made.columns])


def test_a_customer_alone_gets_the_same_columns_made_of_several_histories(
    company: worlds.World, together: tuple[FeatureSpec, pd.DataFrame]
) -> None:
    spec, made = together
    own = {
        name: [row for row in rows if row["customer_id"] == "c"] for name, rows in company.items()
    }
    alone = worlds.features(own, spec=spec)[made.columns]
    assert len(made.columns) > len(TOGETHER)
    same(made.loc[["c"]], alone)
