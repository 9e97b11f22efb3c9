"""A change of the policy comes into force in every service that shares the store."""

from functools import partial

from advice.policy_publication import hash_now
from decisions.policy_file.load import parse_policy
from serving.errors import ProblemError
from store.database import Database
from store.errors import PolicyMovedError
from store.policy_changes import PolicyChange, PolicyChanges
from store.policy_versions import PolicyVersion, PolicyVersions


def publish_change(
    database: Database, change: PolicyChange, by: str, at: int, reason: str
) -> None:
    """Publish a change and keep that it was, or neither.

    What counts is what the store says and not what this process has in force, for
    another one may have published meanwhile.

    Args:
        database: where changes and versions are kept.
        change: that somebody else submitted.
        by: who publishes it.
        at: microseconds since 1970 UTC.
        reason: of whoever publishes it.

    Raises:
        PolicyMovedError: another policy was published since.
        ProblemError: somebody decided about the change already.
    """
    policy = parse_policy(change.text)
    version = PolicyVersion(
        policy.hash, policy.reference, change.text, change.author, by, reason, at
    )
    is_new = PolicyChanges(database).decide(
        change.change_id,
        "published",
        by,
        at,
        reason,
        partial(_add, PolicyVersions(database), version, change.base_hash),
    )
    require_undecided(is_new=is_new)


def _add(versions: PolicyVersions, version: PolicyVersion, base_hash: str) -> None:
    latest = versions.latest()
    if latest is not None and base_hash not in (hash_now(latest), latest.policy_hash):
        raise PolicyMovedError(latest.reference)
    versions.add(version, versions.number())


def require_base(change: PolicyChange, policy_hash: str) -> None:
    """Raises ProblemError where a change is of another policy than this one."""
    if change.base_hash != policy_hash:
        detail = "another policy is in force since; try the change again on that one"
        raise ProblemError("policy_moved", detail)


def require_undecided(*, is_new: bool) -> None:
    """Raises ProblemError where nobody submitted it, or somebody decided already."""
    if not is_new:
        detail = "the page of the change says who decided about it, and when"
        raise ProblemError("change_is_over", detail)
