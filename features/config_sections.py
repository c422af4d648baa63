"""What may stand in each section of tenure.toml? Frozen objects, and how a wrong value is told."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal, TypeVar
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from features.errors import ConfigError

Churn = Literal["inactivity", "cancellation"]
Activity = Literal["orders", "usage"]
Days = Annotated[int, Field(ge=1, le=3660)]
LONGEST_DELIMITER = 4
"""Bytes: the engine takes no more."""
AtLeastOne = Annotated[int, Field(ge=1, le=100)]


def _known_zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError("is no IANA name; write one like 'Europe/London'") from error
    return name


def _parting(delimiter: str) -> str:
    if (
        not delimiter
        or len(delimiter.encode()) > LONGEST_DELIMITER
        or set(delimiter) & set('\r\n"')
    ):
        raise ValueError(
            f"can't part cells; write the character between them, such as ',' or ';' (at most "
            f"{LONGEST_DELIMITER}, no quote and no line end; ' ' is any run of blanks)"
        )
    return delimiter


def _format(text: str) -> str:
    if "%" not in text:
        raise ValueError("has no %; write the parts of a time as strptime does, such as '%d/%m/%Y'")
    return text


class Base(BaseModel):
    """A section: frozen, of known keys only, and of values as they are written."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BusinessConfig(Base):
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


class TrainingConfig(Base):
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


class HistoryConfig(Base):
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
    time_format: Annotated[str, AfterValidator(_format)] | None = None
    delimiter: Annotated[str, AfterValidator(_parting)] | None = None
    encoding: str | None = None
    decimal: Literal[".", ","] | None = None
    sheet: str | None = None
    ends_inclusive: bool | None = None


_WANTED = {
    "string_type": "is not text; write it in quotes",
    "int_type": "is not a whole number; write one without quotes",
    "int_from_float": "is not a whole number; write one",
    "float_type": "is not a number; write one without quotes",
    "tuple_type": 'is not a list; write it in brackets, such as ["one", "other"]',
    "dict_type": 'is not a table; write it in braces, such as { amount = "Total" }',
}
"""What pydantic finds -> what to say of a value, in the words of TOML."""

Section = TypeVar("Section", bound=Base)


def section(kind: type[Section], table: Mapping[str, Any], where: str) -> Section:
    """Return a section of tenure.toml, or say which of its values is wrong.

    Raises
    ------
    ConfigError
        An unknown key, a missing one, or a value of the wrong type or out of its range.
    """
    refuse_unknown(table, kind.model_fields, where)
    try:
        return kind.model_validate(table)
    except ValidationError as error:
        first = error.errors()[0]
        key = ".".join(str(part) for part in first["loc"] if part != "tuple[str, ...]")
        if first["type"] == "missing":
            raise ConfigError(f"{where} lacks {key}; add it") from error
        plain = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
        said = _WANTED.get(first["type"], plain)
        raise ConfigError(f"{key} = {first['input']!r} in {where}: {said}") from error


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known word most like `word`, or None where nothing is close.

    Examples
    --------
    >>> nearest("horizon_day", ["horizon_days", "currency"])
    'horizon_days'
    """
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.5)
    return found[0] if found else None


def refuse_unknown(table: Mapping[str, Any], known: Iterable[str], where: str) -> None:
    """Refuse a key that is not known, naming the nearest that is.

    Raises
    ------
    ConfigError
        There is one.
    """
    known = list(known)
    for key in table:
        if key not in known:
            guess = nearest(key, known)
            hint = f"did you mean '{guess}'?" if guess else f"known: {', '.join(known)}"
            raise ConfigError(f"unknown key '{key}' in {where}; {hint}")
