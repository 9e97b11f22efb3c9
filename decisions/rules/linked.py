"""Customers known as frauds with whom this one shares an instrument or a device."""

from dataclasses import replace
from datetime import datetime, timedelta

from decisions.policy.ways import LinkedFrauds
from decisions.terms import Terms
from features.facts import AccountFacts, SharedWithFrauds


def linked_frauds(
    terms: Terms, facts: AccountFacts, at: datetime, since: datetime | None = None
) -> tuple[SharedWithFrauds, ...]:
    """What this customer shares with so many known frauds that a person should look.

    Of the frauds only those are told that count by their age. `since`: only where one
    of them became known as a fraud after that moment.
    """
    path = terms.document.fraud_path
    rule = None if path is None else path.linked
    if rule is None:
        return ()
    oldest = at - timedelta(days=rule.max_age_days)
    lately = (
        _known_since(oldest, shared)
        for shared in facts.shared_with_frauds
        if shared.kind in rule.kinds
    )
    return tuple(shared for shared in lately if _calls_a_person(rule, shared, since))


def _known_since(oldest: datetime, shared: SharedWithFrauds) -> SharedWithFrauds:
    known_at = tuple(moment for moment in shared.frauds_known_at if moment >= oldest)
    return replace(shared, frauds_known_at=known_at)


def _calls_a_person(
    rule: LinkedFrauds, shared: SharedWithFrauds, since: datetime | None
) -> bool:
    n_frauds = len(shared.frauds_known_at)
    # a product may exceed the count by its rounding: 0.28 of 25 is not 7
    if n_frauds < rule.min_frauds or n_frauds / shared.n_others < rule.min_share:
        return False
    return since is None or shared.frauds_known_at[-1] > since
