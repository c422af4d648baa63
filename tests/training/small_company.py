"""Columns of a small company, honest ones and leaks, for the tests of the probe."""

import numpy as np
import pandas as pd

COUNTS = ("usage_events_7d", "usage_events_28d", "usage_events_91d", "tickets_opened_91d")


def company(customers, seed=0, weeks_back=0):
    """Honest columns of customers who use less and less before they leave; and who left.

    `weeks_back` tells them as they were so many weeks earlier: older, and so less certain.
    """
    rng = np.random.default_rng(seed)
    churned = rng.random(customers) < 0.2
    taste = rng.gamma(3.0, 1.0, customers)
    fading = np.where(churned, rng.uniform(0.0, 0.8, customers), 1.0)
    now = np.random.default_rng([seed, weeks_back])
    daily = taste * np.clip(fading + 0.02 * weeks_back, 0, 1) / 10
    week, month, older = (now.poisson(daily * days) for days in (7, 21, 63))
    idle = now.exponential(1 / (daily + 0.02))
    columns = {
        "usage_events_7d": week,
        "usage_events_28d": week + month,
        "usage_events_91d": week + month + older,
        "usage_active_days_28d": np.minimum(week, 7) + np.minimum(month, 21),
        "usage_days_since_last": np.where(week > 0, np.minimum(idle, 7), 7 + idle),
        "usage_duration_mean_28d": np.where(week + month > 0, now.gamma(2, 3, customers), np.nan),
        "tickets_opened_91d": now.poisson(1 + 0.5 * churned),
        "customers_segment": np.where(rng.random(customers) < 0.3, "pro", "basic"),
        "customers_size": np.where(rng.random(customers) < 0.4, np.nan, rng.normal(size=customers)),
    }
    noise = {f"noise_{i}": rng.normal(size=customers) for i in range(5)}
    return pd.DataFrame(columns | noise), churned


def closed(churned, rng):
    return np.where(churned | (rng.random(len(churned)) < 0.03), "closed", "open")


def overwritten(churned, rng):
    return np.where(churned, 0.0, rng.integers(1, 30, len(churned)))
