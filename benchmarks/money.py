"""What a policy gives away: `python -m benchmarks.money --seeds 10`.

On simulated worlds, whose true probabilities are known, the share of the attainable
saving that is reached by what costs least (proposed) and by what the policy permits
(recommended), and how many good customers lose access for it. Models are trained on
another simulation of the same world. Every policy decides day by day for twelve weeks
and is judged on the last of these days (see `backtest.regret`). Sums are pooled over
seeds and worlds; intervals are over seeds: whole portfolios are drawn with replacement.

Simulated results are simulated: they compare policies, and promise nothing.
"""

import argparse
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow.parquet as pq

from advice.advisor import Advisor
from advice.assembly import DEFAULT_POLICY, assemble, ids_in_force
from backtest.decision_days import DecisionDays
from backtest.guardrail_cost import GuardrailCost, mean_guardrail_costs
from backtest.regret import Regret
from backtest.run import run_backtest
from backtest.truth import Truth
from decisions.policy_file.load import Policy, load_policy
from features.arrays import FloatArray
from features.moments import to_datetime
from features.portfolio import Portfolio
from simulation import Branching, simulate
from simulation.worlds import CALM, FRAUD_WAVE, RECESSION
from training.train import train

WORLDS = {
    "calm": CALM,
    "recession": RECESSION,
    "fraud-wave": FRAUD_WAVE,
    "little-fraud": replace(
        CALM,
        name="little-fraud",
        fraud_share_new=(0.010, 0.008),
        fraud_share_at_start=(0.006, 0.0),
        hijack_prone=0.02,
    ),
    "late-payers": replace(
        CALM,
        name="late-payers",
        pay_log_odds=(2.6, 2.1, 1.8, -2.5, 9.0, 2.6, 2.3),
        macro_sd=0.15,
        partial_share=0.10,
        dispute_per_invoice=0.006,
    ),
    "careful-fraud": replace(
        CALM,
        name="careful-fraud",
        careful_share=0.9,
        wave_careful_share=0.95,
        abuse_starts_new=0.3,
        found_per_month=0.15,
        reviewed_share_of_alerts=0.2,
        burst_per_month=0.025,
    ),
}
MONTHS, TRUTH_MONTH = 24, 21  # the first of April 2026, a Wednesday
WEEKS = 12
FIRST_SEED, TRAINING_SEED = 101, 7
N_DRAWS = 2_000
CHOICES = ("proposed", "recommended")


@dataclass(frozen=True)
class Result:
    """One policy in one simulated portfolio."""

    world: str
    seed: int
    regret: Regret
    guardrails: tuple[GuardrailCost, ...]
    promised: float  # a day, of the proposal against doing nothing


def made(folder: Path, world: str, n_customers: int, seed: int, *, told: bool) -> Path:
    """A simulated portfolio, made where it is not there; `told`: with its truth."""
    out = folder / f"{world}-{n_customers}-{seed}"
    if not (out / "portfolio.yaml").is_file():
        branching = Branching(month=TRUTH_MONTH, customers=n_customers)
        simulate(
            WORLDS[world],
            n_customers,
            MONTHS,
            seed,
            out,
            branching=branching if told else None,
        )
    return out


def champions(folder: Path, world: str, n_customers: int) -> Path:
    """A state folder with models trained on another simulation of a world."""
    home = folder / f"champions-{world}-{n_customers}"
    if not home.is_dir():
        out = made(folder, world, n_customers, TRAINING_SEED, told=False)
        train(Portfolio.open_usable(out), home=home)
    return home


def judged(home: Path, policy: Policy, portfolio: Path, every: int) -> Iterator[Result]:
    """One policy in one portfolio, by its models; `every` so many days it decides."""
    read = Portfolio.open_usable(portfolio)
    oracle = portfolio.with_name(portfolio.name + ".oracle")
    truth = Truth(branched=pq.read_table(oracle / "truth.parquet"))
    last = to_datetime(truth.moments()[0]).astimezone(read.settings.zone).date()
    first = last - timedelta(weeks=WEEKS)
    advisor: Advisor = assemble(home, ids_in_force(home), policy)
    days = DecisionDays.between(first, last, read.settings.zone, every=every)
    backtest = run_backtest(advisor, read, days, truth=truth)
    world, _, seed = portfolio.name.rsplit("-", 2)
    for regret in backtest.regrets:
        yield Result(
            world,
            int(seed),
            regret,
            tuple(mean_guardrail_costs(backtest.day_costs)),
            float(np.mean([day.nothing - day.proposed for day in backtest.day_costs])),
        )


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
    """The ratio of two sums, with the 95 % interval over portfolios."""
    rng = np.random.default_rng(0)
    drawn = pairs[rng.integers(0, len(pairs), (N_DRAWS, len(pairs)))].sum(axis=1)
    low, high = np.quantile(drawn[:, 0] / drawn[:, 1], [0.025, 0.975])
    value = pairs[:, 0].sum() / pairs[:, 1].sum()
    return f"{value:7.3f}  ({low:.3f} to {high:.3f})"


def report(name: str, results: Sequence[Result]) -> None:
    """Print what one policy reaches, by world and in all, and what its rules cost."""
    by_world: dict[str, list[Result]] = defaultdict(list)
    for result in results:
        by_world[result.world].append(result)
    print(f"\n{name}: {len(results)} portfolios")
    for world, those in [*by_world.items(), ("in all", [*results])]:
        for choice in CHOICES:
            share = pooled(captured(those, choice))
            good = pooled(stopped(those, choice))
            print(f"  {world:14} {choice:12} captured {share}  good per 1,000 {good}")
    promised = sum(result.promised for result in results)
    cost: dict[str, float] = defaultdict(float)
    for result in results:
        for line in result.guardrails:
            cost[line.title] += line.cost
    print("  what each rule costs, in points of the proposal's expected saving:")
    for title, money in sorted(cost.items(), key=lambda item: -item[1]):
        if abs(points := 100 * money / promised) >= 0.05:
            print(f"  {points:6.1f}  {title}")


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1, help="portfolios per world")
    parser.add_argument("--customers", type=int, default=3_000)
    parser.add_argument("--every", type=int, default=1, help="days between decisions")
    parser.add_argument("--worlds", nargs="+", default=["calm"], choices=WORLDS)
    parser.add_argument("--policy", type=Path, nargs="+", default=[DEFAULT_POLICY])
    parser.add_argument("--folder", type=Path, help="keeps portfolios and models")
    asked = parser.parse_args(arguments)
    with TemporaryDirectory() as passing:
        folder = asked.folder or Path(passing)
        results: dict[Path, list[Result]] = defaultdict(list)
        for world in asked.worlds:
            home = champions(folder, world, asked.customers)
            for seed in range(FIRST_SEED, FIRST_SEED + asked.seeds):
                portfolio = made(folder, world, asked.customers, seed, told=True)
                for file in asked.policy:
                    policy = load_policy(file)
                    results[file] += judged(home, policy, portfolio, asked.every)
                print(".", end="", flush=True, file=sys.stderr)
    for file, those in results.items():
        report(file.stem, those)
    return 0


if __name__ == "__main__":
    sys.exit(main())
