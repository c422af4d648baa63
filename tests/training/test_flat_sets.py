"""Of five public tables without histories, the leak probe suspects the leaks and nothing else."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from training.knowledge import Table, together
from training.probe import probe

pytestmark = pytest.mark.shared_data

LEAKS = {
    "telco_ibm": set(),
    "churn_bigml": set(),
    "tv_churn": set(),
    # Status, whether the line is in use, is often called a leak; seconds, calls and messages tell
    # the same, so no model depends on it
    "iranian_churn": set(),
    # no contract remains to those who left
    "isp_internet_churn": {"remaining_contract"},
}


def telco_ibm(folder):
    frame = pd.read_csv(folder / "WA_Fn-UseC_-Telco-Customer-Churn.csv", na_values=" ")
    return frame.drop(columns=["customerID", "Churn"]), frame["Churn"] == "Yes"


def churn_bigml(folder):
    files = [folder / f"churn-bigml-{share}.csv" for share in (80, 20)]
    frame = pd.concat([pd.read_csv(file, sep=";") for file in files], ignore_index=True)
    return frame.drop(columns="Churn"), frame["Churn"].isin(["VRAI", "True", True])


def tv_churn(folder):
    frame = pd.read_csv(folder / "churn_tv_subscriptions.csv.gz").drop(columns="id")
    return frame.filter(regex=r"^x\d+$"), frame["target"] == 1


def iranian_churn(folder):
    frame = pd.read_csv(folder / "Customer_Churn.csv").drop_duplicates(ignore_index=True)
    frame.columns = [" ".join(name.split()) for name in frame.columns]
    return frame.drop(columns="Churn"), frame["Churn"] == 1


def isp_internet_churn(folder):
    frame = pd.read_csv(folder / "internet_service_churn.csv")
    return frame.drop(columns=["id", "churn"]), frame["churn"] == 1


READERS = {
    each.__name__: each
    for each in (telco_ibm, churn_bigml, tv_churn, iranian_churn, isp_internet_churn)
}


@pytest.fixture(scope="module")
def read():
    folder = os.environ.get("TENURE_SHARED_DATA")
    if not folder:
        pytest.skip("TENURE_SHARED_DATA, the folder of the shared data sets, is not set")
    return lambda name: READERS[name](Path(folder) / name)


@pytest.mark.parametrize("name", LEAKS)
def test_no_column_is_suspected_but_those_named(read, name):
    assert {each.column for each in probe(*read(name))} == LEAKS[name]


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("seed", range(5))
def test_nor_in_a_thousand_customers_of_each(read, name, seed):
    X, churned = read(name)
    some = np.random.default_rng(seed).choice(len(X), 1_000, replace=False)
    few = probe(X.iloc[some], churned.to_numpy()[some], seed=seed)
    assert {each.column for each in few} == LEAKS[name]


def test_the_status_of_the_iranian_customers_is_told_by_their_other_columns(read):
    X, churned = read("iranian_churn")
    table = Table.of(X, churned.to_numpy(), seed=0)
    others = [name for name in table.names if name != "Status"]
    assert table.alone("Status").value == pytest.approx(0.77, abs=0.01)
    assert together(table, table.names).auc.value - together(table, others).auc.value < 0.01
