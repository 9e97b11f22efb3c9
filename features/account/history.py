"""All rows of one customer by table, as `account` reads them: `History`, from `Events`.

A hundred short arrays cost more to look into than to copy once, so one customer's
`Events` and slices of a whole portfolio both become lists of rows here. Only usage,
which may have thousands of rows, stays as it is.
"""

from collections.abc import Mapping, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from features.account.rows import (
    AgeingRow,
    ContactRow,
    CustomerRow,
    DisputeRow,
    InvoiceRow,
    PaymentRow,
    Row,
    SubscriptionRow,
)
from features.account.usage_log import USAGE_COLUMNS, UsageLog
from features.events import Events
from features.settings import PortfolioSettings

# The columns of customers that are always read; those that `exposure` names follow
_CUSTOMER_COLUMNS = CustomerRow.__struct_fields__[:-1]
ROW_TYPES: Mapping[str, type[Row]] = {
    "invoices": InvoiceRow,
    "payments": PaymentRow,
    "disputes": DisputeRow,
    "contacts": ContactRow,
    "subscriptions": SubscriptionRow,
    "ageing": AgeingRow,
}


class History(NamedTuple):
    """The rows of one customer by table, in the order of `Events`.

    `usage` is its sums over time.
    """

    customer_id: str
    customers: list[CustomerRow]
    invoices: list[InvoiceRow]
    payments: list[PaymentRow]
    disputes: list[DisputeRow]
    contacts: list[ContactRow]
    subscriptions: list[SubscriptionRow]
    ageing: list[AgeingRow]
    usage: UsageLog


def account_columns(settings: PortfolioSettings) -> Mapping[str, tuple[str, ...]]:
    """The tables that accounts are made from, with the columns read, in order."""
    return {
        "customers": (*_CUSTOMER_COLUMNS, *settings.exposure_columns),
        **{table: row.__struct_fields__ for table, row in ROW_TYPES.items()},
        "usage": USAGE_COLUMNS,
    }


def named_rows(table: str, columns: Sequence[Sequence[Any]]) -> list[Any]:
    """Cells column by column → the rows of a table of `account_columns`."""
    if table != "customers":
        return list(map(ROW_TYPES[table], *columns))
    n_own = len(_CUSTOMER_COLUMNS)
    stated = zip(*columns[n_own:], strict=True) if columns[n_own:] else repeat(())
    return list(map(CustomerRow, *columns[:n_own], stated))


def history_of(events: Events, columns: Mapping[str, tuple[str, ...]]) -> History:
    """One customer's events as rows."""
    rows: dict[str, list[Any]] = {}
    for table, names in columns.items():
        arrays = events.tables[table]
        if table == "usage":
            continue
        rows[table] = []
        if len(arrays["known_at"]):
            rows[table] = named_rows(table, [arrays[name].tolist() for name in names])
    used = events.tables["usage"]
    usage = UsageLog(*(used[name] for name in USAGE_COLUMNS))
    return History(events.customer_id, **rows, usage=usage)
