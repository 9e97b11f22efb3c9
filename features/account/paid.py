"""How the customer paid: invoices paid so far, with running sums over them."""

from bisect import bisect_right
from math import nan, sqrt

from features.ledger import Invoice, Ledger
from features.moments import DAY_US


class PaidInvoices:
    """Invoices paid with nothing written off, in the order in which they were paid.

    Running sums make a window a difference of two of them. A day paid early counts 0.
    """

    __slots__ = (
        "_days",
        "_n_late",
        "_n_seen",
        "_paid_at",
        "_squares",
        "_to_pay_us",
        "_total",
        "largest",
        "ledger",
        "n_in_parts",
    )

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.largest = self.n_in_parts = self._n_seen = 0
        self._paid_at: list[int] = []
        self._days: list[int] = []
        self._n_late, self._total, self._squares, self._to_pay_us = [0], [0], [0], [0]

    def catch_up(self) -> None:
        """Takes in what the ledger has settled since the last time."""
        settled = self.ledger.settled
        for invoice in settled[self._n_seen :]:
            if invoice.was_paid:
                self._add(invoice, invoice.settled_at or 0)
        self._n_seen = len(settled)

    def _add(self, invoice: Invoice, paid_at: int) -> None:
        days = invoice.days_late if invoice.days_late > 0 else 0
        self._paid_at.append(paid_at)
        self._days.append(days)
        self._n_late.append(self._n_late[-1] + (days > 0))
        self._total.append(self._total[-1] + days)
        self._squares.append(self._squares[-1] + days * days)
        self._to_pay_us.append(self._to_pay_us[-1] + paid_at - invoice.issued_at)
        self.n_in_parts += invoice.n_paid > 1
        if invoice.amount > self.largest:
            self.largest = invoice.amount

    @property
    def n(self) -> int:
        return len(self._paid_at)

    @property
    def n_late(self) -> int:
        return self._n_late[-1]

    @property
    def last_days_late(self) -> int | None:
        return self._days[-1] if self._days else None

    def since(self, start: int) -> tuple[float, float, float, float, float, float]:
        """Paid after `start`: n, n late, mean, max and std of days late, days to pay.

        The last four are NaN without any; the std is that of these invoices alone.
        """
        first = bisect_right(self._paid_at, start)
        n = len(self._paid_at) - first
        if not n:
            return (0.0, 0.0, nan, nan, nan, nan)
        total = self._total[-1] - self._total[first]
        squares = self._squares[-1] - self._squares[first]
        to_pay_us = self._to_pay_us[-1] - self._to_pay_us[first]
        return (
            float(n),
            float(self._n_late[-1] - self._n_late[first]),
            total / n,
            float(max(self._days[first:])),
            sqrt(n * squares - total * total) / n,
            to_pay_us / n / DAY_US,
        )
