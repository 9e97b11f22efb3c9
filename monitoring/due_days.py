"""How long invoices give until they fall due: terms that change unsaid.

A model reads terms only through what becomes overdue, a month later and thinned among
other features. The invoices themselves say it at once.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.arrays import BoolArray, FloatArray
from features.events import FOREVER
from features.moments import DAY_US
from features.portfolio import Portfolio
from store.monitoring import Cause

NOW_DAYS, BEFORE_DAYS = 30, 365  # issued in the last 30 days, and in the year before
LEAST_INVOICES = 50  # of either
MOVED_DAYS = 5.0
STANDARD_ERRORS = 4.0
MOST_DAYS = 3_650  # a date beyond that is none of a due date


@dataclass(frozen=True, slots=True)
class DueDays:
    """Days from issue to due date, of invoices of now and of the year before.

    Args:
        n_now, n_before: invoices.
        mean_now, mean_before: days.
        moved: Wasserstein distance between both, days.
        error: of a difference of means, for so many invoices, days.
    """

    n_now: int
    n_before: int
    mean_now: float
    mean_before: float
    moved: float
    error: float

    def causes(self) -> Iterator[Cause]:
        """What rings: terms that moved by five days, and more than chance would."""
        if self.moved <= max(MOVED_DAYS, STANDARD_ERRORS * self.error):
            return
        why = (
            f"invoices: those of the last {NOW_DAYS} days fall due"
            f" {self.mean_now:.1f} days after their issue on average, those of the year"
            f" before {self.mean_before:.1f}; the terms moved by {self.moved:.1f} days"
        )
        yield Cause("inputs", "due_days_moved", "invoices", why)


def due_days(portfolio: Portfolio) -> DueDays | None:
    """Compare terms; None without invoices, or with fewer than 50 of now or before."""
    if "invoices" not in portfolio.settings.tables:
        return None
    now = portfolio.observed_until - NOW_DAYS * DAY_US
    invoices = portfolio.tables["invoices"]
    chosen = invoices.filter(
        (invoices.kind == "invoice")
        & (invoices.superseded_at == FOREVER)
        & (invoices.event_at >= now - BEFORE_DAYS * DAY_US)
        & (invoices.event_at < portfolio.observed_until)
    )
    days = ((chosen.due_at - chosen.event_at) / DAY_US).round().cast("int64")
    rows = chosen.select(days=days, is_now=chosen.event_at >= now)
    grouped = rows.group_by("days", "is_now").agg(n=rows.count())
    counted = grouped.order_by("days").to_pyarrow()
    values = counted["days"].to_numpy(zero_copy_only=False).astype(np.float64)
    n = counted["n"].to_numpy().astype(np.float64)
    is_now = counted["is_now"].to_numpy(zero_copy_only=False).astype(np.bool_)
    usable = np.abs(values) <= MOST_DAYS  # no unknown one either
    return _compared(values, np.where(is_now, n, 0.0), np.where(is_now, 0.0, n), usable)


def _compared(
    days: FloatArray, n_now: FloatArray, n_before: FloatArray, usable: BoolArray
) -> DueDays | None:
    """Of counts (n,) by days, rising."""
    days, now, before = days[usable], n_now[usable], n_before[usable]
    if min(now.sum(), before.sum()) < LEAST_INVOICES:
        return None
    p, q = now / now.sum(), before / before.sum()
    steps = np.diff(days, append=days[-1:])
    mean_now, mean_before = float(p @ days), float(q @ days)
    spread = float(q @ (days - mean_before) ** 2)
    return DueDays(
        int(now.sum()),
        int(before.sum()),
        mean_now,
        mean_before,
        float(np.abs(np.cumsum(p - q)) @ steps),
        float(np.sqrt(spread / now.sum() + spread / before.sum())),
    )
