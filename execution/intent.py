"""What a decision asks of the provider."""

from typing import Any, NamedTuple

from decisions.actions import STOPS
from store.act import ActKind

_ASKED_FOR = frozenset({*STOPS, "service_request"})


class Intent(NamedTuple):
    """What one decision asks of the provider.

    Args:
        subscriptions: that are meant; empty: all of the customer.
        n_approvals: people who must agree.
    """

    kind: ActKind
    reason: str
    subscriptions: tuple[str, ...]
    n_approvals: int


def intent_of(answer: dict[str, Any]) -> Intent | None:
    """What an answer asks of the provider; None: nothing.

    What automation may not do alone waits for as many people as the answer says. An
    answer that gives access back and recommends a stop, too, has one that waits for
    people: meanwhile access comes back.
    """
    permission, people = answer["permission"], answer["people"]
    back = answer["follow_up"]["reactivation"]
    if back is not None:
        n_approvals = 1 if back["by"] == "person" else 0
        return Intent("restore", back["reasons"][0], (), n_approvals)
    if answer["action"] not in _ASKED_FOR:
        return None
    n_approvals = max(people["approvals"], int(people["requires_person"]))
    reason = permission["basis"] or "manual"
    if answer["action"] == "service_request":
        return Intent("open_request", reason, (), n_approvals)
    named = tuple(permission["subscriptions"])
    return Intent("suspend", reason, named, n_approvals)


def is_spared(kind: ActKind, reason: str) -> bool:
    """Whether what a provider's own hold protects from is meant: a stop for debt."""
    return kind == "suspend" and reason == "nonpayment"
