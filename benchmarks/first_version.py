"""CPU of `forbear score` and `forbear policy simulate` beside version 0.1.0.

Each release runs with its own libraries, its own policy and models that it trained on
the same simulated portfolio; both read the same portfolios, by turns. So the work is
not the same: models, rules and answers are others since, and `score` gives the early
warning besides. One process each.

    python -m benchmarks.first_version [--customers 20000] [--tried 800] [--days 92]
"""

import argparse
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import NamedTuple

from benchmarks.backtest import POLICY, last_day
from benchmarks.portfolio import ROOT, Cost, checked_out, cost_of, prepared

FIRST = "a09362c9"  # version 0.1.0, 23 November 2026


class Release(NamedTuple):
    """A release, its Python with its libraries, and its models."""

    name: str
    root: Path
    python: Path
    home: Path
    words: tuple[str, ...]  # of `score`, for one process

    def cost(self, *words: str) -> Cost:
        """Run a command of it."""
        return self.run("-m", "cli.main", *words)

    def run(self, *words: str) -> Cost:
        """Run its Python."""
        return cost_of([str(self.python), *words], self.root, self.home)


def first(root: Path, folder: Path) -> Release:
    """Version 0.1.0 with what it was locked with, and no models yet."""
    venv = folder / "venv"
    python, home = venv / "bin" / "python", folder / "first-home"
    subprocess.run([sys.executable, "-m", "venv", str(venv)], check=True)
    locked = ("--require-hashes", "-r", str(root / "requirements" / "train.txt"))
    install = [str(python), "-m", "pip", "install", "-qq"]
    subprocess.run([*install, *locked], check=True)
    itself = ("--no-deps", "--no-build-isolation", "-e", str(root))
    subprocess.run([*install, *itself], check=True)
    return Release("0.1.0", root, python, home, ())


def scored(release: Release, portfolio: Path, out: Path) -> Cost:
    """Score everybody."""
    list_file = ("--out", str(out / f"{release.name}.parquet"))
    return release.cost("score", str(portfolio), *list_file, *release.words)


def tried(release: Release, portfolio: Path, out: Path, n_days: int) -> Cost:
    """Let its shipped policy decide the last days that were observed."""
    end = last_day(portfolio)
    words = (
        *("--policy", str(release.root / POLICY), "--out", str(out / release.name)),
        *("--from", f"{end - timedelta(days=n_days - 1)}", "--to", f"{end}"),
    )
    return release.cost("policy", "simulate", str(portfolio), *words)


def by_turns(what: str, work: Callable[[Release], Cost], both: list[Release]) -> None:
    """Print what a piece of work costs each release, twice."""
    costs = [[work(release) for release in both] for _ in range(2)]
    for place, release in enumerate(both):
        seconds = ", ".join(f"{turn[place].cpu_s:.1f}" for turn in costs)
        peak = max(turn[place].peak_mb for turn in costs)
        print(f"{what} {release.name:6} {seconds} s of CPU, {peak:,.0f} MB at the peak")
    ours, theirs = (sum(turn[place].cpu_s for turn in costs) for place in (0, 1))
    print(f"{what} CPU {ours / theirs:.2f} x that of {both[1].name}")


def main() -> None:
    """Measure both commands by turns."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--customers", type=int, default=20_000, help="scored")
    parser.add_argument("--tried", type=int, default=800, help="of the backtest")
    parser.add_argument("--days", type=int, default=92)
    parser.add_argument("--trained-on", type=int, default=3_000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        home = prepared(folder, [given.customers, given.tried], given.trained_on)
        words = ("--workers", "1")
        ours = Release("here", ROOT, Path(sys.executable), home, words)
        with checked_out(FIRST, folder) as root:
            theirs = first(root, folder)
            theirs.cost("train", str(folder / f"{given.trained_on}-1"))
            both = [ours, theirs]
            large, small = (folder / f"{n}-2" for n in (given.customers, given.tried))
            by_turns("score", lambda one: scored(one, large, folder), both)
            by_turns(
                "backtest", lambda one: tried(one, small, folder, given.days), both
            )


if __name__ == "__main__":
    main()
