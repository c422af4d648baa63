"""What is known of this one customer? Raw rows in, the features of a build out, in milliseconds.

The features are those of `features.build.finished_table`, taken apart into programs when a snapshot
is published (`features.one_customer.plan`): nothing is compiled for a request, and no Ibis loaded.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import numpy as np
from pydantic import TypeAdapter

from features.errors import DataError, ModelError
from features.one_customer.program import NotHere, Program
from features.one_customer.raw_rows import Columns, Row, RowReader
from features.schemas import Kind
from features.value_columns import NEVER_GIVEN
from features.windows import day_number

Values = dict[str, float | str | None]


@dataclass(frozen=True)
class Part:
    """Columns that one history makes.

    Attributes
    ----------
    history : str
    program : Program
        Gives one row, or none where the history has no row that is known at the cutoff.
    absent : mapping of str to float or None
        What the columns are then.
    """

    history: str
    program: Program
    absent: Mapping[str, float | None]


@dataclass(frozen=True)
class CustomerPlan:
    """How the features of one customer are made.

    Attributes
    ----------
    time_zone : str
        IANA name of the business's.
    columns : mapping of str to mapping of str to Kind
        History -> its columns, without customer_id -> what they hold.
    wanted : mapping of str to tuple of str
        History -> the uniform columns that programs read.
    duplicates : mapping of str to {"drop", "keep"}
        History -> what happens to rows equal in every column.
    ends_inclusive : bool
        Whether `ended_at` is the last day of a term.
    population : Part
        Gives a row if the customer could still leave.
    features : tuple of Part
        Each gives some columns of the features.
    together : Program or None
        Columns made of those, which are its only table; gives one row.
    value_inputs : tuple of Part
        Each gives some of what a value model reads.
    decimals : int
        To which a build rounds its numbers.
    yes_no : mapping of str to pair
        Attributes of yes and no -> what the tables hold for no, and for yes.
    """

    time_zone: str
    columns: Mapping[str, Mapping[str, Kind]]
    wanted: Mapping[str, tuple[str, ...]]
    duplicates: Mapping[str, str]
    ends_inclusive: bool
    population: Part
    features: tuple[Part, ...]
    together: Program | None
    value_inputs: tuple[Part, ...]
    decimals: int
    yes_no: Mapping[str, tuple[float | str, float | str]] = field(default_factory=dict)

    def to_json(self) -> str:
        """Return the plan as JSON."""
        return _PLAN.dump_json(self).decode()

    @classmethod
    def from_json(cls, text: str) -> CustomerPlan:
        """Read what `to_json` wrote.

        Raises
        ------
        ModelError
            It is none, or another version's.
        """
        try:
            return _PLAN.validate_json(text)
        except ValueError as error:
            raise ModelError(
                "the plan for a customer's history is damaged or of another version of Tenure; "
                "run tenure score"
            ) from error


_PLAN = TypeAdapter(CustomerPlan)


@dataclass(frozen=True)
class KnownCustomer:
    """What is known of a customer at a cutoff.

    Attributes
    ----------
    could_leave : bool
        Whether a build would have a row for it; without one, the rest is empty.
    features : dict of str to float, str or None
        Numbers as floats, rounded as in a build, and categories as text; None for what is missing.
    value_inputs : dict of str to float or None
        Those of `features.value_columns.VALUE_INPUTS`; None for what is missing.
    """

    could_leave: bool
    features: Values
    value_inputs: Values


class OneCustomer:
    """Builds what is known of one customer at a time; not to be shared by threads.

    Parameters
    ----------
    plan : CustomerPlan
    """

    def __init__(self, plan: CustomerPlan) -> None:
        self._plan = plan
        self._reader = RowReader(plan.time_zone, plan.columns, plan.ends_inclusive, plan.yes_no)

    def know(
        self, histories: Mapping[str, Sequence[Row]], *, cutoff: date, now: datetime
    ) -> KnownCustomer:
        """Build what is known of a customer before a cutoff.

        Parameters
        ----------
        histories : mapping of str to sequence of rows
            History -> rows: columns of the plan -> text, number or flag, without what is null; each
            row with its `features.one_customer.raw_rows.POSITION`.
        cutoff : date
        now : datetime, with a time zone
            Rows that say they happened after it are refused.

        Raises
        ------
        RowError
            A row breaks a rule.
        DataError
            A feature can't be computed from such rows.
        """
        plan, day = self._plan, day_number(cutoff)
        given = {name: rows for name, rows in histories.items() if rows}
        tables = self._reader.read(given, plan.wanted, now=now)
        try:
            if _run(plan.population, tables, day) is None:
                return KnownCustomer(False, {}, {})
            features = _gathered(plan.features, tables, day)
            if plan.together is not None:
                columns = {name: [value] for name, value in features.items()}
                features |= _only_row(plan.together.run({TOGETHER: columns}, day)) or {}
            inputs = NEVER_GIVEN | _gathered(plan.value_inputs, tables, day)
        except NotHere as error:
            raise DataError(
                "a feature can't be computed from these rows; look for amounts or times that no "
                "customer can have"
            ) from error
        return KnownCustomer(True, _rounded(features, plan.decimals), inputs)


TOGETHER = "together"
"""The one table of columns that are combined."""


def _gathered(parts: Sequence[Part], tables: Mapping[str, Columns], day: int) -> Values:
    found: Values = {}
    for part in parts:
        found |= _run(part, tables, day) or part.absent
    return found


def _run(part: Part, tables: Mapping[str, Columns], day: int) -> Values | None:
    return _only_row(part.program.run(tables, day)) if part.history in tables else None


def _only_row(columns: Mapping[str, Sequence[float | str | None]]) -> Values | None:
    """Return the row of columns that have one; None where they have none."""
    return {name: values[0] for name, values in columns.items() if values} or None


def _rounded(features: Values, decimals: int) -> Values:
    numbers = [name for name, value in features.items() if isinstance(value, float)]
    found = np.round(np.array([features[name] for name in numbers], np.float64), decimals)
    return features | dict(zip(numbers, found.tolist(), strict=True))
