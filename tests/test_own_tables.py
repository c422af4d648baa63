"""With one's own three CSV files in other column names, a TOML alone suffices."""

import csv
import random
from datetime import date, timedelta

import pandas as pd

TOML = """
[business]
currency = "GBP"
time_zone = "Europe/London"
churn = "inactivity"
horizon_days = 56
value_horizon_days = 112
margin_rate = 0.4

[histories.customers]
path = "people.csv"
columns = { customer_id = "Account No", signed_up_at = "Joined", region = "Area" }
static = ["region"]

[histories.orders]
path = "ledger/*.csv"
where = "Quantity <> 0"
columns = { customer_id = "Account", ordered_at = "Invoice Date", amount = "Quantity * Price" }

[histories.tickets]
path = "helpdesk.csv"
columns.customer_id = "acct"
columns.opened_at = "created"
columns.resolved_at = "closed"
columns.category = "topic"
"""


def write(path, header, rows):
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";" if "ledger" in str(path) else ",")
        writer.writerows([header, *rows])


def a_shop(folder, customers=600, days=420, seed=3):
    """Customers whose rate differs and who stop for good at some point, most without a sign."""
    draw = random.Random(seed)
    people, ledger, helpdesk = [], [], []
    first = date(2024, 1, 1)
    for number in range(customers):
        account = f"{number:05d}"
        joined = draw.randrange(days - 200)
        gone = joined + draw.expovariate(1 / 250)
        people.append([account, first + timedelta(joined), draw.choice("NSEW")])
        rate, day = draw.uniform(0.02, 0.15), float(joined)
        while day < min(gone, days):
            when = first + timedelta(int(day))
            ledger.append([account, when.strftime("%d/%m/%Y %H:%M"), draw.randint(1, 5), 9.99])
            if draw.random() < 0.1:
                closed = when + timedelta(draw.randint(0, 9))
                helpdesk.append([account, when, min(closed, first + timedelta(days)), "returns"])
            day += draw.expovariate(rate)
    write(folder / "people.csv", ["Account No", "Joined", "Area"], people)
    write(folder / "ledger/all.csv", ["Account", "Invoice Date", "Quantity", "Price"], ledger)
    write(folder / "helpdesk.csv", ["acct", "created", "closed", "topic"], helpdesk)
    (folder / "tenure.toml").write_text(TOML)


def test_three_files_in_other_column_names_need_only_a_toml(tenure, tmp_path):
    a_shop(tmp_path)
    for words in (["check"], ["retrain"], ["score"], ["at-risk", "--top", "20"], ["kpis"]):
        ran = tenure(*words, "--config", "tenure.toml", cwd=tmp_path)
        assert ran.code == 0, (words, ran.out, ran.err)
    found = pd.read_csv(tmp_path / "at-risk.csv", dtype={"customer_id": str})
    assert len(found) == 20
    assert found["customer_id"].str.fullmatch(r"\d{5}").all()
    assert found["currency"].eq("GBP").all()
    assert found["expected_value"].gt(0).all()
