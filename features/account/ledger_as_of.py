"""What the ledger knows as of a moment: rows become items, and time moves on.

For most customers the next `as_of` only appends: what became known also happened
after all that is posted. A late row, a correction, a retraction or a return breaks
that, and then the ledger is made anew. Both ways give the same ledger.
"""

from bisect import bisect_right
from collections.abc import Sequence
from operator import attrgetter
from typing import Generic, Protocol

from features.account.disputes import Dispute, claimed_parts
from features.account.rows import AnyRow, InvoiceRow, PaymentRow, known
from features.events import FOREVER
from features.invoice import (
    INVOICE,
    KINDS,
    LOST,
    NO_AMOUNT,
    OPENED,
    PAYMENT,
    REFUND,
    Item,
)
from features.ledger import Ledger
from features.moments import LocalDays

_PROGRESS = {"pending": 0, "failed": 1, "succeeded": 2, "returned": 3}


class LedgerAsOf:
    """The ledger of one customer, moved forward from one `as_of` to the next.

    Args:
        invoices, payments: all rows, in any order.
        rounding: a rest of at most so much is nobody's (see `Ledger`).
    """

    __slots__ = (
        "_as_of",
        "_days",
        "_disputes",
        "_feeds",
        "_has_lost",
        "_invoices",
        "_payments",
        "_refunded",
        "_rounding",
        "ledger",
        "pending",
        "state",
    )

    def __init__(
        self,
        invoices: list[InvoiceRow],
        payments: list[PaymentRow],
        days: LocalDays,
        rounding: int = 0,
    ) -> None:
        self._invoices, self._payments, self._days = invoices, payments, days
        self._feeds: tuple[_Feed[InvoiceRow], _Feed[PaymentRow]] | None = None
        self._rounding = rounding
        self._as_of: int | None = None
        self._disputes: Sequence[Dispute] = ()
        self._has_lost = False
        self._open_books()

    def _open_books(self) -> None:
        self.ledger = Ledger(self._days.day, self._rounding)
        self.pending: dict[str, PaymentRow] = {}  # payments on their way, by id
        self.state: dict[str, PaymentRow] = {}  # the latest status row of each payment
        self._refunded: set[str] = set()  # payments with a refund in the ledger

    def move_to(self, as_of: int, disputes: Sequence[Dispute] = ()) -> Ledger:
        """The ledger as of a moment; later moments are cheaper than earlier ones.

        Args:
            as_of: µs since 1970 UTC.
            disputes: all that are known then; the same sequence while none changes.
        """
        if (
            self._as_of is None
            or disputes is not self._disputes
            or not self._append(self._as_of, as_of)
        ):
            self._disputes = disputes
            if self._as_of is not None:
                self._open_books()
            invoices = known(self._invoices, as_of)
            lost = self._lost(invoices) if disputes else []
            self._take(invoices, known(self._payments, as_of), lost)
            self._has_lost = bool(lost)
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
        rows = invoices.between(since, as_of), payments.between(since, as_of)
        if self._has_lost and self._moves_what_was_contested(*rows):
            return False
        return self._take(*rows)

    def _moves_what_was_contested(
        self, invoices: list[InvoiceRow], payments: list[PaymentRow]
    ) -> bool:
        """Whether a lost dispute may have been about another sum, by what is new.

        That is so for an invoice it names, and for a payment that came back: what the
        ledger says of them is not only what happened after all that is posted.
        """
        named = {d.invoice_id for d in self._disputes if d.lost_at is not None}
        returned = self.ledger.returned
        return any(row.invoice_id in named for row in invoices) or any(
            row.status == "returned" or row.payment_id in returned for row in payments
        )

    def _take(
        self,
        invoices: list[InvoiceRow],
        payments: list[PaymentRow],
        lost: Sequence[Item] = (),
    ) -> bool:
        """Posts newly known rows; False (the books are spoilt) if they rewrite."""
        if not invoices and not payments:
            return True
        items = [_document(row) for row in invoices]
        changed, refunds = self._changed(payments)
        if changed is None:
            return False
        is_noted = bool(self.pending or self.ledger.returned)
        for payment_id, row in changed.items():
            if row.status == "succeeded":
                items.append(_payment(row))
                if is_noted:
                    self._note(payment_id, row)
            else:
                self._note(payment_id, row)
        if refunds:
            items.extend(self._refund(row) for row in refunds)
        items.extend(lost)
        if not self.ledger.continues_with(items):
            return False
        self.ledger.post(items, self._contest if lost else None)
        return True

    def _note(self, payment_id: str, row: PaymentRow) -> None:
        """Remembers which payments are on their way, and which came back."""
        if row.status == "pending":
            self.pending[payment_id] = row
        elif self.pending:
            self.pending.pop(payment_id, None)
        if row.status == "returned":
            came_back = row.invoice_id, row.amount, row.event_at
            self.ledger.returned[payment_id] = came_back
        elif self.ledger.returned:
            self.ledger.returned.pop(payment_id, None)

    def _changed(
        self, payments: list[PaymentRow]
    ) -> tuple[dict[str, PaymentRow] | None, list[PaymentRow]]:
        """The payments whose state new rows change, with their new row; refunds.

        None instead where what is posted already changes.
        """
        changed: dict[str, PaymentRow] = {}
        refunds = []
        state = self.state
        for row in payments:
            if row.status == "refunded":
                refunds.append(row)
                continue
            payment_id = row.payment_id
            before = state.get(payment_id)
            if before is None or stage(row) > stage(before):
                is_posted = before is not None and before.status == "succeeded"
                if is_posted and payment_id not in changed:
                    return None, refunds
                state[payment_id] = changed[payment_id] = row
        if self._refunded and not self._refunded.isdisjoint(changed):
            return None, refunds
        return changed, refunds

    def _refund(self, row: PaymentRow) -> Item:
        """A refund, never before its payment; of money that never came: goodwill."""
        at, payment_id, money = row.event_at, row.payment_id, row.amount
        self._refunded.add(payment_id)
        paid = self.state.get(payment_id)
        if paid is None or paid.status != "succeeded":
            return (at, REFUND, payment_id, money, None, 0, 0, None)
        at = max(at, paid.event_at)
        named, amount = paid.invoice_id, paid.amount
        return (at, REFUND, payment_id, money, named, amount, 0, None)

    def _lost(self, invoices: list[InvoiceRow]) -> list[Item]:
        """Billing disputes that were lost: when they contested, and when they ended.

        One that names an invoice contests it from its issue on.
        """
        issued: dict[str | None, int] = {
            row.invoice_id: row.event_at
            for row in invoices
            if KINDS[row.kind] == INVOICE
        }
        items: list[Item] = []
        for dispute in self._disputes:
            if dispute.lost_at is None or dispute.kind != "billing":
                continue
            name, amount = dispute.invoice_id, dispute.amount
            since = max(dispute.opened_at, issued.get(name, dispute.opened_at))
            lost_at = max(dispute.lost_at, since)
            stated = NO_AMOUNT if amount is None else amount
            items.append((since, OPENED, dispute.id, 0, None, 0, 0, None))
            items.append((lost_at, LOST, dispute.id, stated, name, since, 0, None))
        return items

    def _contest(self, dispute_id: str, at: int) -> dict[str, int]:
        """What of each invoice a dispute contests when it is opened."""
        debts = [(invoice, invoice.remainder) for invoice in self.ledger.open]
        running = [d for d in self._disputes if d.id == dispute_id or d.is_open_at(at)]
        opened = next(d for d in running if d.id == dispute_id)
        return claimed_parts(opened, debts, running, self.ledger)


class _Feed(Generic[AnyRow]):
    """Rows in the order in which they became known."""

    __slots__ = ("_known_at", "_losses", "_rows")

    def __init__(self, rows: list[AnyRow]) -> None:
        self._rows = sorted(rows, key=attrgetter("known_at"))
        self._known_at = [row.known_at for row in self._rows]
        spans = [(row.known_at, row.superseded_at) for row in rows]
        self._losses = [end for start, end in spans if end != FOREVER and start < end]

    def loses(self, since: int, as_of: int) -> bool:
        """Whether a row ended (corrected or retracted) in (since, as_of]."""
        return bool(self._losses) and any(
            since < loss <= as_of for loss in self._losses
        )

    def between(self, since: int, as_of: int) -> list[AnyRow]:
        """Rows that became known in (since, as_of] and still stand at `as_of`."""
        first = bisect_right(self._known_at, since)
        last = bisect_right(self._known_at, as_of)
        return [row for row in self._rows[first:last] if as_of < row.superseded_at]


class _Status(Protocol):
    """A status of a payment."""

    @property
    def known_at(self) -> int:
        """Microseconds since 1970 UTC."""
        ...

    @property
    def event_at(self) -> int:
        """Microseconds since 1970 UTC."""
        ...

    @property
    def status(self) -> str:
        """A word of the contract's `payments.status`."""
        ...


def _document(row: InvoiceRow) -> Item:
    kind = KINDS[row.kind]
    return (
        row.event_at,
        kind,
        row.invoice_id,
        row.amount,
        None if kind == INVOICE else row.applies_to,
        row.due_at,
        row.due_on,
        row.subscription_id,
    )


def _payment(row: PaymentRow) -> Item:
    at, named = row.event_at, row.invoice_id
    return (at, PAYMENT, row.payment_id, row.amount, named, 0, 0, None)


def stage(row: _Status) -> tuple[int, int, int]:
    """Orders the status rows of one payment; the last one is its state.

    Of one moment the row further along stands, whenever it became known.
    """
    return row.event_at, _PROGRESS[row.status], row.known_at
