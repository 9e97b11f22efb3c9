"""Days overdue of each invoice, and the start of arrears, at any moment (CONTRACT 2.5).

The ledger and the disputes make both a step function of time. It changes only when
money moves, a dispute opens or ends, or a local day begins, so episodes and labels
look at those moments and at no others.

Days count from the due day, less the days on which an invoice was wholly under dispute
(a day of which a part was counts as such a day).
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from features.account.disputes import Dispute, contested_parts
from features.events import FOREVER
from features.invoice import Invoice
from features.ledger import Ledger
from features.moments import LocalDays

_NONE: Mapping[str, list[Any]] = {}
_RESIDUE = 20  # of an invoice, as a divisor: what is left is at most a twentieth
_UNOPENED = [(FOREVER, FOREVER)]  # the span of a dispute lost before it was opened


class DebtItem(NamedTuple):
    """An invoice with something unpaid at a moment."""

    invoice: Invoice
    remainder: int
    contested: int
    days_overdue: int  # 0 when not due or wholly contested
    is_overdue: bool  # its due day has ended and part of it is uncontested
    disputed_until: int | None = None  # local day on which its last dispute ended
    disputed: tuple[tuple[int, int], ...] = ()  # local days, wholly under dispute


class OpenDebt(NamedTuple):
    """What is owed at a moment; `overdue` is 0 when it is not material."""

    items: list[DebtItem]
    contested: int
    overdue: int
    days_overdue: int


class _Stop(NamedTuple):
    """Local days, both counted, on which an invoice was wholly under dispute."""

    since: int  # µs
    first: int
    last: int


def is_residue(amount: int, remainder: int, materiality: int) -> bool:
    """Whether an invoice is paid but for a small rest, which dates no arrears.

    A rounding, a bank's fee, a payment in another currency: its money counts, its days
    only where nothing else is overdue.

    >>> is_residue(240_000, 1, 2_500), is_residue(1_000, 1_000, 2_500)
    (True, False)
    """
    return remainder <= materiality and remainder * _RESIDUE <= amount


class Arrears:
    """What one customer owes as time goes by, by the knowledge of one ledger."""

    __slots__ = (
        "_clock_stops",
        "_days",
        "_disputes",
        "_ends",
        "_has_read",
        "_materiality",
        "ledger",
    )

    def __init__(
        self,
        ledger: Ledger,
        disputes: Sequence[Dispute],
        days: LocalDays,
        materiality: int,
    ) -> None:
        self.ledger, self._disputes = ledger, disputes
        self._days, self._materiality = days, materiality
        self._has_read = not disputes  # most customers with disputes are not late
        # by invoice: local days [from, to] wholly under dispute, with their moments
        self._clock_stops: Mapping[str, list[_Stop]] = _NONE
        # when disputes about an invoice ended
        self._ends: Mapping[str, list[int]] = _NONE

    def now(self, as_of: int) -> OpenDebt:
        """What is owed at the moment to which the ledger was moved."""
        debts = [(invoice, invoice.remainder) for invoice in self.ledger.open]
        return self._owed(debts, as_of)

    def at(self, moment: int, invoices: Iterable[Invoice]) -> OpenDebt:
        """What of `invoices` was owed at an earlier moment."""
        debts = [
            (invoice, remainder)
            for invoice in invoices
            if (remainder := invoice.remainder_at(moment))
        ]
        return self._owed(debts, moment)

    def episode_start(self, as_of: int) -> int:
        """When the arrears began that last until `as_of`.

        They go on through days on which a dispute alone made days_overdue 0.
        """
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
            if self.at(moment, invoices).days_overdue:
                start = moment
            elif not self._is_late_but_for_disputes(moment, invoices):
                break
        return start

    def _is_late_but_for_disputes(self, moment: int, invoices: list[Invoice]) -> bool:
        if not self._disputes:
            return False
        today = self._days.day(moment)
        late = (
            invoice.remainder_at(moment)
            for invoice in invoices
            if today > invoice.clock_on(moment, self._days.day)
        )
        return sum(late) > self._materiality

    def _chain(self, as_of: int) -> tuple[int, list[Invoice]]:
        """Since when one invoice or other was late, and which; no episode is longer."""
        first_late = self._days.start
        chain = list(self.ledger.open)
        start = min([as_of, *(first_late(i.due_on + 1) for i in chain)])
        for invoice in reversed(self.ledger.settled):  # the last settled comes first
            if invoice.settled_at is not None and invoice.settled_at < start:
                break
            if invoice.days_late > 0:
                chain.append(invoice)
                start = min(start, first_late(invoice.due_on + 1))
        return start, chain

    def spells(self, n_days: int, until: int) -> list[tuple[int, int]]:
        """Spans [from, to) up to `until` in which days_overdue is at least `n_days`."""
        late = self._late_invoices(n_days)
        if not late:
            return []
        # at no other moment can days_overdue be so many, and each of these spans ends
        # with a change
        start = self._days.start
        may_be = [(start(i.due_on + n_days), i.settled_at or FOREVER) for i in late]
        invoices = self._invoices_that_matter()
        spans: list[tuple[int, int]] = []
        began: int | None = None
        for moment in sorted(self._changes(invoices, n_days)):
            if moment > until:
                break
            if not any(first <= moment <= last for first, last in may_be):
                continue
            is_in = self.at(moment, invoices).days_overdue >= n_days
            if is_in and began is None:
                began = moment
            elif not is_in and began is not None:
                spans.append((began, moment))
                began = None
        return spans if began is None else [*spans, (began, FOREVER)]

    def _owed(self, debts: list[tuple[Invoice, int]], moment: int) -> OpenDebt:
        today = self._days.day(moment)
        contested = self._contested(debts, moment) if self._disputes else {}
        items = []
        overdue = 0
        late: list[tuple[bool, int]] = []  # whether it dates arrears, days overdue
        for invoice, remainder in debts:
            part = contested.get(invoice.id, 0)
            is_overdue = today > invoice.due_on and part < remainder
            days, ended_on = 0, None
            disputed: tuple[tuple[int, int], ...] = ()
            if is_overdue:
                days = today - invoice.due_on
                if invoice.reopened_on is not None:
                    days = today - invoice.clock_on(moment, self._days.day)
                if self._disputes:
                    self._read_disputes()
                    ended_on = self._disputed_until(invoice, moment)
                    days -= self._days_disputed(invoice, today - days, moment)
                    disputed = self._spans_disputed(invoice, moment)
            items.append(
                DebtItem(invoice, remainder, part, days, is_overdue, ended_on, disputed)
            )
            if is_overdue:
                overdue += remainder - part
                dates = not is_residue(invoice.amount, remainder, self._materiality)
                late.append((dates, max(days, 0)))
        if overdue <= self._materiality:
            overdue, late = 0, []
        days_overdue = max(late, default=(False, 0))[1]
        in_dispute = sum(contested.values()) if contested else 0
        return OpenDebt(items, in_dispute, overdue, days_overdue)

    def _contested(
        self, debts: list[tuple[Invoice, int]], moment: int
    ) -> dict[str, int]:
        running = [d for d in self._disputes if d.is_open_at(moment)]
        total: dict[str, int] = {}
        for _, invoice, part in contested_parts(debts, running, self.ledger):
            total[invoice.id] = total.get(invoice.id, 0) + part
        return total

    def _disputed_until(self, invoice: Invoice, moment: int) -> int | None:
        """The local day on which the last dispute about an invoice had ended."""
        ends = self._ends.get(invoice.id, ())
        ended = [self._days.day(end) for end in ends if end <= moment]
        return max(ended, default=None)

    def _days_disputed(self, invoice: Invoice, after: int, moment: int) -> int:
        """Local days after day `after` on which it was wholly under dispute so far."""
        counted = 0
        for stop in self._clock_stops.get(invoice.id, ()):
            if stop.since > moment:
                break
            first = max(stop.first, after + 1)
            last = min(stop.last, self._days.day(moment))
            counted += max(0, last - first + 1)
            after = max(after, last)
        return counted

    def _spans_disputed(
        self, invoice: Invoice, moment: int
    ) -> tuple[tuple[int, int], ...]:
        """First and last local day of each time it was wholly under dispute so far."""
        stops = self._clock_stops.get(invoice.id, ())
        today = self._days.day(moment) if stops else 0
        return tuple(
            (stop.first, min(stop.last, today))
            for stop in stops
            if stop.since <= moment
        )

    def _read_disputes(self) -> None:
        """What disputes made of each invoice, from one change to the next; once."""
        if self._has_read:
            return
        self._has_read = True
        stops: dict[str, list[_Stop]] = {}
        ends: dict[str, list[int]] = {}
        self._clock_stops, self._ends = stops, ends
        first = min(start for d in self._disputes for start, _ in d.spans or _UNOPENED)
        unpaid = (
            invoice
            for invoice in self.ledger.invoices.values()
            if invoice.settled_at is None or invoice.settled_at > first
        )
        invoices = sorted(unpaid, key=lambda i: i.key)
        changes = sorted(self._changes_of_disputes(invoices))
        for since, until in pairwise([*changes, FOREVER]):
            debts = [(i, owed) for i in invoices if (owed := i.remainder_at(since))]
            running = [d for d in self._disputes if d.is_open_at(since)]
            ending = {d.id for d in running if any(end == until for _, end in d.spans)}
            parts = contested_parts(debts, running, self.ledger)
            contested: dict[str, int] = {}
            for dispute, invoice, part in parts:
                contested[invoice.id] = contested.get(invoice.id, 0) + part
                if dispute.id in ending and until != FOREVER:
                    ends.setdefault(invoice.id, []).append(until)
            last = FOREVER if until == FOREVER else self._days.day(until - 1)
            for invoice, owed in debts:
                if contested.get(invoice.id) == owed:
                    stop = _Stop(since, self._days.day(since), last)
                    stops.setdefault(invoice.id, []).append(stop)

    def _changes_of_disputes(self, invoices: list[Invoice]) -> set[int]:
        """Moments at which what is contested can change, while disputes run."""
        moments = {m for d in self._disputes for span in d.spans for m in span}
        for invoice in invoices:
            moments.add(invoice.issued_at)
            moments.update(entry[0] for entry in invoice.entries)
        return {m for m in moments if any(d.is_open_at(m) for d in self._disputes)} | {
            end for d in self._disputes for _, end in d.spans if end != FOREVER
        }

    def _late_invoices(self, n_days: int) -> list[Invoice]:
        """Invoices that were unpaid `n_days` after their due day, in their order.

        Others cannot be overdue that long: disputes only start the clock later.
        """
        late = [i for i in self.ledger.settled if i.days_late >= n_days]
        return sorted([*late, *self.ledger.open], key=lambda invoice: invoice.key)

    def _invoices_that_matter(self) -> list[Invoice]:
        """Those ever overdue; with disputes all, as any may be contested instead."""
        if not self._disputes:
            return self._late_invoices(1)
        return sorted(self.ledger.invoices.values(), key=lambda i: i.key)

    def _changes(self, invoices: list[Invoice], n_days: int) -> set[int]:
        """All moments at which `days_overdue >= n_days` can change."""
        start = self._days.start
        moments: set[int] = set()
        for invoice in invoices:
            moments.add(invoice.issued_at)
            moments.add(start(invoice.due_on + 1))
            moments.add(start(invoice.due_on + n_days))
            moments.update(entry[0] for entry in invoice.entries)
            if invoice.reopened_on is not None:
                moments.update(self._reopenings(invoice, n_days))
        for dispute in self._disputes:
            moments.update(m for span in dispute.spans for m in span if m != FOREVER)
        self._read_disputes()
        for invoice in invoices if self._clock_stops else ():
            moments.update(self._restarts(invoice, n_days))
        return moments

    def _reopenings(self, invoice: Invoice, n_days: int) -> Iterator[int]:
        """When what a refund opened again becomes overdue, and `n_days` overdue."""
        for at, money, _, _ in invoice.entries:
            if money < 0:
                day = self._days.day(at)
                yield from (self._days.start(day + 1), self._days.start(day + n_days))

    def _restarts(self, invoice: Invoice, n_days: int) -> Iterator[int]:
        """Days after a dispute on which it may be overdue again, or for `n_days`."""
        clocks = {invoice.due_on}
        if invoice.reopened_on is not None:
            changes = (self._days.day(at) for at, money, *_ in invoice.entries)
            clocks.update(day for day in changes if day > invoice.due_on)
        for clock in clocks:
            for stop in self._clock_stops.get(invoice.id, ()):
                if stop.last == FOREVER:
                    break
                yield self._days.start(stop.last + 1)
                stopped = self._days_disputed(
                    invoice, clock, self._days.start(stop.last + 1)
                )
                yield self._days.start(max(stop.last + 1, clock + n_days + stopped))
