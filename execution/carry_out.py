"""Carries planned acts out: checks again, writes down, asks, reads back, reports.

Killed at any point it neither acts twice nor forgets that it acted. That the provider
is about to be asked is committed before it is asked; an act found in that state is read
at the provider first, and asked for again under the same id only if it was not done.
"""

import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from execution.asking import Reading, ask, read
from execution.errors import (
    ExecutionError,
    NotOfferedError,
    ProviderBusyError,
    ProviderChangedError,
    ProviderRefusedError,
    ReportRefusedError,
    UndecidedError,
)
from execution.own_currency import sums_by_currency
from execution.pause import end_of_pause
from execution.port import Provider, RequestText
from execution.recheck import Recheck
from features.money import currency_places
from features.targets import TARGETS
from store.act import (
    UNKNOWN_WHETHER_DONE,
    Act,
    ActKind,
    ClaimedAct,
)
from store.acts import Acts
from store.decisions import DecisionReader

if TYPE_CHECKING:  # the service reads acts, and asks nobody over HTTP
    from execution.service import Service

MOST_ATTEMPTS = 40  # some eight hours
# beyond it another process may take an act up: two calls of a minute, and a check
_LEASE_US = 180_000_000
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 900.0
_AT_ONCE = 1  # what a process that dies held waits for the end of its lease
_TRIES_WHEN_CHANGED = 3
_CHOSEN: frozenset[ActKind] = frozenset({"suspend", "open_request"})
# a provider may do late what it was asked; so long it is read before it is forgotten
_LATE_US = 3_600_000_000


class Step(NamedTuple):
    """What comes next of an act, from what the provider and the service say now.

    Args:
        what: `done`: it is, and was asked for by us, or ends what we took; `ask`; with
            `why`: `withdraw`;
            `wait`: it is not wanted any more, but the provider may do it still;
            `fail`.
        now: what the provider says; None where nothing can be read.
    """

    what: Literal["done", "ask", "withdraw", "wait", "fail"]
    why: str | None = None
    now: Reading | None = None

    @property
    def stated(self) -> str:
        """The provider's word; empty where nothing can be read."""
        return "" if self.now is None else self.now.stated


class Execution:
    """Takes acts that are due and agreed to, and carries each out.

    Args:
        acts: where they are written down.
        decisions: of which they were planned.
        provider: is asked.
        recheck: says a moment before whether an act is still permitted.
        service: is told what was done.
        clock: microseconds since 1970 UTC.
        evidence_files: files of a decision's evidence pack that go with a service
            request, by name; None: none goes with it.
    """

    def __init__(
        self,
        acts: Acts,
        decisions: DecisionReader,
        provider: Provider,
        recheck: Recheck,
        service: "Service",
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
        evidence_files: Callable[[str], Mapping[str, bytes]] | None = None,
    ) -> None:
        self._acts, self._decisions = acts, decisions
        self._provider, self._recheck, self._service = provider, recheck, service
        self._clock, self._evidence_files = clock, evidence_files

    def require_may_report(self) -> None:
        """Nothing is done that could not be told. Raises ServiceUnusableError."""
        self._service.require_may_report()

    def run(
        self, tell: Callable[[Act, str], None], only: ActKind | None = None
    ) -> Counter[str]:
        """Carry out all that is due; how many came to what.

        Args:
            tell: called with each act and what came of it.
            only: acts of this kind, and what is done and to be told; None: all.
        """
        counted: Counter[str] = Counter()
        while True:
            now = self._clock()
            until, name = now + _LEASE_US, self._provider.name
            claimed = self._acts.claim(name, now, until, _AT_ONCE, only)
            if not claimed:
                return counted
            for one in claimed:
                came_to = self._carry_out(one)
                counted[came_to.partition(":")[0]] += 1
                tell(one.act, came_to)

    def preview(self, act: Act) -> Step:
        """What `run` would do about one act; nothing is asked of the provider.

        The service makes and records a decision to answer it, as for anybody.

        Raises:
            ExecutionError: it cannot be known now.
        """
        return Step("done") if act.state == "done" else self._next(act)

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

    def _next(self, act: Act) -> Step:
        now = read(self._provider, act)
        if now is not None and now.is_done and act.state == "asked":
            return Step("done", now=now)
        if act.is_undone:
            return self._unwanted(act, "undone", now)
        if act.ordered_by is None:  # people go first
            verdict = self._recheck.verdict(act)
            if verdict.code == "no_decision" and act.kind == "restore":
                raise UndecidedError
            if not verdict.is_permitted:
                return self._unwanted(act, verdict.code, now)
        if now is None or now.may_be_asked:
            return Step("ask", now=now)
        if now.is_done and self._acts.is_to_end_ours(act):  # by whomever: it is over
            return Step("done", now=now)
        if now.is_done:  # somebody else did it, and it is not ours
            return Step("withdraw", "so_already", now)
        return self._unwanted(act, f"provider_state:{now.stated}", now)

    def _unwanted(self, act: Act, why: str | None, now: Reading | None) -> Step:
        """What the provider was asked and has not done it may do late, or unseen."""
        if act.state == "asked" and now is None:
            return Step("fail", UNKNOWN_WHETHER_DONE)
        may_come = act.asked_at is not None and self._clock() < act.asked_at + _LATE_US
        return Step("wait" if may_come else "withdraw", why, now)

    def _act(self, claimed: ClaimedAct) -> str:
        act = claimed.act
        step = self._next(act)
        if step.what == "withdraw":
            return self._settled(claimed, "withdrawn", step.why)
        if step.what == "fail":
            return self._settled(claimed, "failed", step.why)
        if step.what == "wait":
            return self._later(claimed, step.why or "not_confirmed", 0.0)
        if step.now is not None and step.what == "done":
            return self._done(claimed, step.now)
        if not self._acts.mark_asked(claimed, self._clock()):
            return "lost"  # another process has it, or its run was undone
        if step.now is None:
            return self._open_request(claimed)
        self._ask(act)
        now = read(self._provider, act)
        if now is None or not now.is_done:
            return self._later(claimed, "not_confirmed", 0.0)
        return self._done(claimed, now)

    def _open_request(self, claimed: ClaimedAct) -> str:
        act = claimed.act
        text = drafted(act, self._answer(act))
        if self._evidence_files is not None:
            files = self._evidence_files(act.decision_id)
            text = replace(text, attachments=tuple(sorted(files.items())))
        opened = self._provider.open_request(act.customer_id, text, act.act_id)
        proof = json.dumps(asdict(opened))
        is_mine = self._acts.settle(claimed, "done", self._clock(), None, proof)
        return "done" if is_mine else "lost"

    def _ask(self, act: Act) -> None:
        for is_last in (*[False] * (_TRIES_WHEN_CHANGED - 1), True):
            try:
                ask(self._provider, act)
            except ProviderChangedError:
                if is_last:
                    raise
            else:
                return

    def _done(self, claimed: ClaimedAct, now: Reading) -> str:
        """Reported by the next round, which finds it done and not reported."""
        proof, at = json.dumps(now.proof, default=str), self._clock()
        then = end_of_pause(claimed.act, self._answer(claimed.act), at)
        is_mine = self._acts.settle(claimed, "done", at, None, proof, then)
        return "done" if is_mine else "lost"

    def _answer(self, act: Act) -> dict[str, Any]:
        answer: dict[str, Any] = json.loads(
            self._decisions.find(act.decision_id).answer
        )
        return answer

    def _report(self, claimed: ClaimedAct) -> str:
        act = claimed.act
        if act.kind == "open_request" and json.loads(act.proof or "{}")["is_draft"]:
            self._acts.mark_reported(claimed, "drafted")  # nobody has sent it yet
            return "drafted"
        is_of_person = act.n_approvals > 0 or act.ordered_by is not None
        by = "person" if is_of_person else "automation"
        permission = self._answer(act)["permission"]
        terms = {name: permission[name] for name in ("arm", "propensity")}
        try:
            # of what the decision chose; not of what a person ordered, or of a measure
            is_chosen = act.kind in _CHOSEN and act.ordered_by is None
            self._service.report(act, by, terms if is_chosen else {})
        except ReportRefusedError as error:
            why = f"{error.code}:{error.rule}"
            self._acts.mark_reported(claimed, why)
            return f"failed:{why}"
        self._acts.mark_reported(claimed)
        return "reported"

    def _settled(
        self,
        claimed: ClaimedAct,
        state: Literal["withdrawn", "failed"],
        why: str | None,
    ) -> str:
        is_mine = self._acts.settle(claimed, state, self._clock(), why)
        return f"{state}:{why}" if is_mine else "lost"

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


def drafted(act: Act, answer: Mapping[str, Any]) -> RequestText:
    """The text of a service request: what was seen, when, of what, and what is asked.

    Only what speaks for the request's own reason is told. What the customer contests is
    said: the provider is not to take it for settled.

    Args:
        act: the request.
        answer: of the decision that asks for it.
    """
    about = "suspected fraud" if act.reason == "fraud" else "unpaid services"
    return RequestText(
        title=f"Customer account under review: {about}",
        description="\n\n".join(_told(act, about, answer)),
        evidence_of=act.decision_id,
    )


def _told(act: Act, about: str, answer: Mapping[str, Any]) -> Iterator[str]:
    yield (
        f"We see signs of {about} for customer {act.customer_id} (our reference"
        f" {act.decision_id}). Please check the account and tell us what you see."
    )
    if moment := answer.get("as_of"):
        at = datetime.fromisoformat(moment).astimezone(UTC)
        yield f"As of {at:%Y-%m-%d %H:%M} UTC."
    seen = [
        reason["staff"]
        for reason in answer.get("reasons") or ()
        if act.reason not in TARGETS or act.reason in reason["targets"]
    ]
    if seen:
        yield "What we saw:\n" + "\n".join(f"- {sentence}" for sentence in seen)
    named = answer["permission"].get("subscriptions") or ["all of the customer"]
    yield f"Subscriptions: {', '.join(named)}."
    if contested := sums_by_currency(answer, "contested"):
        sums = " and ".join(
            f"{money:,.{currency_places(code)}f} {code}"
            for code, money in contested.items()
        )
        yield (
            f"The customer contests {sums} of what is billed; we do not count that as"
            " owed until it is decided."
        )
