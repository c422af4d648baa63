import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from features.errors import ModelError, SnapshotError
from serving import current
from serving.current import CurrentSnapshot, open_sound
from serving.snapshot import Snapshot, publish
from tests.serving.small_models import (
    CUTOFF,
    make_features,
    make_models,
    make_scores,
    publish_small,
    rescore,
)


def refreshed(followed: CurrentSnapshot) -> str | None:
    asyncio.run(followed.refresh())
    return followed.snapshot.manifest.snapshot_id if followed.snapshot else None


def test_it_serves_nothing_then_the_first_then_the_next(home: Path, work: Path) -> None:
    followed = CurrentSnapshot(home, rescore)
    assert refreshed(followed) is None
    first = publish_small(home, work, customers=9)
    assert refreshed(followed) == first.snapshot_id
    second = publish_small(home, work, customers=9)
    assert refreshed(followed) == second.snapshot_id
    followed.close()


def test_a_sound_snapshot_is_opened_once(home: Path, work: Path) -> None:
    checks = []

    def counted(snapshot: Snapshot, customer_ids: Sequence[str]) -> pd.DataFrame:
        checks.append(customer_ids)
        return rescore(snapshot, customer_ids)

    followed = CurrentSnapshot(home, counted)
    publish_small(home, work, customers=9)
    for _ in range(3):
        refreshed(followed)
    assert len(checks) == 1
    followed.close()


def test_a_refused_snapshot_is_tried_again_after_a_while(
    home: Path, work: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = 0

    def fails_once(snapshot: Snapshot, customer_ids: Sequence[str]) -> pd.DataFrame:
        nonlocal attempts
        attempts += 1
        if attempts == 1:
            raise ModelError("the model's file is not there yet")
        return rescore(snapshot, customer_ids)

    followed = CurrentSnapshot(home, fails_once)
    published = publish_small(home, work, customers=9)
    assert [refreshed(followed), refreshed(followed), attempts] == [None, None, 1]
    monkeypatch.setattr(current, "RETRY_SECONDS", 0.0)
    followed._retry_at = 0.0
    assert refreshed(followed) == published.snapshot_id
    followed.close()


def test_a_failure_of_any_kind_keeps_the_last_good_one_and_quotes_no_stranger(
    home: Path, work: Path, caplog: pytest.LogCaptureFixture
) -> None:
    publish_small(home, work, customers=9)
    broken = False

    def breaks(snapshot: Snapshot, customer_ids: Sequence[str]) -> pd.DataFrame:
        if broken:
            raise KeyError(customer_ids[0])
        return rescore(snapshot, customer_ids)

    followed = CurrentSnapshot(home, breaks)
    good = refreshed(followed)
    broken = True
    publish_small(home, work, customers=9)
    assert refreshed(followed) == good
    assert "KeyError at" in caplog.text
    assert "C00000" not in caplog.text
    followed.close()


def test_current_gone_keeps_the_one_served(home: Path, work: Path) -> None:
    published = publish_small(home, work, customers=9)
    followed = CurrentSnapshot(home, rescore)
    refreshed(followed)
    (home / "snapshots" / "CURRENT").unlink()
    assert refreshed(followed) == published.snapshot_id
    followed.close()


def test_scores_that_the_models_do_not_give_are_refused_by_name(home: Path, work: Path) -> None:
    features = make_features(20)
    models = make_models(work)
    scores = make_scores(work, features)
    scores.loc[0, "expected_value"] *= 1 + 1e-6
    publish(home, scores, features, models, {"cutoff": CUTOFF})
    text = r"another expected_value than its own models give for 1 of 8 customers \(stored "
    with pytest.raises(SnapshotError, match=text) as refused:
        open_sound(home, rescore)
    assert "C000" not in str(refused.value)


def test_the_last_digits_of_another_processor_are_no_contradiction(home: Path, work: Path) -> None:
    features = make_features(20)
    models = make_models(work)
    scores = make_scores(work, features)
    scores["churn_probability"] = np.nextafter(scores["churn_probability"], 1.0)
    publish(home, scores, features, models, {"cutoff": CUTOFF})
    open_sound(home, rescore).close()


def test_a_null_is_only_ever_the_same_as_a_null(home: Path, work: Path) -> None:
    features = make_features(20)
    models = make_models(work)
    scores = make_scores(work, features).assign(expected_value=np.nan, value_at_risk=np.nan)
    publish(home, scores, features, models, {"cutoff": CUTOFF})
    with pytest.raises(SnapshotError, match=r"for 8 of 8 customers \(stored None, scored again"):
        open_sound(home, rescore)

    def without_value(snapshot: Snapshot, customer_ids: Sequence[str]) -> pd.DataFrame:
        return rescore(snapshot, customer_ids).assign(expected_value=np.nan)

    open_sound(home, without_value).close()


def test_a_customer_left_out_by_the_models_is_a_refusal_too(home: Path, work: Path) -> None:
    publish_small(home, work, customers=9)
    with pytest.raises(SnapshotError, match="scored 7 of 8 customers again"):
        open_sound(home, lambda snapshot, ids: rescore(snapshot, ids).head(7))


def test_a_snapshot_of_nobody_is_sound(home: Path, work: Path) -> None:
    publish_small(home, work, customers=0)
    open_sound(home, rescore).close()
