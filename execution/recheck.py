"""Whether an act is still permitted, asked a moment before it is carried out.

The score service is asked anew, so everything that arrived since the decision counts:
a payment, a promise, a dispute, an override, a used budget, the kill switch. What is
no longer permitted is withdrawn, and why is kept.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from decisions.actions import STOPS
from decisions.policy.measures import MEASURES
from execution.intent import intent_of
from store.act import Act

if TYPE_CHECKING:  # the desk asks for `verdict_of` alone, and not over HTTP
    from execution.service import Service


class Verdict(NamedTuple):
    """Whether to carry an act out; `code`: why not, a stable code."""

    is_permitted: bool
    code: str | None = None


PERMITTED = Verdict(is_permitted=True)


class Recheck(Protocol):
    """Says of an act whether it is still permitted."""

    def verdict(self, act: Act) -> Verdict:
        """Raises ServiceUnusableError where that cannot be known now."""
        ...


class ServiceRecheck(Recheck):
    """Asks the score service about the customer as of now."""

    def __init__(self, service: "Service") -> None:
        self._service = service

    def verdict(self, act: Act) -> Verdict:
        answer = self._service.score(act.customer_id)
        return (
            refused("unknown_customer") if answer is None else verdict_of(act, answer)
        )


def refused(code: str) -> Verdict:
    """Not permitted, and why."""
    return Verdict(is_permitted=False, code=code)


def verdict_of(act: Act, answer: Mapping[str, Any]) -> Verdict:
    """What a new answer about the customer says of an act planned before.

    A stop that is in force for another subscription of the customer is still permitted.

    Access comes back whichever policy says so. Codes: `policy_changed`;
    `no_decision`; `milder_now`, with the first reason why; `harsher_now`; `not_cured`;
    `other_reason`; `subscription_not_meant`; `more_must_agree`. Beside these
    `unknown_customer`: nothing is stored any more.
    """
    is_another = answer["question"]["policy_hash"] != act.policy_hash
    if is_another and act.kind != "restore":
        return refused("policy_changed")
    if answer["action"] is None:
        return refused("no_decision")
    if act.kind in MEASURES:
        return _of_measure(act, answer)
    intent = intent_of(dict(answer))
    if intent is None or intent.kind != act.kind:
        return refused(_milder(act, answer))
    if act.kind != "restore" and intent.reason != act.reason:
        return refused("other_reason")
    if intent.subscriptions and act.subscription_id not in intent.subscriptions:
        return refused("subscription_not_meant")
    if intent.n_approvals > act.n_approvals:
        return refused("more_must_agree")
    return PERMITTED


def _of_measure(act: Act, answer: Mapping[str, Any]) -> Verdict:
    """Whether the measure is recommended still, with as many people or fewer."""
    for one in answer["permission"].get("measures", ()):
        if one["measure"] == act.kind:
            must_agree = one["approvals"] > act.n_approvals
            return refused("more_must_agree") if must_agree else PERMITTED
    return refused("harsher_now" if answer["action"] in STOPS else "milder_now")


def _milder(act: Act, answer: Mapping[str, Any]) -> str:
    if act.kind == "restore":
        return "not_cured"
    if act.kind == "open_request" and answer["action"] in STOPS:
        return "harsher_now"
    withheld = answer["permission"]["withheld"]
    is_stop = act.kind == "suspend" and answer["action"] not in STOPS
    return f"milder_now:{withheld[0]['code']}" if is_stop and withheld else "milder_now"
