"""What few outcomes give, on worlds that neither starter nor recipe was tuned to.

    python -m benchmarks.cold_start            ten seeds of 400 customers, five of 800

Each portfolio is learnt from as `forbear train` does, then judged on a thousand other
customers of the same world (another seed, so other months as well), against the
constant that the portfolio shows and against the starter as it scores the portfolio
before any training. The worlds are those that ship with the simulator, changed where
that makes them harder; the recipe was tuned on the random worlds of the starter. Every
other portfolio is as plain as can be: customers, invoices, payments.
"""

import argparse
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.special import expit

from features.arrays import FloatArray
from features.batch import feature_table, matrix
from features.labels import labels
from features.portfolio import Portfolio
from features.snapshots import snapshots
from features.targets import Target
from scoring.metrics import auc, log_losses
from scoring.starter import STARTER_TABLES, starter
from simulation import simulate
from simulation.worlds import WORLDS, World
from training.errors import TrainingError
from training.learning import learn
from training.prior import moved_starter
from training.rows import Rows
from training.training_data import gather

MONTHS, OTHERS = 18, 1_000
FEWEST_AUC = 0.72  # on average over the portfolios of 400
SIZES = ((400, 10), (800, 5))
TARGET: Target = "nonpayment"


@dataclass(frozen=True)
class Outcome:
    """One portfolio: its model against the constant and the starter, in log-loss."""

    world: str
    n_customers: int
    n_positives: int
    learner: str
    auc: float
    starter_auc: float
    against_constant: tuple[float, float]  # difference, its standard error
    against_starter: tuple[float, float]

    def is_worse(self, difference: tuple[float, float]) -> bool:
        return difference[0] > difference[1]


def worlds() -> Iterator[World]:
    """The shipped worlds, then the same with less to see and less to pay with."""
    shipped = list(WORLDS.values())
    while True:
        yield from shipped
        shipped = [
            replace(
                world,
                name=f"{world.name}+",
                inertia_sd=world.inertia_sd + 0.4,
                pay_log_odds=tuple(v - 0.4 for v in world.pay_log_odds),  # type: ignore[arg-type]
                share_at_start=0.4,
                missing_share=0.25,
            )
            for world in shipped
        ]


def measured(world: World, n_customers: int, seed: int) -> Outcome:
    is_plain = seed % 2 == 1
    with TemporaryDirectory() as scratch:
        own = _portfolio(Path(scratch) / "own", world, n_customers, seed, is_plain)
        other = _portfolio(
            Path(scratch) / "other", world, OTHERS, seed + 10_000, is_plain
        )
        rows = gather(own, (TARGET,)).rows[TARGET]
        x, label, customer = _unseen(other, rows)
    names, begun = rows.feature_set.names, starter(TARGET)
    p_starter = expit(moved_starter(begun, rows).margin(x, names))
    p_constant = np.full(len(label), rows.rate)
    try:
        learnt = learn(TARGET, rows, seed=0, starter=begun)
        fitted = learnt.fitted
        p = fitted.probability(replace(rows, x=x, label=label))
        learner = f"{fitted.learner} ({learnt.split.kind})"
    except TrainingError as refusal:  # the champion stays what it was: the starter
        p, learner = p_starter, refusal.code
    return Outcome(
        world.name,
        n_customers,
        rows.n_positives,
        learner,
        auc(label, p),
        auc(label, p_starter),
        _paired(label, p, p_constant, customer),
        _paired(label, p, p_starter, customer),
    )


def _portfolio(
    folder: Path, world: World, n_customers: int, seed: int, is_plain: bool
) -> Portfolio:
    simulate(world, n_customers, MONTHS, seed, folder)
    if is_plain:
        for file in folder.glob("*.parquet"):
            if file.stem not in STARTER_TABLES:
                file.unlink()
    return Portfolio.open(folder)


def _unseen(
    portfolio: Portfolio, rows: Rows
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Features, labels and customers of mature rows, columns as in `rows`."""
    moments = snapshots(portfolio)
    labelled = labels(portfolio, moments, TARGET)
    label = labelled["label"].to_numpy(zero_copy_only=False).astype(np.float64)
    known = ~np.isnan(label)
    known &= labelled["mature_at"].to_numpy() <= portfolio.observed_until
    features = rows.feature_set
    x = matrix(feature_table(portfolio, moments, features), features)
    ids = moments["customer_id"].combine_chunks().dictionary_encode().indices
    return x[known], label[known], ids.to_numpy()[known]


def _paired(
    label: FloatArray, one: FloatArray, other: FloatArray, customer: FloatArray
) -> tuple[float, float]:
    """Mean difference in log-loss and its standard error over customers."""
    difference = log_losses(label, one) - log_losses(label, other)
    centred = difference - difference.mean()
    sums = np.bincount(customer, weights=centred)
    return float(difference.mean()), float(np.sqrt((sums**2).sum()) / len(label))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    sizes = [size for size, _ in SIZES]
    parser.add_argument("--only", type=int, choices=sizes, help="customers")
    only = parser.parse_args().only
    missed = []
    for n_customers, n_seeds in SIZES:
        if only not in (None, n_customers):
            continue
        results = []
        for seed, world in zip(range(n_seeds), worlds(), strict=False):
            one = measured(world, n_customers, 40_000 + 100 * n_customers + seed)
            results.append(one)
            print(
                f"{one.world:12} {n_customers} customers, {one.n_positives:4}"
                f" positives: {one.learner:24} AUC {one.auc:.3f} (starter"
                f" {one.starter_auc:.3f});"
                f" log-loss minus constant {one.against_constant[0]:+.4f}"
                f" ± {one.against_constant[1]:.4f}, minus starter"
                f" {one.against_starter[0]:+.4f} ± {one.against_starter[1]:.4f}",
                flush=True,
            )
        mean = float(np.mean([one.auc for one in results]))
        print(f"{n_customers} customers: mean AUC {mean:.3f} over {n_seeds} portfolios")
        if n_customers == SIZES[0][0] and mean < FEWEST_AUC:
            missed.append(f"mean AUC {mean:.3f} is below {FEWEST_AUC}")
        for one in results:
            if one.is_worse(one.against_constant):
                missed.append(f"{one.world}: worse than the constant")
            if one.is_worse(one.against_starter):
                missed.append(f"{one.world}: worse than the starter")
    for line in missed:
        print(f"MISSED: {line}")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
