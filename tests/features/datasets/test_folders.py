import pytest

from features.datasets.folders import MARK, SETTINGS, whole_folder
from features.errors import DataError


def write(folder, kind="toy", **files):
    with whole_folder(folder, kind) as draft:
        for name, text in files.items():
            (draft / name).write_text(text)
        (draft / SETTINGS).write_text(f"{MARK}{kind}, for a test\n")


def test_files_arrive_together_in_a_new_folder(tmp_path):
    write(tmp_path / "deep" / "set", rows="1")
    assert (tmp_path / "deep" / "set" / "rows").read_text() == "1"
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["set"]


def test_the_same_kind_is_replaced_and_what_else_lies_there_stays(tmp_path):
    write(tmp_path / "set", rows="1")
    (tmp_path / "set" / "snapshots").mkdir()
    write(tmp_path / "set", rows="2")
    assert (tmp_path / "set" / "rows").read_text() == "2"
    assert (tmp_path / "set" / "snapshots").is_dir()


def test_a_folder_with_something_else_is_refused_and_left_alone(tmp_path):
    (tmp_path / "orders.csv").write_text("mine")
    with pytest.raises(
        DataError,
        match=r"holds something else than a toy \(found: orders\.csv\); name an empty",
    ):
        write(tmp_path, rows="1")
    assert (tmp_path / "orders.csv").read_text() == "mine"


def test_another_kind_of_data_set_is_something_else(tmp_path):
    write(tmp_path / "set", kind="toy")
    with pytest.raises(DataError, match="holds something else than a CDNOW"):
        write(tmp_path / "set", kind="CDNOW")


def test_a_company_s_own_settings_are_something_else(tmp_path):
    (tmp_path / SETTINGS).write_text("[business]\n")
    with pytest.raises(DataError, match="holds something else than a toy"):
        write(tmp_path)


def test_a_file_is_no_folder(tmp_path):
    (tmp_path / "set").write_text("")
    with pytest.raises(DataError, match="is a file; name a folder to write the toy into"):
        write(tmp_path / "set")


def test_what_a_killed_run_left_is_cleared_away_by_the_next(tmp_path):
    (tmp_path / ".set.unfinished").mkdir()
    (tmp_path / ".set.unfinished" / "half").write_text("")
    write(tmp_path / "set", rows="1")
    assert [path.name for path in tmp_path.iterdir()] == ["set"]
    assert not (tmp_path / "set" / "half").exists()
