"""What would a subscription company's tables look like if every customer's truth were known?

`simulate` writes one, of any size: nine Parquet files and the tenure.toml that describes them.
Satisfaction drifts, a bad ticket hurts, quiet precedes leaving, some leave without a sign, and
some columns carry no signal. ``truth.parquet`` holds each subscribed customer's churn probability
and expected value at four cutoffs, exact by :mod:`features.datasets.truth`.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from features.datasets.block import Block, draw_block
from features.datasets.campaigns import campaigns_table
from features.datasets.customers import customers_table
from features.datasets.folders import SETTINGS, whole_folder
from features.datasets.mentions import mentions_table
from features.datasets.orders import orders_table
from features.datasets.settings import KIND, Business, settings_text
from features.datasets.subscriptions import subscriptions_table
from features.datasets.surveys import surveys_table
from features.datasets.tickets import draw_tickets, tickets_table
from features.datasets.truth import Truth, expected_auc, truth_of
from features.datasets.truth_rows import WEEKS_BACK, truth_table
from features.datasets.usage import usage_table
from features.datasets.world import Chain, Floats, World, chain_of
from features.errors import DataError

END = date(2026, 6, 29)
"""The newest cutoff unless another is asked for, a Monday: every row lies before its midnight."""

BLOCK_CUSTOMERS = 5_000
FEWEST_WEEKS = 14
TRUTH = "truth"


@dataclass(frozen=True)
class SimulationReport:
    """What was written.

    Attributes
    ----------
    folder : Path
    customers, seed, weeks : int
    end : date
        The newest cutoff; the last row lies on the day before.
    rows : mapping of str to int
        Rows of each file, by name without ending.
    active_customers : int
        Subscribed at `end`.
    churn_rate : float
        Mean true churn probability of those, over the horizon.
    oracle_auc : float
        AUC expected of one who knows every true churn probability at `end`: no model beats it.
    mean_expected_value : float, in currency units
    """

    folder: Path
    customers: int
    seed: int
    weeks: int
    end: date
    rows: Mapping[str, int]
    active_customers: int
    churn_rate: float
    oracle_auc: float
    mean_expected_value: float


def simulate(
    folder: Path,
    *,
    customers: int,
    seed: int,
    weeks: int = 130,
    end: date = END,
    customers_at_once: int = 20_000,
    progress: Callable[[int], None] | None = None,
) -> SimulationReport:
    """Write a simulated company's histories, their truth and a tenure.toml into a folder.

    Parameters
    ----------
    folder : Path
        New, empty, or holding an earlier simulation, whose files are then replaced.
    customers : int
        All who ever signed up; somewhat more than half of them are subscribed at the end.
    seed : int
    weeks : int
        Length of the histories; the truth is given at those cutoffs that lie within them.
    end : date
        The newest cutoff, not in the future; one row of usage at least lies on the day before.
    customers_at_once : int
        How many are written together; decides memory, never a row.
    progress : callable, optional
        Called with the number of customers done so far.

    Raises
    ------
    DataError
        Fewer than 1 customer or than 14 weeks, a negative seed, or a folder that holds something
        else.
    """
    _check(customers, weeks, seed)
    world, business = World(), Business()
    chain = chain_of(world)
    truth = truth_of(
        chain,
        horizon_weeks=business.horizon_days // 7,
        value_horizon_weeks=business.value_horizon_days // 7,
        discount_rate_annual=business.discount_rate_annual,
    )
    plan = _Plan(world, business, chain, truth, customers, seed, weeks, end)
    with whole_folder(folder, KIND) as draft:
        tally = _write(draft, plan, customers_at_once, progress)
        text = settings_text(business, seed=seed, customers=customers, weeks=weeks, end=end)
        (draft / SETTINGS).write_text(text, encoding="utf-8")
    return tally.report(folder, plan)


@dataclass(frozen=True)
class _Plan:
    world: World
    business: Business
    chain: Chain
    truth: Truth
    customers: int
    seed: int
    weeks: int
    end: date

    def blocks(self) -> Iterator[Block]:
        for number, first in enumerate(range(0, self.customers, BLOCK_CUSTOMERS)):
            yield draw_block(
                self.chain,
                number=number,
                first_customer=first,
                customers=min(BLOCK_CUSTOMERS, self.customers - first),
                weeks=self.weeks,
                end=self.end,
                seed=self.seed,
            )

    def tables(self, block: Block) -> dict[str, Any]:
        tickets = draw_tickets(block)
        return {
            "customers": customers_table(block),
            "subscriptions": subscriptions_table(block, self.world),
            "usage": usage_table(block),
            "tickets": tickets_table(block, tickets),
            "surveys": surveys_table(block, tickets),
            "orders": orders_table(block, self.world),
            "mentions": mentions_table(block),
            "campaigns": campaigns_table(block),
            TRUTH: self._truth_rows(block),
        }

    def _truth_rows(self, block: Block) -> Any:
        weeks_back = [back for back in WEEKS_BACK if back < self.weeks]
        margin = self.business.margin_rate
        return pa.concat_tables(
            truth_table(block, self.truth, margin_rate=margin, weeks_back=back, end=self.end)
            for back in weeks_back
        )


class _Tally:
    """Counts the rows written and remembers the newest truth for the report."""

    def __init__(self, end: date) -> None:
        self.rows: dict[str, int] = {}
        self._end = pa.scalar(end, pa.date32())
        self._probabilities: list[Floats] = []
        self._values: list[Floats] = []

    def add(self, name: str, table: Any) -> None:
        self.rows[name] = self.rows.get(name, 0) + table.num_rows
        if name == TRUTH:
            newest = table.filter(pc.equal(table["cutoff"], self._end))
            self._probabilities.append(newest["churn_probability"].to_numpy())
            self._values.append(newest["expected_value"].to_numpy())

    def report(self, folder: Path, plan: _Plan) -> SimulationReport:
        probabilities = np.concatenate(self._probabilities)
        values = np.concatenate(self._values)
        active = len(values) or float("nan")  # the means of nobody are nan
        return SimulationReport(
            folder=folder,
            customers=plan.customers,
            seed=plan.seed,
            weeks=plan.weeks,
            end=plan.end,
            rows=self.rows,
            active_customers=len(values),
            churn_rate=float(probabilities.sum() / active),
            oracle_auc=expected_auc(probabilities),
            mean_expected_value=float(values.sum() / active),
        )


def _check(customers: int, weeks: int, seed: int) -> None:
    if customers < 1:
        raise DataError(
            f"a company of {customers} customers cannot be simulated; ask for 1 or more"
        )
    if weeks < FEWEST_WEEKS:
        raise DataError(
            f"{weeks} weeks of history hold no cutoff with a known outcome; "
            f"ask for {FEWEST_WEEKS} or more"
        )
    if seed < 0:
        raise DataError(f"seed {seed} is negative; take 0 or more")


def _write(
    draft: Path, plan: _Plan, customers_at_once: int, progress: Callable[[int], None] | None
) -> _Tally:
    tally = _Tally(plan.end)
    with ExitStack() as stack:
        writers: dict[str, Any] = {}
        for tables in _chunks(plan, customers_at_once, progress):
            for name, table in tables.items():
                if name not in writers:
                    writers[name] = stack.enter_context(_writer(draft / f"{name}.parquet", table))
                writers[name].write_table(table)
                tally.add(name, table)
    return tally


def _chunks(
    plan: _Plan, customers_at_once: int, progress: Callable[[int], None] | None
) -> Iterator[dict[str, Any]]:
    waiting, done = [], 0
    for block in plan.blocks():
        waiting.append(plan.tables(block))
        done += block.customers
        if len(waiting) * BLOCK_CUSTOMERS >= customers_at_once or done == plan.customers:
            yield {name: _joined([tables[name] for tables in waiting]) for name in waiting[0]}
            waiting.clear()
        if progress:
            progress(done)


def _joined(tables: list[Any]) -> Any:
    return pa.concat_tables(tables).unify_dictionaries()


def _writer(path: Path, table: Any) -> Any:
    # without the Arrow schema, dictionaries read back as the plain text that they are
    return pq.ParquetWriter(path, table.schema, compression="zstd", store_schema=False)
