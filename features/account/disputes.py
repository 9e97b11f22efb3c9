"""What is contested, and until when a dispute stopped an invoice's clock.

A dispute contests its amount, else the whole remainder, of the invoice it names;
without an invoice the oldest remainders up to its amount; without either all that
is open (CONTRACT 2.4). Payments that a dispute names play no part in this.
"""

from collections.abc import Collection, Iterable

from features.account.books import Row
from features.events import FOREVER, MISSING
from features.ledger import Invoice

DISPUTE_COLUMNS = (
    "known_at",
    "superseded_at",
    "event_at",
    "dispute_id",
    "kind",
    "status",
    "amount",
    "invoice_id",
)
_PROGRESS = {"opened": 0, "won": 1, "lost": 2, "withdrawn": 3}

Debt = tuple[Invoice, int]  # an invoice and what of it is unpaid


class Dispute:
    """One dispute: what it is about, and the spans in which it was open."""

    __slots__ = ("amount", "id", "invoice_id", "kind", "opened_at", "spans")

    def __init__(self, log: list[Row]) -> None:
        opened = next(row for row in log if row[5] == "opened")
        self.opened_at: int = opened[2]
        self.id: str = opened[3]
        self.kind: str = opened[4]
        self.amount: int | None = None if opened[6] == MISSING else opened[6]
        self.invoice_id: str | None = opened[7]
        ends = [row[2] for row in log[1:]] + [FOREVER]
        self.spans = [
            (row[2], end)
            for row, end in zip(log, ends, strict=True)
            if row[5] == "opened"
        ]

    def is_open_at(self, moment: int) -> bool:
        """Whether the money is contested at a moment (µs)."""
        return any(start <= moment < end for start, end in self.spans)


def disputes(rows: Iterable[Row]) -> list[Dispute]:
    """The disputes that known rows tell of, oldest first."""
    logs: dict[str, list[Row]] = {}
    for row in sorted(rows, key=lambda row: (row[2], row[0], _PROGRESS[row[5]])):
        logs.setdefault(row[3], []).append(row)
    found = [
        Dispute(log)
        for log in logs.values()
        if any(row[5] == "opened" for row in log)  # else it never stopped a clock
    ]
    return sorted(found, key=lambda dispute: (dispute.opened_at, dispute.id))


def contested_parts(
    debts: list[Debt], open_disputes: list[Dispute], known: Collection[str]
) -> list[tuple[Dispute, Invoice, int]]:
    """Which dispute contests how much of which debt, never more than is unpaid.

    Args:
        debts: in the order in which money takes invoices.
        open_disputes: those that run at the moment.
        known: ids of the known invoices; a dispute that names another one is
            taken as one that names none.
    """
    free = {invoice.id: remainder for invoice, remainder in debts}
    parts: list[tuple[Dispute, Invoice, int]] = []
    for dispute in sorted(open_disputes, key=lambda d: _breadth(d, known)):
        is_about_one = dispute.invoice_id in known
        left = dispute.amount
        for invoice, _ in debts:
            if is_about_one and dispute.invoice_id != invoice.id:
                continue
            part = free[invoice.id] if left is None else min(left, free[invoice.id])
            if part:
                free[invoice.id] -= part
                left = None if left is None else left - part
                parts.append((dispute, invoice, part))
    return parts


def _breadth(dispute: Dispute, known: Collection[str]) -> int:
    """Narrow disputes take their part first: one invoice, an amount, everything."""
    if dispute.invoice_id in known:
        return 0
    return 2 if dispute.amount is None else 1
