"""`tenure features`: what the models see, written by the engine in place of an older table."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from features.build import build_features, learn_spec
from features.config import Config, read_config
from features.datasets.simulator import simulate
from features.errors import ConfigError, NotEnoughData
from features.histories import Histories, load_histories
from features.labels import population
from serving.feature_table import write_feature_table
from serving.snapshot import open_snapshot
from serving.table_folders import ABOUT, replaced
from training.value import purchase_parameters

NOW = datetime(2030, 1, 1, tzinfo=UTC)
CUTOFF = date(2026, 3, 2)


def read(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(folder).sort_values("customer_id", ignore_index=True)


def same(written: pd.DataFrame, expected: pd.DataFrame) -> None:
    """Texts are of pandas' own type where Parquet gives objects."""
    texts = {name: kind for name, kind in expected.dtypes.items() if kind == "str"}
    pd.testing.assert_frame_equal(written.astype(texts), expected, check_exact=True)


@pytest.fixture
def small(tmp_path: Path) -> Iterator[tuple[Config, Histories]]:
    simulate(tmp_path / "small", customers=300, seed=7, weeks=91)
    config = read_config(tmp_path / "small" / "tenure.toml")
    histories = load_histories(config, now=NOW)
    yield config, histories
    histories.close()


def learned(config: Config, histories: Histories) -> pd.DataFrame:
    spec = learn_spec(histories, [CUTOFF], fit_purchases=purchase_parameters)
    people = population(histories, config.business, [CUTOFF])
    return build_features(histories, spec, [CUTOFF], people)


def test_the_command_writes_what_the_model_in_use_sees_and_replaces_its_older_table(
    tenure: Callable[..., Any], company: Path, tmp_path: Path
) -> None:
    out = tmp_path / "table"
    for _ in range(2):
        ran = tenure("features", "--config", company / "tenure.toml", "--out", out)
        assert ran.code == 0, ran.err
        (out / "old.parquet").touch()
    (out / "old.parquet").unlink()
    with open_snapshot(company) as snapshot:
        published, cutoff = snapshot.features(), snapshot.manifest.cutoff
    found = read(out)
    assert set(found.pop("cutoff").map(str)) == {cutoff}
    same(found, published[list(found.columns)])
    assert re.search(
        rf"wrote {len(found):,} customers at cutoff {cutoff} to .* {found.shape[1] - 1} columns, "
        "of churn model 1",
        " ".join(ran.out.split()),
    )
    assert [each.name for each in tmp_path.glob("*table*")] == ["table"]


def test_without_a_model_the_columns_are_learned_at_the_cutoff_and_equal_a_build(
    small: tuple[Config, Histories], tmp_path: Path
) -> None:
    table = write_feature_table(*small, CUTOFF, str(tmp_path / "table"))
    assert table.churn_model_version is None
    assert f"{table.columns} columns, learned at it, as no model is in use" in table.sentence()
    same(read(tmp_path / "table"), learned(*small))
    about = json.loads((tmp_path / "table" / ABOUT).read_text())
    assert (about["cutoff"], about["customers"]) == ("2026-03-02", table.customers)


def test_a_cutoff_outside_the_data_is_refused_with_what_to_do(
    small: tuple[Config, Histories], tmp_path: Path
) -> None:
    out = str(tmp_path / "table")
    with pytest.raises(NotEnoughData, match="cutoff 2027-01-01 lies after the newest one, 2026-06"):
        write_feature_table(*small, date(2027, 1, 1), out)
    with pytest.raises(NotEnoughData, match="no customers at cutoff 2001-01-01"):
        write_feature_table(*small, date(2001, 1, 1), out)
    assert not Path(out).exists()


def test_a_folder_with_other_files_and_a_url_without_spark_are_refused(tmp_path: Path) -> None:
    (tmp_path / "usage").mkdir()
    (tmp_path / "usage" / "2026.parquet").touch()
    for place in (tmp_path / "usage", tmp_path, tmp_path / "usage" / "2026.parquet"):
        with (
            pytest.raises(ConfigError, match=r"did not write there .* name a folder that is not"),
            replaced(str(place), "{}"),
        ):
            pass
    assert (tmp_path / "usage" / "2026.parquet").exists()
    with (
        pytest.raises(ConfigError, match="only Spark writes to those"),
        replaced("s3://company/table", "{}"),
    ):
        pass


def test_a_place_that_cannot_be_written_is_named_in_one_sentence(
    small: tuple[Config, Histories], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match=r"file/table can't be written \(.*\); name a folder"):
        write_feature_table(*small, CUTOFF, str(tmp_path / "file" / "table"))


def write(place: Path, content: str, *, fail: bool = False) -> None:
    with replaced(str(place), "{}") as fresh:
        Path(fresh).mkdir()
        (Path(fresh) / "part.parquet").write_text(content)
        if fail:
            raise KeyboardInterrupt


def test_a_table_that_is_not_finished_leaves_the_older_one(tmp_path: Path) -> None:
    place = tmp_path / "table"
    write(place, "older")
    with pytest.raises(KeyboardInterrupt):
        write(place, "newer", fail=True)
    assert (place / "part.parquet").read_text() == "older"
    assert [each.name for each in tmp_path.iterdir()] == ["table"]


def test_killed_between_the_renames_the_next_run_finds_the_older_table(tmp_path: Path) -> None:
    place, beside = tmp_path / "table", tmp_path / ".table.old"
    write(place, "older")
    place.rename(beside)
    (tmp_path / ".table.new").mkdir()  # what a killed run leaves behind
    with pytest.raises(KeyboardInterrupt):
        write(place, "newer", fail=True)
    assert (place / "part.parquet").read_text() == "older"
    shutil.copytree(place, beside)
    write(place, "newest")
    assert (place / "part.parquet").read_text() == "newest"
    assert [each.name for each in tmp_path.iterdir()] == ["table"]
