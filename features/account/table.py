"""Fills numeric account facts: a row for one customer, a table for many snapshots."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING

import numpy as np

from features.account.account import Account
from features.account.columns import FACT_NAMES, fact_values
from features.account.history import account_columns, history_of
from features.account.many import histories
from features.account.standing import Rules, Standing
from features.arrays import FloatArray
from features.events import FOREVER, Events
from features.money import UNITS
from features.settings import PortfolioSettings

if TYPE_CHECKING:
    import pyarrow as pa

    from features.portfolio import Portfolio


def fact_row(
    events: Events, as_of: int, settings: PortfolioSettings
) -> dict[str, float]:
    """The numbers of `FACT_COLUMNS` for one customer, money in major units."""
    account = Account(history_of(events, account_columns(settings)), Rules(settings))
    return dict(zip(FACT_NAMES, fact_values(account.at(as_of)), strict=True))


def fact_table(portfolio: Portfolio, snapshots: pa.Table) -> pa.Table:
    """The numbers of `FACT_COLUMNS` for every snapshot, the same as `fact_row`.

    Args:
        portfolio: whose tables are read.
        snapshots: customer_id, as_of (µs since 1970 UTC), in any order.

    Returns:
        customer_id, as_of and one float64 column per fact, in the order of
        `snapshots`; unknown is NaN.
    """
    import pyarrow as pa

    values = fact_numbers(portfolio, snapshots)
    facts = {
        name: pa.array(np.ascontiguousarray(values[:, i]))
        for i, name in enumerate(FACT_NAMES)
    }
    keys = {name: snapshots[name] for name in ("customer_id", "as_of")}
    return pa.table(keys | facts)


def fact_numbers(portfolio: Portfolio, snapshots: pa.Table) -> FloatArray:
    """The facts of `fact_table` as an array of shape (snapshots, facts)."""
    numbers, places = array("d"), array("q")
    first = min(snapshots["as_of"].to_pylist(), default=FOREVER)
    for place, standing in _standings(portfolio, snapshots, Account.at, first):
        places.append(place)
        numbers.extend(fact_values(standing))
    shape = (snapshots.num_rows, len(FACT_NAMES))
    values = np.empty(shape)
    values[np.array(places, np.int64)] = np.array(numbers).reshape(shape)
    return values


def snapshot_keys(snapshots: pa.Table) -> Iterator[tuple[str, int]]:
    """Customer and moment (µs since 1970 UTC) of each row."""
    ids, moments = (snapshots[name].to_pylist() for name in ("customer_id", "as_of"))
    return zip(ids, moments, strict=True)


class PassingFacts:
    """The numbers of accounts at a few dates, while somebody goes through them anyway.

    Args:
        dates: when they are wanted, µs since 1970 UTC.
        reads_usage: whether a number that is wanted is made from usage.
        at_once: so many snapshots are held until `full` is called, which takes them
            (`taken`); without it all are held.
        full: see there.
    """

    def __init__(
        self,
        dates: Collection[int],
        *,
        reads_usage: bool = True,
        at_once: int | None = None,
        full: Callable[[], None] = lambda: None,
    ) -> None:
        self.dates = frozenset(dates)
        self._reads_usage = reads_usage
        self._at_once, self._full = at_once, full
        self._numbers = array("d")
        self._places: dict[tuple[str, int], int] = {}

    @property
    def since(self) -> int:
        """The first moment at which usage is looked at; FOREVER: none."""
        return min(self.dates, default=FOREVER) if self._reads_usage else FOREVER

    def look(self, account: Account, standing: Standing) -> None:
        """Note the numbers of what `Account.owing` just returned, if they are wanted.

        The account must have its usage from `since` on.
        """
        if standing.as_of in self.dates:
            account.complete(standing)
            key = account.history.customer_id, standing.as_of
            self._places[key] = len(self._places)
            self._numbers.extend(fact_values(standing))
            if len(self._places) == self._at_once:
                self._full()

    def of(self, snapshots: pa.Table) -> FloatArray | None:
        """What `fact_numbers` gives; None where one of the snapshots was not seen."""
        places = [self._places.get(key) for key in snapshot_keys(snapshots)]
        if None in places:
            return None
        chosen: FloatArray = self._rows()[np.array(places, np.int64)]
        return chosen

    def taken(self) -> tuple[list[tuple[str, int]], FloatArray]:
        """What was seen since the last time, which is held no longer.

        Returns:
            Customer and moment (µs since 1970 UTC) of n snapshots in the order in which
            they were seen, and (n, facts) as `fact_numbers` has them.
        """
        seen = list(self._places), self._rows()
        self._places, self._numbers = {}, array("d")
        return seen

    def _rows(self) -> FloatArray:
        return np.array(self._numbers).reshape(-1, len(FACT_NAMES))


def debt_table(portfolio: Portfolio, snapshots: pa.Table) -> pa.Table:
    """`open` and `days_overdue` as `fact_table` has them, for a part of its price.

    Args:
        portfolio: whose tables are read.
        snapshots: customer_id, as_of (µs since 1970 UTC), in any order.

    Returns:
        customer_id, as_of, open (major units) and days_overdue, float64, in the order
        of `snapshots`; unknown is NaN.
    """
    import pyarrow as pa

    debts = np.empty((2, snapshots.num_rows))
    owing = _standings(portfolio, snapshots, Account.owing, FOREVER)
    for place, standing in owing:
        debt = (standing.open, standing.days_overdue)
        debts[:, place] = [np.nan if value is None else value for value in debt]
    keys = {name: snapshots[name] for name in ("customer_id", "as_of")}
    money, days = pa.array(debts[0] / UNITS), pa.array(debts[1])
    return pa.table(keys | {"open": money, "days_overdue": days})


def _standings(
    portfolio: Portfolio,
    snapshots: pa.Table,
    look: Callable[[Account, int], Standing],
    usage_since: int,
) -> Iterator[tuple[int, Standing]]:
    """How each customer stands at each snapshot, with the snapshot's row number.

    A standing is valid until the next one is asked for: the ledger in it moves on.
    """
    rules = Rules(portfolio.settings)
    by_customer: dict[str, list[tuple[int, int]]] = {}
    ids, moments = snapshots["customer_id"], snapshots["as_of"].to_pylist()
    for place, (customer_id, as_of) in enumerate(
        zip(ids.to_pylist(), moments, strict=True)
    ):
        by_customer.setdefault(customer_id, []).append((as_of, place))
    for history in histories(portfolio, sorted(by_customer), usage_since):
        account = Account(history, rules)
        for as_of, place in sorted(by_customer[history.customer_id]):
            yield place, look(account, as_of)
