"""What can be done now about a recommendation, as simulated events.

Only what can still happen: a past that was different helps nobody. Money that is
contested or on its way is never asked for again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, NamedTuple

import numpy as np

from decisions.actions import SEVERITY
from decisions.follow_up.counterfactual import Kind
from decisions.policy.document import PolicyDocument
from decisions.recommendation import Recommendation
from decisions.rules.evidence import signs_of
from features.account import account_facts
from features.additions import with_rows
from features.events import FOREVER, MISSING, Events
from features.facts import AccountFacts
from features.moments import DAY_ZERO, end_of_day, local_day, microseconds
from features.settings import PortfolioSettings

Rows = Mapping[str, Sequence[Mapping[str, object]]]
PROOFS = ("is_email_verified", "is_phone_verified", "is_tax_id_valid")


@dataclass(frozen=True, slots=True)
class Remedy:
    """Something that can be done now; `rows` are the events it would leave behind."""

    kind: Kind
    rows: Rows
    amount: int | None = None  # ten-thousandths
    invoices: tuple[str, ...] = ()
    until: date | None = None
    proofs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Situation:
    """A customer as asked about: events, facts, answer, and the policy in force."""

    events: Events
    facts: AccountFacts
    answer: Recommendation
    document: PolicyDocument
    settings: PortfolioSettings

    @property
    def now(self) -> int:
        """The moment asked about, in microseconds."""
        return microseconds(self.facts.as_of)

    @property
    def stamp(self) -> dict[str, object]:
        """The moments of a simulated row: it happens now and is known at once."""
        return {"event_at": self.now, "known_at": self.now}


def remedies(s: Situation) -> Iterator[tuple[Remedy, ...]]:
    """What may be tried, by rising effort; each group from less to more of the same.

    A stop that rests on fraud is not to be bought off: money that may be stolen is not
    asked for. Nor is the look of a person, while a sign of fraud that the policy counts
    is there. Proofs and alerts count only where fraud is what the decision rests on.
    """
    by_fraud = s.answer.permission.basis == "fraud"
    action = s.answer.action or "none"
    is_of_fraud = by_fraud and SEVERITY[action] >= SEVERITY["service_request"]
    is_looked_at = action == "review" and signs_of(s.document, s.facts, s.facts.as_of)
    if not (is_of_fraud or is_looked_at):
        yield tuple(_payments(s))
        yield tuple(_promise(s))
    if by_fraud:
        yield tuple(_verification(s))
        yield tuple(_clearance(s))


class Pair(NamedTuple):
    """Two things at once, and what each of them is alone."""

    both: Remedy
    alone: tuple[Kind, Kind]


def pairs(s: Situation) -> Iterator[Pair]:
    """What may be done together, for what neither leads to alone."""
    by_kind = {remedy.kind: remedy for group in remedies(s) for remedy in group}
    oldest, promise = by_kind.get("pay_oldest"), by_kind.get("promise")
    if oldest is not None and promise is not None and "pay_overdue" in by_kind:
        # without an amount a promise is of all that was overdue, less what is paid
        rest = [{**row, "amount": MISSING} for row in promise.rows["contacts"]]
        rows = {**oldest.rows, "contacts": rest}
        both = replace(oldest, kind="pay_and_promise", rows=rows, until=promise.until)
        yield Pair(both, ("pay_oldest", "promise"))
    proven, cleared = by_kind.get("verification"), by_kind.get("clearance")
    if proven is not None and cleared is not None:
        rows = {**proven.rows, **cleared.rows}
        both = replace(proven, kind="verification_and_clearance", rows=rows)
        yield Pair(both, ("verification", "clearance"))


class _Debt(NamedTuple):
    invoice_id: str
    money: int


def _payments(s: Situation) -> Iterator[Remedy]:
    if s.facts.source == "ageing":
        yield from _settled_report(s)
    elif s.facts.source == "invoices" and "payments" in s.settings.tables:
        facts = _once_arrived(s)
        today = date.fromordinal(local_day(s.now, s.settings.zone) + DAY_ZERO)
        owed = [
            (_Debt(item.invoice_id, item.remainder - item.contested), item.due_on)
            for item in facts.items
            if item.contested < item.remainder
        ]
        late = [debt for debt, due_on in owed if facts.overdue and due_on < today]
        yield from _distinct_payments(s, late, [debt for debt, _ in owed])


def _distinct_payments(
    s: Situation, late: list[_Debt], owed: list[_Debt]
) -> Iterator[Remedy]:
    tried: list[list[_Debt]] = [[]]
    steps: tuple[tuple[Kind, list[_Debt]], ...] = (
        ("pay_oldest", late[:1]),
        ("pay_overdue", late),
        ("pay_open", owed),
    )
    for kind, debts in steps:
        if debts not in tried:
            tried.append(debts)
            yield _payment(s, kind, debts)


def _payment(s: Situation, kind: Kind, debts: list[_Debt]) -> Remedy:
    """One payment per invoice: money that names its invoice can pay no other."""
    rows = [
        _paid(s, f"what-if:{debt.invoice_id}", debt.money, debt.invoice_id)
        for debt in debts
    ]
    amount = sum(debt.money for debt in debts)
    invoices = tuple(debt.invoice_id for debt in debts)
    return Remedy(kind, {"payments": rows}, amount, invoices)


def _paid(
    s: Situation, payment_id: str, money: int, invoice_id: str | None
) -> Mapping[str, object]:
    return {
        **s.stamp,
        "payment_id": payment_id,
        "status": "succeeded",
        "amount": money,
        "invoice_id": invoice_id,
    }


def _once_arrived(s: Situation) -> AccountFacts:
    """What is owed beside what the payments on their way will pay."""
    if not s.facts.pending:
        return s.facts
    rows = [
        _paid(s, payment.payment_id, payment.amount, payment.invoice_id)
        for payment in s.facts.pending
    ]
    arrived = with_rows(s.events, {"payments": rows})
    return account_facts(arrived, s.now, s.settings)


def _settled_report(s: Situation) -> Iterator[Remedy]:
    """Without invoices: the next report says that nothing is late any more."""
    facts = s.facts
    stays = min(facts.open or 0, (facts.contested or 0) + (facts.in_flight or 0))
    paid = (facts.open or 0) - stays
    if paid:
        row = {**s.stamp, "balance": stays, "days_past_due": 0.0, "paid": paid}
        kind: Kind = "pay_overdue" if facts.overdue else "pay_open"
        yield Remedy(kind, {"ageing": [row]}, paid)


def _promise(s: Situation) -> Iterator[Remedy]:
    """A promise of all that is overdue, no longer than the policy grants."""
    facts, rule = s.facts, s.document.holds.promise
    is_used_up = facts.n_promises_365d >= rule.per_year
    if "contacts" not in s.settings.tables or is_used_up or facts.promises:
        return
    zone, day = s.settings.zone, local_day(s.now, s.settings.zone) + rule.max_days
    if facts.actionable and rule.max_days:
        row = {
            **s.stamp,
            "kind": "promise_made",
            "promise_id": "what-if",
            "amount": facts.actionable,
            "until": end_of_day(day, zone),
        }
        last = date.fromordinal(day + DAY_ZERO)
        yield Remedy("promise", {"contacts": [row]}, facts.actionable, until=last)


def _verification(s: Situation) -> Iterator[Remedy]:
    """What is known to be unverified becomes verified."""
    row = _last_rows(s, "customers", "customer_id")
    if not row:
        return
    [latest] = row
    possible = PROOFS[:2] if s.facts.subject_kind == "natural_person" else PROOFS
    missing = tuple(name for name in possible if latest[name] == 0.0)
    if missing:
        proven = {**latest, **s.stamp, **dict.fromkeys(missing, 1.0)}
        yield Remedy("verification", {"customers": [proven]}, proofs=missing)


def _clearance(s: Situation) -> Iterator[Remedy]:
    """The open alerts turn out to be legitimate."""
    cleared = [
        {**row, **s.stamp, "status": "resolved", "resolved_reason": "legitimate"}
        for row in _last_rows(s, "alerts", "alert_id")
        if row["status"] != "resolved"
    ]
    if cleared:
        yield Remedy("clearance", {"alerts": cleared})


def _last_rows(s: Situation, table: str, one_per: str) -> list[dict[str, Any]]:
    """The latest known row of each, as cells that can be added again."""
    columns = s.events.tables[table]
    known = (columns["known_at"] <= s.now) & (s.now < columns["superseded_at"])
    latest = {columns[one_per][i]: i for i in np.flatnonzero(known).tolist()}
    return [
        {
            **{name: column[i] for name, column in columns.items()},
            "superseded_at": FOREVER,
        }
        for i in latest.values()
    ]
