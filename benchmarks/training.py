"""What training costs: `python -m benchmarks.training --against COMMIT`.

CPU of learning both targets from one simulated portfolio, the part of it that is
spent inside `lightgbm.train`, and the most memory. With --against the same portfolio is
learnt by the code of another commit as well, in a work tree of its own, and the ratio
is printed: wall clock and other machines do not matter to it.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from simulation import simulate

ROOT = Path(__file__).parents[1]
GOAL_OVER_TREES = 1.15  # CPU of learning over that of lightgbm.train
MOST_OVER_OTHER = 0.5  # CPU over that of the other commit
MOST_MEMORY_GB = 1.5

# names that both commits have; run by either one's code
PROBE = """
import json, resource, sys, time
from pathlib import Path
import lightgbm
from cli.reading import tables_of
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.starter import starter
from training.learning import learn
from training.training_data import gather
spent, train = [0.0], lightgbm.train
def timed(*arguments, **named):
    begin = time.process_time()
    booster = train(*arguments, **named)
    spent[0] += time.process_time() - begin
    return booster
lightgbm.train = timed
folder, chosen = Path(sys.argv[1]), {}
with tables_of(folder, 2_000) as duck:
    gathered = gather(Portfolio.open_usable(folder, duck), TARGETS)
    begin = gathering = time.process_time()
    for target in TARGETS:
        learnt = learn(target, gathered.rows[target], 0, starter=starter(target))
        rounds = learnt.fitted.n_rounds
        chosen[target] = learnt.fitted.learner + (f", {rounds} trees" if rounds else "")
print(json.dumps({
    "gathering_s": gathering,
    "learning_s": time.process_time() - begin,
    "trees_s": spent[0],
    "memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20,
    "chosen": chosen,
}))
"""


class Cost(TypedDict):
    """CPU seconds, and the most memory."""

    gathering_s: float
    learning_s: float
    trees_s: float
    memory_gb: float
    chosen: dict[str, str]


def cost(code: Path, portfolio: Path) -> Cost:
    environment = {**os.environ, "PYTHONPATH": str(code), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, str(portfolio)],
        cwd=code,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    told: Cost = json.loads(done.stdout.splitlines()[-1])
    return told


@contextmanager
def work_tree(commit: str) -> Iterator[Path]:
    """The code of another commit in a folder of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "code"
        git = ["git", "-C", str(ROOT), "worktree"]
        subprocess.run([*git, "add", "-q", "--detach", folder, commit], check=True)
        try:
            yield folder
        finally:
            subprocess.run([*git, "remove", "--force", folder], check=True)


def show(name: str, spent: Cost) -> None:
    print(f"{name}: {', '.join(f'{t} {c}' for t, c in spent['chosen'].items())}")
    print(
        f"  gathering {spent['gathering_s']:.0f} s,"
        f" learning {spent['learning_s']:.0f} s CPU,"
        f" of which trees {spent['trees_s']:.0f} s; {spent['memory_gb']:.2f} GB"
    )


def verdict(text: str, value: float, most: float) -> bool:
    is_met = value <= most
    print(f"  {text} {value:.2f}   at most {most:g}: {'met' if is_met else 'NOT MET'}")
    return is_met


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--customers", type=int, default=2_000)
    parser.add_argument("--months", type=int, default=24)
    parser.add_argument("--against", metavar="COMMIT", help="measured side by side")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        portfolio = Path(scratch) / "portfolio"
        simulate("calm", asked.customers, asked.months, 5, portfolio)
        here = cost(ROOT, portfolio)
        show("this code", here)
        ratio = here["learning_s"] / here["trees_s"]
        print(f"  learning over its trees {ratio:.2f}   goal {GOAL_OVER_TREES:g}")
        is_met = verdict("memory in GB", here["memory_gb"], MOST_MEMORY_GB)
        if asked.against:
            with work_tree(asked.against) as code:
                there = cost(code, portfolio)
            show(asked.against, there)
            ratio = here["learning_s"] / there["learning_s"]
            is_met &= verdict("learning over the other's", ratio, MOST_OVER_OTHER)
    sys.exit(0 if is_met else 1)


if __name__ == "__main__":
    main()
