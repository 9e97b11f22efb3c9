"""What counterfactuals cost, by the decision they explain.

Run `python -m benchmarks.counterfactuals`.

CPU of a decision with counterfactuals over that of the same decision without, for
customers of the sample to whom something is recommended; the starters decide.
"""

from collections import Counter
from datetime import timedelta
from pathlib import Path
from statistics import mean, median
from time import thread_time

from advice import Advisor
from decisions.policy_file.load import default_policy
from features.moments import to_datetime
from features.portfolio import Portfolio
from scoring.starter import starters

SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "lumen"
N_CUSTOMERS, N_ROUNDS, MOST = 400, 3, 8.0


def main() -> None:
    portfolio = Portfolio.open(SAMPLE)
    advisor = Advisor(starters(), default_policy(), portfolio.settings)
    at = to_datetime(portfolio.observed_until) - timedelta(hours=12)
    tables, costs = portfolio.settings.tables, []
    found: Counter[str] = Counter()
    for events in portfolio.iter_events(portfolio.customer_ids):
        plain = advisor.advise(events, at, tables=tables)
        if plain.recommendation.action in (None, "none"):
            continue
        seconds = []
        for is_wanted in (False, True):
            best = []
            for _ in range(N_ROUNDS):
                started = thread_time()
                told = advisor.advise(
                    events, at, tables=tables, with_counterfactuals=is_wanted
                )
                best.append(thread_time() - started)
            seconds.append(min(best))
        found[told.counterfactuals.code if told.counterfactuals else "none"] += 1
        costs.append((seconds[1], seconds[0]))
        if len(costs) == N_CUSTOMERS:
            break
    ratios = sorted(with_them / without for with_them, without in costs)
    total = sum(a for a, _ in costs) / sum(b for _, b in costs)
    print(f"{len(costs)} decisions: {dict(found)}")
    print(f"all together   {total:5.2f} × the decision alone")
    print(f"each, median   {median(ratios):5.2f} ×, mean {mean(ratios):.2f} ×")
    print(f"95 of 100 below {ratios[int(0.95 * len(ratios))]:4.2f} ×")
    print("bar: 8 ×", "met" if total <= MOST else "NOT MET")


if __name__ == "__main__":
    main()
