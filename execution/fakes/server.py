"""A fake at an address of this machine."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol, TypeAlias
from urllib.parse import parse_qsl

Json: TypeAlias = Any
Fault = Literal[
    "busy",  # 429 with Retry-After
    "failed",  # 500, nothing done
    "failed_after_acting",  # 500, and yet it was done
    "changed",  # 412: the etag is another by now
    "conflict",  # 409 with a code of its own
    "slow",  # answers after a second
]
RETRY_AFTER_S = 1
AS_SENT = "X-Body-As-Sent"  # what is signed; latin-1, so that every byte is kept
_SLOW_S = 1.0
_POLL_S = 0.02  # how soon the end is seen
_EMPTY = 204  # a status without a body


class Headers(Protocol):
    """Of a request: a name is found in any case."""

    def get(self, name: str, /) -> str | None: ...


class Fake(Protocol):
    """Answers requests as a provider would.

    Args:
        with_mark: bodies begin with a byte order mark.
        changes: of state, by subscription, in the order they were made.
    """

    with_mark: bool
    changes: list[tuple[str, str]]

    def answer(
        self, method: str, path: str, headers: Headers, content: Json
    ) -> tuple[int, Json]:
        """Status and body of a request; `content` is its body's, None without one."""
        ...


class _Handler(BaseHTTPRequestHandler):
    fake: Fake

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Quiet: what is asked names customers."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        content = _content(self.headers.get("Content-Type", ""), body)
        self.headers[AS_SENT] = body.decode("latin-1")
        status, answer = self.fake.answer(
            self.command, self.path, self.headers, content
        )
        mark = b"\xef\xbb\xbf" if self.fake.with_mark else b""
        sent = b"" if status == _EMPTY else mark + json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        if status == 429:
            self.send_header("Retry-After", str(RETRY_AFTER_S))
        self.end_headers()
        self.wfile.write(sent)


def _content(kind: str, body: bytes) -> Json:
    """JSON, or the fields of a form."""
    if "json" in kind:
        return json.loads(body) if body else None
    if "urlencoded" in kind:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    return None


@contextmanager
def serving(fake: Fake, port: int = 0) -> Iterator[str]:
    """The fake at an address of this machine while the block runs; gives the address.

    Args:
        fake: what it knows.
        port: 0: one that is free.
    """
    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(_POLL_S,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def slow_down() -> None:
    """Before a late answer."""
    time.sleep(_SLOW_S)
