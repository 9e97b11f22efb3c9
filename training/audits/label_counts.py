"""What the courses of customers say of a definition of non-payment."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.special import ndtri

from features.arrays import FloatArray, IntArray
from features.moments import DAY_US
from training.audits.courses import DAYS_PAST_DUE, Course

STATES = ("not late", "1–29 days", "30–59 days", "60–89 days", "90 days and more")
EDGES = (1, 30, 60, 90)
LOST = "lost"
FOLLOWED_DAYS = 180  # for how long a spell is followed to see whether money is lost
FEWEST = 20  # spells, events or customers under which a share is not given
MONTH_DAYS = 30
MOST_MONTHS = 24
TAIL_DAYS = 365  # delays are looked at up to a year


@dataclass(frozen=True)
class Share:
    """A share with its 95 % interval (Wilson, 1927)."""

    n: int
    of: int
    low: float
    high: float

    @property
    def value(self) -> float:
        return self.n / self.of

    def to_json(self) -> dict[str, float]:
        counted = {"n": self.n, "of": self.of, "share": self.value}
        return {**counted, "low": self.low, "high": self.high}


def share(n: int, of: int) -> Share | None:
    """None of too few to say anything.

    >>> share(3, 5) is None, round(share(30, 40).low, 3)
    (True, 0.598)
    """
    if of < FEWEST:
        return None
    z = float(ndtri(0.975))
    p, spread = n / of, z * z / of
    middle = (p + spread / 2) / (1 + spread)
    half = z / (1 + spread) * ((p * (1 - p) + spread / 4) / of) ** 0.5
    return Share(
        n, of, min(p, max(0.0, middle - half)), max(p, min(1.0, middle + half))
    )


def roll_to_loss(everyone: Sequence[Course], until: int) -> dict[int, Share | None]:
    """Of spells that began long enough ago, the share that ended in a loss.

    Where all losses were recorded at one moment, of those so late just before it.
    """
    moments = {moment for course in everyone for moment, _ in course.losses}
    if len(moments) == 1:
        [at] = moments
        return {n: _lost_at(everyone, n, at) for n in DAYS_PAST_DUE}
    return {n: _rolled(everyone, n, until) for n in DAYS_PAST_DUE}


def _lost_at(everyone: Sequence[Course], n_days: int, at: int) -> Share | None:
    late = [course for course in everyone if course.is_late(n_days, at - 1)]
    return share(sum(course.is_lost(at - 1, at) for course in late), len(late))


def _rolled(everyone: Sequence[Course], n_days: int, until: int) -> Share | None:
    followed = FOLLOWED_DAYS * DAY_US
    begun = [
        (course, begin)
        for course in everyone
        for begin, _ in course.spells[n_days]
        if begin + followed <= until
    ]
    lost = sum(c.is_lost(begin - 1, begin + followed) for c, begin in begun)
    return share(lost, len(begun))


def separate_losses(course: Course) -> list[int]:
    """Moments of a customer's losses; within half a year of the last they are one.

    What is owed is often written off invoice by invoice, month after month: counted one
    by one, a few customers would look like many, and their intervals like certainty.
    """
    found: list[int] = []
    last = None
    for moment, _ in course.losses:
        if last is None or moment - last > FOLLOWED_DAYS * DAY_US:
            found.append(moment)
        last = moment
    return found


def loss_caught(everyone: Sequence[Course]) -> dict[int, Share | None]:
    """Of all losses, the share that a definition saw coming, at the latest then."""
    return {n: _caught(everyone, n) for n in DAYS_PAST_DUE}


def _caught(everyone: Sequence[Course], n_days: int) -> Share | None:
    caught = total = 0
    for course in everyone:
        for moment in separate_losses(course):
            total += 1
            since = moment - FOLLOWED_DAYS * DAY_US
            caught += any(
                begin <= moment and end > since for begin, end in course.spells[n_days]
            )
    return share(caught, total)


def roll_rates(
    everyone: Sequence[Course], months: Sequence[int]
) -> dict[str, dict[str, float]]:
    """From each state at the beginning of a month to the states a month later.

    Rows of fewer than 20 customer-months are left out.
    """
    counted = np.zeros((len(STATES), len(STATES) + 1), dtype=np.int64)
    for course in everyone:
        for begin, end in pairwise(m for m in months if m >= course.first_at):
            if course.is_lost(0, begin):
                break
            to = len(STATES) if course.is_lost(begin, end) else _state(course, end)
            counted[_state(course, begin), to] += 1
    names = (*STATES, LOST)
    return {
        STATES[i]: dict(zip(names, (row / row.sum()).tolist(), strict=True))
        for i, row in enumerate(counted)
        if row.sum() >= FEWEST
    }


def _state(course: Course, moment: int) -> int:
    return sum(course.is_late(n, moment) for n in EDGES)


@dataclass(frozen=True)
class Vintage:
    """Customers of one quarter: the share ever so late, by months since they began."""

    name: str
    n_customers: int
    months: tuple[int, ...]
    shares: tuple[float, ...]


def vintages(
    everyone: Sequence[Course], n_days: int, until: int, name_of: Mapping[str, str]
) -> list[Vintage]:
    """One curve a quarter, as long as all of its customers were observed.

    Args:
        everyone: everybody's course.
        n_days: past due that count.
        until: end of observation.
        name_of: quarter by customer.
    """
    by_quarter: dict[str, list[Course]] = {}
    for course in everyone:
        by_quarter.setdefault(name_of[course.customer_id], []).append(course)
    curves = []
    for name, theirs in sorted(by_quarter.items()):
        youngest = max(course.first_at for course in theirs)
        seen = min(MOST_MONTHS, (until - youngest) // (MONTH_DAYS * DAY_US))
        if len(theirs) < FEWEST or seen < 1:
            continue
        first = [
            min((begin for begin, _ in c.spells[n_days]), default=until + DAY_US)
            - c.first_at
            for c in theirs
        ]
        months = range(int(seen) + 1)
        ever = [
            float(np.mean(np.array(first) <= m * MONTH_DAYS * DAY_US)) for m in months
        ]
        curves.append(Vintage(name, len(theirs), tuple(months), tuple(ever)))
    return curves


def delays_to_default(
    everyone: Sequence[Course], n_days: int, months: Sequence[int], until: int
) -> tuple[IntArray, IntArray]:
    """From snapshots to defaults on what was owed then already, and how long watched.

    One pair per snapshot at which the invoice in question was open: µs.
    """
    delay, seen_for = [], []
    for course in everyone:
        begun = zip(
            course.spells[n_days], course.owed_since.get(n_days, ()), strict=False
        )
        for (begin, _), issued_at in begun:
            for month in months:
                if issued_at <= month < begin <= month + TAIL_DAYS * DAY_US:
                    delay.append(begin - month)
                    seen_for.append(until - month)
    return np.array(delay, np.int64), np.array(seen_for, np.int64)


def arrival_curve(delay: IntArray, seen_for: IntArray) -> tuple[IntArray, FloatArray]:
    """Share of all that will ever arrive, by delay, from what has arrived so far.

    A late one of late is not among them yet: the product-limit estimator in reversed
    time, for right-truncated data (Lynden-Bell 1971; Kalbfleisch and Lawless 1989).

    Returns:
        Days, rising, and the share arrived by then; the longest delay seen counts as
        the longest there is.

    >>> two = np.array([1, 2]) * DAY_US
    >>> days, arrived = arrival_curve(two, 9 * two)
    >>> days.tolist(), arrived.tolist()
    ([1, 2], [0.5, 1.0])
    """
    days = -(-delay // DAY_US)
    seen = np.maximum(seen_for // DAY_US, days)
    steps = np.unique(days)
    arrived = np.ones(len(steps))
    for k in range(len(steps) - 1, 0, -1):
        at_risk = int(((days <= steps[k]) & (seen >= steps[k])).sum())
        arrived[k - 1] = arrived[k] * (1.0 - int((days == steps[k]).sum()) / at_risk)
    return steps, arrived
