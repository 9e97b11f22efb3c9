"""The row classes that a `History` is made of, and which of them exist as of a moment.

Moments are µs since 1970 UTC, money ten-thousandths; a missing moment, day or amount is
`MISSING`, a missing number NaN, a missing text None, as in `Events`. The fields of each
class are columns of a table of the contract.
"""

from collections.abc import Iterable
from typing import Generic, TypeVar

from msgspec import Struct

from features.events import FOREVER


class Row(Struct, frozen=True, gc=False):  # cells are never part of a cycle
    """What every row has: it exists from `known_at` until `superseded_at`."""

    known_at: int
    superseded_at: int
    event_at: int


class CustomerRow(Row, frozen=True):
    """A version of the customer; `stated` are the columns that `exposure` names."""

    created_at: int
    monthly_margin: int
    expected_lifetime_months: float
    stated: tuple[int, ...] = ()


class InvoiceRow(Row, frozen=True):
    """A document: an invoice, a credit note or a write-off."""

    invoice_id: str
    kind: str | None
    amount: int
    applies_to: str | None
    due_at: int
    due_on: int
    subscription_id: str | None


class PaymentRow(Row, frozen=True):
    """A status of a payment, or a refund of it."""

    payment_id: str
    status: str
    amount: int
    method: str | None
    invoice_id: str | None


class DisputeRow(Row, frozen=True):
    """A status of a dispute."""

    dispute_id: str
    kind: str
    status: str
    amount: int
    invoice_id: str | None
    payment_id: str | None


class ContactRow(Row, frozen=True):
    """A notice and what became of it, a promise, an appeal."""

    kind: str
    notice: str | None
    notice_id: str | None
    promise_id: str | None
    amount: int
    until: int
    policy: str | None
    invoice_id: str | None
    subscription_id: str | None

    @property
    def about(self) -> tuple[str | None, str | None]:
        """The invoice and the subscription that it is about."""
        return self.invoice_id, self.subscription_id


class SubscriptionRow(Row, frozen=True):
    """A change of a subscription."""

    subscription_id: str
    kind: str
    effective_at: int
    product: str | None
    billing: str | None
    quantity: float
    unit_price: int
    commitment_ends_at: int
    cancel_window_ends_at: int
    is_trial: float


class AgeingRow(Row, frozen=True):
    """A periodic report of what is owed; a negative balance is credit."""

    balance: int
    days_past_due: float


AnyRow = TypeVar("AnyRow", bound=Row)


def known(rows: Iterable[AnyRow], as_of: int) -> list[AnyRow]:
    """The rows that exist as of a moment."""
    return [row for row in rows if row.known_at <= as_of < row.superseded_at]


class KnownRows(Generic[AnyRow]):
    """A table's rows as of a moment, remembered until one appears or ends."""

    __slots__ = ("_as_of", "_changes_at", "_rows", "known")

    def __init__(self, rows: list[AnyRow]) -> None:
        self._rows = rows
        self._as_of: int | None = None
        self._changes_at: int | None = None  # the next time after `_as_of`
        self.known: list[AnyRow] = []

    def move_to(self, as_of: int) -> bool:
        """Whether `known` had to be made anew."""
        if not self._rows or self._is_as_before(as_of):
            return False
        self.known = known(self._rows, as_of)
        self._as_of, self._changes_at = as_of, None
        return True

    def _is_as_before(self, as_of: int) -> bool:
        """Whether nothing changes from the last moment on to this one."""
        since = self._as_of
        if since is None or as_of < since:
            return False
        if self._changes_at is None:
            moments = ((row.known_at, row.superseded_at) for row in self._rows)
            changes = (at for pair in moments for at in pair if at > since)
            self._changes_at = min(changes, default=FOREVER)
        return as_of < self._changes_at
