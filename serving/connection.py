"""One client's connection: uvicorn's, with deadlines and bounds of its own.

uvicorn limits how long an idle connection may stay, and nothing else: a client that
sends half a head, half a body or headers without end would keep memory and a place for
ever. What happens between connections (how many are scored at once) is not known here.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from serving.errors import ProblemError, problem_response
from serving.headers import OTHERWISE
from serving.open_files import room_for_connections
from serving.settings import ServingSettings

Awaited = Literal["head", "body"]


@dataclass(frozen=True, slots=True)
class ConnectionLimits:
    """Seconds a client may take to send, and how much of it is kept.

    Args:
        head_s: from the first byte of a request (or from connecting) to the end of its
            headers.
        body_s: from there to the end of its body.
        head_bytes: request line and headers, trailers included.
        message_bytes: all of a request as it comes over the wire.
        connections: open at once.
    """

    head_s: float
    body_s: float
    head_bytes: int
    message_bytes: int
    connections: int

    @classmethod
    def of(cls, settings: ServingSettings) -> "ConnectionLimits":
        # room for chunk headers, and for a client to read that its body is too large
        message_bytes = 2 * settings.max_body_bytes + settings.max_header_bytes
        return cls(
            settings.header_timeout_s,
            settings.body_timeout_s,
            settings.max_header_bytes,
            message_bytes,
            room_for_connections(settings.max_connections),
        )


class ConfigWithLimits(uvicorn.Config):
    """uvicorn's, which hands it to each connection, with the limits."""

    def __init__(
        self,
        limits: ConnectionLimits,
        app: Callable[[], ASGIApp],
        **options: Any,  # noqa: ANN401 - uvicorn's own
    ) -> None:
        super().__init__(app, **options)
        self.limits = limits


class HeadTooLargeError(Exception):
    """Ends the parser's work; the client is told by `send_400_response`."""


class BoundedConnection(HttpToolsProtocol):
    """Refuses with a problem and closes what takes too long or is too large."""

    config: ConfigWithLimits

    @property
    def limits(self) -> ConnectionLimits:
        return self.config.limits

    def connection_made(  # type: ignore[override] # asyncio's base says BaseTransport
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        self._in_message = self._is_head_read = False
        self._head_bytes = self._message_bytes = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._awaited: Awaited | None = None
        if len(self.connections) > self.limits.connections:
            self._refuse("too_many_connections", "open fewer, or try again later")
        else:
            self._await("head")

    def connection_lost(self, exc: Exception | None) -> None:
        self._await(None)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        super().data_received(data)
        if self._in_message:
            self._message_bytes += len(data)
            self._bound()
        if not self.transport.is_closing():
            self._await(self._what_is_awaited())

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._in_message, self._is_head_read = True, False
        self._head_bytes = self._message_bytes = 0

    def on_url(self, url: bytes) -> None:
        self._count_head(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value) + len(b": \r\n"))
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._is_head_read = True
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._in_message = False
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's name
        if self._head_bytes > self.limits.head_bytes:
            self._refuse_head()
        else:
            self._refuse("malformed_http", "this is not an HTTP/1.1 request")

    def _count_head(self, n_bytes: int) -> None:
        self._head_bytes += n_bytes
        if self._head_bytes > self.limits.head_bytes:
            raise HeadTooLargeError

    def _bound(self) -> None:
        """Refuse what grows beyond its bounds without ever being complete."""
        if not self._is_head_read and self._message_bytes > self.limits.head_bytes:
            self._refuse_head()
        elif self._message_bytes > self.limits.message_bytes:
            self._refuse("body_too_large", "the request has no end")

    def _what_is_awaited(self) -> Awaited | None:
        if self._in_message:
            return "body" if self._is_head_read else "head"
        # blank lines between requests end uvicorn's wait for the next one
        is_idle = self.cycle is None or self.cycle.response_complete
        return "head" if is_idle else None

    def _await(self, awaited: Awaited | None) -> None:
        """Start the clock when something else is awaited than before."""
        if awaited == self._awaited:
            return
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
        self._awaited = awaited
        if awaited is not None:
            seconds = self.limits.head_s if awaited == "head" else self.limits.body_s
            self._deadline = self.loop.call_later(seconds, self._is_late)

    def _is_late(self) -> None:
        if self._in_message:
            detail = f"the {self._awaited} of the request did not come in time"
            self._refuse("request_timeout", detail)
        else:
            self.transport.close()

    def _refuse_head(self) -> None:
        detail = f"request line and headers take at most {self.limits.head_bytes} bytes"
        self._refuse("headers_too_large", detail)

    def _refuse(self, code: str, detail: str) -> None:
        """Tell the client unless an answer is under way, and close."""
        cycle = self.cycle
        is_answering = cycle is not None and not cycle.response_complete
        if not self.transport.is_closing():
            if not (is_answering and cycle.response_started) and not self.pipeline:
                self.transport.write(self._answer(code, detail))
            self.transport.close()
        if is_answering:  # whoever waits for the rest of the body hears that none comes
            cycle.disconnected = True
            cycle.message_event.set()

    def _answer(self, code: str, detail: str) -> bytes:
        problem = problem_response(ProblemError(code, detail))
        ours = self.server_state.default_headers
        headers = (*ours, *OTHERWISE, *problem.raw_headers)
        lines = [name + b": " + value for name, value in headers]
        head = STATUS_LINE[problem.status_code] + b"\r\n".join(lines)
        return head + b"\r\nconnection: close\r\n\r\n" + bytes(problem.body)
