"""What would a person rather look at than read? Plots of a backtest, as matplotlib figures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

BINS = 10
_INK, _SOFT, _COLOURS = "#1f2933", "#9aa5b1", ("#0b7285", "#e8590c", "#868e96", "#5f3dc4")


def calibration_plot(probability: ArrayLike, churned: ArrayLike) -> Figure:
    """Share that left against the probability they were given, in ten groups of equal size."""
    p, y = np.asarray(probability, float), np.asarray(churned, float)
    groups = _equal_groups(p)
    figure, axes = _canvas("Of those given this probability, how many left?")
    top = 1.1 * max(max(p[g].mean(), y[g].mean()) for g in groups)
    axes.plot([0, top], [0, top], color=_SOFT, linestyle="--", label="perfectly calibrated")
    share = np.array([y[g].mean() for g in groups])
    error = 1.96 * np.sqrt(share * (1 - share) / np.array([len(g) for g in groups]))
    axes.errorbar(
        [p[g].mean() for g in groups], share, yerr=error, fmt="o-", color=_COLOURS[0],
        capsize=3, label="ten groups, with 95 % intervals",
    )  # fmt: skip
    axes.set_xlabel("churn probability")
    axes.set_ylabel("share that left")
    axes.legend(frameon=False)
    return figure


def gains_plot(scores: Mapping[str, ArrayLike], churned: ArrayLike) -> Figure:
    """Share of all churners found among the top customers, for each named score."""
    y = np.asarray(churned, float)
    contacted = np.arange(len(y) + 1) / len(y)
    figure, axes = _canvas("How many leavers are among the first contacted?")
    axes.plot([0, 1], [0, 1], color=_SOFT, linestyle="--", label="at random")
    for (name, score), colour in zip(scores.items(), _COLOURS, strict=False):
        order = np.argsort(-np.asarray(score, float), kind="stable")
        found = np.concatenate([[0.0], np.cumsum(y[order]) / y.sum()])
        axes.plot(contacted, found, color=colour, label=_words(name))
    axes.set_xlabel("share of customers contacted, highest score first")
    axes.set_ylabel("share of leavers among them")
    axes.legend(frameon=False, loc="lower right")
    return figure


def purchases_plot(
    expected: Mapping[str, ArrayLike], actual: ArrayLike, frequency: ArrayLike
) -> Figure:
    """Expected against actual purchase days in the holdout, by repeat purchases before it."""
    y, x = np.asarray(actual, float), np.asarray(frequency, float)
    groups = [np.flatnonzero(x == k) for k in range(7)] + [np.flatnonzero(x >= 7)]
    labels = [*(str(k) for k in range(7)), "7+"]
    shown = [(label, g) for label, g in zip(labels, groups, strict=True) if len(g)]
    figure, axes = _canvas("Purchases after the cutoff, by repeat purchases before it")
    places = np.arange(len(shown))
    axes.plot(places, [y[g].mean() for _, g in shown], "o-", color=_INK, label="actual")
    for (name, values), colour in zip(expected.items(), _COLOURS, strict=False):
        v = np.asarray(values, float)
        axes.plot(places, [v[g].mean() for _, g in shown], "s--", color=colour, label=_words(name))
    axes.set_xticks(places, [label for label, _ in shown])
    axes.set_xlabel("repeat purchase days before the cutoff")
    axes.set_ylabel("purchase days after it, mean per customer")
    axes.legend(frameon=False)
    return figure


def _words(name: str) -> str:
    return {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD"}.get(name, name.replace("_", " "))


def _equal_groups(values: NDArray[np.float64]) -> list[NDArray[np.intp]]:
    order = np.argsort(values, kind="stable")
    return [group for group in np.array_split(order, BINS) if len(group)]


def _canvas(title: str) -> tuple[Figure, Axes]:
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    axes.set_title(title, color=_INK, loc="left")
    axes.grid(color="#e4e7eb")
    axes.spines[["top", "right"]].set_visible(False)
    return figure, axes
