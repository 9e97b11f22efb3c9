"""Delivers what waits in the outbox, beside the answers and never before one.

Each endpoint has a courier of its own, so that one that hangs holds up no other. A
receiver that fails is tried again, later each time, and after a day or two no more:
such messages are dead letters until a person has them delivered again. A redirect is a
failure, for whoever may redirect a message may send it anywhere.
"""

import asyncio
import logging
import random
import time
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import NamedTuple

import httpx

from serving.async_outbox import AsyncOutbox
from serving.guard import surviving
from serving.metrics import Metrics
from serving.webhook_endpoint import WebhookEndpoint
from store.errors import StoreUnavailableError
from store.outbox import Message

TIMEOUT_S = 10.0  # from connecting to the status of the answer
LEASE_S = 30.0  # beyond it another process may send what this one took
MOST_AT_ONCE = 8
MOST_ATTEMPTS = 16  # in 23 to 47 hours
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 5.0, 6 * 3_600.0
_LONGEST_RETRY_AFTER_S = 86_400.0
_SHORT_DIGITS, _READ_S = 4, 1.0  # an answer's body that is read: its length, how long
_LOOK_S, _LONGEST_LOOK_S = 1.0, 30.0  # between looks at the outbox
_log = logging.getLogger("forbear.webhooks")
_SECOND = 1_000_000


class Failure(NamedTuple):
    """Why a message was not received; `retry_after_s`: as the receiver asks."""

    code: str
    retry_after_s: float = 0.0


class Courier:
    """Delivers to one endpoint, in the event loop of a service.

    Args:
        outbox: asked in its thread.
        clock: microseconds since 1970 UTC.
    """

    def __init__(
        self,
        outbox: AsyncOutbox,
        endpoint: WebhookEndpoint,
        metrics: Metrics,
        clock: Callable[[], int] = lambda: time.time_ns() // 1_000,
    ) -> None:
        self._outbox, self._ask = outbox.outbox, outbox.ask
        self._endpoint, self._metrics, self._clock = endpoint, metrics, clock
        self._closed_until = 0  # the receiver asked for a pause until then

    async def run(self, client: httpx.AsyncClient, stop: asyncio.Event) -> None:
        """Deliver until `stop`; what is under way then is finished."""
        pause_s = _LOOK_S
        while not stop.is_set():
            was_received = await self._look(client)
            if was_received:  # there may be more
                pause_s = _LOOK_S
                continue
            is_idle = was_received is None
            pause_s = _LOOK_S if is_idle else min(2 * pause_s, _LONGEST_LOOK_S)
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause_s)

    async def deliver_due(self, client: httpx.AsyncClient) -> bool | None:
        """Send what is due now: whether any was received; None: nothing was due."""
        now = self._clock()
        if now < self._closed_until:
            return None
        until = now + int(LEASE_S * _SECOND)
        due = now, until, MOST_AT_ONCE, self._endpoint.name
        messages = await self._ask(self._outbox.claim, *due)
        deliveries = [self._deliver(client, message) for message in messages]
        # each comes to its end before a failure of one is told
        outcomes = await asyncio.gather(*deliveries, return_exceptions=True)
        for outcome in outcomes:
            if isinstance(outcome, BaseException):
                raise outcome
        return any(outcomes) if outcomes else None

    async def _look(self, client: httpx.AsyncClient) -> bool | None:
        """As `deliver_due`; a store that is not there is a failure as well."""
        with surviving():  # a bug with one message must not end all others
            try:
                return await self.deliver_due(client)
            except StoreUnavailableError as error:
                _log.warning("the outbox cannot be used: %s", error)
        return False

    async def _deliver(self, client: httpx.AsyncClient, message: Message) -> bool:
        if message.is_altered:
            failure: Failure | None = Failure("decision_altered")
        else:
            failure = await self._send(client, message)
        result = "received" if failure is None else failure.code
        self._metrics.count_webhook(self._endpoint.name, result)
        now = self._clock()
        if failure is None:
            await self._ask(self._outbox.settle_delivered, message, now)
            return True
        due_at = self._next_due_at(message, failure, now)
        await self._ask(self._outbox.settle_failed, message, now, failure.code, due_at)
        if due_at is None:
            _log.warning(
                "a message to %s was given up (%s); see `forbear webhooks dead`",
                self._endpoint.name,
                failure.code,
            )
        return False

    async def _send(
        self, client: httpx.AsyncClient, message: Message
    ) -> Failure | None:
        body = self._endpoint.body(message)
        at = datetime.fromtimestamp(self._clock() / _SECOND, UTC)
        headers = self._endpoint.headers(message.message_id, body, at)
        sent = client.stream(
            "POST", self._endpoint.url, content=body.encode(), headers=headers
        )
        try:
            async with AsyncExitStack() as until_read:
                # the client's own timeouts are for a part each; this one is for all
                async with asyncio.timeout(TIMEOUT_S):
                    answer = await until_read.enter_async_context(sent)
                await _read_if_short(answer)
                return _failure(answer)
        except (TimeoutError, httpx.TimeoutException):
            return Failure("timeout")
        except (httpx.HTTPError, httpx.InvalidURL):
            return Failure("unreachable")

    def _next_due_at(self, message: Message, failure: Failure, now: int) -> int | None:
        """When it is tried again; None: no more."""
        if failure.retry_after_s:
            until = now + int(failure.retry_after_s * _SECOND)
            self._closed_until = max(self._closed_until, until)
        if message.is_altered or message.n_attempts + 1 >= MOST_ATTEMPTS:
            return None
        pause_s = max(pause_before(message.n_attempts + 1), failure.retry_after_s)
        return now + int(pause_s * _SECOND)


def pause_before(attempt: int) -> float:
    """Seconds before the second and later attempts, counted from 1.

    Thrice as long each time, at most six hours, less up to a half by chance: a receiver
    that comes back is not met by everything at once.
    """
    longest = min(_FIRST_PAUSE_S * 3.0 ** (attempt - 1), _LONGEST_PAUSE_S)
    return longest * random.uniform(0.5, 1.0)


async def _read_if_short(answer: httpx.Response) -> None:
    """Then its connection serves the next message; what it says is not asked.

    Its status stands, whatever comes of the rest.
    """
    length = answer.headers.get("content-length", "")
    is_short = length.isascii() and length.isdigit() and len(length) <= _SHORT_DIGITS
    if is_short or answer.status_code == HTTPStatus.NO_CONTENT:
        with suppress(TimeoutError, httpx.HTTPError):
            async with asyncio.timeout(_READ_S):
                async for _ in answer.aiter_raw():
                    pass


def _failure(answer: httpx.Response) -> Failure | None:
    if answer.is_success:
        return None
    code = f"http_{answer.status_code}"
    if answer.status_code in (
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    ):
        return Failure(code, retry_after_s(answer.headers.get("retry-after")))
    return Failure(code)


def retry_after_s(text: str | None) -> float:
    """Seconds that a `Retry-After` asks for, at most a day; 0 without one.

    >>> retry_after_s("120"), retry_after_s(None), retry_after_s("soon")
    (120.0, 0.0, 0.0)
    """
    if text is None:
        return 0.0
    if text.isascii() and text.isdigit():
        seconds = float(text[:9])
    else:
        try:
            at = parsedate_to_datetime(text)
        except ValueError:
            return 0.0
        at = at if at.tzinfo else at.replace(tzinfo=UTC)
        seconds = (at - datetime.now(UTC)).total_seconds()
    return min(max(seconds, 0.0), _LONGEST_RETRY_AFTER_S)
