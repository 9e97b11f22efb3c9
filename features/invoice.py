"""An invoice and what has reduced it so far."""

from collections.abc import Callable, Mapping

INVOICE, CREDIT_NOTE, PAYMENT, REFUND, WRITE_OFF, OPENED, LOST = range(7)
KINDS = {
    None: INVOICE,
    "invoice": INVOICE,
    "credit_note": CREDIT_NOTE,
    "write_off": WRITE_OFF,
}
NO_AMOUNT = -1  # of a lost dispute that states none

PAID, CREDITED, WRITTEN_OFF = range(3)  # what an entry of an invoice is

# (event_at, kind, id, amount, invoice named, due_at, due_on, subscription_id)
Item = tuple[int, int, str, int, str | None, int, int, str | None]
# (moment, money, PAID …, id of the document, payment or dispute); money is negative
# where a refund opened it again and where a write-off was recovered
Entry = tuple[int, int, int, str | None]


class Invoice:
    """An issued invoice; its entries make what it still owed a step function."""

    __slots__ = (
        "amount",
        "days_late",
        "due_on",
        "entries",
        "id",
        "issued_at",
        "key",
        "n_paid",
        "remainder",
        "reopened_on",
        "restarted_on",
        "settled_at",
        "subscription_id",
        "was_written_off",
        "written_off",
    )

    def __init__(self, item: Item) -> None:
        at, _, self.id, amount, _, due_at, self.due_on, self.subscription_id = item
        self.issued_at = at
        self.key = (due_at, at, self.id)  # the order in which money takes invoices
        self.amount = self.remainder = amount
        self.entries: list[Entry] = []
        self.settled_at: int | None = None
        self.days_late = 0  # of the settlement, in local days; negative when early
        self.n_paid = 0  # entries of money paid
        self.written_off = 0  # less what was recovered
        self.was_written_off = False  # in part or in all, recovered or not
        self.reopened_on: int | None = None  # local day; a refund opened some again
        self.restarted_on: int | None = None  # the same, when all of it was settled

    @property
    def paid(self) -> int:
        """What money or credit paid of it and no refund took away again.

        What a note or a dispute credited on the invoice itself bears their id.
        """
        return sum(
            money
            for _, money, kind, source in self.entries
            if kind == PAID or (kind == CREDITED and source is None)
        )

    def settle(self, at: int, on: int) -> None:
        """Nothing of it is left; of one settled again the worse of its two times."""
        self.settled_at = at
        days = on - self.due_on
        if self.restarted_on is not None:
            days = max(self.days_late, on - max(self.due_on, self.restarted_on))
        self.days_late = days

    def trim(self, at: int, rounding: int) -> int:
        """Credits what is unpaid where rounding alone can have left it; how much."""
        trimmed = self.remainder if 0 < self.remainder <= rounding else 0
        if trimmed:
            self.entries.append((at, trimmed, CREDITED, None))
            self.remainder -= trimmed
        return trimmed

    def recover(self, at: int, money: int, payment_id: str) -> int:
        """A payment of what had been written off; returns what it took."""
        taken = min(money, self.written_off)
        self.entries.append((at, -taken, WRITTEN_OFF, payment_id))
        self.entries.append((at, taken, PAID, payment_id))
        self.n_paid += 1
        self.written_off -= taken
        return taken

    def reopen(self, on: int, entry: Entry) -> bool:
        """Some of it is open again, by an entry below 0; whether it was settled."""
        was_settled = not self.remainder
        self.entries.append(entry)
        if was_settled:
            self.settled_at, self.restarted_on = None, on
        self.remainder -= entry[1]
        self.reopened_on = on
        return was_settled

    def remainder_at(self, moment: int) -> int:
        """What was unpaid at `moment`, by all that the ledger knows; 0 before issue."""
        if moment < self.issued_at:
            return 0
        if self.settled_at is not None and moment >= self.settled_at:
            return 0
        return self.amount - sum(e[1] for e in self.entries if e[0] <= moment)

    def clock_on(self, moment: int, day: Callable[[int], int]) -> int:
        """The local day from which its oldest unpaid part counts at `moment`.

        That is the due day; what a refund opened again counts from the refund's day at
        the earliest. Money takes the oldest part first.
        """
        if self.reopened_on is None:
            return self.due_on
        parts = [[self.due_on, self.amount]]
        for at, money, _, _ in self.entries:
            if at > moment:
                break
            if money < 0:
                parts.append([max(self.due_on, day(at)), -money])
                continue
            left = money
            for part in parts:
                taken = min(part[1], left)
                part[1] -= taken
                left -= taken
        return next((on for on, left in parts if left), self.due_on)


def paid_by(invoices: Mapping[str, Invoice], payment_id: str) -> set[str]:
    """The invoices of which a payment paid something."""
    return {
        invoice.id
        for invoice in invoices.values()
        if sum(e[1] for e in invoice.entries if e[3] == payment_id and e[2] == PAID)
    }
