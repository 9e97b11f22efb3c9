"""Partner Center as far as subscriptions go, on this machine, with its faults.

It takes and gives what the real service does: etags that must match, the whole resource
on an update, one answer for one `MS-RequestId`, bodies behind a byte order mark, names
in either case, states nobody listed. Faults are put in a queue, and the next request
that could have one has it. `forbear act provider` runs it for whoever wants to look.
"""

import json
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal, Protocol, TypeAlias
from uuid import uuid4

from execution.partner_words import lower

Fault = Literal[
    "busy",  # 429 with Retry-After
    "failed",  # 500, nothing done
    "failed_after_acting",  # 500, and yet it was done
    "changed",  # 412: the etag is another by now
    "conflict",  # 409 with a code of its own
    "slow",  # answers after a second
]
Json: TypeAlias = Any
_CODES: dict[Fault, tuple[int, dict[str, Any]]] = {
    "busy": (429, {"statusCode": 429, "message": "Rate limit is exceeded."}),
    "failed": (500, {"code": "800094", "description": "Update was not successful."}),
    "changed": (412, {"code": "2055", "description": "The etag is no longer valid."}),
    "conflict": (409, {"code": "27009", "description": "The parent is not active."}),
}
RETRY_AFTER_S = 1
_SLOW_S = 1.0
TOKEN = "a-token-of-the-fake"  # noqa: S105 - opens nothing


class Headers(Protocol):
    """Of a request: a name is found in any case."""

    def get(self, name: str, /) -> str | None: ...


@dataclass
class FakePartnerCenter:
    """What the server knows, and what it was asked.

    Args:
        customers: by customer id, subscriptions by id, as resources.
        faults: of the next requests that change something, in order; of any request
            where `faults_of_all`.
        with_mark: bodies begin with a byte order mark.
        changes: of status, by subscription, in the order they were made.
    """

    customers: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    faults_of_all: bool = False
    with_mark: bool = False
    changes: list[tuple[str, str]] = field(default_factory=list)
    answered: dict[str, tuple[int, Any]] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)

    def add(self, customer_id: str, subscription_id: str, **changes: object) -> None:
        """A subscription, active unless `changes` say otherwise."""
        resource = {
            "Id": subscription_id,
            "FriendlyName": f"Subscription {subscription_id}",
            "Quantity": 1,
            "Status": "active",
            "BillingType": "license",
            "ParentSubscriptionId": None,
            "Attributes": {"Etag": uuid4().hex, "ObjectType": "Subscription"},
            **changes,
        }
        self.customers.setdefault(customer_id, {})[subscription_id] = resource

    def state(self, customer_id: str, subscription_id: str) -> str:
        """The status of a subscription, as the server writes it."""
        return str(self.customers[customer_id][subscription_id]["Status"])

    def answer(
        self, method: str, path: str, headers: Headers, content: Json
    ) -> tuple[int, Json]:
        """Status and body of a request; `content` is its body's, None without one."""
        with self.lock:
            if path.endswith("/oauth2/token"):
                return 200, {"access_token": TOKEN, "expires_in": 3600}
            if headers.get("Authorization") != f"Bearer {TOKEN}":
                return 401, {"code": "unauthorized"}
            changes = method == "PATCH"
            fault = self._next_fault() if changes or self.faults_of_all else None
            if fault == "slow":
                time.sleep(_SLOW_S)
            elif fault is not None and fault != "failed_after_acting":
                return _CODES[fault]
            answer = self._asked(changes, path, headers, content)
            return _CODES["failed"] if fault == "failed_after_acting" else answer

    def _next_fault(self) -> Fault | None:
        return self.faults.popleft() if self.faults else None

    def _asked(
        self, changes: bool, path: str, headers: Headers, content: Json
    ) -> tuple[int, Json]:
        request_id = headers.get("MS-RequestId")
        if changes and request_id in self.answered:
            return self.answered[request_id]
        parts = path.strip("/").split("/")
        subscriptions = self.customers.get(parts[2] if len(parts) > 2 else "")
        if parts[:2] != ["v1", "customers"] or subscriptions is None:
            return 403, {"code": "20002", "description": "No such relationship."}
        if len(parts) == 4:
            items = list(subscriptions.values())
            return 200, {"totalCount": len(items), "items": items}
        resource = subscriptions.get(parts[4])
        if resource is None:
            return 404, {"code": "20003", "description": "Subscription not found."}
        if not changes:
            return 200, resource
        answer = self._update(resource, subscriptions, headers, content)
        if request_id is not None and answer[0] == 200:
            self.answered[request_id] = answer
        return answer

    def _update(
        self,
        resource: dict[str, Any],
        subscriptions: dict[str, dict[str, Any]],
        headers: Headers,
        content: Json,
    ) -> tuple[int, Json]:
        if headers.get("If-Match") != resource["Attributes"]["Etag"]:
            return _CODES["changed"]
        sent = lower(content)
        if sent.get("quantity") != resource["Quantity"]:
            return 400, {"code": "800002", "description": "Send the whole resource."}
        parent = subscriptions.get(str(resource["ParentSubscriptionId"]))
        if sent["status"] == "active" and parent and parent["Status"] != "active":
            return _CODES["conflict"]
        if resource["Status"] == "deleted":
            return 400, {"code": "2011", "description": "It is deleted."}
        resource["Status"] = sent["status"]
        resource["Attributes"] = {**resource["Attributes"], "Etag": uuid4().hex}
        self.changes.append((str(resource["Id"]), str(sent["status"])))
        return 200, dict(resource)


class _Handler(BaseHTTPRequestHandler):
    fake: FakePartnerCenter

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_PATCH(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Quiet: what is asked names customers."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        is_json = "json" in self.headers.get("Content-Type", "")
        content = json.loads(body) if body and is_json else None
        status, answer = self.fake.answer(
            self.command, self.path, self.headers, content
        )
        mark = b"\xef\xbb\xbf" if self.fake.with_mark else b""
        sent = mark + json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(sent)))
        if status == 429:
            self.send_header("Retry-After", str(RETRY_AFTER_S))
        self.end_headers()
        self.wfile.write(sent)


@contextmanager
def serving(fake: FakePartnerCenter, port: int = 0) -> Iterator[str]:
    """The fake at an address of this machine while the block runs; gives the address.

    Args:
        fake: what it knows.
        port: 0: one that is free.
    """
    handler = type("Handler", (_Handler,), {"fake": fake})
    server = ThreadingHTTPServer(("127.0.0.1", port), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
