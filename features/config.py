"""What does the company's tenure.toml say? Parsed once into frozen objects, every key checked."""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from features.environment import expanded
from features.errors import ConfigError
from features.schemas import ACTIVITY_HISTORIES, SCHEMAS

Churn = Literal["inactivity", "cancellation"]
Activity = Literal["orders", "usage"]
Engine = Literal["duckdb", "spark"]
Days = Annotated[int, Field(ge=1, le=3660)]
AtLeastOne = Annotated[int, Field(ge=1, le=100)]


RESERVED = frozenset(
    {"as_found", "cutoff", "reason", "filled", "texts", "numbers", "days_since_signup"}
)
"""Names of columns that Tenure makes itself, beside those that end in _day or _at."""


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is no IANA name; write one like 'Europe/London'") from error
    return name


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BusinessConfig(_Section):
    """What the business means by churn and value.

    Attributes
    ----------
    currency : str
        Unit of every amount, as written in reports ("GBP").
    time_zone : str
        IANA name; decides where a day ends.
    churn : {"inactivity", "cancellation"}
        Left = no activity in the horizon, or = no subscription is active at its end.
    horizon_days, value_horizon_days : int
        Days after the cutoff that the churn label and the value cover.
    margin_rate : float, in (0, 1]
        Margin per unit of revenue, where no margin column is mapped.
    discount_rate_annual : float, >= 0
        0.10 means that money in a year is worth 1 / 1.10 of money now.
    activity : {"orders", "usage"}
        The history whose rows count as activity for churn by inactivity.
    active_within_days : int or None
        Score only customers with activity in so many days before the cutoff; None: all.
    """

    currency: Annotated[str, Field(min_length=1)]
    churn: Churn
    horizon_days: Days
    time_zone: Annotated[str, AfterValidator(_known_zone)] = "UTC"
    value_horizon_days: Days = 364
    margin_rate: Annotated[float, Field(gt=0, le=1)] = 1.0
    discount_rate_annual: Annotated[float, Field(ge=0, lt=10)] = 0.10
    activity: Activity = "orders"
    active_within_days: Days | None = None


class TrainingConfig(_Section):
    """How training looks back: rolling cutoffs, counted back from the newest one.

    Attributes
    ----------
    origins : int
        Backtests, each `step_days` earlier than the next.
    cutoffs : int
        Training cutoffs per backtest, `step_days` apart.
    step_days : int
        Days between neighbouring training cutoffs.
    seed : int
        Of everything random.
    reasons_for : int
        How many customers, from the top of the at-risk list, get their reasons computed.
    keep : tuple of str
        Feature columns that the leak probe may not keep out of the model.
    """

    origins: AtLeastOne = 2
    cutoffs: AtLeastOne = 4
    step_days: Days = 28
    seed: Annotated[int, Field(ge=0)] = 20
    reasons_for: Annotated[int, Field(ge=0)] = 5_000
    keep: Annotated[tuple[str, ...], Field(strict=False)] = ()


class HistoryConfig(_Section):
    """Where one history comes from and how its columns are named.

    Attributes
    ----------
    name : str
        One of the histories of `features.schemas.SCHEMAS`.
    path : str or None
        A file or glob (CSV, TSV, JSON lines, each also .gz; Parquet, Excel), relative to
        tenure.toml, or the URL of one in an object store. ``${NAME}`` in `path`, `sql` and
        `database` is replaced by that variable of the environment.
    sql : str or None
        A query instead of a path, of DuckDB or of `database`; reads files relative to tenure.toml.
    database : str or None
        What `sql` reads: a DuckDB file, under the name ``source``, or the URL of a database.
    columns : mapping of str to str
        Our column -> a source column, or an SQL expression over source columns.
    where : str or None
        SQL condition over source columns; other rows are not part of the history.
    static : tuple of str
        Customer attributes that never change, so that they may be features at any cutoff.
    duplicates : {"drop", "keep"}
        What happens to rows equal in every source column: one stays, or all do.
    time_format : str or None
        strptime format of times, where guessing is not wanted ("%d/%m/%Y").
    delimiter, encoding : str or None
        Of text files, where guessing is not wanted.
    decimal : {".", ","} or None
        Decimal mark of numbers in text, where guessing is not wanted.
    sheet : str or None
        Of an Excel file; the first one where it is not named.
    ends_inclusive : bool or None
        Subscriptions only: whether `ended_at` is the last day of a term, or (False) the day from
        which it no longer runs. None: not said, which is refused where the rows look like True.
    """

    name: str
    path: str | None = None
    sql: str | None = None
    database: str | None = None
    columns: Annotated[dict[str, str], Field(default_factory=dict)]
    where: str | None = None
    static: Annotated[tuple[str, ...], Field(strict=False)] = ()
    duplicates: Literal["drop", "keep"] = "drop"
    time_format: str | None = None
    delimiter: str | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    sheet: str | None = None
    ends_inclusive: bool | None = None


class Config(_Section):
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
    _refuse_unknown(raw, ("engine", "spark", "business", "training", "histories"), "tenure.toml")
    tables = _table(raw, "histories", "tenure.toml")
    _refuse_unknown(tables, SCHEMAS, "[histories]")
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
        business=_section(BusinessConfig, business, "[business]"),
        training=_section(TrainingConfig, _table(raw, "training", "tenure.toml"), "[training]"),
        histories=histories,
    )
    _check_activity(config.business, histories)
    return config


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None where nothing is close.

    Examples
    --------
    >>> nearest("horizon_day", ["horizon_days", "currency"])
    'horizon_days'
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def _refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    known = list(known)
    for key in table:
        if key not in known:
            guess = nearest(key, known)
            hint = f"did you mean '{guess}'?" if guess else f"known: {', '.join(known)}"
            raise ConfigError(f"unknown key '{key}' in {where}; {hint}")


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


Section = TypeVar("Section", bound=_Section)


def _section(kind: type[Section], table: Mapping[str, Any], where: str) -> Section:
    _refuse_unknown(table, kind.model_fields, where)
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "tuple[str, ...]")
        if first["type"] == "missing":
            raise ConfigError(f"{where} lacks {key}; add it") from error
        said = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        raise ConfigError(f"{key} = {first['input']!r} in {where}: {said}") from error


def _history(name: str, table: Mapping[str, Any]) -> HistoryConfig:
    where = f"[histories.{name}]"
    _refuse_unknown(table, [key for key in HistoryConfig.model_fields if key != "name"], where)
    config = _section(HistoryConfig, {**_expanded(table, where), "name": name}, where)
    if (config.path is None) == (config.sql is None):
        raise ConfigError(f"{where} needs either path or sql, and not both")
    if config.database is not None and config.sql is None:
        raise ConfigError(f"{where} has a database but no sql that reads it; add sql")
    if config.static and name != "customers":
        raise ConfigError(f"{where} has static; only customers have static attributes")
    if config.ends_inclusive is not None and name != "subscriptions":
        raise ConfigError(f"{where} has ends_inclusive; only subscriptions have ends")
    if name != "customers":
        _refuse_unknown(
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
