"""How do NumPy arrays become columns of a Parquet table?"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from features.datasets.block import NEVER
from features.datasets.world import Floats, Ints


def customer_ids(first: int, customers: int) -> list[str]:
    """Return ids of a run of customers, 'C0000001' for the first of all.

    Examples
    --------
    >>> customer_ids(41, 2)
    ['C0000042', 'C0000043']
    """
    return [f"C{number:07d}" for number in range(first + 1, first + customers + 1)]


def words(codes: NDArray[Any], names: Sequence[str | None]) -> Any:
    """Return a text column from codes into names; a name of None is a null.

    Examples
    --------
    >>> words(np.array([1, 0, 2]), ["a", "b", None]).to_pylist()
    ['b', 'a', None]
    """
    # Parquet files of a dictionary that holds a text twice differ in bytes from run to run
    texts = [name for name in dict.fromkeys(names) if name is not None]
    place: dict[str | None, int] = {name: position for position, name in enumerate(texts)}
    moved = np.array([place.get(name, -1) for name in names], dtype=np.int32)[codes]
    positions = pa.array(np.maximum(moved, 0), mask=moved < 0)
    return pa.DictionaryArray.from_arrays(positions, pa.array(texts, pa.string()))


def moments(microseconds: Ints) -> Any:
    """Return a column of naive UTC timestamps; NEVER is a null.

    Examples
    --------
    >>> moments(np.array([0, NEVER])).to_pylist()
    [datetime.datetime(1970, 1, 1, 0, 0), None]
    """
    missing = microseconds == NEVER
    return pa.array(np.where(missing, 0, microseconds), pa.int64(), mask=missing).cast(
        pa.timestamp("us")
    )


def numbers(values: Floats) -> Any:
    """Return a column of numbers; nan is a null.

    Examples
    --------
    >>> numbers(np.array([1.5, np.nan])).to_pylist()
    [1.5, None]
    """
    return pa.array(values, pa.float64(), from_pandas=True)
