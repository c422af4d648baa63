"""What does a sheet of an Excel file hold? Read into one Arrow table, ids as they are written."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from features.errors import DataError

EXCEL_ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
_ERRORS = ("", "NULL", "#N/A", "#REF!", "#DIV/0!", "#VALUE!", "#NAME?", "#NUM!", "#NULL!")


def read_sheets(files: Sequence[Path], sheet: str | None = None) -> pa.Table:
    """Read one sheet of each Excel file, one below the other, columns matched by name.

    A column whose cells are all numbers, all times or all yes or no keeps that type; in any other
    each cell is text, as Excel shows it: the number 1 is "1", and the text "001" stays "001".

    Parameters
    ----------
    files : sequence of Path
    sheet : str or None
        The first sheet of each file where it is None.

    Raises
    ------
    DataError
        The package python-calamine is not installed, no Excel file, or no such sheet.
    """
    columns: dict[str, list[Any]] = {}
    rows = 0
    for file in files:
        header, cells = _rows(file, sheet)
        for name in header:
            columns.setdefault(name, [None] * rows)
        for name, column in columns.items():
            place = header.index(name) if name in header else None
            column.extend(None if place is None else _filled(row[place]) for row in cells)
        rows += len(cells)
    return pa.table({name: _array(cells) for name, cells in columns.items()})


def sheet_names(file: Path) -> list[str]:
    """Return the names of a file's sheets, first one first."""
    return list(_open(file).sheet_names)


def _open(file: Path) -> Any:
    try:
        from python_calamine import CalamineError, CalamineWorkbook
    except ImportError as error:
        raise DataError(
            f"{file} is an Excel file, and the package that reads them is not installed; "
            "pip install 'tenure[excel]', or save the sheet as CSV"
        ) from error
    try:
        return CalamineWorkbook.from_path(str(file))
    except (CalamineError, OSError) as error:
        raise DataError(f"{file} can't be read as an Excel file: {error}; save it again") from error


def _rows(file: Path, sheet: str | None) -> tuple[list[str], list[list[Any]]]:
    book = _open(file)
    names = list(book.sheet_names)
    if sheet is not None and sheet not in names:
        raise DataError(f"{file} has no sheet '{sheet}' (found: {', '.join(names)}); mend sheet")
    rows = book.get_sheet_by_name(sheet or names[0]).to_python(skip_empty_area=True)
    filled = [row for row in rows if any(_filled(cell) is not None for cell in row)]
    if not filled:
        raise DataError(f"{file} has nothing in its sheet '{sheet or names[0]}'; name another one")
    return [_name(cell, place) for place, cell in enumerate(filled[0])], filled[1:]


def _name(cell: Any, place: int) -> str:
    return _text(_filled(cell)) or f"column{place}"


def _filled(cell: Any) -> Any:
    if isinstance(cell, str) and cell.strip() in _ERRORS:
        return None
    return cell


def _array(cells: Sequence[Any]) -> pa.Array:
    kinds = {type(cell) for cell in cells if cell is not None}
    if kinds and kinds <= {int, float}:
        return pa.array([None if cell is None else float(cell) for cell in cells], pa.float64())
    if kinds == {bool}:
        return pa.array(cells, pa.bool_())
    if kinds and kinds <= {date, datetime}:
        return pa.array([_moment(cell) for cell in cells], pa.timestamp("us"))
    return pa.array([_text(cell) for cell in cells], pa.string())


def _moment(cell: Any) -> datetime | None:
    if cell is None or isinstance(cell, datetime):
        return cell
    return datetime.combine(cell, time())


def _text(cell: Any) -> str | None:
    if cell is None or isinstance(cell, str):
        return cell
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.isoformat(sep=" ")
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell.total_seconds()) if isinstance(cell, timedelta) else str(cell)
