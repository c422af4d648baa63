"""How are numbers written in a column of text: 1234.5, 1,234.5, 1.234,5 or 1 234,5?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import duckdb

from features.sql_text import literal, quote

DOT, COMMA = ".", ","
SAMPLE_ROWS = 50_000
STRAY = 0.01
"""Fewer of the cells that hold a mark than this are slips: they don't decide what the mark is."""
ENOUGH = 20
"""Cells of one file that can be read two ways, from which none that decides is a sign."""
_BLANKS = " \u00a0\u202f'’"  # between thousands, besides the mark that is not the decimal one
_CURRENCY = "€$£¥"


def _pattern(decimal: str, thousands: str) -> str:
    sign = f"[{_CURRENCY}]? ?[+-]?[{_CURRENCY}]? ?"
    whole = f"([0-9]+|[1-9][0-9]{{0,2}}([{thousands}{_BLANKS}][0-9]{{3}})+)"
    return literal(f"^{sign}{whole}([{decimal}][0-9]+)?[ \u00a0]?[{_CURRENCY}]?$")


_WRITTEN = {DOT: _pattern(DOT, COMMA), COMMA: _pattern(COMMA, DOT)}


@dataclass(frozen=True)
class NumberGuess:
    """How the numbers in a text column seem to be written.

    Attributes
    ----------
    decimal : {".", ","} or None
        The decimal mark; None where no cell of the sample has any mark.
    example : str or None
        A cell that can be read two ways, where no other cell of the column says which is meant.
    whole : bool
        Whether all of them are whole numbers.
    """

    decimal: str | None
    example: str | None
    whole: bool = False


def number_sql(text: str, decimal: str | None, kind: str = "double") -> str:
    """Return SQL that parses a text as a number, null where it is none.

    Parameters
    ----------
    text : str
        SQL of the text.
    decimal : {".", ","} or None
        None reads only digits, with a decimal point where there is one.
    kind : str
        The SQL type of the number.

    Examples
    --------
    >>> number_sql("cell", None)
    'try_cast(cell as double)'
    """
    plain = f"try_cast({text} as {kind})"
    if decimal is None:
        return plain
    dropped = {DOT: COMMA, COMMA: DOT}[decimal] + _BLANKS + _CURRENCY
    digits = f"translate({text}, {literal(dropped)}, '')"
    fits = f"regexp_matches(trim({text}), {_WRITTEN[decimal]})"
    if decimal == COMMA:
        return f"(case when {fits} then try_cast(replace({digits}, ',', '.') as {kind}) end)"
    return f"coalesce({plain}, case when {fits} then try_cast({digits} as {kind}) end)"


def like_number_sql(text: str) -> str:
    """Return SQL that tells whether a text is a number in any way of writing."""
    ways = " or ".join(f"regexp_matches(trim({text}), {each})" for each in _WRITTEN.values())
    return f"(try_cast({text} as double) is not null or {ways})"


def guess_numbers(
    con: duckdb.DuckDBPyConnection,
    sql: str,
    columns: Sequence[str],
    *,
    told: str | None = None,
    file: str | None = None,
) -> dict[str, NumberGuess]:
    """Guess the decimal mark of columns that mostly hold numbers, from their first 50,000 rows.

    The mark that more cells can only be read with is taken; cells written otherwise are no
    numbers then. Where there is no such cell, or as many for each mark, the column is ambiguous.
    So it is if some cells can be read either way, and hardly any cell says which, or many say the
    one and many the other: taking one mark would read the others' cells as something else.

    Parameters
    ----------
    con : DuckDB connection
    sql : str
    columns : sequence of str
    told : {".", ","} or None
        What the config says; then only `whole` is found out.
    file : str or None
        The column that tells from which file a row is, where there are several.
    """
    if not columns:
        return {}
    con.execute(f"create or replace temp table sample as from ({sql}) limit {SAMPLE_ROWS}")
    marks = {name: NumberGuess(told, None) for name in columns}
    if told is None:
        counts = ", ".join(f"[{_count_marks(quote(name))}]" for name in columns)
        examples = ", ".join(_example(quote(name)) for name in columns)
        found = con.execute(f"select {counts}, {examples} from sample").fetchall()[0]
        for name, each, example in zip(columns, found, found[len(columns) :], strict=False):
            marks[name] = _decimal(each, example)
        if file is not None:
            marks |= {name: _unlike(con, name, marks[name], file) for name in columns}
    broken = ", ".join(_count_broken(quote(name), mark.decimal) for name, mark in marks.items())
    fractions = con.execute(f"select {broken} from sample").fetchall()[0]
    return {
        name: replace(mark, whole=fraction == 0)
        for (name, mark), fraction in zip(marks.items(), fractions, strict=True)
    }


def fraction_sql(text: str, decimal: str | None) -> str:
    """Return SQL that tells whether a number is written with a decimal mark."""
    return f"{text} like '%{decimal or DOT}%'"


def _count_broken(cell: str, decimal: str | None) -> str:
    number, whole = (number_sql(cell, decimal, kind) for kind in ("double", "bigint"))
    return (
        f"count(*) filter (where {number} is not null "
        f"and ({fraction_sql(cell, decimal)} or {whole} is null))"
    )


def _example(cell: str) -> str:
    dot, comma = (f"regexp_matches(trim({cell}), {_WRITTEN[mark]})" for mark in (DOT, COMMA))
    marked = f"regexp_matches({cell}, '[.,]')"
    return (
        f"coalesce(min({cell}) filter (where {marked} and {dot} and {comma}), "
        f"min({cell}) filter (where {marked} and ({dot} or {comma})))"
    )


def _count_marks(cell: str) -> str:
    dot, comma = (f"regexp_matches(trim({cell}), {_WRITTEN[mark]})" for mark in (DOT, COMMA))
    plain = f"try_cast({cell} as double) is not null"  # 1e-3 and .5 are written with a point
    marked = f"regexp_matches({cell}, '[.,]')"
    return (
        f"count(*) filter (where {marked} and not {comma} and ({dot} or {plain})), "
        f"count(*) filter (where {marked} and {comma} and not {dot} and not {plain}), "
        f"count(*) filter (where {dot} and not {plain}), "
        f"count(*) filter (where {marked} and {dot} and {comma})"
    )


def _decimal(counts: Sequence[int], example: str | None) -> NumberGuess:
    dot, comma, grouped, either = counts
    few = STRAY * (dot + comma + either)
    unsure = either > 0 and (max(dot, comma) < few or min(dot, comma) > few)
    if dot != comma and not unsure:
        return NumberGuess(DOT if dot > comma else COMMA, None)
    return NumberGuess(DOT if grouped or example is not None else None, example)


def _unlike(
    con: duckdb.DuckDBPyConnection, name: str, guess: NumberGuess, file: str
) -> NumberGuess:
    """Return the guess, ambiguous if a file seems to write its numbers with the other mark.

    That is one with many cells such as 1,100 where others say that a comma stands between
    thousands, and none that says so itself.
    """
    if guess.decimal is None or guess.example is not None:
        return guess
    cell, other = quote(name), {DOT: COMMA, COMMA: DOT}[guess.decimal]
    dot, comma = (f"regexp_matches(trim({cell}), {_WRITTEN[mark]})" for mark in (DOT, COMMA))
    either = f"({dot} and {comma} and contains({cell}, {literal(other)}))"
    found = con.execute(
        f"select min({cell}) filter (where {either}) as example from sample group by {quote(file)} "
        f"having count(*) filter (where {either}) >= {ENOUGH} and count(*) filter "
        f"(where regexp_matches({cell}, '[.,]') and {dot} <> {comma}) = 0 order by 1 limit 1"
    ).fetchall()
    return replace(guess, example=str(found[0][0])) if found else guess
