"""Whether events become more frequent, looked at day by day: a prospective scan.

Events of everybody over the last weeks, and of those who joined lately since they did,
are compared with the rates of the year before by time since joining. The strongest
rise of all these counts is compared with the strongest that chance alone gives in a
quarter of daily looks, drawn for this portfolio's own numbers (Kulldorff 2001,
prospective scan statistic; each count by the likelihood ratio of two Poisson rates).
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.special import pdtrc, xlogy

from features.arrays import FloatArray, IntArray
from monitoring.batches import YEAR_DAYS, swing
from scoring.early_warning import MOST_TIMES

WINDOWS = (14, 30, 60)  # days until now: of everybody
JOINED = (60, 90, 120, 180)  # days until now: who joined since, all their events
LOOKS_DAYS = 90  # a quarter of daily looks, in which chance alone may ring
BAND_STARTS = np.array([0, 30, 60, 90, 180, 360])  # days since joining
LEAST_DAYS, LEAST_EVENTS = 180, 20  # of the history; fewer tell no rates
CHANCE = 0.3  # of an alarm in these looks where nothing changes
N_DRAWS = 200
MOST_DRAWN = 1_000  # events a draw; of more the ratio's distribution is the same
TOLERATED = 1.25  # times what is expected: below it nothing is asked for
POWER = 0.8
_BATCH_DAYS = 14


@dataclass(frozen=True)
class DailyEvents:
    """Customers and their first events, in whole days; today is day 0, all are before.

    Args:
        joined: (n,) day on which each customer joined.
        event_day: (m,) day of each event; one a customer at most.
        event_joined: (m,) day on which its customer joined.
    """

    joined: IntArray
    event_day: IntArray
    event_joined: IntArray

    @property
    def first_day(self) -> int:
        """The day on which the first event was known: watching began by then."""
        return int(self.event_day.min()) if len(self.event_day) else 0

    @cached_property
    def joiners(self) -> tuple[IntArray, IntArray]:
        """Days on which somebody joined, and how many; all of long ago on one day."""
        longest = self.first_day - int(BAND_STARTS[-1])
        days, n = np.unique(np.maximum(self.joined, longest), return_counts=True)
        return days, n

    def exposure(self, first: int, end: int, since: int, until: int) -> FloatArray:
        """(bands,) customer-days in [first, end) of who joined in [since, until)."""
        days, n = self.joiners
        chosen = (days >= since) & (days < until)
        days, n = days[chosen, None], n[chosen]
        starts = np.maximum(days + BAND_STARTS, first)
        ends = np.minimum(days + np.append(BAND_STARTS[1:], 10**9), end)
        total: FloatArray = n @ np.maximum(ends - starts, 0).astype(np.float64)
        return total


@dataclass(frozen=True, slots=True)
class ScanCell:
    """One count.

    Args:
        days: reaches so far back.
        is_of_joined: of those who joined in these days; else of everybody.
        observed, expected: events.
        strength: log-likelihood ratio of a rise, 0 where it is within the tolerance.
        smallest_seen: ratio that rings in four of five cases; None above fifty.
    """

    days: int
    is_of_joined: bool
    observed: int
    expected: float
    strength: float
    smallest_seen: float | None


@dataclass(frozen=True, slots=True)
class Scan:
    """All counts of a day.

    Args:
        n_learnt: events that the rates were learnt from.
        limit: strength that rings; chance alone passes it in `CHANCE` of quarters.
        batches: times by which counts of two weeks swing more than single events do,
            such as in a portfolio that hears of them once a month; 1: no more.
    """

    n_learnt: int
    limit: float
    batches: float
    cells: tuple[ScanCell, ...]

    @property
    def strongest(self) -> ScanCell:
        """The count whose rise is the least likely by chance."""
        return max(self.cells, key=lambda cell: cell.strength)

    @property
    def is_alarm(self) -> bool:
        """Whether the strongest rise is above the limit."""
        return self.strongest.strength > self.limit


def scan(events: DailyEvents, seed: int = 0) -> Scan | None:
    """Compare what became known until today with the year before.

    Args:
        events: of the portfolio.
        seed: of the draws that set the limit.

    Returns:
        None where fewer than 20 events, or fewer than 180 days, tell the rates.
    """
    today = _Look.of(events, 0)
    learnt, by_cell = today.counts(events.event_day, events.event_joined)
    n_learnt = int(learnt.sum())
    if n_learnt < LEAST_EVENTS or today.history[1] - today.history[0] < LEAST_DAYS:
        return None
    batches = _batches(events, today, today.rates(learnt))
    observed, expected, certain, strength = today.strengths(learnt, by_cell)
    limit = _limit(events, today.rates(learnt), seed)
    return Scan(
        n_learnt,
        limit,
        batches,
        tuple(
            ScanCell(
                days,
                is_of_joined,
                int(observed[i]),
                float(expected[i]),
                float(strength[i]) / batches,
                _smallest_seen(float(expected[i]), float(certain[i]), limit * batches),
            )
            for i, (days, is_of_joined) in enumerate(_CELLS)
        ),
    )


_CELLS = tuple((days, False) for days in WINDOWS) + tuple((d, True) for d in JOINED)
_ALWAYS = 10**7  # days


@dataclass(frozen=True)
class _Look:
    """What is compared on one day.

    Args:
        today: the first day that is not known.
        history: its first day, and the one after its last.
        learnt_from: (bands,) customer-days of the history.
        exposure: (cells, bands) customer-days.
    """

    today: int
    history: tuple[int, int]
    learnt_from: FloatArray
    exposure: FloatArray

    @classmethod
    def of(cls, events: DailyEvents, today: int) -> "_Look":
        """The history ends before the windows, and leaves out who joined lately.

        Else one event would be compared with itself.
        """
        end = today - max(WINDOWS)
        first = max(end - YEAR_DAYS, events.first_day + 1)
        cells = [
            events.exposure(
                today - days, today, today - days if joined else -_ALWAYS, today
            )
            for days, joined in _CELLS
        ]
        return cls(
            today,
            (first, end),
            events.exposure(first, end, -_ALWAYS, today - max(JOINED)),
            np.stack(cells),
        )

    def counts(self, day: IntArray, joined: IntArray) -> tuple[IntArray, IntArray]:
        """Events by band: (bands,) of the history, (cells, bands)."""
        band = np.searchsorted(BAND_STARTS, np.maximum(day - joined, 0), "right") - 1
        first, end = self.history
        old = (day >= first) & (day < end) & (joined < self.today - max(JOINED))
        known = day < self.today
        chosen = [
            known & ((joined if of_joined else day) >= self.today - days)
            for days, of_joined in _CELLS
        ]
        n = len(BAND_STARTS)
        return (
            np.bincount(band[old], minlength=n),
            np.stack([np.bincount(band[rows], minlength=n) for rows in chosen]),
        )

    def rates(self, learnt: IntArray) -> FloatArray:
        """(bands,) events a customer-day; 0 where nobody was watched in the band."""
        watched = self.learnt_from > 0
        safe = np.where(watched, self.learnt_from, 1.0)
        return np.where(watched, (learnt + 0.5) / safe, 0.0)

    def strengths(
        self, learnt: IntArray, by_cell: IntArray
    ) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
        """By cell: observed, expected, events that tell so, log-likelihood ratio."""
        watched = self.learnt_from > 0
        rates = self.rates(learnt)
        observed = (by_cell * watched).sum(axis=1).astype(np.float64)
        expected = self.exposure @ rates
        # variance of the expected count, as the rates are counts themselves
        safe = np.where(watched, self.learnt_from, 1.0)
        variance = (self.exposure**2 * watched) @ (rates / safe)
        certain = expected**2 / np.maximum(variance, 1e-12)
        return observed, expected, certain, _ratio(observed, expected, certain)


def _ratio(
    observed: FloatArray, expected: FloatArray, certain: FloatArray
) -> FloatArray:
    """Log-likelihood ratio of two Poisson rates, given the sum of both counts."""
    both = np.maximum(observed + certain, 1e-12)
    share = expected / np.maximum(expected + certain, 1e-12)  # where nothing changed
    p = observed / both
    change = xlogy(observed, p / np.maximum(share, 1e-12)) + xlogy(
        certain, (1.0 - p) / np.maximum(1.0 - share, 1e-12)
    )
    return np.where(observed > TOLERATED * expected, change, 0.0) * (expected > 0)


def _limit(events: DailyEvents, rates: FloatArray, seed: int) -> float:
    """The strength that chance passes in `CHANCE` of quarters of daily looks."""
    looks = [_Look.of(events, day) for day in range(1 - LOOKS_DAYS, 1)]
    days, n = events.joiners
    first = looks[0].history[0]
    moments = np.arange(min(first, looks[-1].history[0]), 0)
    age = moments - days[:, None]
    band = np.searchsorted(BAND_STARTS, np.maximum(age, 0), "right") - 1
    rate = np.where(age >= 0, n[:, None] * rates[band], 0.0).ravel()
    total = float(rate.sum())
    cumulative = np.cumsum(rate) / max(total, 1e-12)
    rng = np.random.default_rng(seed)
    strongest = np.zeros(N_DRAWS)
    for draw in range(N_DRAWS):
        u = rng.random(rng.poisson(min(total, MOST_DRAWN)))
        place = np.minimum(np.searchsorted(cumulative, u), len(rate) - 1)
        day, joined = moments[place % len(moments)], days[place // len(moments)]
        strongest[draw] = max(
            look.strengths(*look.counts(day, joined))[3].max() for look in looks
        )
    return float(np.quantile(strongest, 1.0 - CHANCE))


def _batches(events: DailyEvents, look: _Look, rates: FloatArray) -> float:
    """How much more counts of two weeks swing than those of single events; 1: not.

    About what the rates expect of the customers there were: growth is no batch.
    """
    first, end = look.history
    edges = end - _BATCH_DAYS * np.arange((end - first) // _BATCH_DAYS, -1, -1)
    counts, _ = np.histogram(events.event_day, edges)
    expected = np.array(
        [
            events.exposure(start, start + _BATCH_DAYS, -_ALWAYS, look.today) @ rates
            for start in edges[:-1].tolist()
        ]
    )
    return swing(counts.astype(np.float64), expected)


def _smallest_seen(expected: float, certain: float, limit: float) -> float | None:
    """The least ratio above the tolerance that rings in four of five cases."""
    if expected <= 0.0:
        return None
    counts = np.arange(int(MOST_TIMES * expected) + 20, dtype=np.float64)
    rings = _ratio(counts, np.array([expected]), np.array([certain])) > limit
    if not rings.any():
        return None
    least = int(np.argmax(rings))
    ratio = TOLERATED
    while ratio < MOST_TIMES:
        if pdtrc(least - 1, ratio * expected) >= POWER:
            return round(ratio, 2)
        ratio *= 1.03
    return None


def cell_name(cell: ScanCell) -> str:
    """Whose events a cell counts, in words."""
    who = "of those who joined in" if cell.is_of_joined else "of everybody in"
    return f"{who} the last {cell.days} days"
