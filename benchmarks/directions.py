"""What directions cost: `python -m benchmarks.directions [--worlds calm drawn-41 …]`.

On simulated worlds everybody learns from what was known at a moment and is judged on
the three dates after it, with the directions that features declare and without any: a
logistic regression, and trees (a fixed number, the mean of three seeds). Log-loss is
per thousand. Simulated worlds say nothing about worlds of others.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator

import lightgbm
import numpy as np
from scipy.special import expit

from benchmarks.judging import Part
from benchmarks.quality import worlds
from benchmarks.rivals import undirected
from features.arrays import FloatArray
from scoring.metrics import auc, log_loss
from training.boosting import recipe
from training.linear import fit_linear
from training.logistic_rows import logistic_rows
from training.rows import Rows

WORLDS = ("calm", "fraud-wave", "recession", "drawn-41", "drawn-42", "drawn-43")
N_ROUNDS, SEEDS = 120, (0, 1, 2)


def by_logistic(taught: Rows, test: Rows) -> FloatArray:
    some = logistic_rows(taught, np.ones(len(taught), dtype=np.bool_))
    margin = fit_linear(some).margin(test.x, test.feature_set.names)
    return np.asarray(expit(margin))


def by_trees(taught: Rows, test: Rows, seed: int) -> FloatArray:
    data = lightgbm.Dataset(taught.x, taught.label)
    return np.asarray(
        lightgbm.train(recipe(taught, seed), data, N_ROUNDS).predict(test.x)
    )


def measured(part: Part) -> Iterator[tuple[str, list[float]]]:
    """Of each learner and side: AUC and log-loss per thousand."""
    test = part.test
    for side, taught in (("none", undirected(part.train)), ("held", part.train)):
        by_seed = [by_trees(taught, test, seed) for seed in SEEDS]
        for learner, found in (
            ("logistic", [by_logistic(taught, test)]),
            ("trees", by_seed),
        ):
            pairs = [(auc(test.label, p), 1e3 * log_loss(test.label, p)) for p in found]
            yield f"{learner}, {side}", np.mean(pairs, axis=0).tolist()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--worlds", nargs="+", default=WORLDS)
    parser.add_argument("--customers", type=int, default=2_500)
    parser.add_argument("--first-seed", type=int, default=9_100)
    asked = parser.parse_args()
    of_all: dict[str, list[list[float]]] = defaultdict(list)
    for name, parts in worlds(asked.worlds, asked.customers, asked.first_seed):
        for part in parts:
            print(f"{name}: {part.test.n_positives} positive rows judge")
            for way, numbers in measured(part):
                print(f"  {way:<16} AUC {numbers[0]:.4f}, log-loss {numbers[1]:.2f}")
                of_all[f"{part.target}, {way}"].append(numbers)
    print("mean over the worlds")
    for way, each in of_all.items():
        ranked, lost = np.mean(each, axis=0)
        print(f"  {way:<28} AUC {ranked:.4f}, log-loss {lost:.2f}")


if __name__ == "__main__":
    main()
