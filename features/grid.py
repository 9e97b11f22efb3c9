"""The dates to learn from: CONTRACT section 3."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import TYPE_CHECKING

from features.moments import DAY_US, DAY_ZERO, days_of

if TYPE_CHECKING:
    from features.portfolio import Portfolio

NO_HISTORY = frozenset({"customers", "outcomes", "snapshots"})
_RECORDED = 0.01  # of the invoices; fewer are remains of a time that was not recorded


def has_grid(portfolio: Portfolio) -> bool:
    """Whether its snapshots lie on a grid of dates, and not where its own say."""
    is_history = not portfolio.settings.tables <= NO_HISTORY
    return is_history and "snapshots" not in portfolio.settings.tables


def one_moment(portfolio: Portfolio) -> int:
    """When `customers` were last known; if they have no date, before any outcome."""
    known_at = _extreme(portfolio, ["customers"], "known_at", max)
    if known_at:
        return known_at
    first = _extreme(portfolio, ["outcomes"], "event_at", min)
    return 0 if first is None else first - 1


def grid_dates(portfolio: Portfolio) -> tuple[int, ...]:
    """Local midnights of first days of months, or of Mondays, after the warm-up.

    The first event is that of the billing tables: `customers` may tell of a creation
    long before anything was recorded. Where invoices begin later than a warm-up after
    it, the warm-up begins with them.
    """
    rhythm, days = portfolio.settings.snapshots, days_of(portfolio.settings.zone)
    warm_up_us = rhythm.warm_up_days * DAY_US
    first = _first_recorded(portfolio, warm_up_us)
    if first is None:
        return ()
    first += warm_up_us
    last_day = days.day(portfolio.observed_until)
    return tuple(
        moment
        for day in range(days.day(first), last_day + 1)
        if _begins(day, rhythm.every)
        and first <= (moment := days.start(day)) <= portfolio.observed_until
    )


def _first_recorded(portfolio: Portfolio, warm_up_us: int) -> int | None:
    """The event that the warm-up counts from, µs since 1970 UTC; None without any.

    An export may tell of subscriptions that began years before the first invoice it
    holds. Nobody could be late then, so such dates would teach that everybody pays. A
    few old invoices do not begin a history either: the one that counts is the first
    after a hundredth of them.
    """
    recorded = [
        name for name in portfolio.tables if name not in {"customers", "snapshots"}
    ]
    first = _extreme(portfolio, recorded, "event_at", min)
    if first is None or "invoices" not in recorded:
        return first
    issued = portfolio.tables["invoices"].select("event_at")
    n_old = int(portfolio.connection.to_pyarrow(issued.count()).as_py() * _RECORDED)
    begin = issued.order_by("event_at").limit(1, offset=n_old)
    invoiced = portfolio.connection.to_pyarrow(begin)["event_at"].to_pylist()
    is_late = bool(invoiced) and invoiced[0] - first > warm_up_us
    return int(invoiced[0]) if is_late else first


def _begins(day: int, every: str) -> bool:
    """Whether a month, or a week, begins on that day."""
    on = date.fromordinal(day + DAY_ZERO)
    return on.weekday() == 0 if every == "week" else on.day == 1


def _extreme(
    portfolio: Portfolio,
    tables: Iterable[str],
    column: str,
    which: Callable[[list[int]], int],
) -> int | None:
    """The earliest or latest moment of a column over some tables; None without rows."""
    moments = []
    for name in tables:
        values = portfolio.tables[name][column]
        extreme = values.min() if which is min else values.max()
        moment = portfolio.connection.to_pyarrow(extreme).as_py()
        if moment is not None:
            moments.append(int(moment))
    return which(moments) if moments else None
