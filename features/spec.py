"""Which columns did training build, in which order, from what? Frozen into the model."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from features.errors import ModelError

if TYPE_CHECKING:  # a spec is read where no features are built, and Ibis is not needed
    from features.seen import Seen

SCHEMA_VERSION = 2
_EXAMPLES = 3


@dataclass(frozen=True)
class Column:
    """One feature column.

    Attributes
    ----------
    name : str
    kind : {"number", "category"}
    levels : tuple of str
        Of a category, in the order of their codes.
    """

    name: str
    kind: Literal["number", "category"] = "number"
    levels: tuple[str, ...] = ()


@dataclass(frozen=True)
class FeatureSpec:
    """What scoring must build to match training.

    Attributes
    ----------
    columns : tuple of Column
        In the order of the model's matrix.
    histories : tuple of str
        Histories that the columns come from.
    attributes : tuple of str
        Static customer attributes among them.
    seen : mapping of str to Seen
        History -> what its builder chose to make columns of.
    version : int
        Of the meaning of the columns; see `SCHEMA_VERSION`.
    """

    columns: tuple[Column, ...]
    histories: tuple[str, ...]
    attributes: tuple[str, ...] = ()
    seen: Mapping[str, Seen] = field(default_factory=dict)
    version: int = SCHEMA_VERSION

    @property
    def names(self) -> tuple[str, ...]:
        """Column names in order."""
        return tuple(column.name for column in self.columns)

    @property
    def digest(self) -> str:
        """SHA-256 of the spec: equal only where builds are interchangeable."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    def to_json(self) -> str:
        """Return the spec as canonical JSON."""
        plain = asdict(self) | {"seen": {name: dict(seen) for name, seen in self.seen.items()}}
        return json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> FeatureSpec:
        """Read what `to_json` wrote.

        Raises
        ------
        ModelError
            It was written by a version whose columns mean something else.
        """
        raw: dict[str, Any] = json.loads(text)
        if raw["version"] != SCHEMA_VERSION:
            raise ModelError(
                f"feature spec has version {raw['version']}, this build makes {SCHEMA_VERSION}; "
                "retrain, or score with the build that trained it"
            )
        return cls(
            columns=tuple(
                Column(each["name"], each["kind"], tuple(each["levels"])) for each in raw["columns"]
            ),
            histories=tuple(raw["histories"]),
            attributes=tuple(raw["attributes"]),
            seen={
                history: {key: tuple(values) for key, values in seen.items()}
                for history, seen in raw["seen"].items()
            },
            version=raw["version"],
        )

    def matrix(self, frame: pd.DataFrame) -> NDArray[np.float64]:
        """Return features as the numbers a model reads.

        Parameters
        ----------
        frame : DataFrame
            Has at least the spec's columns.

        Returns
        -------
        ndarray, shape (n_rows, n_columns)
            Category columns as codes of their levels; missing and unseen ones as nan.

        Raises
        ------
        ModelError
            Columns are missing.

        Examples
        --------
        >>> spec = FeatureSpec((Column("orders_count_28d"),
        ...                     Column("subscriptions_plan", "category", ("basic", "pro"))), ())
        >>> spec.matrix(pd.DataFrame({"subscriptions_plan": ["pro", "old"],
        ...                           "orders_count_28d": [2.0, 0.0]}))
        array([[ 2.,  1.],
               [ 0., nan]])
        """
        self._require(frame.columns)
        matrix = np.empty((len(frame), len(self.columns)))
        for position, column in enumerate(self.columns):
            matrix[:, position] = _numbers(frame[column.name], column)
        return matrix

    def row(self, values: Mapping[str, float | str | None]) -> NDArray[np.float64]:
        """Return one customer's features as the numbers a model reads.

        Parameters
        ----------
        values : mapping of str to float, str or None
            At least the spec's columns; None is missing.

        Returns
        -------
        ndarray, shape (1, n_columns)
            As `matrix` gives it for a frame of that row.

        Examples
        --------
        >>> spec = FeatureSpec((Column("orders_count_28d"),
        ...                     Column("subscriptions_plan", "category", ("basic", "pro"))), ())
        >>> spec.row({"subscriptions_plan": "pro", "orders_count_28d": 2.0})
        array([[2., 1.]])
        """
        self._require(list(values))
        return np.array([[_number(values[each.name], each) for each in self.columns]], np.float64)

    def _require(self, found: Sequence[str] | pd.Index[str]) -> None:
        known = set(found)
        missing = [name for name in self.names if name not in known]
        if missing:
            listed = ", ".join(missing[:_EXAMPLES]) + (", ..." if len(missing) > _EXAMPLES else "")
            raise ModelError(
                f"the model was trained on {len(self.columns)} features, this build makes "
                f"{len(self.columns) - len(missing)} of them (missing: {listed}); "
                "score with the build that trained it"
            )


def _numbers(values: pd.Series[Any], column: Column) -> NDArray[np.float64]:
    if column.kind == "number":
        return np.asarray(values.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)
    codes = (
        pd.Index(list(column.levels), dtype="str")
        .get_indexer_for(pd.Index(values))
        .astype(np.float64)
    )
    return np.where(codes < 0, np.nan, codes)


def _number(value: float | str | None, column: Column) -> float:
    if column.kind == "category":
        return float(column.levels.index(str(value))) if value in column.levels else np.nan
    return np.nan if value is None else float(value)
