"""The company's own figures, by month or by segment, for the churn that it means."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

import pandas as pd

from features.config import BusinessConfig, Config
from features.customer_months import next_month
from features.histories import Histories
from features.kpi_figures import kpis_by
from features.labels import churn_labels


def company_figures(config: Config, histories: Histories, *, by: str = "month") -> pd.DataFrame:
    """Every figure that the histories can give; see `features.kpi_figures.kpis_by`.

    For churn by inactivity the churn rate of a month is that of the customers at its first
    midnight over `horizon_days`; months whose horizon is not over yet have none.
    """
    labels = None
    if config.business.churn == "inactivity":
        cutoffs = list(_judged_months(histories, config.business))
        labels = churn_labels(histories, config.business, cutoffs) if cutoffs else None
    return kpis_by(histories.tables, until=histories.newest_cutoff, by=by, labels=labels)


def _judged_months(histories: Histories, business: BusinessConfig) -> Iterator[date]:
    month = next_month(histories.behaviour_start)
    last = histories.newest_cutoff - timedelta(days=business.horizon_days)
    while month <= last:
        yield month
        month = next_month(month)
