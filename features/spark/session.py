"""Which Spark runs the queries? One started as [spark] says, or the session that is here."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Mapping
from typing import Any

from features.errors import ConfigError
from features.spark.quiet import arrow_only

OURS: Mapping[str, str] = {
    "spark.sql.session.timeZone": "UTC",
    # division by zero and overflow are errors, as on PostgreSQL; never a silent null
    "spark.sql.ansi.enabled": "true",
    "spark.sql.legacy.javaCharsets": "true",  # Windows-1252 among them
}
"""What the expressions rely on; [spark] can't change it."""
DEFAULTS: Mapping[str, str] = {
    "spark.app.name": "tenure",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "50000",
}
"""What [spark] may change."""


def open_spark(settings: Mapping[str, str]) -> tuple[Any, bool]:
    """Start Spark, or join the session that runs in this process already.

    Parameters
    ----------
    settings : mapping of str to str
        [spark] of tenure.toml.

    Returns
    -------
    backend : Ibis Spark backend
    started : bool
        Whether the session is new, and ours to stop.

    Raises
    ------
    ConfigError
        pyspark or Java is missing, or Spark does not start with these settings.
    """
    sql, backend = _pyspark()
    if not os.environ.get("JAVA_HOME") and shutil.which("java") is None:
        raise ConfigError(
            'engine = "spark" needs Java 17 or newer, and there is no java on the PATH; install '
            'it or set JAVA_HOME, or set engine = "duckdb"'
        )
    submitted = "PYSPARK_GATEWAY_PORT" in os.environ
    if not submitted and settings.get("spark.master", "local").startswith("local"):
        # executors are this machine's: let them run this Python, not the one named python3
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    started = sql.SparkSession.getActiveSession() is None
    builder = sql.SparkSession.builder
    for key, value in {**DEFAULTS, **settings, **OURS}.items():
        builder = builder.config(key, value)
    try:
        with arrow_only():
            return backend.connect(builder.getOrCreate()), started
    except Exception as error:  # of the gateway, of Java or of a cluster: each has its own
        raise ConfigError(
            f"Spark does not start: {first_words(error)}; mend [spark] in tenure.toml"
        ) from error


def first_words(error: Exception) -> str:
    """Return what Spark says in one line, without the trailing period."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return (lines[0] if lines else type(error).__name__).rstrip(".")


def _pyspark() -> tuple[Any, Any]:
    try:
        with arrow_only():
            import pyspark.sql

            from features.spark.backend import SparkBackend
    except ImportError as error:
        raise ConfigError(
            "engine = \"spark\" needs pyspark, which is not installed; pip install 'tenure[spark]' "
            'and Java 17 or newer, or set engine = "duckdb"'
        ) from error
    backend = SparkBackend()
    backend.register_options()
    return pyspark.sql, backend
