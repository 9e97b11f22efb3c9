"""Rolling origins: what training would have reported at earlier moments, and what came.

At each origin the whole of training is rehearsed on what was known then: the choice of
the learner, its calibration, its own judgement. Then the dates after it say what was
found. The difference is the optimism of the report, with the choice of the model in it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from features.arrays import FloatArray, IntArray
from features.moments import to_datetime
from features.targets import Target
from scoring.bundle import Bundle
from scoring.intervals import MetricEstimate
from training.errors import TrainingError
from training.evaluation import plain_metrics
from training.later import SCALES, later_of
from training.learning import learn
from training.rows import Rows
from training.trained_model import Progress, TrainedModel

LEAST = 10  # positives before and after an origin; with fewer there is nothing to see
N_DATES = 3  # that judge an origin


@dataclass(frozen=True)
class Origin:
    """One rehearsal.

    Args:
        as_of: the first date that judges it, µs since 1970 UTC.
        learnt: what training would have made of what was known then.
        after: the rows that judge it. p: (n,) what was said of them.
        reported: by metric, with the interval for a later period.
        found: the same metrics, of `after`.
    """

    as_of: int
    learnt: TrainedModel
    after: Rows
    p: FloatArray
    reported: Mapping[str, MetricEstimate]
    found: Mapping[str, float]

    def is_covered(self, name: str) -> bool:
        """Whether what was found lies within what was reported."""
        return self.reported[name].low <= self.found[name] <= self.reported[name].high


def rehearsed(
    target: Target,
    rows: Rows,
    seed: int,
    starter: Bundle | None,
    n_origins: int,
    progress: Progress = lambda _: None,
) -> Iterator[Origin]:
    """The latest origins that have enough before and after them, the earliest first."""
    dates = np.unique(rows.as_of)
    first = [dates[i] for i in range(len(dates) - 1, 0, -N_DATES)][:n_origins]
    for moment in sorted(int(date) for date in first):
        before = rows[rows.mature_at <= moment]
        after = rows[(rows.as_of >= moment) & (rows.as_of < _end(dates, moment))]
        if min(_n(before), _n(after)) < LEAST:
            continue
        progress(f"rehearsing with what was known on {to_datetime(moment):%Y-%m-%d}")
        try:
            learnt = learn(target, before, seed, starter=starter)
        except TrainingError:  # it would have refused: nothing was reported
            continue
        if not learnt.judgement.metrics:
            continue
        p = learnt.fitted.probability(after)
        found = plain_metrics(after.label, p)
        reported = later_of(learnt, before)
        yield Origin(moment, learnt, after, p, reported, {n: found[n] for n in SCALES})


def _n(rows: Rows) -> int:
    """Of positives, or of negatives where these are fewer."""
    return min(rows.n_positives, len(rows) - rows.n_positives) if len(rows) else 0


def _end(dates: IntArray, moment: int) -> float:
    later = dates[dates >= moment]
    return float(later[N_DATES]) if len(later) > N_DATES else float("inf")
