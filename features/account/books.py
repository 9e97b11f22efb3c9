"""What the ledger knows as of a moment: rows become items, and time moves on.

For most customers the next `as_of` only appends: what became known also happened
after all that is posted. A late row, a correction, a retraction or a return breaks
that, and then the ledger is made anew. Both ways give the same ledger.
"""

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any

from features.events import FOREVER
from features.ledger import INVOICE, KINDS, PAYMENT, REFUND, Item, Ledger
from features.moments import LocalDays

Row = tuple[Any, ...]  # known_at, superseded_at, event_at, then the table's columns

INVOICE_COLUMNS = (
    "known_at",
    "superseded_at",
    "event_at",
    "invoice_id",
    "kind",
    "amount",
    "applies_to",
    "due_at",
    "due_on",
    "subscription_id",
)
PAYMENT_COLUMNS = (
    "known_at",
    "superseded_at",
    "event_at",
    "payment_id",
    "status",
    "amount",
    "method",
    "invoice_id",
)
_PROGRESS = {"pending": 0, "failed": 1, "succeeded": 2, "returned": 3}


def known(rows: Iterable[Row], as_of: int) -> list[Row]:
    """The rows that exist as of a moment."""
    return [row for row in rows if row[0] <= as_of < row[1]]


class KnownRows:
    """A table's rows as of a moment, remembered until one appears or ends."""

    __slots__ = ("_as_of", "_rows", "known")

    def __init__(self, rows: list[Row]) -> None:
        self._rows = rows
        self._as_of: int | None = None
        self.known: list[Row] = []

    def move_to(self, as_of: int) -> bool:
        """Whether `known` had to be made anew."""
        if not self._rows or (
            self._as_of is not None
            and as_of >= self._as_of
            and not self._changes_in(self._as_of, as_of)
        ):
            return False
        self.known = known(self._rows, as_of)
        self._as_of = as_of
        return True

    def _changes_in(self, since: int, as_of: int) -> bool:
        for row in self._rows:
            if since < row[0] <= as_of or since < row[1] <= as_of:
                return True
        return False


class Books:
    """The ledger of one customer, moved forward from one `as_of` to the next.

    Args:
        invoices, payments: rows of `INVOICE_COLUMNS` and `PAYMENT_COLUMNS`.
    """

    __slots__ = (
        "_as_of",
        "_days",
        "_feeds",
        "_invoices",
        "_payments",
        "_posted",
        "_state",
        "ledger",
        "pending",
    )

    def __init__(
        self, invoices: list[Row], payments: list[Row], days: LocalDays
    ) -> None:
        self._invoices, self._payments, self._days = invoices, payments, days
        self._feeds: tuple[_Feed, _Feed] | None = None
        self._as_of: int | None = None
        self._open_books()

    def _open_books(self) -> None:
        self.ledger = Ledger(self._days.day)
        self.pending: dict[str, Row] = {}  # payments on their way, by id
        self._state: dict[str, Row] = {}  # the latest status row of each payment
        self._posted: set[str] = set()  # payments in the ledger

    def move_to(self, as_of: int) -> Ledger:
        """The ledger as of a moment; later moments are cheaper than earlier ones."""
        if self._as_of is None or not self._append(self._as_of, as_of):
            self._open_books()
            self._take(known(self._invoices, as_of), known(self._payments, as_of))
        self._as_of = as_of
        return self.ledger

    def _append(self, since: int, as_of: int) -> bool:
        """Takes what became known in (since, as_of]; False when that cannot do."""
        if as_of < since:
            return False
        if self._feeds is None:
            self._feeds = _Feed(self._invoices), _Feed(self._payments)
        invoices, payments = self._feeds
        if invoices.loses(since, as_of) or payments.loses(since, as_of):
            return False
        return self._take(
            invoices.between(since, as_of), payments.between(since, as_of)
        )

    def _take(self, invoices: list[Row], payments: list[Row]) -> bool:
        """Posts newly known rows; False (the books are spoilt) if they rewrite."""
        if not invoices and not payments:
            return True
        items = [_document(row) for row in invoices if row[5]]  # 0 is ignored
        changed = {}
        for row in payments:
            payment_id = row[3]
            if row[4] == "refunded":
                items.append((row[2], 2, payment_id, REFUND, row[5], None, 0, 0, None))
                continue
            before = self._state.get(payment_id)
            if before is None or stage(row) > stage(before):
                self._state[payment_id] = changed[payment_id] = row
        for payment_id, row in changed.items():
            if payment_id in self._posted:
                return False
            self.pending.pop(payment_id, None)
            if row[4] == "succeeded":
                self._posted.add(payment_id)
                items.append(
                    (row[2], 1, payment_id, PAYMENT, row[5], row[7], 0, 0, None)
                )
            elif row[4] == "pending":
                self.pending[payment_id] = row
        if not self.ledger.continues_with(items):
            return False
        self.ledger.post(items)
        return True


class _Feed:
    """Rows in the order in which they became known."""

    __slots__ = ("_known_at", "_losses", "_rows")

    def __init__(self, rows: list[Row]) -> None:
        self._rows = sorted(rows, key=_known_at)
        self._known_at = [row[0] for row in self._rows]
        self._losses = [row[1] for row in rows if row[1] != FOREVER and row[0] < row[1]]

    def loses(self, since: int, as_of: int) -> bool:
        """Whether a row ended (corrected or retracted) in (since, as_of]."""
        return bool(self._losses) and any(
            since < loss <= as_of for loss in self._losses
        )

    def between(self, since: int, as_of: int) -> list[Row]:
        """Rows that became known in (since, as_of] and still stand at `as_of`."""
        first = bisect_right(self._known_at, since)
        last = bisect_right(self._known_at, as_of)
        return [row for row in self._rows[first:last] if as_of < row[1]]


def _known_at(row: Row) -> int:
    moment: int = row[0]
    return moment


def _document(row: Row) -> Item:
    _, _, at, document_id, kind, amount, applies_to, due_at, due_on, subscription = row
    kind = KINDS[kind]
    names = None if kind == INVOICE else applies_to
    return (at, 0, document_id, kind, amount, names, due_at, due_on, subscription)


def stage(row: Row) -> tuple[int, int, int]:
    """Orders the status rows of one payment; the last one is its state."""
    return row[2], row[0], _PROGRESS[row[4]]
