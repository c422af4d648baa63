"""What do the models see? The feature table at one cutoff, written as Parquet by the engine."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date

from features.build import learn_spec, write_features
from features.config import Config
from features.errors import ConfigError, NotEnoughData
from features.histories import Histories
from features.labels import population
from features.progress import Progress, silent
from features.spec import FeatureSpec
from serving.batch import check_mappings
from serving.registry import in_use
from serving.table_folders import replaced
from training.trained import CHURN, TrainedChurn, mappings
from training.value import purchase_parameters


@dataclass(frozen=True)
class FeatureTable:
    """What was written.

    Attributes
    ----------
    place : str
        The folder, or its URL.
    cutoff : date
    customers : int
    columns : int
        Features, without customer_id and cutoff.
    churn_model_version : str or None
        Whose columns they are; None where they were learned at the cutoff.
    """

    place: str
    cutoff: date
    customers: int
    columns: int
    churn_model_version: str | None

    def sentence(self) -> str:
        """Return what to tell who asked for it."""
        version = self.churn_model_version
        whose = f"of churn model {version}" if version else "learned at it, as no model is in use"
        return (
            f"wrote {self.customers:,} customers at cutoff {self.cutoff} to {self.place}, with "
            f"{self.columns} columns, {whose}"
        )


def write_feature_table(
    config: Config,
    histories: Histories,
    cutoff: date | None,
    place: str,
    *,
    progress: Progress = silent,
) -> FeatureTable:
    """Write the features of everyone who can still leave at a cutoff; none passes through here.

    Parameters
    ----------
    config : Config
    histories : Histories
    cutoff : date, optional
        The newest one unless given.
    place : str
        Folder to write; a URL where Spark writes. Replaced as a whole if Tenure wrote it.
    progress : Progress

    Raises
    ------
    ConfigError
        The place can't be written to.
    ModelError
        The histories are no longer those that the model in use was trained on.
    NotEnoughData
        The cutoff lies outside the data, or nobody is there who could leave.
    """
    cutoff = cutoff or histories.newest_cutoff
    if cutoff > histories.newest_cutoff:
        raise NotEnoughData(
            f"cutoff {cutoff} lies after the newest one, {histories.newest_cutoff}: the days "
            "before it are not in the data yet; take an earlier cutoff or load more"
        )
    people = population(histories, config.business, [cutoff])
    customers = int(people.count().to_pyarrow().as_py())
    if not customers:
        raise NotEnoughData(f"no customers at cutoff {cutoff}: nobody is there who could leave")
    spec, version = _columns(config, histories, cutoff)
    table = FeatureTable(place, cutoff, customers, len(spec.columns), version)
    session = getattr(histories.backend, "_session", None)
    try:
        with replaced(place, _about(table), session) as fresh:
            write_features(histories, spec, [cutoff], people, fresh, progress=progress)
    except OSError as error:
        raise ConfigError(
            f"{place} can't be written ({error.strerror}); name a folder where files may be written"
        ) from error
    return table


def _columns(config: Config, histories: Histories, cutoff: date) -> tuple[FeatureSpec, str | None]:
    """Return the spec of the churn model in use and its version, or one learned here and None."""
    champion = in_use(config.home).get(CHURN)
    if champion is None:
        return learn_spec(histories, [cutoff], fit_purchases=purchase_parameters), None
    churn = TrainedChurn.load(champion.folder)
    check_mappings(churn.facts.mappings, mappings(config), champion)
    return churn.spec, champion.version


def _about(table: FeatureTable) -> str:
    facts = {
        "cutoff": table.cutoff.isoformat(),
        "customers": table.customers,
        "columns": table.columns,
        "churn_model_version": table.churn_model_version,
    }
    return json.dumps(facts, indent=1) + "\n"
