"""One score request becomes one answer: the same function answers and replays."""

import secrets
import time
from datetime import datetime
from hashlib import sha256

from features.moments import microseconds
from features.reading.observation import said_none
from serving.answer import ScoreAnswer, answer_of
from serving.book import Before
from serving.champions import InForce
from serving.decision_store import Decision
from serving.request import ScoreRequest, ignored_columns, read_events


def new_decision_id() -> str:
    """Sortable by time, and not to be guessed: 48 bits of clock, 80 of chance."""
    return f"d{time.time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def decide(
    request: ScoreRequest,
    in_force: InForce,
    as_of: datetime,
    decision_id: str,
    recorded_at: datetime,
    before: Before,
) -> ScoreAnswer:
    """Score the customer and recommend an action. Reads no clock and no chance.

    Raises:
        ProblemError: if rows of the request break the contract.
    """
    advisor = in_force.advisor
    events = read_events(request, advisor.settings)
    observed_until, observed = request.observed()
    advice = advisor.advise(
        events,
        as_of,
        tables=frozenset(request.events)
        | said_none(advisor.settings, microseconds(as_of)),
        observed_until=observed_until,
        observed=observed,
        budget_use=before.book,
        previous=before.previous,
        previous_at=before.previous_at,
        named=before.named,
        with_counterfactuals=request.counterfactuals,
    )
    note = advisor.currency_note
    warnings = (
        *ignored_columns(request, advisor.settings),
        *([] if note is None else [f"policy_currency: {note}"]),
    )
    return answer_of(
        decision_id,
        recorded_at,
        advice,
        advisor,
        in_force.versions,
        warnings,
        before.book.n_customers,
    )


def answer_bytes(answer: ScoreAnswer) -> bytes:
    """The body as sent, recorded and compared: byte for byte."""
    return answer.model_dump_json().encode()


def decision_of(
    answer: ScoreAnswer,
    body: bytes,
    before: Before,
    key_id: str,
    idempotency_key: str | None,
) -> Decision:
    """What is recorded: the answer and all it was made from."""
    return Decision(
        decision_id=answer.decision_id,
        recorded_at=microseconds(answer.recorded_at),
        as_of=microseconds(answer.as_of),
        request=body,
        answer=answer_bytes(answer),
        versions=answer.versions.model_dump_json(),
        book=before.to_json(),
        policy_hash=answer.versions.policy_hash,
        key_id=key_id,
        idempotency_key=idempotency_key,
        request_sha256=sha256(body).digest(),
    )
