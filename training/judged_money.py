"""The money of judged rows: account facts as of their moments, as decisions read them.

Features leave out what is assumed, so that a changed assumption needs no new training.
A decision goes by the assumption and says so, and so does what compares two models by
the cost of their decisions.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from decisions.money.exposure import FaceValues
from features.account import facts_over_time
from features.arrays import BoolArray, FloatArray, IntArray
from features.facts import AccountFacts
from features.money import UNITS
from features.portfolio import Portfolio
from training.rows import Rows

MOST_PRICED = 10_000  # rows, of customers drawn by lot: about 4 s with 6,000 customers


class Money(NamedTuple):
    """Face values of n rows in major units, NaN where unknown; each (n,).

    Args:
        face: money at stake.
        days_overdue: of the oldest debt.
        clv: lifetime value.
        days_until_due: whole days to the next due date, 0 where it is over or unknown.
        is_assumed: 1.0 where the data do not say all of it (CONTRACT 2.7).
    """

    face: FaceValues
    days_overdue: FloatArray
    clv: FloatArray
    days_until_due: FloatArray
    is_assumed: FloatArray

    @property
    def is_known(self) -> BoolArray:
        """(n,) whether enough is known to price an action."""
        known: BoolArray = ~np.isnan(np.asarray(self.face.open)) & ~np.isnan(self.clv)
        return known

    def taken(self, chosen: IntArray) -> "Money":
        """Of some of the rows, by number."""
        return of_columns(
            {name: column[chosen] for name, column in self.columns().items()},
            len(chosen),
        )

    def columns(self) -> dict[str, FloatArray]:
        """(n,) each, by the names that `of_columns` reads."""
        face = {
            name: np.broadcast_to(np.asarray(value, np.float64), self.clv.shape)
            for name, value in self.face._asdict().items()
            if value is not None
        }
        return face | {
            "days_overdue": self.days_overdue,
            "clv": self.clv,
            "days_until_due": self.days_until_due,
            "is_assumed": self.is_assumed,
        }


def of_columns(columns: dict[str, FloatArray], n: int) -> Money:
    """Money from `Money.columns`; columns that were not kept before are 0."""

    def column(name: str) -> FloatArray:
        return columns.get(name, np.zeros(n))

    return Money(
        FaceValues(
            column("open"),
            column("recurring"),
            column("recurring_committed"),
            column("usage_daily"),
            column("committed"),
            columns.get("run_up"),
            column("usage_unbilled"),
        ),
        column("days_overdue"),
        column("clv"),
        column("days_until_due"),
        column("is_assumed"),
    )


def money_of(
    portfolio: Portfolio, rows: Rows, customer_ids: Sequence[str], seed: int = 0
) -> Money:
    """What was known of the money of each row at its moment.

    Args:
        portfolio: of the rows.
        rows: customers and moments; above `MOST_PRICED` some customers are drawn, and
            the money of the others is unknown.
        customer_ids: by the number that rows give a customer.
        seed: of the draw.
    """
    kept = _drawn(rows, seed)
    wanted: dict[str, list[int]] = {}
    for place in kept.tolist():
        wanted.setdefault(customer_ids[int(rows.customer[place])], []).append(place)
    known = np.full((len(rows), len(_NAMES)), np.nan)
    for events in portfolio.iter_events(wanted):
        places = sorted(wanted[events.customer_id], key=lambda i: int(rows.as_of[i]))
        moments = [int(rows.as_of[i]) for i in places]
        over_time = facts_over_time(events, moments, portfolio.settings)
        for place, facts in zip(places, over_time, strict=True):
            known[place] = _values(facts)
    return of_columns({name: known[:, i] for i, name in enumerate(_NAMES)}, len(rows))


def _drawn(rows: Rows, seed: int) -> IntArray:
    """Numbers of the rows to be priced: all, or those of customers drawn by lot."""
    if len(rows) <= MOST_PRICED:
        return np.arange(len(rows))
    names, n_rows = np.unique(rows.customer, return_counts=True)
    order = np.random.default_rng([seed, 11]).permutation(len(names))
    within = np.cumsum(n_rows[order]) <= MOST_PRICED
    return np.flatnonzero(np.isin(rows.customer, names[order[within]]))


_NAMES = (
    *("open", "recurring", "recurring_committed", "usage_daily", "committed"),
    *("run_up", "usage_unbilled", "days_overdue", "clv", "days_until_due"),
    "is_assumed",
)


def _values(facts: AccountFacts) -> tuple[float, ...]:
    """In the order of `_NAMES`; what a decision takes for nothing is 0."""

    def major(money: int | None, otherwise: float = 0.0) -> float:
        return otherwise if money is None else money / UNITS

    return (
        major(facts.open, np.nan),
        major(facts.recurring_monthly),
        major(facts.recurring_committed),
        major(facts.usage_daily_cost),
        major(facts.committed),
        major(facts.run_up, np.nan),
        major(facts.usage_unbilled),
        float(facts.days_overdue or 0),
        major(facts.clv, np.nan),
        float(facts.days_until_due),
        float(bool(facts.assumed)),
    )
