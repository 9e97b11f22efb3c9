"""How the customer paid: invoices paid so far, with running sums over them."""

from bisect import bisect_right
from math import nan, sqrt
from typing import NamedTuple

from features.ledger import Ledger
from features.moments import DAY_US


class PaidSummary(NamedTuple):
    """Some invoices paid, and how late; NaN without any."""

    n: int
    n_late: int
    days_late_mean: float
    days_late_max: float
    days_late_std: float
    days_to_pay_mean: float


NONE_PAID = PaidSummary(0, 0, nan, nan, nan, nan)


class PaidInvoices:
    """Invoices paid with nothing written off, in the order in which they were paid.

    Running sums make a window a difference of two of them. A day paid early counts 0.
    """

    __slots__ = (
        "_days",
        "_n_reopened",
        "_n_seen",
        "_paid_at",
        "_sums",
        "largest",
        "ledger",
        "n_in_parts",
    )

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._start()

    def _start(self) -> None:
        self._n_reopened = self.ledger.n_reopened
        self.largest = self.n_in_parts = self._n_seen = 0
        self._paid_at: list[int] = []
        self._days: list[int] = []
        # so far: n late, days late, their squares, microseconds from issue to payment
        self._sums: list[tuple[int, int, int, int]] = [(0, 0, 0, 0)]

    def catch_up(self) -> None:
        """Takes in what the ledger has settled since the last time."""
        if self._n_reopened != self.ledger.n_reopened:
            self._start()  # a refund opened a settled invoice again
        settled = self.ledger.settled
        if len(settled) == self._n_seen:
            return
        n_late, total, squares, to_pay_us = self._sums[-1]
        for invoice in settled[self._n_seen :]:
            paid_at = invoice.settled_at
            if paid_at is None or not invoice.n_paid or invoice.was_written_off:
                continue
            days = invoice.days_late if invoice.days_late > 0 else 0
            if days:
                n_late += 1
                total += days
                squares += days * days
            to_pay_us += paid_at - invoice.issued_at
            self._paid_at.append(paid_at)
            self._days.append(days)
            self._sums.append((n_late, total, squares, to_pay_us))
            if invoice.n_paid > 1:
                self.n_in_parts += 1
            if invoice.amount > self.largest:
                self.largest = invoice.amount
        self._n_seen = len(settled)

    @property
    def n(self) -> int:
        """How many invoices were paid."""
        return len(self._paid_at)

    @property
    def last_days_late(self) -> int | None:
        """Days late of the one paid last; None before the first."""
        return self._days[-1] if self._days else None

    def since(self, start: int) -> PaidSummary:
        """Of the invoices paid after `start`; their std is that of these alone."""
        first = bisect_right(self._paid_at, start)
        n = len(self._paid_at) - first
        if not n:
            return NONE_PAID
        late_then, total_then, squares_then, us_then = self._sums[first]
        late, total, squares, us = self._sums[-1]
        total, squares = total - total_then, squares - squares_then
        return PaidSummary(
            n,
            late - late_then,
            total / n,
            float(max(self._days[first:])),
            sqrt(n * squares - total * total) / n,
            (us - us_then) / n / DAY_US,
        )
