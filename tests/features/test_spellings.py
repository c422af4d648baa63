import pytest

from features.reading.spellings import about_own_spellings, other_spelling


@pytest.mark.parametrize(
    ("ours", "theirs", "remedy"),
    [
        (["1", "20"], ["001", "020"], "lpad(id::varchar, 3, '0')"),
        (["001", "020"], ["1", "20"], "ltrim(id, '0')"),
        (["1.0", "20.0"], ["1", "20"], "regexp_replace(id, '[.]0$', '')"),
        (["1", "20"], ["1.0", "20.0"], "id || '.0'"),
        (["A1", "B2"], ["a1", "b2"], "lower(id)"),
        (["a1", "b2"], ["A1", "B2"], "upper(id)"),
        (["ab-1", "cd-2"], ["ab1", "cd2"], "regexp_replace(id, '[^A-Za-z0-9]', '', 'g')"),
        (
            ["1000", "1001"], ["CNTID_1000", "CNTID_1001"],
            "'CNTID_' || regexp_replace(id::varchar, '[^0-9]', '', 'g')",
        ),
        (["CNTID_1000", "CNTID_1001"], ["1000", "1001"], "regexp_replace(id, '[^0-9]', '', 'g')"),
    ],
)  # fmt: skip
def test_ids_written_otherwise_are_found_with_a_remedy(ours, theirs, remedy):
    found = other_spelling(ours, theirs)
    assert (found.ours, found.theirs, found.share) == (ours[0], theirs[0], 1.0)
    assert f'columns.customer_id = "{remedy}", where id is the column' in found.remedy


def test_other_people_are_not_taken_for_the_same():
    assert other_spelling(["x1", "x2", "x3"], ["9", "8", "7"]) is None
    assert other_spelling([], ["1"]) is None
    assert other_spelling(["1", "7", "8"], ["001"]) is None  # one of three is chance


def test_ids_that_would_run_into_each_other_are_not_taken_for_the_same():
    ours = [f"shop{number}-1" for number in range(10)] + ["a1"]
    assert other_spelling([f"{each}x" for each in "abcdefgh"], ["x"]) is None
    assert other_spelling(ours, ["b1"]) is None


def test_check_says_how_two_files_write_the_same_customers(tmp_path, tenure):
    rows = "".join(f"{number:04},2025-01-{number % 28 + 1:02},1\n" for number in range(1, 60))
    (tmp_path / "orders.csv").write_text("customer_id,ordered_at,amount\n" + rows)
    rows = "".join(f"{number},2025-01-{number % 28 + 1:02}\n" for number in range(1, 60))
    (tmp_path / "tickets.csv").write_text("customer_id,opened_at\n" + rows)
    (tmp_path / "tenure.toml").write_text(
        '[business]\ncurrency = "EUR"\nchurn = "inactivity"\nhorizon_days = 7\n'
        '[histories.orders]\npath = "orders.csv"\n[histories.tickets]\npath = "tickets.csv"\n'
    )
    ran = tenure("check", "--config", tmp_path / "tenure.toml")
    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    assert "tickets writes customer ids otherwise: '1' where others write '0001'" in said
    assert "columns.customer_id = \"lpad(id::varchar, 4, '0')\"" in said
    toml = tmp_path / "tenure.toml"
    toml.write_text(
        toml.read_text() + "columns.customer_id = \"lpad(customer_id::varchar, 4, '0')\"\n"
    )
    ran = tenure("check", "--config", toml)
    assert "otherwise" not in ran.out


def test_only_the_history_that_differs_from_the_list_of_customers_is_told_to_change(
    tmp_path, tenure
):
    def write(name, header, row):
        rows = "".join(row(number, f"2025-01-{number % 28 + 1:02}") for number in range(1, 60))
        (tmp_path / f"{name}.csv").write_text(header + rows)

    write("customers", "customer_id\n", lambda number, day: f"M-{number}\n")
    write("usage", "customer_id,occurred_at\n", lambda number, day: f"M-{number},{day}\n")
    write("orders", "customer_id,ordered_at,amount\n", lambda number, day: f"{number},{day},1\n")
    (tmp_path / "tenure.toml").write_text(
        '[business]\ncurrency = "EUR"\nchurn = "inactivity"\nhorizon_days = 7\n'
        + "".join(f'[histories.{n}]\npath = "{n}.csv"\n' for n in ("customers", "usage", "orders"))
    )
    said = " ".join(tenure("check", "--config", tmp_path / "tenure.toml").out.split())
    assert "orders writes customer ids otherwise: '1' where others write 'M-" in said
    assert "usage writes" not in said


@pytest.mark.parametrize(
    ("ids", "example", "remedy"),
    [
        (("001", "1", "17"), "'001' and '1'", "ltrim(id, '0')"),
        (("C1", "c1", "C1 ", "c2"), "'C1' and 'c1'", "lower(id)"),
        (("C1", "C1\t"), "'C1\t' and 'C1'", "regexp_replace(id, '[^A-Za-z0-9]', '', 'g')"),
        (("7", "7.0"), "'7.0' and '7'", "regexp_replace(id, '[.]0$', '')"),
    ],
)  # fmt: skip
def test_ids_that_differ_only_in_spelling_within_a_history_are_told(load, ids, example, remedy):
    rows = "".join(f"{each},2025-01-01,1\n" for each in ids)
    table = load(f"customer_id,ordered_at,amount\n{rows}").tables["orders"]
    said = about_own_spellings("orders", table)
    assert f"orders: 1 customer seems to be written in several ways, such as {example}" in said
    assert remedy in said


def test_ids_that_differ_in_more_than_spelling_are_not_told(load):
    rows = "".join(f"{each},2025-01-01,1\n" for each in ("1", "10", "a1", "a-1"))
    table = load(f"customer_id,ordered_at,amount\n{rows}").tables["orders"]
    assert about_own_spellings("orders", table) is None


def test_check_counts_the_customers_that_one_history_writes_in_several_ways(tmp_path, tenure):
    rows = "".join(f"{n % 30:0{1 + 2 * (n % 2)}},2025-01-{n % 28 + 1:02},1\n" for n in range(89))
    (tmp_path / "orders.csv").write_text(
        "customer_id,ordered_at,amount\n" + rows + "07,2025-01-01,1"
    )
    (tmp_path / "tenure.toml").write_text(
        '[business]\ncurrency = "EUR"\nchurn = "inactivity"\nhorizon_days = 7\n'
        '[histories.orders]\npath = "orders.csv"\n'
    )
    ran = tenure("check", "--config", tmp_path / "tenure.toml")
    assert "orders: 1 customer seems to be written" in " ".join(ran.out.split())
