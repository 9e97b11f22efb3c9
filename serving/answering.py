"""From a question to a recorded answer; decided again where its slot was taken."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple

from advice.assembly import is_stopped
from features.made_often import dataclass
from serving.ahead import until_now
from serving.answer import ScoreAnswer
from serving.budget_ledger import BudgetLedger
from serving.champions import InForce
from serving.decide import Question, decide, decision_of, new_decision_id
from serving.metrics import Metrics
from serving.prior_decisions import PriorDecisions
from serving.recorded_inputs import recorded_inputs
from serving.records import DecisionRecords
from serving.turnstile import LARGE_BYTES, Turnstile
from serving.waiting import waiting_of
from store.budget_slots import Reservation
from store.decisions import Decision
from store.errors import SlotTakenError, StoreUnavailableError
from store.keys import ApiKey

# A budget that was used up is known to be so the next time, and there are three: of
# stops in an hour and in a day, and of reviews.
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Submission:
    """The body as received, by which API key, and under which idempotency key."""

    body: bytes
    key: ApiKey
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class RecordedDecision:
    """A recorded decision; not new when its idempotency key was used before."""

    decision: Decision
    is_new: bool


async def decide_and_record(
    read: Callable[[], Question],
    submission: Submission,
    in_force: InForce,
    records: DecisionRecords,
    home: Path,
    turnstile: Turnstile,
    metrics: Metrics,
) -> RecordedDecision:
    """Read, decide and record; decide again while another takes the slot first.

    Deciding is pure, and nothing is held while it is recorded (optimistic
    concurrency).

    Raises:
        ProblemError: the question is not usable.
        DecisionStoreError: it could not be recorded.
    """
    n_bytes = len(submission.body)
    # a large one is read beside the others, and waits for its turn afterwards
    question = await turnstile.compute(n_bytes, read) if n_bytes > LARGE_BYTES else None
    for _ in range(_TRIES):
        with records.decisions.coming():
            with metrics.stage("wait"):
                await turnstile.turn().acquire()
            try:
                if question is None:
                    with metrics.stage("read"):
                        question = read()
                made = await _decided(
                    question, submission, in_force, records, home, turnstile, metrics
                )
            finally:
                turnstile.turn().release()
        decision, answer = made.decision, made.answer
        try:
            with metrics.stage("record"):
                recorded = await records.decisions.record(
                    decision, in_force.documents(), made.reservation, waiting_of(answer)
                )
        except SlotTakenError:
            continue
        is_new = recorded.decision_id == decision.decision_id
        if is_new and not submission.key.is_test:
            metrics.count_decision(answer, question.data_age())
        return RecordedDecision(recorded, is_new)
    raise StoreUnavailableError("the budgets are used up faster than it is decided")


class _Made(NamedTuple):
    """A decision that is not recorded yet, and what it takes of the budgets."""

    decision: Decision
    answer: ScoreAnswer
    reservation: Reservation | None


async def _decided(
    question: Question,
    submission: Submission,
    in_force: InForce,
    records: DecisionRecords,
    home: Path,
    turnstile: Turnstile,
    metrics: Metrics,
) -> _Made:
    """Decide on what was recorded before; for whoever has the turn."""
    prior = _prior_decisions(question, in_force, records.ledger, home)
    prior = replace(prior, stored=question.stored)
    made = new_decision_id(), datetime.now(UTC)
    question = until_now(question, made[1])
    with metrics.stage("decide"):
        answer, advice = await turnstile.compute(
            len(submission.body), partial(decide, question, in_force, *made, prior)
        )
    inputs = recorded_inputs(
        question.stored, advice.inputs, question.observed, question.warnings
    )
    key, repeated_by = submission.key.key_id, submission.idempotency_key
    decision = decision_of(answer, submission.body, prior, key, repeated_by, inputs)
    policy = in_force.advisor.policy
    return _Made(decision, answer, records.ledger.reservation(answer, policy, prior))


def _prior_decisions(
    question: Question, in_force: InForce, ledger: BudgetLedger, home: Path
) -> PriorDecisions:
    return ledger.prior_decisions(
        question.events.customer_id,
        question.as_of,
        in_force.advisor.policy,
        n_customers=in_force.n_customers,
        is_stopped=is_stopped(home),
        has_contacts=question.has_contacts,
    )
