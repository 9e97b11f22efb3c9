"""What to expect of a later period: the test rows' intervals, and how dates differ.

A bootstrap over customers says how sure a number is for the period that was tested. The
next period differs from it by more: other customers happen to fail, and times change.
Both are added here, by date of the test period, on scales where numbers have no bounds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import expit, logit
from scipy.stats import t

from features.arrays import BoolArray, FloatArray, IntArray
from scoring.intervals import MetricEstimate
from scoring.metrics import auc, average_precision
from training.rows import Rows
from training.trained_model import TrainedModel

LEAST = 5  # positives of a date; fewer say nothing of it alone
PRIOR_DATES = 4.0  # so many dates' worth is what is known of dates before any is seen
Scale = Callable[[float], float]


@dataclass(frozen=True)
class _Scale:
    """A metric where it has no bounds, and how much dates differ there (sd).

    The spread is what rolling origins showed on simulated worlds, and is drawn towards
    what the portfolio's own dates show.
    """

    there: Scale
    back: Scale
    spread: float


def _logit(value: float) -> float:
    return float(logit(np.clip(value, 1e-4, 1.0 - 1e-4)))


def _log(value: float) -> float:
    return float(np.log(max(value, 1e-3)))


SCALES: Mapping[str, _Scale] = {
    "auc": _Scale(_logit, lambda z: float(expit(z)), 0.20),
    "pr_auc": _Scale(_logit, lambda z: float(expit(z)), 0.30),
    "observed_over_expected": _Scale(_log, lambda z: float(np.exp(z)), 0.20),
}


@dataclass(frozen=True)
class DateMetrics:
    """One test date.

    Args:
        as_of: µs since 1970 UTC.
        auc, pr_auc: None where fewer than five positives say nothing.
    """

    as_of: int
    n: int
    n_positives: int
    expected: float
    auc: float | None
    pr_auc: float | None

    @property
    def observed_over_expected(self) -> float:
        return self.n_positives / self.expected

    def value(self, name: str) -> float | None:
        if name == "observed_over_expected":
            return self.observed_over_expected if self.n_positives else None
        one: float | None = getattr(self, name)
        return one


def by_date(label: FloatArray, p: FloatArray, as_of: IntArray) -> list[DateMetrics]:
    """The test rows of each date, the earliest first."""
    dates = []
    for moment in np.unique(as_of).tolist():
        own: BoolArray = as_of == moment
        positives = int(label[own].sum())
        ranks = LEAST <= positives < own.sum()
        dates.append(
            DateMetrics(
                moment,
                int(own.sum()),
                positives,
                float(p[own].sum()),
                auc(label[own], p[own]) if ranks else None,
                average_precision(label[own], p[own]) if ranks else None,
            )
        )
    return dates


def later_of(learnt: TrainedModel, rows: Rows) -> dict[str, MetricEstimate]:
    """`later_intervals` of what training measured; `rows` are all it was given."""
    judged = learnt.judgement
    as_of = rows.as_of[learnt.split.test]
    return later_intervals(judged.metrics, by_date(judged.label, judged.p, as_of))


def later_intervals(
    metrics: Mapping[str, MetricEstimate], dates: list[DateMetrics]
) -> dict[str, MetricEstimate]:
    """Where AUC, PR-AUC and O/E of a later period of the same size are to be expected.

    Args:
        metrics: of the test rows, with 95 % intervals.
        dates: the same rows by date.

    Returns:
        by name: the test rows' value with a 95 % prediction interval.
    """
    return {
        name: _later(name, metrics[name], [d for d in dates if d.n_positives >= LEAST])
        for name in SCALES
        if name in metrics
    }


def _later(
    name: str, metric: MetricEstimate, dates: list[DateMetrics]
) -> MetricEstimate:
    """The interval of one metric for the next period, on its scale of variation."""
    scale = SCALES[name]
    centre = scale.there(metric.value)
    low, high = scale.there(metric.low), scale.there(metric.high)
    # the period that was tested was drawn by chance, and so will be the next one
    sampling = 2.0 * ((high - low) / 3.92) ** 2
    known = [(scale.there(v), d) for d in dates if (v := d.value(name)) is not None]
    seen = np.array([z for z, _ in known])
    own = np.array([_error(name, d) for _, d in known]) ** 2
    between = max(float(seen.var(ddof=1) - own.mean()), 0.0) if len(seen) > 1 else 0.0
    freedom = PRIOR_DATES + max(len(seen) - 1, 0)
    spread = PRIOR_DATES * scale.spread**2 + max(len(seen) - 1, 0) * between
    width = float(t.ppf(0.975, freedom)) * float(np.sqrt(sampling + spread / freedom))
    return MetricEstimate(
        metric.value, scale.back(centre - width), scale.back(centre + width)
    )


def _error(name: str, date: DateMetrics) -> float:
    """Standard error of one date's value on its scale.

    AUC: Hanley and McNeil (1982). PR-AUC: the logit interval of Boyd, Eng and Page
    (2013). O/E: that of a Poisson count.
    """
    n, value = date.n_positives, date.value(name)
    if value is None or name == "observed_over_expected":
        return float(1.0 / np.sqrt(max(n, 1)))
    value = min(max(value, 1e-3), 1.0 - 1e-3)
    if name == "pr_auc":
        return float(1.0 / np.sqrt(n * value * (1.0 - value)))
    q1, q2 = value / (2.0 - value), 2.0 * value**2 / (1.0 + value)
    others = date.n - n
    variance = value * (1 - value) + (n - 1) * (q1 - value**2)
    variance += (others - 1) * (q2 - value**2)
    return float(np.sqrt(variance / (n * others)) / (value * (1.0 - value)))
