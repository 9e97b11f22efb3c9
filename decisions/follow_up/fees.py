"""What being late costs the customer: fees of notices and interest.

Told in the answer and on the page; nothing here is read by any rule that decides.
"""

from datetime import datetime

from decisions.policy.charges import Interest
from decisions.policy.document import PolicyDocument
from decisions.rules.clock import late_items, uncontested
from decisions.terms import Terms
from features.facts import AccountFacts
from features.money import UNITS

DAYS_OF_A_YEAR = 365


def notice_fee(document: PolicyDocument, facts: AccountFacts, name: str) -> float:
    """What the notice costs the customer now, in major units.

    A notice costs its fee once in an episode of arrears, however often it is sent;
    each fee and the sum of all are capped, and the ladder's first notice is free
    where the policy says so.
    """
    sent = {notice.name for notice in facts.notices}
    if name in sent:
        return 0.0
    total = document.fees.cap_total
    fee = capped_fee(document, name)
    if total is None:
        return fee
    charged = sum(capped_fee(document, other) for other in sent)
    return min(fee, max(total - charged, 0.0))


def capped_fee(document: PolicyDocument, name: str) -> float:
    """What a notice costs at most, whatever was sent before; 0 where it is free."""
    rule, fees = document.notices.kinds.get(name), document.fees
    if rule is None or (fees.first_reminder_free and name == first_notice(document)):
        return 0.0
    cap = fees.cap_per_notice
    return rule.fee if cap is None else min(rule.fee, cap)


def first_notice(document: PolicyDocument) -> str | None:
    """The notice the ladder begins with."""
    return next((state.notice for state in document.ladder if state.notice), None)


def interest_accrued(terms: Terms, facts: AccountFacts, at: datetime) -> float | None:
    """Simple interest on what was overdue each day until `at`, act/365.

    Of an invoice that is overdue each part counts from its due date, or from the end of
    the last dispute about it, to the day on which it was paid; what is still open, to
    the day of `at`. What is contested or on its way bears none, and neither does an
    invoice that is settled. In major units, to the ten-thousandth; None where the
    policy charges no interest or the items are unknown.
    """
    rule = terms.document.fees.interest
    if rule is None or facts.source != "invoices":
        return None
    today = terms.calendar.local_day(at)
    total = 0.0
    for item in late_items(facts):
        start = max(item.due_on, item.disputed_until or item.due_on)
        owed = max(uncontested(item) - item.in_flight, 0)
        for day, money in (*item.reductions, (today, owed)):
            total += money * _interest_share(rule, (min(day, today) - start).days)
    return round(total / UNITS, 4)


def _interest_share(rule: Interest, n_days: int) -> float:
    """What a unit of money costs that was overdue for so many days."""
    share = rule.annual_rate * max(n_days - rule.from_days_overdue, 0) / DAYS_OF_A_YEAR
    return share if rule.cap_share is None else min(share, rule.cap_share)
