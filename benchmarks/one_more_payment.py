"""Whether a payment ever counts against who pays, by the models in force.

    python -m benchmarks.one_more_payment [--portfolio FOLDER] [--customers 400]

Of each customer who owes something, half or all of what is open of the invoice due
first is paid at the moment of the score. Told is how many probabilities rise by more
than a hundredth of log-odds, and which feature speaks most for the rise. The models are
the champions under FORBEAR_HOME or else the starters, which never rise.
"""

import argparse
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from statistics import median

import numpy as np

from advice.assembly import DEFAULT_POLICY, assemble, ids_in_force
from decisions.policy_file.load import load_policy
from features.account import account_facts
from features.additions import with_rows
from features.events import Events
from features.moments import to_datetime
from features.online import OnlineCompiler
from features.portfolio import Portfolio
from scoring.bundle import Bundle
from scoring.predictor import Predictor
from scoring.shelf import forbear_home

SAMPLE = Path(__file__).parents[1] / "data" / "samples" / "lumen"
LEAST = 0.01  # log-odds
PARTS = {"half": 2, "all": 1}


class Rises:
    """Of one model: by how much log-odds change, and what speaks for a rise."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._row = OnlineCompiler(bundle.feature_set, bundle.settings)
        self._predictor = Predictor(bundle)
        self.changes: dict[str, list[float]] = {part: [] for part in PARTS}
        self.because: Counter[str] = Counter()

    def look(self, part: str, before: Events, after: Events, as_of: int) -> None:
        rows = np.vstack([self._row(events, as_of) for events in (before, after)])
        contributions = self._predictor.explain(rows).contributions
        change = contributions[1] - contributions[0]
        self.changes[part].append(float(change.sum()))
        if change.sum() > LEAST:
            self.because[self.bundle.feature_set.names[int(change[:-1].argmax())]] += 1


def payers(
    portfolio: Portfolio, as_of: int
) -> Iterator[tuple[Events, dict[str, Events]]]:
    """Who owes something, as they are and after they paid a part."""
    for events in portfolio.iter_events(portfolio.customer_ids):
        items = account_facts(events, as_of, portfolio.settings).items
        if not items:
            continue
        first = min(items, key=lambda item: item.due_on)
        paid = {
            "payment_id": "one more",
            "status": "succeeded",
            "invoice_id": first.invoice_id,
            "event_at": as_of,
            "known_at": as_of,
        }
        yield (
            events,
            {
                part: with_rows(
                    events, {"payments": [{**paid, "amount": first.remainder // n}]}
                )
                for part, n in PARTS.items()
            },
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--portfolio", type=Path, default=SAMPLE)
    parser.add_argument("--customers", type=int, default=400)
    asked = parser.parse_args()
    home, portfolio = forbear_home(), Portfolio.open(asked.portfolio)
    advisor = assemble(home, ids_in_force(home), load_policy(DEFAULT_POLICY))
    models = {target: Rises(bundle) for target, bundle in advisor.bundles.items()}
    as_of = portfolio.observed_until
    for before, after in islice(payers(portfolio, as_of), asked.customers):
        for part, events in after.items():
            for model in models.values():
                model.look(part, before, events, as_of)
    print(f"as of {to_datetime(as_of):%Y-%m-%d}")
    for target, model in models.items():
        for part, changes in model.changes.items():
            rises = [change for change in changes if change > LEAST]
            print(
                f"{target} ({model.bundle.learner}), {part} is paid: rises for"
                f" {len(rises)} of {len(changes)}, in the median by"
                f" {median(rises or [0.0]):.2f}, at most by {max([0.0, *rises]):.2f}"
            )
        print("  most for it speak", model.because.most_common(8))


if __name__ == "__main__":
    main()
