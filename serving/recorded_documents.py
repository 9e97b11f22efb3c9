"""Whether what was recorded beside decisions still says what its hash names."""

from hashlib import sha256

from decisions.errors import DecisionError
from decisions.policy_file.load import parse_policy


def is_as_named(document_hash: str, content: str) -> bool:
    """Whether a policy says what it said, or a settings file is the same text.

    A policy is named by what it says: comments and layout are no part of it.
    """
    if sha256(content.encode()).hexdigest() == document_hash:
        return True
    try:
        policy = parse_policy(content)
    except DecisionError:
        return False
    return document_hash in (policy.hash, policy.full_hash)
