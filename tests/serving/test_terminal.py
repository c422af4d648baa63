"""What the command line says, where a whole run would be a long way to it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from serving.snapshot import Manifest
from serving.terminal import show_published, show_retrain
from training.churn import ChurnBacktest
from training.metrics import Estimate
from training.probe import Suspect
from training.retrain import RetrainReport

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


def suspect(i: int, *, kept: bool) -> Suspect:
    return Suspect(f"column_{i}", ("alone",), "it knew", Estimate(0.9, 0.8, 1.0), kept=kept)


def retrained(*suspects: Suspect, remarks: tuple[str, ...] = ()) -> RetrainReport:
    good = {
        name: Estimate(0.5, 0.4, 0.6)
        for name in ("auc", "log_loss", "calibration_error", "top_decile_lift")
    }
    scores = dict.fromkeys(("model", "logistic", "recency_rule"), good)
    backtest = ChurnBacktest(pd.DataFrame(), scores)
    return RetrainReport({}, backtest, None, "no [histories.orders]", suspects, remarks)


def test_of_many_suspects_those_kept_are_told_apart_from_those_left_out(
    capsys: pytest.CaptureFixture[str],
) -> None:
    show_retrain(retrained(*(suspect(i, kept=i in (1, 6)) for i in range(9))))
    said = " ".join(capsys.readouterr().out.split())
    assert "column_1: kept by the config, but it may leak: it knew" in said
    assert "3 more left out, may leak: column_5, column_7, column_8" in said
    assert "1 more kept, but may leak: column_6" in said


def test_what_looks_too_good_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    show_retrain(retrained(remarks=("idle_days tells nearly all",)))
    assert "idle_days tells nearly all" in capsys.readouterr().out
