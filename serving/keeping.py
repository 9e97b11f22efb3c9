"""Rows that one request brings are kept once, under its idempotency key."""

import asyncio
import json
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from fastapi import Request

from features.moments import microseconds
from features.settings import PortfolioSettings
from serving.access import require_reach
from serving.errors import ProblemError
from serving.events_request import (
    CheckedBatch,
    EventsAnswer,
    EventsRequest,
    check_batch,
)
from serving.incoming import idempotency_key_of, in_force_of
from serving.metrics import Metrics
from serving.shared_rows import shared_rows
from store.errors import IdempotencyConflictError
from store.events import EventBatch, EventReader, EventStore, Receipt
from store.keys import ApiKey

Check = Callable[[PortfolioSettings], CheckedBatch]


async def keep(
    request: Request,
    key: ApiKey,
    body: bytes,
    check: Check,
    named: str | None = None,
) -> Receipt:
    """Make the rows of a request durable, or find what was answered to it before.

    Args:
        request: its header Idempotency-Key names it.
        key: of whom it is.
        body: as sent; another one under the same idempotency key is refused.
        check: reads the rows, in a thread: ten thousand take long enough to keep all
            others waiting.
        named: names it instead of the header.

    Raises:
        ProblemError: nothing is in force, what `check` refuses, rows of customers that
            the key is not for, or a test key.
        IdempotencyConflictError, StoreUnavailableError: see the store of events.
    """
    if key.is_test:
        detail = "what a test key keeps would count for real decisions: score it with"
        raise ProblemError("test_key", f"{detail} the `events` of a score request")
    store: EventStore = request.app.state.events
    digest, idempotency_key = sha256(body).digest(), named
    if named is None:
        idempotency_key = idempotency_key_of(request)
    if idempotency_key is not None:
        earlier = store.find_batch(key.key_id, idempotency_key)
        if earlier is not None:
            if earlier.request_sha256 != digest:
                raise IdempotencyConflictError
            return earlier
    arrived_at = microseconds(datetime.now(UTC))
    checked = await asyncio.to_thread(check, in_force_of(request).advisor.settings)
    for rows in (checked.kept, checked.observed, checked.dismissed):
        for row in rows:
            require_reach(key, row.customer_id)
    metrics: Metrics = request.app.state.metrics
    began = time.monotonic()
    receipt = await store.record(
        EventBatch(
            arrived_at=arrived_at,
            key_id=key.key_id,
            idempotency_key=idempotency_key,
            request_sha256=digest,
            summary=checked.summary(),
            rows=checked.kept,
            observed=checked.observed,
            dismissed=checked.dismissed,
        )
    )
    if receipt.is_new:
        waited_s = time.monotonic() - began
        metrics.count_events(checked.accepted, checked.rejected, waited_s)
    return receipt


async def keep_rows(
    request: Request,
    key: ApiKey,
    rows: Mapping[str, list[dict[str, Any]]],
    named: str | None = None,
) -> Receipt:
    """Keep rows that we made ourselves: all of them or none.

    Raises:
        ProblemError, IdempotencyConflictError, StoreUnavailableError: as of `keep`.
    """
    body = json.dumps(rows, sort_keys=True).encode()

    def check(portfolio: PortfolioSettings) -> CheckedBatch:
        checked = check_batch(EventsRequest(events=dict(rows)), portfolio)
        if checked.errors:
            raise ProblemError("invalid_rows", checked.errors[0].rule)
        return checked

    return await keep(request, key, body, check, named)


def answer_of(
    receipt: Receipt, events: EventReader, settings: PortfolioSettings
) -> EventsAnswer:
    """What the sender is told.

    Raises:
        StoreUnavailableError: the batch is durable, but this cannot be read.
    """
    shared = shared_rows(events, receipt.sequence, settings)
    return EventsAnswer.model_validate_json(receipt.summary).model_copy(
        update={
            "sequence": receipt.sequence,
            "repeated": receipt.n_known,
            "shared": shared,
        }
    )
