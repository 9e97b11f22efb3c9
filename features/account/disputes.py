"""Which part of an invoice a dispute protects (contested), and what a loss credits.

CONTRACT 2.4.

A dispute contests, up to its amount, the remainder of the invoice it names; one that
names only a payment what is open again of what that payment paid, once it came back;
one that names neither the oldest remainders, and without an amount all that was issued
when it was opened. An invoice or a payment that nobody knows is no other one's.
"""

from collections.abc import Iterable, Iterator

from features.account.rows import DisputeRow
from features.events import FOREVER, MISSING
from features.invoice import Invoice
from features.ledger import Ledger

_PROGRESS = {"opened": 0, "won": 1, "withdrawn": 2, "lost": 3}

Debt = tuple[Invoice, int]  # an invoice and what of it is unpaid


class Dispute:
    """One dispute: what it is about, the spans in which it was open, and its loss.

    `lost_at` is when it ended as lost (seen from the reseller), if that is its state;
    a loss whose opening nobody logged was opened then.
    """

    __slots__ = (
        "amount",
        "id",
        "invoice_id",
        "kind",
        "lost_at",
        "opened_at",
        "payment_id",
        "spans",
    )

    def __init__(self, log: list[DisputeRow]) -> None:
        opened = next((row for row in log if row.status == "opened"), log[0])
        last = log[-1]
        self.opened_at = opened.event_at
        self.id = opened.dispute_id
        self.kind = opened.kind
        self.amount = None if opened.amount == MISSING else opened.amount
        self.invoice_id = opened.invoice_id
        self.payment_id = opened.payment_id
        self.lost_at = last.event_at if last.status == "lost" else None
        ends = [row.event_at for row in log[1:]] + [FOREVER]
        self.spans = [
            (row.event_at, end)
            for row, end in zip(log, ends, strict=True)
            if row.status == "opened"
        ]

    def is_open_at(self, moment: int) -> bool:
        """Whether the money is contested at a moment (µs)."""
        return any(start <= moment < end for start, end in self.spans)

    def is_lost_since(self, moment: int) -> bool:
        """Whether it was lost about a bill after a moment (µs)."""
        return (
            self.kind == "billing"
            and self.lost_at is not None
            and self.lost_at > moment
        )


def disputes(rows: Iterable[DisputeRow]) -> list[Dispute]:
    """The disputes that known rows tell of, oldest first."""
    logs: dict[str, list[DisputeRow]] = {}
    for row in sorted(rows, key=_stage):
        logs.setdefault(row.dispute_id, []).append(row)
    told_of = [
        Dispute(log)
        for log in logs.values()
        # else it never stopped a clock and changes no debt
        if any(row.status == "opened" for row in log) or log[-1].status == "lost"
    ]
    return sorted(told_of, key=lambda dispute: (dispute.opened_at, dispute.id))


def _stage(row: DisputeRow) -> tuple[int, int, int]:
    """Of one moment the row further along comes later, whenever it became known."""
    return row.event_at, _PROGRESS[row.status], row.known_at


def contested_parts(
    debts: list[Debt], running: list[Dispute], ledger: Ledger
) -> list[tuple[Dispute, Invoice, int]]:
    """Which dispute contests how much of which debt, never more than is unpaid.

    Args:
        debts: in the order in which money takes invoices.
        running: the disputes open at the moment.
        ledger: which payments came back.
    """
    free = {invoice.id: remainder for invoice, remainder in debts}
    parts: list[tuple[Dispute, Invoice, int]] = []
    for dispute in sorted(running, key=_breadth):
        left = _limit(dispute, ledger)
        for invoice, _ in _about(dispute, debts, ledger):
            part = free[invoice.id] if left is None else min(left, free[invoice.id])
            if part:
                free[invoice.id] -= part
                left = None if left is None else left - part
                parts.append((dispute, invoice, part))
    return parts


def claimed_parts(
    dispute: Dispute, debts: list[Debt], running: list[Dispute], ledger: Ledger
) -> dict[str, int]:
    """What a dispute contests of each debt when it opens, by invoice id.

    It takes what no other dispute contests first, and then what others contest as well:
    the same complaint may be logged twice, and to win one is to be right about it.

    Args:
        dispute: the one that opens.
        debts: as `contested_parts` takes them.
        running: the disputes open at the moment, itself among them.
        ledger: which payments came back.
    """
    parts = contested_parts(debts, running, ledger)
    claimed = {debt.id: part for other, debt, part in parts if other is dispute}
    left = _limit(dispute, ledger)
    if left is not None:
        left -= sum(claimed.values())
    for invoice, remainder in _about(dispute, debts, ledger):
        own = claimed.get(invoice.id, 0)
        more = remainder - own if left is None else min(left, remainder - own)
        if more:
            claimed[invoice.id] = own + more
            left = None if left is None else left - more
    return claimed


def _about(dispute: Dispute, debts: list[Debt], ledger: Ledger) -> Iterator[Debt]:
    """The debts that a dispute may contest, in their order."""
    name, until = dispute.invoice_id, FOREVER
    if name is None and dispute.payment_id is not None:
        if dispute.payment_id not in ledger.returned:
            return  # paid is paid: nothing of it is open
        name, _, until = ledger.returned[dispute.payment_id]
    elif name is None and dispute.amount is None:
        until = dispute.opened_at
    for debt in debts:
        invoice = debt[0]
        if invoice.id == name or (name is None and invoice.issued_at <= until):
            yield debt


def _limit(dispute: Dispute, ledger: Ledger) -> int | None:
    """How much it contests at most; None is no limit."""
    if dispute.invoice_id is None and dispute.payment_id in ledger.returned:
        _, came_back, _ = ledger.returned[dispute.payment_id]
        return came_back if dispute.amount is None else min(dispute.amount, came_back)
    return dispute.amount


def _breadth(dispute: Dispute) -> int:
    """Narrow disputes take their part first: one invoice, an amount, everything."""
    if dispute.invoice_id is not None or dispute.payment_id is not None:
        return 0
    return 2 if dispute.amount is None else 1
