"""Outcomes that come in batches: whether they do, and what that does to counts.

Where everybody is billed on the first, a whole month's arrears turn sixty days old on
one day. Fifteen days then hold all of them or none, and thirty hold none or two months'
around February: as months have 28 to 31 days, no length holds as many every time.
"""

import numpy as np
from scipy.special import chdtri

from features.arrays import FloatArray

CHANCE = 0.01  # of batches that are none
WEEK = 7
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
    """The least and the most that any so many days had, in events a customer.

    Args:
        events: (days,) known on each day.
        customers: (days,) among whom.
        length: days; three fewer may hold the least, and three more the most.

    Returns:
        None where the events do not come in batches, by week.

    >>> monthly = np.tile([30.0] + [0.0] * 29, 12)
    >>> usual_range(monthly, np.full(360, 500.0), 30)
    (0.0, 0.12)
    """
    first = int(np.argmax(events > 0))  # nobody is late in a portfolio's first weeks
    events, customers = events[first:], np.maximum(customers[first:], 1.0)
    whole = len(events) // WEEK * WEEK
    if whole == 0:
        return None
    weeks = (column[-whole:].reshape(-1, WEEK) for column in (events, customers))
    if swing(*(column.sum(axis=1) for column in weeks)) == 1.0:
        return None
    rate = events / customers
    shorter, longer = (
        np.convolve(rate, np.ones(min(days, len(rate))), "valid")
        for days in (length - MONTHS_DIFFER, length + MONTHS_DIFFER)
    )
    return float(shorter.min()), float(longer.max())
