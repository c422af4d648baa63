from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.errors import NotEnoughData
from training.splits import rolling_origins, service_origin

FIRST = date(2020, 1, 1)


@given(
    days=st.integers(30, 2000),
    horizon=st.integers(1, 400),
    origins=st.integers(1, 5),
    cutoffs=st.integers(1, 8),
    step=st.integers(1, 60),
)
def test_no_label_window_reaches_past_the_next_parts_cutoff(days, horizon, origins, cutoffs, step):
    newest = FIRST + timedelta(days=days)
    try:
        found = rolling_origins(
            FIRST, newest, horizon_days=horizon, origins=origins, cutoffs=cutoffs, step_days=step
        )
    except NotEnoughData:
        assert days < 3 * horizon + 28
        return
    gap = timedelta(days=horizon)
    for origin in found:
        assert max(origin.train) + gap <= origin.calibrate
        assert origin.calibrate + gap <= origin.test
        assert origin.test + gap <= newest
        assert min(origin.train) >= FIRST + timedelta(days=28)
    service = service_origin(FIRST, newest, horizon_days=horizon, cutoffs=cutoffs, step_days=step)
    assert service.calibrate + gap <= newest
    assert max(service.train) + gap <= service.calibrate


def test_a_horizon_longer_than_the_history_is_refused_with_both_lengths():
    with pytest.raises(
        NotEnoughData,
        match="the history runs 90 days, 2020-01-01 to 2020-03-31, but a horizon of 91 days needs "
        "301",
    ):
        rolling_origins(
            FIRST, date(2020, 3, 31), horizon_days=91, origins=1, cutoffs=1, step_days=28
        )


def test_histories_that_do_not_meet_in_time_are_said_to_be_so():
    with pytest.raises(NotEnoughData, match=r"don't meet: .* only from 2024-01-01, .* 2023-01-01"):
        rolling_origins(
            date(2024, 1, 1), date(2023, 1, 1), horizon_days=28, origins=1, cutoffs=1, step_days=28
        )
