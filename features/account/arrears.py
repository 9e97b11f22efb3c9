"""Arrears: what is overdue and since how many days, at any moment (CONTRACT 2.5, 2.6).

The ledger and the disputes make both a step function of time. It changes only when
money moves, a dispute opens or ends, or a local day begins, so episodes and labels
look at those moments and at no others.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from features.account.disputes import Dispute, contested_parts
from features.events import FOREVER
from features.ledger import Invoice, Ledger
from features.moments import LocalDays


class DebtItem(NamedTuple):
    """An invoice with something unpaid at a moment."""

    invoice: Invoice
    remainder: int
    contested: int
    days_overdue: int  # 0 when not due, wholly contested or its dispute ended today
    is_overdue: bool  # its due day has ended and part of it is uncontested
    disputed_until: int | None = None  # local day on which its last dispute ended


class Owed(NamedTuple):
    """What is owed at a moment; `overdue` is 0 when it is not material."""

    items: list[DebtItem]
    contested: int
    overdue: int
    days_overdue: int


class Arrears:
    """What one customer owes as time goes by, by the knowledge of one ledger."""

    __slots__ = ("_clock_stops", "_days", "_disputes", "_ledger", "_materiality")

    def __init__(
        self,
        ledger: Ledger,
        disputes: Sequence[Dispute],
        days: LocalDays,
        materiality: int,
    ) -> None:
        self._ledger, self._disputes = ledger, disputes
        self._days, self._materiality = days, materiality
        self._clock_stops = self._ends_of_disputes() if disputes else {}

    def now(self, as_of: int) -> Owed:
        """What is owed at the moment to which the ledger was moved."""
        debts = [(invoice, invoice.remainder) for invoice in self._ledger.open]
        return self._owed(debts, as_of)

    def at(self, moment: int, invoices: Iterable[Invoice]) -> Owed:
        """What of `invoices` was owed at an earlier moment."""
        debts = [
            (invoice, remainder)
            for invoice in invoices
            if (remainder := invoice.remainder_at(moment))
        ]
        return self._owed(debts, moment)

    def episode_start(self, as_of: int) -> int:
        """When days_overdue last left 0; for a customer in arrears at `as_of`."""
        earliest, invoices = self._chain(as_of)
        if self._disputes:  # then any invoice may be contested instead of another
            invoices = [
                invoice
                for invoice in self._invoices_that_matter()
                if invoice.settled_at is None or invoice.settled_at >= earliest
            ]
        moments = (m for m in self._changes(invoices, 1) if earliest <= m <= as_of)
        start = as_of
        for moment in sorted(moments, reverse=True):
            if self.at(moment, invoices).days_overdue == 0:
                break
            start = moment
        return start

    def _chain(self, as_of: int) -> tuple[int, list[Invoice]]:
        """Since when one invoice or other was late, and which; no episode is longer."""
        first_late = self._days.start
        chain = list(self._ledger.open)
        start = min([as_of, *(first_late(i.due_on + 1) for i in chain)])
        for invoice in reversed(self._ledger.settled):  # the last settled comes first
            if invoice.settled_at is not None and invoice.settled_at < start:
                break
            if invoice.days_late > 0:
                chain.append(invoice)
                start = min(start, first_late(invoice.due_on + 1))
        return start, chain

    def spells(self, n_days: int, until: int) -> list[tuple[int, int]]:
        """Spans [from, to) up to `until` in which days_overdue is at least `n_days`."""
        if not self._late_invoices(n_days):
            return []
        invoices = self._invoices_that_matter()
        spans: list[tuple[int, int]] = []
        began: int | None = None
        for moment in sorted(self._changes(invoices, n_days)):
            if moment > until:
                break
            is_in = self.at(moment, invoices).days_overdue >= n_days
            if is_in and began is None:
                began = moment
            elif not is_in and began is not None:
                spans.append((began, moment))
                began = None
        return spans if began is None else [*spans, (began, FOREVER)]

    def _owed(self, debts: list[tuple[Invoice, int]], moment: int) -> Owed:
        today = self._days.day(moment)
        contested = self._contested(debts, moment) if self._disputes else {}
        items = []
        overdue = days_overdue = 0
        for invoice, remainder in debts:
            part = contested.get(invoice.id, 0)
            is_overdue = today > invoice.due_on and part < remainder
            days, ended_on = 0, None
            if is_overdue:
                if self._clock_stops:
                    ended_on = self._disputed_until(invoice, moment)
                start = invoice.due_on
                if ended_on is not None and ended_on > start:
                    start = ended_on
                days = today - start
            items.append(DebtItem(invoice, remainder, part, days, is_overdue, ended_on))
            if is_overdue:
                overdue += remainder - part
                if days > days_overdue:
                    days_overdue = days
        if overdue <= self._materiality:
            overdue = days_overdue = 0
        in_dispute = sum(contested.values()) if contested else 0
        return Owed(items, in_dispute, overdue, days_overdue)

    def _contested(
        self, debts: list[tuple[Invoice, int]], moment: int
    ) -> dict[str, int]:
        running = [d for d in self._disputes if d.is_open_at(moment)]
        total: dict[str, int] = {}
        for _, invoice, part in contested_parts(debts, running, self._ledger.invoices):
            total[invoice.id] = total.get(invoice.id, 0) + part
        return total

    def _disputed_until(self, invoice: Invoice, moment: int) -> int | None:
        """The local day on which the last dispute about an invoice had ended."""
        ends = self._clock_stops.get(invoice.id, ())
        ended = [self._days.day(end) for end in ends if end <= moment]
        return max(ended, default=None)

    def _ends_of_disputes(self) -> dict[str, list[int]]:
        """For each invoice the moments at which a dispute about it ended."""
        stops: dict[str, list[int]] = {}
        invoices = sorted(self._ledger.invoices.values(), key=lambda i: i.key)
        for end in {end for d in self._disputes for _, end in d.spans} - {FOREVER}:
            before = end - 1
            debts = [(i, owed) for i in invoices if (owed := i.remainder_at(before))]
            running = [d for d in self._disputes if d.is_open_at(before)]
            for dispute, invoice, _ in contested_parts(
                debts, running, self._ledger.invoices
            ):
                if any(span_end == end for _, span_end in dispute.spans):
                    stops.setdefault(invoice.id, []).append(end)
        return stops

    def _late_invoices(self, n_days: int) -> list[Invoice]:
        """Invoices that were unpaid `n_days` after their due day, in their order.

        Others cannot be overdue that long: disputes only start the clock later.
        """
        late = [i for i in self._ledger.settled if i.days_late >= n_days]
        return sorted([*late, *self._ledger.open], key=lambda invoice: invoice.key)

    def _invoices_that_matter(self) -> list[Invoice]:
        """Those ever overdue; with disputes all, as any may be contested instead."""
        if not self._disputes:
            return self._late_invoices(1)
        return sorted(self._ledger.invoices.values(), key=lambda i: i.key)

    def _changes(self, invoices: list[Invoice], n_days: int) -> set[int]:
        """All moments at which `days_overdue >= n_days` can change."""
        start, day = self._days.start, self._days.day
        moments: set[int] = set()
        for invoice in invoices:
            moments.add(invoice.issued_at)
            moments.add(start(invoice.due_on + 1))
            moments.add(start(invoice.due_on + n_days))
            moments.update(entry[0] for entry in invoice.entries)
        for dispute in self._disputes:
            for opened, ended in dispute.spans:
                moments.add(opened)
                if ended != FOREVER:
                    shifted = (start(day(ended) + shift) for shift in (1, n_days))
                    moments.update((ended, *shifted))
        return moments
