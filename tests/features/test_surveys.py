"""Survey features by hand."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

from features.build import learn_spec
from features.spec import FeatureSpec
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, Row, Rows, at, features, one, row


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


@cache
def spec() -> FeatureSpec:
    """What was learned from a company that asks with two instruments and keeps everything."""
    known = {"sent_day": LAST - 9, "comment": "fine", "touchpoint": "Help desk"}
    rows = [answer(9, 4.0, instrument, **known) for instrument in ("nps", "csat")]
    return learn_spec(worlds.histories({"surveys": rows}), [CUTOFF])


def built(rows: Rows) -> Any:
    """What the builder makes of one customer's answers."""
    return worlds.built("surveys", rows, [CUTOFF], spec()).iloc[0]


def asked(days_before: int, instrument: str = "nps") -> Row:
    """A survey sent so many days before the cutoff and never answered."""
    return row("surveys", None, instrument=instrument, sent_day=LAST - days_before)


def test_an_instrument_is_followed_from_the_first_answer_to_the_last() -> None:
    found = built([answer(500, 10.0), answer(300, 2.0), answer(50, 9.0), answer(2, 7.0)])
    assert found["surveys_nps_change_since_first"] == -3
    assert found["surveys_nps_lowest_364d"] == 2
    assert found["surveys_nps_answered_364d"] == 3
    assert found["surveys_nps_trend_91d"] == 8 - 6
    assert found["surveys_csat_answered_364d"] == 0
    assert math.isnan(found["surveys_csat_lowest_364d"])


def test_a_single_answer_has_not_changed_since_the_first() -> None:
    found = built([answer(5, 3.0)])
    assert found["surveys_nps_change_since_first"] == 0
    assert math.isnan(found["surveys_nps_change"])


def test_promoters_and_detractors_are_told_by_the_rule_of_the_promoter_score() -> None:
    found = built([answer(5, score) for score in (10.0, 9.0, 8.0, 7.0, 6.0, 0.0)])
    assert found["surveys_nps_promoter_364d"] == found["surveys_nps_detractor_364d"] == 2


def test_silence_is_counted_from_the_last_answer_to_anything() -> None:
    rows = [asked(90), asked(60), answer(60, 8.0, "csat"), asked(40), asked(12, "csat")]
    found = built(rows)
    assert found["surveys_unanswered_in_row"] == 2
    assert found["surveys_silent_days"] == 40
    assert found["surveys_days_since_unanswered"] == 12


def test_one_who_never_answered_is_silent_since_the_first_survey() -> None:
    found = built([asked(90), asked(40)])
    assert found["surveys_unanswered_in_row"] == 2
    assert found["surveys_silent_days"] == 90
    assert found["surveys_response_rate_364d"] == 0


def test_an_answer_ends_the_silence_once_it_is_known() -> None:
    late = answer(3, 8.0, sent_day=LAST - 9, known_day=LAST)
    assert built([late])["surveys_unanswered_in_row"] == 1
    early = answer(3, 8.0, sent_day=LAST - 9)
    found = built([early])
    assert found["surveys_unanswered_in_row"] == 0
    assert math.isnan(found["surveys_silent_days"])
    assert found["surveys_answer_days_364d"] == 6


def test_the_response_rate_is_of_what_was_sent_in_the_year() -> None:
    rows = [asked(365), asked(364), asked(2), answer(9, 5.0, sent_day=LAST - 9), answer(8, 5.0)]
    assert built(rows)["surveys_response_rate_364d"] == round(100 / 3, 6)


def test_comments_and_touchpoints_are_counted() -> None:
    rows = [answer(400, 5.0, comment="slow"), answer(30, 5.0, comment="slow"), answer(2, 5.0)]
    rows += [answer(3, 5.0, touchpoint="Help desk")]
    found = built(rows)
    assert found["surveys_comments_364d"] == 1
    assert found["surveys_days_since_comment"] == 30
    assert found["surveys_touchpoint_help_desk_364d"] == 1
