"""Survey features by hand."""

from __future__ import annotations

import math
from typing import Any

from tests.features.worlds import LAST, Row, at, features, one, row


def answer(days_before: int, score: float, instrument: str = "nps", **fields: Any) -> Row:
    return row("surveys", days_before, instrument=instrument, score=score, **fields)


def test_last_mean_and_change_follow_the_order_of_answers() -> None:
    rows = [answer(400, 2.0), answer(30, 9.0), answer(2, 6.0), answer(5, 1.0, "csat")]
    frame = features({"surveys": rows}).iloc[0]
    assert frame["surveys_nps_last"] == 6
    assert frame["surveys_nps_change"] == -3
    assert frame["surveys_nps_mean_364d"] == 7.5
    assert frame["surveys_nps_days_since_last"] == 2
    assert frame["surveys_csat_last"] == 1
    assert math.isnan(frame["surveys_csat_change"])


def test_of_two_answers_on_one_day_the_later_is_the_last() -> None:
    early, late = answer(3, 9.0), answer(3, 1.0)
    late["answered_at"] = at(LAST - 3, 17)
    assert one({"surveys": [late, early]}, "surveys_nps_last") == 1


def test_a_survey_answered_after_the_cutoff_is_unanswered_at_the_cutoff() -> None:
    rows = [
        answer(10, 5.0, sent_day=LAST - 12),
        answer(-3, 0.0, sent_day=LAST - 2),
        row("surveys", None, instrument="nps", sent_day=LAST - 182),
        row("surveys", None, instrument="nps", sent_day=LAST - 183),
        row("surveys", None, instrument="nps", sent_day=LAST),
    ]
    frame = features({"surveys": rows}).iloc[0]
    assert frame["surveys_unanswered_182d"] == 2
    assert frame["surveys_answered_364d"] == 1
    assert frame["surveys_nps_last"] == 5


def test_only_instruments_that_the_company_uses_make_columns() -> None:
    columns = features({"surveys": [answer(3, 4.0, "csat")]}).columns
    assert "surveys_csat_last" in columns
    assert not [name for name in columns if "nps" in name or "unanswered" in name]
