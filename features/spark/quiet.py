"""How is PySpark kept from warnings that concern nobody here?"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def arrow_only() -> Iterator[None]:
    """Keep PySpark from warning of pandas 3: rows come and go as Arrow here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support pandas")
        yield
