"""How does SQL that an analyst can read add up amounts, and find first times, in text?

A cell that is filled and no number makes the sum NaN, so that its order is put aside and not
counted without it. What counts as an empty cell is what the reader of the histories leaves empty.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from features.init.tables import Table
from features.reading.readers import NOTHING
from features.reading.text_guesses import FAMILIES, TimeGuess, epoch_sql, time_sql
from features.reading.text_numbers import COMMA, number_sql
from features.sql_text import literal, quote

_EMPTY = f"('', {NOTHING[1:]}"
_GROUPED_DOT = literal("^[-+0-9]+(,[0-9]{3})*([.][0-9]+)?$")
_GROUPED_COMMA = literal("^[-+0-9]+([.][0-9]{3})*(,[0-9]+)?$")


def sum_sql(table: Table, names: Sequence[str], alias: str = "") -> str:
    """Return the sum of a column, or of the product of several, over the rows that fill them.

    Parameters
    ----------
    table : Table
    names : sequence of str
        Its columns.
    alias : str
        What the query calls the table, with a dot; nothing where it needs no name.
    """
    product = product_sql(table, names, alias)
    filled = [each for name in names if (each := _filled(table, name, alias))]
    if not any(name in table.source.text for name in names):
        return f"sum({product})" + (f" filter (where {' and '.join(filled)})" if filled else "")
    inside, kept = product.replace("\n", "\n  "), "\n  and ".join(filled)
    return f"sum(coalesce(\n  {inside},\n  'nan'\n)) filter (\n  where {kept}\n)"


def product_sql(table: Table, names: Sequence[str], alias: str = "") -> str:
    """Return the product of columns as numbers, null where a cell is none."""
    cells = [number_cell(table, name, alias) for name in names]
    return ("\n* " if any("\n" in cell for cell in cells) else " * ").join(cells)


def number_cell(table: Table, name: str, alias: str = "") -> str:
    """Return SQL for a cell as a number: the shortest that reads each cell seen as Tenure does.

    A later cell that is written in another way is no number by it, rather than another number.
    """
    cell = alias + quote(name)
    if name not in table.source.text:
        return cell
    decimal = table.source.decimals.get(name)
    marks = _marks(table, name)
    here, strict = quote(name), number_sql(quote(name), decimal)
    for short, tried in zip(_ways(cell, decimal, marks), _ways(here, decimal, marks), strict=True):
        if _alike(table, tried, strict):
            return short
    return number_sql(cell, decimal)


def empty_rows(table: Table, names: Sequence[str]) -> int:
    """Return how many of the rows looked at have no amount, one of its columns being empty."""
    text = [name for name in names if name in table.source.text]
    filled = [_filled(table, name, "") for name in text]
    filled += [f"isfinite({quote(name)}::double)" for name in names if name not in text]
    count = f"count(*) filter (where ({' and '.join(filled)}) is not true)"
    rows: int = table.source.con.execute(f"select {count} from {table.look}").fetchall()[0][0]
    return rows


def first_time(table: Table, name: str, cell: str, times: TimeGuess, order: str) -> str:
    """Return the first time among an order's rows, as it is written."""
    strict = written_time(quote(name), times)
    for short, tried in zip(_times(cell, times), _times(quote(name), times), strict=True):
        if _alike(table, tried, strict):
            return f"arg_min({cell}, {short})"
    if _one_per(table, name, order):
        return f"min({cell})"
    return f"arg_min({cell}, {written_time(cell, times)})"


def time_of(table: Table, name: str) -> str:
    """Return SQL that reads a column as a time, within the table as it was found."""
    look, cell = table.columns[name], quote(name)
    if look.times is not None:
        return written_time(cell, look.times)
    if table.source.is_numeric(name):
        return epoch_sql(f"cast({cell} as double)")
    return cell


def written_time(cell: str, times: TimeGuess) -> str:
    """Return SQL that reads a text as a time in the ways that were found."""
    families = (*times.families[:1], *times.also)
    return f"coalesce({', '.join(time_sql(cell, each) for each in families)})"


def _times(cell: str, times: TimeGuess) -> Iterator[str]:
    yield f"try_cast({cell} as timestamp)"
    for family in times.families[:1]:
        for written in FAMILIES.get(family, ()):
            yield f"try_strptime({cell}, {literal(written)})"


def _filled(table: Table, name: str, alias: str) -> str:
    """Return SQL that tells whether a cell is filled; nothing where a sum skips the empty ones."""
    cell = alias + quote(name)
    if name in table.source.text:
        return f"upper(trim({cell}))\n    not in {_EMPTY}"
    if table.source.types[name] in ("DOUBLE", "FLOAT"):
        return f"not isnan({cell})"
    return ""


def _ways(cell: str, decimal: str | None, marks: str) -> Iterator[str]:
    bare = f"translate({cell}, {literal(marks)}, '')" if marks else cell
    if decimal == COMMA:
        grouped = f"regexp_extract({bare}, {_GROUPED_COMMA})"
        yield f"try_cast(translate(\n  {grouped},\n  ',.', '.'\n) as double)"
        return
    yield f"try_cast({bare} as double)"
    grouped = f"regexp_extract({bare}, {_GROUPED_DOT})"
    yield f"try_cast(replace(\n  {grouped},\n  ',', ''\n) as double)"


def _marks(table: Table, name: str) -> str:
    """Return the blanks and signs of a currency that stand in the numbers of a column."""
    cell = quote(name)
    number = number_sql(cell, table.source.decimals.get(name))
    others = f"regexp_extract_all({cell}, '[^-+0-9.,eE]')"
    rows = f"select unnest({others}) from {table.look} where isfinite({number})"
    return "".join(sorted({row[0] for row in table.source.con.execute(rows).fetchall()}))


def _alike(table: Table, one: str, other: str) -> bool:
    sql = f"select 1 from {table.look} where {one} is distinct from {other} limit 1"
    return not table.source.con.execute(sql).fetchall()


def _one_per(table: Table, name: str, order: str) -> bool:
    sql = (
        f"select 1 from {table.look} where {quote(order)} is not null group by {quote(order)} "
        f"having count(distinct {quote(name)}) > 1 limit 1"
    )
    return not table.source.con.execute(sql).fetchall()
