"""Whether a column that never changes tells who is late now, and not who was late then.

A column rewritten in place says what became of the customer by the end of the data. So
it goes with who is late on the last day, far more than with who was late at the dates
that it is used for. What was known from the start goes with lateness alike at all
times, or changes when the business does (other terms, another product) and stays so:
the last day must stand out from the later dates as well as from the first ones. Odds
ratios are compared, for they do not move with how many are late: a recession makes no
alarm. Where few are late only a flag that names most of them is seen: `power_text`
says which would be.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from features.arrays import BoolArray, FloatArray, IntArray
from training.audits.association import bins
from training.audits.hindsight import HIGH, SURE_Z, is_stated, never_changes
from training.audits.measured_column import LEAST_GOOD
from training.audits.verdict import LeakEvidence, LeakVerdict
from training.lateness import lateness_feature
from training.lateness_now import PresentLateness
from training.rows import Rows

LEAST_RATIO = 2.5  # of the two odds ratios, so that no small change is told
FEWEST_DATES = 4
FALSE_SHARE = 0.05  # of who is not late now, whom a flag that is asked about marks
CAUGHT_SHARES = tuple(n / 20 for n in range(2, 20))  # 10 % to 95 % of who is late
MOST_TOLD = 100.0  # times the odds; beyond it one customer more or less decides


def with_present_echo(
    now: PresentLateness,
    rows: Rows,
    verdicts: Sequence[LeakVerdict],
) -> tuple[LeakVerdict, ...]:
    """The verdicts, with columns that tell the present suspected as well.

    Args:
        now: who is late on the last day of the portfolio.
        rows: all mature rows of a target.
        verdicts: of `hindsight`, one for each feature of the rows.
    """
    columns, moments = _looked_at(rows), _moments(now, rows)
    if moments is None or not columns:
        return tuple(verdicts)
    completed = list(verdicts)
    for column in columns:
        marked = _marked(rows, rows.x[:, column])
        said = _compared(rows.feature_set.names[column], moments.counts(marked))
        if said is not None:
            completed[column] = _suspected(completed[column], *said)
    return tuple(completed)


def _looked_at(rows: Rows) -> list[int]:
    """Stated columns that never change, however weakly they go with the label.

    A mark of who is late today need not go with the outcomes of all dates before.
    """
    return [
        column
        for column, feature in enumerate(rows.feature_set.features)
        if is_stated(feature) and never_changes(rows, rows.x[:, column])
    ]


def _marked(rows: Rows, value: FloatArray) -> BoolArray:
    """By customer number: whether its value points at bad."""
    b = bins(value)
    n = np.bincount(b)
    rate = np.bincount(b, weights=rows.label) / np.maximum(n, 1)
    is_high = rate >= HIGH * rows.rate
    if not is_high.any():
        is_high = rate > rows.rate
    marked = np.zeros(int(rows.customer.max()) + 1, dtype=np.bool_)
    marked[rows.customer] = is_high[b]
    return marked


@dataclass(frozen=True)
class _Moments:
    """Customers by their number, and who of them was late.

    Args:
        now, late_now: on the last day of the data; a row for each customer.
        then, late_then: on the dates; a row for each.
        is_early: whether such a row is of the first half of the dates.
    """

    now: IntArray
    late_now: BoolArray
    then: IntArray
    late_then: BoolArray
    is_early: BoolArray

    def counts(self, marked: BoolArray | FloatArray) -> "_Counts":
        """Of customers with a mark and without it."""
        halves = [
            _counts(marked, self.then[half], self.late_then[half])
            for half in (self.is_early, ~self.is_early)
        ]
        return _Counts(
            _counts(marked, self.now, self.late_now),
            _counts(marked, self.then, self.late_then),
            halves,
        )


@dataclass(frozen=True)
class _Counts:
    """(2, 2) each: on the last day, on all dates, on either half of the dates."""

    now: FloatArray
    then: FloatArray
    halves: Sequence[FloatArray]


def _moments(now: PresentLateness, rows: Rows) -> _Moments | None:
    """None where nothing says how late a customer is, or there are too few dates."""
    lateness = lateness_feature(rows)
    dates = np.unique(rows.as_of)
    if lateness is None or len(dates) < FEWEST_DATES:
        return None
    present, late_now = now.of(rows, lateness)
    is_early = rows.as_of <= dates[(len(dates) - 1) // 2]
    late_then = rows.column(lateness) > 0.0
    return _Moments(present, late_now, rows.customer, late_then, is_early)


def power_text(now: PresentLateness, rows: Rows) -> str | None:
    """Which flag of who is late, rewritten in place, would be seen; in a sentence.

    Args:
        now: who is late on the last day of the portfolio.
        rows: all mature rows of a target.

    Returns:
        None where no column is looked at for it.
    """
    moments = _moments(now, rows)
    if moments is None or not _looked_at(rows):
        return None
    n, n_late = len(moments.now), int(moments.late_now.sum())
    caught = next((c for c in CAUGHT_SHARES if _is_seen(moments, c)), None)
    what = (
        f"no flag that also marks {FALSE_SHARE:.0%} of the others would be seen,"
        " however many of the late it catches"
        if caught is None
        else f"a flag that catches {caught:.0%} of these, and marks {FALSE_SHARE:.0%}"
        " of the others, would be seen; one that catches fewer may not"
    )
    return (
        f"of {n:,} customers {n_late:,} are late on the last day of the data: were a"
        f" column rewritten in place since, {what}"
    )


def _is_seen(moments: _Moments, caught: float) -> bool:
    """Whether a flag set today is told on average, catching this share of the late."""
    last = max(moments.now.max(initial=0), moments.then.max(initial=0))
    marked = np.full(int(last) + 1, FALSE_SHARE)
    marked[moments.now[moments.late_now]] = caught
    return _compared("", moments.counts(marked)) is not None


def _compared(name: str, counts: _Counts) -> tuple[LeakEvidence, float] | None:
    """Evidence, where the present goes with the column so much more than the past."""
    of_now, of_then = _log_odds_ratio(counts.now), _log_odds_ratio(counts.then)
    of_halves = [_log_odds_ratio(half) for half in counts.halves]
    if of_now is None or of_then is None:
        return None
    way = np.sign(of_now[0])  # a mark of who is fine gives itself away as well
    gains = [way * (of_now[0] - one[0]) for one in (of_then, *of_halves) if one]
    gain = min(*gains, abs(of_now[0]))  # what says who is late now goes with it now
    z = way * (of_now[0] - of_then[0]) / float(np.hypot(of_now[1], of_then[1]))
    if gain < np.log(LEAST_RATIO) or z < SURE_Z:
        return None
    is_now, was = (times(float(np.exp(one[0]))) for one in (of_now, of_then))
    text = (
        f"{name} never changes, yet the odds of being late on the last day of the data"
        f" are {is_now} times as high with it, and were"
        f" {was} times on the dates before (z {z:.1f}): was it"
        " rewritten in place?"
    )
    return LeakEvidence("present_echo", text), float(np.exp(gain))


def times(ratio: float) -> str:
    """An odds ratio in words: from a nearly empty cell it has no exact value.

    >>> times(7.4), times(3600.0), times(0.0003), times(0.05)
    ('7.4', 'more than 100', 'less than 0.01', '0.05')
    """
    if ratio > MOST_TOLD:
        return f"more than {MOST_TOLD:g}"
    if ratio < 1.0 / MOST_TOLD:
        return f"less than {1.0 / MOST_TOLD:g}"
    return f"{ratio:.1f}" if ratio >= 1.0 else f"{ratio:.2f}"


def _counts(
    marked: BoolArray | FloatArray, customer: IntArray, is_late: BoolArray
) -> FloatArray:
    """(2, 2) customers with the mark and without it, late and not.

    A customer counts once: late as often as on its dates.

    Args:
        marked: by customer number, or with which probability.
        customer: (n,) of each row.
        is_late: (n,) on its date.
    """
    numbers, row = np.unique(customer, return_inverse=True)
    n_late = np.bincount(row, weights=is_late, minlength=len(numbers))
    late = n_late / np.maximum(np.bincount(row, minlength=len(numbers)), 1)
    mark = marked[numbers].astype(np.float64)
    sides = np.stack([mark, 1.0 - mark])
    return np.column_stack([sides @ late, sides @ (1.0 - late)])


def _log_odds_ratio(counts: FloatArray) -> tuple[float, float] | None:
    """Of being late, with the mark over without it, and its standard error.

    None: too few to say.
    """
    counts = counts + 0.5
    if counts.sum(axis=1).min() < LEAST_GOOD:
        return None
    (late_with, good_with), (late_without, good_without) = counts
    ratio = np.log(late_with * good_without / (good_with * late_without))
    return float(ratio), float(np.sqrt((1.0 / counts).sum()))


def _suspected(
    verdict: LeakVerdict, evidence: LeakEvidence, gain: float
) -> LeakVerdict:
    return replace(
        verdict,
        level="leak" if verdict.level == "leak" else "suspect",
        evidence=(*verdict.evidence, evidence),
        numbers={**(verdict.numbers or {}), "present_over_past": gain},
    )
