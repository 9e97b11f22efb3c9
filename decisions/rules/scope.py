"""For whom the policy is, and which subscriptions a stop would touch.

Of a customer's services a stop touches those of which an invoice is itself as late as
the policy says before a stop, and was overdue when a last warning went out that is
proven and whose time to pay is over. Another invoice, due only lately, waits for its
own days and warning.
"""

from dataclasses import replace
from datetime import datetime
from fnmatch import fnmatchcase
from functools import lru_cache

from decisions.case import Case
from decisions.policy.document import PolicyDocument
from decisions.policy.people import CustomerClass
from decisions.rules.clock import clocks, contested_days, overdue_from
from decisions.rules.notices_served import ServedNotices
from decisions.rules.reason import Hold
from decisions.rules.time_to_pay import is_over
from decisions.terms import Terms
from features.facts import AccountFacts, LiveSubscription
from features.made_often import dataclass


@lru_cache(maxsize=1024)
def _matches(patterns: tuple[str, ...], product: str | None) -> bool:
    name = (product or "").lower()
    return any(fnmatchcase(name, pattern.lower()) for pattern in patterns)


def is_in_scope(document: PolicyDocument, facts: AccountFacts) -> bool:
    """Whether the policy speaks of this customer."""
    scope = document.scope
    if scope.segments and facts.segment not in scope.segments:
        return False
    if scope.subject_kinds and facts.subject_kind not in scope.subject_kinds:
        return False
    if not (scope.products or scope.billing):
        return True
    return any(
        (not scope.products or _matches(scope.products, s.product))
        and (not scope.billing or (s.billing or "license") in scope.billing)
        for s in facts.subscriptions
    )


def is_of_class(rule: CustomerClass, facts: AccountFacts) -> bool:
    """Whether a customer is of one of the segments or kinds of person."""
    if facts.segment in rule.segments or facts.subject_kind in rule.subject_kinds:
        return True
    is_legal = facts.subject_kind == "legal_person"
    return not is_legal and "natural_person" in rule.subject_kinds


@dataclass(frozen=True, slots=True)
class Targets:
    """What a stop would touch: named subscriptions, or (empty) the whole account.

    `protection` is the hold that leaves nothing to touch; `is_essential` says that
    what is left is never cut off, `is_account_essential` that something of the whole
    account is not, which is what a pause for fraud would touch.
    """

    subscriptions: tuple[str, ...] = ()
    protection: Hold | None = None
    is_essential: bool = False
    is_account_essential: bool = False


def targets(
    case: Case, terms: Terms, at: datetime, standing: tuple[Hold, ...]
) -> Targets:
    """What a stop for non-payment would touch under the policy's service scope."""
    document, facts, live = terms.document, case.facts, case.facts.subscriptions
    essential = document.essential
    is_named = facts.segment in essential.segments
    cuts = is_named or any(_matches(essential.products, s.product) for s in live)
    whole = next((hold for hold in standing if hold.subscription_id is None), None)
    unpaid = [s for s in live if s.overdue > 0]
    if whole is not None or document.service.suspend == "account" or not unpaid:
        return Targets((), whole or next(iter(standing), None), cuts, cuts)
    if len(unpaid) > 1:
        unpaid = _late_enough(case, terms, at, unpaid)
    subscriptions = _of_unpaid(document, unpaid, standing)
    is_essential = is_named or subscriptions.is_essential
    return replace(subscriptions, is_essential=is_essential, is_account_essential=cuts)


def _late_enough(
    case: Case, terms: Terms, at: datetime, unpaid: list[LiveSubscription]
) -> list[LiveSubscription]:
    """Those with an invoice as late as a stop asks; all where there is none.

    Then no service is named by what is late, or a shorter way leads to the stop.
    """
    least, warned_at = terms.document.days_before_stop or 0, _warned_at(case, terms, at)
    zone = case.zone or terms.zone
    late = {
        item.subscription_id
        for item, days in clocks(terms, case.facts)
        if days >= least
        and (warned_at is None or overdue_from(item.due_on, zone) <= warned_at)
    }
    return [s for s in unpaid if s.subscription_id in late] or unpaid


def _warned_at(case: Case, terms: Terms, at: datetime) -> datetime | None:
    """When the last notice before a stop went out.

    Of several the latest whose time to pay is over; the first where none's is.
    """
    way = terms.document.way_to_stop
    names = [state.notice for state in way[:-1] if state.notice is not None]
    if not names:
        return None
    name, when, calendar = names[-1], way[-1].when, terms.calendar
    contested = contested_days(terms, case.facts)
    proven = ServedNotices(case, terms, at).proven(name)
    over = [
        sent_at
        for sent_at, counts_at in proven
        if is_over(when, name, counts_at, at, calendar, contested)
    ]
    return max(over) if over else min((sent_at for sent_at, _ in proven), default=None)


def _of_unpaid(
    document: PolicyDocument,
    unpaid: list[LiveSubscription],
    standing: tuple[Hold, ...],
) -> Targets:
    held = {hold.subscription_id: hold for hold in standing}
    free = [s for s in unpaid if s.subscription_id not in held]
    if not free:
        return Targets(protection=held[unpaid[0].subscription_id])
    products = document.essential.products
    touched = tuple(
        s.subscription_id for s in free if not _matches(products, s.product)
    )
    return Targets(subscriptions=touched, is_essential=not touched)


def has_nothing_left(facts: AccountFacts) -> bool:
    """Whether every subscription has ended and no use is paid for: no access is left.

    Whose subscriptions are not known may have access all the same.
    """
    return facts.is_departed and (facts.usage_daily_cost or 0) <= 0
