"""What becomes of notices that are under way when a policy takes another's place."""

from collections.abc import Iterator
from datetime import datetime

from decisions.policy.finding import Finding
from decisions.policy_file.load import Policy
from decisions.rules.notices_served import counts_as
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
    name = counts_as(notice, now, at)
    return name is None or name not in now.document.notices.kinds


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
    is_namesake = before.document.name == after.document.name
    ways = "name them in `notices.accept_notices`"
    if is_namesake:
        ways = f"say `notices: {{count: same_policy}}`, or {ways}"
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
