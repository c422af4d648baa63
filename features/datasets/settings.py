"""Which tenure.toml describes the simulated company?"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from features.datasets.customers import STATIC
from features.datasets.folders import MARK

KIND = "simulated company"

HISTORIES = {
    "customers": "one row per customer",
    "subscriptions": "one row per plan paid by the month, and per annual term",
    "usage": "one row per use of a part of the product",
    "tickets": "one row per help-desk ticket, as the help desk knows it at the end",
    "surveys": "one row per survey sent; without answered_at: not answered",
    "orders": "one row per extra bought, beside the subscription; some are refunded",
    "mentions": "one row per post in public",
    "campaigns": "one row per past assignment at random, treatment or control; without effect",
}
"""File (and history) -> what one of its rows is."""


@dataclass(frozen=True)
class Business:
    """What the simulated company means by churn and value; its truth is computed for this.

    Attributes
    ----------
    horizon_days, value_horizon_days : int
        Multiples of 7: the company lives in weeks.
    margin_rate : float
        Share of revenue.
    discount_rate_annual : float
    """

    horizon_days: int = 91
    value_horizon_days: int = 364
    margin_rate: float = 0.7
    discount_rate_annual: float = 0.10


def settings_text(business: Business, *, seed: int, customers: int, weeks: int, end: date) -> str:
    """Return the tenure.toml of a simulated company.

    Examples
    --------
    >>> text = settings_text(Business(), seed=7, customers=20_000, weeks=130, end=date(2026, 6, 29))
    >>> print(text.splitlines()[0])
    # Tenure data set: simulated company, seed 7, 20000 customers, 130 weeks before 2026-06-29
    """
    made = f"seed {seed}, {customers} customers, {weeks} weeks before {end.isoformat()}"
    keys = (
        ('currency = "EUR"', ""),
        ('time_zone = "UTC"', "decides where a day ends"),
        ('churn = "cancellation"', "left = no subscription is active at the end of the horizon"),
        (f"horizon_days = {business.horizon_days}", "churn_probability looks this far ahead"),
        (f"value_horizon_days = {business.value_horizon_days}", "expected_value, likewise"),
        (f"margin_rate = {business.margin_rate:.2f}", "margin per unit of revenue"),
        (f"discount_rate_annual = {business.discount_rate_annual:.2f}", "later money counts less"),
    )
    lines = [
        f"{MARK}{KIND}, {made}",
        "# truth.parquet holds what no company knows: each customer's true probability and value.",
        "",
        "[business]",
        *(f"{key:<30}# {why}" if why else key for key, why in keys),
        *_sections(),
    ]
    return "\n".join(lines) + "\n"


def _sections() -> Iterator[str]:
    for name, row in HISTORIES.items():
        yield f"\n[histories.{name}]  # {row}"
        yield f'path = "{name}.parquet"'
        if name == "customers":
            yield "# never change, so they may be features at any cutoff"
            yield "static = [" + ", ".join(f'"{attribute}"' for attribute in STATIC) + "]"
