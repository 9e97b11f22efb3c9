"""The ledger: which money paid which invoice, and when (CONTRACT 2.1 to 2.4).

Documents, payments, refunds and lost disputes are posted in the order in which they
happened; of one moment in the order of their kinds below. Every allocation is kept
with its moment, so what an invoice still owed is a step function of time: facts read
it at `as_of`, arrears episodes and labels along the way. The same plain Python serves
one customer and a portfolio. Money is an integer number of ten-thousandths.
"""

from collections.abc import Callable
from itertools import zip_longest
from operator import attrgetter
from typing import TypeAlias

from features.claims import Claims
from features.credit import (
    NOTE,
    RELEASED,
    REST,
    SURPLUS,
    Credit,
    Goodwill,
    UnallocatedReceipt,
    Use,
    last_first,
    refund_unallocated,
)
from features.invoice import (
    CREDIT_NOTE,
    CREDITED,
    INVOICE,
    LOST,
    NO_AMOUNT,
    OPENED,
    PAID,
    PAYMENT,
    REFUND,
    WRITE_OFF,
    WRITTEN_OFF,
    Invoice,
    Item,
    paid_by,
)

_key = attrgetter("key")
# by the id of a dispute and a moment: what it contests of each invoice
Contest: TypeAlias = Callable[[str, int], dict[str, int]]


class Ledger:
    """One customer's invoices, payments and credit, posted in order.

    Args:
        day: the local day of a moment.
        rounding: rests of at most so much are nobody's debt and nobody's credit
            (`features.money.ROUNDING` where amounts were converted, else 0).

    Attributes:
        invoices: the issued ones by id.
        open: those with something unpaid, in the order in which money takes them.
        settled: the others, in the order in which they were settled.
        credit: money that no invoice has used yet.
        credited: by credit notes and lost disputes, what both say counted once; with
            what converting left, of either sign.
        unallocated_receipts: payments and credit notes that name invoices nobody knows.
        goodwill: refunds that nothing has met.
        n_reopened: how often a refund opened an invoice again.
        returned: by id the payments that came back: invoice named, amount, moment.
    """

    __slots__ = (
        "_announced",
        "_blank",
        "_claims",
        "_day",
        "_free",
        "_given_back",
        "_last",
        "_lots",
        "_named_in_vain",
        "_released",
        "_reserved",
        "credit",
        "credited",
        "goodwill",
        "invoices",
        "n_reopened",
        "open",
        "returned",
        "rounding",
        "settled",
        "unallocated_receipts",
        "written_off",
    )

    def __init__(self, day: Callable[[int], int], rounding: int = 0) -> None:
        self._day, self.rounding = day, rounding
        self.invoices: dict[str, Invoice] = {}
        self.open: list[Invoice] = []
        self.settled: list[Invoice] = []
        self.unallocated_receipts: list[UnallocatedReceipt] = []
        self.returned: dict[str, tuple[str | None, int, int]] = {}
        self.goodwill = Goodwill()
        self.credit = self.credited = self.written_off = self.n_reopened = 0
        self._last: Item | None = None
        self._blank: set[str] = set()  # known invoices of nothing
        self._named_in_vain: set[str] = set()
        self._announced: dict[str, int] = {}  # being posted: what they can still take
        self._reserved: dict[str, list[tuple[int, int, str]]] = {}
        self._lots: list[Credit] = []
        self._free: list[Credit] = []  # those with something left
        self._given_back: dict[str, int] = {}  # by payment
        self._claims = Claims()
        self._released: dict[str, int] = {}  # by invoice: credit released on it

    def knows(self, invoice_id: str) -> bool:
        """Whether an invoice of this id was issued, be it one of nothing."""
        return invoice_id in self.invoices or invoice_id in self._blank

    def unallocated_since(self, moment: int) -> int:
        """Payments and credit notes from `moment` on that name unknown invoices."""
        return sum(
            receipt.money
            for receipt in self.unallocated_receipts
            if receipt.at >= moment
        )

    def continues_with(self, items: list[Item]) -> bool:
        """Whether posting `items` now equals posting everything anew.

        It does unless one of them happened before what is posted already or together
        with it, or is an invoice which an earlier row had named in vain.
        """
        if not items:
            return True
        if self._last is not None and min(items)[:2] <= self._last[:2]:
            return False
        return not self._named_in_vain or not any(
            item[1] == INVOICE and item[2] in self._named_in_vain for item in items
        )

    def post(self, items: list[Item], contest: Contest | None = None) -> None:
        """Posts items; the caller has asked `continues_with` unless it is new.

        Args:
            items: in any order.
            contest: what a dispute contests at a moment; asked when one was lost.
        """
        ordered = sorted(items) if len(items) > 1 else items
        self._announced = {item[2]: item[3] for item in items if item[1] == INVOICE}
        for item, following in zip_longest(ordered, ordered[1:]):
            kind = item[1]
            if kind == INVOICE:
                self._issue(item)
                # of invoices issued together credit pays the one that is due first
                if self.credit and (following is None or following[:2] != item[:2]):
                    self._use_credit(item[0])
            elif kind == PAYMENT:
                self._pay(item)
            elif kind == OPENED:
                self._claims.open(item[2], contest(item[2], item[0]) if contest else {})
            else:
                _POSTED[kind](self, item)
        if ordered:
            self._last = ordered[-1]

    def _issue(self, item: Item) -> None:
        if not item[3]:
            self._blank.add(item[2])
            return
        invoice = Invoice(item)
        self.invoices[invoice.id] = invoice
        self.open.append(invoice)
        if len(self.open) > 1 and invoice.key < self.open[-2].key:
            self.open.sort(key=_key)
        if self._reserved:
            kept = self._reserved.pop(invoice.id, ())
            for money, entry, source in sorted(
                kept, key=lambda one: one[1] == WRITTEN_OFF
            ):
                self._reduce(invoice, invoice.issued_at, money, entry, source)

    def _pay(self, item: Item) -> None:
        """A payment: the named invoice, what was written off on it, then the rest."""
        at, _, payment_id, money, name, _, _, _ = item
        if name is None:
            rest = self._spread(at, money, PAID, payment_id)
            if rest:
                self._keep(Credit(REST, None, rest, payment_id))
            return
        invoice = self.invoices.get(name)
        if invoice is not None:
            money -= self._reduce(invoice, at, money, PAID, payment_id)
            if money and invoice.written_off:
                recovered = invoice.recover(at, money, payment_id)
                self.written_off -= recovered
                money -= recovered
        elif self._is_stranger(item):
            return
        else:
            money -= self._reserve(name, money, PAID, payment_id)
        if money:
            self._release(SURPLUS, item, name, money, PAID)

    def _credit_note(self, item: Item) -> None:
        at, _, note_id, money, name, *_ = item
        self.credited += money
        if name is None:
            self._release(NOTE, item, None, money, CREDITED)
            return
        invoice = self.invoices.get(name)
        if invoice is None and self._is_stranger(item):
            return
        matched = self._claims.note(name, at, money)
        self.credited -= matched
        money -= matched
        if invoice is None:
            money -= self._reserve(name, money, CREDITED, note_id)
        else:
            money -= self._reduce(invoice, at, money, CREDITED, note_id)
        if money:
            self._release(RELEASED, item, name, money, CREDITED)

    def _write_off(self, item: Item) -> None:
        """What is still owed on the named invoice, else the oldest; the rest lapses."""
        at, _, document_id, money, name, *_ = item
        if name is None:
            self._spread(at, money, WRITTEN_OFF, document_id)
        elif name in self.invoices:
            self._reduce(self.invoices[name], at, money, WRITTEN_OFF, document_id)
        elif name in self._announced:
            kept = (money, WRITTEN_OFF, document_id)
            self._reserved.setdefault(name, []).append(kept)
        else:
            self._named_in_vain.add(name)

    def _refund(self, item: Item) -> None:
        """Money given back, met by credit: unused first, then its last use."""
        at, _, payment_id, money, name, received, *_ = item
        before = self._given_back.get(payment_id, 0)
        due = max(0, min(money, received - before))
        self._given_back[payment_id] = before + due
        self.goodwill.give(money - due, None)
        due -= refund_unallocated(self.unallocated_receipts, payment_id, due)
        paid = {name} if name is not None else paid_by(self.invoices, payment_id)
        lots = sorted(
            (lot for lot in self._lots if lot.meets(payment_id, paid)),
            key=lambda lot: lot.origin,
        )
        for lot in lots:
            taken = min(lot.left, due)
            lot.left -= taken
            self.credit -= taken + self._trim(lot)
            due -= taken
        self._free = [lot for lot in self._free if lot.left]
        for use in last_first(lots):
            if due > self.rounding:
                due -= self._undo(use, at, due)
        self.goodwill.give(due, paid)
        self._use_credit(at)

    def _lost(self, item: Item) -> None:
        """A billing dispute that the reseller lost: what it contested is not owed."""
        at, _, dispute_id, amount, name, opened_at, *_ = item
        claims = self._claims.close(dispute_id)
        if name is not None and name in self.invoices:
            claims = {name: claims.get(name, 0)}
        for invoice_id, contested in claims.items():
            invoice = self.invoices[invoice_id]
            is_limited = amount != NO_AMOUNT
            left = amount if is_limited and name is not None else contested
            left -= self._claims.noted(invoice_id, opened_at, left)
            taken = self._reduce(invoice, at, left, CREDITED, dispute_id)
            freed = 0
            if is_limited:
                unclaimed = invoice.paid - self._released.get(invoice_id, 0)
                freed = max(0, min(left - taken, unclaimed))
            self._claims.grant(invoice_id, taken + freed)
            self.credited += taken + freed
            if freed:
                self._release(RELEASED, item, invoice_id, freed, CREDITED)

    def _is_stranger(self, item: Item) -> bool:
        """Whether nobody knows the invoice that a payment or note names."""
        at, _, document_id, money, name, *_ = item
        if name is None or name in self._announced or name in self._blank:
            return False
        self.unallocated_receipts.append(
            UnallocatedReceipt(at, document_id, name, money)
        )
        self._named_in_vain.add(name)
        return True

    def _reserve(self, name: str, money: int, entry: int, source: str) -> int:
        """Keeps money for a known invoice that is issued later."""
        kept = min(money, self._announced.get(name, 0))
        if kept:
            self._announced[name] -= kept
            self._reserved.setdefault(name, []).append((kept, entry, source))
        return kept

    def _release(
        self, origin: int, item: Item, invoice_id: str | None, money: int, entry: int
    ) -> None:
        """New credit: less what was given back for it, then to what is open."""
        at, _, source_id, *_ = item
        if origin == RELEASED and invoice_id is not None:
            before = self._released.get(invoice_id, 0)
            self._released[invoice_id] = before + money
        if self.goodwill.total:
            money -= self.goodwill.meet(money, invoice_id)
        if not money:
            return
        payment_id = source_id if origin == SURPLUS else None
        lot = Credit(origin, invoice_id, money, payment_id)
        self._spend(lot, at, entry)
        self._keep(lot)

    def _keep(self, lot: Credit) -> None:
        self._trim(lot)
        self._lots.append(lot)
        if lot.left:
            self._free.append(lot)
            self.credit += lot.left

    def _trim(self, lot: Credit) -> int:
        """Takes what only converting can have left of a credit; returns how much."""
        trimmed = lot.trim(self.rounding)
        self.credited -= trimmed
        return trimmed

    def _use_credit(self, at: int) -> None:
        """What is open uses credit, the oldest credit first."""
        while self.credit and self.open:
            lot = self._free[0]
            self.credit -= self._spend(lot, at, PAID) + self._trim(lot)
            if not lot.left:
                self._free.pop(0)

    def _spend(self, lot: Credit, at: int, entry: int) -> int:
        """Open invoices take what they can of one credit; returns what they took."""
        before = lot.left
        while lot.left > self.rounding and self.open:
            invoice = self.open[0]
            taken = self._reduce(invoice, at, lot.left, entry, lot.payment_id)
            lot.left -= taken
            lot.uses.append(Use(invoice, at, taken, entry, lot.payment_id))
        return before - lot.left

    def _spread(self, at: int, money: int, entry: int, source: str) -> int:
        """Open invoices take what they can, in their order; returns the rest."""
        while money > self.rounding and self.open:
            money -= self._reduce(self.open[0], at, money, entry, source)
        return money

    def _reduce(
        self, invoice: Invoice, at: int, money: int, entry: int, source: str | None
    ) -> int:
        """Takes up to `money` for one invoice; returns what it took."""
        owed = invoice.remainder
        taken = money if money < owed else owed
        if not taken:
            return 0
        invoice.entries.append((at, taken, entry, source))
        invoice.remainder -= taken
        if entry == PAID:
            invoice.n_paid += 1
        elif entry == WRITTEN_OFF:
            invoice.was_written_off = True
            invoice.written_off += taken
            self.written_off += taken
        self.credited += invoice.trim(at, self.rounding)
        if not invoice.remainder:
            invoice.settle(at, self._day(at))
            self.open.remove(invoice)
            self.settled.append(invoice)
        return taken

    def _undo(self, use: Use, at: int, money: int) -> int:
        """Opens an invoice again that credit had paid; returns how much of it."""
        invoice, taken = use.invoice, min(use.money, money)
        if not taken:
            return 0
        use.money -= taken
        if use.entry == PAID and not use.money:
            invoice.n_paid -= 1
        entry = at, -taken, use.entry, use.payment_id
        if invoice.reopen(self._day(at), entry):
            self.settled.remove(invoice)
            self.open.append(invoice)
            self.open.sort(key=_key)
        self.n_reopened += 1
        return taken


_POSTED: dict[int, Callable[[Ledger, Item], None]] = {
    CREDIT_NOTE: Ledger._credit_note,
    REFUND: Ledger._refund,
    WRITE_OFF: Ledger._write_off,
    LOST: Ledger._lost,
}
