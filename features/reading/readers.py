"""How does a source's cell become an id, a time, a number, a flag or a text? As SQL."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from features.config import HistoryConfig
from features.errors import DataError
from features.reading.sources import Source
from features.reading.text_guesses import (
    EPOCH,
    FAMILIES,
    HAS_OFFSET,
    ISO,
    epoch_sql,
    plausible,
    time_sql,
)
from features.reading.text_numbers import number_sql
from features.schemas import Kind
from features.sql_text import literal

NOTHING = "('NA', 'N/A', 'NULL', 'NAN', 'NONE', '-')"
"""SQL of the words, in upper case, that stand for a missing id, time, number or flag."""


def _listed(*words: str) -> str:
    return "(" + ", ".join(literal(word) for word in " ".join(words).split()) + ")"


_TRUE = _listed(
    "true t yes y 1 1.0 on",
    "vrai v oui o",  # French
    "wahr w ja j",  # German, and the Nordic and Dutch ja
    "verdadero sí si s vero verdadeiro sim",  # Spanish, Italian, Portuguese
    "waar sand sandt sant prawda tak",  # Dutch, Danish, Norwegian, Swedish, Polish
)
_FALSE = _listed(
    "false f no n 0 0.0 off",
    "faux non",
    "falsch nein",
    "falso não nao",
    "onwaar nee falsk usann falskt nej nei fałsz nie",
)


@dataclass(frozen=True)
class Zone:
    """The business's time zone; a clock time without an offset is taken to be in it."""

    name: str

    def to_utc(self, local: str) -> str:
        """Return SQL for the UTC of a local time."""
        if self.name == "UTC":
            return f"cast({local} as timestamp)"
        return f"timezone('UTC', timezone({literal(self.name)}, cast({local} as timestamp)))"

    def day(self, utc: str) -> str:
        """Return SQL for the day number, in the zone, of a UTC time."""
        local = utc
        if self.name != "UTC":
            local = f"timezone({literal(self.name)}, timezone('UTC', {utc}))"
        return f"cast(cast({local} as date) - date '1970-01-01' as integer)"


def found_sql(source: Source, history: HistoryConfig, kind: Kind, name: str, zone: Zone) -> str:
    """Return SQL that reads a column of a source as a kind of value, null where it is none.

    Raises
    ------
    DataError
        Its times or numbers can be read two ways.
    """
    if kind == "time":
        return _found_time(source, history, name, zone)
    if kind == "number":
        return number_found(source, name)
    return _READERS[kind](source.cell_sql(name))


def given_sql(expression: str, kind: Kind, zone: Zone, time_format: str | None = None) -> str:
    """Return SQL that reads the value of an SQL expression as a kind of value."""
    if kind == "time":
        return _typed_time(expression, zone, time_format)
    return _READERS[kind](expression)


def number_found(source: Source, name: str) -> str:
    """Return SQL that reads a column of numbers as it is written: with a decimal point or comma.

    Raises
    ------
    DataError
        Its numbers can be read two ways.
    """
    if name in source.ambiguous:
        raise source.read_two_ways(name)
    return _finite(number_sql(source.cell_sql(name), source.decimals.get(name)))


def text_found(source: Source, name: str) -> str:
    """Return SQL that reads a column as text."""
    return _text(source.cell_sql(name))


def refuse_ambiguous(source: Source, expression: str) -> None:
    """Refuse an expression over numbers that can be read two ways.

    Raises
    ------
    DataError
        It names a column of such numbers.
    """
    for name in named_in(expression, source.ambiguous):
        raise source.read_two_ways(name)


def named_in(expression: str, columns: Iterable[str]) -> list[str]:
    """Return the columns whose names stand in an SQL expression.

    Examples
    --------
    >>> named_in('Minutes * 60 + "Extra time"', ["minutes", "Extra time", "Extra"])
    ['minutes', 'Extra time']
    """
    text = expression.casefold()
    words = set(re.findall(r"[^\W\d]\w*", re.sub('"[^"]*"', "", text)))
    folded = ((name, name.casefold()) for name in columns)
    return [name for name, word in folded if word in words or f'"{word}"' in text]


def _found_time(source: Source, history: HistoryConfig, name: str, zone: Zone) -> str:
    cell = source.cell_sql(name)
    if name not in source.text:
        return _numeric_time(cell, zone) if source.is_numeric(name) else _typed_time(cell, zone)
    if history.time_format is not None:
        told = _told_time(cell, history.time_format, zone)
        return f"coalesce({told}, {_written_time(cell, ISO, zone)})"
    read = [_written_time(cell, family, zone) for family in _time_families(source, name)]
    return read[0] if len(read) == 1 else f"coalesce({', '.join(read)})"


def _time_families(source: Source, name: str) -> tuple[str, ...]:
    guess = source.time_guess(name)
    if len(guess.families) > 1:
        formats = [FAMILIES[family][0] for family in guess.families if family in FAMILIES]
        raise DataError(
            f"{source.history}: times like '{guess.example}' in '{name}' can be read as "
            f"{' or as '.join(guess.families)}; set time_format under "
            f'[histories.{source.history}], such as "{formats[-1]}"'
        )
    return (*guess.families, *guess.also) or (ISO,)


def _told_time(cell: str, time_format: str, zone: Zone) -> str:
    time = time_sql(cell, time_format)
    if "%z" in time_format.replace("%%", "").lower():  # what it reads has a zone already
        return f"timezone('UTC', {time})"
    return zone.to_utc(time)


def _written_time(cell: str, family: str, zone: Zone) -> str:
    if family == EPOCH:
        return time_sql(cell, family)
    local = zone.to_utc(time_sql(cell, family))
    if family != ISO:
        return local
    aware = f"timezone('UTC', try_cast({cell} as timestamptz))"
    return f"(case when regexp_matches({cell}, {HAS_OFFSET}) then {aware} else {local} end)"


def _numeric_time(cell: str, zone: Zone) -> str:
    """Read a number as seconds since 1970, or as the digits of a day (20250131)."""
    day = time_sql(f"cast(try_cast({cell} as bigint) as varchar)", "%Y%m%d")
    return f"coalesce({epoch_sql(f'cast({cell} as double)')}, {zone.to_utc(day)})"


def _typed_time(cell: str, zone: Zone, time_format: str | None = None) -> str:
    text = f"trim({cell}::varchar)"
    local = zone.to_utc(plausible(f"try_cast({cell} as timestamp)"))
    read = (
        f"(case when typeof({cell}) = 'VARCHAR' then {_written_time(text, ISO, zone)} "
        f"else {local} end)"
    )
    if time_format is not None:
        read = f"coalesce({_told_time(text, time_format, zone)}, {read})"
    return (
        f"(case when typeof({cell}) = 'TIMESTAMP WITH TIME ZONE' "
        f"then timezone('UTC', try_cast({cell} as timestamptz)) "
        f"else {read} end)"
    )


def _id(cell: str) -> str:
    # 13085.0 is how a table with gaps stores the id 13085; past 2^53 such ids run into each other
    number = f"try_cast({cell} as double)"
    exact = f"{number} = floor({number}) and abs({number}) < 9007199254740992"
    whole = f"case when {exact} then try_cast({number} as bigint)::varchar end"
    text = f"case when typeof({cell}) in ('DOUBLE', 'FLOAT') then {whole} else {cell}::varchar end"
    return f"(case when upper(trim({text})) not in ('', {NOTHING[1:]} then trim({text}) end)"


def _number(cell: str) -> str:
    return _finite(f"try_cast({cell} as double)")


def _finite(number: str) -> str:
    return f"(case when isfinite({number}) then {number} end)"


def _flag(cell: str) -> str:
    text = f"lower(trim(cast({cell} as varchar)))"
    return f"(case when {text} in {_TRUE} then true when {text} in {_FALSE} then false end)"


def _text(cell: str) -> str:
    return f"nullif(trim(cast({cell} as varchar)), '')"


def _code(cell: str) -> str:
    return f"lower({_text(cell)})"


_READERS: dict[Kind, Callable[[str], str]] = {
    "id": _id,
    "number": _number,
    "flag": _flag,
    "text": _text,
    "code": _code,
}
