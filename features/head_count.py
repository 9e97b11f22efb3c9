"""How many customers are counted, and how that comes from all of the portfolio.

`score`, monitoring, the model card and the labels audit each speak of some of a
portfolio's customers; here are the words that lead from one number to the other.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pyarrow as pa

from features.counted import counted

if TYPE_CHECKING:
    from features.portfolio import Portfolio


@dataclass(frozen=True, slots=True)
class HeadCount:
    """A portfolio's customers at one moment.

    Args:
        n_customers: in the portfolio.
        n_not_yet: not known, or not created, by then.
        n_left: whose services have all ended, and who owe nothing.

    >>> str(HeadCount(3_500, 0, 286))
    '3,500 customers in the portfolio less 286 who left owing nothing: 3,214 scored'
    """

    n_customers: int
    n_not_yet: int
    n_left: int

    @property
    def n_scored(self) -> int:
        """Whom `score` answers about, where `snapshots` do not say whom."""
        return self.n_customers - self.n_not_yet - self.n_left

    def __str__(self) -> str:
        everyone = f"{counted(self.n_customers, 'customer')} in the portfolio"
        less = [
            (self.n_not_yet, "not there yet"),
            (self.n_left, "who left owing nothing"),
        ]
        return f"{_less(everyone, less)}: {self.n_scored:,} scored"


@dataclass(frozen=True, slots=True)
class PopulationCount:
    """Of the scored, those whom a model learns from and is monitored over.

    Args:
        scored: where they come from.
        n_late: so many days overdue that it counts as non-payment already.
        days_past_due: so many.
        n_frauds: of the others, who are known as frauds already.
        n_population: that remain.
        others: why those are not among them who are neither late nor frauds.
    """

    scored: HeadCount
    n_late: int
    days_past_due: int
    n_frauds: int
    n_population: int
    others: str = "created at that very moment"

    def __str__(self) -> str:
        days = counted(self.days_past_due, "day")
        scored = self.scored.n_scored
        less = [
            (self.n_late, f"at least {days} overdue already"),
            (self.n_frauds, "known as frauds already"),
            (scored - self.n_late - self.n_frauds - self.n_population, self.others),
        ]
        whole = _less(str(self.scored), less)
        return f"{whole}: {self.n_population:,} in the models' population"


def _less(all_: str, parts: list[tuple[int, str]]) -> str:
    """What is taken from a number; nobody is not named.

    >>> _less("5 customers", [(2, "late"), (0, "gone")])
    '5 customers less 2 late'
    """
    return all_ + "".join(f" less {n:,} {why}" for n, why in parts if n)


def head_count(portfolio: "Portfolio", moment: int, n_scored: int) -> HeadCount:
    """Why others than the scored are left out.

    Args:
        portfolio: that was scored.
        moment: of the scores, µs since 1970 UTC.
        n_scored: of its customers.
    """
    customers = portfolio.tables["customers"]
    there = customers.filter(
        (customers.known_at <= moment)
        & (customers.superseded_at > moment)
        & (customers.created_at <= moment)
    )
    execute = portfolio.connection.to_pyarrow
    n, n_there = (
        int(execute(rows.customer_id.nunique()).as_py()) for rows in (customers, there)
    )
    return HeadCount(n, n - n_there, max(0, n_there - n_scored))


def joined_at(portfolio: "Portfolio") -> pa.Table:
    """When each customer was created: customer_id, joined_at (µs since 1970 UTC)."""
    customers = portfolio.tables["customers"]
    # reading filled what was absent, by when the customer was first known
    first = customers.created_at.min()
    rows = customers.group_by("customer_id").agg(joined_at=first)
    return portfolio.connection.to_pyarrow(rows)
