"""Payments on their way and promises: what of the uncontested debt they cover.

CONTRACT 2.4.

Cover is laid item by item and never goes beyond an item's uncontested remainder:
first pending payments, as they will be allocated once they succeed, then promises.
So the same money is never taken off twice.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import chain

from features.account.arrears import Arrears, DebtItem
from features.account.contacts import Promise
from features.account.rows import PaymentRow
from features.invoice import PAID, Invoice
from features.ledger import Ledger

Part = tuple[int, str, int]  # since when, the invoice, and how much


class Cover:
    """Cover of open items, by invoice id.

    Args:
        items: what is open.
        rounding: a rest of at most so much is what converting left (see `Ledger`).

    Attributes:
        in_flight, promised: what covers each item, within its uncontested remainder.
        by_promise: what each promise covers of overdue items, in the order given.
    """

    __slots__ = (
        "_free",
        "_laid",
        "_rounding",
        "by_promise",
        "in_flight",
        "items",
        "promised",
    )

    def __init__(self, items: Sequence[DebtItem], rounding: int = 0) -> None:
        self.items, self._rounding = items, rounding
        self.in_flight: dict[str, int] = {}
        self.promised: dict[str, int] = {}
        self.by_promise: list[int] = []
        self._laid: list[Part] = []
        self._free = {i.invoice.id: i.remainder - i.contested for i in items}

    @property
    def of_overdue(self) -> int:
        """What of the overdue items is covered."""
        return sum(
            self.in_flight.get(item.invoice.id, 0)
            + self.promised.get(item.invoice.id, 0)
            for item in self.items
            if item.is_overdue
        )

    def lay_pending(self, pending: Iterable[PaymentRow], ledger: Ledger) -> None:
        """Lays payments on their way, in their order, as the ledger will."""
        open_left = {item.invoice.id: item.remainder for item in self.items}
        lost = {i.id: i.written_off for i in ledger.invoices.values() if i.written_off}
        for row in pending:
            at, money, name = row.event_at, row.amount, row.invoice_id
            if name is not None:
                if not ledger.knows(name):
                    continue
                money -= self._lay(at, name, money, open_left)
                recovered = min(money, lost.get(name, 0))
                if recovered:
                    lost[name] -= recovered
                    money -= recovered
            for item in self.items if money else ():
                money -= self._lay(at, item.invoice.id, money, open_left)

    def _lay(self, at: int, name: str, money: int, open_left: dict[str, int]) -> int:
        """Money for an open invoice; also its contested part takes some."""
        taken = min(money, open_left.get(name, 0))
        if taken:
            open_left[name] -= taken
            self._laid.append((at, name, taken))
            part = self._take(name, taken)
            if part:
                self.in_flight[name] = self.in_flight.get(name, 0) + part
        return taken

    def _take(self, name: str, most: int) -> int:
        """Covers so much of an item, and with it what converting left."""
        part = max(0, min(most, self._free[name]))
        if part and self._free[name] - part <= self._rounding:
            part = self._free[name]
        self._free[name] -= part
        return part

    def lay_promises(
        self,
        promises: Sequence[Promise],
        over: Sequence[Promise],
        arrears: Arrears,
        begun: Mapping[str, int],
    ) -> None:
        """Lays promises; those that name an invoice take their part first.

        Args:
            promises: neither kept, broken nor past, oldest first.
            over: kept, broken or past; what was paid for them keeps no other.
            arrears: what was owed when they were made.
            begun: when each payment was set in flight.
        """
        received = self._received(arrears.ledger, begun)
        for promise in over:
            about, amount = self._meaning(promise, arrears)
            received.take(promise, {invoice.id for invoice in about}, amount)
        covered = {}
        order = sorted(range(len(promises)), key=lambda i: not promises[i].invoice_id)
        for i in order:
            covered[i] = self._lay_promise(promises[i], arrears, received)
        self.by_promise = [covered[i] for i in range(len(promises))]

    def _received(self, ledger: Ledger, begun: Mapping[str, int]) -> "Receipts":
        """What was paid or set in flight on each invoice, and since when."""
        paid = (_paid_parts(i, begun) for i in ledger.invoices.values() if i.n_paid)
        return Receipts(chain(self._laid, *paid))

    def _lay_promise(
        self, promise: Promise, arrears: Arrears, received: "Receipts"
    ) -> int:
        """One promise; returns what it covers of overdue items."""
        about, left = self._meaning(promise, arrears)
        came = received.take(promise, {invoice.id for invoice in about}, left)
        if left is not None:
            left -= came
        targets = {invoice.id for invoice in about}
        is_for_overdue = promise.invoice_id is None and promise.amount is not None
        of_overdue = 0
        for item in self.items:
            name = item.invoice.id
            if not (item.is_overdue if is_for_overdue else name in targets):
                continue
            part = self._take(name, self._free[name] if left is None else left)
            if left is not None:
                left -= part
            if part:
                self.promised[name] = self.promised.get(name, 0) + part
                of_overdue += part if item.is_overdue else 0
        return of_overdue

    def _meaning(
        self, promise: Promise, arrears: Arrears
    ) -> tuple[list[Invoice], int | None]:
        """The invoices a promise is about, and how much of them; None is all."""
        if promise.invoice_id is not None:
            named = arrears.ledger.invoices.get(promise.invoice_id)
            return ([] if named is None else [named]), promise.amount
        invoices = sorted(arrears.ledger.invoices.values(), key=lambda i: i.key)
        then = [
            item
            for item in arrears.at(promise.made_at, invoices).items
            if item.is_overdue
        ]
        about = [item.invoice for item in then]
        if promise.amount is None:
            return about, sum(item.remainder - item.contested for item in then)
        late = [item.invoice for item in self.items if item.is_overdue]
        return about or late, promise.amount


def _paid_parts(invoice: Invoice, begun: Mapping[str, int]) -> list[Part]:
    """What was paid on an invoice, less what a refund took away again, the last first.

    Credit of a note or a dispute is nobody's payment.
    """
    parts: list[Part] = []
    for at, money, kind, source in invoice.entries:
        if kind != PAID or source is None:
            continue
        if money > 0:
            parts.append((min(at, begun.get(source, at)), invoice.id, money))
        else:
            _take_away(parts, -money)
    return parts


def _take_away(parts: list[Part], money: int) -> None:
    """Shortens the last parts by so much money."""
    while money and parts:
        since, name, last = parts.pop()
        if last > money:
            parts.append((since, name, last - money))
        money -= min(money, last)


class Receipts:
    """Money paid or set in flight; each part of it keeps one promise alone."""

    __slots__ = ("_parts",)

    def __init__(self, parts: Iterable[Part]) -> None:
        self._parts = sorted(parts)

    def take(self, promise: Promise, names: Collection[str], most: int | None) -> int:
        """What came for a promise in its time, up to `most`; None is no limit."""
        taken = 0
        for place, (at, name, money) in enumerate(self._parts):
            if promise.made_at < at <= promise.paid_until and name in names:
                share = money if most is None else min(money, most - taken)
                self._parts[place] = (at, name, money - share)
                taken += share
        return taken


def cover_of_balance(
    room: int,
    pending: Sequence[PaymentRow],
    promises: Sequence[tuple[Promise, int]],
    over: Sequence[tuple[Promise, int]],
    received: Sequence[tuple[int, int]],
) -> tuple[int, list[int]]:
    """Cover where the balance of a report is the one item (CONTRACT 2.8).

    Args:
        room: the uncontested balance.
        pending: payments on their way.
        promises: each with how much it is about.
        over: the same of those kept, broken or past.
        received: when each payment that came was set in flight, and its amount.

    Returns:
        What is in flight, and what each promise covers.
    """
    in_flight = min(room, sum(row.amount for row in pending))
    free = room - in_flight
    came = Receipts(
        (at, "", money)
        for at, money in [*received, *((row.event_at, row.amount) for row in pending)]
    )

    for promise, amount in over:
        came.take(promise, {""}, amount)
    covered = []
    for promise, amount in promises:
        part = min(free, amount - came.take(promise, {""}, amount))
        free -= part
        covered.append(part)
    return in_flight, covered
