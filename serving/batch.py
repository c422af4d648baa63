"""From the newest histories to a published snapshot, in one call."""

from __future__ import annotations

from collections.abc import Mapping

from features.config import BusinessConfig, Config
from features.errors import ModelError
from features.histories import Histories
from features.one_customer.plan import plan_one_customer
from features.progress import Progress, silent
from serving.everyone import score_everyone
from serving.registry import Champion, champions
from serving.snapshot import HISTORY_PLAN, Manifest, publish
from training.trained import CHURN, LIFETIME_VALUE, TrainedChurn, TrainedValue, mappings


def score_and_publish(
    config: Config, histories: Histories, *, progress: Progress = silent
) -> Manifest:
    """Score everyone at the newest cutoff with the champions, and publish the result.

    Raises
    ------
    ModelError
        No champion, or one that was trained on other features or another horizon.
    NotEnoughData
        Nobody is there to be scored.
    """
    found = champions(config.home)
    churn = TrainedChurn.load(found[CHURN].folder)
    value = TrainedValue.load(found[LIFETIME_VALUE].folder) if LIFETIME_VALUE in found else None
    for trained, name in ((churn, CHURN), (value, LIFETIME_VALUE)):
        if trained is not None:
            _check_business(trained.facts.business, config.business, found[name])
    check_mappings(churn.facts.mappings, mappings(config), found[CHURN])
    versions = {name: champion.version for name, champion in found.items()}
    scored = score_everyone(config, histories, churn, value, versions, progress=progress)
    texts, refused = _history_plan(config, histories, churn, value)
    progress("publish snapshot", 0, 1)
    manifest = publish(
        config.home,
        scored.scores,
        scored.features,
        {name: champion.folder for name, champion in found.items()},
        {
            "cutoff": histories.newest_cutoff.isoformat(),
            "currency": config.business.currency,
            "horizon_days": config.business.horizon_days,
            "value_horizon_days": config.business.value_horizon_days,
            "churn_model_version": versions[CHURN],
            "value_model_version": versions.get(LIFETIME_VALUE),
            "base_rate": churn.facts.base_rate,
            "data_fingerprint": histories.fingerprint,
            "scores_supplied_histories": refused is None,
            "supplied_histories_refused": refused,
        },
        texts,
    )
    progress("publish snapshot", 1, 1)
    return manifest


def _history_plan(
    config: Config, histories: Histories, churn: TrainedChurn, value: TrainedValue | None
) -> tuple[dict[str, str], str | None]:
    """Return the file that lets the service score supplied histories, or why there is none."""
    try:
        plan = plan_one_customer(config, histories, churn.spec, value=value is not None)
    except ModelError as error:  # everyone's scores are no worse for it
        return {}, str(error)
    return {HISTORY_PLAN: plan.to_json()}, None


def _check_business(trained: BusinessConfig, now: BusinessConfig, champion: Champion) -> None:
    """Refuse a model that was trained for another business than tenure.toml describes now."""
    for key, value in now.model_dump().items():
        before = getattr(trained, key)
        if before != value:
            raise ModelError(
                f"model {champion.name} {champion.version} was trained with {key} = {before!r}, "
                f"tenure.toml now says {value!r}; retrain, or set it back"
            )


def check_mappings(trained: Mapping[str, str], now: Mapping[str, str], champion: Champion) -> None:
    """Refuse to score histories that are read in another way than at the training."""
    for name, digest in now.items():
        if trained.get(name, digest) != digest:
            raise ModelError(
                f"[histories.{name}] is read in another way than when model {champion.name} "
                f"{champion.version} was trained; retrain, or set it back"
            )
