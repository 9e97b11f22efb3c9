"""Signs of fraud as they become known: chargebacks and recorded frauds, day by day.

Whoever waits until a cohort is a month old sees a wave late, and a wave of new
customers drowns among the old ones. A customer's first sign counts on the day it became
known, whatever the models say, and is compared by the time since joining.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from features.arrays import IntArray
from features.fraud_signs import FraudSigns
from features.head_count import joined_at
from features.labels import labels_observed_until
from features.moments import DAY_US
from features.portfolio import Portfolio
from monitoring.scan import CHANCE, DailyEvents, Scan, cell_name, scan
from store.monitoring import Cause


@dataclass(frozen=True, slots=True)
class FraudSignsScan:
    """Whether signs of fraud become more frequent.

    Args:
        scan: of the first sign of each customer.
    """

    scan: Scan

    def causes(self) -> Iterator[Cause]:
        """What rings: the strongest rise of all counts."""
        if not self.scan.is_alarm:
            return
        cell = self.scan.strongest
        why = (
            f"fraud: {cell.observed:,} first signs {cell_name(cell)}, expected"
            f" {cell.expected:.1f} by the year before; chance alone rings in"
            f" {CHANCE:.0%} of quarters"
        )
        yield Cause("early_outcomes", "fraud_signs_rose", "fraud", why)


def fraud_signs_scan(portfolio: Portfolio) -> FraudSignsScan | None:
    """Look at all signs known now; None where too few tell what is usual."""
    signs = FraudSigns(portfolio)
    if not signs.can_be_known:
        return None
    until = labels_observed_until(portfolio, "fraud")
    found = scan(_daily(portfolio, signs.first_ever_known(until), until))
    return None if found is None else FraudSignsScan(found)


def _daily(portfolio: Portfolio, first: dict[str, int], until: int) -> DailyEvents:
    """In days until now: the last one is day -1."""
    rows = joined_at(portfolio)
    joined = _day(rows["joined_at"].to_numpy(), until)
    places = {who: i for i, who in enumerate(rows["customer_id"].to_pylist())}
    known = [(who, at) for who, at in sorted(first.items()) if who in places]
    event_day = _day(np.array([at for _, at in known], np.int64), until)
    event_joined = joined[np.array([places[who] for who, _ in known], np.int64)]
    return DailyEvents(joined[joined < 0], event_day, event_joined)


def _day(moments: IntArray, until: int) -> IntArray:
    """Whole days before `until`, which is the end of day -1."""
    days: IntArray = -((until - moments) // DAY_US) - 1
    return days
