"""Why is this customer at risk? The features that raise the risk most, in words."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from features.vocabulary import describe
from training.models.reasons import top_reasons
from training.trained import TrainedChurn

REASONS = 3
CHUNK = 5_000


def reason_texts(features: pd.DataFrame, churn: TrainedChurn) -> list[str]:
    """Up to three reasons per customer, joined with "; ", the strongest first.

    A reason names a feature that raises this customer's risk, its value, and for comparison its
    median over the training rows.

    Parameters
    ----------
    features : DataFrame, shape (n, ...), with the columns of `churn.spec`
    churn : TrainedChurn

    Returns
    -------
    list of str, length n
    """
    names = [column.name for column in churn.spec.columns]
    texts = []
    for start in range(0, len(features), CHUNK):
        part = features.iloc[start : start + CHUNK]
        contributions = churn.model.contributions(churn.spec.matrix(part))
        found = top_reasons(
            contributions, names, groups=[describe(n).group for n in names], k=REASONS
        )
        cells = {name: part[name].tolist() for name in names}
        for row, reasons in enumerate(found):
            said = [
                _say(r.name, cells[r.name][row], churn.facts.typical.get(r.name)) for r in reasons
            ]
            texts.append("; ".join(said))
    return texts


def _say(name: str, value: object, typical: float | None) -> str:
    meaning = describe(name).meaning
    if isinstance(value, str):
        return f"{meaning}: {value}"
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return f"{meaning}: none"
    shown = f"{meaning}: {_number(float(value))}"  # type: ignore[arg-type]
    return shown if typical is None else f"{shown} (usually {_number(typical)})"


def _number(value: float) -> str:
    rounded = np.format_float_positional(
        value, precision=3, unique=True, fractional=False, trim="-"
    )
    return rounded if abs(value) < 1000 else f"{value:.0f}"
