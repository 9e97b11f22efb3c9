"""What a policy gives away: `python -m benchmarks.money --seeds 10`.

On simulated worlds, whose true probabilities are known, the share of the attainable
saving that is reached by what costs least (proposed) and by what the policy permits
(recommended), and how many good customers lose access for it. Models are trained on
another simulation of the same world. Every policy decides day by day for twelve weeks
and is judged on the last of these days (see `backtest.regret`). Each portfolio has a
seed of its own; the world `drawn-17` is drawn by the number 17, so nothing can have
been tuned to it. Sums are pooled over portfolios; intervals draw whole portfolios with
replacement. A line per portfolio is printed as soon as it is judged.

Simulated results are simulated: they compare policies, and promise nothing.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq

from advice.advisor import Advisor
from advice.assembly import DEFAULT_POLICY
from backtest.decision_days import DecisionDays
from backtest.guardrail_cost import GuardrailCost, mean_guardrail_costs
from backtest.regret import Regret
from backtest.run import run_backtest
from backtest.truth import Truth
from benchmarks.worlds import world_of
from decisions.policy_file.load import Policy, load_policy
from features.arrays import FloatArray
from features.moments import to_datetime
from features.portfolio import Portfolio
from features.targets import TARGETS
from scoring.bundle import Bundle
from scoring.starter import starter
from simulation import Branching, simulate
from simulation.worlds import World
from training.learning import learn
from training.train import Present, bundle_of
from training.training_data import gather

MONTHS, TRUTH_MONTH = 24, 21  # the first of April 2026, a Wednesday
WEEKS = 12
FIRST_SEED, TRAINING_SEED = 101, 7
N_DRAWS = 2_000
CHOICES = ("proposed", "recommended")


@dataclass(frozen=True)
class Case:
    """A simulated portfolio with its truth, and the days that lead to its moment."""

    world: str
    seed: int
    folder: Path
    portfolio: Portfolio
    truth: Truth
    first: date
    last: date


@dataclass(frozen=True)
class Result:
    """One policy in one simulated portfolio."""

    world: str
    seed: int
    regret: Regret
    guardrails: tuple[GuardrailCost, ...]
    promised: float  # a day, of the proposal against doing nothing


def made(folder: Path, world: World, n_customers: int, seed: int, told: bool) -> Path:
    """A simulated portfolio, made where it is not there; `told`: with its truth."""
    out = folder / f"{world.name}-{n_customers}-{seed}"
    if not (out / "portfolio.yaml").is_file():
        branching = Branching(month=TRUTH_MONTH, customers=n_customers)
        simulate(
            world, n_customers, MONTHS, seed, out, branching=branching if told else None
        )
    return out


def learnt(portfolio: Portfolio) -> dict[str, Bundle]:
    """By target, what `forbear train` would serve; nothing is registered."""
    gathered = gather(portfolio, TARGETS)
    present = Present(portfolio, gathered.feature_set, gathered.sample)
    return {
        target: bundle_of(
            present, target, gathered, learn(target, rows, 0, starter=starter(target))
        )
        for target, rows in gathered.rows.items()
    }


def case_of(world: str, seed: int, folder: Path) -> Case:
    """A portfolio of which the truth is known, and twelve weeks up to its moment."""
    read = Portfolio.open_usable(folder)
    oracle = folder.with_name(folder.name + ".oracle")
    truth = Truth(branched=pq.read_table(oracle / "truth.parquet"))
    last = to_datetime(truth.moments()[0]).astimezone(read.settings.zone).date()
    return Case(world, seed, folder, read, truth, last - timedelta(weeks=WEEKS), last)


def judged(
    bundles: Mapping[str, Bundle], policy: Policy, case: Case, every: int
) -> Iterator[Result]:
    """One policy in one portfolio, by its models; `every` so many days it decides."""
    read = case.portfolio
    days = DecisionDays.between(case.first, case.last, read.settings.zone, every=every)
    backtest = run_backtest(Advisor(bundles, policy), read, days, truth=case.truth)
    promised = [day.nothing - day.proposed for day in backtest.day_costs]
    rules = tuple(mean_guardrail_costs(backtest.day_costs))
    for regret in backtest.regrets:
        yield Result(case.world, case.seed, regret, rules, float(np.mean(promised)))


def captured(results: Sequence[Result], choice: str) -> FloatArray:
    """(n, 2) what a choice saves and what is attainable, of each portfolio."""
    rows = []
    for result in results:
        cost, n = result.regret.cost, result.regret.n_customers
        best = cost["nothing"] - cost["best_given_features"]
        rows.append((n * (cost["nothing"] - cost[choice]), n * best))
    return np.array(rows)


def stopped(results: Sequence[Result], choice: str) -> FloatArray:
    """(n, 2) good customers stopped, in thousands of shares, and customers."""
    rows = [(r.regret.good_stopped[choice], r.regret.n_customers) for r in results]
    return np.array([(1_000 * share * n, n) for share, n in rows])


def pooled(pairs: FloatArray) -> str:
    """The ratio of two sums, with the 95 % interval over portfolios, if several."""
    value = pairs[:, 0].sum() / pairs[:, 1].sum()
    if len(pairs) == 1:
        return f"{value:7.3f}"
    rng = np.random.default_rng(0)
    drawn = pairs[rng.integers(0, len(pairs), (N_DRAWS, len(pairs)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    return f"{value:7.3f}  ({low:.3f} to {high:.3f})"


def line(name: str, result: Result) -> str:
    """One portfolio under one policy, as it is printed when judged."""
    shares = [
        f"{choice} {saved / best:.3f} of {best:,.0f}, good per 1,000 {good / n:.2f}"
        for choice in CHOICES
        for [saved, best], [good, n] in zip(
            captured([result], choice), stopped([result], choice), strict=True
        )
    ]
    return f"{name} {result.world} seed {result.seed}: {'; '.join(shares)}"


def report(name: str, results: Sequence[Result]) -> None:
    """Print what one policy reaches, by world and in all."""
    by_world: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_world[result.world].append(result)
    print(f"\n{name}: {len(results)} portfolios")
    for world, those in [*by_world.items(), ("in all", [*results])]:
        for choice in CHOICES:
            share = pooled(captured(those, choice))
            good = pooled(stopped(those, choice))
            print(f"  {world:14} {choice:12} captured {share}  good per 1,000 {good}")


def report_rules(results: Sequence[Result]) -> None:
    """Print what each of a policy's rules costs."""
    promised = sum(result.promised for result in results)
    cost: dict[str, float] = defaultdict(float)
    for result in results:
        for line in result.guardrails:
            cost[line.title] += line.cost
    print("  what each rule costs, in points of the proposal's expected saving:")
    for title, money in sorted(cost.items(), key=lambda item: -item[1]):
        if abs(points := 100 * money / promised) >= 0.05:
            print(f"  {points:6.1f}  {title}")


def seeds(worlds: Sequence[str], n: int, first: int) -> Iterator[tuple[str, int]]:
    """Worlds in turn, each portfolio with a seed of its own.

    >>> list(seeds(["calm", "drawn-1"], 2, 101))
    [('calm', 101), ('drawn-1', 102), ('calm', 103), ('drawn-1', 104)]
    """
    for number in range(n * len(worlds)):
        yield worlds[number % len(worlds)], first + number


def asking(description: str | None) -> argparse.ArgumentParser:
    """What every benchmark of money is asked."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--seeds", type=int, default=1, help="portfolios per world")
    parser.add_argument("--first-seed", type=int, default=FIRST_SEED)
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--every", type=int, default=1, help="days between decisions")
    parser.add_argument("--worlds", nargs="+", default=["calm"], metavar="WORLD")
    parser.add_argument("--folder", type=Path, help="keeps the portfolios")
    return parser


def cases(
    asked: argparse.Namespace, folder: Path
) -> Iterator[tuple[dict[str, Bundle], Path, Case]]:
    """Models, the portfolio they are learnt from, and one that they are judged on."""
    models: dict[str, dict[str, Bundle]] = {}
    folder = folder.resolve()
    for name, seed in seeds(asked.worlds, asked.seeds, asked.first_seed):
        world = world_of(name)
        other = made(folder, world, asked.customers, TRAINING_SEED, told=False)
        if name not in models:
            models[name] = learnt(Portfolio.open_usable(other))
        portfolio = made(folder, world, asked.customers, seed, told=True)
        yield models[name], other, case_of(name, seed, portfolio)


def main(arguments: Sequence[str] | None = None) -> int:
    parser = asking(__doc__)
    parser.add_argument("--policy", type=Path, nargs="+", default=[DEFAULT_POLICY])
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as passing:
        results: dict[Path, list[Result]] = defaultdict(list)
        for bundles, _, case in cases(asked, asked.folder or Path(passing)):
            for file in asked.policy:
                for result in judged(bundles, load_policy(file), case, asked.every):
                    results[file].append(result)
                    print(line(file.stem, result), flush=True)
    for file, those in results.items():
        report(file.stem, those)
        report_rules(those)
    return 0


if __name__ == "__main__":
    sys.exit(main())
