"""Classes of account facts (`AccountFacts`, `OpenItem`, `Notice`): plain values.

Plain values and nothing else, so that policy and model read the same numbers.
`features.account` computes them; `decisions` looks at them. Money is an integer
number of ten-thousandths of the portfolio currency; moments are aware UTC
datetimes; `None` means unknown, never zero.
"""

from dataclasses import field
from datetime import date, datetime
from decimal import Decimal
from typing import Literal

from features.made_often import dataclass
from features.money import UNITS, convert

_HALF = Decimal("0.5")

MoneySource = Literal["invoices", "ageing", "flat", "unknown"]


@dataclass(frozen=True, slots=True)
class OtherCurrency:
    """Of a document that is not in the portfolio's; `rate`: what one unit counts for.

    >>> OtherCurrency("JPY", Decimal("0.006")).stated(9_000_000)
    Decimal('150000')
    """

    code: str
    rate: Decimal

    def stated(self, money: int) -> Decimal:
        """Major units of it that count for `money`, ten-thousandths of the portfolio's.

        The shortest number that does, so that an invoice is told as it was written
        where a unit of its last place counts for a ten-thousandth or more. Smaller
        ones (dong or rupiah beside the euro) are told within one ten-thousandth of
        the portfolio's currency: 85025 VND at 0.000037 as 85024.
        """
        exact = Decimal(money) / UNITS / self.rate
        for n_places in range(4):
            short = round(exact, n_places)
            if abs(short * self.rate * UNITS - money) <= _HALF:
                return short
        return round(exact, 4)

    def counted(self, stated: Decimal) -> int:
        """Ten-thousandths of the portfolio's currency that major units of it are.

        Raises:
            ValueError: the sum is beyond what an account holds.
        """
        return convert(int(stated * UNITS), self.rate)


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An invoice of which something is still unpaid."""

    invoice_id: str
    issued_at: datetime
    due_on: date  # local calendar day
    amount: int  # the document's own amount
    remainder: int  # still open, contested part included
    contested: int
    days_overdue: int  # 0 when not due or wholly contested; clock per CONTRACT 2.5
    subscription_id: str | None = None
    disputed_until: date | None = None  # local day on which its last dispute ended
    # cover within the uncontested remainder: in-flight money first, then promises
    in_flight: int = 0
    promised: int = 0
    # what reduced it so far: local day and money, oldest first (interest reads it);
    # what was opened again is negative, what was never owed has the day of issue
    reductions: tuple[tuple[date, int], ...] = ()
    currency: OtherCurrency | None = None  # None: the portfolio's, as all amounts are
    # first and last local day of each time it was wholly under dispute, while overdue
    disputed: tuple[tuple[date, date], ...] = ()

    @property
    def uncovered(self) -> int:
        """Uncontested and neither in flight nor promised, in ten-thousandths."""
        return self.remainder - self.contested - self.in_flight - self.promised


@dataclass(frozen=True, slots=True)
class PaymentAttempt:
    """A charge that failed or came back; `status` is `failed` or `returned`."""

    at: datetime
    status: str
    method: str | None = None
    failure_code: str | None = None
    invoice_id: str | None = None  # None: for whatever was due by then
    instrument_id: str | None = None

    @property
    def instrument(self) -> tuple[str | None, str | None]:
        """What was charged: a card or an account, as far as the data name it."""
        return self.method, self.instrument_id


@dataclass(frozen=True, slots=True)
class OpenDispute:
    dispute_id: str
    kind: str
    opened_at: datetime
    amount: int | None
    invoice_id: str | None
    payment_id: str | None = None


@dataclass(frozen=True, slots=True)
class OpenPromise:
    """A promise neither kept, broken nor past its date (CONTRACT 2.4).

    `covers` is the money on overdue items that it still covers, in ten-thousandths;
    `days` the local calendar days from the one on which it was made to its last.
    """

    made_at: datetime
    until: datetime | None
    amount: int | None  # as stated; None = all it names
    promise_id: str | None = None
    invoice_id: str | None = None
    covers: int = 0
    days: int | None = None


@dataclass(frozen=True, slots=True)
class PendingPayment:
    """A payment on its way: not settled, and not older than its settlement days."""

    payment_id: str
    amount: int
    invoice_id: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice about what is owed now, with what became of it."""

    name: str
    sent_at: datetime
    delivered_at: datetime | None = None
    bounced_at: datetime | None = None
    policy: str | None = None


@dataclass(frozen=True, slots=True)
class ActiveHold:
    """A row of `holds` in force (not past `until`, not retracted)."""

    kind: str  # exemption, instalment_plan, legal, manual
    since: datetime
    until: datetime | None
    reason: str | None = None
    by: str | None = None
    subscription_id: str | None = None
    amount: int | None = None


@dataclass(frozen=True, slots=True)
class ExecutedAction:
    """A row of `actions`. `AccountFacts.access_off` holds those still in force."""

    action: str
    at: datetime
    reason: str | None = None
    by: str | None = None
    subscription_id: str | None = None
    decision_id: str | None = None
    # of a stop for non-payment: the invoices overdue when access was taken, as known
    # then (of its subscription where it names one); None where invoices are not known
    invoices: tuple[str, ...] | None = None
    given_up: int = 0  # of these: written off since, neither recovered nor credited


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sign of fraud: an unresolved alert, a fraud chargeback, an outcome.

    A sign is no proof. `is_confirmed`: somebody said that it is fraud (an outcome of
    strength confirmed, analyst or chargeback; a fraud chargeback that was lost). An
    open chargeback is a claim: a sign that nobody has confirmed yet.
    """

    kind: str  # alert kind, chargeback_fraud, outcome_fraud, account_takeover
    at: datetime  # when it happened; a claim that was confirmed: when it was
    severity: str | None = None
    confidence: str | None = None  # low, medium, high
    source: str | None = None
    is_confirmed: bool = False


@dataclass(frozen=True, slots=True)
class SharedWithFrauds:
    """An instrument, device or address that customers known as frauds used as well.

    `n_others`: customers who used it beside this one, frauds included, as far as links
    go (the twenty first known to use it before this one, and as many after).
    `frauds_known_at`: when each of the frauds became known on this link, oldest first.
    """

    kind: str  # instrument, device, ip
    n_others: int
    frauds_known_at: tuple[datetime, ...]


@dataclass(frozen=True, slots=True)
class ActiveOverride:
    """What a person decided instead of the recommendation, not past `until`."""

    action: str
    at: datetime
    by: str
    reason: str
    until: datetime | None  # None: the source says that it has no end
    decision_id: str | None = None
    subscription_id: str | None = None


@dataclass(frozen=True, slots=True)
class LiveSubscription:
    subscription_id: str
    product: str | None
    billing: str | None  # license, usage
    monthly: int  # quantity × unit_price of a live license subscription, else 0
    committed: int  # monthly × months left of the commitment, else 0
    commitment_ends_at: datetime | None = None
    cancel_window_ends_at: datetime | None = None
    open: int = 0  # open remainders of invoices that name it
    overdue: int = 0
    is_trial: bool = False


@dataclass(frozen=True, slots=True)
class AccountFacts:
    """Everything the policy may look at about one customer as of one moment.

    What was not looked at is None (CONTRACT section 1): without `disputes` it is not
    known what is `contested`, without `contacts` what is `promised`; `open`, `overdue`,
    `days_overdue` and `actionable` are then upper bounds, computed as if those tables
    were empty. Without `payments` (and without `ageing`) all that is owed is None.

    With `source` "unknown" all that is owed is None, though subscriptions and usage
    may still tell what is at stake; with "ageing" only `open`, `overdue`,
    `actionable` and `days_overdue` come from the report and `report_age_days` says
    how old it is; with "flat" `open`, `run_up` and `clv` come from the portfolio's
    `exposure`.
    """

    customer_id: str
    as_of: datetime
    source: MoneySource
    # money owed (CONTRACT section 2)
    open: int | None = None
    credit: int | None = None
    written_off: int | None = None
    contested: int | None = None
    in_flight: int | None = None
    promised: int | None = None
    overdue: int | None = None
    actionable: int | None = None
    days_overdue: int | None = None
    episode_started_at: datetime | None = None
    report_age_days: float | None = None
    # at stake, face value
    recurring_monthly: int | None = None
    usage_daily_cost: int | None = None
    usage_unbilled: int | None = None  # used since the last invoice, at cost
    next_due_at: datetime | None = None  # end of that day; None for who is overdue
    committed: int | None = None  # price of the committed months left
    clv: int | None = None
    run_up: int | None = None  # only where the portfolio states it (flat)
    # who
    subject_kind: str | None = None
    segment: str | None = None
    created_at: datetime | None = None
    is_departed: bool = False  # had subscriptions and all of them ended
    # what happened
    n_invoices_paid: int = 0  # invoices wholly settled by payments so far
    usage_ratio: float | None = None  # last 7 days' daily cost / the 28 days before
    known_until: datetime | None = None  # latest known_at among the customer's rows
    items: tuple[OpenItem, ...] = field(default=())
    disputes: tuple[OpenDispute, ...] = field(default=())
    promises: tuple[OpenPromise, ...] = field(default=())
    n_promises_365d: int = 0
    # of the current episode; before one, since the oldest open invoice was issued
    notices: tuple[Notice, ...] = field(default=())
    holds: tuple[ActiveHold, ...] = field(default=())
    access_off: tuple[ExecutedAction, ...] = field(default=())
    actions_90d: tuple[ExecutedAction, ...] = field(default=())
    evidence: tuple[Evidence, ...] = field(default=())
    # signs cleared at the very moment they happened, such as on one plain date: the
    # clearing may have come first, so they begin nothing, and whether a stop that
    # rests on them ends is for a person to say
    doubted_evidence: tuple[Evidence, ...] = field(default=())
    # empty, too, where `tables` lacks `links`: nobody looked
    shared_with_frauds: tuple[SharedWithFrauds, ...] = field(default=())
    has_open_appeal: bool = False
    subscriptions: tuple[LiveSubscription, ...] = field(default=())
    tables: frozenset[str] = frozenset()  # tables the portfolio or request has
    appeal_opened_at: datetime | None = None  # of the open appeal, where known
    recurring_committed: int | None = None  # the part of recurring_monthly committed
    pending: tuple[PendingPayment, ...] = field(default=())  # they make up in_flight
    # charges of what is overdue now that failed, oldest first
    payment_attempts: tuple[PaymentAttempt, ...] = field(default=())
    # payments and credit notes that name invoices not (yet) known (CONTRACT 2.2)
    unallocated: int | None = None
    # money at stake that the data do not say and that was assumed: names of fields
    # above, such as recurring_monthly and clv (CONTRACT 2.7)
    assumed: tuple[str, ...] = field(default=())
    rejected: frozenset[str] = frozenset()  # tables a row of the customer's broke
    # a protecting row stamped with today's plain date is known when its day is over
    protected_until: datetime | None = None
    fraud_stopped_at: datetime | None = None  # last time access was taken for fraud
    overrides: tuple[ActiveOverride, ...] = field(default=())
    measures: tuple[ExecutedAction, ...] = field(default=())  # begun and not ended

    @property
    def days_until_due(self) -> int:
        """Whole days until the next due date ends, 0 where it is over or unknown."""
        if self.next_due_at is None:
            return 0
        return max(0, (self.next_due_at - self.as_of).days)
