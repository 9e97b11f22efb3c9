"""Few outcomes on drawn worlds: `python -m benchmarks.small_worlds`.

Of each world, drawn by number (`benchmarks.money`), some customers teach and all others
judge, on six later dates: what would serve (*ours*), the starter at the level of those
who teach, a plain logistic regression and one rate for all. *before*: as it was until
30 November 2026 where fewer than ten positives teach, the starter alone, its own level
counted as 50 customers.

Log-loss is per thousand rows, less that of ours (above 0: ours is better), with its
standard error over customers. Of two models that are equally good one is ahead by more
than half a standard error in 31 of 100 draws, by chance.
"""

import argparse
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy.optimize import brentq
from scipy.special import expit

from benchmarks.judging import Part
from benchmarks.rivals import constant, forbear, logistic
from benchmarks.worlds import DRAWN, world_of
from features.arrays import FloatArray
from features.portfolio import Portfolio
from features.targets import TARGETS, Target
from scoring.metrics import log_losses
from scoring.starter import starter
from simulation import simulate
from training.few import ALONE_FROM
from training.prior import moved_starter, scaled
from training.training_data import gather

MONTHS, FIRST_SEED, N_TEST_DATES = 30, 52_000, 6
CLASSES = ((0, 1), (1, ALONE_FROM), (ALONE_FROM, 200), (200, 10_000))  # positives
NOTABLE = 0.5  # standard errors


@dataclass(frozen=True)
class Draw:
    """One draw of customers: by rival, log-loss × 1000 less ours, and its error."""

    n_positives: int
    gaps: Mapping[str, tuple[float, float]]
    observed: float
    expected: float  # by ours


def before(part: Part) -> FloatArray:
    """The starter of fraud, moved by a prior of 50 customers."""
    names, train = part.train.feature_set.names, part.train
    model = scaled(starter("fraud"))
    log_odds = model.margin(train.x, names)
    n, expected = len(np.unique(train.customer)), float(expit(log_odds).mean())
    rate = (n * train.rate + 50.0 * expected) / (n + 50.0)
    shift = brentq(lambda s: float(expit(log_odds + s).mean()) - rate, -12.0, 12.0)
    return np.asarray(expit(model.margin(part.test.x, names) + shift))


def told(part: Part) -> dict[str, FloatArray]:
    """Probabilities of the rows that judge, by who says them."""
    names, n_positives = part.test.feature_set.names, part.train.n_positives
    begun = moved_starter(starter(part.target), part.train)
    p = {
        "ours": forbear(part),
        "starter": np.asarray(expit(begun.margin(part.test.x, names))),
    }
    if part.target == "fraud" and n_positives < ALONE_FROM:
        p["before"] = before(part)
    if n_positives:
        p |= {"logistic": logistic(part), "one rate": constant(part)}
    return p


def judged(part: Part) -> Draw:
    p, label = told(part), part.test.label
    _, customer = np.unique(part.test.customer, return_inverse=True)
    ours = log_losses(label, p["ours"])
    gaps = {}
    for name in [name for name in p if name != "ours"]:
        gap = 1e3 * (log_losses(label, p[name]) - ours)
        sums = np.bincount(customer, weights=gap - gap.mean())
        gaps[name] = float(gap.mean()), float(np.sqrt((sums**2).sum())) / len(gap)
    n_positives = part.train.n_positives
    return Draw(n_positives, gaps, float(label.mean()), float(p["ours"].mean()))


def parts(
    number: int, n_customers: int, sizes: Sequence[int], targets: Sequence[Target]
) -> Iterator[Part]:
    """By target and size who teaches and who judges; nobody does both."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "world"
        drawn = world_of(f"{DRAWN}{number}")
        simulate(drawn, n_customers, MONTHS, FIRST_SEED + number, folder)
        gathered = gather(Portfolio.open_usable(folder), targets)
    order = np.random.default_rng([number, 5]).permutation(n_customers)
    begins = np.cumsum([0, *sizes])
    for target, rows in gathered.rows.items():
        moment = np.unique(rows.as_of)[-N_TEST_DATES]
        for first, size in zip(begins, sizes, strict=False):
            teaches = np.isin(rows.customer, order[first : first + size])
            train = rows[teaches & (rows.mature_at <= moment)]
            yield Part(target, train, rows[~teaches & (rows.as_of >= moment)])


def summarised(target: Target, draws: Sequence[Draw]) -> None:
    for least, most in CLASSES:
        some = [one for one in draws if least <= one.n_positives < most]
        for name in ("before", "starter", "logistic", "one rate"):
            of_draws = [one.gaps[name] for one in some if name in one.gaps]
            gaps = np.array([gap for gap in of_draws if gap[1] > 0.0])  # 0: it is ours
            if len(gaps) < 2:
                continue
            mean, error = gaps[:, 0].mean(), gaps[:, 0].std(ddof=1) / len(gaps) ** 0.5
            far = NOTABLE * gaps[:, 1]
            print(
                f"{target}, {least} to {most - 1} positives, {len(gaps)} draws: {name}"
                f" {mean:+.2f} ± {error:.2f}; by more than {NOTABLE} standard errors"
                f" ours is behind in {int((gaps[:, 0] < -far).sum())} and ahead in"
                f" {int((gaps[:, 0] > far).sum())}; at the worst"
                f" {(gaps[:, 0] / gaps[:, 1]).min():+.1f}"
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", type=int, nargs="+", default=range(721, 731))
    parser.add_argument("--customers", type=int, default=1_700, help="of each world")
    each = "customers that teach, one draw each, none of them in two"
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=(150, 300, 800), help=each
    )
    parser.add_argument("--target", choices=TARGETS, nargs="+", default=TARGETS)
    asked = parser.parse_args()
    if sum(asked.sizes) >= asked.customers:
        parser.error("--sizes must leave some of --customers to judge by")
    seen: dict[Target, list[Draw]] = {target: [] for target in TARGETS}
    for number in asked.worlds:
        for part in parts(number, asked.customers, asked.sizes, asked.target):
            one = judged(part)
            seen[part.target].append(one)
            gaps = (f"{n} {g:+.2f} ± {e:.2f}" for n, (g, e) in one.gaps.items())
            print(
                f"{DRAWN}{number}, {part.target}, {one.n_positives} positives:"
                f" {', '.join(gaps)}; observed {one.observed:.2%}, expected"
                f" {one.expected:.2%}",
                flush=True,
            )
    for target, draws in seen.items():
        summarised(target, draws)


if __name__ == "__main__":
    main()
