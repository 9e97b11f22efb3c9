"""From a question to a recorded answer; decided again where a place was taken."""

from dataclasses import dataclass
from datetime import UTC, datetime

from advice.assembly import is_stopped
from decisions.actions import Action
from serving.book import Book
from serving.champions import InForce
from serving.decide import decide, decision_of, new_decision_id
from serving.decision_store import (
    Decision,
    DecisionStore,
    NoPlaceLeftError,
    StoreUnavailableError,
)
from serving.request import ScoreRequest
from serving.settings import ServingSettings

# A budget found used up is known to be so the next time, and there are three: of
# stops in an hour and in a day, and of reviews.
_TRIES = 8


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked, by whom, and the body as received."""

    asked: ScoreRequest
    body: bytes
    as_of: datetime
    key_id: str
    idempotency_key: str | None


@dataclass(frozen=True, slots=True)
class Recorded:
    """A recorded decision; not new when its idempotency key was used before."""

    decision: Decision
    action: Action | None
    is_new: bool


async def decide_and_record(
    question: Question,
    in_force: InForce,
    book: Book,
    store: DecisionStore,
    settings: ServingSettings,
) -> Recorded:
    """Decide and record; again when the place it was to take went to another.

    Raises:
        ProblemError: if rows of the request break the contract.
        DecisionStoreError: it could not be recorded.
    """
    customer_id, as_of = question.asked.customer_id, question.as_of
    policy = in_force.advisor.policy
    for _ in range(_TRIES):
        before = book.before(
            customer_id,
            as_of,
            policy,
            n_customers=in_force.n_customers,
            is_stopped=is_stopped(settings.home),
            has_contacts="contacts" in question.asked.events,
        )
        made = new_decision_id(), datetime.now(UTC)
        answer = decide(question.asked, in_force, as_of, *made, before)
        decision = decision_of(
            answer, question.body, before, question.key_id, question.idempotency_key
        )
        claim = book.claim(answer, policy, before)
        try:
            recorded = await store.record(
                decision, in_force.policy_text, claim, in_force.settings_text
            )
        except NoPlaceLeftError:
            continue
        is_new = recorded.decision_id == answer.decision_id
        return Recorded(recorded, answer.action, is_new)
    raise StoreUnavailableError("the places of the budgets change too fast")
