"""Fills `AccountFacts` of one customer from a `Standing` and from holds and actions."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from itertools import repeat
from typing import NamedTuple

from features.account.account import Account
from features.account.attempts import payment_attempts
from features.account.evidence import signs_of_fraud
from features.account.history import account_columns, history_of
from features.account.holds_and_actions import (
    access_off,
    actions_since,
    active_holds,
    executed,
    fraud_stopped_at,
    measures_in_force,
    overrides,
)
from features.account.shared import shared_with_frauds
from features.account.standing import Rules, Standing
from features.account.stops import Stops
from features.account.upcoming import next_due_at, usage_unbilled
from features.account.values import KnownTable, KnownTables
from features.account.worth import worth
from features.events import Events
from features.facts import (
    AccountFacts,
    ExecutedAction,
    LiveSubscription,
    Notice,
    OpenDispute,
    OpenItem,
    OpenPromise,
    OtherCurrency,
    PendingPayment,
)
from features.invoice import INVOICE, KINDS, PAID, Invoice
from features.moments import DAY_US, LocalDays, to_datetime
from features.settings import PortfolioSettings

_DAY_ZERO = date(1970, 1, 1)
_LATELY_US = 90 * DAY_US  # actions of this time are facts


class CarriedOut(NamedTuple):
    """What was carried out, oldest first, and the stops that still stand."""

    actions: Sequence[ExecutedAction]
    access_off: tuple[ExecutedAction, ...]


NOTHING_CARRIED_OUT = CarriedOut((), ())


def account_facts(
    events: Events, as_of: int, settings: PortfolioSettings
) -> AccountFacts:
    """What a customer owes, contests, promised and was told (CONTRACT section 2).

    Args:
        events: the customer's rows; only those known at `as_of` are looked at.
        as_of: microseconds since 1970 UTC.
        settings: of the portfolio; its `tables` decide where money comes from.
    """
    [facts] = facts_over_time(events, [as_of], settings)
    return facts


def facts_over_time(
    events: Events, moments: Iterable[int], settings: PortfolioSettings
) -> Iterator[AccountFacts]:
    """`account_facts` at one moment after the other; cheapest when moments rise.

    What is known is moved on from one moment to the next, not read anew.

    Args:
        events: the customer's rows.
        moments: microseconds since 1970 UTC.
        settings: of the portfolio.
    """
    rules = Rules(settings)
    account = Account(history_of(events, account_columns(settings)), rules)
    known, stops = KnownTables(events), Stops(events, account)
    for as_of in moments:
        _, facts = facts_at(as_of, known, account, stops)
        yield facts


def facts_at(
    as_of: int, known: KnownTables, account: Account, stops: Stops
) -> tuple[Standing, AccountFacts]:
    """How a customer stands, and the same as facts.

    Args:
        as_of: µs since 1970 UTC.
        known: of the customer; moved to that moment here.
        account: of the same rows.
        stops: of that account.
    """
    standing, done = standing_at(as_of, known, account, stops)
    return standing, facts_of(standing, known, stops, done)


def standing_at(
    as_of: int, known: KnownTables, account: Account, stops: Stops
) -> tuple[Standing, CarriedOut]:
    """The first half of `facts_at`: how a customer stands, and what was carried out."""
    known.move_to(as_of)
    actions = known.made(executed)
    # before the account moves on
    off = stops.with_invoices(access_off(actions))
    standing = account.at(as_of)
    return standing, CarriedOut(actions, stops.with_given_up(off, standing))


def facts_of(
    standing: Standing, known: KnownTables, stops: Stops, done: CarriedOut
) -> AccountFacts:
    """The second half of `facts_at`: the same as facts."""
    as_of, contacts, rules = standing.as_of, standing.contacts, stops.rules
    customer, brings_in = known["customers"], worth(standing, rules)
    return AccountFacts(
        customer_id=known.events.customer_id,
        as_of=to_datetime(as_of),
        source=rules.source,
        open=standing.open,
        credit=standing.credit,
        written_off=standing.written_off,
        contested=standing.contested,
        in_flight=standing.in_flight,
        promised=standing.promised,
        overdue=standing.overdue,
        actionable=standing.actionable,
        days_overdue=standing.days_overdue,
        unallocated=standing.unallocated,
        episode_started_at=_moment(standing.episode_started_at),
        report_age_days=_report_age_days(standing),
        recurring_monthly=brings_in.recurring_monthly,
        usage_daily_cost=standing.usage.daily_cost if standing.usage else None,
        usage_unbilled=usage_unbilled(standing),
        next_due_at=_moment(next_due_at(standing, rules)),
        committed=standing.committed,
        clv=brings_in.clv,
        assumed=brings_in.assumed,
        run_up=standing.run_up,
        subject_kind=customer.last("subject_kind"),
        segment=customer.last("segment"),
        created_at=_moment(_created_at(customer)),
        is_departed=standing.is_departed,
        n_invoices_paid=standing.paid.n,
        usage_ratio=standing.usage.ratio if standing.usage else None,
        known_until=stops.known_until(as_of),
        items=_items(standing, rules, known),
        disputes=_disputes(standing),
        promises=_promises(standing, rules.days),
        n_promises_365d=contacts.n_promises_since(as_of - 365 * DAY_US),
        notices=_notices(standing),
        holds=active_holds(known["holds"], as_of),
        access_off=done.access_off,
        actions_90d=actions_since(done.actions, as_of - _LATELY_US),
        evidence=known.made(signs_of_fraud).standing,
        doubted_evidence=known.made(signs_of_fraud).doubted,
        shared_with_frauds=known.made(shared_with_frauds),
        has_open_appeal=contacts.appeal_opened_at is not None,
        subscriptions=_subscriptions(standing),
        tables=rules.settings.tables,
        appeal_opened_at=_moment(contacts.appeal_opened_at),
        recurring_committed=standing.recurring_committed,
        pending=_pending(standing),
        payment_attempts=payment_attempts(known, standing, rules),
        rejected=known.events.rejected,
        overrides=overrides(known["overrides"], as_of),
        protected_until=stops.protected_until(as_of),
        fraud_stopped_at=fraud_stopped_at(done.actions),
        measures=measures_in_force(done.actions),
    )


def _report_age_days(standing: Standing) -> float | None:
    reported_at = standing.report_at
    return None if reported_at is None else (standing.as_of - reported_at) / DAY_US


def _pending(standing: Standing) -> tuple[PendingPayment, ...]:
    return tuple(
        PendingPayment(row.payment_id, row.amount, row.invoice_id)
        for row in standing.pending
    )


def _moment(moment: int | None) -> datetime | None:
    return None if moment is None else to_datetime(moment)


def _day(day: int) -> date:
    return _DAY_ZERO + timedelta(days=day)


def _created_at(customer: KnownTable) -> int | None:
    """As stated, else when the customer became known."""
    stated: int | None = customer.last("created_at")
    return stated if stated is not None else customer.first_known_at()


def _items(s: Standing, rules: Rules, known: KnownTables) -> tuple[OpenItem, ...]:
    """Overdue items count no days as long as together they are not material."""
    if s.owed is None:
        return ()
    days, currencies = rules.days, _other_currencies(known, rules.settings)
    in_flight = s.cover.in_flight if s.cover is not None else {}
    promised = s.cover.promised if s.cover is not None else {}
    return tuple(
        OpenItem(
            invoice_id=item.invoice.id,
            issued_at=to_datetime(item.invoice.issued_at),
            due_on=_day(item.invoice.due_on),
            amount=item.invoice.amount,
            remainder=item.remainder,
            contested=item.contested,
            days_overdue=item.days_overdue if s.overdue else 0,
            subscription_id=item.invoice.subscription_id,
            disputed_until=None if (day := item.disputed_until) is None else _day(day),
            in_flight=in_flight.get(item.invoice.id, 0),
            promised=promised.get(item.invoice.id, 0),
            reductions=_reductions(item.invoice, days),
            currency=currencies.get(item.invoice.id),
            disputed=tuple((_day(a), _day(b)) for a, b in item.disputed),
        )
        for item in s.owed.items
    )


def _other_currencies(
    known: KnownTables, settings: PortfolioSettings
) -> dict[str, OtherCurrency]:
    """By invoice, where it is in another currency than the portfolio's."""
    if not settings.rates or "currency" not in known.events.tables["invoices"]:
        return {}
    return {
        invoice_id: OtherCurrency(code, settings.rates[code])
        for invoice_id, kind, code in known["invoices"].rows(
            "invoice_id", "kind", "currency"
        )
        if code in settings.rates
        and code != settings.currency
        and KINDS[kind] == INVOICE
    }


def _reductions(invoice: Invoice, days: LocalDays) -> tuple[tuple[date, int], ...]:
    """What was paid, on its day; what was credited or written off bears no interest."""
    if not invoice.entries:
        return ()
    return tuple(
        sorted(
            (_day(days.day(at if kind == PAID else invoice.issued_at)), money)
            for at, money, kind, _ in invoice.entries
        )
    )


def _disputes(s: Standing) -> tuple[OpenDispute, ...]:
    return tuple(
        OpenDispute(
            d.id,
            d.kind,
            to_datetime(d.opened_at),
            d.amount,
            d.invoice_id,
            d.payment_id,
        )
        for d in s.disputes
        if d.is_open_at(s.as_of)
    )


def _promises(s: Standing, days: LocalDays) -> tuple[OpenPromise, ...]:
    return tuple(
        OpenPromise(
            to_datetime(p.made_at),
            to_datetime(p.until),
            p.amount,
            p.promise_id,
            p.invoice_id,
            covers,
            days.day(p.until - 1) - days.day(p.made_at),
        )
        for p, covers in zip(s.promises, s.by_promise or repeat(0), strict=False)
    )


def _notices(s: Standing) -> tuple[Notice, ...]:
    start = _notices_count_from(s)
    if start is None:
        return ()
    return tuple(
        Notice(
            name=notice.name or "",
            sent_at=to_datetime(notice.sent_at),
            delivered_at=_moment(notice.delivered_at),
            bounced_at=_moment(notice.bounced_at),
            policy=notice.policy,
        )
        for notice in s.contacts.notices
        if notice.sent_at >= start
    )


def _notices_count_from(s: Standing) -> int | None:
    """The start of the episode; before one, when the oldest open invoice was issued."""
    if s.episode_started_at is not None or s.owed is None:
        return s.episode_started_at
    return min((item.invoice.issued_at for item in s.owed.items), default=None)


def _subscriptions(s: Standing) -> tuple[LiveSubscription, ...]:
    unpaid: dict[str | None, int] = {}
    late: dict[str | None, int] = {}
    for item in s.owed.items if s.owed is not None else ():
        name = item.invoice.subscription_id
        unpaid[name] = unpaid.get(name, 0) + item.remainder
        if item.is_overdue and s.overdue:
            late[name] = late.get(name, 0) + item.remainder - item.contested
    return tuple(
        LiveSubscription(
            subscription_id=live.id,
            product=live.product,
            billing=live.billing,
            monthly=live.monthly(),
            committed=live.committed(s.as_of),
            commitment_ends_at=_moment(live.commitment_ends_at),
            cancel_window_ends_at=_moment(live.cancel_window_ends_at),
            open=unpaid.get(live.id, 0),
            overdue=late.get(live.id, 0),
            is_trial=live.is_trial,
        )
        for live in s.subscriptions
        if live.is_live(s.as_of)
    )
