"""Who may ask for a score? Whoever presents a key of `<home>/keys.json`.

A key is 256 random bits, so nobody can find it by guessing and its plain SHA-256 is all that is
stored: a slow hash protects passwords, which people choose, and would only slow every request here.
"""

import hashlib
import hmac
import json
import logging
import secrets
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path

from features.errors import AccessError
from serving.files import locked, replace_file

PREFIX = "tenure_"
"""What every key begins with, so that a leaked one can be recognised."""

_Fingerprint = tuple[int, int, int] | None

_logger = logging.getLogger("bentoml.tenure.access")


@dataclass(frozen=True)
class Key:
    """What is kept of a key: never the key.

    Parameters
    ----------
    name : str
        Who it was made for.
    created_at : str
        ISO date and time.
    sha256 : str
        Of the key, in hexadecimal.
    """

    name: str
    created_at: str
    sha256: str


def create_key(home: Path, name: str, *, created_at: datetime) -> str:
    """Make a key that is accepted from now on.

    Parameters
    ----------
    home : Path
    name : str
        Who it is for; a name is used once.
    created_at : datetime

    Returns
    -------
    str, the key, which is stored nowhere: show it once

    Raises
    ------
    AccessError
        If the name is empty or taken, or the keys can't be read.
    """
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / ".keys.lock"):
        keys = _read_keys(home)
        _check_name(name, keys)
        presented = PREFIX + secrets.token_urlsafe(32)
        key = Key(name, created_at.isoformat(timespec="seconds"), _digest(presented))
        content = json.dumps({"keys": [asdict(one) for one in (*keys, key)]}, indent=2)
        replace_file(_path(home), content.encode() + b"\n", mode=0o600)
    return presented


class KeyRing:
    """The keys that are accepted now; it follows the file.

    Parameters
    ----------
    home : Path
    """

    def __init__(self, home: Path) -> None:
        self._home = home
        self._seen: _Fingerprint = None
        self._digests: tuple[bytes, ...] = ()

    @classmethod
    def load(cls, home: Path) -> "KeyRing":
        """Read the keys of a home folder; AccessError if the file is damaged."""
        ring = cls(home)
        ring._reread()
        return ring

    def accepts(self, presented: str) -> bool:
        """Say whether a key is one of ours, in a time that tells nothing about ours."""
        self._follow()
        digest = _digest(presented).encode()
        # every key is compared, and the sum reads the answer only after the last one
        return sum(hmac.compare_digest(digest, ours) for ours in self._digests) > 0

    def _follow(self) -> None:
        if _fingerprint(self._home) == self._seen:
            return
        try:
            self._reread()
        except AccessError as error:
            _logger.error("%s; no key is accepted until then", error)

    def _reread(self) -> None:
        # closed rather than open: an edit that went wrong may have withdrawn a key
        self._digests = ()
        self._seen = _fingerprint(self._home)
        self._digests = tuple(key.sha256.encode() for key in _read_keys(self._home))


def _path(home: Path) -> Path:
    return home / "keys.json"


def _digest(presented: str) -> str:
    return hashlib.sha256(presented.encode("utf-8", "surrogatepass")).hexdigest()


def _fingerprint(home: Path) -> _Fingerprint:
    try:
        found = _path(home).stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns, found.st_size


def _read_keys(home: Path) -> tuple[Key, ...]:
    try:
        text = _path(home).read_text("utf-8")
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise AccessError(
            f"{_path(home)} can't be read ({error.strerror}); let the user that serves read it"
        ) from error
    try:
        return tuple(Key(**entry) for entry in json.loads(text)["keys"])
    except (ValueError, TypeError, KeyError) as error:
        raise AccessError(
            f"{_path(home)} is damaged ({error.__class__.__name__}); restore it from a backup, or"
            " remove it and make new keys with tenure key create"
        ) from error


def _check_name(name: str, keys: Sequence[Key]) -> None:
    if not name.strip():
        raise AccessError("the key's name is empty; name it after who will use it")
    for key in keys:
        if key.name == name:
            raise AccessError(
                f"a key named {name!r} was made at {key.created_at}; choose another name"
            )
