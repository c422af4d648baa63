"""Why is this customer at risk? The features that raise the risk most, in words."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd

from features.spec import Column
from features.vocabulary import describe
from training.models.reasons import Reason, top_reasons
from training.trained import TrainedChurn

REASONS = 3
CHUNK = 5_000


def reason_texts(features: pd.DataFrame, churn: TrainedChurn) -> list[str]:
    """Give up to three reasons per customer, joined with "; ", the strongest first.

    A reason names a measure that raises this customer's risk, by the window that raises it most,
    with its value and, for comparison, what is usual: the median over the training rows.

    Parameters
    ----------
    features : DataFrame, shape (n, ...), with the columns of `churn.spec`
    churn : TrainedChurn

    Returns
    -------
    list of str, length n
    """
    columns = {column.name: column for column in churn.spec.columns}
    texts = []
    for start in range(0, len(features), CHUNK):
        values = churn.spec.matrix(features.iloc[start : start + CHUNK])
        found = top_reasons(
            churn.model.contributions(values),
            feature_names=list(columns),
            groups=[_measure(name) for name in columns],
            values=values,
            typical=[churn.facts.typical.get(name, math.nan) for name in columns],
            k=2 * REASONS,
        )
        for row in found:
            plain = [each for each in row if _makes_sense(each)][:REASONS]
            texts.append("; ".join(_say(each, columns[each.name]) for each in plain))
    return texts


def _makes_sense(reason: Reason) -> bool:
    """Tell whether a value lies on the side of the usual where a person expects more risk."""
    more = describe(reason.name).more
    if more == "leaves":
        return not reason.value < reason.typical
    return not (more == "stays" and reason.value > reason.typical)


def _measure(name: str) -> str:
    """Name a column's measure without its window: the windows of one measure say one thing."""
    return re.sub(r"_\d+d$", "", name)


def _say(reason: Reason, column: Column) -> str:
    meaning = describe(reason.name).meaning
    if math.isnan(reason.value):
        return f"{meaning}: none"
    if column.kind == "category":
        return f"{meaning}: {column.levels[int(reason.value)]}"
    if math.isnan(reason.typical):
        return f"{meaning}: {_number(reason.value)}"
    return f"{meaning}: {_number(reason.value)} (usually {_number(reason.typical)})"


def _number(value: float) -> str:
    rounded = np.format_float_positional(
        value, precision=3, unique=True, fractional=False, trim="-"
    )
    return rounded if abs(value) < 1000 else f"{value:.0f}"
