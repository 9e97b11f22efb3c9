"""Features that know what came after their moment, told by how they go with it.

A column that somebody states about a customer (an attribute, not a log of events) may
be rewritten in place, and then no `known_at` says when. What is written in hindsight
gives itself away, however little it moves the AUC:

- *orphan*: it goes with what happens after the snapshot and, among customers to whom
  it never happens, with nothing that was known before. What is really known early (a
  rating, a segment) goes with both, for the same habits made the past and the future.
- *no exception*: nobody who stayed good has it.
- *few exceptions*: too few who stayed good have it to say what it goes with, and so
  many others that luck does not explain it.
- *rising*: of a value that never changes, knowledge can only grow old. If it says
  more about the outcomes of later dates than of the first ones, it was written later.
- *later echo*: it can be read off the events of the last dates, not off the first.
"""

from collections.abc import Collection, Iterator, Sequence
from functools import cached_property

import numpy as np
from scipy.stats import beta

from features.arrays import BoolArray, FloatArray, IntArray
from features.feature import Feature, LatestAttribute, TimeSince
from features.feature_rows import Equals
from features.targets import Target
from scoring.metrics import auc
from training.audits.association import auc_beside, bins, rates, standard_error
from training.audits.learner import BinnedColumns, folds_of, thinned_rows
from training.audits.measured_column import LEAST_GOOD, PRECISE, MeasuredColumn
from training.audits.verdict import LeakEvidence, LeakVerdict, Level
from training.rows import Rows

FEWEST_BAD = 6  # customers; fewer say nothing, and folds need some each
CERTAIN_AUC = 0.99
TOO_GOOD_AUC = 0.90  # one feature alone
LOOKED_AT_AUC = 0.58  # below it, and in every period, it is not looked at further
STRONG = 0.66  # beside all others; the strongest honest column of eight sets: 0.654
NOTEWORTHY = 0.58
ORPHAN_BESIDE = 0.60
N_PERIODS = 6
PERIOD_POSITIVES = 40
RISE, LATER_ECHO = 0.06, 0.12
SURE_Z = 3.5  # one false alarm in 4,000 columns that also pass the other bars
MOST_LOOKED_AT = 12  # the strongest; each costs a few small fits
TWIN = 0.95  # correlation of two columns' odds from which they say the same
HIGH = 2.0  # times the overall rate: from here a value counts as pointing at bad


def is_stated(feature: Feature) -> bool:
    """Whether somebody states it about the customer, rather than a log of events."""
    d = feature.definition
    if not isinstance(d, LatestAttribute) or d.value_kind == "moment":
        return False
    return d.table == "customers" or d.kind is not None


def is_account_age(feature: Feature) -> bool:
    """Whether it tells only for how long the customer buys: it ages with the calendar.

    Most fraud comes from newcomers, so it may rank well alone and be honest; to know
    what came after, the sign-up or the first invoice would have to be moved.
    """
    d = feature.definition
    if isinstance(d, TimeSince):
        is_first = d.which == "first" or d.where == Equals("kind", "started")
        return is_first and d.table in {"subscriptions", "invoices", "payments"}
    return d == LatestAttribute("customers", "created_at")


def hindsight(
    target: Target, rows: Rows, seed: int = 0, only: Collection[str] | None = None
) -> tuple[LeakVerdict, ...]:
    """A verdict for each feature, in the order of the feature set.

    Args:
        target: whose labels the rows carry.
        rows: all mature rows; thinned here where they are many.
        seed: of folds and small learners.
        only: features to look at beside the others; every stated one by default.
    """
    if _n_bad(rows) < FEWEST_BAD or rows.n_positives > len(rows) - FEWEST_BAD:
        return tuple(LeakVerdict(f.name, target, "pass") for f in _features(rows))
    audited = _Audit(rows, seed)
    looked_at = {m.column: m for m in audited.strongest(only)}
    verdicts = []
    for column, feature in enumerate(_features(rows)):
        measured = looked_at.get(column) or MeasuredColumn(
            column, audited.alone[column], audited.error_of(column)
        )
        verdicts.append(_verdict(target, feature, measured))
    return tuple(verdicts)


def is_noteworthy(verdict: LeakVerdict) -> bool:
    """Whether it passes, and yet marks the bad so precisely that it is named."""
    ratio = (verdict.numbers or {}).get("likelihood_ratio")
    return not verdict.is_blocking and ratio is not None and ratio > PRECISE


def _n_bad(rows: Rows) -> int:
    return len(np.unique(rows.customer[rows.label == 1.0]))


def _features(rows: Rows) -> tuple[Feature, ...]:
    return rows.feature_set.features


def never_changes(rows: Rows, value: FloatArray) -> bool:
    """Whether no customer of several dates has two values of a column, (n,) of rows."""
    order = np.lexsort((rows.as_of, rows.customer))
    customer, v = rows.customer[order], value[order]
    is_same_customer = customer[1:] == customer[:-1]
    is_same = (v[1:] == v[:-1]) | (np.isnan(v[1:]) & np.isnan(v[:-1]))
    return bool(is_same_customer.any() and is_same[is_same_customer].all())


class _Audit:
    """The rows, and what all columns share: folds, bins, who stayed good."""

    def __init__(self, everyone: Rows, seed: int) -> None:
        rows = thinned_rows(everyone, seed)
        self.everyone, self.rows, self.seed = everyone, rows, seed
        self.fold = folds_of(rows, seed)
        n_customers = int(everyone.customer.max()) + 1
        is_bad = np.zeros(n_customers, dtype=np.bool_)
        is_bad[everyone.customer[everyone.label == 1.0]] = True
        self.stays_good: BoolArray = ~is_bad[rows.customer]
        self.periods = self._periods()
        # odds of each bin, seen among other customers: any shape becomes one number
        self.scores = {}
        self.alone = []
        for column in range(rows.x.shape[1]):
            score = rates(bins(rows.x[:, column]), rows.label, self.fold)
            self.scores[column] = score
            self.alone.append(auc(rows.label, score))

    @cached_property
    def binned(self) -> BinnedColumns:
        """Made only where some column is worth a look."""
        return BinnedColumns(self.rows.x)

    def strongest(self, only: Collection[str] | None) -> list[MeasuredColumn]:
        """The stated columns that go with the label, looked at one by one."""
        asked = [
            self._counted(column)
            for column, feature in enumerate(_features(self.rows))
            if is_stated(feature) and (only is None or feature.name in only)
        ]
        strength = {
            m.column: max(m.alone, self._best_period(self.scores[m.column]))
            for m in asked
        }
        chosen = [
            m
            for m in asked
            if strength[m.column] >= LOOKED_AT_AUC or m.least_ratio >= PRECISE
        ]
        chosen.sort(key=lambda m: (m.least_ratio < PRECISE, -strength[m.column]))
        return [self._measure(m) for m in chosen[:MOST_LOOKED_AT]]

    def _is_high(self, column: int) -> BoolArray:
        """Rows whose value points at bad."""
        score = self.scores[column]
        is_high: BoolArray = score >= HIGH * self.rows.rate
        return is_high if is_high.any() else score > self.rows.rate

    def _counted(self, column: int) -> MeasuredColumn:
        """How precisely the column marks the bad: counts, no model."""
        m = MeasuredColumn(column, self.alone[column], self.error_of(column))
        is_high = self._is_high(column)
        m.n_high = self._n_customers(is_high)
        m.n_high_good = self._n_customers(is_high & self.stays_good)
        if self.stays_good.any():  # else nobody is left to compare the bad with
            among_good = max(float(is_high[self.stays_good].mean()), 1e-4)
            m.ratio = float(is_high[self.rows.label == 1.0].mean()) / among_good
        m.least_ratio = self._least_ratio(m.n_high, m.n_high_good)
        return m

    def error_of(self, column: int) -> float:
        """Standard error of a column's own AUC; a customer counts once."""
        n_bad = self._n_customers(self.rows.label == 1.0)
        n_good = float((self.rows.label == 0.0).sum())
        return standard_error(self.alone[column], n_bad, n_good)

    def _best_period(self, score: FloatArray) -> float:
        label = self.rows.label
        return max((auc(label[p], score[p]) for p in self.periods), default=0.5)

    def _measure(self, m: MeasuredColumn) -> MeasuredColumn:
        """Costly figures only of columns that say something."""
        rows, column, score = self.rows, m.column, self.scores[m.column]
        label, is_high = rows.label, self._is_high(m.column)
        hidden = [column, *self._twins(column)]
        base = self.binned.predicted(label, self.fold, self.seed, without=hidden)
        m.beside = auc_beside(label, score, base)
        m.is_static = never_changes(self.everyone, self.everyone.x[:, column])
        is_weak = max(m.beside, self._best_period(score)) < NOTEWORTHY
        if is_weak and m.least_ratio < PRECISE:
            return m
        m.echo = self._echo(hidden, is_high, self.stays_good)
        if m.is_static and len(self.periods) > 1:
            m.by_period = [self._beside_in(p, score, base) for p in self.periods]
            first, last = self._first_and_last()
            m.echo_first = self._echo(hidden, is_high, first)
            m.echo_last = self._echo(hidden, is_high, last)
            n = self._n_customers(is_high & first)
            m.echo_error = standard_error(m.echo_first or 0.5, n, 10.0 * n)
        return m

    def _least_ratio(self, n_high: int, n_high_good: int) -> float:
        """Odds of turning bad with it over everybody's: the exact lower 99 % bound."""
        n_good = self._n_customers(self.stays_good)
        n_bad = self._n_customers(~self.stays_good)
        if n_high == n_high_good:
            return 0.0
        good = float(beta.ppf(0.99, n_high_good + 1, n_high - n_high_good))
        return (1.0 - good) / good * n_good / max(n_bad, 1)

    def _twins(self, column: int) -> list[int]:
        """Stated columns that say the same: each would hide what the other knows.

        A twin among what the events tell stays: it confirms that it could be known.
        """
        score = self.scores[column]
        return [
            other
            for other, feature in enumerate(_features(self.rows))
            if other != column
            and is_stated(feature)
            and _correlation(score, self.scores[other]) >= TWIN
        ]

    def _beside_in(
        self, period: BoolArray, score: FloatArray, base: FloatArray
    ) -> tuple[float, float]:
        label = self.rows.label[period]
        value = auc_beside(label, score[period], base[period])
        n_bad = self._n_customers(period & (self.rows.label == 1.0))
        return value, standard_error(value, n_bad, float((label == 0.0).sum()))

    def _echo(
        self, hidden: Sequence[int], is_high: BoolArray, among: BoolArray
    ) -> float | None:
        """How well all but the hidden features tell who has the value, among rows."""
        n_high, n_low = self._n_customers(is_high & among), int((~is_high[among]).sum())
        if min(n_high, n_low) < LEAST_GOOD:
            return None
        high = is_high.astype(np.float64)
        margin = self.binned.predicted(
            high, self.fold, self.seed, among=among, without=hidden
        )
        return auc(high[among], margin)

    def _n_customers(self, chosen: BoolArray) -> int:
        return len(np.unique(self.rows.customer[chosen]))

    def _periods(self) -> list[BoolArray]:
        """Up to six runs of dates with as many positives each; none of one date."""
        dates, which = np.unique(self.rows.as_of, return_inverse=True)
        n = min(N_PERIODS, len(dates), self.rows.n_positives // PERIOD_POSITIVES)
        if n < 2:
            return []
        positives = np.bincount(which, weights=self.rows.label, minlength=len(dates))
        before = np.cumsum(positives) - positives
        period: IntArray = np.minimum(
            (before * n / positives.sum()).astype(np.int64), n - 1
        )
        masks = [period[which] == k for k in range(n)]
        return [m for m in masks if 0 < self.rows.label[m].sum() < m.sum()]

    def _first_and_last(self) -> tuple[BoolArray, BoolArray]:
        """Rows of the first and the last third of the dates."""
        dates = np.unique(self.rows.as_of)
        third = max(1, len(dates) // 3)
        return (
            self.rows.as_of <= dates[third - 1],
            self.rows.as_of >= dates[-third],
        )


def _correlation(a: FloatArray, b: FloatArray) -> float:
    if len(a) == 0 or a.std() == 0.0 or b.std() == 0.0:
        return 0.0
    return float(np.corrcoef(a, b)[0, 1])


def _verdict(target: Target, feature: Feature, m: MeasuredColumn) -> LeakVerdict:
    evidence = tuple(_evidence(feature, m))
    level: Level = "suspect" if evidence else "pass"
    if {"certain", "no_exception", "orphan"} & {one.code for one in evidence}:
        level = "leak"
    return LeakVerdict(feature.name, target, level, evidence, m.numbers())


def _evidence(feature: Feature, m: MeasuredColumn) -> Iterator[LeakEvidence]:
    name = feature.name
    if m.alone >= CERTAIN_AUC:
        text = f"{name} alone has AUC {m.alone:.3f}: it is the label"
        yield LeakEvidence("certain", text)
    elif m.alone - 2 * m.alone_error > TOO_GOOD_AUC and not is_account_age(feature):
        text = f"{name} alone has AUC {m.alone:.3f}: was it known at the moment?"
        yield LeakEvidence("too_good", text)
    if m.beside is not None:
        yield from _strength(name, m, m.beside)
        yield from _rising(name, m)
        yield from _later_echo(name, m, m.beside)


def _strength(name: str, m: MeasuredColumn, beside: float) -> Iterator[LeakEvidence]:
    """It says more than everything else together, and in a way that gives it away."""

    def is_telling(least: float) -> bool:
        return beside >= least or m.least_ratio >= PRECISE

    said = f"beside all others {name} still ranks with AUC {beside:.3f}"
    if beside >= STRONG and m.n_high_good == 0 and m.n_high >= LEAST_GOOD:
        text = f"none of the {m.n_high:,} customers with it stayed good"
        yield LeakEvidence("no_exception", f"{said}, and {text}")
    elif m.echo is None and m.is_surely_precise and is_telling(NOTEWORTHY):
        text = (
            f"of the {m.n_high:,} customers with it only {m.n_high_good:,} stayed good:"
            f" odds of turning bad at least {m.least_ratio:.1f} times everybody's"
        )
        yield LeakEvidence("few_exceptions", f"{said}, and {text}")
    elif m.is_orphan and m.ratio >= PRECISE and is_telling(ORPHAN_BESIDE):
        text = (
            "among customers who stayed good nothing known before goes with it "
            f"(AUC {m.echo:.3f}): it knows the outcome and not the customer"
        )
        yield LeakEvidence("orphan", f"{said}, yet {text}")
    elif beside >= STRONG and m.is_static and len(m.by_period) > 1:
        text = "it never changes: known from the start, more than all history since?"
        yield LeakEvidence("knows_more_than_history", f"{said}; {text}")


def _rising(name: str, m: MeasuredColumn) -> Iterator[LeakEvidence]:
    best, rise, z = m.rise
    if m.is_orphan and best >= ORPHAN_BESIDE and rise >= RISE and z >= SURE_Z:
        text = (
            f"{name} never changes, yet it tells the outcomes of later dates better "
            f"than of the first ones (AUC {best:.3f}, {rise:+.3f}, z {z:.1f}): what "
            "was known early grows old, what was written later does not"
        )
        yield LeakEvidence("rising", text)


def _later_echo(name: str, m: MeasuredColumn, beside: float) -> Iterator[LeakEvidence]:
    if m.echo_first is None or m.echo_last is None or beside < NOTEWORTHY:
        return
    gain = m.echo_last - m.echo_first
    if gain >= LATER_ECHO and gain >= SURE_Z * m.echo_error * 2**0.5:
        text = (
            f"{name} never changes, yet it can be read off the events of the last "
            f"dates (AUC {m.echo_last:.3f}), not of the first ({m.echo_first:.3f}): "
            "was it rewritten in place?"
        )
        yield LeakEvidence("later_echo", text)
