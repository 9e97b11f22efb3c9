"""How access taken for non-payment returns: paid, or arranged.

It was taken for the invoices overdue then, as known then, and these are looked at:
paid where no more than the materiality of them is open or written off, arranged where
a running promise or plan covers each. Money in flight, unallocated or contested gives
nothing back by itself, nor does money that was given up.
"""

from collections.abc import Iterator
from datetime import datetime

from decisions.rules.standing import ends_at, standing_rule
from decisions.terms import Terms
from features.facts import AccountFacts, ActiveHold, ExecutedAction, OpenItem
from features.money import UNITS


def returned_by(
    terms: Terms, facts: AccountFacts, action: ExecutedAction, at: datetime
) -> str | None:
    """`paid` or `arranged` where the policy accepts it, else None."""
    accepted = terms.document.reconnection.when
    if facts.overdue is None:
        return None
    owed = _owed_for(facts, action)
    gave_up = is_given_up(terms, action)
    if "paid" in accepted and not gave_up and _is_paid(terms, facts, owed):
        return "paid"
    plans = list(_plans(terms, facts, at))
    if gave_up and not _covers_all(plans, action.subscription_id):
        return None
    is_arranged = _is_arranged(facts, owed, plans)
    return "arranged" if is_arranged and "arranged" in accepted else None


def is_given_up(terms: Terms, action: ExecutedAction) -> bool:
    """Whether more was written off since than what nobody is dunned for."""
    return action.given_up > terms.materiality * UNITS


def _owed_for(facts: AccountFacts, action: ExecutedAction) -> list[OpenItem]:
    """What is still open of the invoices for which access was taken.

    Where these are not known, all that is past due and all that is contested.
    """
    if action.invoices is not None:
        named = set(action.invoices)
        return [item for item in facts.items if item.invoice_id in named]
    return [item for item in facts.items if item.days_overdue > 0 or item.contested]


def _is_paid(terms: Terms, facts: AccountFacts, owed: list[OpenItem]) -> bool:
    if sum(item.remainder for item in owed) <= terms.materiality * UNITS:
        return bool(facts.items) or not facts.overdue  # a report has no items
    is_contested = any(item.contested for item in owed)
    return not facts.overdue and not is_contested  # below the portfolio's materiality


def _is_arranged(
    facts: AccountFacts, owed: list[OpenItem], plans: list[ActiveHold]
) -> bool:
    if not facts.items:  # a report: nothing says what a promise is for
        is_promised = bool(facts.overdue) and facts.actionable == 0
        return bool(plans) or (is_promised and not facts.in_flight)
    rest = [item for item in owed if item.remainder > item.promised]
    uncovered = [i for i in rest if not _covers_all(plans, i.subscription_id)]
    limit = sum(plan.amount for plan in plans if plan.amount is not None)
    return sum(item.remainder - item.promised for item in uncovered) <= limit


def _covers_all(plans: list[ActiveHold], subscription_id: str | None) -> bool:
    """Whether a plan for all that is owed, or for this service, is running."""
    return any(
        plan.amount is None and plan.subscription_id in (None, subscription_id)
        for plan in plans
    )


def _plans(terms: Terms, facts: AccountFacts, at: datetime) -> Iterator[ActiveHold]:
    for hold in facts.holds:
        if hold.kind == "instalment_plan":
            until = ends_at(standing_rule(terms.document, hold.kind), hold)
            if until is None or until > at:
                yield hold
