"""What does a person see at the terminal? Tables and progress bars, at most 100 columns wide."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from features.progress import Progress
from serving.remarks import remarks

if TYPE_CHECKING:
    import pandas as pd

    from campaigns.export import WrittenList
    from features.config import BusinessConfig
    from features.datasets.cdnow import CdnowReport
    from features.datasets.simulator import SimulationReport
    from features.histories import Histories
    from serving.snapshot import Manifest
    from serving.summary import Summary
    from training.metrics import Estimate
    from training.probe import Suspect
    from training.readiness import Readiness
    from training.retrain import RetrainReport
    from training.value import ValueBacktest

WIDTH = 100
SHOWN_ON_LIST = 5
SUSPECTS_SHOWN = 5
CHURN_METRICS = ("auc", "log_loss", "calibration_error", "top_decile_lift")
PURCHASE_METRICS = ("mae", "rmse", "total")
OWN_RATE = "own_rate"


def _console(*, stderr: bool = False) -> Console:
    stream = sys.stderr if stderr else sys.stdout
    narrow = Console(stderr=stderr).width if stream.isatty() else WIDTH
    return Console(stderr=stderr, width=min(WIDTH, narrow), highlight=False)


def say(text: str) -> None:
    """Print a sentence, wrapped between words; a long path is never cut."""
    _console().print(escape(_wrapped(text)), soft_wrap=True)


def say_error(text: str) -> None:
    """Print what went wrong to the error stream."""
    said = _wrapped(f"error: {text}").removeprefix("error: ")
    _console(stderr=True).print(f"[bold red]error:[/] {escape(said)}", soft_wrap=True)


def _wrapped(text: str) -> str:
    return textwrap.fill(text, WIDTH, break_long_words=False, break_on_hyphens=False)


@contextmanager
def progress_bars() -> Iterator[Progress]:
    """Draw a bar per step on the error stream; nothing where that is not a terminal."""
    columns = (
        TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(),
        TimeElapsedColumn(),
    )  # fmt: skip
    console = _console(stderr=True)
    with Bars(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, int] = {}

        def hear(step: str, done: int, total: int) -> None:
            if step not in tasks:
                tasks[step] = bars.add_task(step, total=total)
            bars.update(tasks[step], completed=done, total=total)  # type: ignore[arg-type]

        yield hear


def show_check(histories: Histories, models: Iterable[Readiness], home: Path) -> None:
    """Print what each history holds, what was put aside, and which models can be trained."""
    table = _table("history", "rows", "customers", "first", "last", "copies", "put aside")
    for name, report in histories.reports.items():
        table.add_row(
            name, f"{report.rows:,}", f"{report.customers:,}", _day(report.first),
            _day(report.last), f"{report.duplicates:,}", f"{sum(report.quarantined.values()):,}",
        )  # fmt: skip
    _console().print(table)
    for line in remarks(histories, home):
        say(line)
    for model in models:
        say(f"{model.model}: {'ready' if model.ready else 'NOT ready'} - {model.because}")


def show_retrain(report: RetrainReport) -> None:
    """Print how the models did on cutoffs that they had not seen."""
    backtest = report.churn
    table = _table("churn", "AUC", "log loss", "calibration error", "top decile lift")
    for name, scores in backtest.scores.items():
        table.add_row(_words(name), *(_estimate(scores[metric]) for metric in CHURN_METRICS))
    _console().print(table)
    say("(on later cutoffs than any fit has seen, with 95 % intervals)")
    _show_suspects(report.suspects)
    for line in report.remarks:
        say(line)
    if not backtest.beats_baselines:
        say("the churn model does not beat its baselines: look at the data before you use it")
    if report.value is None:
        say(f"no purchase model: {report.value_missing}")
    else:
        _show_purchases(report.value)
    for name, version in report.versions.items():
        say(f"{name} version {version} is now champion")


def _show_suspects(suspects: Sequence[Suspect]) -> None:
    """Print which columns may know the outcome, why, and what became of them."""
    for each in suspects[:SUSPECTS_SHOWN]:
        became = "kept by the config, but it may leak" if each.kept else "left out, it may leak"
        say(f"{each.column}: {became}: {each.evidence}")
    for kept, became in ((False, "left out, may leak"), (True, "kept, but may leak")):
        rest = [each.column for each in suspects[SUSPECTS_SHOWN:] if each.kept is kept]
        if rest:
            say(f"{len(rest)} more {became}: {', '.join(rest)}")
    if any(not each.kept for each in suspects):
        say(
            "see docs/leaks.md; a column that was truly known at the cutoff is used again with "
            'keep = ["its name"] under [training]'
        )


def _show_purchases(held: ValueBacktest) -> None:
    table = _table("purchases", "MAE", "RMSE", "expected / actual")
    for name, scores in held.scores.items():
        chosen = " (chosen)" if name == held.chosen else ""
        table.add_row(
            _words(name) + chosen, *(_estimate(scores[metric]) for metric in PURCHASE_METRICS)
        )
    _console().print(table)
    say(f"(in the {held.holdout_days} days from {held.cutoff}, fitted on what came before)")
    if held.orders_value is not None:
        say(
            f"margin from orders in those days, expected / realised: {_estimate(held.orders_value)}"
        )
    for name, why in held.failed.items():
        say(f"{_words(name)} could not be fitted: {why}")


def show_published(manifest: Manifest, home: Path) -> None:
    """Print what was published."""
    facts = manifest.facts
    say(
        f"published snapshot {manifest.snapshot_id}: {manifest.customers:,} customers at cutoff "
        f"{manifest.cutoff}, churn model {facts['churn_model_version']}, value model "
        f"{facts['value_model_version'] or 'none'}, under {home / 'snapshots'}"
    )
    if not facts["scores_supplied_histories"]:
        why = facts["supplied_histories_refused"]
        say(f"the service will refuse POST /v1/score-history: {why}")


def show_list(rows: pd.DataFrame, written: WrittenList) -> None:
    """Print where the list lies and how it begins."""
    import pandas as pd

    table = _table("customer", "churn", "value at risk", "band", "reasons")
    for row in rows.head(SHOWN_ON_LIST).to_dict("records"):
        worth = f"{row['value_at_risk']:,.2f} {row['currency']}"
        table.add_row(
            escape(row["customer_id"]), f"{row['churn_probability']:.1%}",
            "-" if pd.isna(row["value_at_risk"]) else worth, row["risk_band"],
            escape(row["reasons"]),
        )  # fmt: skip
    _console().print(table)
    say(f"wrote {written.rows:,} customers to {written.path}")
    if written.guarded:
        say(
            f"{written.guarded:,} cells begin like a formula and got a leading apostrophe, so that "
            "a spreadsheet does not run them; .parquet and .jsonl have them as they are"
        )


def show_kpis(figures: pd.DataFrame, business: BusinessConfig, *, by: str, months: int) -> None:
    """Print the company's own figures; by month, only the newest months."""
    from features.kpi_figures import kpi_table

    key = figures.columns[0]
    if by == "month":
        newest = sorted(figures[key].unique())[-months:]
        figures = figures[figures[key].isin(newest)]
    table = _table(by, "figure", "value", "95 % interval", "n")
    for cells in kpi_table(figures):
        table.add_row(*map(escape, cells))
    _console().print(table)
    if business.churn == "inactivity":
        say(
            f"churn_rate: of the customers at a month's first midnight, those without "
            f"{business.activity} in the {business.horizon_days} days after it"
        )


def show_simulated(report: SimulationReport) -> None:
    """Print what company was simulated."""
    say(
        f"simulated {report.customers:,} customers over {report.weeks} weeks into {report.folder}: "
        f"{sum(report.rows.values()):,} rows, {report.active_customers:,} subscribed at "
        f"{report.end}, {report.churn_rate:.1%} of them will truly leave; who knew the truth "
        f"would have an AUC of {report.oracle_auc:.3f}"
    )


def show_cdnow(report: CdnowReport) -> None:
    """Print what was written of CDNOW."""
    say(
        f"wrote CDNOW into {report.folder}: {report.customers:,} customers, {report.orders:,} "
        f"orders from {report.first} to {report.last}"
    )


def show_summary(summaries: Mapping[Path, Summary]) -> None:
    """Print the figures of several businesses side by side, then how to serve each."""
    table = _table("", *(path.parent.name for path in summaries))
    for label, cells in _summary_rows(list(summaries.values())):
        if any(cells):
            table.add_row(label, *cells)
    _console().print(table)
    for path, found in summaries.items():
        if found.at_risk_list is not None:
            say(f"{path.parent.name}: the list lies at {found.at_risk_list}")
        # a command is copied as a whole: it is not wrapped
        served = f"{path.parent.name}: serve it with: make serve CONFIG={path}"
        _console().print(escape(served), soft_wrap=True)


def _summary_rows(found: list[Summary]) -> Iterator[tuple[str, list[str]]]:
    yield "rows read", [f"{each.rows_read:,}" for each in found]
    yield "customers scored", [f"{each.customers:,}" for each in found]
    for label, metric in (
        ("AUC", "auc"), ("log loss", "log_loss"), ("calibration error", "calibration_error"),
        ("top decile lift", "top_decile_lift"),
    ):  # fmt: skip
        for name in ("model", "logistic", "recency_rule"):
            yield f"{label}, {_words(name)}", [_metric(each, name, metric) for each in found]
    truths = [each.truth for each in found]
    for label, field in (
        ("calibration error against the truth", "calibration_error"),
        ("top decile: true rate / base rate", "decile_lift"),
        ("list's top decile, the same", "list_lift"),
        ("value, expected / truth", "value_ratio"),
    ):
        yield label, ["" if t is None else f"{getattr(t, field):.4f}" for t in truths]
    yield (
        "orders' margin, expected / realised",
        [_metric(each, "orders_value", "total") for each in found],
    )
    if any(each.left_out for each in found):
        yield "columns left out, may leak", [str(each.left_out) for each in found]
    yield "purchase model", [each.purchase_model or "" for each in found]
    for label, metric in (
        ("purchases, expected / actual", "total"), ("purchases, RMSE", "rmse"),
        ("purchases, MAE", "mae"),
    ):  # fmt: skip
        yield label, [_metric(each, each.purchase_model, metric) for each in found]
        yield f"{label}, own rate", [_metric(each, OWN_RATE, metric) for each in found]


def _metric(found: Summary, name: str | None, metric: str) -> str:
    key = f"{name}_{metric}"
    if key not in found.metrics:
        return ""
    low, high = found.metrics[f"{key}_low"], found.metrics[f"{key}_high"]
    return f"{found.metrics[key]:.4f} ({low:.4f}-{high:.4f})"


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for i, column in enumerate(columns):
        left = i == 0 or column == "reasons"
        table.add_column(column, justify="left" if left else "right", no_wrap=column != "reasons")
    return table


def _estimate(found: Estimate) -> str:
    return f"{found.value:.3f} ({found.low:.3f}-{found.high:.3f})"


def _words(name: str) -> str:
    return {"bg_nbd": "BG/NBD", "mbg_nbd": "MBG/NBD"}.get(name, name.replace("_", " "))


def _day(day: object) -> str:
    return "" if day is None else str(day)
