"""One simulated company for all tests of its histories."""

from collections.abc import Iterator

import duckdb
import pytest

from features.datasets.simulator import SimulationReport, simulate

HISTORIES = (
    "customers",
    "subscriptions",
    "usage",
    "tickets",
    "surveys",
    "orders",
    "mentions",
    "campaigns",
)


@pytest.fixture(scope="session")
def company(tmp_path_factory: pytest.TempPathFactory) -> SimulationReport:
    return simulate(tmp_path_factory.mktemp("data") / "company", customers=8_000, seed=11)


@pytest.fixture(scope="session")
def tables(company: SimulationReport) -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        for name in (*HISTORIES, "truth"):
            file = company.folder / f"{name}.parquet"
            connection.execute(f"create view {name} as select * from '{file}'")
        yield connection
