"""Marks of who is late today: `python -m benchmarks.present_echo [PORTFOLIO…]`.

A stated column that never changes is planted, drawn anew each time: it marks a share of
who is late on the last day of the data and a share of the others; of who was late on
the first dates; or anybody by chance. Counted is how many `present_echo` names, which
for the last two should be none.
"""

import argparse
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

import numpy as np

from benchmarks.rivals import SAMPLE
from features.arrays import BoolArray, FloatArray
from features.portfolio import Portfolio
from scoring.metrics import auc
from training.audits.mutation import PLANTED, planted
from training.audits.present_echo import with_present_echo
from training.audits.verdict import LeakVerdict
from training.lateness import lateness_feature
from training.lateness_now import PresentLateness
from training.rows import Rows
from training.training_data import gather

N_HINDSIGHT, N_HONEST = 20, 40  # marks drawn of each kind
N_FIRST_DATES = 3
OF_THE_LATE = ((0.9, 0.1), (0.6, 0.1), (0.5, 0.2))  # and of the others
OF_THE_EARLY, BY_CHANCE = (0.8, 0.1), 0.3


@dataclass(frozen=True)
class Looked:
    """A portfolio's rows of non-payment, and who is late on its last day."""

    rows: Rows
    now: PresentLateness
    lateness: str

    @property
    def late_now(self) -> BoolArray:
        """By customer number."""
        numbers, is_late = self.now.of(self.rows, self.lateness)
        late = np.zeros(int(self.rows.customer.max()) + 1, dtype=np.bool_)
        late[numbers[is_late]] = True
        return late

    @property
    def late_first(self) -> BoolArray:
        """By customer number: ever late on one of the first dates."""
        rows = self.rows
        dates = np.unique(rows.as_of)[:N_FIRST_DATES]
        is_late = (rows.as_of <= dates[-1]) & (rows.column(self.lateness) > 0.0)
        late = np.zeros(int(rows.customer.max()) + 1, dtype=np.bool_)
        late[rows.customer[is_late]] = True
        return late

    def names(self, mark: FloatArray) -> bool:
        """Whether a mark, by customer number, is named as a column."""
        leaky = planted(self.rows, "label")
        x = np.column_stack([self.rows.x, mark[self.rows.customer]])
        passed = [
            LeakVerdict(name, "nonpayment", "pass", (), {"auc_alone": 0.5})
            for name in leaky.feature_set.names
        ]
        found = with_present_echo(self.now, replace(leaky, x=x), passed)
        return any(v.feature == PLANTED and v.is_blocking for v in found)


def marks(of: BoolArray, hit: float, false: float, n: int) -> list[FloatArray]:
    """Drawn by numbers of their own: 1.0 for a share of these, and of the others."""
    return [
        (np.random.default_rng(seed).random(len(of)) < np.where(of, hit, false)).astype(
            np.float64
        )
        for seed in range(n)
    ]


def kinds(looked: Looked) -> Mapping[str, list[FloatArray]]:
    """Marks by what they are of."""
    now, nobody = looked.late_now, np.zeros_like(looked.late_now)
    return {
        **{
            f"{hit:.0%} of who is late now, {false:.0%} of others": marks(
                now, hit, false, N_HINDSIGHT
            )
            for hit, false in OF_THE_LATE
        },
        f"{OF_THE_EARLY[0]:.0%} of who was late on the first dates,"
        f" {OF_THE_EARLY[1]:.0%} of others": marks(
            looked.late_first, *OF_THE_EARLY, N_HONEST
        ),
        f"{BY_CHANCE:.0%} by chance": marks(nobody, BY_CHANCE, BY_CHANCE, N_HONEST),
    }


def looked_at(folder: Path) -> Looked:
    portfolio = Portfolio.open_usable(folder)
    gathered = gather(portfolio, ("nonpayment",))
    rows = gathered.rows["nonpayment"]
    now = PresentLateness(portfolio, gathered.customer_ids)
    return Looked(rows, now, cast("str", lateness_feature(rows)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("portfolio", type=Path, nargs="*", default=[SAMPLE])
    for folder in parser.parse_args().portfolio:
        looked = looked_at(folder)
        numbers, is_late = looked.now.of(looked.rows, looked.lateness)
        print(f"\n{folder.name}: {len(numbers):,} customers, {is_late.mean():.1%} late")
        for name, drawn in kinds(looked).items():
            n_named = sum(looked.names(mark) for mark in drawn)
            customer, label = looked.rows.customer, looked.rows.label
            alone = [auc(label, mark[customer]) for mark in drawn]
            print(
                f"  {name:<60} named {n_named:>2} of {len(drawn)};"
                f" AUC alone {min(alone):.2f} to {max(alone):.2f}",
                flush=True,
            )


if __name__ == "__main__":
    main()
