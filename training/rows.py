"""Which rows does a fit see? Features and outcomes of one or more cutoffs, as arrays."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from functools import cached_property

import ibis
import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from features.build import build_features
from features.config import BusinessConfig
from features.errors import NotEnoughData
from features.histories import Histories
from features.known import CUTOFF_DAY
from features.labels import churn_labels, population
from features.spec import FeatureSpec
from features.windows import day_number

VALIDATION_FOLDS = 5
"""One customer in so many is kept from the trees and decides when to stop growing them."""


@dataclass(frozen=True)
class Rows:
    """Labelled rows.

    Attributes
    ----------
    frame : DataFrame
        customer_id, cutoff, the columns of `spec`, churned.
    spec : FeatureSpec
    """

    frame: pd.DataFrame
    spec: FeatureSpec

    @cached_property
    def X(self) -> NDArray[np.float64]:
        """Features, shape (n_rows, n_columns)."""
        return self.spec.matrix(self.frame)

    @property
    def churned(self) -> NDArray[np.bool_]:
        """Labels, shape (n_rows,)."""
        return self.frame["churned"].to_numpy(dtype=bool)

    @property
    def customers(self) -> NDArray[np.int64]:
        """A code per customer, shape (n_rows,), the same for the same customer."""
        return pd.factorize(self.frame["customer_id"])[0].astype(np.int64)

    def at(self, *cutoffs: date) -> Rows:
        """Only the rows of these cutoffs."""
        return Rows(self.frame[self.frame["cutoff"].isin(cutoffs)], self.spec)

    def without(self, names: Collection[str]) -> Rows:
        """Rows of a spec that lacks these columns.

        Raises
        ------
        NotEnoughData
            No column is left.
        """
        columns = tuple(column for column in self.spec.columns if column.name not in names)
        if not columns:
            raise NotEnoughData(
                f"all {len(self.spec.columns)} columns look as if they knew the outcome, so there "
                "is nothing to learn from; see docs/leaks.md, mend the histories, or name columns "
                "to be used all the same as keep under [training]"
            )
        return Rows(self.frame, replace(self.spec, columns=columns))

    def sample(self, most: int, seed: int) -> Rows:
        """At most so many rows, drawn at random, in their order."""
        if len(self.frame) <= most:
            return self
        drawn = np.random.default_rng(seed).choice(len(self.frame), most, replace=False)
        return Rows(self.frame.iloc[np.sort(drawn)], self.spec)

    def split_customers(self) -> tuple[Rows, Rows]:
        """Part the customers, four fifths and one fifth, the same way whatever the row order."""
        codes = pd.util.hash_pandas_object(self.frame["customer_id"], index=False)
        held = (codes % VALIDATION_FOLDS == 0).to_numpy()
        return Rows(self.frame[~held], self.spec), Rows(self.frame[held], self.spec)


def labelled_rows(
    histories: Histories, business: BusinessConfig, spec: FeatureSpec, cutoffs: Sequence[date]
) -> Rows:
    """Build features and labels for everyone who could leave at these cutoffs.

    Raises
    ------
    NotEnoughData
        Nobody could leave, nobody left, or everybody did, at one of the cutoffs.
    """
    people = population(histories, business, cutoffs)
    labels = churn_labels(histories, business, cutoffs)
    features = build_features(histories, spec, cutoffs, people)
    frame = features.merge(labels, on=["customer_id", "cutoff"], how="inner", validate="1:1")
    check_labels(frame, cutoffs, business)
    return Rows(frame, spec)


def earlier_features(histories: Histories, rows: Rows, days: Sequence[int]) -> list[pd.DataFrame]:
    """Features of the same customers some days before their cutoff, in the order of the rows.

    Parameters
    ----------
    histories : Histories
    rows : Rows
        At one cutoff.
    days : sequence of int
        How long before.

    Returns
    -------
    list of DataFrame, each of shape (n_rows, n_columns)
        One for each of `days`. Of a customer who was unknown by then, what is built of nothing.
    """
    [cutoff] = rows.frame["cutoff"].unique()
    ids = pa.array(rows.frame["customer_id"], pa.string())
    earlier = [cutoff - timedelta(days=some) for some in days]
    people = pa.concat_tables(
        pa.table({"customer_id": ids, CUTOFF_DAY: pa.repeat(np.int32(day_number(day)), len(ids))})
        for day in earlier
    )
    # in one build: its query is written and its rows are copied once
    built = build_features(histories, rows.spec, earlier, ibis.memtable(people))
    by_cutoff = built.set_index(["cutoff", "customer_id"])[list(rows.spec.names)]
    return [
        by_cutoff.loc[day].loc[rows.frame["customer_id"]].reset_index(drop=True) for day in earlier
    ]


def gone_by_newest(histories: Histories, business: BusinessConfig, rows: Rows) -> NDArray[np.bool_]:
    """Who had left by the newest cutoff, in the order of the rows: within the horizon or later.

    Parameters
    ----------
    histories : Histories
    business : BusinessConfig
        By cancellation: no subscription is active at the newest cutoff. By inactivity: no order or
        event in the last horizon before it.
    rows : Rows
        At one cutoff.
    """
    [cutoff] = rows.frame["cutoff"].unique()
    newest, horizon = histories.newest_cutoff, business.horizon_days
    if business.churn == "cancellation":
        horizon = (newest - cutoff).days
    labels = churn_labels(histories, business, [newest - timedelta(days=horizon)], horizon)
    stayed = labels.loc[~labels["churned"], "customer_id"]
    return np.asarray(~rows.frame["customer_id"].isin(stayed), dtype=bool)


def check_labels(frame: pd.DataFrame, cutoffs: Sequence[date], business: BusinessConfig) -> None:
    """Raise NotEnoughData unless some left and some stayed at every cutoff."""
    counts = frame.groupby("cutoff")["churned"].agg(["size", "sum"])
    for cutoff in cutoffs:
        size, left = counts.loc[cutoff] if cutoff in counts.index else (0, 0)
        if size == 0:
            raise NotEnoughData(
                f"no customers at cutoff {cutoff}: nobody was there who could leave; "
                "load more history"
            )
        if left in (0, size):
            word = "no churners" if left == 0 else "nobody stayed"
            raise NotEnoughData(
                f"{word} at cutoff {cutoff}: {left} of {size} customers left by {business.churn} "
                f"within {business.horizon_days} days; a model needs both kinds: check churn and "
                "horizon_days under [business]"
            )
