"""The third clock: outcomes known after 15, 30 and 45 days, and how many should be.

A cohort is the population a few days ago. Of all outcomes that come within the horizon
a share is known after so many days (by cohorts whose outcomes are mature), so the
model's probabilities say how many should be; and cohorts before say what is usual.
Two Poisson counts are compared exactly (see `scoring.early_warning`), and where
outcomes come in batches the interval allows for where among them a cohort lies
(`monitoring.batches`).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy.special import pdtrik

from advice.population import Population, present_population
from features.arrays import BoolArray, FloatArray, IntArray
from features.grid import has_grid
from features.labels import labels, labels_observed_until
from features.maturity import maturity_us
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.snapshots import population_at
from features.targets import Target
from monitoring.batches import may_be_quarterly, usual_range
from scoring.bundle import Bundle
from scoring.early_warning import MOST_TIMES, Expectation, expectation
from store.monitoring import Cause

STEP_DAYS = 15
AGES = (1, 2, 3)  # steps: 15, 30 and 45 days
N_COHORTS = 24  # a year of them
OF_A_YEAR = tuple(range(N_COHORTS, 0, -1))  # steps back
# for batches of a quarter the year before as well, by half as many
OF_TWO_YEARS = (*range(2 * N_COHORTS, N_COHORTS, -2), *OF_A_YEAR)
# Three ages and two targets are looked at every day; what rings stops automation, so
# by chance it may do so once in several quarters (tests/statistical).
CONFIDENCE = 0.98
POWER = 0.8
N_TENTHS = 10
LEAST_SEGMENT = 5.0  # outcomes expected; fewer say nothing


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a cohort: a tenth of its probabilities, or a segment."""

    name: str
    n: int
    observed: int
    expectation: Expectation


@dataclass(frozen=True, slots=True)
class EarlyOutcomes:
    """One cohort and what is known of it by now.

    Args:
        age_days: since its moment.
        n: customers.
        share_known: of the outcomes within the horizon, by that age.
        by_model: against the model's probabilities.
        as_before: against cohorts before.
        smallest_seen: the least ratio, above what is tolerated, that an alarm would see
            in four of five cases at this size; None where not even fifty times is.
        parts: the cohort in tenths and segments, against the model; they ring nothing.
        batches: the least and the most that so many days usually hold, as shares of
            what is usual, where outcomes come in batches; else 1 and 1.
    """

    target: str
    age_days: int
    n: int
    observed: int
    share_known: float
    by_model: Expectation
    as_before: Expectation
    smallest_seen: float | None
    parts: tuple[Part, ...]
    batches: tuple[float, float] = (1.0, 1.0)

    def causes(self) -> Iterator[Cause]:
        """What rings about this cohort."""
        seen = f"{self.target}: {self.observed:,} known after {self.age_days} days"
        for one, expects, code in (
            (self.by_model, "the model expects", "unlike_model"),
            (self.as_before, "as before it would be", "unlike_before"),
        ):
            if one.is_alarm:
                why = (
                    f"{seen}; {expects} {one.expected:.1f} ({one.ratio:.2f} times,"
                    f" {CONFIDENCE:.1%} interval {one.low:.2f} to {one.high:.2f})"
                )
                yield Cause("early_outcomes", code, self.target, why)


def early_outcomes(portfolio: Portfolio, bundle: Bundle) -> tuple[EarlyOutcomes, ...]:
    """First outcomes of the latest cohorts, the youngest first.

    Nothing is said where the portfolio has no history of its own, where the bundle is a
    starter, whose level is nobody's own, or where no outcome has ever matured.
    """
    if bundle.is_starter or not has_grid(portfolio):
        return ()
    target: Target = "fraud" if bundle.target == "fraud" else "nonpayment"
    known = _Cohorts.of(portfolio, target)
    latest = known.pairs.filter(pa.array(known.back <= max(AGES)))
    population = present_population(portfolio, bundle, latest)
    longer = known
    if may_be_quarterly(known.by_day(min(AGES))[0]):
        longer = _Cohorts.of(portfolio, target, OF_TWO_YEARS)
    found = (_cohort(known, longer, population, age, portfolio) for age in AGES)
    return tuple(one for one in found if one is not None)


@dataclass(frozen=True)
class _Cohorts:
    """Rows of all cohorts; `back`: (n,) how many steps ago each one's moment was.

    Those more than a year old only tell whether outcomes come in batches.
    """

    target: Target
    pairs: pa.Table
    back: IntArray
    delay_days: FloatArray  # from its moment to when an outcome was known; inf: none
    is_mature: BoolArray  # of the latest year
    is_unseen: BoolArray  # of mature ones: an action hid what became of them

    @classmethod
    def of(
        cls, portfolio: Portfolio, target: Target, steps: Sequence[int] = OF_A_YEAR
    ) -> "_Cohorts":
        """So many times 15 days before what labels rely on ends; `steps` fall."""
        until = labels_observed_until(portfolio, target)
        moments = [until - STEP_DAYS * step * DAY_US for step in steps]
        pairs = population_at(portfolio, moments)
        labelled = labels(portfolio, pairs, target)
        as_of = pairs["as_of"].to_numpy()
        label = labelled["label"].to_numpy(zero_copy_only=False).astype(np.float64)
        delay = (labelled["known_at"].to_numpy() - as_of) / DAY_US
        horizon_us, lag_us = maturity_us(portfolio, target)
        back = (until - as_of) // (STEP_DAYS * DAY_US)
        is_mature = (as_of + horizon_us + lag_us <= until) & (back <= N_COHORTS)
        return cls(
            target,
            pairs,
            back,
            np.where(label == 1.0, delay, np.inf),
            is_mature,
            is_mature & np.isnan(label),
        )

    def by_age(self, age: int) -> BoolArray:
        """(n,) whether an outcome was known so many steps after its moment."""
        known: BoolArray = self.delay_days <= age * STEP_DAYS
        return known

    def n_customers(self, rows: BoolArray) -> int:
        """How many customers these rows are of."""
        ids = self.pairs["customer_id"].filter(pa.array(rows))
        return int(pc.count_distinct(ids).as_py())

    def by_day(self, age: int) -> tuple[FloatArray, FloatArray]:
        """Outcomes known on each day of the time before, and among how many customers.

        From the first cohort until that cohort's moment; an outcome counts once.
        """
        oldest = int(self.back.max())
        names = self.pairs["customer_id"].combine_chunks().dictionary_encode().indices
        known = (oldest - self.back) * STEP_DAYS + self.delay_days
        seconds = np.round(known * 86_400)  # a cohort's delay is off by a rounding
        chosen = known < (oldest - age) * STEP_DAYS
        each = np.unique(np.stack([names.to_numpy()[chosen], seconds[chosen]]), axis=1)
        n_days = (oldest - age) * STEP_DAYS
        days = np.bincount((each[1] // 86_400).astype(int), minlength=n_days)[:n_days]
        back, n_customers = np.unique(self.back, return_counts=True)
        # each cohort stands for the days until the next one's moment
        n_steps = np.diff(np.maximum(back, age), prepend=age)
        customers = np.repeat(n_customers[::-1], n_steps[::-1] * STEP_DAYS)
        return days.astype(np.float64), customers.astype(np.float64)

    def before(self, age: int) -> BoolArray:
        """(n,) whether so many steps from its moment end before that cohort's begin.

        Else one outcome would be compared with itself.
        """
        earlier: BoolArray = (self.back >= 2 * age) & (self.back <= N_COHORTS)
        return earlier


def _cohort(
    known: _Cohorts,
    longer: _Cohorts,
    population: Population,
    age: int,
    portfolio: Portfolio,
) -> EarlyOutcomes | None:
    """The cohort of one age; None where nothing before tells what to expect.

    Of batches `longer` tells, which are cohorts of two years where those may be needed.
    Where no mature outcome was known so soon, the share is not 0 but unknown: then the
    first one that is would be infinitely many times what was expected.
    """
    own = known.back == age
    before = known.before(age)
    early = known.by_age(age)
    ever = np.isfinite(known.delay_days) & known.is_mature
    n_before, n_ever = int(before.sum()), int(ever.sum())
    n_learnt = known.n_customers(before & early)
    n_share = known.n_customers(ever & early)  # whose outcomes tell the share
    if n_share == 0 or not own.any():
        return None
    share = float((early & ever).sum() / n_ever)
    n_mature = int(known.is_mature.sum())
    share_seen = 1.0 - float(known.is_unseen.sum() / n_mature)
    p = population.probability[known.back[known.back <= max(AGES)] == age]
    expected = share * share_seen * p
    usual = float((before & early).sum() / n_before) * len(p)
    hit = early[own]
    batches = _batches(longer, age, usual / len(p))
    return EarlyOutcomes(
        target=known.target,
        age_days=age * STEP_DAYS,
        n=len(p),
        observed=int(hit.sum()),
        share_known=share,
        by_model=_against(hit, float(expected.sum()), n_share, batches),
        as_before=_against(hit, usual, n_learnt, batches),
        smallest_seen=smallest_seen(float(expected.sum()), n_share, batches),
        parts=tuple(
            _parts(
                hit, expected, n_share, batches, _segments(portfolio, known.pairs, own)
            )
        ),
        batches=batches,
    )


def _against(
    hit: BoolArray, expected: float, n_learnt: int, batches: tuple[float, float]
) -> Expectation:
    n = int(hit.sum())
    return _allowing(expectation(n, max(expected, 1e-9), n_learnt, CONFIDENCE), batches)


def _batches(known: _Cohorts, age: int, usual: float) -> tuple[float, float]:
    """The least and the most of so many days, as shares of what is usual."""
    found = usual_range(*known.by_day(age), age * STEP_DAYS)
    if found is None:
        return 1.0, 1.0
    least, most = (count / max(usual, 1e-9) for count in found)
    return min(least, 1.0), max(most, 1.0)


def _allowing(one: Expectation, batches: tuple[float, float]) -> Expectation:
    """With an interval as wide as where among the batches a cohort lies makes it."""
    least, most = batches
    widest = max(least, 1.0 / MOST_TIMES)
    return replace(one, low=one.low / most, high=one.high / widest)


def _parts(
    hit: BoolArray,
    expected: FloatArray,
    n_learnt: int,
    batches: tuple[float, float],
    segments: Sequence[str],
) -> Iterator[Part]:
    """The cohort in tenths of the probability, lowest first, and in segments."""
    order = np.argsort(expected, kind="stable")
    for number, rows in enumerate(np.array_split(order, N_TENTHS), 1):
        if len(rows):
            own = hit[rows], float(expected[rows].sum())
            compared = _against(*own, n_learnt, batches)
            yield Part(f"tenth {number}", len(rows), int(own[0].sum()), compared)
    named = np.array(segments, dtype=object)
    for name in sorted(set(segments)):
        rows = np.flatnonzero(named == name)
        total = float(expected[rows].sum())
        if total >= LEAST_SEGMENT:
            compared = _against(hit[rows], total, n_learnt, batches)
            yield Part(name, len(rows), int(hit[rows].sum()), compared)


def _segments(portfolio: Portfolio, pairs: pa.Table, own: BoolArray) -> list[str]:
    """The segment of each customer of a cohort, by what was known at its moment."""
    customers, moment = (
        portfolio.tables["customers"],
        pc.max(pairs["as_of"].filter(pa.array(own))),
    )
    rows = customers.filter(customers.known_at <= moment.as_py())
    chosen = rows.select("customer_id", "known_at", "segment")
    table = chosen.order_by("known_at").to_pyarrow()
    latest = dict(
        zip(table["customer_id"].to_pylist(), table["segment"].to_pylist(), strict=True)
    )
    ids = pairs["customer_id"].filter(pa.array(own)).to_pylist()
    return [str(latest.get(one) or "no segment") for one in ids]


def smallest_seen(
    expected: float, n_learnt: int, batches: tuple[float, float] = (1.0, 1.0)
) -> float | None:
    """The least ratio above 1 that rings in four of five cases.

    >>> smallest_seen(1000.0, 10**6) < 1.5 < smallest_seen(10.0, 100)
    True
    """
    ratio = 1.25
    while ratio < MOST_TIMES:
        # the count that is exceeded in four of five cases
        count = int(np.floor(pdtrik(1.0 - POWER, ratio * expected)))
        if count > 0:
            seen = expectation(count, expected, n_learnt, CONFIDENCE)
            if _allowing(seen, batches).is_alarm:
                return round(ratio, 2)
        ratio *= 1.03
    return None
