"""Roll-ups kept by day are what a build from nothing makes, whatever happens to the files."""

from __future__ import annotations

import gzip
import json
import os
import random
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features import histories
from features.builders import BUILDERS
from features.config import Config, parse_config
from features.daily import daily, daily_sql
from features.errors import DataError
from features.histories import Histories, load_histories
from features.known import KEYS
from features.rollups import refresh as rollups
from tests.features import worlds
from tests.features.worlds import LAST

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
HEADER = "customer_id,occurred_at,event,quantity,duration_seconds,known_at,note"
FIRST = datetime(2025, 5, 1, tzinfo=UTC)


def config(data: Path, home: Path, *, zone: str = "UTC", **usage: Any) -> Config:
    home.mkdir(exist_ok=True)
    business = {"currency": "EUR", "churn": "inactivity", "horizon_days": 28, "time_zone": zone}
    table = {"path": f"{data}/*.csv"} | usage
    return parse_config({"business": business, "histories": {"usage": table}}, home=home)


def write(data: Path, name: str, *lines: str, header: str = HEADER) -> Path:
    data.mkdir(exist_ok=True)
    path = data / f"{name}.csv"
    path.write_text("\n".join([header, *lines]) + "\n")
    return path


def everything(loaded: Histories, home: Path) -> dict[str, Any]:
    """All that a load shows: rows, report, fingerprint, and what was put aside."""
    con = loaded.backend.con
    quarantine = home / "quarantine" / "usage.csv"
    aside = sorted(quarantine.read_text().splitlines()) if quarantine.exists() else []
    found = {
        "rows": con.execute("from usage order by all").fetchall(),
        "reports": loaded.reports,
        "fingerprint": loaded.fingerprint,
        "newest": loaded.newest_cutoff,
        "aside": aside,
    }
    loaded.close()
    return found


def shown(settings: Config, now: datetime = NOW) -> Any:
    """What a load shows, or why there is none."""
    try:
        return everything(load_histories(settings, now=now), settings.home)
    except DataError as error:
        return str(error).replace(str(settings.home), "HOME")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    (tmp_path / "data").mkdir()
    return tmp_path / "data"


@pytest.fixture
def anew(tmp_path: Path) -> Callable[..., Any]:
    """What a load from nothing shows."""

    def load(settings: Config, now: datetime = NOW) -> Any:
        home = tmp_path / "fresh"
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir()
        return shown(settings.model_copy(update={"home": home}), now)

    return load


def day_files(home: Path) -> dict[str, int]:
    return {
        str(file.relative_to(home)): file.stat().st_mtime_ns
        for file in home.glob("rollups/usage/day=*/*.parquet")
    }


DAYS = range(40)
LINES = st.builds(
    lambda who, day, event, quantity, late, note: ",".join(
        [
            who,
            (FIRST + timedelta(days=day, hours=9)).strftime("%Y-%m-%d %H:%M:%S"),
            event,
            quantity,
            "",
            (FIRST + timedelta(days=day + late)).strftime("%Y-%m-%d") if late else "",
            note,
        ]
    ),
    st.sampled_from(["a", "b", "c", ""]),
    st.sampled_from(DAYS),
    st.sampled_from(["login", "export", ""]),
    st.sampled_from(["1", "2.5", "0.1", "many", ""]),
    st.sampled_from([0, 0, 2]),
    st.sampled_from(["x", "y"]),
)
STEPS = st.tuples(
    st.sampled_from(["add", "add", "change", "append", "remove", "wait", "back"]),
    st.integers(0, 5),
    st.lists(LINES, min_size=1, max_size=6),
)


@pytest.mark.slow
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=st.lists(STEPS, min_size=2, max_size=5), keep=st.booleans())
def test_whatever_happens_to_the_files_the_result_is_that_of_a_build_from_nothing(
    steps: list[Any], keep: bool, tmp_path: Path, anew: Callable[..., Any]
) -> None:
    data, home, now = tmp_path / "data", tmp_path / "home", NOW
    shutil.rmtree(data, ignore_errors=True)
    shutil.rmtree(home, ignore_errors=True)
    mine = config(data, home, duplicates="keep" if keep else "drop")
    write(data, "f0", "a,2025-05-02,login,1,,,x", "a,2025-05-02,login,1,,,x")
    write(data, "f1", "b,2025-05-02,login,1,,,x", "a,2025-05-02,login,1,,,x")
    for what, number, lines in steps:
        path = data / f"f{number}.csv"
        if what == "wait":
            now += timedelta(days=number)
        elif what == "back":
            now -= timedelta(days=number)
        elif what == "remove":
            path.unlink(missing_ok=True)
        elif what == "append" and path.exists():
            path.write_text(path.read_text() + "\n".join(lines) + "\n")
        else:
            write(data, path.stem, *lines)
        assert shown(mine, now) == anew(mine, now)


def test_kept_roll_ups_are_those_of_a_history_that_is_read_whole(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = random.Random(3)
    for name in ("one", "two", "three"):
        lines = [
            f"{rng.choice('abc')},2025-05-{rng.randrange(1, 29):02},{rng.choice(['in', ''])},"
            f"{rng.choice(['1', '0.1', '', 'x'])},{rng.randrange(99)},,{rng.choice('xy')}"
            for _ in range(200)
        ]
        write(data, name, *lines)
    kept = shown(config(data, tmp_path / "kept"))
    assert day_files(tmp_path / "kept")
    monkeypatch.setattr(histories, "worth_keeping", lambda *_: False)
    assert shown(config(data, tmp_path / "whole")) == kept
    assert not (tmp_path / "whole" / "rollups").exists()


def test_a_new_day_writes_its_own_day_and_reads_its_own_file(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for day in range(1, 6):
        write(data, f"2025-05-0{day}", f"a,2025-05-0{day},login,1,,,x")
    mine = config(data, tmp_path / "home")
    shown(mine)
    before = day_files(mine.home)
    read = []
    stage = rollups.Reading.stage
    monkeypatch.setattr(
        rollups.Reading,
        "stage",
        lambda self, path, into: read.append(path.stem) or stage(self, path, into),
    )
    write(data, "2025-05-06", "a,2025-05-06,login,1,,,x")
    assert len(shown(mine, NOW + timedelta(hours=1))["rows"]) == 6
    assert read == ["2025-05-06"]
    after = day_files(mine.home)
    assert before.items() <= after.items()
    assert [name.split("/")[2] for name in after.keys() - before.keys()] == ["day=2025-05-06"]
    shown(mine)
    assert read == ["2025-05-06"]
    assert day_files(mine.home) == after


def test_a_late_row_rewrites_just_its_day(data: Path, tmp_path: Path) -> None:
    for day in range(1, 6):
        write(data, f"2025-05-0{day}", f"a,2025-05-0{day},login,1,,,x")
    mine = config(data, tmp_path / "home")
    shown(mine)
    before = day_files(mine.home)
    write(data, "2025-05-06", "a,2025-05-06,login,1,,,x", "b,2025-05-02,login,1,,,x")
    shown(mine)
    after = day_files(mine.home)
    changed = {name.split("/")[2] for name, _ in after.items() ^ before.items()}
    assert changed == {"day=2025-05-02", "day=2025-05-06"}
    shown(mine)  # the file that was replaced stays until the next change
    write(data, "2025-05-07", "a,2025-05-07,login,1,,,x")
    shown(mine)
    assert len(list(mine.home.glob("rollups/usage/day=2025-05-02/*"))) == 1


def test_a_file_that_grows_rewrites_only_the_days_that_changed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, anew: Callable[..., Any]
) -> None:
    monkeypatch.setattr(rollups, "WORTH_KEEPING", 0)
    log = write(data, "log", *(f"a,2025-05-0{day},login,1,,,x" for day in range(1, 6)))
    mine = config(data, tmp_path / "home")
    shown(mine)
    before = day_files(mine.home)
    with log.open("a") as file:
        file.write("b,2025-05-05,login,1,,,x\nb,2025-05-06,login,1,,,x\n")
    assert shown(mine) == anew(mine)
    kept = {name for name, at in day_files(mine.home).items() if before.get(name) == at}
    assert {name.split("/")[2] for name in kept} >= {f"day=2025-05-0{day}" for day in range(1, 5)}


def test_a_copy_of_a_file_is_noticed_and_counted_once(data: Path, tmp_path: Path) -> None:
    lines = [f"a,2025-05-0{day},login,1,,,x" for day in range(1, 4)]
    write(data, "one", *lines)
    write(data, "two", "b,2025-05-09,login,1,,,x")
    mine = config(data, tmp_path / "home")
    once = shown(mine)
    write(data, "one again", *lines)
    twice = shown(mine)
    assert twice["rows"] == once["rows"]
    assert twice["reports"]["usage"].duplicates == 3
    assert twice["reports"]["usage"].rows_read == 7


def test_events_are_counted_and_the_rows_of_the_report_are_events(
    data: Path, tmp_path: Path
) -> None:
    write(data, "one", *(f"a,2025-05-01 0{hour}:00,login,1.5,,,x" for hour in range(5)))
    write(data, "two", "a,2025-05-01 10:00,export,,,,x")
    found = shown(config(data, tmp_path / "home"))
    assert found["reports"]["usage"].rows == 6
    [login, export] = found["rows"]
    assert (export[3], export[4], export[-1]) == ("export", None, 1)
    assert (login[3], login[4], login[-1]) == ("login", 7.5, 5)
    assert login[1] == datetime(2025, 5, 1)  # noqa: DTZ001


def test_a_row_of_tomorrow_is_put_aside_today_and_counts_tomorrow(
    data: Path, tmp_path: Path
) -> None:
    write(data, "one", "a,2025-05-01,login,1,,,x")
    write(data, "two", "a,2025-06-02,login,1,,,x")
    mine = config(data, tmp_path / "home")
    today = shown(mine, NOW)
    assert dict(today["reports"]["usage"].quarantined) == {"occurred_at lies in the future": 1}
    tomorrow = shown(mine, NOW + timedelta(days=1))
    assert len(tomorrow["rows"]) == 2
    assert tomorrow["aside"] == []
    assert shown(mine, NOW) == today


def test_a_clock_that_goes_back_changes_the_reason_of_a_row_that_was_refused_before(
    data: Path, tmp_path: Path, anew: Callable[..., Any]
) -> None:
    write(data, "one", "a,2025-05-01,login,1,,,x")
    write(data, "two", "a,2025-05-31,login,many,,,x")
    mine = config(data, tmp_path / "home")
    shown(mine)
    earlier = shown(mine, NOW - timedelta(days=3))
    assert dict(earlier["reports"]["usage"].quarantined) == {"occurred_at lies in the future": 1}
    assert earlier == anew(mine, NOW - timedelta(days=3))


def test_what_was_assumed_of_a_file_is_said_as_long_as_it_lies_there(
    data: Path, tmp_path: Path, anew: Callable[..., Any]
) -> None:
    write(data, "one", "a,2025-05-01,login,1,,,x")
    old = data / "two.csv"
    old.write_bytes(f"{HEADER}\nJos\xe9,2025-05-02,login,1,,,x\n".encode("cp1252"))
    mine = config(data, tmp_path / "home")
    for _ in range(2):
        found = shown(mine)
        assert {row[0] for row in found["rows"]} == {"a", "José"}
        [said] = found["reports"]["usage"].remarks
        assert "two.csv is not UTF-8" in said
        assert found == anew(mine)


def test_the_day_is_that_of_the_business(data: Path, tmp_path: Path) -> None:
    write(data, "one", "a,2025-05-01T23:30:00Z,login,1,,,x")
    write(data, "two", "a,2025-05-03T12:00:00Z,login,1,,,x")
    shown(config(data, tmp_path / "home", zone="Europe/Berlin"))
    days = {name.split("/")[2] for name in day_files(tmp_path / "home")}
    assert days == {"day=2025-05-02", "day=2025-05-03"}


@pytest.mark.parametrize(
    "change",
    [
        {"where": "event = 'login'"},
        {"columns": {"quantity": "quantity * 2"}},
        {"duplicates": "keep"},
        {"zone": "Asia/Tokyo"},
    ],
)
def test_what_a_row_means_decides_that_all_is_built_anew(
    change: dict[str, Any], data: Path, tmp_path: Path, anew: Callable[..., Any]
) -> None:
    write(data, "one", "a,2025-05-01 20:00,login,1,,,x", "a,2025-05-01 20:00,login,1,,,x")
    write(data, "two", "a,2025-05-02 20:00,export,1,,,x")
    first = shown(config(data, tmp_path / "home"))
    changed = config(data, tmp_path / "home", **change)
    assert shown(changed) == anew(changed)
    assert shown(config(data, tmp_path / "home")) == first


@pytest.mark.parametrize(
    "change",
    [{"encoding": "cp1251"}, {"delimiter": ";"}, {"decimal": ","}, {"time_format": "%d/%m/%Y"}],
)
def test_how_a_file_is_opened_decides_that_it_is_opened_again(
    change: dict[str, Any], data: Path, tmp_path: Path, anew: Callable[..., Any]
) -> None:
    for day in ("03/01/2025", "04/02/2025"):
        path = write(data, day[:2], f"a1;,{day},вход;,1.000", header="customer_id,at,event,amount")
        path.write_text(path.read_text(), encoding="cp1251")
    told = {"time_format": "%m/%d/%Y", "decimal": ".", "delimiter": ",", "encoding": "latin-1"}
    mapped = {"occurred_at": "at", "quantity": "amount"}
    first = shown(config(data, tmp_path / "home", columns=mapped, **told))
    changed = config(data, tmp_path / "home", columns=mapped, **told | change)
    assert shown(changed) == anew(changed) != first


def test_a_file_replaced_by_one_of_its_size_and_time_is_read_again(
    data: Path, tmp_path: Path, anew: Callable[..., Any]
) -> None:
    path = write(data, "one", "a,2025-05-01,login,1,,,x")
    write(data, "two", "a,2025-05-02,login,1,,,x")
    mine = config(data, tmp_path / "home")
    before, stat = shown(mine), path.stat()
    write(data, "one", "b,2025-05-01,login,1,,,x")
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert shown(mine) == anew(mine) != before


def test_columns_that_come_and_go_are_matched_by_name(
    data: Path, tmp_path: Path, anew: Callable[..., Any]
) -> None:
    mine = config(data, tmp_path / "home")
    write(data, "one", "a,2025-05-01", header="customer_id,occurred_at")
    write(data, "two", "2025-05-02,b", header="occurred_at,Customer_ID")
    assert shown(mine) == anew(mine)
    write(data, "three", "3,c,2025-05-03,z", header="Quantity,customer_id,occurred_at,extra")
    found = shown(mine)
    assert found == anew(mine)
    assert [row[4] for row in found["rows"]] == [None, None, 3.0]


@pytest.mark.parametrize("ending", ["parquet", "csv.gz"])
def test_other_kinds_of_files_give_the_same_rows(ending: str, data: Path, tmp_path: Path) -> None:
    for name, day in (("one", 1), ("two", 2)):
        path = write(data, name, f"a,2025-05-0{day} 10:00:00,login,1.5,60,,x")
        if ending == "csv.gz":
            (data / f"{name}.csv.gz").write_bytes(gzip.compress(path.read_bytes()))
        else:
            duckdb.execute(
                f"copy (from read_csv('{path}', all_varchar = true)) to '{data}/{name}.parquet'"
            )
    plain = shown(config(data, tmp_path / "plain"))
    other = config(data, tmp_path / "other", path=f"{data}/*.{ending}")
    assert shown(other)["rows"] == plain["rows"]
    assert shown(other)["fingerprint"] == plain["fingerprint"]
    assert day_files(other.home)


def spoil_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"meaning": "not ours"')


def foreign_manifest(folder: Path) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps({"days": list(manifest["days"])}))


def lose_a_day(folder: Path) -> None:
    next(folder.glob("day=*/*.parquet")).unlink()


def break_a_day(folder: Path) -> None:
    next(folder.glob("day=*/*.parquet")).write_bytes(b"PAR1, and no more of it")


def empty_a_day(folder: Path) -> None:
    next(folder.glob("day=*/*.parquet")).write_bytes(b"")


def break_the_refused(folder: Path) -> None:
    next(folder.glob("refused/*.parquet")).write_bytes(b"")


def lose_all(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize(
    "harm",
    [
        spoil_manifest,
        foreign_manifest,
        lose_a_day,
        break_a_day,
        empty_a_day,
        break_the_refused,
        lose_all,
    ],
)
def test_what_is_damaged_is_built_anew(
    harm: Callable[[Path], None], data: Path, tmp_path: Path
) -> None:
    write(data, "one", "a,2025-05-01,login,1,,,x", "a,2025-05-02,login,many,,,x")
    write(data, "two", "a,2025-05-02,login,1,,,x")
    mine = config(data, tmp_path / "home")
    before = shown(mine)
    harm(mine.home / "rollups" / "usage")
    assert shown(mine) == before


@pytest.fixture
def break_off(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    def at(step: str) -> None:
        def stop(*_: object) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr(rollups, step, stop)

    yield at
    monkeypatch.undo()


@pytest.mark.parametrize("step", ["write_manifest", "sweep", "_by_day"])
def test_a_load_that_breaks_off_leaves_the_last_good_state(
    step: str,
    data: Path,
    tmp_path: Path,
    anew: Callable[..., Any],
    break_off: Callable[[str], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write(data, "one", "a,2025-05-01,login,1,,,x")
    write(data, "two", "a,2025-05-02,login,1,,,x")
    mine = config(data, tmp_path / "home")
    before = shown(mine)
    late = write(data, "three", "b,2025-05-01,login,1,,,x", ",2025-05-01,login,1,,,x")
    break_off(step)
    with pytest.raises(KeyboardInterrupt):
        load_histories(mine, now=NOW)
    monkeypatch.undo()
    assert shown(mine) == anew(mine)
    late.unlink()
    assert shown(mine) == before


def test_a_history_of_nothing_but_bad_rows_says_where_they_are(data: Path, tmp_path: Path) -> None:
    write(data, "one", ",2025-05-01,login,1,,,x")
    write(data, "two", "a,soon,login,1,,,x")
    with pytest.raises(DataError, match=r"all 2 rows of usage were put aside .*usage\.csv"):
        load_histories(config(data, tmp_path / "home"), now=NOW)


def test_more_rows_than_memory_should_hold_are_read_from_their_files(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(data, "one", "a,2025-05-01,login,1,,,x")
    write(data, "two", "a,2025-05-02,login,1,,,x")
    mine = config(data, tmp_path / "home")
    before = shown(mine)
    monkeypatch.setattr(histories, "IN_MEMORY", 1)
    loaded = load_histories(mine, now=NOW)
    views = loaded.backend.con.execute("select view_name from duckdb_views() where not internal")
    assert ("usage",) in views.fetchall()
    assert everything(loaded, mine.home) == before


def test_an_expression_over_other_rows_keeps_nothing(data: Path, tmp_path: Path) -> None:
    write(data, "one", "a,2025-05-01,login,1,,,x")
    write(data, "two", "a,2025-05-02,login,4,,,x")
    mine = config(data, tmp_path / "home", columns={"quantity": "max(quantity::double) over ()"})
    assert [row[4] for row in shown(mine)["rows"]] == [4.0, 4.0]
    assert not day_files(mine.home)


def test_features_from_roll_ups_are_those_from_events() -> None:
    world = worlds.random_world(seed=2, rows=300, histories=["usage"])
    raw = worlds.table("usage", world["usage"])
    rolled = daily(raw)
    builder = BUILDERS["usage"]
    seen = builder.learn(raw)
    assert builder.learn(rolled) == seen
    days = [LAST - 28, LAST]
    one, two = (
        builder.build(each, days, seen).order_by(KEYS).to_pandas() for each in (raw, rolled)
    )
    pd.testing.assert_frame_equal(one.round(6), two.round(6), check_dtype=False)


def test_roll_ups_are_the_same_in_whatever_order_the_rows_come() -> None:
    rng = random.Random(5)
    rows = [worlds.row("usage", 3, quantity=rng.uniform(0, 9)) for _ in range(500)]
    found = set()
    for _ in range(3):
        rng.shuffle(rows)
        found.add(daily(worlds.table("usage", rows)).to_pyarrow()["quantity"][0].as_py())
    assert len(found) == 1


def test_amounts_too_large_for_exact_sums_are_added_up_all_the_same() -> None:
    rows = [worlds.row("usage", 3, quantity=amount) for amount in (1e300, 2.5, None)]
    [row] = daily(worlds.table("usage", rows)).to_pyarrow().to_pylist()
    assert (row["quantity"], row["duration_seconds"], row["events"]) == (1e300, None, 3)
    assert "DECIMAL(38, 12)" in daily_sql("usage")
