"""Which level lasts: `python -m benchmarks.levels [--learner linear]`.

One model of non-payment as `forbear train` fits it, and its probabilities by different
calibrations. On worlds drawn by number (`benchmarks.worlds`) it learns from what was
known at a moment and is judged on the three dates after it, at two moments per world.

- *ours*: the slope of the folds, and of the rows that they predicted (up to half of the
  dates, the latest) the model of all rows expects as many as came;
- *of the folds*: slope and level of the models of the folds;
- *latest window*: that map drawn towards one of the latest dates that hold 200
  positives (n positives weigh n / (n + 100)), as it was until 29 November 2026;
- *none*: the model as it is.

Log-loss and its difference are per thousand; below 0 the other level is better.
"""

import argparse
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.means import between
from benchmarks.rivals import N_TEST_DATES, SEED
from benchmarks.worlds import DRAWN, world_of
from features.arrays import BoolArray, FloatArray, IntArray
from features.portfolio import Portfolio
from scoring import metrics
from scoring.bundle import Learner
from scoring.calibration import LogOddsMap, fit_log_odds_affine
from scoring.starter import starter
from simulation import simulate
from training.fitting import FittedModel, fit, margin
from training.held_out import calibrated
from training.rows import Rows
from training.training_data import gather

MONTHS, FIRST_SEED = 33, 9_000
WINDOW_POSITIVES, BLEND_POSITIVES = 200, 100.0
OURS = "ours"
LEARNERS: tuple[Learner, ...] = ("lightgbm", "linear", "rule")
Judged = dict[str, tuple[float, float, float]]  # log-loss × 1000, |log O/E|, ICI × 1000


def moments(number: int, n_customers: int) -> Iterator[tuple[Rows, Rows]]:
    """Of a drawn world who teaches and who judges, at the last moment and before it."""
    rows = _nonpayment(number, n_customers)
    dates = np.unique(rows.as_of)
    for back in (N_TEST_DATES, 2 * N_TEST_DATES):
        first, last = dates[-back], dates[-back + N_TEST_DATES - 1]
        judges = (rows.as_of >= first) & (rows.as_of <= last)
        yield rows[rows.mature_at <= first], rows[judges]


def _nonpayment(number: int, n_customers: int) -> Rows:
    world, seed = world_of(f"{DRAWN}{number}"), FIRST_SEED + number
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "world"
        simulate(world, n_customers, MONTHS, seed, folder, usage_every="week")
        portfolio = Portfolio.open_usable(folder)
        return gather(portfolio, ("nonpayment",)).rows["nonpayment"]


def latest_window(as_of: IntArray, label: FloatArray) -> BoolArray:
    """(n,) the latest dates, as many as hold 200 positives, at most half of them."""
    dates = np.unique(as_of)
    for first in dates[::-1][: max(1, len(dates) // 2)]:
        window: BoolArray = as_of >= first
        if label[window].sum() >= WINDOW_POSITIVES:
            break
    return window


def of_the_window(rows: Rows, held_out: FloatArray) -> LogOddsMap:
    """The map of the folds' margins, drawn towards that of the latest window."""
    judged = ~np.isnan(held_out)
    margins, label = held_out[judged], rows.label[judged]
    window = latest_window(rows.as_of[judged], label)
    usual = fit_log_odds_affine(margins, label)
    latest = fit_log_odds_affine(margins[window], label[window])
    n = label[window].sum()
    weight = float(n / (n + BLEND_POSITIVES))
    return LogOddsMap(
        weight * latest.intercept + (1.0 - weight) * usual.intercept,
        weight * latest.slope + (1.0 - weight) * usual.slope,
    )


def maps(fitted: FittedModel, rows: Rows) -> dict[str, LogOddsMap]:
    return {
        OURS: fitted.calibration,
        "of the folds": calibrated(rows, fitted.held_out),
        "latest window": of_the_window(rows, fitted.held_out),
        "none": LogOddsMap(),
    }


def judged(learner: Learner, train: Rows, test: Rows) -> Judged:
    fitted = fit(learner, train, SEED, starter("nonpayment"))
    own, told = margin(fitted.model, test), {}
    for name, one in maps(fitted, train).items():
        p = one.probability(own)
        level = abs(float(np.log(metrics.observed_over_expected(test.label, p))))
        index = 1_000.0 * metrics.integrated_calibration_index(test.label, p)
        told[name] = (1_000.0 * metrics.log_loss(test.label, p), level, index)
    return told


def world(learner: Learner, number: int, n_customers: int) -> Judged:
    """The means of both moments."""
    both = [judged(learner, *moment) for moment in moments(number, n_customers)]
    return {name: tuple(np.mean([b[name] for b in both], axis=0)) for name in both[0]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--learner", choices=LEARNERS, default=LEARNERS[0])
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--worlds", type=int, nargs="+", default=range(113, 121))
    asked = parser.parse_args()
    worlds: list[Judged] = []
    for number in asked.worlds:
        worlds.append(world(asked.learner, number, asked.customers))
        told = (f"{n} {v[0]:.2f} ({v[1]:.3f})" for n, v in worlds[-1].items())
        print(f"{DRAWN}{number}: log-loss (|log O/E|): {', '.join(told)}", flush=True)
    print(
        "means over worlds: log-loss minus ours, |log O/E|, ICI, worlds ours is ahead"
    )
    for name in worlds[0]:
        gap = np.array([one[name][0] - one[OURS][0] for one in worlds])
        _, level, index = np.mean([one[name] for one in worlds], axis=0)
        print(
            f"  {name:<14}{gap.mean():+.3f} ± {between(gap):.3f}  {level:.3f}"
            f"  {index:.2f}  {int((gap > 0).sum())} of {len(gap)}"
        )


if __name__ == "__main__":
    main()
