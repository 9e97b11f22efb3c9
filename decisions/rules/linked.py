"""Customers known as frauds with whom this one shares an instrument or a device."""

from datetime import datetime, timedelta

from decisions.policy.ways import LinkedFrauds
from decisions.terms import Terms
from features.facts import AccountFacts, SharedWithFrauds


def linked_frauds(
    terms: Terms, facts: AccountFacts, at: datetime, since: datetime | None = None
) -> tuple[SharedWithFrauds, ...]:
    """What this customer shares with so many known frauds that a person should look.

    `since`: only where one of them became known as a fraud after that moment.
    """
    path = terms.document.fraud_path
    rule = None if path is None else path.linked
    if rule is None:
        return ()
    return tuple(
        shared
        for shared in facts.shared_with_frauds
        if _calls_a_person(rule, shared, at, since)
    )


def _calls_a_person(
    rule: LinkedFrauds, shared: SharedWithFrauds, at: datetime, since: datetime | None
) -> bool:
    if shared.kind not in rule.kinds:
        return False
    oldest = at - timedelta(days=rule.max_age_days)
    lately = [known_at for known_at in shared.frauds_known_at if known_at >= oldest]
    n_frauds = len(lately)
    # a product may exceed the count by its rounding: 0.28 of 25 is not 7
    if n_frauds < rule.min_frauds or n_frauds / shared.n_others < rule.min_share:
        return False
    return since is None or lately[-1] > since
