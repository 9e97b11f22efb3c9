"""From when on fraud was recorded: earlier dates say nothing of it.

A reseller may keep invoices of five years and chargebacks of one. Dates before those
would count as without fraud, and teach a model that nothing was fraud then. So where
no customer has a sign of fraud for so long that chance does not explain it, dates to
learn from begin with the first sign.

Judged by the months that customers were there. Of n customers with a sign, had it
been recorded all along at one rate, all would have theirs in the last share s of these
months with chance s^n. Below 1 in 1,000 it was not recorded. Signs must have gone on
for half a year since, and n is three times those of the third of that time with the
fewest: so a wave that passes, or began lately, does not look like a beginning of
records, nor do a few frauds of a portfolio in which fraud is rare. What came to stay
does; `labels.fraud.recorded_from` of portfolio.yaml says that it was a wave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import FloatArray, IntArray
from features.fraud_signs import FraudSigns
from features.grid import grid_dates, has_grid
from features.head_count import joined_at
from features.moments import DAY_US, DAY_ZERO, days_of, to_datetime

if TYPE_CHECKING:
    from features.portfolio import Portfolio

CHANCE = 0.001  # that records of one rate show no sign for so long
_LEAST_DAYS = 180  # for which signs must have gone on
_PARTS = 3  # of that time; the one with the fewest signs says the rate
_LEAST_SIGNS = 5  # in that part


@dataclass(frozen=True, slots=True)
class FraudRecords:
    """Since when fraud is recorded.

    Args:
        since: µs since 1970 UTC.
        is_stated: in portfolio.yaml.
        n_missing: customers of whom a sign would be expected before, at the rate of
            the part of the time since with the fewest; 0 where the day is stated.

    >>> from datetime import UTC
    >>> FraudRecords(1_735_689_600_000_000, is_stated=True).text(UTC)
    'fraud before 2025-01-01, as `labels.fraud.recorded_from` says'
    """

    since: int
    is_stated: bool
    n_missing: float = 0.0

    def text(self, zone: tzinfo) -> str:
        """What of fraud is not learnt from, and why; the day is that of the zone."""
        what = f"fraud before {to_datetime(self.since).astimezone(zone).date()}"
        if self.is_stated:
            return f"{what}, as `labels.fraud.recorded_from` says"
        return (
            f"{what}: nobody has a sign of it from then, and at the rate since about"
            f" {self.n_missing:.0f} customers would (if none happened, say"
            " `labels.fraud.recorded_from`)"
        )


def fraud_records(
    portfolio: Portfolio, signs: FraudSigns | None = None
) -> FraudRecords | None:
    """Since when fraud is recorded; None: as long as everything else, for all we know.

    Args:
        portfolio: whose dates to learn from lie on a grid.
        signs: its signs of fraud, where they were read before.
    """
    days = days_of(portfolio.settings.zone)
    stated = portfolio.settings.labels.fraud.recorded_from
    if stated is not None:
        return FraudRecords(days.start(stated.toordinal() - DAY_ZERO), is_stated=True)
    signs = signs or FraudSigns(portfolio)
    happened = np.sort(signs.first_ever_happened(portfolio.observed_until))
    # most portfolios have too few, or signs from the beginning: nothing is counted
    if len(happened) < _PARTS * _LEAST_SIGNS or not has_grid(portfolio):
        return None
    dates = grid_dates(portfolio)
    if not dates or happened[0] <= dates[0]:
        return None
    joined = np.maximum(joined_at(portfolio)["joined_at"].to_numpy(), dates[0])
    n_missing = missing_signs(happened, joined, portfolio.observed_until)
    if n_missing is None:
        return None
    return FraudRecords(int(happened[0]), is_stated=False, n_missing=n_missing)


def missing_signs(happened: IntArray, joined: IntArray, until: int) -> float | None:
    """Signs that were not recorded before the first; None where there may be none.

    Args:
        happened: (n,) each customer's first sign, rising.
        joined: (customers,) when each one came, at the earliest when one looks first.
        until: when one looks last. All µs since 1970 UTC.
    """
    if until - happened[0] < _LEAST_DAYS * DAY_US:
        return None
    moments = np.append(happened, until).astype(np.int64)
    passed = _months_passed(np.sort(joined), moments)
    share_before = passed[0] / passed[-1]
    parts = np.linspace(passed[0], passed[-1], _PARTS + 1)
    fewest = int(np.histogram(passed[:-1], parts)[0].min())
    if fewest < _LEAST_SIGNS or share_before >= 1.0:
        return None
    n = _PARTS * fewest
    if (1.0 - share_before) ** n >= CHANCE:
        return None
    return float(n * share_before / (1.0 - share_before))


def _months_passed(joined: IntArray, moments: IntArray) -> FloatArray:
    """(moments,) time that customers were there before each, in days of customers."""
    n_there = np.searchsorted(joined, moments)
    so_far = np.concatenate([[0.0], np.cumsum(joined / DAY_US)])
    days: FloatArray = n_there * (moments / DAY_US) - so_far[n_there]
    return days
