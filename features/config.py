"""What does the company's tenure.toml say? Parsed once into frozen objects, every key checked."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, get_args

from pydantic import Field

from features.config_sections import (
    Base,
    BusinessConfig,
    HistoryConfig,
    TrainingConfig,
    nearest,
    refuse_unknown,
    section,
)
from features.environment import expanded
from features.errors import ConfigError
from features.schemas import ACTIVITY_HISTORIES, SCHEMAS

__all__ = [
    "BusinessConfig",
    "Config",
    "HistoryConfig",
    "TrainingConfig",
    "nearest",
    "parse_config",
    "read_config",
]

Engine = Literal["duckdb", "spark"]

RESERVED = frozenset(
    {"as_found", "cutoff", "reason", "filled", "texts", "numbers", "days_since_signup"}
)
"""Names of columns that Tenure makes itself, beside those that end in _day or _at."""


class Config(Base):
    """A whole tenure.toml.

    Attributes
    ----------
    home : Path
        The folder of tenure.toml: paths are relative to it, and mlruns/, snapshots/,
        quarantine/, rollups/ and keys.json live in it.
    engine : {"duckdb", "spark"}
        What runs the queries: DuckDB in this process, or Spark.
    spark : mapping of str to str
        Settings of the Spark session ("spark.master").
    business : BusinessConfig
    training : TrainingConfig
    histories : mapping of str to HistoryConfig
    """

    home: Path
    engine: Engine = "duckdb"
    spark: Annotated[dict[str, str], Field(default_factory=dict)]
    business: BusinessConfig
    training: TrainingConfig
    histories: dict[str, HistoryConfig]


def read_config(path: Path) -> Config:
    """Read and check a tenure.toml.

    Raises
    ------
    ConfigError
        No such file, not TOML, an unknown key (names its nearest neighbour), a value of the
        wrong type or out of its range, or no history that shows activity.
    """
    if not path.is_file():
        raise ConfigError(
            f"no config at {path}; write one (the README shows how) or name it with --config"
        )
    try:
        raw = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8 ({error.reason}); save it as UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(
            f"{path} is not valid TOML: {error}; mend that line (text stands in quotes)"
        ) from error
    return parse_config(raw, home=path.resolve().parent)


def parse_config(raw: Mapping[str, Any], *, home: Path) -> Config:
    """Check a parsed tenure.toml; `home` is the folder that its paths are relative to.

    Raises
    ------
    ConfigError
        As `read_config`.
    """
    refuse_unknown(raw, ("engine", "spark", "business", "training", "histories"), "tenure.toml")
    tables = _table(raw, "histories", "tenure.toml")
    refuse_unknown(tables, SCHEMAS, "[histories]")
    if not any(name in tables for name in ACTIVITY_HISTORIES):
        raise ConfigError(
            "tenure.toml describes none of [histories.usage], [histories.orders] and "
            "[histories.subscriptions]; one is needed to see who stays"
        )
    histories = {name: _history(name, _table(tables, name, "[histories]")) for name in tables}
    business = dict(_table(raw, "business", "tenure.toml"))
    business.setdefault("activity", "orders" if "orders" in histories else "usage")
    config = Config(
        home=home,
        engine=_engine(raw.get("engine", "duckdb")),
        spark=_settings(_table(raw, "spark", "tenure.toml")),
        business=section(BusinessConfig, business, "[business]"),
        training=section(TrainingConfig, _table(raw, "training", "tenure.toml"), "[training]"),
        histories=histories,
    )
    _check_activity(config.business, histories)
    return config


def _table(raw: Mapping[str, Any], key: str, where: str) -> Mapping[str, Any]:
    value = raw.get(key, {})
    if not isinstance(value, Mapping):
        raise ConfigError(f"'{key}' in {where} is {value!r}; it must be a table, [{key}]")
    return value


def _engine(name: object) -> Engine:
    for known in get_args(Engine):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise ConfigError(f"engine = {name!r} in tenure.toml; known: {', '.join(get_args(Engine))}")


def _settings(table: Mapping[str, Any]) -> dict[str, str]:
    for key, value in table.items():
        if not isinstance(value, str):
            raise ConfigError(f'"{key}" = {value!r} in [spark] is not text; write it in quotes')
    return dict(table)


def _history(name: str, table: Mapping[str, Any]) -> HistoryConfig:
    where = f"[histories.{name}]"
    refuse_unknown(table, [key for key in HistoryConfig.model_fields if key != "name"], where)
    config = section(HistoryConfig, {**_expanded(table, where), "name": name}, where)
    if (config.path is None) == (config.sql is None):
        raise ConfigError(f"{where} needs either path or sql, and not both")
    if config.database is not None and config.sql is None:
        raise ConfigError(f"{where} has a database but no sql that reads it; add sql")
    if config.static and name != "customers":
        raise ConfigError(f"{where} has static; only customers have static attributes")
    if config.ends_inclusive is not None and name != "subscriptions":
        raise ConfigError(f"{where} has ends_inclusive; only subscriptions have ends")
    if name != "customers":
        refuse_unknown(
            config.columns, [column.name for column in SCHEMAS[name].columns], f"columns of {where}"
        )
    else:
        _check_attributes(config)
    return config


def _expanded(table: Mapping[str, Any], where: str) -> Mapping[str, Any]:
    if isinstance(table.get("path"), list):
        raise ConfigError(
            f"{where} has a list as path; name files that are alike by a glob, such as "
            '"ledger/*.csv"'
        )
    texts = {key: table[key] for key in ("path", "sql", "database") if key in table}
    return {**table, **{k: expanded(v, where) for k, v in texts.items() if isinstance(v, str)}}


def _check_attributes(customers: HistoryConfig) -> None:
    """Refuse attributes whose names would be taken for columns of Tenure's own."""
    own = {column.name for column in SCHEMAS["customers"].columns}
    taken = own | RESERVED
    names = dict.fromkeys([*customers.columns, *customers.static])
    folded = [name.casefold() for name in names if name not in own]
    for name in (name for name in names if name not in own):
        twice = folded.count(name.casefold()) > 1
        if twice or name.casefold() in taken or name.casefold().endswith(("_day", "_at")):
            raise ConfigError(
                f"attribute '{name}' in [histories.customers] has a name that Tenure needs itself "
                "or that stands there twice; map it to another name under columns"
            )


def _check_activity(business: BusinessConfig, histories: Mapping[str, HistoryConfig]) -> None:
    needed = "subscriptions" if business.churn == "cancellation" else business.activity
    if needed not in histories:
        raise ConfigError(
            f"churn by {business.churn} needs [histories.{needed}], which tenure.toml lacks; "
            "describe it or change churn"
        )
