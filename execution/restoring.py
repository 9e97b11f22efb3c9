"""Gives access back while the customer waits, and watches the policy's clock of it.

Whoever our acts stopped is asked about again as soon as something arrives about them,
and from time to time in any case. What is cured is planned and carried out at once;
what people must agree to is named. A restoration whose clock has run out is late.
"""

import json
import time
from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import NamedTuple

from decisions.policy_file.load import parse_policy
from execution.carry_out import Execution
from execution.plan import plan_run
from execution.port import Provider
from execution.service import Service
from features.moments import microseconds, to_datetime
from store.act import Act
from store.acts import Acts
from store.decisions import DecisionReader
from store.events import EventReader

_MOST_CHANGED = 10_000
_ALL_AGAIN_US = 900_000_000  # what no event tells of: a clock that ran out
_HOUR_US = 3_600_000_000
_SKEW_US = 60_000_000  # between the service's clock and ours


class LateRestoration(NamedTuple):
    """One that is not done, and should be. `by`: until when the policy promised it."""

    act: Act
    by: datetime


class RestorationResult(NamedTuple):
    """What one look came to.

    Args:
        n_asked: customers about whom the service was asked.
        planned: restorations that are new; those to which people must agree wait.
    """

    n_asked: int
    planned: list[Act]


class RestorationWatch:
    """Looks again and again.

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
        service: Service,
        execution: Execution,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._acts, self._decisions, self._events = acts, decisions, events
        self._provider, self._service = provider, service
        self._execution, self._clock = execution, clock
        self._sequence, self._all_at = 0, -_ALL_AGAIN_US

    def look(self) -> RestorationResult:
        """Ask about those who may have access back, and plan what is cured.

        What could not be asked about is asked about by the next look.

        Raises:
            ExecutionError: service or provider cannot be asked now.
            DecisionStoreError: the store cannot be read.
        """
        begun = self._clock()
        stopped = self._acts.stopped_customers(self._provider.name)
        changes = self._events.changes(self._sequence, _MOST_CHANGED)
        is_of_all = (
            changes.customer_ids is None or begun - self._all_at >= _ALL_AGAIN_US
        )
        changed = changes.customer_ids or frozenset()
        asked = stopped if is_of_all else [one for one in stopped if one in changed]
        cured = [one for one in asked if self._is_cured(one)]
        planned = self._plan(cured, begun - _SKEW_US) if cured else []
        self._sequence = changes.sequence
        self._all_at = begun if is_of_all else self._all_at
        return RestorationResult(len(asked), planned)

    def carry_out(self, tell: Callable[[Act, str], None]) -> None:
        """Give back what is due and agreed to; other acts are left alone."""
        self._execution.run(tell, only="restore")

    def _is_cured(self, customer_id: str) -> bool:
        answer = self._service.score(customer_id)
        return answer is not None and answer["follow_up"]["reactivation"] is not None

    def _plan(self, customer_ids: Collection[str], since: int) -> list[Act]:
        """Of the decisions just made, what gives access back."""
        asked_of = self._decisions, self._acts, self._provider
        run = plan_run(*asked_of, since, self._clock(), customers=customer_ids)
        back = [act for act in run.acts if act.kind == "restore"]
        self._acts.plan(back)
        return back


def late_restorations(
    acts: Acts, decisions: DecisionReader, provider: str, now: int
) -> Iterator[LateRestoration]:
    """What should be back by now and is not.

    The clock runs from when a restoration was first planned, however often it is tried:
    by the decision that asks for it, else by the hours of its policy.
    """
    for act in acts.open_restorations(provider, now):
        by = _promised_by(act, decisions)
        if by <= now:
            yield LateRestoration(act, to_datetime(by))


def _promised_by(act: Act, decisions: DecisionReader) -> int:
    decision = decisions.find(act.decision_id)
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
