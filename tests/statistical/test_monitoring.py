"""How often monitoring rings falsely, and how soon it sees what has changed.

Short: outcomes drawn by their rates. Long: simulated worlds, ten seeds each.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from advice.population import present_population
from monitoring.early_outcomes import CONFIDENCE, early_outcomes
from monitoring.mature_outcomes import MatureOutcomes, mature_outcomes
from monitoring.scores import target_scores
from monitoring.table_flows import table_flows
from monitoring.target_inputs import target_inputs
from scoring.bundle import Bundle
from scoring.early_warning import expectation
from simulation.worlds import CALM
from tests.monitoring.conftest import Simulated, model_of

AGES_DAYS = (15, 30, 45)
QUARTER_DAYS = 90
N_BEFORE = 345  # days of cohorts before
SEEDS = range(10)
TRAINED_AT = datetime(2025, 9, 1, tzinfo=UTC)


def rung(per_day: npt.NDArray[np.int64], today: int) -> bool:
    """Whether the third clock rings for outcomes known day by day, as it compares.

    The cohort of an age has as many as became known in that time; cohorts before have
    what became known in the year before it.
    """
    for age in AGES_DAYS:
        observed = int(per_day[today - age : today].sum())
        learnt = per_day[today - age - N_BEFORE : today - age]
        expected = float(learnt.sum()) * age / N_BEFORE
        if expectation(observed, expected, int(learnt.sum()), CONFIDENCE).is_alarm:
            return True
    return False


@pytest.mark.parametrize("per_month", [5, 16, 50, 200])
def test_a_stable_portfolio_rings_less_than_once_in_four_quarters(
    per_month: int,
) -> None:
    """Looked at every day: alarms that begin, over 100 quarters; 6, 9, 0 and 0 of them.

    At most 25 of 100: with a true rate of 0.1 a quarter more come once in 50,000 runs.
    """
    rng, begun = np.random.default_rng(per_month), 0
    for _ in range(100):
        days = 45 + N_BEFORE + QUARTER_DAYS
        per_day = rng.poisson(per_month / 30, days)
        rings = [rung(per_day, today) for today in range(days - QUARTER_DAYS, days)]
        begun += int(np.sum(np.diff([0, *map(int, rings)]) == 1))
    assert begun <= 25, begun


@pytest.mark.parametrize(
    ("per_month", "within_days", "share"),
    [(200, 14, 0.9), (50, 21, 0.8), (16, 45, 0.7)],
)
def test_a_doubling_is_seen_within_days(
    per_month: int, within_days: int, share: float
) -> None:
    """50 portfolios whose outcomes double from one day to the next."""
    rng, seen = np.random.default_rng(per_month), 0
    for _ in range(50):
        usual = rng.poisson(per_month / 30, 45 + N_BEFORE)
        more = rng.poisson(2 * per_month / 30, within_days)
        per_day = np.concatenate([usual, more])
        seen += any(rung(per_day, len(usual) + n) for n in range(1, within_days + 1))
    assert seen >= share * 50, seen


def later(world: Simulated, trained: Bundle, days: int) -> list[str]:
    """Codes of what rings so many days after the training."""
    portfolio = world.until(TRAINED_AT + timedelta(days=days))
    population = present_population(portfolio, trained)
    assert trained.reference is not None
    causes = [
        *target_inputs(trained.target, trained.reference, population).causes(),
        *target_scores(trained.target, trained.reference, population).causes(),
    ]
    for flow in table_flows(portfolio, portfolio.observed_until):
        causes += flow.causes()
    for cohort in early_outcomes(portfolio, trained):
        causes += cohort.causes()
    mature = mature_outcomes(portfolio, trained)
    if isinstance(mature, MatureOutcomes):
        causes += mature.causes()
    return [f"{cause.clock} {cause.code} {cause.subject}" for cause in causes]


@pytest.mark.long
@pytest.mark.parametrize("seed", SEEDS)
def test_a_calm_world_rings_at_most_once_a_quarter(seed: int, tmp_path: Path) -> None:
    """2,000 customers, looked at every ten days for a quarter."""
    world = Simulated(CALM, 2_000, 20, seed, tmp_path / "calm")
    trained = model_of(world.until(TRAINED_AT), TRAINED_AT.date())
    seen = {code for days in range(10, 91, 10) for code in later(world, trained, days)}
    assert len(seen) <= 1, seen
