"""What the ledger knows as of a moment: rows become items, and time moves on.

For most customers the next `as_of` only appends: what became known also happened
after all that is posted. A late row, a correction, a retraction or a return breaks
that, and then the ledger is made anew. Both ways give the same ledger.
"""

from bisect import bisect_right
from collections.abc import Sequence

from features.account.disputes import Dispute, contested_parts
from features.account.known import KnownRows, Row, known
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

__all__ = ["Books", "KnownRows", "Row", "known", "stage"]

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


class Books:
    """The ledger of one customer, moved forward from one `as_of` to the next.

    Args:
        invoices, payments: rows of `INVOICE_COLUMNS` and `PAYMENT_COLUMNS`.
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
        "ledger",
        "pending",
        "state",
    )

    def __init__(
        self, invoices: list[Row], payments: list[Row], days: LocalDays
    ) -> None:
        self._invoices, self._payments, self._days = invoices, payments, days
        self._feeds: tuple[_Feed, _Feed] | None = None
        self._as_of: int | None = None
        self._disputes: Sequence[Dispute] = ()
        self._has_lost = False
        self._open_books()

    def _open_books(self) -> None:
        self.ledger = Ledger(self._days.day)
        self.pending: dict[str, Row] = {}  # payments on their way, by id
        self.state: dict[str, Row] = {}  # the latest status row of each payment
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
        told = invoices.between(since, as_of), payments.between(since, as_of)
        if self._has_lost and self._moves_what_was_contested(*told):
            return False
        return self._take(*told)

    def _moves_what_was_contested(
        self, invoices: list[Row], payments: list[Row]
    ) -> bool:
        """Whether a lost dispute may have been about another sum, by what is new.

        That is so for an invoice it names, and for a payment that came back: what the
        ledger says of them is not only what happened after all that is posted.
        """
        named = {d.invoice_id for d in self._disputes if d.lost_at is not None}
        returned = self.ledger.returned
        return any(row[3] in named for row in invoices) or any(
            row[4] == "returned" or row[3] in returned for row in payments
        )

    def _take(
        self, invoices: list[Row], payments: list[Row], lost: Sequence[Item] = ()
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
            if row[4] == "succeeded":
                items.append((row[2], PAYMENT, payment_id, row[5], row[7], 0, 0, None))
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

    def _note(self, payment_id: str, row: Row) -> None:
        """Remembers which payments are on their way, and which came back."""
        if row[4] == "pending":
            self.pending[payment_id] = row
        elif self.pending:
            self.pending.pop(payment_id, None)
        if row[4] == "returned":
            self.ledger.returned[payment_id] = row[7], row[5], row[2]
        elif self.ledger.returned:
            self.ledger.returned.pop(payment_id, None)

    def _changed(self, payments: list[Row]) -> tuple[dict[str, Row] | None, list[Row]]:
        """The payments whose state new rows change, with their new row; refunds.

        None instead where what is posted already changes.
        """
        changed: dict[str, Row] = {}
        refunds = []
        state = self.state
        for row in payments:
            if row[4] == "refunded":
                refunds.append(row)
                continue
            payment_id = row[3]
            before = state.get(payment_id)
            if before is None or stage(row) > stage(before):
                is_posted = before is not None and before[4] == "succeeded"
                if is_posted and payment_id not in changed:
                    return None, refunds
                state[payment_id] = changed[payment_id] = row
        if self._refunded and not self._refunded.isdisjoint(changed):
            return None, refunds
        return changed, refunds

    def _refund(self, row: Row) -> Item:
        """A refund, never before its payment; of money that never came: goodwill."""
        _, _, at, payment_id, _, money, *_ = row
        self._refunded.add(payment_id)
        paid = self.state.get(payment_id)
        if paid is None or paid[4] != "succeeded":
            return (at, REFUND, payment_id, money, None, 0, 0, None)
        at = max(at, paid[2])
        return (at, REFUND, payment_id, money, paid[7], paid[5], 0, None)

    def _lost(self, invoices: list[Row]) -> list[Item]:
        """Billing disputes that were lost: when they contested, and when they ended.

        One that names an invoice contests it from its issue on.
        """
        issued = {row[3]: row[2] for row in invoices if KINDS[row[4]] == INVOICE}
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
        return {
            invoice.id: part
            for dispute, invoice, part in contested_parts(debts, running, self.ledger)
            if dispute.id == dispute_id
        }


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
    return (at, kind, document_id, amount, names, due_at, due_on, subscription)


def stage(row: Row) -> tuple[int, int, int]:
    """Orders the status rows of one payment; the last one is its state.

    Of one moment the row further along stands, whenever it became known.
    """
    return row[2], _PROGRESS[row[4]], row[0]
