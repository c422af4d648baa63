from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest

from features.config import BusinessConfig, parse_config
from features.histories import load_histories
from features.value_inputs import has_amounts, orders_margin_rate, value_inputs

CUTOFF = date(2025, 4, 1)
BUSINESS = BusinessConfig(currency="EUR", churn="inactivity", horizon_days=28, margin_rate=0.4)


@pytest.fixture
def load(tmp_path):
    opened = []

    def load(**texts):
        for name, text in texts.items():
            (tmp_path / f"{name}.csv").write_text(text)
        churn = "inactivity" if "orders" in texts else "cancellation"
        raw = {
            "business": BUSINESS.model_dump(exclude={"active_within_days"}) | {"churn": churn},
            "histories": {name: {"path": f"{name}.csv"} for name in texts},
        }
        config = parse_config(raw, home=tmp_path)
        opened.append(load_histories(config, now=datetime(2025, 6, 1, tzinfo=UTC)))
        return opened[-1]

    yield load
    for each in opened:
        each.close()


ORDERS = "customer_id,ordered_at,amount,margin,refunded_at\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ("a,2025-01-01,100,,\nb,2025-01-01,100,,\n", 0.4),
        ("a,2025-01-01,100,90,\nb,2025-01-01,300,,\n", (90 + 0.4 * 300) / 400),
        ("a,2025-01-01,100,,\nb,2025-01-01,300,,2025-02-01\n", 0.4 * 100 / 400),
        ("a,2025-01-01,400,,\na,2025-01-09,-100,,\n", 0.4 * 300 / 400),
        ("a,2025-01-01,400,,\na,2025-04-01,-100,,\n", 0.4),
        ("a,2025-01-01,400,,2025-04-01\n", 0.4),
        ("a,2025-01-01,-100,,\na,2025-01-02,0,,\n", 0.4),
    ],
)
def test_the_margin_rate_of_orders_counts_given_margins_and_refunds_known_at_the_cutoff(
    load, rows, expected
):
    found = orders_margin_rate(load(orders=ORDERS + rows), BUSINESS, CUTOFF)
    assert found == pytest.approx(expected, rel=1e-8)


def test_inputs_come_in_the_order_asked_and_are_missing_for_who_never_ordered(load):
    text = ORDERS + "a,2025-01-01,10,,\na,2025-01-11,30,,\nb,2025-03-01,5,,\na,2025-04-01,99,,\n"
    found = value_inputs(load(orders=text), pd.Series(["z", "b", "a"]), CUTOFF)
    assert found["customer_id"].tolist() == ["z", "b", "a"]
    assert found.loc[2, ["frequency", "recency", "T", "monetary_value"]].tolist() == [1, 10, 89, 30]
    assert found.loc[1, "frequency"] == 0
    assert np.isnan(found.loc[0, "frequency"])
    assert found["monthly_amount"].tolist() == [0, 0, 0]


def test_an_amount_is_summed_over_running_terms_and_unknown_where_one_has_none(load):
    text = (
        "customer_id,started_at,ended_at,monthly_amount\n"
        "a,2025-01-01,,10\na,2025-01-01,,5\nb,2025-01-01,,\nc,2025-01-01,2025-02-01,9\n"
        "d,2025-01-01,2025-04-01,7\n"
    )
    histories = load(subscriptions=text)
    found = value_inputs(histories, pd.Series(["a", "b", "c", "d"]), CUTOFF)["monthly_amount"]
    assert found[[0, 2, 3]].tolist() == [15, 0, 7]
    assert np.isnan(found[1])
    assert has_amounts(histories)
    assert not has_amounts(load(subscriptions="customer_id,started_at\na,2025-01-01\n"))
