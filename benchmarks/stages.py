"""Where the CPU of `forbear score` goes: microseconds a scored customer, by stage.

One process works on a portfolio as the command does, with the champions under
FORBEAR_HOME or else the starter, and every stage is timed without what it calls of the
others. Nothing is written but a file of DuckDB in a temporary folder.

    python -m benchmarks.stages PORTFOLIO [--memory 2000]
"""

import argparse
import importlib
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

from advice.assembly import DEFAULT_POLICY, assemble, ids_in_force
from advice.drawn_snapshots import DrawnSnapshots
from advice.parts_run import RunLimits, at_home_in
from advice.young_dates import early_warning
from decisions.policy_file.load import load_policy
from features.batch.looked_into import begins_of
from features.collector import rarely_collected
from features.portfolio import Portfolio
from features.snapshots import latest_moments
from scoring.shelf import forbear_home

P = ParamSpec("P")
T = TypeVar("T")

# stage, module, what is timed there: a function, or a method of a class
STAGES = (
    ("reading: shared instruments and devices", "features.reading.loading", "_link"),
    ("reading: columns checked", "features.reading.checked_parts", "check"),
    ("reading: written", "features.reading.table_loading", "AppendedRows.write"),
    (
        "reading: which row of a key stands",
        "features.reading.table_loading",
        "gather_shared",
    ),
    ("reading: which row of a key stands", "features.reading.table_loading", "stand"),
    ("reading: sorted by customer", "features.portfolio", "sort_by_customer"),
    ("reading: the rest", "features.portfolio", "load"),
    ("parts copied", "features.portfolio", "copy_of_part"),
    ("account facts: rows asked for", "features.reading.slices", "_hold"),
    ("account facts: rows as objects", "features.account.accounts", "Accounts.kept"),
    (
        "account facts: ledger, cover, facts",
        "features.account.accounts",
        "KeptAccount.look_if",
    ),
    ("account facts: the rest", "advice.portfolio_run", "looks"),
    ("features", "advice.portfolio_run", "feature_table"),
    ("probabilities", "scoring.predictor", "Predictor.probability"),
    ("contributions", "scoring.predictor", "Predictor.explain"),
    ("decisions", "advice.portfolio_run", "decide_portfolio"),
    ("answers in full", "decisions.portfolio", "recommendation_of"),
    ("thresholds", "decisions.recommendation", "thresholds_of"),
    ("reasons", "advice.advisor", "Advisor.reasons_of"),
    ("sentences", "advice.advice_table", "answer_in_words"),
    ("rows", "advice.portfolio_run", "_rows"),
    ("cases, requests on budgets", "advice.portfolio_run", "advise_part"),
)


class Stopwatch:
    """CPU seconds by stage, each without the stages inside it."""

    def __init__(self) -> None:
        self.spent: defaultdict[str, float] = defaultdict(float)
        self._inside = 0.0

    def timed(self, stage: str, work: Callable[P, T]) -> Callable[P, T]:
        """The same function, timed."""

        def run(*args: P.args, **named: P.kwargs) -> T:
            outer, self._inside = self._inside, 0.0
            start = time.process_time()
            try:
                return work(*args, **named)
            finally:
                took = time.process_time() - start
                self.spent[stage] += took - self._inside
                self._inside = outer + took

        return run

    def watch(self) -> None:
        """Time all of `STAGES` from now on."""
        for stage, module, name in STAGES:
            owner: Any = importlib.import_module(module)
            *outer, last = name.split(".")
            for part in outer:
                owner = getattr(owner, part)
            setattr(owner, last, self.timed(stage, getattr(owner, last)))


def scored(folder: Path, limits: RunLimits, file: Path, watch: Stopwatch) -> int:
    """Work on the portfolio; how many customers have a row."""
    home = forbear_home()
    policy = load_policy(DEFAULT_POLICY)
    advisor = assemble(home, ids_in_force(home), policy)
    watch.watch()
    portfolio = Portfolio.open_usable(folder, limits.duck(file))
    advisor = at_home_in(advisor, portfolio, None)
    advise = importlib.import_module("advice.portfolio_run").advise_part
    n_scored = 0
    features = [bundle.feature_set for bundle in advisor.bundles.values()]
    begins = begins_of(features, portfolio.settings, portfolio.latest_moment)
    alone = replace(portfolio, duck=replace(portfolio.duck, threads=1))
    for part in portfolio.parts(limits.rows_in_part):
        theirs = alone.part(part, begins)
        n_scored += len(advise(advisor, theirs, latest_moments(theirs)))
    seen = DrawnSnapshots(portfolio, models=advisor.bundles)
    told = watch.timed("early warning", early_warning)
    before = dict(watch.spent)
    for bundle in advisor.bundles.values():
        told(portfolio, bundle, seen)
    # what it calls of the stages above is its own
    inside = sum(watch.spent.values()) - sum(before.values())
    watch.spent = defaultdict(float, {**before, "early warning": inside})
    return n_scored


def main() -> None:
    """Print the table for one portfolio."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("portfolio", type=Path)
    parser.add_argument("--memory", type=int, default=2_000)
    given = parser.parse_args()
    watch = Stopwatch()
    with tempfile.TemporaryDirectory() as name, rarely_collected():
        file = Path(name) / "portfolio.duckdb"
        n = scored(given.portfolio, RunLimits(given.memory), file, watch)
    if not n:
        parser.exit(2, "nobody was scored: no customer is there at the latest moment\n")
    total = time.process_time()
    watch.spent["start-up, what is timed nowhere"] = total - sum(watch.spent.values())
    print(
        f"{n:,} customers scored, {total:.1f} s of CPU, {total / n * 1e6:,.0f} us each"
    )
    for stage in dict.fromkeys([*(stage for stage, *_ in STAGES), *watch.spent]):
        print(f"{stage:42} {watch.spent[stage] / n * 1e6:7,.0f} us")


if __name__ == "__main__":
    main()
