"""What retraining does to a policy that hides the outcomes of those it stops.

A made-up portfolio with known probabilities is decided about by the shipped policy's
costs, again and again; each time a model is trained on the outcomes that could be seen.
Whoever is suspended or blocked shows none. Four ways to treat them are compared by the
share of the attainable saving that the seventh model still captures, in expectation
under the true probabilities.

Run: python -m benchmarks.selective_labels
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.special import expit

from advice.stakes import Stakes
from decisions.actions import ACTIONS
from decisions.money.cost import CostModel
from decisions.policy_file.load import default_policy
from features.arrays import BoolArray, FloatArray, IntArray
from features.catalogue import feature_set
from features.settings import PortfolioSettings
from training.linear import fit_linear
from training.rows import Rows

Handling = Literal["all known", "censored", "censored, explored", "suspended = bad"]
HANDLINGS: tuple[Handling, ...] = (
    "all known",
    "censored",
    "censored, explored",
    "suspended = bad",
)
NAMES = ("load", "reserve", "habit", "season")
SETTINGS = PortfolioSettings.model_validate({"attributes": {n: {} for n in NAMES}})
FEATURES = feature_set(SETTINGS).subset(NAMES)
N_CYCLES = 7
N_CUSTOMERS = 4_000
KEPT_CYCLES = 2  # whose outcomes a model learns from
EXPLORED_SHARE = 0.03
SUSPEND = ACTIONS.index("suspend")


@dataclass(frozen=True)
class Cycle:
    """One training, and what its model decided next.

    Args:
        captured: share of the attainable saving, in expectation.
        stopped: share of customers suspended or blocked.
        ratio: true rate over the mean probability, among those stopped.
    """

    number: int
    captured: float
    stopped: float
    ratio: float


@dataclass(frozen=True)
class _Customers:
    x: FloatArray
    truth: FloatArray
    label: FloatArray
    stakes: Stakes


def cycles(handling: Handling, seed: int, n: int = N_CUSTOMERS) -> Iterator[Cycle]:
    """Seven trainings with the policy in between.

    Args:
        handling: of those whose outcome the policy hides.
        seed: of the world; the same customers for every handling.
        n: customers of a cycle.
    """
    model = default_policy().latest.model
    assert model is not None
    rng = np.random.default_rng([seed, 1])
    first = _customers(seed, 0, n)
    kept = [(first.x, first.label)]  # before there was a policy all was seen
    for number in range(1, N_CYCLES + 1):
        x, label = (np.concatenate(part) for part in zip(*kept, strict=True))
        fitted = fit_linear(_rows(x, label))
        now = _customers(seed, number, n)
        p = expit(fitted.margin(now.x, NAMES))
        greedy = _costs(now.stakes, model, p).argmin(axis=1)
        is_explored = (
            (rng.random(n) < EXPLORED_SHARE) & (greedy >= SUSPEND)
            if handling == "censored, explored"
            else np.zeros(n, dtype=np.bool_)
        )
        action = np.where(is_explored, SUSPEND - 1, greedy)
        stopped = action >= SUSPEND
        yield Cycle(
            number,
            _captured(now, model, action),
            float(stopped.mean()),
            float(now.truth[stopped].mean() / p[stopped].mean())
            if stopped.any()
            else np.nan,
        )
        kept.append(_seen(handling, now, stopped))
        kept = kept[-KEPT_CYCLES:]


def _seen(
    handling: Handling, now: _Customers, stopped: BoolArray
) -> tuple[FloatArray, FloatArray]:
    """What a training may learn from, and what it takes for the outcome."""
    if handling == "all known":
        return now.x, now.label
    if handling == "suspended = bad":
        return now.x, np.where(stopped, 1.0, now.label)
    return now.x[~stopped], now.label[~stopped]


def _customers(seed: int, cycle: int, n: int) -> _Customers:
    """Customers with a known probability that no straight line has quite right."""
    rng = np.random.default_rng([seed, 0, cycle])
    x = rng.normal(size=(n, len(NAMES)))
    z = -3.4 + 1.1 * x[:, 0] - 0.8 * x[:, 1] + 0.5 * x[:, 2] + 0.25 * x[:, 0] ** 2
    truth = expit(z)
    label = (rng.random(n) < truth).astype(np.float64)
    open_cost = np.exp(rng.normal(5.5, 1.2, n))
    run_up, clv = 0.7 * open_cost, np.exp(rng.normal(6.0, 1.0, n))
    ids = tuple(str(i) for i in range(n))
    moments: IntArray = np.zeros(n, dtype=np.int64)
    return _Customers(
        x, truth, label, Stakes(ids, moments, open_cost, run_up, run_up, clv)
    )


def _rows(x: FloatArray, label: FloatArray) -> Rows:
    n: IntArray = np.arange(len(label))
    return Rows(x, label, n, np.zeros_like(n), np.zeros_like(n), FEATURES)


def _costs(stakes: Stakes, model: CostModel, p: FloatArray) -> FloatArray:
    return stakes.costs(model, np.zeros(len(p)), p, 0.0)


def _captured(now: _Customers, model: CostModel, action: IntArray) -> float:
    true = _costs(now.stakes, model, now.truth)
    rows = np.arange(len(action))
    attainable = true[:, 0] - true.min(axis=1)
    return float((true[:, 0] - true[rows, action]).sum() / attainable.sum())


def main() -> None:
    print("captured after cycle 1, 4 and 7, stopped and O/E there; mean of 5 seeds")
    for handling in HANDLINGS:
        runs = [list(cycles(handling, seed)) for seed in range(5)]
        captured = [np.mean([run[k].captured for run in runs]) for k in (0, 3, 6)]
        stopped = np.mean([run[-1].stopped for run in runs])
        ratio = np.nanmean([run[-1].ratio for run in runs])
        shares = "  ".join(f"{share:6.1%}" for share in captured)
        print(f"{handling:20} {shares}   stopped {stopped:5.1%}   O/E {ratio:.2f}")


if __name__ == "__main__":
    main()
