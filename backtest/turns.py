"""When a customer's account facts can change, so that they are made anew only then.

Between two turns only clocks move, and clocks are moved by `advanced`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import chain
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from backtest.changed import changed
from features.account.history import History
from features.account.rows import ContactRow, Row
from features.account.standing import Rules
from features.events import FOREVER, MISSING
from features.facts import AccountFacts
from features.moments import DAY_US

_YEAR_US = 365 * DAY_US


class HoldRow(Row, frozen=True):
    until: int


class AlertRow(Row, frozen=True):
    alert_id: str
    status: str | None
    resolved_reason: str | None


class OutcomeRow(Row, frozen=True):
    kind: str


class OtherRows(NamedTuple):
    """Rows of one customer that change facts, but not what is owed."""

    holds: Sequence[HoldRow]
    alerts: Sequence[AlertRow]
    outcomes: Sequence[OutcomeRow]


def turns(
    history: History,
    others: OtherRows,
    rules: Rules,
    *,
    with_notices: bool,
) -> list[int]:
    """Moments from which a customer's facts may differ, in any order.

    Args:
        history: the rows accounts are made from; usage is left out, because it is
            looked at again with the scores.
        others: rows that change facts, but not what is owed.
        rules: of the portfolio.
        with_notices: whether recorded notices count.
    """
    found = set(_known(history, others, with_notices=with_notices))
    found.update(_clocks(history, others, rules))
    found.discard(FOREVER)
    return [moment for moment in found if moment != MISSING]


def _known(history: History, others: OtherRows, *, with_notices: bool) -> Iterator[int]:
    rows = chain[Row](
        history.customers,
        history.invoices,
        history.payments,
        history.disputes,
        history.subscriptions,
        history.ageing,
        others.holds,
        others.alerts,
        others.outcomes,
    )
    for row in rows:
        yield row.known_at
        yield row.superseded_at
    for contact in history.contacts:
        if with_notices or not contact.kind.startswith("notice_"):
            yield contact.known_at
            yield contact.superseded_at


def _clocks(history: History, others: OtherRows, rules: Rules) -> Iterator[int]:
    """Facts that change although nothing becomes known."""
    for invoice in history.invoices:
        if invoice.due_on != MISSING:
            yield rules.days.start(invoice.due_on + 1)
    for payment in history.payments:
        if payment.status == "pending":
            yield payment.event_at + rules.settlement_us(payment.method) + 1
    for change in history.subscriptions:
        yield change.effective_at
    yield from _promises(history.contacts)
    for hold in others.holds:
        if hold.until != MISSING:
            yield hold.until + 1


def _promises(contacts: Sequence[ContactRow]) -> Iterator[int]:
    for row in contacts:
        if row.until != MISSING:
            yield row.until + 1
        if row.kind == "promise_made":
            yield row.event_at + _YEAR_US


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
