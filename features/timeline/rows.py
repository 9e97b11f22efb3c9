"""For the timeline: a `History`, with the holds, alerts and outcomes beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from features.account.history import History
from features.account.many import rows_by_customer
from features.account.rows import Row

if TYPE_CHECKING:
    from features.portfolio import Portfolio


class VersionRow(Row, frozen=True):
    """Of `customers`."""

    subject_kind: str | None


class HoldRow(Row, frozen=True):
    """Of `holds`, or of `overrides`; `until` is MISSING where it has no end."""

    until: int


class AlertRow(Row, frozen=True):
    alert_id: str
    status: str | None
    resolved_reason: str | None


class OutcomeRow(Row, frozen=True):
    kind: str


@dataclass(frozen=True, slots=True)
class TimelineRows:
    """One customer's rows. Moments are µs since 1970 UTC.

    `history` has the tables that accounts are made from; the others change facts, but
    not what is owed.
    """

    history: History
    versions: Sequence[VersionRow]
    holds: Sequence[HoldRow]
    overrides: Sequence[HoldRow]
    alerts: Sequence[AlertRow]
    outcomes: Sequence[OutcomeRow]


class SideTables:
    """The small tables of a whole portfolio, read once and cut by customer."""

    def __init__(self, portfolio: Portfolio) -> None:
        tables = portfolio.tables
        self._versions = rows_by_customer(tables["customers"], VersionRow)
        self._holds = rows_by_customer(tables["holds"], HoldRow)
        self._overrides = rows_by_customer(tables["overrides"], HoldRow)
        self._alerts = rows_by_customer(tables["alerts"], AlertRow)
        self._outcomes = rows_by_customer(tables["outcomes"], OutcomeRow)

    def rows_of(self, history: History) -> TimelineRows:
        """All rows of the customer whose history it is."""
        customer_id = history.customer_id
        return TimelineRows(
            history=history,
            versions=self._versions.get(customer_id, ()),
            holds=self._holds.get(customer_id, ()),
            overrides=self._overrides.get(customer_id, ()),
            alerts=self._alerts.get(customer_id, ()),
            outcomes=self._outcomes.get(customer_id, ()),
        )
