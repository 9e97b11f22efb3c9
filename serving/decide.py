"""One question becomes one answer: the same functions answer and replay."""

import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, time, timedelta
from hashlib import sha256
from time import time_ns

from advice.advice import Advice, Inputs
from advice.kept_customer import KeptCustomer
from features.events import Events
from features.made_often import dataclass
from features.moments import microseconds
from features.reading.observation import stated_none
from serving.answer import ScoreAnswer, answer_bytes, answer_of
from serving.champions import InForce
from serving.language import Language
from serving.prior_decisions import PriorDecisions, StoredEvents
from serving.request import ScoreRequest, read_events
from store.decisions import Decision

_DECISION_ID = re.compile(r"d[0-9a-f]{32}")


def new_decision_id() -> str:
    """Sorts by time (48 bits of milliseconds); 80 random bits cannot be guessed."""
    return f"d{time_ns() // 1_000_000:012x}{secrets.token_hex(10)}"


def is_decision_id(text: str) -> bool:
    """Whether `new_decision_id` might have made it.

    >>> is_decision_id(new_decision_id()), is_decision_id("d1")
    (True, False)
    """
    return _DECISION_ID.fullmatch(text) is not None


@dataclass(frozen=True, slots=True)
class Question:
    """A request with its rows in normal form, read once however often it is decided.

    Args:
        tables: those that were looked at, or of which the settings say "none".
        has_contacts: whether the request says itself what the customer was told.
        observed_until, observed: how far the data observe, and single tables.
        explains_none: reasons are given even if nothing is recommended.
        language: of the answer's sentences.
        warnings: about columns the contract does not know, and what is odd in rows.
        stored: which stored events these are; None where the request brought its own.
        kept: the customer of these events, where kept from question to question.
        inputs: what the events came to, where they are not there any more.
    """

    events: Events
    as_of: datetime
    tables: frozenset[str]
    has_contacts: bool
    observed_until: datetime | None
    observed: Mapping[str, datetime]
    with_counterfactuals: bool
    explains_none: bool
    language: Language
    warnings: tuple[str, ...]
    stored: StoredEvents | None = None
    kept: KeptCustomer | None = None
    inputs: Inputs | None = None

    def data_age(self) -> timedelta:
        """From the moment up to which the data observe to the one asked about."""
        single = self.observed_until
        moments = [*self.observed.values(), *([] if single is None else [single])]
        return max(self.as_of - min(moments, default=self.as_of), timedelta(0))


def read_question(
    request: ScoreRequest, in_force: InForce, as_of: datetime, language: Language
) -> Question:
    """The question a request with events asks of what is in force.

    Raises:
        ProblemError: if rows of the request break the contract.
    """
    settings = in_force.advisor.settings
    observed_until, observed = request.observed()
    events, warnings = read_events(request, settings)
    sent = frozenset(request.events or ())
    return Question(
        events=events,
        as_of=as_of,
        tables=sent | stated_none(settings, microseconds(as_of)),
        has_contacts="contacts" in sent,
        observed_until=observed_until,
        observed=observed,
        with_counterfactuals=request.counterfactuals,
        explains_none=request.explain == "always",
        language=language,
        warnings=warnings,
    )


def decide(
    question: Question,
    in_force: InForce,
    decision_id: str,
    recorded_at: datetime,
    prior: PriorDecisions,
) -> tuple[ScoreAnswer, Advice]:
    """Score the customer and recommend an action. Deterministic.

    The answer, and the advice it puts into words.
    """
    advisor = in_force.advisor
    advice = advised(question, in_force, prior)
    note = advisor.currency_note
    currency = () if note is None else (f"policy_currency: {note}",)
    ahead = _observed_ahead(question, recorded_at)
    answer = answer_of(
        decision_id,
        recorded_at,
        advice,
        advisor,
        in_force.versions,
        (*question.warnings, *ahead, *currency),
        question.language,
    )
    return answer, advice


def advised(question: Question, in_force: InForce, prior: PriorDecisions) -> Advice:
    """What the models and the policy in force advise, without the words."""
    return in_force.advisor.advise(
        question.events,
        question.as_of,
        tables=question.tables,
        observed_until=question.observed_until,
        observed=question.observed,
        budget_use=prior.budget_use,
        previous=prior.previous,
        previous_at=prior.previous_at,
        named=prior.named,
        with_counterfactuals=question.with_counterfactuals,
        explains_none=question.explains_none,
        kept=question.kept,
        inputs=question.inputs,
    )


def _observed_ahead(question: Question, recorded_at: datetime) -> tuple[str, ...]:
    """Nobody has looked at the future; an export may speak of its whole day."""
    single = question.observed_until
    stated = [*question.observed.values(), *([] if single is None else [single])]
    if max(stated, default=recorded_at) <= recorded_at + timedelta(days=1):
        return ()
    return ("observed_until_ahead: data observe more than a day beyond now",)


def decision_of(
    answer: ScoreAnswer,
    body: bytes,
    prior: PriorDecisions,
    key_id: str,
    idempotency_key: str | None,
    inputs: str | None = None,
) -> Decision:
    """What is recorded: the answer and all it was made from."""
    return Decision(
        decision_id=answer.decision_id,
        recorded_at=microseconds(answer.recorded_at),
        as_of=microseconds(answer.as_of),
        customer_id=answer.customer_id,
        action=answer.action,
        notices_due=tuple(due.notice for due in answer.follow_up.notices_due),
        language=answer.language,
        request=body,
        answer=answer_bytes(answer),
        versions=answer.versions.as_json,
        prior_decisions=prior.to_json(),
        policy_hash=answer.question.policy_hash,
        key_id=key_id,
        idempotency_key=idempotency_key,
        request_sha256=sha256(body).digest(),
        retain_until=_end_of_day(answer.follow_up.retain_until),
        erasure_waits_for=tuple(waits_for(answer)),
        inputs=inputs,
    )


def _end_of_day(day: date | None) -> int | None:
    """When that day has ended everywhere on earth, microseconds since 1970 UTC."""
    if day is None:
        return None
    noon_after = datetime.combine(day + timedelta(days=1), time(12), UTC)
    return microseconds(noon_after)


def waits_for(answer: ScoreAnswer) -> Iterator[str]:
    """What must end before the customer may be erased."""
    if any(not hold.protects for hold in answer.permission.holds):
        yield "access_off"
    if answer.follow_up.appeal is not None:
        yield "appeal"
    disputes = any(hold.kind == "dispute" for hold in answer.permission.holds)
    if disputes or answer.exposure.contested:  # also about what is not on record
        yield "dispute"
