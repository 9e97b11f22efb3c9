"""How long invoices give until they fall due: terms that change unsaid.

A model reads terms only through what becomes overdue, a month later and thinned among
other features. The invoices themselves say it at once. Each customer is compared with
itself and counts once: who is new, or has many invoices, moves nobody's terms.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import wasserstein_distance

from features.arrays import FloatArray, IntArray
from features.events import FOREVER
from features.moments import DAY_US
from features.portfolio import Portfolio
from store.monitoring import Cause

NOW_DAYS, BEFORE_DAYS = 30, 365  # issued in the last 30 days, and in the year before
LEAST_CUSTOMERS = 20  # with invoices of both
MOVED_DAYS = 5.0
STANDARD_ERRORS = 4.0
MOST_DAYS = 3_650  # a date beyond that is none of a due date


@dataclass(frozen=True, slots=True)
class DueDays:
    """Days from issue to due date, of customers invoiced now and in the year before.

    Args:
        n_customers: who have invoices of both; each counts once.
        n_now, n_before: their invoices.
        mean_now, mean_before: days.
        moved: Wasserstein distance between both, days.
        error: of the customers' mean change, days.
    """

    n_customers: int
    n_now: int
    n_before: int
    mean_now: float
    mean_before: float
    moved: float
    error: float

    def causes(self) -> Iterator[Cause]:
        """What rings: terms that moved by five days, and more than chance would."""
        if self.moved <= max(MOVED_DAYS, STANDARD_ERRORS * self.error):
            return
        why = (
            f"invoices: those of the last {NOW_DAYS} days fall due"
            f" {self.mean_now:.1f} days after their issue on average, those that the"
            f" same {self.n_customers:,} customers had in the year before"
            f" {self.mean_before:.1f}; the terms moved by {self.moved:.1f} days"
        )
        yield Cause("inputs", "due_days_moved", "invoices", why)


def due_days(portfolio: Portfolio) -> DueDays | None:
    """Compare terms; None without invoices, or with few customers who have both."""
    if "invoices" not in portfolio.settings.tables:
        return None
    now = portfolio.observed_until - NOW_DAYS * DAY_US
    invoices = portfolio.tables["invoices"]
    chosen = invoices.filter(
        (invoices.kind == "invoice")
        & (invoices.superseded_at == FOREVER)
        & (invoices.event_at >= now - BEFORE_DAYS * DAY_US)
        & (invoices.event_at < portfolio.observed_until)
    )
    rows = chosen.select(
        "customer_id",
        days=((chosen.due_at - chosen.event_at) / DAY_US).round().cast("int64"),
        is_now=chosen.event_at >= now,
    )
    rows = rows.filter(rows.days.abs() <= MOST_DAYS)  # no unknown one either
    grouped = rows.group_by("customer_id", "days").agg(
        n_now=rows.is_now.sum(), n_before=(~rows.is_now).sum()
    )
    counted = grouped.order_by("customer_id", "days").to_pyarrow()
    customer = counted["customer_id"].combine_chunks().dictionary_encode().indices
    days, n_now, n_before = (
        counted[name].to_numpy().astype(np.float64)
        for name in ("days", "n_now", "n_before")
    )
    return _compared(customer.to_numpy().astype(np.int64), days, n_now, n_before)


def _compared(
    customer: IntArray, days: FloatArray, n_now: FloatArray, n_before: FloatArray
) -> DueDays | None:
    """Of counts (n,) by customer and days."""
    of_now, of_before = (np.bincount(customer, n) for n in (n_now, n_before))
    has_both = (of_now > 0) & (of_before > 0)
    n = int(has_both.sum())
    if n < LEAST_CUSTOMERS:
        return None
    chosen = has_both[customer]
    customer, days = customer[chosen], days[chosen]
    now, before = n_now[chosen], n_before[chosen]
    p, q = now / of_now[customer], before / of_before[customer]  # 1 a customer
    change = np.bincount(customer, (p - q) * days, len(has_both))[has_both]
    return DueDays(
        n,
        int(now.sum()),
        int(before.sum()),
        float(p @ days) / n,
        float(q @ days) / n,
        float(wasserstein_distance(days, days, p, q)),
        float(change.std(ddof=1) / np.sqrt(n)),
    )
