"""Gives access back while the customer waits, and watches the policy's clock of it.

Whoever our acts stopped is asked about again as soon as something arrives about them,
and from time to time in any case. What is cured is planned and carried out at once;
what people must agree to is named. A restoration whose clock has run out is late.
"""

import json
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple

from decisions.policy_file.load import parse_policy
from execution.carry_out import Execution
from execution.errors import (
    CustomerUndecidedError,
    ExecutionError,
    ProviderUnreachableError,
)
from execution.plan import plan_decision
from execution.planned_run import Run
from execution.port import Provider
from features.moments import microseconds, to_datetime
from store.act import Act
from store.acts import Acts
from store.decisions import DecisionReader
from store.errors import DecisionStoreError, UnknownDecisionError
from store.events import EventReader

if TYPE_CHECKING:  # the service reads acts, and asks nobody over HTTP
    from execution.service import Service

_MOST_CHANGED = 10_000
_STEP = 20  # customers that one look asks about
_ALL_AGAIN_US = 900_000_000  # what no event tells of: a clock that ran out
_HOUR_US = 3_600_000_000
_REFUSED = "provider_refused"


class LateRestoration(NamedTuple):
    """One that is not done, and should be. `by`: until when the policy promised it."""

    act: Act
    by: datetime


class RestorationResult(NamedTuple):
    """What one look came to.

    Args:
        n_asked: customers about whom the service was asked.
        planned: restorations that are new; those to which people must agree wait.
        refused: customers who are cured or may be, and for whom nothing could be
            planned, with the code of the service or the provider; they are asked about
            again, but where the provider refused to give access back: a person
            tries that again.
        n_not_ours: subscriptions of the cured that others suspended; they stay so.
        n_left: customers about whom the next look is to ask at once.
    """

    n_asked: int
    planned: list[Act]
    refused: Mapping[str, str]
    n_not_ours: int
    n_left: int


class RestorationWatch:
    """Looks again and again.

    A look asks about a few customers, those first of whom something arrived, so that
    access that is due is given back before everybody was asked about.

    Args:
        acts: that say who is stopped.
        decisions: as recorded.
        events: that say about whom something arrived.
        provider: is asked to give access back.
        service: decides.
        execution: carries out.
        clock: microseconds since 1970 UTC.
    """

    def __init__(
        self,
        acts: Acts,
        decisions: DecisionReader,
        events: EventReader,
        provider: Provider,
        service: "Service",
        execution: Execution,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._acts, self._decisions, self._events = acts, decisions, events
        self._provider, self._service = provider, service
        self._execution, self._clock = execution, clock
        self._sequence, self._all_at = 0, -_ALL_AGAIN_US
        self._queue: list[str] = []
        self._again: list[str] = []  # could not be asked about

    def look(self) -> RestorationResult:
        """Ask about a few of those who may have access back, and plan what is cured.

        Who could not be asked about is asked about again once all others were.

        Raises:
            ExecutionError: service or provider cannot be asked now.
            DecisionStoreError: the store cannot be read.
        """
        self._line_up()
        step, planned, n_not_ours = self._queue[:_STEP], list[Act](), 0
        refused: dict[str, str] = {}
        for customer_id in step:
            self._queue.remove(customer_id)
            try:
                run = self._plan(customer_id, refused)
            except (CustomerUndecidedError, ProviderUnreachableError) as error:
                self._again.append(customer_id)  # the others go on
                refused[customer_id] = getattr(error, "cause", error.code)
            except (ExecutionError, DecisionStoreError):
                self._again.append(customer_id)
                raise
            else:
                if run is not None:
                    planned += run.acts
                    n_not_ours += run.n_not_ours
        return RestorationResult(
            len(step), planned, refused, n_not_ours, len(self._queue)
        )

    def carry_out(self, tell: Callable[[Act, str], None]) -> None:
        """Give back what is due and agreed to; other acts are left alone."""
        self._execution.run(tell, only="restore")

    def _line_up(self) -> None:
        """Those of whom something arrived go first; all others when it is time."""
        begun = self._clock()
        changes = self._events.changes(self._sequence, _MOST_CHANGED)
        is_of_all = (
            changes.customer_ids is None or begun - self._all_at >= _ALL_AGAIN_US
        )
        changed = changes.customer_ids or frozenset()
        if changed or is_of_all:
            stopped = self._acts.stopped_customers(self._provider.name)
            first = [one for one in stopped if one in changed]
            waiting = stopped if is_of_all else self._queue
            self._queue = list(dict.fromkeys((*first, *waiting)))
        if not self._queue:
            self._queue, self._again = list(dict.fromkeys(self._again)), []
        self._again = [one for one in self._again if one not in self._queue]
        self._sequence = changes.sequence
        self._all_at = begun if is_of_all else self._all_at

    def _plan(self, customer_id: str, refused: dict[str, str]) -> Run | None:
        """What gives access back, written down; None: nothing is cured."""
        answer = self._service.score(customer_id)
        if answer is None or answer["follow_up"]["reactivation"] is None:
            return None
        decision = self._decisions.find(answer["decision_id"])
        run = plan_decision(decision, self._acts, self._provider, self._clock())
        refused |= run.refused
        self._again += run.refused
        back = []
        for act in run.acts:
            if act.kind != "restore":
                continue
            if (why := self._why_given_up(act)) is None:
                back.append(act)
            else:
                refused[customer_id] = why
        self._acts.plan(back)
        return run._replace(acts=back)

    def _why_given_up(self, act: Act) -> str | None:
        """Why the provider refused the same, which asking again does not change."""
        about = act.provider, act.customer_id, act.subscription_id
        for last in self._acts.restorations(*about)[-1:]:
            is_refused = (last.why or "").startswith(_REFUSED)
            return last.why if last.state == "failed" and is_refused else None
        return None


def late_restorations(
    acts: Acts, decisions: DecisionReader, provider: str | None, now: int
) -> Iterator[LateRestoration]:
    """What should be back by now and is not.

    The clock runs from when a restoration was first planned since the stop, however
    often it is decided or tried again: by the decision that asks for it, else by the
    hours of its policy. None: of every provider.
    """
    for act in acts.open_restorations(provider, now):
        asked = acts.restorations(act.provider, act.customer_id, act.subscription_id)
        by = min(_promised_by(one, decisions) for one in (act, *asked))
        if by <= now:
            yield LateRestoration(act, to_datetime(by))


def _promised_by(act: Act, decisions: DecisionReader) -> int:
    try:
        decision = decisions.find(act.decision_id)
    except UnknownDecisionError:  # its time to be kept is over, the promise's long ago
        return act.planned_at
    follow_up = json.loads(decision.answer)["follow_up"]
    back, pause = follow_up["reactivation"], follow_up["pause"]
    if back is not None:
        return microseconds(datetime.fromisoformat(back["restore_by"]))
    policy = parse_policy(decisions.document(decision.policy_hash))
    at = to_datetime(act.planned_at)
    terms = policy.in_force(at) or policy.latest
    begun = act.planned_at
    if act.ordered_by is None and pause is not None:  # it ends by itself
        ends_at = microseconds(datetime.fromisoformat(pause["auto_expires_at"]))
        begun += ends_at - decision.as_of
    return begun + int(terms.document.reconnection.within_hours * _HOUR_US)
