"""The list of numeric account facts, and the formula of each, from a `Standing`.

`FACT_COLUMNS` is the contract with the catalogue; the online compiler asks for one
customer's row, the batch compiler for a table, and both come from `fact_values`.
"""

from math import nan
from typing import NamedTuple

from features.account.standing import Standing
from features.moments import DAY_US, YEAR_US
from features.money import UNITS


class FactColumn(NamedTuple):
    """A numeric fact; a missing value is NaN and never stands for zero."""

    name: str
    unit: str
    meaning: str
    when_missing: str = "never missing"


_NO_SOURCE = "neither invoices, an ageing report nor a stated exposure"
_NO_REPORT = "neither invoices nor an ageing report"
_NO_LEDGER = "no invoices table, or no payments table"
_NO_SUBSCRIPTIONS = "no subscriptions table"
_NONE_PAID = "no invoice was paid in that time"

FACT_COLUMNS: tuple[FactColumn, ...] = (
    FactColumn("open", "money", "unpaid now, face value", _NO_SOURCE),
    FactColumn("credit", "money", "paid or credited, not yet used", _NO_REPORT),
    FactColumn("written_off", "money", "written off so far", _NO_LEDGER),
    FactColumn("contested", "money", "open and under a running dispute", _NO_REPORT),
    FactColumn("in_flight", "money", "payments on their way", _NO_REPORT),
    FactColumn("promised", "money", "promised and not yet due", _NO_REPORT),
    FactColumn("overdue", "money", "uncontested, due and material", _NO_REPORT),
    FactColumn("overdue_share", "share", "overdue / open; none: 0", _NO_REPORT),
    FactColumn("actionable", "money", "overdue, not on its way", _NO_REPORT),
    FactColumn("days_overdue", "days", "of the oldest overdue part", _NO_REPORT),
    FactColumn("episode_days", "days", "since arrears began; none: 0", _NO_REPORT),
    FactColumn("report_age_days", "days", "age of the ageing report", "no report"),
    FactColumn(
        "recurring_monthly", "money", "monthly license charges", _NO_SUBSCRIPTIONS
    ),
    FactColumn(
        "recurring_committed",
        "money",
        "monthly license charges under commitment",
        _NO_SUBSCRIPTIONS,
    ),
    FactColumn("committed", "money", "committed months left", _NO_SUBSCRIPTIONS),
    FactColumn(
        "usage_daily_cost", "money", "mean cost of 28 days, a day", "no usage table"
    ),
    FactColumn(
        "usage_ratio",
        "ratio",
        "daily cost of 7 days / of the 28 days before",
        "no usage in the 28 days",
    ),
    FactColumn("clv", "money", "margin × months left", "one of the two is not stated"),
    FactColumn("run_up", "money", "what will accrue, as stated", "not stated"),
    FactColumn(
        "is_departed",
        "0 or 1",
        "had subscriptions and all have ended",
        _NO_SUBSCRIPTIONS,
    ),
    FactColumn(
        "n_live_subscriptions", "count", "subscriptions live now", _NO_SUBSCRIPTIONS
    ),
    FactColumn(
        "n_unpaid_subscriptions", "count", "with an overdue invoice", _NO_LEDGER
    ),
    FactColumn("n_invoices", "count", "invoices so far", _NO_LEDGER),
    FactColumn(
        "n_open_invoices", "count", "invoices with something unpaid", _NO_LEDGER
    ),
    FactColumn("n_overdue_invoices", "count", "invoices behind `overdue`", _NO_LEDGER),
    FactColumn("overdue_0_30", "money", "overdue at most 30 days", _NO_LEDGER),
    FactColumn("overdue_31_60", "money", "overdue 31 to 60 days", _NO_LEDGER),
    FactColumn("overdue_61_90", "money", "overdue 61 to 90 days", _NO_LEDGER),
    FactColumn("overdue_over_90", "money", "overdue more than 90 days", _NO_LEDGER),
    FactColumn("oldest_open_age_days", "days", "since issue; none: 0", _NO_LEDGER),
    FactColumn("largest_open_remainder", "money", "of one invoice", _NO_LEDGER),
    FactColumn(
        "n_invoices_paid", "count", "invoices paid, none of it written off", _NO_LEDGER
    ),
    FactColumn(
        "n_invoices_paid_in_parts",
        "count",
        "of these, in two or more parts",
        _NO_LEDGER,
    ),
    FactColumn("largest_invoice_paid", "money", "the largest of these", "none paid"),
    FactColumn("days_late_last", "days", "of the last invoice paid", "none paid"),
    FactColumn("n_paid_90d", "count", "invoices paid in 90 days", _NO_LEDGER),
    FactColumn("n_paid_late_90d", "count", "of these, after the due day", _NO_LEDGER),
    FactColumn("days_late_mean_90d", "days", "early counts 0", _NONE_PAID),
    FactColumn("days_to_pay_mean_90d", "days", "from issue", _NONE_PAID),
    FactColumn("n_paid_365d", "count", "invoices paid in 365 days", _NO_LEDGER),
    FactColumn("n_paid_late_365d", "count", "of these, after the due day", _NO_LEDGER),
    FactColumn("days_late_mean_365d", "days", "early counts 0", _NONE_PAID),
    FactColumn("days_late_max_365d", "days", "early counts 0", _NONE_PAID),
    FactColumn("days_late_std_365d", "days", "of one: 0", _NONE_PAID),
    FactColumn(
        "n_open_disputes",
        "count",
        "running disputes",
        "no disputes table, or nothing owed is known",
    ),
    FactColumn(
        "n_open_promises",
        "count",
        "promises neither kept, broken nor past",
        "no contacts table, or nothing owed is known",
    ),
)
FACT_NAMES: tuple[str, ...] = tuple(column.name for column in FACT_COLUMNS)


def fact_values(standing: Standing) -> list[float]:
    """The numbers of `FACT_COLUMNS`, in their order."""
    return [
        *_owed(standing),
        *_stake(standing),
        *_items(standing),
        *_payment_behaviour(standing),
        *_contacts(standing),
    ]


def _money(money: int | None) -> float:
    return nan if money is None else money / UNITS


def _share(part: int | None, whole: int | None) -> float:
    if part is None or whole is None:
        return nan
    return part / whole if whole else 0.0


def _days_since(moment: int | None, as_of: int) -> float:
    return nan if moment is None else (as_of - moment) / DAY_US


def _owed(s: Standing) -> tuple[float, ...]:
    return (
        _money(s.open),
        _money(s.credit),
        _money(s.written_off),
        _money(s.contested),
        _money(s.in_flight),
        _money(s.promised),
        _money(s.overdue),
        _share(s.overdue, s.open),
        _money(s.actionable),
        nan if s.days_overdue is None else float(s.days_overdue),
        0.0 if s.overdue == 0 else _days_since(s.episode_started_at, s.as_of),
        _days_since(s.report_at, s.as_of),
    )


def _stake(s: Standing) -> tuple[float, ...]:
    used = s.usage
    return (
        _money(s.recurring_monthly),
        _money(s.recurring_committed),
        _money(s.committed),
        nan if used is None else used.daily_cost / UNITS,
        nan if used is None or used.ratio is None else used.ratio,
        _money(s.clv),
        _money(s.run_up),
        nan if s.n_live is None else float(s.is_departed),
        nan if s.n_live is None else float(s.n_live),
    )


def _items(s: Standing) -> tuple[float, ...]:
    """Open invoices by age; nothing is overdue as long as it is not material."""
    if s.owed is None:
        return (nan,) * 10
    unpaid: set[str] = set()
    buckets = [0, 0, 0, 0]
    n_overdue = largest = 0
    oldest = s.as_of
    for invoice, remainder, contested, days, is_overdue, *_ in s.owed.items:
        oldest = min(oldest, invoice.issued_at)
        largest = max(largest, remainder)
        if is_overdue and s.overdue:
            n_overdue += 1
            buckets[min(3, max(0, (days - 1) // 30))] += remainder - contested
            if invoice.subscription_id is not None:
                unpaid.add(invoice.subscription_id)
    return (
        float(len(unpaid)),
        float(len(s.ledger.invoices)),
        float(len(s.owed.items)),
        float(n_overdue),
        *(money / UNITS for money in buckets),
        _days_since(oldest, s.as_of),
        largest / UNITS,
    )


def _payment_behaviour(s: Standing) -> tuple[float, ...]:
    if s.owed is None:
        return (nan,) * 13
    paid = s.paid
    last = paid.last_days_late
    quarter, year = paid.since(s.as_of - 90 * DAY_US), paid.since(s.as_of - YEAR_US)
    return (
        float(paid.n),
        float(paid.n_in_parts),
        nan if last is None else paid.largest / UNITS,
        nan if last is None else float(last),
        float(quarter.n),
        float(quarter.n_late),
        quarter.days_late_mean,
        quarter.days_to_pay_mean,
        float(year.n),
        float(year.n_late),
        year.days_late_mean,
        year.days_late_max,
        year.days_late_std,
    )


def _contacts(s: Standing) -> tuple[float, ...]:
    """Counts where the table was looked at, which money tells that hangs on it."""
    n_disputes = float(sum(d.is_open_at(s.as_of) for d in s.disputes))
    return (
        nan if s.contested is None else n_disputes,
        nan if s.promised is None else float(len(s.promises)),
    )
