"""The addresses that take events and answer from those that were kept."""

import asyncio
from datetime import UTC, datetime
from hashlib import sha256

from fastapi import APIRouter, Request
from starlette.responses import Response

from features.moments import microseconds
from serving.access import ScoringKey
from serving.events_request import EventsAnswer, check_batch, parse_events
from serving.incoming import (
    JSON,
    idempotency_key_of,
    in_force_of,
    read_packed_body,
)
from serving.openapi import EVENTS_BODY, problems
from serving.settings import ServingSettings
from store.errors import IdempotencyConflictError
from store.events import EventBatch, EventStore, Receipt

router = APIRouter()


@router.post(
    "/v1/events",
    response_model=EventsAnswer,
    responses=problems(401, 403, 409, 413, 415, 422, 500, 503),
    openapi_extra=EVENTS_BODY,
    tags=["events"],
)
async def take_events(request: Request, key: ScoringKey) -> Response:
    """Keep rows of any table, of any customers; durable before it is answered.

    Good rows of a batch are kept whatever the others are like. A row sent again is
    kept once; a later version of it is a correction.
    """
    settings: ServingSettings = request.app.state.settings
    store: EventStore = request.app.state.events
    body = await read_packed_body(
        request, settings.max_body_bytes, settings.max_unpacked_bytes
    )
    digest = sha256(body).digest()
    idempotency_key = idempotency_key_of(request)
    if idempotency_key is not None:
        earlier = store.find_batch(key.key_id, idempotency_key)
        if earlier is not None:
            return _answered(earlier, digest)
    now = microseconds(datetime.now(UTC))
    portfolio = in_force_of(request).advisor.settings

    def checked() -> EventBatch:
        content = parse_events(body, settings.clock_skew_s)
        batch = check_batch(content, portfolio)
        return EventBatch(
            arrived_at=now,
            key_id=key.key_id,
            idempotency_key=idempotency_key,
            request_sha256=digest,
            summary=batch.summary(),
            rows=batch.kept,
            observed=batch.observed,
            dismissed=batch.dismissed,
        )

    # ten thousand rows take long enough to keep the others waiting
    receipt = await store.record(await asyncio.to_thread(checked))
    return _answered(receipt, digest)


def _answered(receipt: Receipt, digest: bytes) -> Response:
    if receipt.request_sha256 != digest:
        raise IdempotencyConflictError
    answer = EventsAnswer.model_validate_json(receipt.summary).model_copy(
        update={"sequence": receipt.sequence, "repeated": receipt.n_known}
    )
    headers = None if receipt.is_new else {"Idempotent-Replay": "true"}
    return Response(answer.model_dump_json(), headers=headers, media_type=JSON)
