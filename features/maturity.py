"""How long after its horizon a label becomes known: when a date is mature.

Of fraud each kind of evidence takes its own time. A date is mature when every kind that
this portfolio has ever used has had time to arrive.
"""

from __future__ import annotations

from itertools import pairwise
from math import ceil
from typing import TYPE_CHECKING

import numpy as np

from features.arrays import IntArray
from features.fraud_signs import Evidence, FraudSigns
from features.moments import DAY_US
from features.targets import Target

if TYPE_CHECKING:
    from features.portfolio import Portfolio

KINDS: tuple[Evidence, ...] = ("chargeback", "confirmed", "analyst")
FALLBACK_DAYS = 120  # the longest of the card schemes' windows for fraud
_ARRIVED = 0.99  # of what will ever arrive, by the delays so far
_LEAST_DAYS = 30  # a monthly statement is never waited for less than a month
_ENOUGH = 30  # evidence with a recorded delay; fewer do not show the longest ones


def maturity_us(portfolio: Portfolio, target: Target) -> tuple[int, int]:
    """The horizon of a target, and how long after it labels become known, in µs."""
    terms = portfolio.settings.labels
    if target == "fraud":
        days = fraud_maturity_days(portfolio)
        return terms.fraud.horizon_days * DAY_US, ceil(days * DAY_US)
    unpaid = terms.nonpayment
    return unpaid.horizon_days * DAY_US, unpaid.posting_lag_days * DAY_US


def fraud_maturity_days(portfolio: Portfolio) -> float:
    """Days after the horizon until each kind of evidence in use has arrived."""
    stated = portfolio.settings.labels.fraud.maturity_days
    if isinstance(stated, int | float):
        return float(stated)
    signs, until = FraudSigns(portfolio), portfolio.observed_until
    delays = {kind: signs.delays(kind, until) for kind in KINDS}
    in_use = [kind for kind in KINDS if len(delays[kind][0])] or KINDS
    if stated == "observed":
        return max(observed_days(*delays[kind]) for kind in in_use)
    return float(max(stated.get(kind, FALLBACK_DAYS) for kind in in_use))


def observed_days(delay: IntArray, seen_for: IntArray) -> float:
    """Whole days in which 99 % of the evidence of a kind arrives, at least 30.

    By the delays of what has arrived. A late one of late is not among them yet, so the
    share is estimated in reversed time: the product-limit estimator for right-truncated
    data (Lynden-Bell 1971; Kalbfleisch and Lawless 1989). 120 where fewer than 30
    delays were recorded; where `known_at` is `event_at`, none was.

    Args:
        delay: known_at - event_at of each piece of evidence, µs.
        seen_for: observed_until - event_at of the same, µs; never below `delay`.

    >>> days = np.full(40, 2 * DAY_US)
    >>> observed_days(days, days + DAY_US), observed_days(0 * days, days)
    (30.0, 120.0)
    """
    is_recorded = delay > 0
    delay, seen_for = delay[is_recorded], seen_for[is_recorded]
    if len(delay) < _ENOUGH:
        return float(FALLBACK_DAYS)
    arrived = 1.0  # share of all that arrives within a delay, from the longest down
    needed, steps = int(delay.max()), np.unique(delay)[::-1]
    for longest, shorter in pairwise(steps):
        n_at_risk = int(((delay <= longest) & (seen_for >= longest)).sum())
        arrived *= 1.0 - int((delay == longest).sum()) / n_at_risk
        if arrived < _ARRIVED:
            break
        needed = int(shorter)
    return float(max(_LEAST_DAYS, ceil(needed / DAY_US)))
