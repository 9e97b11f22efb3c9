"""Whether a column that never changes tells who is late now, and not who was late then.

A column rewritten in place says what became of the customer by the end of the data. So
it goes with who is late on the last day, far more than with who was late at the dates
that it is used for. What was known from the start goes with lateness alike at all
times. Odds ratios are compared, for they do not move with how many are late: a
recession makes no alarm.
"""

from collections.abc import Sequence
from dataclasses import replace

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
    lateness = lateness_feature(rows)
    dates = np.unique(rows.as_of)
    columns = _looked_at(rows)
    if lateness is None or len(dates) < FEWEST_DATES or not columns:
        return tuple(verdicts)
    present, late_now = now.of(rows, lateness)
    early = rows[rows.as_of <= dates[(len(dates) - 1) // 2]]
    then = early.column(lateness) > 0.0
    completed = list(verdicts)
    for column in columns:
        marked = _marked(rows, rows.x[:, column])
        said = _compared(
            rows.feature_set.names[column],
            (marked[present], late_now, present),
            (marked[early.customer], then, early.customer),
        )
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


Side = tuple[BoolArray, BoolArray, IntArray]


def _compared(name: str, now: Side, then: Side) -> tuple[LeakEvidence, float] | None:
    """Evidence, where the present goes with the column so much more than the past."""
    of_now, of_then = _log_odds_ratio(*now), _log_odds_ratio(*then)
    if of_now is None or of_then is None:
        return None
    way = np.sign(of_now[0])  # a mark of who is fine gives itself away as well
    gain = way * (of_now[0] - of_then[0])
    z = gain / float(np.hypot(of_now[1], of_then[1]))
    if gain < np.log(LEAST_RATIO) or z < SURE_Z:
        return None
    text = (
        f"{name} never changes, yet the odds of being late on the last day of the data"
        f" are {_times(of_now[0])} times as high with it, and were"
        f" {_times(of_then[0])} times on the first dates (z {z:.1f}): was it"
        " rewritten in place?"
    )
    return LeakEvidence("present_echo", text), float(np.exp(gain))


def _times(log_ratio: float) -> str:
    """An odds ratio in words: from a nearly empty cell it has no exact value.

    >>> _times(2.0), _times(8.2), _times(-8.2), _times(-3.0)
    ('7.4', 'more than 100', 'less than 0.01', '0.05')
    """
    ratio = float(np.exp(log_ratio))
    if ratio > MOST_TOLD:
        return f"more than {MOST_TOLD:g}"
    if ratio < 1.0 / MOST_TOLD:
        return f"less than {1.0 / MOST_TOLD:g}"
    return f"{ratio:.1f}" if ratio >= 1.0 else f"{ratio:.2f}"


def _log_odds_ratio(
    marked: BoolArray, is_late: BoolArray, customer: IntArray
) -> tuple[float, float] | None:
    """Of being late, with the mark over without it, and its standard error.

    A customer counts once: late as often as on its dates. None: too few to say.
    """
    counts = []
    for side in (marked, ~marked):
        numbers, row = np.unique(customer[side], return_inverse=True)
        n_dates = np.bincount(row, minlength=len(numbers))
        share = np.bincount(row, weights=is_late[side], minlength=len(numbers))
        n_late = float((share / np.maximum(n_dates, 1)).sum())
        counts += [n_late + 0.5, len(numbers) - n_late + 0.5]
    if min(counts[0] + counts[1], counts[2] + counts[3]) < LEAST_GOOD:
        return None
    late_with, good_with, late_without, good_without = counts
    ratio = np.log(late_with * good_without / (good_with * late_without))
    return float(ratio), float(np.sqrt(sum(1.0 / n for n in counts)))


def _suspected(
    verdict: LeakVerdict, evidence: LeakEvidence, gain: float
) -> LeakVerdict:
    return replace(
        verdict,
        level="leak" if verdict.level == "leak" else "suspect",
        evidence=(*verdict.evidence, evidence),
        numbers={**(verdict.numbers or {}), "present_over_past": gain},
    )
