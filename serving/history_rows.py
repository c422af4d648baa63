"""Which rows did a request supply? Checked for what its columns are, copies left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from pydantic import ValidationError

from features.config import nearest
from features.one_customer.customer import CustomerPlan
from features.one_customer.raw_rows import POSITION, RowError
from features.schemas import SCHEMAS
from serving.problems import ProblemError
from serving.schemas import MAX_ROWS, Cell, HistoryRequest

_EXPECTED = '{"histories": {"usage": [{"occurred_at": "2024-05-01T10:00:00Z"}]}}'
_CELLS = "text, a number, true, false or null"
_SAYINGS = {
    "missing": "is missing",
    "extra_forbidden": "is not a field of a request",
    "model_type": "is not an object",
    "model_attributes_type": "is not an object",
    "dict_type": "is not an object",
    "list_type": "is not a list",
    "bool_type": "is neither true nor false",
    "string_type": "is not text",
}


@dataclass(frozen=True)
class SuppliedRows:
    """The rows of one customer, as `features.one_customer.customer.OneCustomer` takes them.

    Attributes
    ----------
    rows : mapping of str to list of rows
        History -> rows, each with its position in the request; what is null is left out.
    copies : mapping of str to int
        History -> rows left out as equal to another one, where there were some.
    cutoff : date or None
        As asked for.
    features, reasons : bool
        Whether they were asked for.
    """

    rows: Mapping[str, list[dict[str, Cell]]]
    copies: Mapping[str, int]
    cutoff: date | None
    features: bool
    reasons: bool


def parse_history(body: bytes) -> HistoryRequest:
    """Read a request's body.

    Raises
    ------
    ProblemError
        400 where it is not JSON, 422 where it is not a request; the text repeats no value of it.
    """
    try:
        return HistoryRequest.model_validate_json(body)
    except ValidationError as error:
        raise _invalid(error) from None


def supplied_rows(request: HistoryRequest, plan: CustomerPlan, *, now: datetime) -> SuppliedRows:
    """Check a request against what the models in use can read.

    Parameters
    ----------
    request : HistoryRequest
    plan : CustomerPlan
        Of the snapshot that answers.
    now : datetime, with a time zone

    Raises
    ------
    ProblemError
        422: a history or column that is not known, too many rows, or a cutoff that is none.
    """
    count = sum(map(len, request.histories.values()))
    if count > MAX_ROWS:
        raise ProblemError(
            413, f"histories hold {count:,} rows (at most {MAX_ROWS:,}); leave out the oldest ones"
        )
    rows, copies = {}, {}
    for history, given in request.histories.items():
        _check_history(history, plan)
        keep = (request.duplicates or plan.duplicates[history]) == "keep"
        rows[history] = _rows(history, given, plan.columns[history], keep=keep)
        if len(rows[history]) < len(given):
            copies[history] = len(given) - len(rows[history])
    cutoff = _cutoff(request.cutoff, plan.time_zone, now)
    return SuppliedRows(rows, copies, cutoff, request.features, request.reasons)


def refused_row(error: RowError) -> ProblemError:
    """Return the answer to a row that breaks a rule."""
    return ProblemError(
        422, f"histories.{error.history}.{error.position}: {error.reason}; mend it or leave it out"
    )


def _check_history(history: str, plan: CustomerPlan) -> None:
    if history in plan.columns:
        return
    if history in SCHEMAS:
        why = "is not read by the models in use; leave it out"
    else:
        guess = nearest(history, plan.columns)
        why = f"is no history; did you mean {guess}?" if guess else "is no history"
    raise ProblemError(422, f"histories.{_shown(history)} {why} (known: {', '.join(plan.columns)})")


def _rows(
    history: str, given: Sequence[Mapping[str, Cell]], columns: Mapping[str, Any], *, keep: bool
) -> list[dict[str, Cell]]:
    """Number the rows, without what is null; of equal ones the first, unless all are kept."""
    found: list[dict[str, Cell]] = []
    seen: set[frozenset[tuple[str, Cell]]] = set()
    for position, row in enumerate(given):
        if not row.keys() <= columns.keys():
            raise _unknown_column(history, position, row, columns)
        filled = {name: cell for name, cell in row.items() if cell is not None}
        same = frozenset(filled.items())
        if keep or same not in seen:
            seen.add(same)
            found.append({POSITION: position, **filled})
    return found


def _unknown_column(
    history: str, position: int, row: Mapping[str, Cell], columns: Mapping[str, Any]
) -> ProblemError:
    name = next(name for name in row if name not in columns)
    if name == "customer_id":
        why = "is not needed: all rows are one customer's; leave it out"
    else:
        guess = nearest(name, columns)
        why = f"is no column of {history}; " + (
            f"did you mean {guess}?" if guess else f"known: {', '.join(columns)}"
        )
    return ProblemError(422, f"histories.{history}.{position}.{_shown(name)} {why}")


def _cutoff(text: str | None, time_zone: str, now: datetime) -> date | None:
    if text is None:
        return None
    try:
        cutoff = date.fromisoformat(text)
    except ValueError:
        raise ProblemError(422, "cutoff is no ISO date; send one like 2024-06-01") from None
    today = now.astimezone(ZoneInfo(time_zone)).date()
    if cutoff > today:
        raise ProblemError(422, f"cutoff lies after today ({today}); ask for today or before")
    if cutoff.year < 1900:
        raise ProblemError(422, "cutoff lies before 1900; send one like 2024-06-01")
    return cutoff


def _invalid(error: ValidationError) -> ProblemError:
    first = error.errors(include_url=False, include_input=False)[0]
    if first["type"] == "json_invalid":
        why = str(first["ctx"]["error"])
        return ProblemError(400, f"the body is not JSON ({why}); send {_EXPECTED}")
    place = [str(part) if isinstance(part, int) else _shown(part) for part in first["loc"][:4]]
    if len(first["loc"]) > 3:  # a cell: what follows says which kinds it is not
        return ProblemError(422, f"{'.'.join(place)} is none of {_CELLS}")
    said = _SAYINGS.get(first["type"], first["msg"])
    return ProblemError(422, f"{'.'.join(place) or 'the body'} {said}; send {_EXPECTED}")


def _shown(name: str) -> str:
    """Return a name from a request as far as it may be one: values must not come back."""
    return name if name.isidentifier() and len(name) <= 40 else "(another name)"
