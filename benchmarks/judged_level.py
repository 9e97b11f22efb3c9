"""Does a report tell the level to come? `python -m benchmarks.judged_level`.

The trees of non-payment as `forbear train` fits them, on worlds drawn by number, at two
moments of each. What judges them tells an observed over expected; three later dates
show that of what serves. Two maps may judge:

- *ours*: what would have served at the judged dates (`training.held_out`): slope of the
  folds before, level of the last fold's own model;
- *of the folds*: slope and level of the folds before, as until 30 November 2026.

Neither knows anything of the dates that it is judged on.
"""

import argparse

import numpy as np

from benchmarks.levels import moments
from benchmarks.means import between
from benchmarks.rivals import SEED
from benchmarks.worlds import DRAWN
from features.arrays import FloatArray
from scoring import metrics
from training.fitting import BoostedFolds
from training.held_out import calibrated
from training.rows import Rows
from training.split import folds_and_split, split

OURS, OF_FOLDS = "ours", "of the folds"


def level(label: FloatArray, p: FloatArray) -> float:
    """Logarithm of observed over expected."""
    return float(np.log(metrics.observed_over_expected(label, p)))


def told(train: Rows, test: Rows) -> dict[str, tuple[float, float]]:
    """Log-loss × 1000 of the dates that judge, and how far off their level is."""
    parts = split(train, SEED)
    trees = BoostedFolds.of(train, folds_and_split(train, parts, SEED), SEED)
    unseen = trees.last_judged()
    served = trees.fitted(trees.held_out())
    found = level(test.label, served.probability(test))
    by_folds = calibrated(train, unseen.without(parts.test).margin)
    p = {
        OURS: unseen.probability(train),
        OF_FOLDS: by_folds.probability(unseen.margin[parts.test]),
    }
    label = train.label[parts.test]
    return {
        name: (1e3 * metrics.log_loss(label, one), abs(level(label, one) - found))
        for name, one in p.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--worlds", type=int, nargs="+", default=range(121, 125))
    asked = parser.parse_args()
    seen: list[dict[str, tuple[float, float]]] = []
    for number in asked.worlds:
        for moment in moments(number, asked.customers):
            one = told(*moment)
            seen.append(one)
            text = (f"{n} {loss:.2f} ({far:.3f})" for n, (loss, far) in one.items())
            print(
                f"{DRAWN}{number}: log-loss (distance): {', '.join(text)}", flush=True
            )
    print("means over moments: log-loss × 1000, distance from the O/E found later")
    for name in (OURS, OF_FOLDS):
        loss, far = np.mean([one[name] for one in seen], axis=0)
        print(f"  {name:<14}{loss:.2f}  {far:.3f}")
    gap = np.array([one[OF_FOLDS][1] - one[OURS][1] for one in seen])
    print(f"  ours is nearer by {gap.mean():.3f} ± {between(gap):.3f}")


if __name__ == "__main__":
    main()
