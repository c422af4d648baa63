from datetime import UTC, date, datetime

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from features.config import parse_config
from features.errors import DataError
from features.histories import load_histories

NOW = datetime(2025, 6, 1, tzinfo=UTC)
FUTURE = "ordered_at lies in the future"


@pytest.fixture
def load(tmp_path):
    opened = []

    def load(text, history="orders", *, zone="UTC", file=None, **table):
        name = file or f"{history}.csv"
        if text is not None:
            (tmp_path / name).write_text(text)
        histories = {history: {k: v for k, v in ({"path": name} | table).items() if v is not None}}
        if history not in ("orders", "usage", "subscriptions"):
            (tmp_path / "any.csv").write_text("customer_id,occurred_at\na,2024-01-01\n")
            histories["usage"] = {"path": "any.csv"}
        business = {
            "currency": "EUR",
            "churn": "cancellation" if history == "subscriptions" else "inactivity",
            "horizon_days": 28,
            "time_zone": zone,
        }
        raw = {"business": business, "histories": histories}
        found = load_histories(parse_config(raw, home=tmp_path), now=NOW)
        opened.append(found)
        return found

    yield load
    for each in opened:
        each.close()


def rows(histories, name="orders"):
    con = histories.backend.con.execute(f"from {name} order by all")
    names = [column[0] for column in con.description]
    return [dict(zip(names, row, strict=True)) for row in con.fetchall()]


def put_aside(histories, name="orders"):
    return dict(histories.reports[name].quarantined)


def test_other_column_names_and_expressions_need_only_the_map(load):
    found = load(
        "Customer ID;InvoiceDate;Quantity;Price\n001;31/12/2024 10:00;2;3.5\n001;01/02/2025 "
        "11:00;0;3.5\n",
        where="Quantity <> 0",
        columns={
            "customer_id": "Customer ID",
            "ordered_at": "InvoiceDate",
            "amount": "Quantity * Price",
        },
    )
    [row] = rows(found)
    assert (row["customer_id"], row["amount"]) == ("001", 7.0)
    assert row["day"] == (date(2024, 12, 31) - date(1970, 1, 1)).days


def test_ids_stay_text_and_are_never_merged(load):
    found = load("customer_id,ordered_at,amount\n1,2025-01-01,1\n001,2025-01-01,1\n01,2025-01-01,1")
    assert {row["customer_id"] for row in rows(found)} == {"1", "01", "001"}


def test_the_business_time_zone_decides_where_a_day_ends(load):
    text = "customer_id,ordered_at,amount\na,2025-03-01T23:30:00Z,1\nb,2025-03-01 23:30:00,1\n"
    found = {row["customer_id"]: row for row in rows(load(text, zone="Europe/Berlin"))}
    second_of_march = (date(2025, 3, 2) - date(1970, 1, 1)).days
    assert found["a"]["day"] == second_of_march  # 00:30 in Berlin
    assert found["a"]["ordered_at"] == datetime(2025, 3, 1, 23, 30)  # noqa: DTZ001
    assert found["b"]["day"] == second_of_march - 1  # a clock time without offset is Berlin's
    assert found["b"]["ordered_at"] == datetime(2025, 3, 1, 22, 30)  # noqa: DTZ001


@pytest.mark.parametrize(
    ("history", "text", "reason"),
    [
        ("orders", "customer_id,ordered_at,amount\n,2025-01-01,1", "customer_id is missing"),
        ("orders", "customer_id,ordered_at,amount\na,,1", "ordered_at is missing"),
        (
            "orders",
            "customer_id,ordered_at,amount\na,2025-13-01,1",
            "ordered_at is not a time between 1900 and 2200",
        ),
        ("orders", "customer_id,ordered_at,amount\na,2025-01-01,x", "amount is not a number"),
        ("orders", "customer_id,ordered_at,amount\na,2025-01-01,inf", "amount is not a number"),
        (
            "orders",
            "customer_id,ordered_at,amount\na,2025-06-02,1",
            "ordered_at lies in the future",
        ),
        (
            "orders",
            "customer_id,ordered_at,amount,refunded_at\na,2025-01-02,1,2025-01-01",
            "refunded_at is before ordered_at",
        ),
        (
            "subscriptions",
            "customer_id,started_at,ended_at\na,2025-01-02,2025-01-01",
            "ended_at is before started_at",
        ),
        (
            "tickets",
            "customer_id,opened_at,reopened\na,2025-01-02,perhaps",
            "reopened is neither yes nor no",
        ),
        (
            "surveys",
            "customer_id,answered_at,instrument,score\na,2025-01-02,NPS,11",
            "score is off its instrument's scale (nps 0-10, csat 1-5, ces 1-7, ins 1-5)",
        ),
        (
            "surveys",
            "customer_id,answered_at,instrument,score\na,2025-01-02,stars,4",
            "instrument is none of nps, csat, ces, ins",
        ),
        (
            "customers",
            "customer_id,signed_up_at\na,2025-01-01\na,2025-01-02",
            "customer_id appears more than once",
        ),
    ],
)
def test_a_row_that_breaks_a_rule_goes_to_quarantine_with_its_reason(
    load, tmp_path, history, text, reason
):
    header, *bad = text.splitlines()
    cells = dict.fromkeys(header.split(","), "")
    cells |= {"customer_id": "good", "amount": "1", "instrument": "nps", "score": "9"}
    for clock in ("ordered_at", "started_at", "opened_at", "answered_at", "signed_up_at"):
        cells[clock] = "2025-01-01"
    good = ",".join(cells[name] for name in header.split(","))
    found = load("\n".join([header, good, *bad]) + "\n", history)
    assert put_aside(found, history) == {reason: 1}
    kept = (tmp_path / "quarantine" / f"{history}.csv").read_text()
    assert bad[-1].split(",")[0] in kept
    assert reason in kept.replace('"', "")


def test_exact_duplicates_are_counted_and_removed_once_unless_they_are_to_be_kept(load):
    text = "customer_id,ordered_at,amount\na,2025-01-01,1\na,2025-01-01,1\na,2025-01-01,2\n"
    dropped = load(text)
    assert dropped.reports["orders"].duplicates == 1
    assert len(rows(dropped)) == 2
    assert len(rows(load(text, duplicates="keep"))) == 3


def test_a_time_that_can_be_read_two_ways_is_refused_until_its_format_is_told(load):
    text = "customer_id,ordered_at,amount\na,03/04/2025,1\nb,05/06/2024,1\n"
    with pytest.raises(DataError, match=r"day/month/year or as month/day/year; set time_format"):
        load(text)
    found = load(text, time_format="%d/%m/%Y")
    assert found.reports["orders"].last == date(2025, 4, 3)


def test_days_past_the_twelfth_tell_the_order_of_day_and_month(load):
    found = load("customer_id,ordered_at,amount\na,03/04/2025,1\nb,05/16/2024,1\n")
    assert found.reports["orders"].last == date(2025, 3, 4)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, r"orders: no file at .*orders.csv; mend path under \[histories.orders\]"),
        ("", "orders: .*orders.csv is empty"),
        ("customer_id,ordered_at,amount\n", "orders has no rows"),
        (
            "customer_id,ordered_at,total\na,2025-01-01,1\n",
            r"orders has no column 'amount' \(found: customer_id, ordered_at, total\); "
            r"rename it or map it under \[histories.orders\]",
        ),
        (
            "customer_id,orderd_at,amount\na,2025-01-01,1\n",
            r"no column 'ordered_at' .*did you mean 'orderd_at'\?",
        ),
        (
            "customer_id,ordered_at,amount\na,x,1\nb,2025-01-01,y\n",
            r"all 2 rows of orders were put aside \(1 x amount is not a number, 1 x ordered_at is "
            r"not a time between 1900 and 2200\); look at .*quarantine.orders.csv",
        ),
    ],
)
def test_a_history_that_cannot_be_used_at_all_is_an_error(load, text, message):
    with pytest.raises(DataError, match=message):
        load(text)


def test_a_mapped_column_or_expression_that_does_not_exist_is_an_error(load):
    text = "customer_id,ordered_at,amount\na,2025-01-01,1\n"
    with pytest.raises(DataError, match=r"orders has no column 'Total'"):
        load(text, columns={"amount": "Total"})
    with pytest.raises(DataError, match=r"can't be evaluated: .*Total"):
        load(text, columns={"amount": "Total * 2"})


def test_sql_reads_files_beside_the_config_and_an_attached_database(load, tmp_path):
    with duckdb.connect(tmp_path / "shop.duckdb") as con:
        con.execute("create table sales as select 'a' as who, date '2025-01-01' as day, 3 as sum")
    found = load(
        None,
        path=None,
        database="shop.duckdb",
        sql="select who as customer_id, day as ordered_at, sum as amount from source.sales",
    )
    assert rows(found)[0]["amount"] == 3.0


@pytest.mark.parametrize("ending", ["parquet", "jsonl", "tsv", "csv.gz"])
def test_every_kind_of_file_gives_the_same_rows(load, tmp_path, ending):
    plain = load("customer_id,ordered_at,amount\n007,2025-01-01 10:00:00,1.5\n8,2025-01-02,2\n")
    options = {"tsv": "(delimiter '\t')", "jsonl": "(format json)"}.get(ending, "")
    duckdb.execute(
        f"copy (select * from read_csv('{tmp_path}/orders.csv', all_varchar = true)) "
        f"to '{tmp_path}/again.{ending}' {options}"
    )
    again = load(None, file=f"again.{ending}")
    assert rows(again) == rows(plain)
    assert again.fingerprint == plain.fingerprint


def test_a_glob_reads_all_its_files(load, tmp_path):
    for month in ("01", "02"):
        (tmp_path / f"m{month}.csv").write_text(
            f"customer_id,ordered_at,amount\na,2025-{month}-01,1\n"
        )
    assert len(rows(load(None, file="m*.csv"))) == 2


def test_only_static_attributes_are_kept_and_numbers_among_them_are_numbers(load):
    found = load(
        "customer_id,signed_up_at,land,age,mood\na,2025-01-01,DE,30,good\nb,2025-01-01,FR,,bad\n",
        "customers",
        static=["country", "age"],
        columns={"country": "land"},
    )
    first = next(row for row in rows(found, "customers") if row["customer_id"] == "a")
    assert (first["country"], first["age"]) == ("DE", 30.0)
    assert "mood" not in first
    assert found.attributes == ("country", "age")


def test_a_row_is_known_from_the_later_of_its_two_clocks(load):
    [row] = rows(load("customer_id,ordered_at,amount,known_at\na,2025-01-01,1,2025-01-09\n"))
    assert row["known_day"] - row["day"] == 8


CELLS = st.tuples(
    st.sampled_from(["a", "b", ""]),
    st.sampled_from(["2025-01-01", "2025-02-03 04:05:06", "soon", "2026-01-01"]),
    st.sampled_from(["1", "2.5", "-3", "many"]),
)


@settings(
    deadline=None, max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(cells=st.lists(CELLS, min_size=1, max_size=12), seed=st.randoms(use_true_random=False))
def test_no_row_is_lost_and_their_order_changes_nothing(load, cells, seed):
    header = "customer_id,ordered_at,amount\n"
    good = ("z", "2025-03-03", "1")
    one = load(header + "\n".join(",".join(row) for row in [good, *cells]) + "\n")
    seed.shuffle(cells)
    two = load(header + "\n".join(",".join(row) for row in [*cells, good]) + "\n")
    for found in (one, two):
        report = found.reports["orders"]
        assert report.rows_read == len(cells) + 1
        assert report.rows_read == (
            report.rows + report.duplicates + sum(report.quarantined.values())
        )
    assert one.fingerprint == two.fingerprint
    assert one.reports == two.reports


@pytest.mark.parametrize("text", ["2024-01-01 23:30:00 UTC", "2024-01-01T23:30:00Z"])
@pytest.mark.parametrize("mapped", ["ordered_at", "coalesce(ordered_at, ordered_at)"])
def test_an_offset_is_heeded_in_columns_and_in_expressions(load, text, mapped):
    rows_of = f"customer_id,ordered_at,amount\na,{text},1\nb,{text},1\n"
    found = load(rows_of, zone="Asia/Tokyo", columns={"ordered_at": mapped})
    assert {row["day"] for row in rows(found)} == {(date(2024, 1, 2) - date(1970, 1, 1)).days}


def test_a_survey_on_another_scale_than_its_instruments_goes_to_quarantine(load):
    header = "customer_id,answered_at,instrument,score,scale\n"
    found = load(header + "a,2025-01-02,csat,5,1 - 5\nb,2025-01-02,csat,5,1-10\n", "surveys")
    [reason] = put_aside(found, "surveys")
    assert reason.startswith("scale is not its instrument's")


def test_an_invitation_is_known_from_when_it_was_sent_whether_it_was_answered_or_not(load):
    header = "customer_id,sent_at,answered_at,instrument,score,known_at\n"
    found = load(
        header + "a,2025-01-02,,nps,,2025-02-01\nb,2025-01-02,2025-01-05,nps,9,2025-02-01\n",
        "surveys",
    )
    waiting, answered = rows(found, "surveys")
    assert waiting["sent_day"] == answered["sent_day"]
    assert answered["known_day"] - answered["sent_day"] == 30


def test_which_row_of_a_repeated_customer_stays_does_not_hang_on_the_order_of_rows(load):
    lines = [f"c{i},2025-01-01,{side}" for i in range(3000) for side in ("old", "new")]
    header = "customer_id,signed_up_at,side\n"
    one = load(header + "\n".join(lines), "customers", static=["side"])
    two = load(header + "\n".join(reversed(lines)), "customers", static=["side"])
    assert one.fingerprint == two.fingerprint


@pytest.mark.parametrize("earlier", ["2024-01-01", ""])
def test_a_later_row_of_a_customer_takes_nothing_away_of_the_first_one_known(load, earlier):
    text = f"customer_id,region,known_at\na,North,{earlier}\na,East,2024-07-01\n"
    found = load(text, "customers", static=["region"])
    assert [row["region"] for row in rows(found, "customers")] == ["North"]
    assert put_aside(found, "customers") == {"customer_id appears more than once": 1}


def test_the_newest_cutoff_follows_the_history_that_shows_who_stays(load, tmp_path):
    (tmp_path / "tickets.csv").write_text("customer_id,opened_at\na,2025-05-01\n")
    text = "customer_id,ordered_at,amount\na,2025-01-01,1\na,2025-03-01,1\n"
    (tmp_path / "orders.csv").write_text(text)
    raw = {
        "business": {"currency": "EUR", "churn": "inactivity", "horizon_days": 28},
        "histories": {"orders": {"path": "orders.csv"}, "tickets": {"path": "tickets.csv"}},
    }
    found = load_histories(parse_config(raw, home=tmp_path), now=NOW)
    assert found.newest_cutoff == date(2025, 3, 2)
    found.close()


def test_a_day_that_is_not_over_yet_is_not_counted(load):
    text = "customer_id,ordered_at,amount\na,2025-01-01,1\na,2025-06-01 00:00:00,1\n"
    assert load(text).newest_cutoff == date(2025, 1, 2)


def test_subscriptions_that_ended_move_the_newest_cutoff_as_those_that_began(load):
    text = "customer_id,started_at,ended_at\na,2025-01-01,2025-03-09\nb,2025-02-01,2027-01-01\n"
    assert load(text, "subscriptions").newest_cutoff == date(2025, 3, 10)


@pytest.mark.parametrize("day", ["31.12.24", "31/12/24"])
def test_a_two_digit_year_is_of_this_century(load, day):
    found = load(f"customer_id,ordered_at,amount\na,{day},1\nb,{day.replace('31', '30')},1\n")
    assert found.reports["orders"].last == date(2024, 12, 31)


def test_a_time_before_1900_is_no_time(load):
    text = "customer_id,ordered_at,amount\na,2025-01-01,1\nb,2025-01-02,1\nc,0025-01-03,1\n"
    assert put_aside(load(text)) == {"ordered_at is not a time between 1900 and 2200": 1}


@pytest.mark.parametrize(("cell", "kept"), [("001014", "DE-001014"), ("1014", "DE-1014")])
def test_an_expression_over_ids_keeps_them_as_they_are_written(load, cell, kept):
    text = f"acct,ordered_at,amount\n{cell},2025-01-01,1\n"
    [row] = rows(load(text, columns={"customer_id": "'DE-' || acct"}))
    assert row["customer_id"] == kept


def test_a_row_that_where_cannot_decide_is_put_aside_not_dropped(load):
    text = "customer_id,ordered_at,amount\na,2025-01-01,1\nb,2025-01-01,0\nc,2025-01-02,2\n"
    found = load(text + "d,2025-01-01,one\n", where="amount <> 0")
    assert len(rows(found)) == 2
    assert put_aside(found) == {"where can't be decided for it": 1}


def test_an_expression_that_gives_no_time_is_put_aside_unless_its_format_is_told(load):
    text = "customer_id,opened_at,closed\na,2025-01-01,\nb,2025-01-01,31/01/2025\n"
    mapped = {"resolved_at": "coalesce(closed, null)"}
    assert put_aside(load(text, "tickets", columns=mapped), "tickets") == {
        "resolved_at is not a time between 1900 and 2200": 1
    }
    read = load(text, "tickets", columns=mapped, time_format="%d/%m/%Y")
    assert rows(read, "tickets")[1]["resolved_day"] is not None


def test_ids_too_large_to_be_exact_are_refused(load, tmp_path):
    duckdb.execute(
        "copy (select 9007199254740994.0::double + 2 * i as customer_id, date '2025-01-01' as "
        f"ordered_at, 1 as amount from range(3) t(i) union all select 13085.0, date '2025-01-01', "
        f"1) to '{tmp_path}/orders.parquet'"
    )
    found = load(None, file="orders.parquet")
    assert [row["customer_id"] for row in rows(found)] == ["13085"]
    assert put_aside(found) == {"customer_id is not an exact id": 3}


def test_na_is_no_number_and_no_customer_but_may_be_a_text(load):
    header = "customer_id,ordered_at,amount,refunded_at,channel\n"
    found = load(header + "NA,2025-01-01,1,N/A,\nb,2025-01-01,NA,,\nc,2025-01-01,1,N/A,NA\n")
    assert [(row["customer_id"], row["channel"]) for row in rows(found)] == [("c", "NA")]
    assert put_aside(found) == {"amount is missing": 1, "customer_id is missing": 1}


def test_customers_whom_no_other_history_knows_are_counted(load):
    text = "customer_id,opened_at\na,2025-01-01\nA ,2025-01-01\nx,2025-01-01\n"
    assert load(text, "tickets").strangers() == {"tickets": pytest.approx(2 / 3)}
