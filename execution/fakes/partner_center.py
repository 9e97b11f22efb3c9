"""Partner Center as far as subscriptions go, on this machine, with its faults.

It takes and gives what the real service does: etags that must match, the whole resource
on an update, one answer for one `MS-RequestId`, bodies behind a byte order mark, names
in either case, states nobody listed. Faults are put in a queue, and the next request
that could have one has it. `forbear act provider` runs it for whoever wants to look.
"""

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from execution.fakes.partner_account import FakePartnerAccount
from execution.fakes.partner_audit import FakeAuditRecords
from execution.fakes.server import Fault, Headers, Json, slow_down
from execution.providers.partner_words import lower

_CODES: dict[Fault, tuple[int, dict[str, Any]]] = {
    "busy": (429, {"statusCode": 429, "message": "Rate limit is exceeded."}),
    "failed": (500, {"code": "800094", "description": "Update was not successful."}),
    "changed": (412, {"code": "2055", "description": "The etag is no longer valid."}),
    "conflict": (409, {"code": "27009", "description": "The parent is not active."}),
}
# whatever is asked of a customer ("Partner Center REST error codes")
_NO_RELATIONSHIP = 403, {"code": "20002", "description": "No commerce relationship."}
TOKEN = "a-token-of-the-fake"  # noqa: S105 - opens nothing


@dataclass
class FakePartnerCenter:
    """What the server knows, and what it was asked.

    Args:
        customers: by customer id, subscriptions by id, as resources.
        faults: of the next requests that change something, in order.
        with_mark: bodies begin with a byte order mark.
        changes: of status, by subscription, in the order they were made.
        n_asked: how many requests there were.
        more: alerts, budgets, entitlements and service requests.
        audit: what was changed, on record.
    """

    customers: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    with_mark: bool = False
    changes: list[tuple[str, str]] = field(default_factory=list)
    answered: dict[str, tuple[int, Any]] = field(default_factory=dict)
    n_asked: int = 0
    more: FakePartnerAccount = field(default_factory=FakePartnerAccount)
    audit: FakeAuditRecords = field(default_factory=FakeAuditRecords)
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
            self.n_asked += 1
            if path.endswith("/oauth2/token"):
                return 200, {"access_token": TOKEN, "expires_in": 3600}
            if headers.get("Authorization") != f"Bearer {TOKEN}":
                return 401, {"code": "unauthorized"}
            changes = method != "GET"
            fault = self._next_fault() if changes else None
            if fault == "slow":
                slow_down()
            elif fault is not None and fault != "failed_after_acting":
                return _CODES[fault]
            answer = self.audit.answer(path, headers)
            answer = answer or self._asked(method, path, headers, content)
            return _CODES["failed"] if fault == "failed_after_acting" else answer

    def _next_fault(self) -> Fault | None:
        return self.faults.popleft() if self.faults else None

    def _asked(
        self, method: str, path: str, headers: Headers, content: Json
    ) -> tuple[int, Json]:
        parts = urlsplit(path).path.strip("/").split("/")
        is_of_customer = parts[:2] == ["v1", "customers"]
        if is_of_customer and parts[2] not in self.customers:
            return _NO_RELATIONSHIP
        more = self.more.answer(method, path, content)
        if more is not None:
            status, body = more
            if isinstance(body, dict) and "@odata.nextLink" in body:
                where = f"http://{headers.get('Host')}{path.partition('?')[0]}"
                body["@odata.nextLink"] = f"{where}?$skip={body['@odata.nextLink']}"
            return status, body
        if not is_of_customer:
            return 404, {"description": "There is no such resource."}
        return self._subscriptions(method, parts, headers, content)

    def _subscriptions(
        self, method: str, parts: list[str], headers: Headers, content: Json
    ) -> tuple[int, Json]:
        """All of a customer, or one; `parts` of the path."""
        changes, request_id = method == "PATCH", headers.get("MS-RequestId")
        if changes and request_id in self.answered:
            return self.answered[request_id]
        subscriptions = self.customers[parts[2]]
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
        if answer[0] == 200:
            self.audit.note(parts[2], dict(resource), request_id)
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
