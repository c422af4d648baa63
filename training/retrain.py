"""From histories to models in use: build, split, fit, backtest, register, promote."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from features.build import learn_spec
from features.config import Config
from features.errors import NotEnoughData
from features.histories import Histories
from features.progress import Progress, silent
from features.vocabulary import describe
from training import churn, plots, value
from training.metrics import Estimate
from training.probe import MOST_ROWS, Suspect, check_keep, probe
from training.rows import Rows, earlier_features, gone_by_newest, labelled_rows
from training.splits import Origin, rolling_origins, service_origin
from training.too_good import strong_columns, too_good
from training.tracking import Record, Store
from training.trained import CHURN, LIFETIME_VALUE, TrainedChurn, TrainedValue, mappings

_LONGEST = 450


@dataclass(frozen=True)
class RetrainReport:
    """What a retraining found and put into use.

    Attributes
    ----------
    versions : mapping of str to str
        Model name -> version, now champion.
    churn : ChurnBacktest
    value : ValueBacktest or None
        None without orders.
    value_missing : str or None
        Why there is no purchase model, where there is none.
    suspects : tuple of Suspect
        Columns that may know the outcome; those not kept are in no model.
    remarks : tuple of str
        What looks too good to be true, though no column is left out for it.
    """

    versions: Mapping[str, str]
    churn: churn.ChurnBacktest
    value: value.ValueBacktest | None
    value_missing: str | None
    suspects: tuple[Suspect, ...] = ()
    remarks: tuple[str, ...] = ()


def retrain(config: Config, histories: Histories, *, progress: Progress = silent) -> RetrainReport:
    """Fit, judge, register and promote both models.

    Nothing is promoted before everything has been registered, so that a failure or a kill leaves
    the champions as they were.

    Raises
    ------
    NotEnoughData
        The history is too short, or holds too few customers, churners or repeat buyers.
    """
    business, training = config.business, config.training
    newest, first = histories.newest_cutoff, histories.behaviour_start
    origins = rolling_origins(
        first, newest, horizon_days=business.horizon_days, origins=training.origins,
        cutoffs=training.cutoffs, step_days=training.step_days,
    )  # fmt: skip
    service = service_origin(
        first, newest, horizon_days=business.horizon_days,
        cutoffs=training.cutoffs, step_days=training.step_days,
    )  # fmt: skip
    rows = _service_rows(config, histories, service, progress)
    probed = rows.at(service.train[-1]).sample(MOST_ROWS, training.seed)
    suspects = _suspects(config, histories, probed, progress)
    strong = strong_columns(probed, {each.column for each in suspects}, training.seed)
    left_out = {each.column: each.evidence for each in suspects if not each.kept}
    trained = _fit_churn(config, rows.without(left_out), service, left_out, progress)
    del rows, probed
    backtest = _backtest_churn(config, histories, origins, left_out, progress)
    holdout, missing = _backtest_value(config, histories, first, newest, progress)
    worth = _fit_value(config, histories, newest, holdout, progress)

    progress("register models", 0, 3)
    store = Store(config.home)
    record = _churn_record(config, histories, trained, backtest, origins, suspects)
    versions = {CHURN: store.register(record)}
    progress("register models", 1, 3)
    if worth is not None:
        versions[LIFETIME_VALUE] = store.register(_value_record(config, histories, worth, holdout))
    progress("register models", 2, 3)
    store.promote(versions)
    progress("register models", 3, 3)
    remarks = tuple(too_good(strong, backtest))
    return RetrainReport(versions, backtest, holdout, missing, tuple(suspects), remarks)


def _service_rows(
    config: Config, histories: Histories, service: Origin, progress: Progress
) -> Rows:
    spec = learn_spec(histories, service.train, fit_purchases=value.purchase_parameters)
    check_keep(config.training.keep, spec.names)
    progress("build features", 0, 2)
    rows = labelled_rows(histories, config.business, spec, service.cutoffs)
    progress("build features", 1, 2)
    return rows


def _suspects(
    config: Config, histories: Histories, newest: Rows, progress: Progress
) -> list[Suspect]:
    """Probe the newest training cutoff, whose labels every fit of the run may have seen.

    Who had left by the newest cutoff is asked too, and the backtest leaves out the same columns,
    though its oldest fit could have known neither: that can make it look worse, never better.
    """
    progress("probe for leaks", 0, 2)
    earlier = earlier_features(histories, newest, days=(7, 14))
    progress("probe for leaks", 1, 2)
    names = list(newest.spec.names)
    found = probe(
        newest.frame[names],
        newest.churned,
        gone=gone_by_newest(histories, config.business, newest),
        earlier=earlier,
        counts=[name for name in names if describe(name).when_absent == "zero"],
        seed=config.training.seed,
    )
    progress("probe for leaks", 2, 2)
    return [replace(each, kept=each.column in config.training.keep) for each in found]


def _backtest_churn(
    config: Config,
    histories: Histories,
    origins: list[Origin],
    left_out: Collection[str],
    progress: Progress,
) -> churn.ChurnBacktest:
    # the oldest origin's training cutoffs: no later one may choose what columns there are
    spec = learn_spec(histories, origins[0].train, fit_purchases=value.purchase_parameters)
    cutoffs = sorted({cutoff for origin in origins for cutoff in origin.cutoffs})
    rows = labelled_rows(histories, config.business, spec, cutoffs).without(left_out)
    progress("build features", 2, 2)
    return churn.backtest(
        rows, origins, business=config.business, seed=config.training.seed, progress=progress
    )


def _fit_churn(
    config: Config,
    rows: Rows,
    service: Origin,
    left_out: Mapping[str, str],
    progress: Progress,
) -> TrainedChurn:
    progress("fit churn model", 0, 1)
    trained = churn.fit(rows, service, business=config.business, seed=config.training.seed)
    facts = replace(trained.facts, mappings=mappings(config), left_out=dict(left_out))
    progress("fit churn model", 1, 1)
    return replace(trained, facts=facts)


def _backtest_value(
    config: Config, histories: Histories, first: date, newest: date, progress: Progress
) -> tuple[value.ValueBacktest | None, str | None]:
    if "orders" not in histories.tables:
        return None, "no [histories.orders]"
    progress("backtest value", 0, 1)
    try:
        found = value.backtest_purchases(
            histories, config.business, first=first, newest=newest, seed=config.training.seed
        )
    except NotEnoughData as error:
        return None, str(error)
    progress("backtest value", 1, 1)
    return found, None


def _fit_value(
    config: Config,
    histories: Histories,
    newest: date,
    holdout: value.ValueBacktest | None,
    progress: Progress,
) -> TrainedValue | None:
    progress("fit value model", 0, 1)
    ranked = () if holdout is None else holdout.ranked
    trained = value.fit_value(histories, config.business, newest, candidates=ranked)
    progress("fit value model", 1, 1)
    return trained


def _churn_record(
    config: Config,
    histories: Histories,
    trained: TrainedChurn,
    backtest: churn.ChurnBacktest,
    origins: list[Origin],
    suspects: Sequence[Suspect],
) -> Record:
    found = backtest.predictions
    scores = {name: found[name].to_numpy() for name in backtest.scores}
    return Record(
        model=trained,
        parameters={
            **_parameters(config, histories),
            "origins": ", ".join(str(origin.test) for origin in origins),
            "train_cutoffs": ", ".join(trained.facts.train_cutoffs),
            "calibration_cutoff": trained.facts.calibration_cutoff,
            "feature_spec": trained.spec.digest,
            "features": len(trained.spec.columns),
            "columns_left_out": len(trained.facts.left_out),
            "left_out": _listed(trained.facts.left_out),
            "suspects_kept": _listed([each.column for each in suspects if each.kept]),
        },
        metrics=_flat(backtest.scores),
        figures={
            "calibration.png": plots.calibration_plot(found[churn.MODEL], found["churned"]),
            "gains.png": plots.gains_plot(scores, found["churned"]),
        },
        tags={"beats_baselines": str(backtest.beats_baselines).lower()},
        documents={"suspects.json": {"suspects": [each.as_record() for each in suspects]}},
    )


def _listed(names: Collection[str]) -> str:
    """Join names as far as MLflow takes them."""
    shown = ", ".join(sorted(names)) or "none"
    return shown if len(shown) <= _LONGEST else f"{len(names)} columns: {shown[:_LONGEST]} ..."


def _value_record(
    config: Config,
    histories: Histories,
    trained: TrainedValue,
    holdout: value.ValueBacktest | None,
) -> Record:
    purchases = trained.model.purchases
    fitted = {} if purchases is None else {f"days_{k}": v for k, v in purchases.params.items()}
    figures = {}
    if holdout is not None:
        found = holdout.purchases
        expected = {name: found[name].to_numpy() for name in holdout.scores}
        figures["purchases.png"] = plots.purchases_plot(
            expected, found["actual"], found["frequency"]
        )
    return Record(
        model=trained,
        parameters={
            **_parameters(config, histories),
            "purchase_model": "none" if purchases is None else purchases.name,
            **fitted,
            **({} if trained.model.spend is None else trained.model.spend.params),
        },
        metrics={} if holdout is None else _value_metrics(holdout),
        figures=figures,
        tags={},
    )


def _value_metrics(holdout: value.ValueBacktest) -> dict[str, float]:
    scores = dict(holdout.scores)
    if holdout.orders_value is not None:
        scores["orders_value"] = {"total": holdout.orders_value}
    return _flat(scores)


def _parameters(config: Config, histories: Histories) -> dict[str, object]:
    return {
        **config.business.model_dump(),
        "seed": config.training.seed,
        "data_fingerprint": histories.fingerprint,
        "newest_cutoff": histories.newest_cutoff.isoformat(),
        "rows": sum(report.rows for report in histories.reports.values()),
    }


def _flat(scores: Mapping[str, Mapping[str, Estimate]]) -> dict[str, float]:
    """Spread estimates to MLflow metrics: value under its name, interval as _low and _high."""
    return {
        f"{name}_{metric}{ending}": number
        for name, metrics in scores.items()
        for metric, found in metrics.items()
        for ending, number in (("", found.value), ("_low", found.low), ("_high", found.high))
    }
