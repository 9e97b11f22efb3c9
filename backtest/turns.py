"""When a customer's account facts can change, so that they are made anew only then.

Between two turns only clocks move, and clocks are moved by `advanced`.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

import numpy as np
import numpy.typing as npt

from backtest.changed import changed
from features.account.books import Row
from features.account.history import History
from features.account.standing import Rules
from features.events import FOREVER, MISSING
from features.facts import AccountFacts
from features.moments import DAY_US

_TOLD = (
    "customers",
    "invoices",
    "payments",
    "disputes",
    "subscriptions",
    "ageing",
)
_DUE_ON = 8  # in rows of invoices
_STATUS, _METHOD = 4, 6  # in rows of payments
_KIND, _UNTIL = 3, 8  # in rows of contacts
_EFFECTIVE_AT = 5  # in rows of subscriptions
_HELD_UNTIL = 3  # in rows of holds, as asked for
_YEAR_US = 365 * DAY_US


def turns(
    history: History,
    others: Mapping[str, Sequence[Row]],
    rules: Rules,
    *,
    with_notices: bool,
) -> list[int]:
    """Moments from which a customer's facts may differ, in any order.

    Args:
        history: the rows accounts are made from; usage is left out, because it is
            looked at again with the scores.
        others: rows of `holds` (known, superseded, event, until), `alerts` and
            `outcomes` (known, superseded, …).
        rules: of the portfolio.
        with_notices: whether recorded notices count.
    """
    found = set(_known(history, others, with_notices=with_notices))
    found.update(_clocks(history, others, rules))
    found.discard(FOREVER)
    return [moment for moment in found if moment != MISSING]


def _known(
    history: History, others: Mapping[str, Sequence[Row]], *, with_notices: bool
) -> Iterator[int]:
    for table in _TOLD:
        for row in history[table]:
            yield row[0]
            yield row[1]
    for row in history["contacts"]:
        if with_notices or not row[_KIND].startswith("notice_"):
            yield row[0]
            yield row[1]
    for rows in others.values():
        for row in rows:
            yield row[0]
            yield row[1]


def _clocks(
    history: History, others: Mapping[str, Sequence[Row]], rules: Rules
) -> Iterator[int]:
    """Facts that change although nothing becomes known."""
    for row in history["invoices"]:
        if row[_DUE_ON] != MISSING:
            yield rules.days.start(int(row[_DUE_ON]) + 1)
    for row in history["payments"]:
        if row[_STATUS] == "pending":
            yield row[2] + rules.settlement_us(row[_METHOD]) + 1
    for row in history["subscriptions"]:
        yield row[_EFFECTIVE_AT]
    yield from _promises(history["contacts"])
    for row in others.get("holds", ()):
        if row[_HELD_UNTIL] not in (None, MISSING):
            yield row[_HELD_UNTIL] + 1


def _promises(contacts: Sequence[Row]) -> Iterator[int]:
    for row in contacts:
        if row[_UNTIL] != MISSING:
            yield row[_UNTIL] + 1
        if row[_KIND] == "promise_made":
            yield row[2] + _YEAR_US


def first_days(
    moments: Sequence[int], decided_at: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """Places of the decision days on which turns are first seen, each once."""
    places = np.searchsorted(decided_at, np.array(moments, dtype=np.int64))
    return np.unique(places[places < len(decided_at)])


def advanced(facts: AccountFacts, at: datetime, days: int) -> AccountFacts:
    """Facts of an earlier day as they are `days` local days later: only clocks move."""
    age = facts.report_age_days
    aged = None if age is None else age + (at - facts.as_of).total_seconds() / 86_400
    if not facts.days_overdue or facts.source == "ageing":
        return changed(facts, as_of=at, report_age_days=aged)
    items = tuple(
        changed(item, days_overdue=item.days_overdue + days)
        if item.days_overdue
        else item
        for item in facts.items
    )
    return changed(
        facts,
        as_of=at,
        report_age_days=aged,
        days_overdue=facts.days_overdue + days,
        items=items,
    )
