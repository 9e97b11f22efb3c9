"""One score, from the bytes of its request to a recorded answer."""

from contextlib import AbstractContextManager
from datetime import UTC, datetime
from hashlib import sha256

from starlette.datastructures import State

from features.moments import microseconds
from serving.access import require_reach
from serving.answering import RecordedDecision, Submission, decide_and_record
from serving.champions import InForce
from serving.decide import Question
from serving.language import language_of
from serving.records import DecisionRecords, RecordsOfKeys
from serving.request import as_of_moment, parse_request
from serving.settings import ServingSettings
from serving.stored_customers import (
    StoredCustomers,
    question_of,
    unknown_customer,
)
from store.decisions import same_request


async def score_one(
    state: State,
    submission: Submission,
    in_force: InForce,
    accept_language: str | None,
    accepted: AbstractContextManager[None],
) -> RecordedDecision:
    """The decision of a request, made now unless its idempotency key was used before.

    Args:
        state: of the app.
        submission: the request.
        in_force: what decides.
        accept_language: the header, for where the request names no language.
        accepted: entered while it is decided and recorded.

    Raises:
        ProblemError: the request is not usable.
        DecisionStoreError: it could not be recorded.
    """
    settings: ServingSettings = state.settings
    keyed: RecordsOfKeys = state.records
    key = submission.key
    records = keyed.of(key)
    if submission.idempotency_key is not None:
        earlier = records.decisions.find_answered(
            key.key_id, submission.idempotency_key
        )
        if earlier is not None:
            digest = sha256(submission.body).digest()
            return RecordedDecision(same_request(earlier, digest), is_new=False)

    def read() -> Question:
        content = parse_request(submission.body, in_force.advisor.settings)
        require_reach(key, content.customer_id)
        as_of = as_of_moment(content, settings.clock_skew_s)
        language = language_of(content.language, accept_language)
        return question_of(content, state.customers, in_force, as_of, language)

    with accepted:
        recorded = await decide_and_record(
            read,
            submission,
            in_force,
            records,
            settings.home,
            state.turnstile,
            state.metrics,
        )
        await _forget_if_erased(recorded, state.customers, records)
        return recorded


async def _forget_if_erased(
    recorded: RecordedDecision, customers: StoredCustomers, records: DecisionRecords
) -> None:
    """Keep nothing about a customer who was erased while this was decided.

    Raises:
        ProblemError: its stored events are gone, and so is the decision now.
        DecisionStoreError: it could not be removed.
    """
    decision = recorded.decision
    is_of_stored_events = recorded.is_new and decision.inputs is not None
    if is_of_stored_events and not customers.is_stored(decision.customer_id):
        now = microseconds(datetime.now(UTC))
        await records.decisions.take_back(decision.decision_id, now)
        raise unknown_customer()
