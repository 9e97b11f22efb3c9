"""Quality beside floors and rivals: `python -m benchmarks.quality --sets FOLDER`.

Public tables by five stratified folds (seed 42), simulated worlds by later months. Each
table prints what `forbear train` would serve beside a quick LightGBM, a logistic
regression, the one-line rule and one rate for all (see `benchmarks.rivals`), and beside
the floor: one fixed LightGBM recipe on the raw columns. No protected column, no search.

Savings: share of the cost of the best single action for everybody that the action of
least expected cost saves. Give Me Some Credit: lend or refuse, at the published costs;
German credit: its own cost matrix; Taiwan and the worlds: the shipped policy's actions;
Telco has no published costs.

The tables that do not ship lie in FOLDER where `benchmarks.public_sets` says how to get
them. Exit code 1: a floor or, on the mean over all rows, a rival is not reached.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from time import process_time

from benchmarks.judging import LOSSES, MEASURES, Judged, Part
from benchmarks.public_sets import public_sets
from benchmarks.rivals import OURS, compare, later_parts, summarise
from benchmarks.worlds import DRAWN, world_of
from features.portfolio import Portfolio
from simulation import simulate
from simulation.worlds import World, world_named

FLOORS: Mapping[str, Mapping[str, float]] = {
    "Taiwan": {
        "AUC": 0.787,
        "PR-AUC": 0.558,
        "KS": 0.437,
        "Brier": 0.1334,
        "ECE": 0.016,
    },
    "Give Me Some Credit": {
        "AUC": 0.8628,
        "PR-AUC": 0.400,
        "KS": 0.570,
        "Brier": 0.0491,
        "ECE": 0.004,
        "savings": 0.515,
    },
    "German credit": {
        "AUC": 0.792,
        "PR-AUC": 0.626,
        "KS": 0.497,
        "Brier": 0.1636,
        "ECE": 0.099,
    },
    "Telco churn": {
        "AUC": 0.8485,
        "PR-AUC": 0.666,
        "KS": 0.552,
        "Brier": 0.1340,
        "ECE": 0.034,
    },
}
WORLDS = ("calm", "recession", "fraud-wave", "thin")
FIRST_SEED = 7_300


def worlds(
    names: Sequence[str], n_customers: int, first_seed: int
) -> Iterator[tuple[str, list[Part]]]:
    """Each with nine months more than anybody learns from: what came is known."""
    for number, name in enumerate(names):
        with tempfile.TemporaryDirectory() as scratch:
            folder, seed = Path(scratch) / name, first_seed + number
            world = simulated(name)
            simulate(world, n_customers, 33, seed, folder, usage_every="week")
            yield from later_parts(name, Portfolio.open_usable(folder))


def simulated(name: str) -> World:
    """Of the simulator, or drawn by number."""
    return world_of(name) if name.startswith(DRAWN) else world_named(name)


def meets(floors: Mapping[str, float], judged: Judged) -> bool:
    """Print which floors are reached, with the standard error over folds."""
    is_met = True
    for measure, floor in floors.items():
        k = MEASURES.index(measure)
        mean, tie = judged.mean[k], judged.error[k]
        ahead = floor - mean if measure in LOSSES else mean - floor
        verdict = "met" if ahead >= 0 else "a tie" if ahead >= -tie else "NOT MET"
        chance = f"; by chance alone {judged.ece_by_chance:.4f}" * (measure == "ECE")
        print(
            f"  {measure:<9} {mean:.4f} ± {tie:.4f}, floor {floor}: {verdict}{chance}"
        )
        is_met &= ahead >= -tie
    return is_met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sets", type=Path, metavar="FOLDER")
    parser.add_argument("--only", choices=("public", "worlds"))
    told = "of the simulator, or drawn-NUMBER (benchmarks.worlds)"
    parser.add_argument("--worlds", nargs="+", default=WORLDS, help=told)
    parser.add_argument("--customers", type=int, default=3_000, help="of a world")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED, help="of worlds")
    asked = parser.parse_args()
    sources = []
    if asked.only != "worlds":
        sources.append(public_sets(asked.sets))
    if asked.only != "public":
        sources.append(worlds(asked.worlds, asked.customers, asked.first_seed))
    tables: dict[str, dict[str, Judged]] = {}
    is_good = True
    for name, parts in (one for source in sources for one in source):
        floors = FLOORS.get(name, {})
        tables[name] = compare(name, parts, floors)
        is_good &= meets(floors, tables[name][OURS])
    is_good &= summarise(tables)
    print(f"\n{process_time():.0f} s of CPU")
    sys.exit(0 if is_good else 1)


if __name__ == "__main__":
    main()
