import json
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from campaigns.at_risk import AT_RISK_COLUMNS
from features.errors import SnapshotError
from serving.index import SCORE_COLUMNS, Index, write_index
from serving.snapshot import current_id, open_snapshot, publish
from tests.serving.small_models import (
    CUTOFF,
    make_features,
    make_models,
    make_scores,
    publish_small,
)


def snapshots_of(home: Path) -> list[str]:
    return sorted(path.name for path in (home / "snapshots").iterdir() if path.is_dir())


def test_what_is_published_is_what_is_opened(home: Path, work: Path) -> None:
    models = make_models(work)
    features = make_features(100)
    scores = make_scores(work, features)
    shuffled = scores.sample(frac=1, random_state=0)
    manifest = publish(home, shuffled, features, models, {"cutoff": CUTOFF, "currency": "GBP"})
    with open_snapshot(home) as snapshot:
        assert snapshot.manifest == manifest
        assert manifest.facts["currency"] == "GBP"
        assert manifest.customers == 100
        expected = scores.loc[:, list(SCORE_COLUMNS)].astype({"customer_id": "str"})
        assert_frame_equal(snapshot.scores(), expected, check_exact=True, check_dtype=False)
        assert_frame_equal(snapshot.features()[["x"]], features[["x"]], check_exact=True)
        copied = snapshot.model_folder("churn") / "model.json"
        assert copied.read_bytes() == (models["churn"] / "model.json").read_bytes()


def test_features_of_some_customers_are_those_rows_of_everyone(home: Path, work: Path) -> None:
    publish_small(home, work, customers=50)
    with open_snapshot(home) as snapshot:
        everyone = snapshot.features().set_index("customer_id")
        some = snapshot.features(["C00040", "C00003"]).set_index("customer_id")
        assert_frame_equal(some, everyone.loc[["C00003", "C00040"]])


def test_the_index_and_the_table_hold_the_same_rows(home: Path, work: Path) -> None:
    publish_small(home, work, customers=300)
    with open_snapshot(home) as snapshot:
        table = snapshot.scores().to_dict("records")
        assert list(snapshot.lookup(row["customer_id"] for row in table).values()) == table


def test_lookup_keeps_the_order_asked_for_and_leaves_out_the_unknown(
    home: Path, work: Path
) -> None:
    publish_small(home, work, customers=20)
    with open_snapshot(home) as snapshot:
        assert list(snapshot.lookup(["C00007", "nobody", "C00003", "C00007"])) == [
            "C00007",
            "C00003",
        ]


def test_the_list_of_a_campaign_has_the_columns_of_a_score() -> None:
    assert tuple(SCORE_COLUMNS) == AT_RISK_COLUMNS


@given(
    value=st.floats(allow_nan=True, allow_infinity=False),
    customer_id=st.text(st.characters(exclude_categories=["Cs"]), min_size=1),
)
def test_every_double_and_every_text_comes_back_from_the_index_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, value: float, customer_id: str
) -> None:
    path = tmp_path_factory.mktemp("index") / "index.sqlite"
    row = dict.fromkeys(SCORE_COLUMNS, "text") | {
        "customer_id": customer_id,
        "churn_probability": value,
        "horizon_days": 91,
        "expected_value": value,
        "value_horizon_days": 364,
        "value_at_risk": None,
    }
    write_index(path, pd.DataFrame([row]))
    index = Index(path)
    found = index.lookup([customer_id])[customer_id]
    index.close()
    if math.isnan(value):
        assert found["expected_value"] is None
    else:
        # SQLite keeps no sign of zero, so publish drops it first
        assert repr(found["expected_value"]) == repr(value + 0.0)
    assert found["customer_id"] == customer_id


def test_a_negative_zero_is_published_as_zero_everywhere(home: Path, work: Path) -> None:
    features = make_features(1)
    scores = make_scores(make_models(work)["churn"].parent, features).assign(value_at_risk=-0.0)
    publish(home, scores, features, {}, {"cutoff": CUTOFF})
    with open_snapshot(home) as snapshot:
        assert repr(snapshot.scores()["value_at_risk"].item()) == "0.0"
        assert repr(snapshot.lookup(["C00000"])["C00000"]["value_at_risk"]) == "0.0"


def test_a_customer_without_a_value_has_nulls(home: Path, work: Path) -> None:
    features = make_features(3)
    scores = make_scores(make_models(work)["churn"].parent, features)
    scores[["expected_value", "value_at_risk"]] = np.nan
    publish(home, scores, features, {}, {"cutoff": CUTOFF})
    with open_snapshot(home) as snapshot:
        found = snapshot.lookup(["C00001"])["C00001"]
        assert found["expected_value"] is None
        assert found["value_at_risk"] is None


def test_one_snapshot_is_current_and_three_are_kept(home: Path, work: Path) -> None:
    published = [
        publish_small(home, work, customers=5, version=str(version)).snapshot_id
        for version in range(1, 6)
    ]
    assert current_id(home) == published[-1]
    assert snapshots_of(home) == sorted(published[-3:])


def test_equal_content_gets_a_counted_id(home: Path, work: Path) -> None:
    first, second, third = (publish_small(home, work, customers=5).snapshot_id for _ in range(3))
    assert first.startswith(f"{CUTOFF}-")
    assert [second, third] == [f"{first}-2", f"{first}-3"]


def test_a_publication_sweeps_what_a_killed_one_left(home: Path, work: Path) -> None:
    left = home / "snapshots" / ".tmp-123" / "models"
    left.mkdir(parents=True)
    (left / "half").write_bytes(b"half")
    publish_small(home, work, customers=5)
    assert not list((home / "snapshots").glob(".tmp-*"))


def test_a_failed_publication_leaves_the_last_one_and_nothing_half(home: Path, work: Path) -> None:
    published = publish_small(home, work, customers=5)
    features = make_features(5)
    scores = make_scores(work, features)
    with pytest.raises(FileNotFoundError):
        publish(home, scores, features, {"churn": work / "no such folder"}, {"cutoff": CUTOFF})
    assert current_id(home) == published.snapshot_id
    assert snapshots_of(home) == [published.snapshot_id]


def test_opening_without_a_snapshot_says_to_publish_one(home: Path) -> None:
    assert current_id(home) is None
    with pytest.raises(SnapshotError, match=r"no snapshot is published under .*; run tenure score"):
        open_snapshot(home)


@pytest.mark.parametrize(
    "name",
    ["scores.parquet", "features.parquet", "index.sqlite", "models/churn/model.json"],
)
def test_a_changed_byte_is_named_by_its_file(home: Path, work: Path, name: str) -> None:
    published = publish_small(home, work, customers=5)
    path = home / "snapshots" / published.snapshot_id / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(SnapshotError, match=f"is damaged: {name} has SHA-256 [0-9a-f]{{12}} "):
        open_snapshot(home)


def test_a_missing_file_is_named(home: Path, work: Path) -> None:
    published = publish_small(home, work, customers=5)
    (home / "snapshots" / published.snapshot_id / "index.sqlite").unlink()
    with pytest.raises(SnapshotError, match=r"is damaged: index\.sqlite has SHA-256 no file"):
        open_snapshot(home)


def test_a_missing_or_broken_manifest_is_named(home: Path, work: Path) -> None:
    published = publish_small(home, work, customers=5)
    manifest = home / "snapshots" / published.snapshot_id / "manifest.json"
    content = json.loads(manifest.read_text())
    manifest.write_text("{")
    with pytest.raises(SnapshotError, match=r"manifest\.json can't be read \(JSONDecodeError\)"):
        open_snapshot(home)
    manifest.write_text(json.dumps(content | {"format": 99}))
    with pytest.raises(SnapshotError, match=r"in format 99 \(expected format 1\)"):
        open_snapshot(home)
    manifest.unlink()
    with pytest.raises(SnapshotError, match=r"manifest\.json can't be read \(FileNotFoundError\)"):
        open_snapshot(home)


def test_current_may_name_only_what_exists(home: Path, work: Path) -> None:
    publish_small(home, work, customers=5)
    (home / "snapshots" / "CURRENT").write_text("2024-01-01-gone\n")
    with pytest.raises(SnapshotError, match="snapshot 2024-01-01-gone is damaged"):
        open_snapshot(home)


def test_a_model_that_was_not_published_is_named_beside_those_that_were(
    home: Path, work: Path
) -> None:
    publish_small(home, work, customers=5)
    with (
        open_snapshot(home) as snapshot,
        pytest.raises(SnapshotError, match=r"no model 'uplift' \(found: churn, lifetime-value\)"),
    ):
        snapshot.model_folder("uplift")


def test_scores_that_are_none_are_refused_before_anything_is_written(
    home: Path, work: Path
) -> None:
    features = make_features(4)
    scores = make_scores(make_models(work)["churn"].parent, features)
    twice = pd.concat([scores, scores.head(1)])
    for bad, text in [
        (scores.drop(columns="currency"), r"no column 'currency' \(found: customer_id, "),
        (twice, r"1 of 5 score rows have a customer_id that is empty or taken \(C00000\)"),
        (scores.assign(customer_id=None), "4 of 4 score rows have a customer_id that is empty"),
        (scores.assign(expected_value=np.inf), "expected_value is infinite for 4 of 4 customers"),
    ]:
        with pytest.raises(SnapshotError, match=text):
            publish(home, bad, features, {}, {"cutoff": CUTOFF})
    assert not (home / "snapshots").exists()


def test_some_customers_are_spread_over_all(home: Path, work: Path) -> None:
    publish_small(home, work, customers=71)
    with open_snapshot(home) as snapshot:
        assert snapshot.some_customers(8) == [f"C{number:05d}" for number in range(0, 71, 10)]
        assert snapshot.some_customers(1_000) == list(snapshot.scores()["customer_id"])
