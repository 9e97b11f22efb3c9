"""Past suspensions and blocks: of which invoices, and what protects on the same day."""

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

import numpy as np

from features.account.account import Account
from features.account.standing import Standing
from features.contract import TABLES
from features.events import Events
from features.facts import ExecutedAction
from features.moments import microseconds, to_datetime


class _Late(NamedTuple):
    """An invoice that was overdue at a stop, as known then."""

    invoice_id: str
    subscription_id: str | None
    written_off: int


# Rows that speak for the customer, by table: a column and its values; None is any row
_PROTECTING: dict[str, tuple[str, frozenset[str]] | None] = {
    "invoices": ("kind", frozenset({"credit_note", "write_off"})),
    "payments": ("status", frozenset({"pending", "succeeded"})),
    "disputes": ("status", frozenset({"opened", "lost"})),
    "contacts": (
        "kind",
        frozenset({"promise_made", "appeal_opened", "notice_bounced"}),
    ),
    "holds": None,
    "overrides": None,
    "alerts": ("resolved_reason", frozenset({"legitimate", "ignore"})),
    "outcomes": ("kind", frozenset({"fraud_cleared"})),
}
# Where a row taken back or corrected today may have been what the customer owes
_OWING = ("invoices", "payments", "disputes", "contacts", "holds")

_TELLING = tuple(table for table in TABLES if table != "snapshots")


class Stops:
    """One customer's stops; what was overdue at each is found once.

    Args:
        events: the customer's rows.
        account: of the same rows.
    """

    def __init__(self, events: Events, account: Account) -> None:
        self._events, self._account, self.rules = events, account, account.rules
        self._known_at = _known_moments(events)
        # when rows of what is owed were taken back or corrected
        self._ended_at = {
            moment
            for table in _OWING
            for moment in events.tables[table]["superseded_at"].tolist()
        }
        self._overdue_at: dict[datetime, tuple[_Late, ...] | None] = {}

    def known_until(self, as_of: int) -> datetime | None:
        """When the latest of the rows known at `as_of` became known."""
        n = bisect_right(self._known_at, as_of)
        return to_datetime(self._known_at[n - 1]) if n else None

    def with_invoices(
        self, stops: Iterable[ExecutedAction]
    ) -> tuple[ExecutedAction, ...]:
        """Stops for non-payment with the invoices for which access was taken.

        Best asked before the account is moved to the present: it moves on from there.
        """
        return tuple(
            replace(stop, invoices=self._invoices(stop))
            if stop.reason == "nonpayment"
            else stop
            for stop in stops
        )

    def _invoices(self, stop: ExecutedAction) -> tuple[str, ...] | None:
        """Those overdue then, as known then; of its subscription where one is named.

        Where no overdue invoice names that subscription, those that name none.
        """
        overdue = self._overdue(stop.at)
        if overdue is None or stop.subscription_id is None:
            return None if overdue is None else tuple(one.invoice_id for one in overdue)
        theirs = stop.subscription_id
        found = tuple(o.invoice_id for o in overdue if o.subscription_id == theirs)
        return found or tuple(o.invoice_id for o in overdue if not o.subscription_id)

    def with_given_up(
        self, stops: tuple[ExecutedAction, ...], standing: Standing
    ) -> tuple[ExecutedAction, ...]:
        """Stops with what was written off since of the invoices they were for.

        What the customer has as credit now is taken off: who paid without naming an
        invoice, or whom a credit note forgave what was written off, owes none of it.

        Args:
            stops: as `with_invoices` gives them.
            standing: of the same account, now.
        """
        if not standing.written_off:
            return stops
        return tuple(
            replace(stop, given_up=self._given_up(stop, standing)) for stop in stops
        )

    def _given_up(self, stop: ExecutedAction, standing: Standing) -> int:
        if not stop.invoices:
            return 0
        now = standing.ledger.invoices
        before = {o.invoice_id: o.written_off for o in self._overdue(stop.at) or ()}
        lost = sum(
            now[name].written_off - before[name]  # below 0: paid for an earlier loss
            for name in stop.invoices
            if name in now
        )
        return max(0, lost - (standing.credit or 0))

    def _overdue(self, at: datetime) -> tuple[_Late, ...] | None:
        """Invoices overdue at a stop; None where invoices are not known."""
        if at not in self._overdue_at:
            late = self._account.overdue_invoices(microseconds(at))
            self._overdue_at[at] = (
                None
                if late is None
                else tuple(
                    _Late(one.id, one.subscription_id, one.written_off) for one in late
                )
            )
        return self._overdue_at[at]

    def protected_until(self, as_of: int) -> datetime | None:
        """The end of today where a protecting row has today's plain date.

        It is not known before its day is over, so nothing else here reads it: what is
        overdue stays overdue, and only what takes something away waits.
        """
        days = self.rules.days
        day_end = days.start(days.day(as_of) + 1) - 1
        if day_end <= as_of:
            return None
        known_at = self._known_at
        n = bisect_right(known_at, day_end)
        is_today = day_end in self._ended_at or (
            n > 0
            and known_at[n - 1] == day_end
            and any(_has_row_of(self._events, t, day_end) for t in _PROTECTING)
        )
        return to_datetime(day_end) if is_today else None


def _has_row_of(events: Events, table: str, day_end: int) -> bool:
    rows, protecting = events.tables[table], _PROTECTING[table]
    known_at = rows["known_at"]
    stamped = (known_at == day_end) & (rows["superseded_at"] > known_at)
    if protecting is None or not stamped.any():
        return bool(stamped.any())
    column, values = protecting
    return not values.isdisjoint(rows[column][stamped].tolist())


def _known_moments(events: Events) -> list[int]:
    """When each row became known, rising; `snapshots` say nothing of a customer."""
    moments = np.concatenate([events.tables[t]["known_at"] for t in _TELLING])
    moments.sort()
    rising: list[int] = moments.tolist()
    return rising
