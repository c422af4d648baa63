"""What looks too good to be true, though nothing is blamed for it? Said, never left out."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from training.churn import MODEL, ChurnBacktest
from training.knowledge import Table
from training.metrics import Estimate
from training.rows import Rows

STRONG_COLUMN = 0.9
"""AUC of one column, with its whole interval, that is worth a look."""
STRONG_MODEL = 0.98
"""AUC of the backtest that is worth a look."""
_NAMED = 5


def strong_columns(rows: Rows, besides: Collection[str] = (), seed: int = 0) -> dict[str, Estimate]:
    """Columns that alone tell who leaves nearly without fail, the strongest first.

    Parameters
    ----------
    rows : Rows
        At one cutoff.
    besides : collection of str
        Columns of which something is said already.
    seed : int
        Of the folds.
    """
    names = [name for name in rows.spec.names if name not in besides]
    table = Table.of(rows.frame[names], rows.churned, seed)
    alone = {name: table.alone(name) for name in names}
    strong = [name for name in names if alone[name].low >= STRONG_COLUMN]
    return {name: alone[name] for name in sorted(strong, key=lambda name: -alone[name].value)}


def too_good(strong: dict[str, Estimate], backtest: ChurnBacktest) -> Iterator[str]:
    """Yield a sentence for strong columns, and one for a backtest, that deserve a look."""
    if strong:
        said = [
            f"{name} {found.value:.3f} ({found.low:.3f}-{found.high:.3f})"
            for name, found in list(strong.items())[:_NAMED]
        ]
        more = f" and {len(strong) - _NAMED} more" if len(strong) > _NAMED else ""
        yield (
            f"by itself each of these tells nearly all who leave, by AUC: {', '.join(said)}{more}; "
            "nothing was left out for it: look at where they come from (docs/leaks.md)"
        )
    found = backtest.scores[MODEL]["auc"]
    if found.value >= STRONG_MODEL:
        yield (
            f"the churn model's AUC of {found.value:.3f} is rarely honest; nothing was left out "
            "for it: look at the columns that its reasons name (docs/leaks.md)"
        )
