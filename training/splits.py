"""Which cutoffs train, which calibrate, which judge? Rolling origins without overlap in time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from features.errors import NotEnoughData

MIN_HISTORY_DAYS = 28
"""Days of history a customer base must have shown before the first training cutoff."""


@dataclass(frozen=True)
class Origin:
    """One backtest: fit on `train`, calibrate on `calibrate`, judge on `test`.

    The label window of each part ends at or before the next part's cutoff, so nothing that a
    fit has seen lies after the cutoff it is judged at.

    Attributes
    ----------
    train : tuple of date
        Oldest first.
    calibrate : date
    test : date or None
        None for the fit that goes into service: its calibration rows are the newest labelled.
    """

    train: tuple[date, ...]
    calibrate: date
    test: date | None

    @property
    def cutoffs(self) -> tuple[date, ...]:
        """All of its cutoffs, oldest first."""
        return (*self.train, self.calibrate, *((self.test,) if self.test else ()))


def rolling_origins(
    first: date, newest: date, *, horizon_days: int, origins: int, cutoffs: int, step_days: int
) -> list[Origin]:
    """Backtests counted back from the newest cutoff, oldest first.

    Parameters
    ----------
    first : date
        Day of the first row of the history that shows activity.
    newest : date
        The cutoff after the last row.
    horizon_days : int
        Of the label; also the gap between train, calibrate and test.
    origins, cutoffs, step_days : int
        As in `features.config.TrainingConfig`; fewer where the history is too short for all.

    Raises
    ------
    NotEnoughData
        Not even one backtest fits into the history.

    Examples
    --------
    >>> [origin] = rolling_origins(date(1997, 1, 1), date(1998, 7, 1), horizon_days=91,
    ...                            origins=1, cutoffs=2, step_days=28)
    >>> origin.train
    (datetime.date(1997, 9, 3), datetime.date(1997, 10, 1))
    >>> origin.calibrate, origin.test
    (datetime.date(1997, 12, 31), datetime.date(1998, 4, 1))
    """
    found = []
    for back in range(origins):
        test = newest - timedelta(days=horizon_days + back * step_days)
        calibrate = test - timedelta(days=horizon_days)
        train = _train(first, calibrate, horizon_days, cutoffs, step_days)
        if train:
            found.append(Origin(train, calibrate, test))
    if not found and newest <= first:
        raise NotEnoughData(
            f"the histories don't meet: all of them have rows only from {first}, and the newest "
            f"cutoff is {newest}; compare their first and last days, and export all at one time"
        )
    if not found:
        needed = 3 * horizon_days + MIN_HISTORY_DAYS
        raise NotEnoughData(
            f"the history runs {(newest - first).days} days, {first} to {newest}, but a horizon of "
            f"{horizon_days} days needs {needed} (train, calibrate and test, each with its own "
            f"horizon, after {MIN_HISTORY_DAYS} days to look back on); load more or shorten "
            "horizon_days"
        )
    return found[::-1]


def service_origin(
    first: date, newest: date, *, horizon_days: int, cutoffs: int, step_days: int
) -> Origin:
    """Split of the fit that goes into service: as a backtest, one horizon later, without test."""
    calibrate = newest - timedelta(days=horizon_days)
    return Origin(_train(first, calibrate, horizon_days, cutoffs, step_days), calibrate, None)


def _train(
    first: date, calibrate: date, horizon_days: int, cutoffs: int, step_days: int
) -> tuple[date, ...]:
    newest = calibrate - timedelta(days=horizon_days)
    earliest = first + timedelta(days=MIN_HISTORY_DAYS)
    steps = (newest - timedelta(days=back * step_days) for back in reversed(range(cutoffs)))
    return tuple(cutoff for cutoff in steps if cutoff >= earliest)
