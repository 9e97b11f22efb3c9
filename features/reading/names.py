"""Columns that say something of one another, and numbers that can hardly be meant.

Which column names a row of which table: CONTRACT section 1, "References".
"""

from collections.abc import Collection
from typing import NamedTuple


class Reference(NamedTuple):
    """A column of `table` with the `id` of a row of `other`.

    Of `invoices` only invoices can be named, no credit note and no write-off.
    """

    table: str
    column: str
    other: str
    id: str

    @property
    def unknown(self) -> str:
        """What becomes of rows that name one nobody knows.

        What is owed, used or protected stays so without its subscription.
        """
        if self.other == "subscriptions":
            return "they count, but for no subscription"
        return "they act on nothing"


REFERENCES = (
    Reference("invoices", "applies_to", "invoices", "invoice_id"),
    Reference("payments", "invoice_id", "invoices", "invoice_id"),
    Reference("disputes", "invoice_id", "invoices", "invoice_id"),
    Reference("disputes", "payment_id", "payments", "payment_id"),
    Reference("contacts", "invoice_id", "invoices", "invoice_id"),
    *(
        Reference(table, "subscription_id", "subscriptions", "subscription_id")
        for table in ("invoices", "usage", "contacts", "holds", "actions")
    ),
)
# of one moment the undoing may have come first (CONTRACT section 1, "Ties")
UNDONE = (
    ("actions", "action", ("suspend", "block"), "reactivate"),
    ("outcomes", "kind", ("fraud",), "fraud_cleared"),
)


class PlausibleRange(NamedTuple):
    """A number below `low` or above `high` can hardly be meant: `what` it is then."""

    table: str
    column: str
    low: float
    high: float
    what: str


DUE_BEFORE_ISSUE = "a due date before their issue"  # of invoices
# whoever acts with propensity 0 does not act; a billion is more than anybody buys
PLAUSIBLE = (
    PlausibleRange("subscriptions", "quantity", 0, 1e9, "a quantity outside [0, 1e9]"),
    PlausibleRange("actions", "propensity", 1e-12, 1, "a propensity outside (0, 1]"),
)


def ignored_column(table: str, name: str, known: Collection[str]) -> str:
    """A warning; systems that write names in capitals are common."""
    near = name.lower()
    meant = f"; did you mean {near}? Capitals count" if near in known else ""
    return f"{table}: column {name!r} is not in the contract and was ignored{meant}"
