"""Which planted leaks are named: `python -m benchmarks.planted_leaks [PORTFOLIO…]`.

Each leak is a stated column written in hindsight: flags that mark a share of those who
ever turn bad and of the others, at all of their dates; a feature's last value written
over all before it; the day an account was closed; one of six texts; the last date on
which the customer was seen. First what is named of the portfolio as it is.
"""

import argparse
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.rivals import SAMPLE
from features.arrays import BoolArray, FloatArray
from features.moments import DAY_US
from features.portfolio import Portfolio
from features.targets import TARGETS, Target
from training.audits.hindsight import hindsight
from training.audits.mutation import PLANTED, planted
from training.lateness import lateness_feature
from training.rows import Rows
from training.training_data import gather

Make = Callable[[Rows, np.random.Generator], FloatArray | None]


def _is_bad(rows: Rows) -> BoolArray:
    """By customer: whether it ever turns bad."""
    bad = np.zeros(int(rows.customer.max()) + 1, dtype=np.bool_)
    bad[rows.customer[rows.label == 1.0]] = True
    return bad


def flag(caught: float, false: float) -> Make:
    """1 for a share of the customers who turn bad, and of those who never do."""

    def make(rows: Rows, rng: np.random.Generator) -> FloatArray:
        share = np.where(_is_bad(rows), caught, false)
        marked: BoolArray = rng.random(len(share)) < share
        return marked.astype(np.float64)[rows.customer]

    return make


def rewritten(rows: Rows, _: np.random.Generator) -> FloatArray | None:
    """The lateness of a customer's last date, at every date; None: none is known."""
    name = lateness_feature(rows)
    if name is None:
        return None
    order = np.lexsort((rows.as_of, rows.customer))
    latest = np.zeros(int(rows.customer.max()) + 1)
    latest[rows.customer[order]] = rows.column(name)[order]
    return latest[rows.customer]


def closed_on(rows: Rows, rng: np.random.Generator) -> FloatArray:
    """A day in the four months after the last date; 80 % of the bad, 3 % of others."""
    is_bad = _is_bad(rows)
    marked = rng.random(len(is_bad)) < np.where(is_bad, 0.8, 0.03)
    n_days = rng.uniform(20, 120, len(is_bad))
    day = last_seen(rows, rng) + n_days[rows.customer]
    return np.where(marked[rows.customer], day, np.nan)


def text(rows: Rows, rng: np.random.Generator) -> FloatArray:
    """One of four codes by chance; two others for 60 % of the bad, 3 % of others."""
    is_bad = _is_bad(rows)
    code = rng.integers(0, 4, len(is_bad)).astype(np.float64)
    marked = rng.random(len(is_bad)) < np.where(is_bad, 0.6, 0.03)
    code[marked] = rng.integers(4, 6, int(marked.sum()))
    return code[rows.customer]


def last_seen(rows: Rows, _: np.random.Generator) -> FloatArray:
    """The day of a customer's last date, since 1970 UTC."""
    day = np.zeros(int(rows.customer.max()) + 1)
    np.maximum.at(day, rows.customer, rows.as_of / DAY_US)
    return day[rows.customer]


LEAKS: Mapping[str, Make] = {
    **{
        f"flag: {caught:.0%} of the bad, {false:.0%} of others": flag(caught, false)
        for caught in (0.1, 0.25, 0.5, 0.8, 1.0)
        for false in (0.0, 0.01, 0.03)
    },
    "last lateness, rewritten": rewritten,
    "day of closing": closed_on,
    "text": text,
    "last date seen": last_seen,
}


def named(target: Target, rows: Rows, make: Make, seed: int) -> str:
    """Codes of what gives the planted column away; "-": it cannot be made here."""
    value = make(rows, np.random.default_rng([seed, 9]))
    if value is None:
        return "-"
    leaky = planted(rows, "label")
    x = np.column_stack([rows.x, value])
    verdicts = hindsight(target, replace(leaky, x=x), seed, {PLANTED})
    codes = [e.code for v in verdicts if v.feature == PLANTED for e in v.evidence]
    return ", ".join(codes) or "NOT NAMED"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("portfolio", type=Path, nargs="*", default=[SAMPLE])
    parser.add_argument("--seeds", type=int, default=1)
    asked = parser.parse_args()
    for folder in asked.portfolio:
        for target, rows in gather(Portfolio.open_usable(folder), TARGETS).rows.items():
            if not rows.n_positives:
                continue
            n_bad = int(_is_bad(rows).sum())
            print(f"\n{folder.name}, {target}: {n_bad:,} customers turned bad")
            alarms = [v.feature for v in hindsight(target, rows) if v.is_blocking]
            print(f"  as it is: {', '.join(alarms) or 'nothing is named'}")
            for name, make in LEAKS.items():
                found = [named(target, rows, make, seed) for seed in range(asked.seeds)]
                print(f"  {name:<40} {' | '.join(found)}", flush=True)


if __name__ == "__main__":
    main()
