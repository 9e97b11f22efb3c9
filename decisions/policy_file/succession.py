"""What becomes of notices that are under way when a policy takes another's place."""

from collections.abc import Iterator
from datetime import datetime

from decisions.policy.finding import Finding
from decisions.policy_file.load import Policy
from decisions.rules.notices_served import counts_as
from decisions.terms import Terms
from features.facts import Notice


def forgets(notice: Notice, before: Policy, after: Policy, at: datetime) -> bool:
    """Whether a notice that counts under one policy counts no more under the other.

    Args:
        notice: that was sent.
        before: the policy until now.
        after: the one that is to take its place.
        at: the moment that is decided about.
    """
    then, now = (one.in_force(at) or one.latest for one in (before, after))
    if counts_as(notice, then, at) is None:
        return False
    return not is_of_use(notice, now, at)


def is_of_use(notice: Notice, terms: Terms, at: datetime) -> bool:
    """Whether a notice counts, and as one that the policy has."""
    return counts_as(notice, terms, at) in terms.document.notices.kinds


def ways_to_accept(*, is_namesake: bool) -> str:
    """What to write in a policy that notices of another count under it.

    Args:
        is_namesake: the other is a version of the same policy.
    """
    ways = "name them in `notices.accept_notices`"
    if is_namesake:
        return f"say `notices: {{count: same_policy}}`, or {ways}"
    return ways


def notices_restart(
    before: Policy, after: Policy, at: datetime, n_customers: int | None = None
) -> Iterator[Finding]:
    """A warning where notices sent under the policy before would count no more.

    Args:
        before: the policy until now.
        after: the one that is to take its place.
        at: the moment that is decided about.
        n_customers: of a portfolio, who have had such a notice of what they owe now;
            None: nobody looked.
    """
    sent = [
        Notice(name, at, delivered_at=at, policy=before.reference)
        for name in before.document.notices.kinds
    ]
    lost = [one.name for one in sent if forgets(one, before, after, at)]
    if not lost or n_customers == 0:
        return
    ways = ways_to_accept(is_namesake=before.document.name == after.document.name)
    consequence = "whoever has had one gets the first again, and waits anew"
    if n_customers is not None:
        has, gets, waits = ("has", "gets", "waits")
        if n_customers > 1:
            has, gets, waits = ("have", "get", "wait")
        consequence = (
            f"{n_customers:,} of the portfolio's customers, who {has} had one, {gets}"
            f" the first again, and {waits} anew"
        )
    text = (
        f"notices sent under {before.reference} count no more ({', '.join(lost)}):"
        f" {consequence}; to let them count, {ways}"
    )
    yield Finding("notices_restart", "warning", "version", text)
