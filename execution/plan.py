"""From recorded decisions to acts: which subscriptions, in which order.

The last decision of a customer is planned, where it recommends something the provider
is asked for and still holds. What others depend on goes last when access is taken, and
first when it comes back.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from secrets import token_hex
from typing import Any

from decisions.policy.measures import MeasureName
from execution.errors import (
    NotOfferedError,
    ProviderRefusedError,
    UnusableAmountError,
)
from execution.intent import Intent, intent_of, is_spared
from execution.latest_decisions import LatestDecisions
from execution.measures import left_to_do, why_idle
from execution.planned_run import ManualMeasure, Run
from execution.port import Provider, Subscription, SubscriptionState
from features.moments import microseconds
from features.money import ten_thousandths
from store.act import (
    Act,
    ActKind,
    act_id_of,
)
from store.acts import Acts
from store.decisions import Decision, DecisionReader

# the state a subscription must have for an act to have a meaning
ACTED_ON: dict[ActKind, SubscriptionState] = {
    "suspend": "active",
    "restore": "suspended",
}


def plan_run(
    decisions: DecisionReader,
    acts: Acts,
    provider: Provider,
    since: int,
    now: int,
    policy_hash: str | None = None,
) -> Run:
    """Acts of the last decision of each customer, recorded from `since` on.

    Args:
        decisions: as recorded.
        acts: what was done before.
        provider: asked for a customer's subscriptions.
        since: of the first decision, microseconds since 1970 UTC.
        now: microseconds since 1970 UTC.
        policy_hash: of the policy in force; None: it is not known, and the check a
            moment before an act is carried out has to find that it is another.

    Raises:
        ExecutionError: the provider cannot be asked.
        DecisionStoreError: the decisions cannot be read.
    """
    planning = _Planning(acts, provider, f"run-{token_hex(6)}", now, policy_hash)
    latest = LatestDecisions(decisions, since, now)
    return _planned(planning, latest)._replace(n_decisions=latest.n_decisions)


def plan_decision(decision: Decision, acts: Acts, provider: Provider, now: int) -> Run:
    """Acts of one decision that was made just now, whichever clock it was made by.

    Raises:
        ExecutionError: the provider cannot be asked.
    """
    planning = _Planning(acts, provider, f"run-{token_hex(6)}", now, None)
    return _planned(planning, [decision])._replace(n_decisions=1)


def _planned(planning: "_Planning", decisions: Iterable[Decision]) -> Run:
    planned: list[Act] = []
    refused: dict[str, str] = {}
    for decision in decisions:
        try:
            planned += planning.acts_of(decision)
        except ProviderRefusedError as error:  # of this one; the others go on
            refused[decision.customer_id] = error.reason
    return Run(
        planning.run_id,
        planned,
        0,
        planning.n_not_ours,
        planning.n_spared,
        refused,
        tuple(planning.by_hand),
        planning.n_asked_before,
        planning.refused_measures,
        planning.idle_measures,
        planning.n_outdated,
    )


class _Planning:
    """One run; counts what it leaves alone."""

    def __init__(
        self,
        acts: Acts,
        provider: Provider,
        run_id: str,
        now: int,
        policy_hash: str | None,
    ) -> None:
        self.run_id, self.n_not_ours, self.n_asked_before = run_id, 0, 0
        self.n_spared, self.n_outdated, self._policy_hash = 0, 0, policy_hash
        self.by_hand: list[ManualMeasure] = []
        self.refused_measures: dict[tuple[str, MeasureName], str] = {}
        self.idle_measures: dict[tuple[str, MeasureName], str] = {}
        self._acts, self._provider, self._now = acts, provider, now

    def acts_of(self, decision: Decision) -> Iterator[Act]:
        """Acts of one decision; none where it holds no more or asks for nothing.

        What earlier decisions asked for on the same terms is not asked for again while
        it is to be done still.
        """
        for act in self._asked_for_by(decision):
            if any(_terms(one) == _terms(act) for one in self._acts.asked_before(act)):
                self.n_asked_before += 1
            else:
                yield act

    def _asked_for_by(self, decision: Decision) -> Iterator[Act]:
        """Access first, then measures; no new measure where access comes back."""
        answer = json.loads(decision.answer)
        expires_at = microseconds(datetime.fromisoformat(answer["expires_at"]))
        if expires_at <= self._now:
            return
        intent = intent_of(answer)
        is_back = intent is not None and intent.kind == "restore"
        if not is_back and self._is_outdated(decision):
            is_asking = intent or answer["permission"].get("measures")
            self.n_outdated += int(bool(is_asking))
            return
        if intent is not None:
            yield from self._of_intent(decision, intent, answer)
        if not is_back:
            yield from self._measures(decision, answer)

    def _is_outdated(self, decision: Decision) -> bool:
        """Nothing is taken on it: people or another policy decided otherwise since."""
        if self._policy_hash not in (None, decision.policy_hash):
            return True
        about = self._provider.name, decision.customer_id
        given_back_at = self._acts.given_back_at(*about)
        return given_back_at is not None and decision.recorded_at < given_back_at

    def _of_intent(
        self, decision: Decision, intent: Intent, answer: dict[str, Any]
    ) -> Iterator[Act]:
        if intent.kind == "suspend" and answer["permission"]["in_force"]:
            return  # it goes on
        if intent.kind == "open_request" and self._acts.has_open_request(
            self._provider.name, decision.customer_id
        ):
            return  # one is enough until it is closed
        for subscription_id in self._meant(intent, decision.customer_id):
            yield self._act(decision, intent, subscription_id)

    def _measures(self, decision: Decision, answer: dict[str, Any]) -> Iterator[Act]:
        """Of the measures beside the action, what is not so already."""
        for one in answer["permission"].get("measures", ()):
            kind: MeasureName = one["measure"]
            intent = Intent(kind, one["basis"], (), one["approvals"])
            try:
                amount = _amount(one["limit"])
                meant = left_to_do(self._provider, kind, decision.customer_id)
            except NotOfferedError:
                about = one["limit"], one["approvals"], decision.decision_id
                by_hand = decision.recorded_at, self._act(decision, intent, "")
                self.by_hand.append(
                    ManualMeasure(decision.customer_id, kind, *about, *by_hand)
                )
                continue
            except (ProviderRefusedError, UnusableAmountError) as error:
                why = getattr(error, "reason", error.code)
                self.refused_measures[decision.customer_id, kind] = why
                continue
            if not meant:
                self.idle_measures[decision.customer_id, kind] = why_idle(
                    self._provider, kind, decision.customer_id
                )
            for subscription_id in meant:
                act = self._act(decision, intent, subscription_id)
                yield replace(act, amount=amount)

    def _act(self, decision: Decision, intent: Intent, subscription_id: str) -> Act:
        name = self._provider.name
        return Act(
            act_id=act_id_of(name, decision.decision_id, intent.kind, subscription_id),
            run_id=self.run_id,
            decision_id=decision.decision_id,
            customer_id=decision.customer_id,
            subscription_id=subscription_id,
            kind=intent.kind,
            reason=intent.reason,
            provider=name,
            policy_hash=decision.policy_hash,
            n_approvals=intent.n_approvals,
            planned_at=self._now,
            due_at=self._now,
        )

    def _meant(self, intent: Intent, customer_id: str) -> Sequence[str]:
        if intent.kind == "open_request":
            return [""]
        named = intent.subscriptions
        listed = self._provider.subscriptions(customer_id)
        meant = [one for one in listed if not named or one.subscription_id in named]
        fitting = [one for one in meant if one.state == ACTED_ON[intent.kind]]
        if intent.kind == "restore":
            ours = [one for one in fitting if self._is_ours(customer_id, one)]
            self.n_not_ours += len(fitting) - len(ours)
            fitting = ours + [  # given back by others: the service must learn of it
                one
                for one in meant
                if one.state == "active" and self._is_over(customer_id, one)
            ]
        if is_spared(intent.kind, intent.reason):
            free = [one for one in fitting if one.spared_by is None]
            self.n_spared += len(fitting) - len(free)
            fitting = free
        order = in_order(intent.kind, listed)
        return sorted((one.subscription_id for one in fitting), key=order.index)

    def _is_ours(self, customer_id: str, one: Subscription) -> bool:
        what = self._provider.name, customer_id, one.subscription_id
        return self._acts.last_done(*what) == "suspend"

    def _is_over(self, customer_id: str, one: Subscription) -> bool:
        """Our stop of what is active, and nothing is planned now that finds it over."""
        about = self._provider.name, customer_id, one.subscription_id
        return self._is_ours(customer_id, one) and not any(
            act.state in ("planned", "asked") and act.due_at <= self._now
            for act in self._acts.restorations(*about)
        )


def _terms(act: Act) -> tuple[str, str, int, int | None]:
    """In which two acts about the same differ for whoever agrees to one."""
    return act.reason, act.policy_hash, act.n_approvals, act.amount


def _amount(limit: float | None) -> int | None:
    """Of a limit, in ten-thousandths; None: of a measure that has none."""
    if limit is None:
        return None
    try:
        amount = ten_thousandths(limit)
    except ValueError as error:
        raise UnusableAmountError from error
    if limit and not amount:  # a limit of nothing is another limit
        raise UnusableAmountError
    return amount


def requested_act(decision: Decision, provider: str, by: str, now: int) -> Act:
    """A request to the provider that a person orders; it is not checked again.

    Args:
        decision: about which the provider is asked.
        provider: its name.
        by: who orders it.
        now: microseconds since 1970 UTC.
    """
    answer = json.loads(decision.answer)
    return Act(
        act_id=act_id_of(provider, decision.decision_id, "open_request", ""),
        run_id=f"desk-{token_hex(6)}",
        decision_id=decision.decision_id,
        customer_id=decision.customer_id,
        subscription_id="",
        kind="open_request",
        reason=answer["permission"]["basis"] or "manual",
        provider=provider,
        policy_hash=decision.policy_hash,
        n_approvals=0,
        planned_at=now,
        due_at=now,
        ordered_by=by,
    )


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
