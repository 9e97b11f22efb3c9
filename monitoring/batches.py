"""Outcomes that come in batches: whether they do, and what that does to counts.

Where everybody is billed on the first, a whole month's arrears turn sixty days old on
one day. Fifteen days then hold all of them or none, and thirty hold none or two months'
around February: as months have 28 to 31 days, no length holds as many every time. Where
all are billed by the quarter, so it is with a whole quarter's.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import chdtri

from features.arrays import FloatArray

CHANCE = 0.01  # of batches that are none
LEAST_EVENTS = 4  # fewer in a month or quarter say nothing of its parts
MONTHS_DIFFER = 3  # days, at the most
MONTH_DAYS, QUARTER_DAYS, YEAR_DAYS = 30, 91, 365  # about


class _Rhythm(NamedTuple):
    """How often batches may come.

    Args:
        days: from one to the next, about.
        n_parts: into which so many days are cut, to see whether they differ.
        least_told: periods with enough events; fewer do not say what comes back.
        share: of these, more than which must come in batches.
    """

    days: int
    n_parts: int
    least_told: int
    share: float


# quarters are few: of three, one may be an incident and one the beginning of a rise
MONTHLY = _Rhythm(MONTH_DAYS, 4, 4, 0.5)
QUARTERLY = _Rhythm(QUARTER_DAYS, 6, 3, 0.7)


def swing(counts: FloatArray, expected: FloatArray) -> float:
    """How much more counts vary than those of single events do; 1: not surely more.

    About what is expected, up to a common level: growth is no batch.

    Args:
        counts: (n,) events.
        expected: (n,) in proportion to how many each should be.

    >>> swing(np.array([9.0, 11.0, 10.0]), np.ones(3))
    1.0
    >>> round(swing(np.array([0.0, 30.0, 0.0]), np.ones(3)))
    30
    """
    if counts.sum() == 0 or expected.sum() == 0.0:
        return 1.0
    level = expected * (counts.sum() / expected.sum())
    # so many counts of equal expectation would vary as much; one is spent on the level
    n = float(level.sum() ** 2 / (level**2).sum())
    varied = float(((counts - level) ** 2).sum() / level.mean()) * n / len(counts)
    is_more = varied > float(chdtri(max(n - 1.0, 1.0), CHANCE))
    return varied / max(n - 1.0, 1.0) if is_more else 1.0


def usual_range(
    events: FloatArray, customers: FloatArray, length: int
) -> tuple[float, float] | None:
    """The least and the most that so many days usually hold, in events a customer.

    Of the days around each month, and then of the middle month: neither one incident
    nor a rise of late makes a batch, but what comes in some weeks of most months. Where
    months do not tell, of the days around each quarter.

    Args:
        events: (days,) known on each day.
        customers: (days,) among whom.
        length: days; three fewer may hold the least, and three more the most.

    Returns:
        None where events do not come in batches.

    >>> monthly = np.tile([30.0] + [0.0] * 29, 12)
    >>> usual_range(monthly, np.full(360, 500.0), 30)
    (0.0, 0.12)
    >>> quarterly = np.tile([30.0] + [0.0] * 90, 4)
    >>> usual_range(quarterly, np.full(364, 500.0), 30)
    (0.0, 0.06)
    """
    first = int(np.argmax(events > 0))  # nobody is late in a portfolio's first weeks
    counts = events[first:]
    rate = counts / np.maximum(customers[first:], 1.0)
    for rhythm in (MONTHLY, QUARTERLY):
        told, n_batched = _told(counts, rhythm)
        if _are_batches(told, n_batched, rhythm):
            ends = (_extremes(rate, at, length, rhythm.days) for at in told)
            least, most = zip(*ends, strict=True)
            return float(np.median(least)), float(np.median(most))
    return None


def may_be_quarterly(events: FloatArray) -> bool:
    """Whether the year before should be asked, too, about batches of a quarter.

    Not where months tell, nor where no quarter of this year swings: then more than
    seven in ten of two years hardly do.

    Args:
        events: (days,) known on each day of a year.

    >>> may_be_quarterly(np.tile([30.0] + [0.0] * 90, 4))
    True
    >>> may_be_quarterly(np.ones(360)), may_be_quarterly(np.tile([30.0, *[0] * 29], 12))
    (False, False)
    """
    counts = events[int(np.argmax(events > 0)) :]
    is_monthly = _are_batches(*_told(counts, MONTHLY), MONTHLY)
    return not is_monthly and _told(counts, QUARTERLY)[1] > 0


def _told(counts: FloatArray, rhythm: _Rhythm) -> tuple[list[int], int]:
    """First days of periods with enough events, and how many of these swing."""
    days = rhythm.days
    begins = range(len(counts) % days, len(counts) - days + 1, days)
    told = [at for at in begins if counts[at : at + days].sum() >= LEAST_EVENTS]
    return told, sum(_is_batched(counts[at : at + days], rhythm) for at in told)


def _are_batches(told: list[int], n_batched: int, rhythm: _Rhythm) -> bool:
    return len(told) >= rhythm.least_told and n_batched > rhythm.share * len(told)


def _is_batched(period: FloatArray, rhythm: _Rhythm) -> bool:
    """Whether the parts of a period differ by more than chance."""
    parts = np.array_split(period, rhythm.n_parts)
    counts, days = (np.array([f(p) for p in parts]) for f in (np.sum, len))
    return swing(counts, days.astype(np.float64)) > 1.0


def _extremes(
    rate: FloatArray, at: int, length: int, period: int
) -> tuple[float, float]:
    """Of the days around a period: the least and most that a length of them holds."""
    around = rate[max(0, at - period) : at + 2 * period]
    shorter, longer = (
        np.convolve(around, np.ones(min(days, len(around))), "valid")
        for days in (length - MONTHS_DIFFER, length + MONTHS_DIFFER)
    )
    return float(shorter.min()), float(longer.max())
