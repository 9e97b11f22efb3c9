"""A customer's rows as plain tuples, the form in which the kernel reads them.

A hundred short arrays cost more to look into than to copy once, so one customer's
`Events` and slices of a whole portfolio both become lists of tuples here. Only usage,
which may have thousands of rows, stays as it is.
"""

from collections.abc import Mapping

from features.account.books import INVOICE_COLUMNS, PAYMENT_COLUMNS, Row
from features.account.contacts import CONTACT_COLUMNS
from features.account.disputes import DISPUTE_COLUMNS
from features.account.stake import SUBSCRIPTION_COLUMNS, USAGE_COLUMNS, UsageColumns
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


class History:
    """The rows of one customer by table; `usage` as its four columns."""

    __slots__ = ("_places", "_rows", "customer_id", "usage")

    def __init__(
        self,
        customer_id: str,
        rows: Mapping[str, list[Row]],
        usage: UsageColumns,
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
    for table, names in columns.items():
        arrays = events.tables[table]
        if len(arrays["known_at"]) and table != "usage":
            cells = [arrays[name].tolist() for name in names]
            rows[table] = list(zip(*cells, strict=True))
        else:
            rows[table] = []
    one, two, three, four = (events.tables["usage"][name] for name in USAGE_COLUMNS)
    return History(events.customer_id, rows, (one, two, three, four), columns)
