"""What few outcomes might be learnt better by: `python -m benchmarks.few_level`.

Under 200 positives the mean of the starter and two logistic regressions learns of all
dates who, and of the latest half of them, or as many more as hold ten positives, how
many (*ours*). *all dates*: how many, too, of all of them. *all features*: the plain
logistic regression of the mean learns from all features, not from stable ones alone. On
worlds drawn by number (`benchmarks.worlds`), at three moments of each, judged on the
three dates after it; *plain*: a logistic regression of all features without the
starter.

Log-loss is per thousand; O/E as its distance from 1 in logarithms. Standard errors are
over worlds, for the moments of one share customers.
"""

import argparse
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from scipy.special import expit

from benchmarks.means import between
from benchmarks.rivals import N_TEST_DATES
from benchmarks.worlds import DRAWN, world_of
from features.portfolio import Portfolio
from features.targets import TARGETS, Target
from scoring import metrics
from scoring.additive import AdditiveModel
from scoring.calibration import LogOddsMap
from scoring.starter import starter
from simulation import simulate
from training.few import ALONE_FROM, ENOUGH
from training.fitting import PRIOR_RIDGE, FittedModel
from training.latest_level import at_latest_level, of_latest_dates
from training.linear import blocks_of, fit_linear
from training.prior import fit_beside, mean_of, moved_starter
from training.rows import Rows
from training.stable_features import stable_blocks
from training.training_data import gather

MONTHS, FIRST_SEED, N_MOMENTS, LEAST_JUDGES = 30, 9_500, 3, 3
NAMES = ("plain", "ours", "all dates", "all features")
OURS = NAMES.index("ours")
Judged = dict[str, tuple[float, float]]  # log-loss × 1000, |log O/E|


def at_latest(model: AdditiveModel, rows: Rows) -> AdditiveModel:
    """At the level that training gives it."""
    fitted = FittedModel("linear", model, LogOddsMap(), np.empty(0))
    late = of_latest_dates(rows, ALONE_FROM)
    shift = at_latest_level(fitted, rows, late).calibration.intercept
    return replace(model, intercept=model.intercept + shift)


def models(target: Target, rows: Rows) -> dict[str, AdditiveModel]:
    prior, blocks = moved_starter(starter(target), rows), blocks_of(rows)
    plain = fit_linear(rows, blocks)
    beside, own = fit_beside(prior, rows, PRIOR_RIDGE), stable_blocks(blocks, rows)
    mean = mean_of([prior, beside, fit_linear(rows, own)], rows)
    everything = mean_of([prior, beside, plain], rows)
    ours, all_features = at_latest(mean, rows), at_latest(everything, rows)
    return dict(zip(NAMES, (plain, ours, mean, all_features), strict=True))


def judged(target: Target, train: Rows, test: Rows) -> Judged:
    told = {}
    for name, model in models(target, train).items():
        p = expit(model.margin(test.x, test.feature_set.names))
        level = abs(float(np.log(metrics.observed_over_expected(test.label, p))))
        told[name] = 1e3 * metrics.log_loss(test.label, p), level
    return told


def moments(rows: Rows) -> Iterator[tuple[Rows, Rows]]:
    """Who teaches and who judges, where few do and some judge."""
    dates = np.unique(rows.as_of)
    for back in range(N_TEST_DATES, (N_MOMENTS + 1) * N_TEST_DATES, N_TEST_DATES):
        first, last = dates[-back], dates[-back + N_TEST_DATES - 1]
        test = rows[(rows.as_of >= first) & (rows.as_of <= last)]
        train = rows[rows.mature_at <= first]
        is_few = ALONE_FROM <= train.n_positives < ENOUGH
        if is_few and test.n_positives >= LEAST_JUDGES:
            yield train, test


def world(number: int, n_customers: int) -> dict[Target, list[Judged]]:
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "world"
        drawn = world_of(f"{DRAWN}{number}")
        simulate(drawn, n_customers, MONTHS, FIRST_SEED + number, folder)
        rows = gather(Portfolio.open_usable(folder), TARGETS).rows
    return {t: [judged(t, *one) for one in moments(rows[t])] for t in TARGETS}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=600)
    parser.add_argument("--worlds", type=int, nargs="+", default=range(311, 319))
    asked = parser.parse_args()
    seen: dict[Target, list[np.ndarray]] = {target: [] for target in TARGETS}
    for number in asked.worlds:
        for target, each in world(number, asked.customers).items():
            for one in each:
                text = (f"{n} {loss:.2f} ({far:.2f})" for n, (loss, far) in one.items())
                print(f"{DRAWN}{number}, {target}: {', '.join(text)}", flush=True)
            if each:
                values = [[one[name] for name in NAMES] for one in each]
                seen[target].append(np.mean(values, axis=0))
    for target, worlds in seen.items():
        measures = ("log-loss × 1000", "|log O/E|") if worlds else ()
        for k, measure in enumerate(measures):
            of_each = np.array(worlds)[:, :, k]  # (worlds, names)
            print(f"{target}, {len(of_each)} worlds, {measure}, minus that of ours:")
            for name, one in zip(NAMES, of_each.T, strict=True):
                gap = one - of_each[:, OURS]
                print(
                    f"  {name:<14}{one.mean():8.3f}  {gap.mean():+.3f} ±"
                    f" {between(gap):.3f}, less in {int((gap < 0).sum())}"
                )


if __name__ == "__main__":
    main()
