"""From recorded decisions to acts: which subscriptions, in which order.

The last decision of a customer is planned, where it recommends something the provider
is asked for and still holds. What others depend on goes last when access is taken, and
first when it comes back.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from secrets import token_hex
from typing import Any, NamedTuple

from execution.port import Provider, Subscription, SubscriptionState
from features.moments import microseconds
from store.acts import Act, ActKind, Acts, act_id_of
from store.decisions import Decision, DecisionReader

_STEP = 500  # decisions read at a time
STOPS = frozenset({"suspend", "block"})
_ASKED_FOR = STOPS | {"service_request"}
# the state a subscription must have for an act to have a meaning
_FROM: dict[ActKind, SubscriptionState] = {"suspend": "active", "restore": "suspended"}
MOST_OF_A_RUN = 100_000


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


class Run(NamedTuple):
    """What was planned together; `n_decisions` were looked at."""

    run_id: str
    acts: list[Act]
    n_decisions: int


def intent_of(answer: dict[str, Any]) -> Intent | None:
    """What an answer asks of the provider; None: nothing.

    What automation may not do alone waits for as many people as the answer says.
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


def plan_run(
    decisions: DecisionReader, provider: Provider, since: int, now: int
) -> Run:
    """Acts of the last decision of each customer, recorded from `since` on.

    Args:
        decisions: as recorded.
        provider: asked for a customer's subscriptions.
        since: of the first decision, microseconds since 1970 UTC.
        now: microseconds since 1970 UTC.

    Raises:
        ExecutionError: the provider cannot be asked.
        DecisionStoreError: the decisions cannot be read.
    """
    run_id = f"run-{token_hex(6)}"
    latest: dict[str, str] = {}
    n_decisions = 0
    for decision in _recorded(decisions, since, now):
        n_decisions += 1
        latest[decision.customer_id] = decision.decision_id
    acts: list[Act] = []
    for decision_id in latest.values():
        decision = decisions.find(decision_id)
        acts += acts_of(decision, provider, run_id, now)
    return Run(run_id, acts, n_decisions)


def acts_of(
    decision: Decision, provider: Provider, run_id: str, now: int
) -> Iterator[Act]:
    """Acts of one decision; none where it holds no more or asks for nothing."""
    answer = json.loads(decision.answer)
    intent = intent_of(answer)
    expires_at = microseconds(datetime.fromisoformat(answer["expires_at"]))
    goes_on = answer["permission"]["in_force"] and answer["action"] in STOPS
    if intent is None or expires_at <= now or (goes_on and intent.kind != "restore"):
        return
    for subscription_id in _meant(intent, decision.customer_id, provider):
        yield Act(
            act_id=act_id_of(decision.decision_id, intent.kind, subscription_id),
            run_id=run_id,
            decision_id=decision.decision_id,
            customer_id=decision.customer_id,
            subscription_id=subscription_id,
            kind=intent.kind,
            reason=intent.reason,
            provider=provider.name,
            policy_hash=answer["question"]["policy_hash"],
            n_approvals=intent.n_approvals,
            planned_at=now,
            due_at=now,
        )


def plan_undo(acts: Acts, run_id: str, now: int) -> Run:
    """What gives back all that one run took, by the order of a person.

    What the run planned and nobody began is withdrawn.

    Args:
        acts: where runs are written down.
        run_id: of the run.
        now: microseconds since 1970 UTC.
    """
    acts.withdraw_run(run_id, now, "undone")
    taken = acts.listed(MOST_OF_A_RUN, states=("done",), run_id=run_id)
    undo_id = f"undo-{token_hex(6)}"
    back = [
        Act(
            act_id=act_id_of(act.decision_id, "restore", act.subscription_id),
            run_id=undo_id,
            decision_id=act.decision_id,
            customer_id=act.customer_id,
            subscription_id=act.subscription_id,
            kind="restore",
            reason="manual",
            provider=act.provider,
            policy_hash=act.policy_hash,
            n_approvals=0,
            planned_at=now,
            due_at=now,
        )
        for act in taken  # the latest first: what went last comes back first
        if act.kind == "suspend"
    ]
    return Run(undo_id, back, 0)


def in_order(kind: ActKind, subscriptions: Iterable[Subscription]) -> list[str]:
    """Children before parents when access goes, parents first when it comes back."""
    by_id = {one.subscription_id: one for one in subscriptions}

    def depth(one: Subscription) -> int:
        steps, seen = 0, {one.subscription_id}
        while one.parent_id in by_id and one.parent_id not in seen:
            seen.add(one.parent_id)
            one, steps = by_id[one.parent_id], steps + 1
        return steps

    sign = -1 if kind == "suspend" else 1
    ranked = sorted(by_id.values(), key=lambda s: (sign * depth(s), s.subscription_id))
    return [one.subscription_id for one in ranked]


def _meant(intent: Intent, customer_id: str, provider: Provider) -> Sequence[str]:
    if intent.kind == "open_request":
        return [""]
    fitting = [
        one
        for one in provider.subscriptions(customer_id)
        if one.state == _FROM[intent.kind]
        and (not intent.subscriptions or one.subscription_id in intent.subscriptions)
    ]
    return in_order(intent.kind, fitting)


def _recorded(decisions: DecisionReader, since: int, now: int) -> Iterator[Any]:
    after = ""
    while listed := decisions.recorded(None, since, now + 1, after, _STEP):
        yield from listed
        after = listed[-1].decision_id
