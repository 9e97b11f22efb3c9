"""`Standing`: what a customer owes as of a moment; facts and features derive from it.

Facts for people and policies, facts in bulk, population and labels all read a
`Standing`, so they cannot disagree about what is owed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from features.account.arrears import OpenDebt
from features.account.contacts import NO_CONTACTS, ContactLog, Promise
from features.account.cover import Cover
from features.account.disputes import Dispute
from features.account.history import History
from features.account.paid import PaidInvoices
from features.account.rows import CustomerRow, PaymentRow
from features.account.stake import Subscription, Usage
from features.facts import MoneySource
from features.ledger import Ledger
from features.moments import DAY_US, LocalDays, days_of
from features.money import ROUNDING
from features.settings import PortfolioSettings


class Rules:
    """What the portfolio's settings say about accounts, ready to compute with."""

    def __init__(self, settings: PortfolioSettings) -> None:
        self.settings = settings
        self.source: MoneySource = settings.money_source
        self.has_payments = "payments" in settings.tables
        self.has_disputes = "disputes" in settings.tables
        self.has_contacts = "contacts" in settings.tables
        self.materiality: int = settings.materiality_money
        self.days: LocalDays = days_of(settings.zone)
        self.rounding = ROUNDING if settings.rates else 0
        self.has_subscriptions = "subscriptions" in settings.tables
        self.has_usage = "usage" in settings.tables
        self.margin_share = settings.defaults.share
        self.lifetime_months = settings.defaults.months

    def settlement_us(self, method: str | None) -> int:
        """How long a pending payment of `method` counts as in flight."""
        return round(self.settings.settlement(method) * DAY_US)


@dataclass(slots=True)
class Standing:
    """Money is None where the portfolio's tables cannot say it.

    `recurring_monthly` and `clv` are as stated, for features; policies read `worth`,
    which assumes what the data do not say.
    """

    as_of: int
    history: History
    ledger: Ledger
    paid: PaidInvoices
    open: int | None = None
    credit: int | None = None
    written_off: int | None = None
    contested: int | None = None
    in_flight: int | None = None
    promised: int | None = None
    overdue: int | None = None
    days_overdue: int | None = None
    unallocated: int | None = None
    episode_started_at: int | None = None
    report_at: int | None = None  # of the latest ageing report
    recurring_monthly: int | None = None
    recurring_committed: int | None = None
    usage: Usage | None = None
    committed: int | None = None
    clv: int | None = None  # as stated
    run_up: int | None = None
    owed: OpenDebt | None = None
    customer: CustomerRow | None = None  # the latest known version
    disputes: Sequence[Dispute] = ()  # also those that ended
    promises: Sequence[Promise] = ()
    pending: Sequence[PaymentRow] = ()  # payments in flight
    cover: Cover | None = None  # of the items, where anything covers them
    by_promise: Sequence[int] = ()  # what each promise covers of what is overdue
    covered: int = 0  # what of `overdue` is in flight or promised
    contacts: ContactLog = NO_CONTACTS
    subscriptions: Sequence[Subscription] = ()
    n_live: int | None = None  # subscriptions
    is_departed: bool = False

    @property
    def actionable(self) -> int | None:
        """Overdue and neither in flight nor promised, in 1/10,000; None is unknown."""
        if self.overdue is None:
            return None
        return self.overdue - self.covered


class ReportedDebt(NamedTuple):
    """An ageing report as facts; None where it does not say how late the balance is."""

    open: int
    contested: int
    overdue: int | None
    days_overdue: int | None
