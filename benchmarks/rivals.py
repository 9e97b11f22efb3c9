"""Forbear beside what an analyst tries first, on a portfolio of your own.

`python -m benchmarks.rivals --portfolio FOLDER…` (the simulated sample without):
what `forbear train` would serve, a quick LightGBM with early stopping (31 leaves, rate
0.05), a logistic regression, the one-line rule on lateness, and one rate for all.
Everybody learns from what was known at a moment and is judged on the last three mature
dates after it. `benchmarks.quality` does the same on public tables and simulated
worlds. Exit code 1: on the mean over all rows something else had the lower log-loss.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import lightgbm
import numpy as np
from scipy.special import expit

from benchmarks.judging import (
    MEASURES,
    Judged,
    Part,
    policy_costs,
)
from benchmarks.means import MeanGap
from features.arrays import FloatArray
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.starter import starter
from training.lateness import fit_rule
from training.learning import learn
from training.linear import fit_linear
from training.rows import Rows
from training.training_data import gather

Rival = Callable[[Part], FloatArray | None]
SEED = 42
N_TEST_DATES = 3
OURS, CONSTANT = "forbear", "constant"
SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "lumen"


def forbear(part: Part) -> FloatArray:
    learnt = learn(part.target, part.train, SEED, starter=starter(part.target))
    return learnt.fitted.probability(part.test)


def quick_trees(part: Part) -> FloatArray:
    """As in a notebook: the last months (or a tenth and a half) stop it."""
    train, test = part.train, part.test
    dates = np.unique(train.as_of)
    if len(dates) > 4:
        held = train.as_of >= dates[-max(1, len(dates) // 5)]
    else:
        held = np.random.default_rng(SEED).random(len(train)) < 0.15
    names = train.feature_set.names
    data = lightgbm.Dataset(
        train.x[~held],
        train.label[~held],
        categorical_feature=[names.index(n) for n in train.feature_set.categories],
    )
    booster = lightgbm.train(
        {
            "objective": "binary",
            "learning_rate": 0.05,
            "num_leaves": 31,
            "seed": SEED,
            "num_threads": 1,
            "verbosity": -1,
        },
        data,
        num_boost_round=2_000,
        valid_sets=[data.create_valid(train.x[held], train.label[held])],
        callbacks=[lightgbm.early_stopping(50, verbose=False)],
    )
    return np.asarray(booster.predict(test.x))


def undirected(rows: Rows) -> Rows:
    """The same rows, of features that state no direction."""
    known = rows.feature_set
    free = tuple(replace(feature, monotone=None) for feature in known.features)
    return replace(rows, feature_set=replace(known, features=free))


def logistic(part: Part) -> FloatArray:
    """A plain one: free to set features that are alike off against each other."""
    model = fit_linear(undirected(part.train))
    return np.asarray(expit(model.margin(part.test.x, part.test.feature_set.names)))


def rule(part: Part) -> FloatArray | None:
    """None where nothing in the rows tells of lateness."""
    model = fit_rule(part.train)
    if model is None:
        return None
    return np.asarray(expit(model.margin(part.test.x, part.test.feature_set.names)))


def constant(part: Part) -> FloatArray:
    return np.full(len(part.test), part.train.rate)


RIVALS: Mapping[str, Rival] = {
    OURS: forbear,
    "quick trees": quick_trees,
    "logistic": logistic,
    "rule": rule,
    CONSTANT: constant,
}


def compare(
    name: str, parts: Sequence[Part], floor: Mapping[str, float] | None = None
) -> dict[str, Judged]:
    """Print one table: the measures, and by how much Forbear's are better.

    Args:
        name: of the rows.
        parts: folds of them, or one part that is judged later.
        floor: by measure, to be printed above.
    """
    n_positives = sum(int(part.test.label.sum()) for part in parts)
    print(f"\n{name}: {n_positives:,} positives judged, {len(parts)} folds")
    print(_row("", MEASURES))
    if floor:
        print(_row("floor", _numbers([floor.get(m, np.nan) for m in MEASURES])))
    judged: dict[str, Judged] = {}
    for rival, predict in RIVALS.items():
        p = [one for one in map(predict, parts) if one is not None]
        if len(p) < len(parts):
            continue
        judged[rival] = one = Judged.of(parts, p)
        print(_row(rival, _numbers(one.mean)))
        if rival == OURS:
            print(_row("  std. error", _numbers(one.error)))
            continue
        gap, error = judged[OURS].ahead(one)
        pairs = zip(gap, error, strict=True)
        better = ["" if np.isnan(g) else f"{g:+.4f}±{e:.4f}" for g, e in pairs]
        print(_row("  ours better", better), flush=True)
    return judged


def _row(name: str, cells: Sequence[str]) -> str:
    return f"  {name:<13}" + "".join(f"{cell:>16}" for cell in cells)


def _numbers(numbers: Iterable[float], sign: str = "") -> list[str]:
    return ["" if np.isnan(value) else f"{value:{sign}.4f}" for value in numbers]


def summarise(tables: Mapping[str, Mapping[str, Judged]]) -> bool:
    """Print where a rival is ahead, and the means; one rate for all is no rival.

    Args:
        tables: by the name of the rows, then by rival.

    Returns:
        Whether on the mean over all rows no rival has the lower log-loss.
    """
    print("\nahead of Forbear by more than one standard error (a tie within it):")
    gaps: dict[str, dict[str, tuple[FloatArray, FloatArray]]] = defaultdict(dict)
    for name, judged in tables.items():
        for rival, other in judged.items():
            if rival in (OURS, CONSTANT):
                continue
            gap, error = gaps[rival][name] = judged[OURS].ahead(other)
            for measure, g, e in zip(MEASURES, gap, error, strict=True):
                if g < -e:
                    print(f"  {name}: {rival} by {measure}, {-g:.4f} ± {e:.4f}")
    means = {rival: MeanGap.of(those) for rival, those in gaps.items()}
    _print_means(means)
    log_loss = MEASURES.index("log-loss")
    return all(one.mean[log_loss] >= 0.0 for one in means.values())


def _print_means(means: Mapping[str, MeanGap]) -> None:
    print("mean over all rows, by how much Forbear's is better:")
    print(_row("", MEASURES))
    for rival, one in means.items():
        print(_row(rival, _numbers(one.mean, "+")))
        print(_row("  std. error", _numbers(one.mean_error)))
    print("where a rival is better on the mean, and the rows that count most:")
    for rival, one in means.items():
        for k in np.flatnonzero(one.mean < 0.0):
            print(f"  {rival} by {MEASURES[k]}: {one.told(int(k))}")


def portfolios(folders: Sequence[Path]) -> Iterator[tuple[str, list[Part]]]:
    """Of your own; what has nobody to learn from or to judge by is left out."""
    for folder in folders:
        yield from later_parts(folder.name, Portfolio.open_usable(folder))


def later_parts(name: str, portfolio: Portfolio) -> Iterator[tuple[str, list[Part]]]:
    """Per target what was known at the first of three test dates, and these dates."""
    gathered = gather(portfolio, TARGETS)
    for target, rows in gathered.rows.items():
        dates = np.unique(rows.as_of)
        if len(dates) > N_TEST_DATES:
            train, test = split_later(rows)
            if train.n_positives and test.n_positives:
                costs = policy_costs(target, portfolio, test, gathered.customer_ids)
                yield f"{name}, {target}", [Part(target, train, test, costs)]
                continue
        print(f"\n{name}, {target}: left out, it has too few outcomes")


def split_later(rows: Rows) -> tuple[Rows, Rows]:
    """What was known at the moment of the first test date, and the dates from it."""
    moment = np.unique(rows.as_of)[-N_TEST_DATES]
    return rows[rows.mature_at <= moment], rows[rows.as_of >= moment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portfolio", type=Path, nargs="+", default=[SAMPLE])
    asked = parser.parse_args()
    tables = {name: compare(name, p) for name, p in portfolios(asked.portfolio)}
    if not tables:
        parser.exit(2, "\nnothing was compared: every set of rows was left out\n")
    sys.exit(0 if summarise(tables) else 1)


if __name__ == "__main__":
    main()
