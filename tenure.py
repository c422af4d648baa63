"""The command line: one function per command, each calls one function of a package."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

# nothing phones home; the libraries read these when they are first imported
for _switch in ("MLFLOW_DISABLE_TELEMETRY", "DO_NOT_TRACK", "BENTOML_DO_NOT_TRACK"):
    os.environ.setdefault(_switch, "True")

import typer

from features.errors import TenureError

if TYPE_CHECKING:
    from features.config import Config
    from features.histories import Histories

app = typer.Typer(
    help="Churn and lifetime-value scores beside your own data.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
    pretty_exceptions_enable=False,
)
keys = typer.Typer(help="API keys of the scoring service.", no_args_is_help=True)
app.add_typer(keys, name="key")

ConfigOption = Annotated[
    Path, typer.Option("--config", "-c", help="The tenure.toml that describes your tables.")
]
DEFAULT = Path("tenure.toml")


def main() -> None:
    """Run the command line; what the user can mend is said in one sentence and exits with 2."""
    try:
        app()
    except TenureError as error:
        _refuse(str(error))
    except OSError as error:
        what = f"{error.filename} can't be used" if error.filename else "a file failed"
        _refuse(f"{what}: {error.strerror or error}; see who may read and write it, and the disk")


def _refuse(said: str) -> NoReturn:
    from serving.terminal import say_error

    say_error(said)
    sys.exit(2)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(help="Folder with your files, also in subfolders.")],
    out: Annotated[
        Path | None, typer.Option(help="File to write; tenure.toml in the folder if not said.")
    ] = None,
) -> None:
    """Look into a folder of files, guess which history each is, and write a first tenure.toml.

    Example: `tenure init exports --out shop/tenure.toml`
    """
    from features.init.folder import init_config
    from serving.init_terminal import show_init

    show_init(init_config(folder, out))


@app.command()
def check(config: ConfigOption = DEFAULT) -> None:
    """Read every history; say what was found, what was put aside, and what is missing.

    Example: `tenure check --config shop/tenure.toml`
    """
    from serving.terminal import show_check
    from training.readiness import readiness

    with _histories(config) as (settings, histories):
        show_check(histories, readiness(settings, histories), settings.home)


@app.command()
def retrain(config: ConfigOption = DEFAULT) -> None:
    """Fit, backtest and register both models, and put them into use.

    Example: `tenure retrain --config shop/tenure.toml`
    """
    from serving.terminal import progress_bars, show_retrain
    from training.retrain import retrain as run

    with _alone(config), _histories(config) as (settings, histories):
        with progress_bars() as progress:
            report = run(settings, histories, progress=progress)
        show_retrain(report)


@app.command()
def score(config: ConfigOption = DEFAULT) -> None:
    """Score everyone at the newest cutoff and publish the snapshot that is served.

    Example: `tenure score --config shop/tenure.toml`
    """
    from serving.batch import score_and_publish
    from serving.terminal import progress_bars, show_published

    with _alone(config), _histories(config) as (settings, histories):
        with progress_bars() as progress:
            manifest = score_and_publish(settings, histories, progress=progress)
        show_published(manifest, settings.home)


@app.command("features")
def feature_table(
    config: ConfigOption = DEFAULT,
    cutoff: Annotated[
        datetime | None,
        typer.Option(formats=["%Y-%m-%d"], help="First day not seen; the newest if not said."),
    ] = None,
    out: Annotated[
        str, typer.Option(help="Folder to write, replaced as a whole; with Spark also a URL.")
    ] = "feature-table",
) -> None:
    """Write everyone's features at a cutoff as Parquet, for your own analysis or models.

    Example: `tenure features --config shop/tenure.toml --cutoff 2026-06-01 --out feature-table`
    """
    from serving.feature_table import write_feature_table
    from serving.terminal import progress_bars, say

    with _alone(config), _histories(config) as (settings, histories), progress_bars() as progress:
        day = cutoff and cutoff.date()
        table = write_feature_table(settings, histories, day, out, progress=progress)
    say(table.sentence())


@app.command("at-risk")
def at_risk(
    config: ConfigOption = DEFAULT,
    top: Annotated[int, typer.Option(help="How many customers.", min=1)] = 1000,
    out: Annotated[
        Path, typer.Option(help="File to write; its ending decides: .csv, .parquet or .jsonl.")
    ] = Path("at-risk.csv"),
) -> None:
    """Write the customers with the most value at risk, from the published snapshot.

    Example: `tenure at-risk --config shop/tenure.toml --top 500 --out at-risk.csv`
    """
    from campaigns.at_risk import at_risk_list
    from campaigns.export import write_list
    from features.config import read_config
    from serving.snapshot import open_snapshot
    from serving.terminal import show_list

    with open_snapshot(read_config(config).home) as snapshot:
        rows = at_risk_list(snapshot.scores(), top)
    show_list(rows, write_list(rows, out))


@app.command()
def kpis(
    config: ConfigOption = DEFAULT,
    by: Annotated[str, typer.Option(help="month, or a column of customers.")] = "month",
    months: Annotated[int, typer.Option(help="How many months back.", min=1)] = 6,
    out: Annotated[Path | None, typer.Option(help="Also write all of it to this CSV file.")] = None,
) -> None:
    """Print the company's own figures (NPS, CSAT, resolution times, churn ...) with intervals.

    Example: `tenure kpis --config shop/tenure.toml --by segment --out kpis.csv`
    """
    from serving.figures import company_figures
    from serving.terminal import show_kpis

    with _histories(config) as (settings, histories):
        figures = company_figures(settings, histories, by=by)
        show_kpis(figures, settings.business, by=by, months=months)
        if out is not None:
            from campaigns.export import write_list

            write_list(figures, out)


@app.command()
def simulate(
    customers: Annotated[int, typer.Option(help="How many sign up.", min=1)] = 20_000,
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("demo/company"),
    seed: Annotated[int, typer.Option(help="Same seed, same company.", min=0)] = 7,
    weeks: Annotated[int, typer.Option(help="Length of the history.")] = 130,
) -> None:
    """Write a simulated subscription company, whose true probabilities are known, and its config.

    Example: `tenure simulate --customers 5000 --out demo/company --seed 7`
    """
    from features.datasets.simulator import simulate as run
    from serving.terminal import progress_bars, show_simulated

    with progress_bars() as progress:
        report = run(
            out,
            customers=customers,
            seed=seed,
            weeks=weeks,
            progress=lambda done: progress("simulate customers", done, customers),
        )
    show_simulated(report)


@app.command()
def cdnow(
    out: Annotated[Path, typer.Option(help="Folder to write.")] = Path("demo/cdnow"),
    sample: Annotated[bool, typer.Option("--sample", help="Only the 1-in-10 sample.")] = False,
) -> None:
    """Write CDNOW, the orders of a real shop in 1997 and 1998, and its config.

    Example: `tenure cdnow --out demo/cdnow`
    """
    from features.datasets.cdnow import write_cdnow
    from serving.terminal import show_cdnow

    show_cdnow(write_cdnow(out, sample=sample))


@app.command()
def summary(
    configs: Annotated[list[Path], typer.Argument(help="One or more tenure.toml files.")],
) -> None:
    """Compare businesses side by side: data, model quality, value fit, and where the lists lie.

    Example: `tenure summary demo/company/tenure.toml demo/cdnow/tenure.toml`
    """
    from features.config import read_config
    from serving.summary import summarise
    from serving.terminal import show_summary

    show_summary({path: summarise(read_config(path)) for path in configs})


@app.command()
def serve(
    config: ConfigOption = DEFAULT,
    port: Annotated[int, typer.Option(help="TCP port.", min=1, max=65_535)] = 3000,
    host: Annotated[str, typer.Option(help="Address to listen at.")] = "127.0.0.1",
) -> None:
    """Answer score requests over HTTP from the published snapshot; Ctrl-C stops it.

    Example: `tenure serve --config shop/tenure.toml --port 3000`
    """
    from features.config import read_config
    from serving.address import refuse_taken
    from serving.terminal import say

    home = read_config(config).home
    refuse_taken(host, port)
    os.environ["TENURE_HOME"] = str(home)
    say(f"serving {home} on http://{host}:{port}; try /docs.json, /readyz and POST /v1/score")
    command = [sys.executable, "-m", "bentoml", "serve", "serving.service:Tenure"]
    os.execv(sys.executable, [*command, "--host", host, "--port", str(port)])


@keys.command("create")
def key_create(
    config: ConfigOption = DEFAULT,
    name: Annotated[str, typer.Option(help="Who it is for.")] = "default",
) -> None:
    """Make an API key and print it once; only its hash is kept.

    Example: `tenure key create --config shop/tenure.toml --name checkout-page`
    """
    from features.config import read_config
    from serving.access import create_key

    typer.echo(create_key(read_config(config).home, name, created_at=datetime.now(UTC)))


@contextmanager
def _histories(path: Path) -> Iterator[tuple[Config, Histories]]:
    from features.config import read_config
    from features.histories import load_histories
    from serving.terminal import progress_bars

    config = read_config(path)
    with progress_bars() as progress:
        histories = load_histories(config, now=datetime.now(UTC), progress=progress)
    try:
        yield config, histories
    finally:
        histories.close()


@contextmanager
def _alone(path: Path) -> Iterator[None]:
    """Hold the home folder, so that two trainings or scorings never run at once in it."""
    from features.config import read_config
    from serving.files import locked

    with locked(read_config(path).home / ".tenure.lock"):
        yield


if __name__ == "__main__":
    main()
