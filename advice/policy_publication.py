"""What keeps a policy from being put in force in every service that shares a store."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from decisions.errors import PolicyFileError
from decisions.policy.finding import Finding
from decisions.policy_file.load import Policy, parse_policy
from store.policy_versions import PolicyVersion


def hash_now(version: PolicyVersion) -> str:
    """The hash of a published text, as this release counts it.

    Another release may have counted it otherwise, and another text may not be readable
    any more: then it is the one that was kept.
    """
    try:
        return parse_policy(version.text).hash
    except PolicyFileError:
        return version.policy_hash


def obstacles(
    policy: Policy,
    in_force: str | None,
    published: Sequence[PolicyVersion],
    at: datetime,
) -> Iterator[Finding]:
    """Errors of a policy that is right by itself, and is not to be published.

    Args:
        policy: to be published.
        in_force: hash of the policy that it takes the place of; None: of none.
        published: every version so far.
        at: the moment of publication, UTC.
    """
    if policy.in_force(at) is None:
        yield _not_in_force(policy, at)
    if policy.hash == in_force:
        text = "the rules are those in force already: there is nothing to publish"
        yield Finding("policy_unchanged", "error", "", text)
    namesakes = (one for one in published if one.reference == policy.reference)
    if any(hash_now(one) != policy.hash for one in namesakes):
        text = f"other rules were published as {policy.reference}: raise `version`"
        yield Finding("version_taken", "error", "version", text)


def _not_in_force(policy: Policy, at: datetime) -> Finding:
    first, last = policy.document.effective_from, policy.document.effective_to
    is_over = at >= policy.versions[0][0]
    key = "effective_to" if is_over else "effective_from"
    what = (
        f"its last day was {last}: give it a later one, or leave it out"
        if is_over
        else f"publish it on its first day, {first}"
    )
    text = f"the policy would decide nothing today: {what}"
    return Finding("not_in_force", "error", key, text)
