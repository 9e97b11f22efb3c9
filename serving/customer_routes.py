"""The addresses about one customer, and the list of decisions."""

import asyncio
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, Field, TypeAdapter
from starlette.responses import Response

from features.moments import microseconds
from serving.access import AdminKey, ReadingKey, note_access_to, require_reach
from serving.any_id import OF_CUSTOMER
from serving.decide import is_decision_id
from serving.erasure import refuse_while_events_need_it
from serving.errors import ProblemError
from serving.incoming import JSON, in_force_of
from serving.many_scores import BatchTurnstile
from serving.openapi import problems
from serving.records import RecordsOfKeys, find_for
from serving.replay import Explanation, explain
from serving.replay_errors import ReplayError
from serving.stored_customers import MOST_ROWS
from serving.timeline import DecisionSummary, Timeline, timeline
from store.decisions import DecisionStore
from store.erasing import erase_everywhere
from store.errors import ErasureRefusedError, NoDecisionsError, StoreReplacedError
from store.events import Erasure, EventStore
from store.keys import ApiKey

router = APIRouter()
_EXPLANATION = TypeAdapter(Explanation)
_MOST_DECISIONS = 10_000  # of one customer, on a timeline
Limit = Annotated[int, Query(ge=1, le=500, description="entries of one answer")]
Before = Annotated[
    str | None, Query(max_length=100, description="`next` of the answer before")
]


class DecisionList(BaseModel):
    """The latest first."""

    decisions: list[DecisionSummary]
    next: str | None = Field(
        description="send it as `before` for the ones before these; null at the end"
    )


class ErasedCustomer(BaseModel):
    """What was destroyed, and what stays."""

    n_decisions: int
    n_events: int
    chain_position: int = Field(
        description="of the entry that says which decisions were erased, and when"
    )


@router.get(
    "/v1/decisions",
    response_model=DecisionList,
    responses=problems(401, 403, 422, 503),
    tags=["decisions"],
)
async def list_decisions(
    request: Request,
    key: ReadingKey,
    customer_id: Annotated[str | None, Query(max_length=200)] = None,
    before: Before = None,
    limit: Limit = 50,
) -> DecisionList:
    """Decisions of one customer, or of all that the key may name, the latest first."""
    if customer_id is not None:
        require_reach(key, customer_id)
    note_access_to(request, key, customer_id or "")
    if before is not None and not is_decision_id(before):
        raise not_a_cursor()  # an empty list would look like the end
    store = _decisions(request, key)
    listed = store.listed(customer_id, before, limit + 1, key.customers)
    return DecisionList(
        decisions=[DecisionSummary.of(one) for one in listed[:limit]],
        next=listed[limit - 1].decision_id if len(listed) > limit else None,
    )


@router.get(
    "/v1/decisions/{decision_id}/reasons",
    response_model=Explanation,
    responses=problems(401, 403, 404, 409, 410, 422, 503),
    tags=["decisions"],
)
async def read_reasons(request: Request, decision_id: str, key: ReadingKey) -> Response:
    """Why it was decided so and what would have changed it, with the bits of then.

    Also where the answer was given without. Computed again from what was recorded.
    """
    state = request.app.state
    find_for(request, key, decision_id)
    turns: BatchTurnstile = state.many_turns
    try:
        async with turns.item:  # it loads the models of then: not many at once
            reasons = await asyncio.to_thread(explain, state.settings, decision_id)
    except ReplayError as error:
        raise ProblemError(error.code, str(error)) from error
    except NoDecisionsError as error:  # there a moment ago, for it was found
        raise StoreReplacedError("decisions.sqlite") from error
    return Response(_EXPLANATION.dump_json(reasons), media_type=JSON)


@router.get(
    f"{OF_CUSTOMER}/timeline",
    response_model=Timeline,
    responses=problems(401, 403, 404, 422, 503),
    tags=["customers"],
)
async def read_timeline(
    request: Request,
    customer_id: str,
    key: ReadingKey,
    before: Before = None,
    limit: Limit = 50,
) -> Timeline:
    """What was sent about a customer and what was decided, the latest first."""
    require_reach(key, customer_id)
    note_access_to(request, key, customer_id)
    events: EventStore = request.app.state.events
    rows = events.rows(customer_id, events.last_sequence(), MOST_ROWS)
    decisions = _decisions(request, key).listed(customer_id, None, _MOST_DECISIONS)
    if not rows and not decisions:
        detail = "nothing is stored of this customer, and nothing was decided"
        raise ProblemError("unknown_customer", detail)
    settings = in_force_of(request).advisor.settings
    try:
        return timeline(customer_id, rows, decisions, settings, before, limit)
    except ValueError as error:
        raise not_a_cursor() from error


@router.delete(
    OF_CUSTOMER,
    response_model=ErasedCustomer,
    responses=problems(401, 403, 409, 422, 429, 503),
    tags=["customers"],
)
async def erase_customer(
    request: Request, customer_id: str, key: AdminKey
) -> ErasedCustomer:
    """Erase all decisions and events of a customer, for good.

    Refused (409) while access is off, an appeal or a dispute runs, or the policy still
    keeps a record. What stays are the entries of the chain, which say nothing without
    the destroyed key. Asked again it goes on where it was interrupted.
    """
    require_reach(key, customer_id)
    note_access_to(request, key, customer_id)
    events: EventStore = request.app.state.events
    store: DecisionStore = request.app.state.decisions
    records: RecordsOfKeys = request.app.state.records
    now = datetime.now(UTC)
    erasure = Erasure(customer_id, microseconds(now), key.key_id)
    try:
        refuse_while_events_need_it(events, customer_id, in_force_of(request), now)
        erased = await erase_everywhere(store, events, erasure, records.of_tests())
    except ErasureRefusedError as refused:
        because = [*refused.because, *(["retention"] if refused.until else [])]
        errors = [{"pointer": "", "rule": reason} for reason in because]
        raise ProblemError("erasure_refused", str(refused), errors=errors) from refused
    return ErasedCustomer(**erased._asdict())


def _decisions(request: Request, key: ApiKey) -> DecisionStore:
    records: RecordsOfKeys = request.app.state.records
    return records.of(key).decisions


def not_a_cursor() -> ProblemError:
    """`before` of a list is nothing that an answer gave."""
    detail = "`before` is the `next` of an answer before"
    where = {"pointer": "/query/before", "rule": "not_a_cursor"}
    return ProblemError("invalid_request", detail, errors=[where])
