"""Do the intervals for a later period hold what is then found?"""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.special import expit, logit

from features.arrays import FloatArray, IntArray
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.intervals import measured
from scoring.metrics import METRICS
from scoring.starter import starter
from simulation.run import simulate
from simulation.worlds import world_named
from training.errors import TrainingError
from training.evaluation import plain_metrics
from training.later import SCALES, by_date, later_intervals, later_of
from training.learning import learn
from training.training_data import gather

N_DATES = 4
CORE = {name: METRICS[name] for name in SCALES}


def period(
    rng: np.random.Generator, n: int, spread: float
) -> tuple[FloatArray, FloatArray, IntArray]:
    """Dates whose level and sharpness differ by chance, and what a model says."""
    date: IntArray = np.arange(n) % N_DATES
    level, sharpness = rng.normal(0.0, spread, (2, N_DATES))
    z = rng.normal(-2.6, 1.2, n)
    truth = expit(-2.6 + level[date] + (1.0 + sharpness[date]) * (z + 2.6))
    return (rng.random(n) < truth).astype(np.float64), expit(z), date


@pytest.mark.slow
def test_a_later_period_is_held_and_the_bootstrap_alone_does_not() -> None:
    """60 worlds: at least 54 of 60 per metric; the bootstrap's interval holds fewer.

    With a true coverage of 95 % fewer than 54 come once in 12 times for one metric, so
    the seeds are fixed; measured 59 and 60, and 36 to 46 for the bootstrap.
    """
    held, by_bootstrap = dict.fromkeys(CORE, 0), dict.fromkeys(CORE, 0)
    for seed in range(60):
        rng = np.random.default_rng(seed)
        label, p, date = period(rng, 1_600, 0.18)
        tested = measured(label, p, np.arange(len(label)), n_draws=60)
        later = later_intervals(tested, by_date(label, p, date))
        label, p, _ = period(rng, 1_600, 0.18)
        for name, metric in CORE.items():
            found = metric(label, p)
            held[name] += later[name].low <= found <= later[name].high
            by_bootstrap[name] += tested[name].low <= found <= tested[name].high
    assert min(held.values()) >= 54, held
    assert sum(by_bootstrap.values()) < sum(held.values()), by_bootstrap


def test_dates_that_differ_widen_the_interval() -> None:
    rng = np.random.default_rng(0)
    label, p, date = period(rng, 4_000, 0.0)
    tested = measured(label, p, np.arange(len(label)), n_draws=60)
    alike = later_intervals(tested, by_date(label, p, date))
    shifted = expit(logit(p) + np.array([-1.5, -0.5, 0.5, 1.5])[date])
    apart = later_intervals(tested, by_date(label, shifted, date))
    name = "observed_over_expected"
    assert apart[name].high / apart[name].low > 2 * alike[name].high / alike[name].low


def test_a_date_with_few_positives_says_nothing_alone() -> None:
    label = np.array([1.0] * 3 + [0.0] * 97)
    [date] = by_date(label, np.full(100, 0.03), np.zeros(100, dtype=np.int64))
    assert (date.auc, date.pr_auc, date.n_positives) == (None, None, 3)
    assert date.observed_over_expected == pytest.approx(1.0)


@pytest.mark.long
@pytest.mark.parametrize("n_customers", [800, 3_000, 6_000])
def test_what_training_reports_of_simulated_worlds_is_then_found(
    n_customers: int, tmp_path: Path
) -> None:
    """Ten worlds nobody tuned to: at least 90 % of the intervals hold what came.

    Trained on what was known four dates before the end, found on those four. Over ten
    worlds, two targets and three metrics some 50 intervals are compared; at a true
    coverage of 95 % fewer than 90 % come about once in 30 runs, so the seeds are fixed.
    """
    held = [
        one
        for seed in range(10)
        for one in _held(_world(seed, n_customers, tmp_path / str(seed)))
    ]
    assert len(held) >= 20
    assert np.mean(held) >= 0.9, held


def _world(seed: int, n_customers: int, out: Path) -> Portfolio:
    """A world whose fraud, distress and economy are drawn."""
    rng = np.random.default_rng(seed)
    calm = world_named("calm")
    world = replace(
        calm,
        name=f"drawn-{seed}",
        careful_share=float(rng.uniform(0.5, 0.9)),
        liquidity_effect=float(rng.uniform(0.3, 0.6)),
        distress_log_odds=float(rng.uniform(5.5, 8.0)),
        macro_shock_month=int(rng.integers(8, 22)) if rng.random() < 0.5 else None,
        chargeback_share=float(rng.uniform(0.7, 0.95)),
        abuse_starts_new=float(rng.uniform(0.3, 0.6)),
    )
    return Portfolio.open(simulate(world, n_customers, 24, seed, out).portfolio)


def _held(portfolio: Portfolio) -> list[bool]:
    held = []
    for target, rows in gather(portfolio, TARGETS).rows.items():
        first = np.unique(rows.as_of)[-N_DATES]
        before, after = rows[rows.mature_at <= first], rows[rows.as_of >= first]
        if min(before.n_positives, after.n_positives) < 5:
            continue
        try:
            learnt = learn(target, before, 0, starter=starter(target))
        except TrainingError:
            continue
        found = plain_metrics(after.label, learnt.fitted.probability(after))
        for name, metric in later_of(learnt, before).items():
            held.append(metric.low <= found[name] <= metric.high)
    return held
