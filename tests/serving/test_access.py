import json
import stat
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from features.errors import AccessError
from serving.access import PREFIX, KeyRing, create_key

NOON = datetime(2024, 6, 1, 12, tzinfo=UTC)


def test_a_new_key_is_accepted_and_no_other_text_is(home: Path) -> None:
    key = create_key(home, "crm", created_at=NOON)
    ring = KeyRing.load(home)
    assert ring.accepts(key)
    wrong = ["", PREFIX, key[:-1], key + "x", key.upper(), f" {key}", "é", "\ud800", "x" * 100_000]
    assert not any(ring.accepts(text) for text in wrong)


def test_keys_are_long_and_each_another(home: Path) -> None:
    keys = {create_key(home, str(number), created_at=NOON) for number in range(20)}
    assert len(keys) == 20
    assert all(key.startswith(PREFIX) and len(key) == len(PREFIX) + 43 for key in keys)


def test_the_file_holds_who_and_when_but_no_key_and_is_for_its_owner(home: Path) -> None:
    key = create_key(home, "crm", created_at=NOON)
    path = home / "keys.json"
    text = path.read_text()
    assert key not in text
    assert key.removeprefix(PREFIX) not in text
    [stored] = json.loads(text)["keys"]
    assert (stored["name"], stored["created_at"]) == ("crm", "2024-06-01T12:00:00+00:00")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_key_made_or_withdrawn_while_serving_counts_at_once(home: Path) -> None:
    ring = KeyRing.load(home)
    assert not ring.accepts("")
    key = create_key(home, "crm", created_at=NOON)
    assert ring.accepts(key)
    (home / "keys.json").unlink()
    assert not ring.accepts(key)


def test_damaged_keys_open_no_door(home: Path, caplog: pytest.LogCaptureFixture) -> None:
    key = create_key(home, "crm", created_at=NOON)
    ring = KeyRing.load(home)
    (home / "keys.json").write_text("{")
    assert not ring.accepts(key)
    assert "is damaged (JSONDecodeError)" in caplog.text
    with pytest.raises(AccessError, match=r"keys\.json is damaged \(JSONDecodeError\); restore it"):
        KeyRing.load(home)
    with pytest.raises(AccessError, match="is damaged"):
        create_key(home, "another", created_at=NOON)
    assert (home / "keys.json").read_text() == "{"


@pytest.mark.parametrize("content", ["[]", '{"keys": [{"name": "a"}]}', '{"keys": 1}', "null"])
def test_keys_of_another_shape_are_damaged(home: Path, content: str) -> None:
    (home / "keys.json").write_text(content)
    with pytest.raises(AccessError, match="is damaged"):
        KeyRing.load(home)


def test_a_name_is_used_once_and_never_empty(home: Path) -> None:
    create_key(home, "crm", created_at=NOON)
    with pytest.raises(AccessError, match=r"'crm' was made at 2024-06-01T12:00:00\+00:00; choose"):
        create_key(home, "crm", created_at=NOON)
    with pytest.raises(AccessError, match="the key's name is empty; name it after who will use it"):
        create_key(home, "  ", created_at=NOON)


def test_writers_at_the_same_time_lose_no_key(home: Path) -> None:
    keys: list[str] = []
    threads = [
        threading.Thread(
            target=lambda name: keys.append(create_key(home, name, created_at=NOON)),
            args=(f"writer {number}",),
        )
        for number in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ring = KeyRing.load(home)
    assert len(keys) == 12
    assert all(ring.accepts(key) for key in keys)
