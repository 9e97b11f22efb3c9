"""Several policy files: which of them decides for a customer at a moment."""

from collections.abc import Sequence
from datetime import datetime

from decisions.policy.load import Policy
from decisions.scope import is_in_scope
from features.facts import AccountFacts


def policy_for(
    policies: Sequence[Policy], facts: AccountFacts, at: datetime
) -> Policy | None:
    """The policy in force at `at` that speaks of this customer; None when none does.

    Of several the one that came into force last decides; of one day the higher version.
    """
    speaking = [
        policy
        for policy in policies
        if (terms := policy.in_force(at)) is not None
        and is_in_scope(terms.document, facts)
    ]
    return max(
        speaking,
        key=lambda p: (p.document.effective_from, p.document.version, p.document.name),
        default=None,
    )
