"""What is a customer worth over the value horizon, in discounted margin?

Two parts that add up: what they will order (a purchase model times a spend model) and what their
subscription will pay until they leave (a constant hazard that agrees with the churn probability).
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import exprel

from training.models.errors import FitError
from training.models.purchases import PurchaseModel, distinct
from training.models.spend import SpendModel

Floats = NDArray[np.float64]

_DAYS_PER_YEAR = 365.0
_DAYS_PER_MONTH = 365.25 / 12


@dataclass(frozen=True)
class OrderHistory:
    """What `orders_value` needs of each customer, by the BTYD counting rules, at the cutoff."""

    frequency: ArrayLike
    """Repeat purchase days; nan for a customer who never ordered."""
    recency: ArrayLike
    """Age in days at the last purchase."""
    T: ArrayLike
    """Age in days at the cutoff."""
    monetary_value: ArrayLike
    """Mean spend per repeat purchase day, in currency units."""


@dataclass(frozen=True)
class SubscriptionState:
    """What `subscription_value` needs of each customer at the cutoff."""

    monthly_amount: ArrayLike
    """In currency units per month; 0 or nan without an active subscription."""
    churn_probability: ArrayLike
    """Calibrated, over `horizon_days`."""
    horizon_days: float


@dataclass(frozen=True)
class LifetimeValueModel:
    """Purchases and spend (both, or neither) with the business's terms.

    Raises
    ------
    FitError
        If a term is impossible, or only one of the two models is there.
    """

    purchases: PurchaseModel | None
    spend: SpendModel | None
    margin_rate: float
    """Margin per unit of subscription, and of spend unless `orders_margin_rate` says otherwise."""
    discount_rate_annual: float
    """0.10 means that a payment a year away is worth 1 / 1.10 of one today."""
    value_horizon_days: int
    newcomer_orders_value: float = 0.0
    """Mean discounted margin, over the value horizon, of customers who have never ordered."""
    orders_margin_rate: float | None = None
    """Margin kept per unit of spend, after refunds; None: `margin_rate`."""
    step_days: int = 7
    """Purchases within one step are discounted from its middle."""

    def __post_init__(self) -> None:
        if (self.purchases is None) != (self.spend is None):
            raise FitError("a value model needs a purchase and a spend model, or neither")
        if self.value_horizon_days < 1 or self.step_days < 1:
            raise FitError(
                f"value horizon {self.value_horizon_days} and step {self.step_days} must both be "
                "at least 1 day"
            )
        if not (self.discount_rate_annual > -1 and math.isfinite(self.margin_rate)):
            raise FitError(
                f"margin rate {self.margin_rate} must be finite and annual discount rate "
                f"{self.discount_rate_annual} above -1"
            )

    @property
    def discount_per_day(self) -> float:
        """Continuous discount rate: a payment in d days is worth exp(-d * rate) of one today."""
        return math.log1p(self.discount_rate_annual) / _DAYS_PER_YEAR

    def expected_value(
        self, *, orders: OrderHistory | None = None, subscription: SubscriptionState | None = None
    ) -> Floats:
        """Discounted margin expected over the value horizon from orders and subscription together.

        Parameters
        ----------
        orders, subscription : of the same customers in the same order; leave out what is not sold.

        Returns
        -------
        ndarray, shape (n_customers,), in currency units
        """
        parts = []
        if orders is not None:
            parts.append(
                self.orders_value(orders.frequency, orders.recency, orders.T, orders.monetary_value)
            )
        if subscription is not None:
            parts.append(
                self.subscription_value(
                    subscription.monthly_amount,
                    subscription.churn_probability,
                    subscription.horizon_days,
                )
            )
        if not parts:
            raise FitError("a value needs orders or a subscription; neither was given")
        return np.asarray(sum(parts[1:], parts[0]))

    def orders_value(
        self, frequency: ArrayLike, recency: ArrayLike, T: ArrayLike, monetary_value: ArrayLike
    ) -> Floats:
        """Discounted margin expected from orders over the value horizon.

        The increments of the expected purchases over steps of `step_days`, each discounted from
        its middle, times expected spend and margin.

        Parameters
        ----------
        frequency, recency, T, monetary_value : array-like, shape (n_customers,)
            As in `OrderHistory`; a nan frequency gives `newcomer_orders_value`.

        Returns
        -------
        ndarray, shape (n_customers,), in currency units
        """
        x, t_x, age, mean_spend = (
            np.atleast_1d(np.asarray(column, np.float64))
            for column in (frequency, recency, T, monetary_value)
        )
        value = np.full(x.shape, float(self.newcomer_orders_value))
        ordered = ~np.isnan(x)
        if self.purchases is None or self.spend is None or not ordered.any():
            return value
        x, t_x, age, mean_spend = x[ordered], t_x[ordered], age[ordered], mean_spend[ordered]
        purchases = self.purchases.probability_alive(x, t_x, age) * self._discounted(
            self.purchases, x, age
        )
        rate = self.margin_rate if self.orders_margin_rate is None else self.orders_margin_rate
        value[ordered] = purchases * self.spend.expected_spend(x, mean_spend) * rate
        return value

    def subscription_value(
        self, monthly_amount: ArrayLike, churn_probability: ArrayLike, horizon_days: float
    ) -> Floats:
        """Discounted margin expected from a subscription over the value horizon.

        With the constant hazard h of S(t) = (1 - p)^(t / horizon) and the continuous discount
        rate d, the integral of amount * exp(-(h + d) t) over the value horizon is exact.

        Parameters
        ----------
        monthly_amount : array-like, shape (n_customers,), in currency units per month
            0 or nan: nothing is paid.
        churn_probability : array-like, shape (n_customers,), in [0, 1]
            Over `horizon_days`.
        horizon_days : float, > 0

        Returns
        -------
        ndarray, shape (n_customers,), in currency units
        """
        if not horizon_days > 0:
            raise FitError(f"a churn horizon of {horizon_days} days is not positive")
        per_day = np.nan_to_num(np.asarray(monthly_amount, np.float64)) / _DAYS_PER_MONTH
        # certain churn has an infinite hazard and is worth 0: exprel knows that limit
        with np.errstate(divide="ignore"):
            hazard = -np.log1p(-np.asarray(churn_probability, np.float64)) / horizon_days
        decay = (self.discount_per_day + hazard) * self.value_horizon_days
        paid_days = np.where(per_day == 0, 0.0, self.value_horizon_days * exprel(-decay))
        return np.atleast_1d(per_day * paid_days * self.margin_rate)

    def save(self, folder: Path) -> None:
        """Write JSON files into an existing folder."""
        for model in (self.purchases, self.spend):
            if model is not None:
                model.save(folder)
        terms = {name: getattr(self, name) for name in _TERMS}
        state = terms | {"has_orders": self.purchases is not None}
        (folder / "lifetime_value.json").write_text(json.dumps(state, indent=1, sort_keys=True))

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        state = json.loads((folder / "lifetime_value.json").read_text())
        if state.pop("has_orders"):
            return cls(PurchaseModel.load(folder), SpendModel.load(folder), **state)
        return cls(None, None, **state)

    def _discounted(self, purchases: PurchaseModel, frequency: Floats, T: Floats) -> Floats:
        """Discounted purchases over the value horizon of customers known to be alive."""
        (x, age), _, where = distinct(frequency, T)
        total, before, start = np.zeros_like(x), np.zeros_like(x), 0
        while start < self.value_horizon_days:
            end = min(start + self.step_days, self.value_horizon_days)
            until = purchases.purchases_if_alive(end, x, age)
            total += (until - before) * math.exp(-self.discount_per_day * (start + end) / 2)
            before, start = until, end
        return total[where]


_TERMS = (
    "margin_rate",
    "orders_margin_rate",
    "discount_rate_annual",
    "value_horizon_days",
    "newcomer_orders_value",
    "step_days",
)
