"""Which columns does each history have, and which of them must be there?

One declaration per history; the loader, `tenure check` and the config's spelling help all read it.
A column of kind ``time`` becomes two columns of the normalised table: ``<stem>_at`` (naive UTC
timestamp) and ``<stem>_day`` (day number in the business's time zone). The clock of the row itself
has its day under the plain name ``day``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["id", "time", "number", "text", "code", "flag"]


@dataclass(frozen=True)
class Column:
    """One column of a history.

    Attributes
    ----------
    name : str
        Its name inside Tenure and, unless the config maps it, in the source.
    kind : {"id", "time", "number", "text", "code", "flag"}
        A code is text whose case does not matter.
    required : bool
        A row without it goes to quarantine; a source without it is an error.
    may_lie_ahead : bool
        A time that may honestly lie in the future (a renewal date).
    """

    name: str
    kind: Kind
    required: bool = False
    may_lie_ahead: bool = False


@dataclass(frozen=True)
class Schema:
    """One history: its columns, its own clock, and its rules.

    Attributes
    ----------
    name : str
    columns : tuple of Column
        `customer_id` first; `known_at` is understood for all of them.
    clocks : tuple of str
        The time at which the row happened: the first that is given; none for customers.
    rules : tuple of (str, str)
        What is wrong -> SQL condition over the normalised columns that finds such rows.
    """

    name: str
    columns: tuple[Column, ...]
    clocks: tuple[str, ...]
    rules: tuple[tuple[str, str], ...] = ()

    def column(self, name: str) -> Column | None:
        """Return the column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


CUSTOMER_ID = Column("customer_id", "id", required=True)
KNOWN_AT = Column("known_at", "time")


def _schema(
    name: str, clocks: tuple[str, ...], *columns: Column, rules: tuple[tuple[str, str], ...] = ()
) -> Schema:
    return Schema(name, (CUSTOMER_ID, *columns, KNOWN_AT), clocks, rules)


def _text(*names: str) -> tuple[Column, ...]:
    return tuple(Column(name, "text") for name in names)


_SCORE_OFF_SCALE = (
    "score is off its instrument's scale (nps 0-10, csat 1-5, ces 1-7, ins 1-5)",
    "(instrument = 'nps' and score not between 0 and 10)"
    " or (instrument in ('csat', 'ins') and score not between 1 and 5)"
    " or (instrument = 'ces' and score not between 1 and 7)",
)

_OTHER_SCALE = (
    "scale is not its instrument's (nps 0-10, csat 1-5, ces 1-7, ins 1-5); rescale the score",
    "regexp_replace(scale, '[^0-9]+', '-', 'g') <> "
    "case instrument when 'nps' then '0-10' when 'ces' then '1-7' else '1-5' end",
)

SCHEMAS: dict[str, Schema] = {
    schema.name: schema
    for schema in (
        _schema("customers", (), Column("signed_up_at", "time")),
        _schema(
            "subscriptions",
            ("started_at",),
            Column("started_at", "time", required=True),
            Column("ended_at", "time", may_lie_ahead=True),
            *_text("plan"),
            Column("monthly_amount", "number"),
            Column("renews_at", "time", may_lie_ahead=True),
            *_text("cancel_reason"),
            rules=(
                ("ended_at is before started_at", "ended_at < started_at"),
                ("monthly_amount is negative", "monthly_amount < 0"),
            ),
        ),
        _schema(
            "usage",
            ("occurred_at",),
            Column("occurred_at", "time", required=True),
            *_text("event"),
            Column("quantity", "number"),
            Column("duration_seconds", "number"),
            rules=(("duration_seconds is negative", "duration_seconds < 0"),),
        ),
        _schema(
            "tickets",
            ("opened_at",),
            Column("opened_at", "time", required=True),
            *_text("ticket_id"),
            Column("first_response_at", "time"),
            Column("resolved_at", "time"),
            Column("contacts", "number"),
            Column("reopened", "flag"),
            Column("escalated", "flag"),
            *_text("channel", "category", "priority"),
            Column("handle_minutes", "number"),
            *_text("text"),
            rules=(
                ("first_response_at is before opened_at", "first_response_at < opened_at"),
                ("resolved_at is before opened_at", "resolved_at < opened_at"),
            ),
        ),
        _schema(
            "surveys",
            ("answered_at",),
            Column("answered_at", "time"),
            Column("instrument", "code", required=True),
            Column("score", "number"),
            Column("sent_at", "time"),
            *_text("scale", "touchpoint", "comment"),
            rules=(
                (
                    "instrument is none of nps, csat, ces, ins",
                    "instrument not in ('nps', 'csat', 'ces', 'ins')",
                ),
                ("neither answered_at nor sent_at", "answered_at is null and sent_at is null"),
                ("answered without a score", "answered_at is not null and score is null"),
                ("answered_at is before sent_at", "answered_at < sent_at"),
                _OTHER_SCALE,
                _SCORE_OFF_SCALE,
            ),
        ),
        _schema(
            "orders",
            ("ordered_at",),
            Column("ordered_at", "time", required=True),
            Column("amount", "number", required=True),
            *_text("order_id"),
            Column("margin", "number"),
            Column("discount", "number"),
            *_text("channel", "category"),
            Column("refunded_at", "time"),
            rules=(
                ("refunded_at is before ordered_at", "refunded_at < ordered_at"),
                ("discount is negative", "discount < 0"),
            ),
        ),
        _schema(
            "payments",
            ("due_at",),
            Column("due_at", "time", required=True, may_lie_ahead=True),
            Column("paid_at", "time"),
            Column("failed_at", "time"),
            Column("amount", "number"),
        ),
        _schema(
            "mentions",
            ("posted_at",),
            Column("posted_at", "time", required=True),
            *_text("network", "text"),
            Column("sentiment", "number"),
        ),
        _schema(
            "campaigns",
            ("assigned_at", "contacted_at"),
            Column("assigned_at", "time"),
            Column("contacted_at", "time"),
            Column("arm", "text", required=True),
            *_text("campaign"),
            Column("cost", "number"),
            *_text("offer"),
            rules=(
                (
                    "neither assigned_at nor contacted_at",
                    "assigned_at is null and contacted_at is null",
                ),
            ),
        ),
    )
}

ACTIVITY_HISTORIES = ("usage", "orders", "subscriptions")
"""At least one of these must be there: without any, nobody can be seen to stay or to leave."""


def day_column(column: Column, schema: Schema) -> str:
    """Name of the day number made from a time column: ``ended_at`` -> ``ended_day``.

    Examples
    --------
    >>> day_column(Column("ended_at", "time"), SCHEMAS["subscriptions"])
    'ended_day'
    >>> day_column(Column("started_at", "time"), SCHEMAS["subscriptions"])
    'day'
    """
    return "day" if schema.clocks == (column.name,) else f"{column.name.removesuffix('_at')}_day"
