"""What does a query over a database named by its URL give? Fetched in batches, over Ibis."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import duckdb

from features.errors import DataError

if TYPE_CHECKING:
    from ibis.backends import BaseBackend

BATCH_ROWS = 100_000
EXTRAS = ("postgres", "spark")
_ALIASES = {"postgresql": "postgres"}


def is_url(place: str) -> bool:
    """Return whether a place is named by a URL, not by a path.

    Examples
    --------
    >>> is_url("postgres://shop@db/sales"), is_url("shop.duckdb")
    (True, False)
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", place) is not None


def fetch(con: duckdb.DuckDBPyConnection, url: str, sql: str, *, into: str, history: str) -> None:
    """Write the rows of a query into a temporary table of the engine.

    Parameters
    ----------
    con : DuckDB connection
        The engine.
    url : str
        Of the database, as `ibis.connect` takes it.
    sql : str
        In the dialect of that database.
    into : str
        Name of the temporary table.
    history : str
        For whom, in errors.

    Raises
    ------
    DataError
        The backend's package is missing, nobody answers, or the query is refused.
    """
    backend = _connect(url, history)
    try:
        rows = backend.sql(sql)
        # Arrow has no such types; as text they are what the database shows
        odd = [n for n, t in rows.schema().items() if t.is_uuid() or t.is_inet() or t.is_json()]
        rows = rows.mutate(**{name: rows[name].cast("string") for name in odd})
        reader = rows.to_pyarrow_batches(chunk_size=BATCH_ROWS)
        con.register(f"{into}_batches", reader)
        con.execute(f"create or replace temp table {into} as from {into}_batches")
        con.unregister(f"{into}_batches")
    except Exception as error:  # each database has its own errors
        raise DataError(
            f"{history}: its sql over {_shown(url)} is refused: {_said(error, url)}; "
            f"mend [histories.{history}]"
        ) from error
    finally:
        backend.disconnect()


def _connect(url: str, history: str) -> BaseBackend:
    scheme = url.split("://", 1)[0].lower()
    package = _ALIASES.get(scheme, scheme)
    import ibis  # slow to import, and needed for databases alone: the service has none

    try:
        return ibis.connect(url)
    except (ImportError, ModuleNotFoundError) as error:
        extra = f"tenure[{package}]" if package in EXTRAS else f"ibis-framework[{package}]"
        raise DataError(
            f"{history}: reading {_shown(url)} needs a package that is not installed "
            f"({_said(error, url)}); pip install '{extra}'"
        ) from error
    except Exception as error:
        raise DataError(
            f"{history}: no database answers at {_shown(url)}: {_said(error, url)}; "
            f"mend database under [histories.{history}]"
        ) from error


def _shown(url: str) -> str:
    """Return a URL without its password and its options, which may hold one."""
    return re.sub(r"//([^/@:]*):[^/@]*@", r"//\1:***@", url).split("?", 1)[0]


def _said(error: Exception, url: str) -> str:
    lines = str(error).strip().splitlines() or [type(error).__name__]
    return lines[0].replace(url, _shown(url)).rstrip(".")
