"""A customer's rows as plain tuples, the form in which the kernel reads them.

A hundred short arrays cost more to look into than to copy once, so one customer's
`Events` and slices of a whole portfolio both become lists of tuples here.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from features.account.books import INVOICE_COLUMNS, PAYMENT_COLUMNS, Row
from features.account.contacts import CONTACT_COLUMNS
from features.account.disputes import DISPUTE_COLUMNS
from features.account.stake import SUBSCRIPTION_COLUMNS, USAGE_COLUMNS
from features.events import Events
from features.settings import PortfolioSettings

_CUSTOMER_COLUMNS = (
    "known_at",
    "superseded_at",
    "event_at",
    "created_at",
    "monthly_margin",
    "expected_lifetime_months",
)
_AGEING_COLUMNS = ("known_at", "superseded_at", "event_at", "balance", "days_past_due")

Usage = tuple[Sequence[int], Sequence[int], Sequence[int], Sequence[int]]


class History:
    """The rows of one customer by table; `usage` as four columns."""

    __slots__ = ("_places", "_rows", "customer_id", "usage")

    def __init__(
        self,
        customer_id: str,
        rows: Mapping[str, list[Row]],
        usage: Usage,
        columns: Mapping[str, tuple[str, ...]],
    ) -> None:
        self.customer_id, self._rows, self.usage = customer_id, rows, usage
        self._places = columns["customers"]

    def __getitem__(self, table: str) -> list[Row]:
        return self._rows[table]

    def place_of(self, column: str) -> int:
        """Where in a row of `customers` a column stands."""
        return self._places.index(column)


def account_columns(settings: PortfolioSettings) -> Mapping[str, tuple[str, ...]]:
    """The tables that accounts are made from, with the columns read, in order."""
    return {
        "customers": (*_CUSTOMER_COLUMNS, *settings.exposure_columns),
        "invoices": INVOICE_COLUMNS,
        "payments": PAYMENT_COLUMNS,
        "disputes": DISPUTE_COLUMNS,
        "contacts": CONTACT_COLUMNS,
        "subscriptions": SUBSCRIPTION_COLUMNS,
        "ageing": _AGEING_COLUMNS,
        "usage": USAGE_COLUMNS,
    }


def history_of(events: Events, columns: Mapping[str, tuple[str, ...]]) -> History:
    """One customer's events as rows."""
    rows: dict[str, list[Row]] = {}
    usage: list[list[Any]] = []
    for table, names in columns.items():
        arrays = events.tables[table]
        if table == "usage":
            usage = [arrays[name].tolist() for name in names]
        elif len(arrays["known_at"]):
            rows[table] = list(
                zip(*[arrays[name].tolist() for name in names], strict=True)
            )
        else:
            rows[table] = []
    event_at, known_at, superseded_at, cost = usage
    used = (event_at, known_at, superseded_at, cost)
    return History(events.customer_id, rows, used, columns)
