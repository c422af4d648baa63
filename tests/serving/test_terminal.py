"""What the command line says, where a whole run would be a long way to it."""

from __future__ import annotations

from pathlib import Path

import pytest

from serving.snapshot import Manifest
from serving.terminal import show_published

WHY = "customers: attribute 'tier' was a number and is [text] now; retrain"


def published(*, scores_supplied_histories: bool) -> Manifest:
    facts = {
        "churn_model_version": "3",
        "value_model_version": None,
        "scores_supplied_histories": scores_supplied_histories,
        "supplied_histories_refused": None if scores_supplied_histories else WHY,
    }
    return Manifest(
        snapshot_id="2024-05-13-abc", cutoff="2024-05-13", customers=7, facts=facts, files={}
    )


@pytest.mark.parametrize("can", [True, False])
def test_publishing_says_when_supplied_histories_will_be_refused(
    can: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    show_published(published(scores_supplied_histories=can), Path("shop"))
    said = " ".join(capsys.readouterr().out.split())
    assert said.startswith("published snapshot 2024-05-13-abc: 7 customers")
    assert (f"will refuse POST /v1/score-history: {WHY}" in said) is not can
    assert ("score-history" in said) is not can
