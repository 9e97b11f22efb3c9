"""Makes a customer's `Standing`, moved on from one `as_of` to the next: `Account`."""

from collections.abc import Sequence
from math import isnan

from features.account.arrears import Arrears
from features.account.contacts import NO_CONTACTS, ContactLog, Promise
from features.account.cover import Cover, cover_of_balance
from features.account.disputes import Dispute, disputes
from features.account.history import History
from features.account.ledger_as_of import LedgerAsOf
from features.account.paid import PaidInvoices
from features.account.rows import AgeingRow, AnyRow, KnownRows, PaymentRow, known
from features.account.stake import (
    Subscription,
    have_all_ended,
    subscriptions,
    usage,
)
from features.account.standing import ReportedDebt, Rules, Standing
from features.account.worth import exposed, stated_clv
from features.events import FOREVER
from features.invoice import Invoice
from features.ledger import Ledger
from features.moments import DAY_US

UNALLOCATED_US = 60 * DAY_US  # older money is only counted in a warning


class Account:
    """One customer's rows; `at` is cheapest when moments only move forward."""

    def __init__(self, history: History, rules: Rules) -> None:
        self.history, self.rules = history, rules
        self._books = LedgerAsOf(
            history.invoices, history.payments, rules.days, rules.rounding
        )
        self._paid = PaidInvoices(self._books.ledger)
        self._contact_rows = KnownRows(history.contacts)
        self._contacts = NO_CONTACTS
        self._dispute_rows = KnownRows(history.disputes)
        self._disputes: list[Dispute] = []
        self._subscription_rows = KnownRows(history.subscriptions)
        self._subscriptions: list[Subscription] = []
        self._next_effect = FOREVER  # when a change announced ahead is made

    def at(self, as_of: int) -> Standing:
        """How the customer stands, by what was known at `as_of`."""
        standing = self.owing(as_of)
        self.complete(standing)
        return standing

    def complete(self, standing: Standing) -> None:
        """Make what `owing` just returned as whole as `at` has it."""
        as_of = standing.as_of
        if self._contact_rows.move_to(as_of):
            self._contacts = ContactLog(self._contact_rows.known)
        standing.contacts = self._contacts
        if promises := self._contacts.promises:
            standing.promises = [p for p in promises if not p.is_past(as_of)]
        if standing.days_overdue:
            standing.episode_started_at = self._episode_start(standing)
        if standing.overdue is not None:
            self._read_cover(standing)
        self._read_stake(standing)

    def owing(self, as_of: int) -> Standing:
        """Only who the customer is, what is owed and what is subscribed."""
        history, source = self.history, self.rules.source
        ledger = self._ledger_at(as_of)
        if self._paid.ledger is not ledger:
            self._paid = PaidInvoices(ledger)
        self._paid.catch_up()
        standing = Standing(as_of, history, ledger, self._paid)
        if history.customers:
            standing.customer = _latest(history.customers, as_of)
        standing.disputes = self._disputes
        if self.rules.has_subscriptions:
            standing.subscriptions = self._subscriptions_at(as_of)
            standing.is_departed = have_all_ended(standing.subscriptions, as_of)
        report = _latest(history.ageing, as_of) if history.ageing else None
        if report is not None:
            standing.report_at = report.event_at
        if source == "invoices":
            self._read_ledger(standing)
        elif source == "ageing" and report is not None:
            self._read_report(standing, report)
        elif source == "flat":
            standing.open = exposed("open", standing, self.rules)
        return standing

    def overdue_invoices(self, as_of: int) -> list[Invoice] | None:
        """Only the invoices that are overdue; None where no invoices tell it."""
        if self.rules.source != "invoices":
            return None
        ledger, rules = self._ledger_at(as_of), self.rules
        arrears = Arrears(ledger, self._disputes, rules.days, rules.materiality)
        owed = arrears.now(as_of)
        if not owed.overdue:
            return []
        return [item.invoice for item in owed.items if item.is_overdue]

    def arrears(self, standing: Standing) -> Arrears:
        """What was owed as time went by, as known in `standing`."""
        rules = self.rules
        return Arrears(
            standing.ledger, standing.disputes, rules.days, rules.materiality
        )

    def _ledger_at(self, as_of: int) -> Ledger:
        if self._dispute_rows.move_to(as_of):
            self._disputes = disputes(self._dispute_rows.known)
        return self._books.move_to(as_of, self._disputes)

    def _read_ledger(self, standing: Standing) -> None:
        ledger = standing.ledger
        standing.owed = owed = self.arrears(standing).now(standing.as_of)
        standing.open = sum([item.remainder for item in owed.items])
        standing.credit, standing.written_off = ledger.credit, ledger.written_off
        if self.rules.has_disputes:
            standing.contested = owed.contested
        standing.overdue, standing.days_overdue = owed.overdue, owed.days_overdue
        if ledger.unallocated_receipts or self._books.pending:
            standing.unallocated = self._unallocated(standing)
        else:
            standing.unallocated = 0

    def _unallocated(self, standing: Standing) -> int:
        """Money that may have been meant for what is overdue (CONTRACT 2.2).

        It names an invoice nobody knows, and is younger than the oldest overdue item
        and than 60 days. Payments on their way count as they will once they succeed.
        """
        ledger, as_of = standing.ledger, standing.as_of
        under_way = [
            row
            for row in self._books.pending.values()
            if row.invoice_id is not None
            and not ledger.knows(row.invoice_id)
            and as_of - row.event_at <= self.rules.settlement_us(row.method)
        ]
        if not ledger.unallocated_receipts and not under_way:
            return 0
        since = as_of - UNALLOCATED_US + 1
        if standing.overdue and standing.owed is not None:
            late = (i.invoice.issued_at for i in standing.owed.items if i.is_overdue)
            since = max(since, min(late))
        money = sum(row.amount for row in under_way if row.event_at >= since)
        return ledger.unallocated_since(since) + money

    def _read_report(self, standing: Standing, report: AgeingRow) -> None:
        """An ageing report instead of invoices (CONTRACT 2.8).

        It says what is owed, and knows nothing of money that was received since.
        """
        debt = self.reported(report, standing.disputes, standing.as_of)
        standing.open = debt.open
        if self.rules.has_disputes:
            standing.contested = debt.contested
        standing.credit = max(0, -report.balance)
        standing.overdue, standing.days_overdue = debt.overdue, debt.days_overdue
        standing.unallocated = sum(
            row.amount
            for row in self._books.state.values()
            if row.status == "succeeded" and row.event_at > report.event_at
        )

    def reported(
        self, report: AgeingRow, among: Sequence[Dispute], moment: int
    ) -> ReportedDebt:
        """What a report says is owed, less what disputes running at a moment claim."""
        balance, days = max(0, report.balance), report.days_past_due
        claims = (
            self._claim(dispute, balance)
            for dispute in among
            if dispute.is_open_at(moment) or dispute.is_lost_since(report.event_at)
        )
        contested = min(balance, sum(claims))
        is_material = balance - contested > self.rules.materiality
        if not is_material or days < 1:
            return ReportedDebt(balance, contested, 0, 0)
        if isnan(days):
            return ReportedDebt(balance, contested, None, None)
        return ReportedDebt(balance, contested, balance - contested, int(days))

    def _episode_start(self, standing: Standing) -> int:
        """When the arrears began that last until now."""
        as_of = standing.as_of
        if self.rules.source == "invoices":
            return self.arrears(standing).episode_start(as_of)
        start = as_of
        reports = sorted(known(self.history.ageing, as_of), key=_event_order)
        for report in reversed(reports):
            moment = report.event_at
            if not self.reported(report, standing.disputes, moment).overdue:
                break
            start = moment
        return start

    def _claim(self, dispute: Dispute, balance: int) -> int:
        """What of a reported balance a dispute contests.

        One that names only a payment contests what of it came back. One that was lost
        after the report contests until the next report knows of it.
        """
        most, payment_id = balance, dispute.payment_id
        if payment_id is not None and dispute.invoice_id is None:
            came_back = self._books.ledger.returned.get(payment_id)
            most = 0 if came_back is None else came_back[1]
        return most if dispute.amount is None else min(most, dispute.amount)

    def _pending(self, as_of: int) -> list[PaymentRow]:
        """Payments on their way, in the order in which the ledger would post them."""
        rules = self.rules
        under_way = (
            row
            for row in self._books.pending.values()
            if as_of - row.event_at <= rules.settlement_us(row.method)
        )
        return sorted(under_way, key=lambda row: (row.event_at, row.payment_id))

    def _read_cover(self, standing: Standing) -> None:
        """What of the open items is in flight or promised."""
        pending = self._pending(standing.as_of) if self._books.pending else []
        if self.rules.has_payments:
            standing.pending, standing.in_flight = pending, 0
        if self.rules.has_contacts:
            standing.promised = 0
        if not pending and not standing.promises:
            return
        if standing.owed is None:
            self._cover_balance(standing)
        elif standing.owed.items:
            items = standing.owed.items
            cover = standing.cover = Cover(items, self.rules.rounding)
            cover.lay_pending(pending, standing.ledger)
            if standing.promises:
                begun = self._begun(standing.as_of)
                over = self._promises_over(standing.as_of)
                arrears = self.arrears(standing)
                cover.lay_promises(standing.promises, over, arrears, begun)
                standing.promised = sum(cover.promised.values())
                standing.by_promise = cover.by_promise
            standing.in_flight = sum(cover.in_flight.values())
            if standing.overdue:
                standing.covered = cover.of_overdue
        else:
            standing.by_promise = [0] * len(standing.promises)

    def _promises_over(self, as_of: int) -> list[Promise]:
        """Promises kept, broken or past, the oldest first."""
        past = (p for p in self._contacts.promises if p.is_past(as_of))
        over = [*past, *self._contacts.answered_promises]
        return sorted(over, key=lambda promise: promise.made_at)

    def _begun(self, as_of: int) -> dict[str, int]:
        """When each payment was first told of."""
        begun: dict[str, int] = {}
        for row in known(self.history.payments, as_of):
            if row.status != "refunded":
                earliest = begun.get(row.payment_id, row.event_at)
                begun[row.payment_id] = min(row.event_at, earliest)
        return begun

    def _cover_balance(self, standing: Standing) -> None:
        """The balance of a report is one item, and no promise names another."""
        if standing.open is None or standing.overdue is None:
            return
        begun = self._begun(standing.as_of) if standing.promises else {}
        over = self._promises_over(standing.as_of) if standing.promises else ()
        received = [
            (begun[payment_id], row.amount)
            for payment_id, row in self._books.state.items()
            if row.status == "succeeded" and payment_id in begun
        ]
        room = standing.open - (standing.contested or 0)
        in_flight, covered = cover_of_balance(
            room,
            standing.pending,
            [(p, self._meaning(p, standing)) for p in standing.promises],
            [(p, self._meaning(p, standing)) for p in over],
            received,
        )
        if self.rules.has_payments:
            standing.in_flight = in_flight
        if self.rules.has_contacts:
            standing.promised = sum(covered)
        standing.by_promise = covered if standing.overdue else [0] * len(covered)
        standing.covered = min(standing.overdue, in_flight + sum(covered))

    def _meaning(self, promise: Promise, standing: Standing) -> int:
        """How much of a reported balance a promise is about."""
        if promise.amount is not None:
            return promise.amount
        reports = sorted(known(self.history.ageing, standing.as_of), key=_event_order)
        before = [r for r in reports if r.event_at <= promise.made_at] or reports
        debt = self.reported(before[-1], standing.disputes, promise.made_at)
        if debt.overdue is None:  # nobody knew how late: all of it
            return debt.open - debt.contested
        return debt.overdue

    def _read_stake(self, standing: Standing) -> None:
        as_of, rules = standing.as_of, self.rules
        if rules.has_subscriptions:
            live = [s for s in standing.subscriptions if s.is_live(as_of)]
            standing.n_live = len(live)
            if not any(s.is_unpriced for s in live):
                bound = [s for s in live if s.is_committed(as_of)]
                standing.recurring_monthly = sum(s.monthly() for s in live)
                standing.recurring_committed = sum(s.monthly() for s in bound)
                standing.committed = sum(s.committed(as_of) for s in bound)
        if rules.has_usage:
            standing.usage = usage(self.history.usage, as_of)
        standing.clv = stated_clv(standing, rules)
        if not rules.has_subscriptions and not rules.has_usage:
            standing.run_up = exposed("run_up", standing, rules)

    def _subscriptions_at(self, as_of: int) -> list[Subscription]:
        """Read anew only when a row appears, ends or takes effect."""
        rows = self._subscription_rows
        if rows.move_to(as_of) or as_of >= self._next_effect:
            self._subscriptions = subscriptions(rows.known, as_of)
            ahead = (r.effective_at for r in rows.known if r.effective_at > as_of)
            self._next_effect = min(ahead, default=FOREVER)
        return self._subscriptions


def _event_order(row: AnyRow) -> tuple[int, int]:
    return row.event_at, row.known_at


def _latest(rows: list[AnyRow], as_of: int) -> AnyRow | None:
    if len(rows) == 1:
        row = rows[0]
        return row if row.known_at <= as_of < row.superseded_at else None
    return max(known(rows, as_of), key=_event_order, default=None)
