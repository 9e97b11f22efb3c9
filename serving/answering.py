"""From a question to a recorded answer; decided again where its slot was taken."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from advice.assembly import is_stopped
from serving.budget_ledger import BudgetLedger
from serving.champions import InForce
from serving.decide import Question, decide, decision_of, new_decision_id
from store.decisions import Decision, DecisionStore
from store.errors import SlotTakenError, StoreUnavailableError

# A budget that was used up is known to be so the next time, and there are three: of
# stops in an hour and in a day, and of reviews.
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Submission:
    """The body as received, by which API key, and under which idempotency key."""

    body: bytes
    key_id: str
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded decision; not new when its idempotency key was used before."""

    decision: Decision
    is_new: bool


async def decide_and_record(
    question: Question,
    submission: Submission,
    in_force: InForce,
    ledger: BudgetLedger,
    store: DecisionStore,
    home: Path,
) -> Recorded:
    """Decide and record; again while another decision takes the slot first.

    No lock is held while deciding (optimistic concurrency).

    Raises:
        DecisionStoreError: it could not be recorded.
    """
    policy = in_force.advisor.policy
    for _ in range(_TRIES):
        prior = ledger.prior_decisions(
            question.events.customer_id,
            question.as_of,
            policy,
            n_customers=in_force.n_customers,
            is_stopped=is_stopped(home),
            has_contacts=question.has_contacts,
        )
        made = new_decision_id(), datetime.now(UTC)
        answer = decide(question, in_force, *made, prior)
        decision = decision_of(
            answer,
            submission.body,
            prior,
            submission.key_id,
            submission.idempotency_key,
        )
        reservation = ledger.reservation(answer, policy, prior)
        try:
            recorded = await store.record(decision, in_force.documents(), reservation)
        except SlotTakenError:
            continue
        return Recorded(recorded, recorded.decision_id == decision.decision_id)
    raise StoreUnavailableError("the budgets are used up faster than it is decided")
