"""The gate on the slope, what it adds and costs: `python -m benchmarks.slope_gate`.

- Known truth: a challenger ranks better than the champion, and its log-odds are
  stretched or shrunk at the right level. Counted is how many the other gates let pass,
  and how many of these the gate on the slope holds.
- Worlds drawn by number (`benchmarks.worlds`), in which nothing changes unless their
  number drew it: both targets are trained, and counted is how many of the models the
  gate would hold by the rows that judge them.
"""

import argparse
import tempfile
from datetime import date
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit, logit

from benchmarks.worlds import DRAWN, world_of
from decisions.money.exposure import FaceValues
from decisions.policy_file.load import default_policy
from features.arrays import FloatArray
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.starter import starter
from simulation import simulate
from training.comparison import LEAST_POSITIVES, gates, in_common
from training.judged_money import Money
from training.judged_rows import JudgedRows
from training.learning import learn
from training.training_data import gather

GATE = "slope_is_right"
SLOPES = (1.0, 0.5, 0.71, 1.33, 1.82)  # of the challenger's calibration; 1 is right
NEWER = (date(2026, 2, 28), date(2026, 1, 31))
MONTHS, FIRST_SEED = 24, 9_000


def judged(p: FloatArray, label: FloatArray) -> JudgedRows:
    """Rows of one segment, 500 open and a customer each."""
    n = len(p)
    face = FaceValues(*(np.full(n, v) for v in (500.0, 100.0, 0.0, 0.0, 0.0)))
    nothing = np.zeros(n)
    money = Money(face, nothing, np.full(n, 300.0), nothing, nothing)
    key = np.array([f"c{i}" for i in range(n)], dtype=object)
    segment = np.full(n, "", dtype=object)
    return JudgedRows(key, np.arange(n), label, p, segment, money, (None,) * n)


def at_level(log_odds: FloatArray, total: float) -> FloatArray:
    """Probabilities that sum to what is expected in truth."""

    def excess(shift: float) -> float:
        return float(expit(log_odds + shift).sum() - total)

    moved: FloatArray = expit(log_odds + brentq(excess, -20.0, 20.0))
    return moved


def passed(n: int, gain: float, slope: float, seed: int) -> tuple[bool, bool]:
    """Whether the other gates let a challenger pass, and whether that of the slope."""
    rng = np.random.default_rng([n, int(gain * 10), seed])
    known, more = rng.normal(size=(2, n))
    truth = expit(-3.0 + 1.1 * known + gain * more)
    label = (rng.random(n) < truth).astype(np.float64)
    old = judged(at_level(known, truth.sum()), label)
    new = judged(at_level(logit(truth) / slope, truth.sum()), label)
    both = in_common(new, old)
    found = {
        gate.name: gate.is_passed is not False
        for gate in gates("nonpayment", both, NEWER, default_policy().latest)
    }
    of_slope = found.pop(GATE, True)
    return all(found.values()), of_slope


def known_truth(n_draws: int) -> None:
    for n in (350, 1_000):
        for gain in (0.3, 0.9):
            for slope in SLOPES:
                each = [passed(n, gain, slope, seed) for seed in range(n_draws)]
                others = [of_slope for is_passed, of_slope in each if is_passed]
                print(
                    f"{n} rows, gain {gain}, slope {slope}: the others let"
                    f" {len(others)} of {n_draws} pass, of which {GATE} holds"
                    f" {others.count(False)}; alone it holds"
                    f" {[of_slope for _, of_slope in each].count(False)}",
                    flush=True,
                )


def drawn_worlds(n_customers: int, numbers: list[int]) -> None:
    for number in numbers:
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / "world"
            world = world_of(f"{DRAWN}{number}")
            simulate(world, n_customers, MONTHS, FIRST_SEED + number, folder)
            gathered = gather(Portfolio.open_usable(folder), TARGETS)
        for target in TARGETS:
            rows = gathered.rows[target]
            if rows.n_positives < LEAST_POSITIVES:
                continue  # no model is compared by so few
            learnt = learn(target, rows, 0, starter=starter(target))
            slope = learnt.judgement.metrics["calibration_slope"]
            print(
                f"{DRAWN}{number}, {target}: {learnt.judgement.label.sum():.0f} judge,"
                f" slope {slope.value:.2f} ({slope.low:.2f} to {slope.high:.2f})"
                f"{' HELD' if slope.is_surely_off else ''}",
                flush=True,
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=30)
    parser.add_argument("--customers", type=int, default=700)
    parser.add_argument("--worlds", type=int, nargs="*", default=range(201, 213))
    asked = parser.parse_args()
    known_truth(asked.draws)
    drawn_worlds(asked.customers, asked.worlds)


if __name__ == "__main__":
    main()
