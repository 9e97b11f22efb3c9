"""Credit: money that paid no invoice when it came, and what it was used for since.

A refund is met by credit before it is goodwill (CONTRACT 2.3), so every sum keeps
where it came from, and which invoices it paid.
"""

from collections.abc import Set
from typing import NamedTuple

from features.invoice import Invoice

# Where credit comes from, in the order in which refunds are met by it: released on an
# invoice by a credit note or a lost dispute; surplus of a payment that named an
# invoice; a note that names none; the unused rest of a payment that named none
RELEASED, SURPLUS, NOTE, REST = range(4)


class Use:
    """What of a credit paid one invoice."""

    __slots__ = ("at", "entry", "invoice", "money", "payment_id")

    def __init__(
        self, invoice: Invoice, at: int, money: int, entry: int, payment_id: str | None
    ) -> None:
        self.invoice, self.at, self.money, self.entry = invoice, at, money, entry
        self.payment_id = payment_id


class Credit:
    """One sum of credit.

    Attributes:
        source: the invoice it was released on, or that its payment named; None of
            a NOTE and of a REST, which is its payment's alone.
        left: what no invoice has used yet.
        uses: the invoices it paid, in that order.
    """

    __slots__ = ("left", "origin", "payment_id", "source", "uses")

    def __init__(
        self, origin: int, source: str | None, money: int, payment_id: str | None
    ) -> None:
        self.origin, self.source, self.left = origin, source, money
        self.payment_id = payment_id  # whose money it is; None of notes and disputes
        self.uses: list[Use] = []

    def trim(self, rounding: int) -> int:
        """Takes what is left where rounding alone can have left it; how much."""
        trimmed = self.left if self.left <= rounding else 0
        self.left -= trimmed
        return trimmed

    def meets(self, payment_id: str, paid: Set[str]) -> bool:
        """Whether it meets refunds of a payment that paid the invoices `paid`."""
        if self.origin == REST:
            return self.payment_id == payment_id
        return self.origin == NOTE or self.source in paid


class _Gift:
    """What of one refund nothing has met."""

    __slots__ = ("left", "paid")

    def __init__(self, money: int, paid: Set[str]) -> None:
        self.left, self.paid = money, paid  # the invoices its payment had paid


class Goodwill:
    """Refunds that nothing has met: money given away, refund by refund."""

    __slots__ = ("_gifts", "total")

    def __init__(self) -> None:
        self.total = 0
        self._gifts: list[_Gift] = []  # what later credit can still meet

    def give(self, money: int, paid: Set[str] | None) -> None:
        """Money given back of a payment; without `paid` nothing later can meet it."""
        self.total += money
        if paid is not None and money:
            self._gifts.append(_Gift(money, paid))

    def meet(self, money: int, invoice_id: str | None) -> int:
        """What of new credit was given back already; a note without invoice: of any."""
        met = 0
        for gift in self._gifts:
            if invoice_id is None or invoice_id in gift.paid:
                part = min(money - met, gift.left)
                gift.left -= part
                met += part
        self._gifts = [gift for gift in self._gifts if gift.left]
        self.total -= met
        return met


class UnallocatedReceipt(NamedTuple):
    """Money that names an invoice nobody knows: it pays nothing and is no credit."""

    at: int
    payment_id: str
    named: str
    money: int  # less what of it was refunded


def refund_unallocated(
    unallocated_receipts: list[UnallocatedReceipt], payment_id: str, money: int
) -> int:
    """Takes up to `money` from an unallocated payment; returns what it took."""
    for i, receipt in enumerate(unallocated_receipts):
        if receipt.payment_id == payment_id:
            taken = min(money, receipt.money)
            unallocated_receipts[i] = receipt._replace(money=receipt.money - taken)
            return taken
    return 0


def last_first(lots: list[Credit]) -> list[Use]:
    """What credits were used for: origin by origin, the last use first."""
    uses: list[Use] = []
    for origin in (RELEASED, SURPLUS, NOTE, REST):
        theirs = [use for lot in lots if lot.origin == origin for use in lot.uses]
        theirs.reverse()  # of one moment the last one first, too
        uses.extend(sorted(theirs, key=lambda use: use.at, reverse=True))
    return uses
