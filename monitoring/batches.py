"""Outcomes that come in batches: whether they do, and what that does to counts.

Where everybody is billed on the first, a whole month's arrears turn sixty days old on
one day. Fifteen days then hold all of them or none, and thirty hold none or two months'
around February: as months have 28 to 31 days, no length holds as many every time.
"""

import numpy as np
from scipy.special import chdtri

from features.arrays import FloatArray

CHANCE = 0.01  # of batches that are none
MONTH, PARTS = 30, 4  # days, and into how many parts they are cut
LEAST_EVENTS = 4  # fewer in a month say nothing of its parts
LEAST_MONTHS = 4
MONTHS_DIFFER = 3  # days, at the most
MOST_TIMES = 50.0


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
    nor a rise of late makes a batch, but what comes in some weeks of most months.

    Args:
        events: (days,) known on each day.
        customers: (days,) among whom.
        length: days; three fewer may hold the least, and three more the most.

    Returns:
        None where events do not come in batches.

    >>> monthly = np.tile([30.0] + [0.0] * 29, 12)
    >>> usual_range(monthly, np.full(360, 500.0), 30)
    (0.0, 0.12)
    """
    first = int(np.argmax(events > 0))  # nobody is late in a portfolio's first weeks
    rate = events[first:] / np.maximum(customers[first:], 1.0)
    counts = events[first:]
    months = range(len(rate) % MONTH, len(rate) - MONTH + 1, MONTH)
    told = [at for at in months if counts[at : at + MONTH].sum() >= LEAST_EVENTS]
    in_batches = sum(_is_batched(counts[at : at + MONTH]) for at in told)
    if len(told) < LEAST_MONTHS or in_batches * 2 <= len(told):
        return None
    least, most = zip(*(_extremes(rate, at, length) for at in told), strict=True)
    return float(np.median(least)), float(np.median(most))


def _is_batched(month: FloatArray) -> bool:
    """Whether the quarters of a month differ by more than chance."""
    parts = np.array_split(month, PARTS)
    counts, days = (np.array([f(p) for p in parts]) for f in (np.sum, len))
    return swing(counts, days.astype(np.float64)) > 1.0


def _extremes(rate: FloatArray, at: int, length: int) -> tuple[float, float]:
    """Of the days around a month: the least and most that a length of them holds."""
    around = rate[max(0, at - MONTH) : at + 2 * MONTH]
    shorter, longer = (
        np.convolve(around, np.ones(min(days, len(around))), "valid")
        for days in (length - MONTHS_DIFFER, length + MONTHS_DIFFER)
    )
    return float(shorter.min()), float(longer.max())
