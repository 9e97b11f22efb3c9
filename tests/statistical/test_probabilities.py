"""Do trained probabilities mean what they say, and do intervals cover? Known truth."""

import numpy as np
import pytest
from scipy.special import expit

from features.arrays import FloatArray
from features.catalogue import feature_set
from features.feature_set import FeatureSet
from features.settings import PortfolioSettings
from scoring.bundle import Learner
from scoring.intervals import measured
from training.fitting import fit
from training.rows import Rows

NAMES = ("load", "reserve", "shock")
MONTH_US = 30 * 86_400_000_000
SETTINGS = PortfolioSettings.model_validate({"attributes": {n: {} for n in NAMES}})


def _world(
    seed: int, n: int, n_dates: int = 1, drift: float = 0.0
) -> tuple[Rows, FloatArray]:
    """Rows and their true P; the level rises by `drift` log-odds from date to date."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, 3))
    date = np.arange(n, dtype=np.int64) % n_dates
    z = -2.0 + x[:, 0] - 0.7 * x[:, 1] + 0.5 * x[:, 0] * (x[:, 2] > 1) + drift * date
    truth = expit(z)
    label = (rng.random(n) < truth).astype(np.float64)
    features: FeatureSet = feature_set(SETTINGS).subset(NAMES)
    as_of = date * MONTH_US
    return Rows(x, label, np.arange(n), as_of, as_of, features), truth


@pytest.mark.slow
@pytest.mark.parametrize("learner", ["lightgbm", "linear"])
@pytest.mark.parametrize("seed", range(3))
def test_the_mean_probability_is_the_rate(seed: int, learner: Learner) -> None:
    rows, _ = _world(seed, 6_000)
    train, test = rows[np.arange(4_000)], rows[np.arange(4_000, 6_000)]
    p = fit(learner, train, seed).probability(test)
    # the test's own noise and that of the training rate; 4 standard errors of both:
    # a false alarm in about 16,000 runs
    variance = float(np.mean(p * (1 - p)))
    standard_error = np.sqrt(variance / len(test) + variance / len(train))
    assert abs(float(test.label.mean() - p.mean())) < 4 * standard_error


def test_where_the_level_rises_the_latest_date_is_nearer_than_the_average() -> None:
    """The level is that of the rows the folds judged, the later dates of all."""
    rows, truth = _world(7, 12_000, n_dates=6, drift=0.25)
    fitted = fit("linear", rows, 0)
    latest = rows.as_of == rows.as_of.max()
    p = fitted.probability(rows)[latest]
    gap_of_average = truth[latest].mean() - truth.mean()
    gap = truth[latest].mean() - p.mean()
    # measured 0.31 to 0.54 of the gap over ten seeds, this one's 0.44
    assert abs(gap) < 0.6 * gap_of_average


def test_intervals_cover_the_truth_as_often_as_they_say() -> None:
    """90 % intervals over 100 worlds: 90 expected, at least 79 with P = 0.9993."""
    hits = {"log_loss": 0, "brier": 0}
    for seed in range(100):
        rows, p = _world(1_000 + seed, 500)
        found = measured(rows.label, p, rows.customer, n_draws=100, confidence=0.9)
        expected = {
            "log_loss": -np.mean(p * np.log(p) + (1 - p) * np.log1p(-p)),
            "brier": np.mean(p * (1 - p)),
        }
        for name, value in expected.items():
            hits[name] += int(found[name].low <= value <= found[name].high)
    assert min(hits.values()) >= 79, hits
