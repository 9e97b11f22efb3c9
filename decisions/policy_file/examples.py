"""A policy's own cases: from the file's short notation to a case that is run."""

from datetime import datetime, timedelta

from decisions.case import Case
from decisions.policy.cases import PolicyCase
from features.facts import (
    AccountFacts,
    ActiveHold,
    Evidence,
    Notice,
    OpenDispute,
    OpenItem,
    OpenPromise,
    PaymentAttempt,
)
from features.money import UNITS

_TABLES = frozenset(
    {"customers", "subscriptions", "invoices", "payments", "disputes", "holds"}
    | {"actions"}
)


def moment_of(example: PolicyCase) -> datetime:
    """The moment of the example, UTC."""
    return datetime.fromisoformat(example.at)


def case_of(example: PolicyCase) -> Case:
    """The example as the engine sees it."""
    at = moment_of(example)
    p_fraud, p_nonpayment = example.p
    return Case(
        facts=_facts(example, at),
        p_fraud=p_fraud,
        p_nonpayment=p_nonpayment,
        observed_until=at - timedelta(hours=example.stale_hours),
    )


def _units(amount: float | None) -> int | None:
    return None if amount is None else round(amount * UNITS)


def _facts(example: PolicyCase, at: datetime) -> AccountFacts:
    """The account that an example describes."""
    open_ = example.open
    late = example.days_overdue > 0
    overdue = (open_ or 0.0) - example.contested if late else 0.0
    actionable = max(0.0, overdue - example.in_flight - example.promised)
    is_ahead = not late and example.due_in_days is not None
    due_at = at - timedelta(days=example.days_overdue or -(example.due_in_days or 0))
    tables = _TABLES | {"contacts"} if example.has_contacts else _TABLES
    known = open_ is not None
    return AccountFacts(
        customer_id="example",
        as_of=at,
        source="invoices" if known else "unknown",
        open=_units(open_),
        contested=_units(example.contested),
        in_flight=_units(example.in_flight),
        promised=_units(example.promised),
        overdue=_units(overdue) if known else None,
        actionable=_units(actionable) if known else None,
        days_overdue=example.days_overdue if known else None,
        episode_started_at=due_at if late else None,
        recurring_monthly=_units(example.recurring),
        usage_daily_cost=_units(example.usage),
        committed=0,
        clv=_units(example.clv),
        subject_kind=example.subject_kind,
        segment=example.segment,
        created_at=at - timedelta(days=700),
        n_invoices_paid=example.n_invoices_paid,
        usage_ratio=example.usage_ratio,
        known_until=at,
        items=_items(example, due_at) if late or is_ahead else (),
        disputes=(OpenDispute("d1", "billing", due_at, None, None),)
        if example.contested
        else (),
        promises=(OpenPromise(at, at + timedelta(days=7), None, days=0),)  # as granted
        if example.promised
        else (),
        notices=tuple(_notices(example, at)),
        holds=tuple(
            ActiveHold(kind, at - timedelta(days=1), at + timedelta(days=30))
            for kind in example.holds
        ),
        evidence=tuple(_evidence(sign, at) for sign in example.evidence),
        tables=frozenset(tables),
        payment_attempts=_attempts(example, at),
    )


def _items(example: PolicyCase, due_at: datetime) -> tuple[OpenItem, ...]:
    def share(money: float | None) -> int:
        """One invoice's part of an amount."""
        return (_units(money) or 0) // example.n_invoices

    amount = share(example.open)
    return tuple(
        OpenItem(
            invoice_id=f"i{n}",
            issued_at=due_at - timedelta(days=example.payment_terms_days),
            due_on=due_at.date(),
            amount=amount,
            remainder=amount,
            contested=share(example.contested),
            days_overdue=example.days_overdue,
            in_flight=share(example.in_flight),
            promised=share(example.promised),
        )
        for n in range(1, example.n_invoices + 1)
    )


def _attempts(example: PolicyCase, at: datetime) -> tuple[PaymentAttempt, ...]:
    attempts = [
        PaymentAttempt(
            at - timedelta(days=charge.days_ago),
            charge.status,
            charge.method,
            charge.code,
        )
        for charge in example.failed
    ]
    return tuple(sorted(attempts, key=lambda attempt: attempt.at))


def _notices(example: PolicyCase, at: datetime) -> list[Notice]:
    delivered = [
        Notice(name, at - timedelta(days=days), at - timedelta(days=days))
        for name, days in example.notices.items()
    ]
    sent = [
        Notice(name, at - timedelta(days=days))
        for name, days in example.undelivered.items()
    ]
    bounced = [
        Notice(name, moment, bounced_at=moment)
        for name, days in example.bounced.items()
        for moment in (at - timedelta(days=days),)
    ]
    return delivered + sent + bounced


def _evidence(sign: str, at: datetime) -> Evidence:
    kind, _, confidence = sign.partition(":")
    return Evidence(
        kind,
        at - timedelta(hours=2),
        confidence=confidence or None,
        is_confirmed=kind == "outcome_fraud",
    )
