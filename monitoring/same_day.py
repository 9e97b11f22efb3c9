"""The day of the month: where everybody is billed on the first, it moves every feature.

How old what is open is, how long ago somebody paid, what was used since the last
invoice: on the 15th all of these differ from the 30th, on which a training's data may
have ended, and nothing has changed. So what seems to have moved is compared once more,
with the same portfolio on the same day of a month before the training ended; and where
that does not explain it, on the same day of a quarter: others are billed by these. Last
of the year: months have 28 to 31 days and quarters 90 to 92, so that at the end of one
a feature of 30 or 90 days may hold no bill, as on hardly another day.
"""

import calendar
from collections.abc import Callable
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np

from advice.population import Population, present_population
from features.arrays import FloatArray
from features.batch import feature_table, matrix
from features.feature_set import FeatureSet
from features.grid import has_grid
from features.moments import DAY_US, microseconds, to_datetime
from features.portfolio import Portfolio
from features.snapshots import population_at
from monitoring.batches import QUARTER_DAYS
from monitoring.same_age import no_older
from monitoring.scores import TargetScores, target_scores
from monitoring.target_inputs import UNKNOWN_RISE, TargetInputs, target_inputs
from scoring.bundle import Bundle
from scoring.reference import Reference

_MOVED = {"feature_drift", "score_drift", "unknown_values"}
RHYTHM_MONTHS = 1, 3, 12  # a month, a quarter, a year
HALF_QUARTER_DAYS = (QUARTER_DAYS + 1) // 2
LEAST_SHARE = 0.5  # of the training's customers; among fewer nothing is surely drift


@dataclass(frozen=True, slots=True)
class PopulationComparison:
    """What one model reads and says now, against an older population."""

    inputs: TargetInputs
    scores: TargetScores

    @property
    def has_moved(self) -> bool:
        """Whether either rings for being another population."""
        causes = [*self.inputs.causes(), *self.scores.causes()]
        return any(cause.code in _MOVED for cause in causes)

    def beside(
        self, again: "PopulationComparison", then: int, absent: frozenset[str]
    ) -> "PopulationComparison":
        """Also with what was found against the population of `then`.

        Features that were `absent` then are told nothing about.
        """
        scores = replace(self.scores, same_day=again.scores.drift)
        inputs = self.inputs.beside(again.inputs, then, absent)
        return PopulationComparison(inputs, scores)


def compared(
    portfolio: Portfolio,
    bundle: Bundle,
    reference: Reference,
    population: Population,
    progress: Callable[[str], None] = lambda _: None,
) -> PopulationComparison:
    """A model's population now, against the end of its training.

    Where that seems to have moved, and the portfolio's past is still what the training
    saw of it, the calendar may have moved it: probabilities are looked at as if nobody
    had grown older, and all is compared with the same day of a month before, and where
    that does not explain it, of a quarter or a year. Each index that is smaller so
    counts.

    Args:
        portfolio: as read now.
        bundle: with its reference.
        reference: the population at the end of the training's data.
        population: of now.
        progress: called with a line before the second comparison.
    """
    seen = _compared(bundle.target, reference, population)
    end = reference.as_of
    if not seen.has_moved or not has_grid(portfolio):
        return seen
    progress("the same day of a month, quarter or year before the training ended")
    past = _population_at(portfolio, bundle, end)
    if not _is_as_trained(bundle, reference, past):
        return seen
    same = no_older(population, past, bundle)
    drift = target_scores(bundle.target, reference, same).drift
    seen = replace(seen, scores=replace(seen.scores, same_age=drift))
    if not seen.has_moved:
        return seen
    return _beside_same_days(seen, portfolio, bundle, reference, population)


def _beside_same_days(
    seen: PopulationComparison,
    portfolio: Portfolio,
    bundle: Bundle,
    reference: Reference,
    population: Population,
) -> PopulationComparison:
    """Beside the first same day that explains what moved.

    Where none does, beside the month's: most are billed by months. Where that is the
    end of the training, it was looked at.
    """
    of_month = seen
    for months, then in _same_days(portfolio, reference.as_of).items():
        mates = _population_at(portfolio, bundle, then)
        if len(mates.probability) < LEAST_SHARE * reference.probability.n:
            continue
        before = replace(mates.reference(), importance=reference.importance)
        same = no_older(population, mates, bundle)
        again = _compared(bundle.target, before, same)
        found = seen.beside(again, then, _absent(portfolio, mates, then))
        if not found.has_moved:
            return found
        if months == 1:
            of_month = found
    return of_month


def _same_days(portfolio: Portfolio, end: int) -> dict[int, int]:
    """By months, moments on the same day of so many, at least a day before the end."""
    asked = portfolio.observed_until, end, portfolio.settings.zone
    days: dict[int, int] = {}
    for months in RHYTHM_MONTHS:
        then = same_day_before(*asked, months)
        if end - then >= DAY_US and then not in days.values():
            days[months] = then
    return days


def same_day_before(moment: int, end: int, zone: ZoneInfo, months: int = 1) -> int:
    """The latest moment until `end` on the local day of `moment`, by so many months.

    The last day of a month stands for days that it lacks.

    Args:
        moment: µs since 1970 UTC.
        end: likewise.
        zone: of the days.
        months: before `moment`, or as often as it takes; 3: the same day of a quarter,
            12: of a year.

    >>> from datetime import UTC, datetime
    >>> def at(*when): return microseconds(datetime(*when, tzinfo=UTC))
    >>> utc = ZoneInfo("UTC")
    >>> same_day_before(at(2026, 7, 31, 9), at(2026, 6, 30, 8), utc) == at(
    ...     2026, 5, 31, 9)
    True
    >>> same_day_before(at(2026, 8, 16), at(2026, 6, 30), utc) == at(2026, 6, 16)
    True
    >>> same_day_before(at(2026, 8, 16), at(2026, 6, 30), utc, 3) == at(2026, 5, 16)
    True
    """
    now = to_datetime(moment).astimezone(zone)
    last = to_datetime(end).astimezone(zone)
    year, month = last.year, last.month
    while True:
        day = min(now.day, calendar.monthrange(year, month)[1])
        then = now.replace(year=year, month=month, day=day)
        found = microseconds(then)
        if found <= end and (now.month - month) % months == 0:
            return found
        year, month = (year, month - 1) if month > 1 else (year - 1, 12)


def _compared(
    target: str, reference: Reference, population: Population
) -> PopulationComparison:
    return PopulationComparison(
        target_inputs(target, reference, population),
        target_scores(target, reference, population),
    )


def _population_at(portfolio: Portfolio, bundle: Bundle, moment: int) -> Population:
    return present_population(portfolio, bundle, population_at(portfolio, [moment]))


def _absent(portfolio: Portfolio, mates: Population, then: int) -> frozenset[str]:
    """Features that nobody's rows told of on a day, nor some weeks before.

    What is unknown on that day alone is so by the calendar: on the last day of a long
    quarter its first lies 91 days back, and no bill within 90.
    """
    unknown = mates.features.subset(_unknown(mates.features, mates.x))
    if not unknown.names:
        return frozenset()
    # of these features alone: no model need say anything of that day
    pairs = population_at(portfolio, [then - HALF_QUARTER_DAYS * DAY_US])
    return _unknown(unknown, matrix(feature_table(portfolio, pairs, unknown), unknown))


def _unknown(features: FeatureSet, x: FloatArray) -> frozenset[str]:
    """Features that are unknown of nearly everybody; x: (n, F)."""
    if not len(x):
        return frozenset(features.names)
    shares = np.isnan(x).mean(axis=0)
    names = np.array(features.names)
    return frozenset(names[shares > 1.0 - UNKNOWN_RISE].tolist())


def _is_as_trained(bundle: Bundle, reference: Reference, past: Population) -> bool:
    """Whether the past, as the portfolio tells it now, is what the training saw."""
    if not len(past.probability):
        return False
    return not _compared(bundle.target, reference, past).has_moved
