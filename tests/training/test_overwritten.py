"""Fields that are overwritten when a customer leaves: whoever leaves later is marked too."""

import numpy as np
import pytest

from features.config import BusinessConfig
from features.labels import churn_labels
from features.spec import FeatureSpec
from tests.features import worlds
from tests.features.worlds import CUTOFF, LAST, row
from tests.training.small_company import COUNTS, company
from training.probe import probe
from training.rows import Rows, gone_by_newest

CUSTOMERS = 1_500


def exit_level(gone, some, rng):
    return np.where((gone & some(0.5)) | some(0.01), "off", rng.choice(list("abcd"), len(gone)))


def no_mail(gone, some, rng):
    return np.where((gone & some(0.7)) | some(0.08), "yes", "no")


def emptied(gone, some, rng):
    return np.where((gone & some(0.6)) | some(0.05), np.nan, rng.uniform(0, 24, len(gone)))


def exit_fee(gone, some, rng):
    return np.where(gone & some(0.4), rng.uniform(5, 80, len(gone)), 0.0)


def exit_score(gone, some, rng):
    return np.where(gone & some(0.4), rng.uniform(1, 5, len(gone)), np.nan)


def many_reasons(gone, some, rng):
    reasons = rng.choice([f"reason {i}" for i in range(16)], len(gone))
    return np.where(gone & some(0.6), reasons, rng.choice(["m", "n"], len(gone)))


def later_leavers(churned):
    """Who had left at the end: nearly half of them after the horizon."""
    return churned | (~churned & (np.random.default_rng(8).random(len(churned)) < 0.2))


LEAKS = (exit_level, no_mail, emptied, exit_fee, exit_score, many_reasons)


@pytest.mark.parametrize("leak", LEAKS)
def test_a_field_that_is_overwritten_for_all_who_have_left_is_the_only_suspect(leak):
    X, churned = company(CUSTOMERS)
    gone, rng = later_leavers(churned), np.random.default_rng(1)
    X["leak"] = leak(gone, lambda share: rng.random(CUSTOMERS) < share, rng)
    assert [each.column for each in probe(X, churned, gone=gone, counts=COUNTS)] == ["leak"]


def test_the_evidence_says_when_it_is_of_who_had_left_by_the_newest_cutoff():
    X, churned = company(CUSTOMERS)
    gone, rng = later_leavers(churned), np.random.default_rng(1)
    X["leak"] = emptied(gone, lambda share: rng.random(CUSTOMERS) < share, rng)
    [suspect] = probe(X, churned, gone=gone, counts=COUNTS)
    assert "of who had left by the newest cutoff: missing in" in suspect.evidence
    assert probe(X, churned, counts=COUNTS) == []


def test_levels_of_one_customer_each_say_nothing():
    X, churned = company(CUSTOMERS)
    X["name"] = [f"customer {i}" for i in range(CUSTOMERS)]
    assert probe(X, churned, gone=later_leavers(churned), counts=COUNTS) == []


def gone_of(world, churn):
    """Who of the customers of a cutoff had left 56 days later, by a horizon of 28."""
    business = BusinessConfig(currency="GBP", churn=churn, horizon_days=28)
    histories = worlds.histories(world, last_day=LAST + 55)
    rows = Rows(churn_labels(histories, business, [CUTOFF]), FeatureSpec((), ()))
    found = gone_by_newest(histories, business, rows)
    return dict(zip(rows.frame["customer_id"], found.tolist(), strict=True))


def test_by_cancellation_who_has_no_subscription_at_the_newest_cutoff_is_gone():
    terms = [
        row("subscriptions", 9, "stays"),
        row("subscriptions", 9, "leaves", ended_day=LAST + 9),
        row("subscriptions", 9, "leaves later", ended_day=LAST + 40),
        row("subscriptions", 9, "comes back", ended_day=LAST + 9),
        row("subscriptions", -40, "comes back"),
    ]
    gone = {"stays": False, "leaves": True, "leaves later": True, "comes back": False}
    assert gone_of({"subscriptions": terms}, "cancellation") == gone


def test_by_inactivity_who_did_nothing_in_the_last_horizon_is_gone():
    orders = [
        row("orders", day, name, amount=5.0)
        for name, day in (("stays", -30), ("leaves", 9), ("leaves later", -27), ("comes back", -55))
    ]
    first = [row("orders", 9, name, amount=5.0) for name in ("stays", "leaves later", "comes back")]
    gone = {"stays": False, "leaves": True, "leaves later": True, "comes back": False}
    assert gone_of({"orders": orders + first}, "inactivity") == gone
