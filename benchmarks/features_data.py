"""What do the feature benchmarks read? Histories of a made-up company, as Parquet files.

Made by DuckDB from hashes of numbers, so that every run reads the same rows. The log holds 400
days, in which people join and four in ten leave again. How much someone does follows an exponential
distribution. Use comes in bursts of neighbouring days, on each of them a session of a login and,
on average, three or four further events of ten kinds, a minute or so apart; so a customer has some
five events on an active day. Each file is in the order of time, as exports are, except customers.
"""

from __future__ import annotations

from pathlib import Path

from duckdb import DuckDBPyConnection

from features.schemas import SCHEMAS, Column, Schema, day_column

DAYS = 400
PER_CUSTOMER = {"usage": 50, "orders": 10, "tickets": 2, "surveys": 1}
"""Rows per customer, about; the others follow from the people's lives."""
MEASURES = {
    "usage": "quantity",
    "orders": "amount",
    "tickets": "contacts",
    "surveys": "score",
    "subscriptions": "monthly_amount",
    "payments": "amount",
    "mentions": "sentiment",
    "customers": "employees",
}
"""History -> the number that the bare scan adds up."""
ATTRIBUTES = ("region", "segment", "employees")

_MACROS = f"""
create or replace temp macro chance(person, salt) as
    (hash(person::bigint * 1000003 + salt) >> 11)::double / 9007199254740992.0;
create or replace temp macro amount(person, salt) as -ln(1 - 0.999999 * chance(person, salt));
create or replace temp macro pick(options, share) as
    options[1 + least((share * len(options))::int, len(options) - 1)];
create or replace temp macro id(person) as 'C' || lpad(person::varchar, 9, '0');
create or replace temp macro moment(day, seconds) as
    timestamp '2023-01-02' + to_days(day::int) + to_seconds(seconds);
create or replace temp table people as
    select *, greatest(joined, 0) as first, least(joined + stays, {DAYS}) as last,
        greatest(last - first, 1) as lived from (
        select person, (chance(person, 1) * 420)::int - 30 as joined,
            case when chance(person, 2) < 0.6 then {DAYS} + 30
                else 30 + (chance(person, 3) * 450)::int end as stays,
            amount(person, 4) as busy
        from range({{customers}}) as numbers(person)
    );
"""

_ROWS = {
    "usage": """
        with bursts as (
            select person, first, last, lived,
                unnest(range(greatest(1, (busy * 3.6 * lived / 230)::int))) as burst
            from people
        ), days as (
            select person, burst * 16 + step as session,
                least(first + (chance(person, burst * 32 + 5000) * (last - first))::int
                    + step + (chance(person, burst * 32 + 5001 + step) * 3)::int, last) as day
            from (select *,
                unnest(range(1 + (chance(person, burst * 32 + 5017) * 5)::int)) as step from bursts)
        ), events as (
            select person, day, session * 128 as salt,
                6 * 3600 + chance(person, session * 128 + 30000) * 3600 * 14 as clock,
                unnest(range(1 + least(
                    (amount(person, session * 128 + 30001) * 3.6)::int, 60))) as step
            from days
        )
        select id(person) as customer_id,
            moment(day, clock + step * 70 + chance(person, salt + step + 30002) * 60)
                as occurred_at,
            case when step = 0 then 'login' else pick(['view', 'search', 'report', 'export',
                'share', 'invite', 'api', 'settings', 'upload', 'comment'],
                pow(chance(person, salt + step + 30064), 2)) end as event,
            (1 + chance(person, salt + step + 230064) * 20)::int::double as quantity,
            round(amount(person, salt + step + 430064) * 90, 1) as duration_seconds
        from events order by occurred_at
    """,
    "orders": """
        with orders as (
            select person, first, last,
                unnest(range((0.5 + busy * 11 * lived / 230)::int)) * 16 as salt from people
        )
        select id(person) as customer_id,
            moment(first + (chance(person, salt + 500000) * (last - first))::int,
                chance(person, salt + 500001) * 86400) as ordered_at,
            'O' || lpad((person * 1000 + salt // 16)::varchar, 12, '0') as order_id,
            round((5 + pow(chance(person, salt + 500002), 3) * 200)
                * (case when chance(person, salt + 500003) < 0.02 then -1 else 1 end), 2) as amount,
            round(chance(person, salt + 500004) * 40, 2) as margin,
            case when chance(person, salt + 500005) < 0.2
                then round(chance(person, salt + 500006) * 10, 2) else 0 end as discount,
            pick(['web', 'app', 'shop'], chance(person, salt + 500007)) as channel,
            pick(['garden', 'books', 'food', 'toys', 'tools', 'sport', 'music', 'home'],
                pow(chance(person, salt + 500008), 2)) as category,
            case when chance(person, salt + 500009) < 0.03 then ordered_at
                + to_days((3 + chance(person, salt + 500010) * 20)::int) end as refunded_at
        from orders order by ordered_at
    """,
    "tickets": """
        with tickets as (
            select person, moment(first + (chance(person, salt + 600000) * (last - first))::int,
                chance(person, salt + 600001) * 86400) as opened_at, salt
            from (select person, first, last,
                unnest(range((0.4 * chance(person, 5) + busy * 1.8)::int)) * 16 as salt from people)
        )
        select id(person) as customer_id, 'T' || (person * 100 + salt // 16) as ticket_id,
            opened_at, opened_at + to_minutes((chance(person, salt + 600002) * 600)::int)
                as first_response_at,
            case when chance(person, salt + 600003) < 0.93 then opened_at + to_minutes(
                (600 + pow(chance(person, salt + 600004), 3) * 20000)::int) end as resolved_at,
            1 + (pow(chance(person, salt + 600005), 3) * 5)::int as contacts,
            chance(person, salt + 600006) < 0.08 as reopened,
            chance(person, salt + 600007) < 0.05 as escalated,
            pick(['email', 'chat', 'phone'], chance(person, salt + 600008)) as channel,
            pick(['billing', 'bug', 'howto', 'access', 'delivery', 'other'],
                chance(person, salt + 600009)) as category,
            pick(['normal', 'low', 'high', 'urgent'],
                pow(chance(person, salt + 600010), 2)) as priority,
            round(chance(person, salt + 600011) * 60, 1) as handle_minutes
        from tickets order by opened_at
    """,
    "surveys": """
        with surveys as (
            select person, moment(first + (chance(person, salt + 700000) * (last - first))::int,
                chance(person, salt + 700001) * 86400) as sent_at, salt,
                pick(['nps', 'csat', 'ces', 'ins'], chance(person, salt + 700002)) as instrument,
                chance(person, salt + 700003) < 0.55 as answered,
                chance(person, salt + 700004) as mood
            from (select person, first, last,
                unnest(range((chance(person, 6) * 2.1)::int)) * 16 as salt from people)
        )
        select id(person) as customer_id, instrument, sent_at,
            case when answered then sent_at
                + to_hours((chance(person, salt + 700005) * 72)::int) end as answered_at,
            case when answered then case instrument when 'nps' then (sqrt(mood) * 10)::int
                when 'ces' then 1 + (mood * 6)::int else 1 + (sqrt(mood) * 4)::int end
            end::double as score
        from surveys order by sent_at
    """,
    "subscriptions": """
        with terms as (
            select person, joined, stays,
                chance(person, 7) < 0.4 and stays > 200 and joined < 190 as moved,
                unnest(case when moved then [0, 200] else [0] end) as start from people
        )
        select id(person) as customer_id, moment(joined + start, 0) as started_at,
            case when start = 0 and moved then moment(joined + 200, 0)
                when joined + stays < 400 then moment(joined + stays, 0) end as ended_at,
            pick(['basic', 'plus', 'pro', 'team'], chance(person, start + 800000)) as plan,
            pick([9.0, 19.0, 49.0, 99.0], chance(person, start + 800000)) as monthly_amount,
            moment(joined + start + 365, 0) as renews_at
        from terms order by started_at
    """,
    "payments": """
        with bills as (
            select person, first + quarter * 91 as day, quarter * 16 as salt from (
                select person, first, unnest(range(lived // 91 + 1)) as quarter from people)
        )
        select id(person) as customer_id, moment(day, 0) as due_at,
            case when chance(person, salt + 850000) < 0.97 then
                moment(day + (pow(chance(person, salt + 850001), 4) * 30)::int, 0) end as paid_at,
            case when chance(person, salt + 850002) < 0.04 then moment(day + 1, 0) end as failed_at,
            29.0 as amount
        from bills order by due_at
    """,
    "mentions": """
        select id(person) as customer_id,
            moment(first + (chance(person, 8) * (last - first))::int, 43200) as posted_at,
            pick(['forum', 'x', 'reddit'], chance(person, 9)) as network,
            round(chance(person, 10) * 2 - 1, 2) as sentiment
        from people where chance(person, 11) < 0.2 order by posted_at
    """,
    "customers": """
        select id(person) as customer_id, moment(joined, 0) as signed_up_at,
            pick(['north', 'south', 'east', 'west'], chance(person, 12)) as region,
            pick(['small', 'medium', 'large'], chance(person, 13)) as segment,
            (chance(person, 14) * 300)::int::double as employees
        from people
    """,
}

_NOTHING = {"time": "timestamp", "number": "double", "flag": "boolean"}


def write_company(con: DuckDBPyConnection, folder: Path, customers: int) -> None:
    """Write the Parquet file of every history; leaves alone what was written before.

    Parameters
    ----------
    con : DuckDB connection
    folder : Path
    customers : int
        About 50 events of usage and 10 orders each.
    """
    folder.mkdir(parents=True, exist_ok=True)
    missing = [name for name in _ROWS if not _file(folder, name).exists()]
    if missing:
        con.execute(_MACROS.format(customers=customers))
    for name in missing:
        unfinished = folder / f"{name}.unfinished"
        con.execute(f"copy ({_ROWS[name]}) to '{unfinished}' (format parquet)")
        unfinished.rename(_file(folder, name))


def normalised_views(con: DuckDBPyConnection, folder: Path) -> tuple[str, ...]:
    """Make a view per history with the columns that builders see; return their names."""
    for name in _ROWS:
        con.execute(f"create or replace view {name} as {_normalised(con, folder, SCHEMAS[name])}")
    return tuple(_ROWS)


def bare_scan(con: DuckDBPyConnection, folder: Path, name: str) -> None:
    """Read a file, group it by customer, count rows and add up one number."""
    con.sql(
        f"select customer_id, count(*) as rows, sum({MEASURES[name]}) as total "
        f"from '{_file(folder, name)}' group by customer_id"
    ).to_arrow_table()


def _file(folder: Path, name: str) -> Path:
    return folder / f"{name}.parquet"


def _normalised(con: DuckDBPyConnection, folder: Path, schema: Schema) -> str:
    file = _file(folder, schema.name)
    found = set(con.sql(f"select * from '{file}' limit 0").columns)
    columns = [
        part
        for column in schema.columns
        if column.name != "known_at"
        for part in _parts(column, schema, found)
    ]
    known = schema.clocks[0] if schema.clocks else "signed_up_at"
    columns.append(f"{_day(known)} as known_day")
    columns += ATTRIBUTES if schema.name == "customers" else ()
    return f"select {', '.join(columns)} from '{file}'"


def _parts(column: Column, schema: Schema, found: set[str]) -> list[str]:
    value = column.name
    if value not in found:
        value = f"null::{_NOTHING.get(column.kind, 'varchar')}"
    elif column.kind == "number":
        value = f"{value}::double"
    parts = [f"{value} as {column.name}"]
    if column.kind == "time":
        parts.append(f"{_day(value)} as {day_column(column, schema)}")
    return parts


def _day(time: str) -> str:
    return f"cast(cast({time} as date) - date '1970-01-01' as integer)"
