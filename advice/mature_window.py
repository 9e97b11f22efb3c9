"""The latest dates whose outcomes are known and that a model has not learnt from.

Dates less than a horizon apart share what happens between: who did not pay in the one
did not pay in the other. So the window begins a horizon after the last date learnt.
"""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
import pyarrow as pa

from features.arrays import BoolArray, FloatArray, IntArray
from features.labels import labels, labels_observed_until
from features.maturity import maturity_us
from features.moments import DAY_US, microseconds
from features.portfolio import Portfolio
from features.snapshots import snapshots
from features.targets import Target
from scoring.bundle import Bundle

LEAST_POSITIVES = 20  # fewer say nothing about slope and ranking
WINDOW_POSITIVES = 200  # the window reaches back until it has as many


@dataclass(frozen=True)
class MatureWindow:
    """Customer dates that came after the training, with what became of them.

    Args:
        pairs: (n,) customer and moment.
        label: (n,) 0 or 1; NaN where nobody can know the outcome.
    """

    pairs: pa.Table
    label: FloatArray

    @property
    def as_of(self) -> IntArray:
        """(n,) µs since 1970 UTC."""
        moments: IntArray = self.pairs["as_of"].to_numpy()
        return moments


@dataclass(frozen=True, slots=True)
class PendingOutcomes:
    """Why no window says anything yet.

    Args:
        next_at: when the next date matures, µs since 1970 UTC; None: none came yet.
        learnt_until: the latest date the model learnt from; None: not recorded.
        since: dates before it share outcomes with those learnt.
        horizon_days: of the target's outcomes. lag_days: until they are known after it.
        timezone: of the days.
        n_positives, n_negatives: of dates that are mature, none of whose outcomes the
            model has learnt.
    """

    target: str
    next_at: int | None
    n_positives: int
    n_negatives: int
    learnt_until: int | None
    since: int
    horizon_days: float
    lag_days: float
    timezone: str


def mature_window(
    portfolio: Portfolio, bundle: Bundle
) -> MatureWindow | PendingOutcomes:
    """The latest dates with 200 positives, or all there are from 20 positives on.

    Args:
        portfolio: as it is known now.
        bundle: the model.
    """
    target: Target = "fraud" if bundle.target == "fraud" else "nonpayment"
    pairs = snapshots(portfolio)
    horizon_us, lag_us = maturity_us(portfolio, target)
    as_of = pairs["as_of"].to_numpy()
    mature_at = as_of + horizon_us + lag_us
    until = labels_observed_until(portfolio, target)
    since = learnt_outcomes_end(bundle)
    fresh = as_of >= since
    is_mature = mature_at <= until
    judged = pairs.filter(pa.array(fresh & is_mature))
    column = labels(portfolio, judged, target)["label"]
    label = np.asarray(column.to_numpy(zero_copy_only=False), dtype=np.float64)
    n_positives, n_negatives = int((label == 1.0).sum()), int((label == 0.0).sum())
    if n_positives < LEAST_POSITIVES or not n_negatives:
        pending = mature_at[fresh & ~is_mature]
        next_at = int(pending.min()) if len(pending) else None
        return PendingOutcomes(
            target,
            next_at,
            n_positives,
            n_negatives,
            None if bundle.reference is None else bundle.reference.learnt_until,
            since,
            horizon_us / DAY_US,
            lag_us / DAY_US,
            portfolio.settings.timezone,
        )
    window = _window(judged["as_of"].to_numpy(), label)
    return MatureWindow(judged.filter(pa.array(window)), label[window])


def learnt_outcomes_end(bundle: Bundle) -> int:
    """When the last horizon ended whose outcome the model may have learnt.

    By what training recorded: the lag of today may be another one. In a bundle of an
    older release, the day it was trained.
    """
    if bundle.reference is not None and bundle.reference.learnt_until is not None:
        return bundle.reference.learnt_until + bundle.horizon_days * DAY_US
    return _end_us(bundle.trained_on)


def _end_us(day: date) -> int:
    """The end of a day, µs since 1970 UTC."""
    return microseconds(datetime.combine(day + timedelta(days=1), time(0), UTC))


def _window(as_of: IntArray, label: FloatArray) -> BoolArray:
    """The latest dates, as many as hold 200 positives."""
    dates = np.unique(as_of)[::-1]
    window: BoolArray = as_of >= dates[-1]
    for first in dates:
        window = as_of >= first
        if (label[window] == 1.0).sum() >= WINDOW_POSITIVES:
            break
    return window
