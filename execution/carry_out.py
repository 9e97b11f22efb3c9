"""Carries planned acts out: checks again, writes down, asks, reads back, reports.

Killed at any point it neither acts twice nor forgets that it acted. That the provider
is about to be asked is committed before it is asked; an act found in that state is read
at the provider first, and asked for again under the same id only if it was not done.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Literal, NamedTuple

from execution.errors import (
    ExecutionError,
    NotOfferedError,
    ProviderBusyError,
    ProviderChangedError,
    ProviderRefusedError,
)
from execution.port import Provider, RequestText, Subscription, SubscriptionState
from execution.recheck import Recheck, Verdict
from execution.service import Service
from store.acts import Act, ActKind, Acts, ClaimedAct
from store.decisions import DecisionReader

MOST_ATTEMPTS = 40  # some nine hours
_LEASE_US = 300_000_000  # beyond it another process may take an act up
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 900.0
_AT_ONCE = 20
_TRIES_WHEN_CHANGED = 3
_TO: dict[ActKind, SubscriptionState] = {"suspend": "suspended", "restore": "active"}
_FROM: dict[ActKind, SubscriptionState] = {"suspend": "active", "restore": "suspended"}


class Preview(NamedTuple):
    """What would be done now about one act, and why not where it would not."""

    act: Act
    verdict: Verdict
    state_now: str


class Execution:
    """Takes acts that are due and agreed to, and carries each out.

    Args:
        acts: where they are written down.
        decisions: of which they were planned.
        provider: is asked.
        recheck: says a moment before whether an act is still permitted.
        service: is told what was done.
        clock: microseconds since 1970 UTC.
    """

    def __init__(
        self,
        acts: Acts,
        decisions: DecisionReader,
        provider: Provider,
        recheck: Recheck,
        service: Service,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._acts, self._decisions = acts, decisions
        self._provider, self._recheck, self._service = provider, recheck, service
        self._clock = clock

    def run(self, tell: Callable[[Act, str], None]) -> Counter[str]:
        """Carry out all that is due; how many came to what.

        Args:
            tell: called with each act and what came of it.
        """
        counted: Counter[str] = Counter()
        while True:
            now = self._clock()
            until, name = now + _LEASE_US, self._provider.name
            claimed = self._acts.claim(name, now, until, _AT_ONCE)
            if not claimed:
                return counted
            for one in claimed:
                came_to = self._carry_out(one)
                counted[came_to.partition(":")[0]] += 1
                tell(one.act, came_to)

    def preview(self, act: Act) -> Preview:
        """What `run` would do about one act; nothing is asked for or written.

        Raises:
            ExecutionError: it cannot be known now.
        """
        verdict = self._recheck.verdict(act)
        if not act.subscription_id:
            return Preview(act, verdict, "")
        return Preview(act, verdict, self._status(act).stated)

    def _carry_out(self, claimed: ClaimedAct) -> str:
        """What came of it: done, withdrawn, failed, postponed, with a code."""
        act = claimed.act
        try:
            if act.state == "done":
                return self._report(claimed)
            return self._act(claimed)
        except ProviderBusyError as error:
            return self._later(claimed, error.code, error.retry_after_s)
        except (ProviderRefusedError, NotOfferedError) as error:
            reason = getattr(error, "reason", "")
            return self._settled(
                claimed, "failed", f"{error.code}:{reason}".rstrip(":")
            )
        except ExecutionError as error:
            return self._later(claimed, error.code, 0.0)

    def _act(self, claimed: ClaimedAct) -> str:
        act = claimed.act
        if act.kind == "open_request":
            return self._open_request(claimed)
        now = self._status(act)
        if act.state == "asked" and now.state == _TO[act.kind]:
            return self._done(claimed, now)
        verdict = self._recheck.verdict(act)
        if not verdict.is_permitted:
            return self._settled(claimed, "withdrawn", verdict.code)
        if now.state == _TO[act.kind]:  # somebody else did it, and it is not ours
            return self._settled(claimed, "withdrawn", "so_already")
        if now.state != _FROM[act.kind]:
            return self._settled(claimed, "withdrawn", f"provider_state:{now.stated}")
        if not self._acts.mark_asked(claimed, self._clock()):
            return "lost"  # another process has it
        self._ask(act)
        now = self._status(act)
        if now.state != _TO[act.kind]:
            return self._later(claimed, "not_confirmed", 0.0)
        return self._done(claimed, now)

    def _open_request(self, claimed: ClaimedAct) -> str:
        act = claimed.act
        verdict = self._recheck.verdict(act)
        if not verdict.is_permitted:
            return self._settled(claimed, "withdrawn", verdict.code)
        if not self._acts.mark_asked(claimed, self._clock()):
            return "lost"
        text = drafted(act)
        number = self._provider.open_request(act.customer_id, text, act.act_id)
        proof = json.dumps({"request": number})
        self._acts.settle(claimed, "done", self._clock(), None, proof)
        return "done"

    def _ask(self, act: Act) -> None:
        ask = (
            self._provider.suspend if act.kind == "suspend" else self._provider.restore
        )
        for is_last in (*[False] * (_TRIES_WHEN_CHANGED - 1), True):
            try:
                ask(act.customer_id, act.subscription_id, act.act_id)
            except ProviderChangedError:
                if is_last:
                    raise
            else:
                return

    def _done(self, claimed: ClaimedAct, now: Subscription) -> str:
        """Reported by the next round, which finds it done and not reported."""
        proof = json.dumps(asdict(now), default=str)
        self._acts.settle(claimed, "done", self._clock(), None, proof)
        return "done"

    def _report(self, claimed: ClaimedAct) -> str:
        act = claimed.act
        answer = json.loads(self._decisions.find(act.decision_id).answer)
        is_of_person = act.n_approvals > 0 or act.reason == "manual"
        by = "person" if is_of_person else "automation"
        permission = answer["permission"]
        terms = {name: permission[name] for name in ("arm", "propensity")}
        self._service.report(act, by, {} if act.kind == "restore" else terms)
        self._acts.mark_reported(claimed)
        return "reported"

    def _status(self, act: Act) -> Subscription:
        return self._provider.status(act.customer_id, act.subscription_id)

    def _settled(
        self,
        claimed: ClaimedAct,
        state: Literal["withdrawn", "failed"],
        why: str | None,
    ) -> str:
        self._acts.settle(claimed, state, self._clock(), why)
        return f"{state}:{why}"

    def _later(self, claimed: ClaimedAct, why: str, at_least_s: float) -> str:
        """Tried again after a pause that doubles; given up after `MOST_ATTEMPTS`."""
        act = claimed.act
        is_open = act.state in ("planned", "asked")
        if is_open and act.n_attempts + 1 >= MOST_ATTEMPTS:
            return self._settled(claimed, "failed", why)
        pause_s = min(_FIRST_PAUSE_S * 2 ** min(act.n_attempts, 20), _LONGEST_PAUSE_S)
        due_at = self._clock() + int(max(pause_s, at_least_s) * 1_000_000)
        self._acts.postpone(claimed, due_at, why)
        return f"postponed:{why}"


def drafted(act: Act) -> RequestText:
    """The text of a service request; the evidence is read by a person at the desk."""
    about = "suspected fraud" if act.reason == "fraud" else "unpaid services"
    return RequestText(
        title=f"Customer account under review: {about}",
        description=(
            f"We see signs of {about} for customer {act.customer_id} (our reference"
            f" {act.decision_id}). Please check the account and tell us what you see."
        ),
    )
