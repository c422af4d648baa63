"""Which score row belongs to this customer? One SQLite file per snapshot, read only."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from features.errors import SnapshotError

ScoreRow = dict[str, Any]

SCORE_COLUMNS = MappingProxyType(
    {
        "customer_id": "TEXT",
        "churn_probability": "REAL",
        "horizon_days": "INTEGER",
        "expected_value": "REAL",
        "value_horizon_days": "INTEGER",
        "currency": "TEXT",
        "value_at_risk": "REAL",
        "risk_band": "TEXT",
        "reasons": "TEXT",
        "cutoff": "TEXT",
        "churn_model_version": "TEXT",
        "value_model_version": "TEXT",
    }
)
"""The columns of a score row, in order, with SQLite's name of their type."""

_CHUNK = 50_000


class Index:
    """The score rows of one snapshot by customer.

    Parameters
    ----------
    path : Path
        A file of `write_index`; it must not change while it is open.
    """

    def __init__(self, path: Path) -> None:
        self._rows = sqlite3.connect(
            # immutable: no locks and no -wal beside it, so a read-only mount serves it too
            f"{path.resolve().as_uri()}?mode=ro&immutable=1",
            uri=True,
            check_same_thread=False,
        )

    def lookup(self, customer_ids: Iterable[str]) -> dict[str, ScoreRow]:
        """Find the score rows of the customers that have one, in the order asked for.

        Parameters
        ----------
        customer_ids : iterable of str
            Unknown ones are left out; one named twice is found once.

        Returns
        -------
        dict, customer_id -> score row, doubles to the last digit as they were published
        """
        found: dict[str, ScoreRow] = {}
        for customer_id in customer_ids:
            row = self._rows.execute(_SELECT, (customer_id,)).fetchone()
            if row is not None:
                found[customer_id] = dict(zip(SCORE_COLUMNS, row, strict=True))
        return found

    def close(self) -> None:
        """Let go of the file."""
        self._rows.close()


def write_index(path: Path, scores: pd.DataFrame) -> None:
    """Write the index of a table of scores, chunk by chunk.

    Parameters
    ----------
    path : Path
        A file that does not exist yet.
    scores : DataFrame with the columns of `SCORE_COLUMNS`
        Sorted by customer_id, which makes the file small and its writing fast.
    """
    with closing(sqlite3.connect(path, isolation_level=None)) as rows:
        # nobody reads this file before it is whole, so a journal would only be written twice
        rows.execute("PRAGMA journal_mode = OFF")
        rows.execute("PRAGMA synchronous = OFF")
        rows.execute(_CREATE)
        rows.execute("BEGIN")
        rows.executemany(_INSERT, _plain_rows(scores))
        rows.execute("COMMIT")


def checked_scores(scores: pd.DataFrame) -> pd.DataFrame:
    """Return score rows sorted by customer, with just the columns of `SCORE_COLUMNS`.

    Raises
    ------
    SnapshotError
        A column is missing, a customer has none or two rows, or a number is infinite.
    """
    missing = [name for name in SCORE_COLUMNS if name not in scores.columns]
    if missing:
        raise SnapshotError(
            f"scores have no column {missing[0]!r} (found: {listed(scores.columns)});"
            " publish what serving.scoring returns"
        )
    rows = scores.loc[:, list(SCORE_COLUMNS)].astype({"customer_id": "str"})
    rows = rows.sort_values("customer_id", ignore_index=True)
    ids = rows["customer_id"]
    unusable = ids[ids.isna() | ids.duplicated()]
    if len(unusable):
        raise SnapshotError(
            f"{len(unusable)} of {len(rows)} score rows have a customer_id that is empty or taken"
            f" ({listed(unusable[:3])}); score each customer once"
        )
    for name in (name for name, kind in SCORE_COLUMNS.items() if kind == "REAL"):
        rows[name] = _finite(rows, name)
    return rows


def _finite(rows: pd.DataFrame, name: str) -> pd.Series:
    # adding zero turns -0.0 into 0.0, the one double that SQLite would not give back as it was
    values = rows[name].astype("float64") + 0.0
    infinite = rows.loc[values.abs() == float("inf"), "customer_id"]
    if len(infinite):
        raise SnapshotError(
            f"{name} is infinite for {len(infinite)} of {len(rows)} customers"
            f" ({listed(infinite[:3])}); a score is a number or null"
        )
    return values


def listed(names: Iterable[object]) -> str:
    """Return names for a sentence."""
    return ", ".join(map(str, names)) or "none"


def _plain_rows(scores: pd.DataFrame) -> Iterator[Sequence[object]]:
    columns = scores.loc[:, list(SCORE_COLUMNS)]
    for start in range(0, len(columns), _CHUNK):
        chunk = columns.iloc[start : start + _CHUNK].astype(object)
        yield from chunk.where(chunk.notna(), None).itertuples(index=False, name=None)


_NAMES = ", ".join(SCORE_COLUMNS)
_SELECT = f"SELECT {_NAMES} FROM scores WHERE customer_id = ?"
_INSERT = f"INSERT INTO scores ({_NAMES}) VALUES ({', '.join('?' * len(SCORE_COLUMNS))})"
_TYPED = ", ".join(f"{name} {kind}" for name, kind in SCORE_COLUMNS.items())
_CREATE = f"CREATE TABLE scores ({_TYPED}, PRIMARY KEY (customer_id)) WITHOUT ROWID"
