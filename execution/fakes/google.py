# ruff: noqa: ARG002 - each API takes less than another
"""Google's Reseller and Cloud Channel APIs as far as suspending goes, on this machine.

With their faults: quotas answered with 403, reasons of Google's own that nobody takes
back, and in Cloud Channel operations that are done a moment after they were answered.
"""

from abc import ABC, abstractmethod
from collections import deque
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from execution.fakes.server import Fault, Headers, Json, slow_down

Answer = tuple[int, Json]
TOKEN = "a-token-of-the-fake"  # noqa: S105 - opens nothing
OURS = "RESELLER_INITIATED"
ACCOUNT = "C0fake"
PAGE = 2  # of a list, so that there are several
_FAULTS: dict[Fault, Answer] = {
    "busy": (429, {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED"}}),
    "failed": (503, {"error": {"code": 503, "status": "UNAVAILABLE"}}),
    "changed": (
        412,
        {"error": {"code": 412, "errors": [{"reason": "conditionNotMet"}]}},
    ),
    "conflict": (409, {"error": {"code": 409, "status": "ABORTED"}}),
}
_NOT_FOUND: Answer = (
    404,
    {"error": {"code": 404, "status": "NOT_FOUND", "errors": [{"reason": "notFound"}]}},
)


@dataclass
class _FakeGoogle(ABC):
    """What the server knows, and what it was asked.

    Args:
        customers: resources by customer and id.
        faults: of the next requests that change something, in order.
        with_mark: bodies begin with a byte order mark.
        changes: of state, by subscription, in the order they were made.
    """

    customers: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    with_mark: bool = False
    changes: list[tuple[str, str]] = field(default_factory=list)

    def answer(self, method: str, path: str, headers: Headers, content: Json) -> Answer:
        if path == "/token":
            return 200, {"access_token": TOKEN, "expires_in": 3599}
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            return 401, {"error": {"code": 401, "status": "UNAUTHENTICATED"}}
        if method == "GET":
            return self._read(path)
        fault = self.faults.popleft() if self.faults else None
        if fault == "slow":
            slow_down()
        elif fault is not None and fault != "failed_after_acting":
            return _FAULTS[fault]
        answer = self._change(path, content)
        return _FAULTS["failed"] if fault == "failed_after_acting" else answer

    @abstractmethod
    def _read(self, path: str) -> Answer:
        """What a GET of this path finds."""

    @abstractmethod
    def _change(self, path: str, content: Json) -> Answer:
        """What a POST to this path does."""

    def _suspended(self, resource: dict[str, Any], state: str, name: str) -> None:
        reasons = [*resource.get("suspensionReasons", []), OURS]
        resource |= {state: "SUSPENDED", "suspensionReasons": sorted(set(reasons))}
        self.changes.append((name, "SUSPENDED"))

    def _activated(self, resource: dict[str, Any], state: str, name: str) -> Answer:
        """Only the reseller's own reason goes."""
        reasons = [one for one in resource.get("suspensionReasons", []) if one != OURS]
        if len(reasons) == len(resource.get("suspensionReasons", [])):
            details = [{"reason": "SUSPENSION_NOT_RESELLER_INITIATED"}]
            return 400, {"error": {"code": 400, "details": details}}
        is_active = "SUSPENDED" if reasons else "ACTIVE"
        resource |= {state: is_active, "suspensionReasons": reasons}
        self.changes.append((name, is_active))
        return 200, resource


def _page(listed: list[dict[str, Any]], name: str, query: dict[str, list[str]]) -> Json:
    begin = int(query.get("pageToken", ["0"])[0])
    answer: dict[str, Any] = {}
    if listed[begin : begin + PAGE]:  # an empty list is left out
        answer[name] = listed[begin : begin + PAGE]
    if begin + PAGE < len(listed):
        answer["nextPageToken"] = str(begin + PAGE)
    return answer


class FakeGoogleReseller(_FakeGoogle):
    """Workspace subscriptions."""

    def add(self, customer_id: str, subscription_id: str, **changes: object) -> None:
        """A subscription, active unless `changes` say otherwise."""
        self.customers.setdefault(customer_id, {})[subscription_id] = {
            "kind": "reseller#subscription",
            "customerId": customer_id,
            "subscriptionId": subscription_id,
            "skuId": "1010020027",
            "skuName": "Google Workspace Business Starter",
            "status": "ACTIVE",
            **changes,
        }

    def state(self, customer_id: str, subscription_id: str) -> str:
        """The status of a subscription."""
        return str(self.customers[customer_id][subscription_id]["status"])

    def _read(self, path: str) -> Answer:
        split = urlsplit(path)
        parts = [unquote(part) for part in split.path.strip("/").split("/")[3:]]
        if parts == ["subscriptions"]:
            query = parse_qs(split.query)
            listed = list(self.customers.get(query["customerId"][0], {}).values())
            return 200, _page(listed, "subscriptions", query)
        resource = self._resource(parts)
        return _NOT_FOUND if resource is None else (200, resource)

    def _change(self, path: str, content: Json) -> Answer:
        parts = [unquote(part) for part in path.strip("/").split("/")[3:]]
        resource = self._resource(parts)
        if resource is None:
            return _NOT_FOUND
        if parts[4] == "activate":
            return self._activated(resource, "status", parts[3])
        self._suspended(resource, "status", parts[3])
        return 200, resource

    def _resource(self, parts: list[str]) -> dict[str, Any] | None:
        return self.customers.get(parts[1], {}).get(parts[3])


@dataclass
class FakeGoogleChannel(_FakeGoogle):
    """Cloud Channel entitlements.

    Args:
        is_later: what is asked is done when it is read for the second time.
        requests: ids of requests that were done.
    """

    is_later: bool = False
    requests: set[str] = field(default_factory=set)
    waiting: list[tuple[str, str, str]] = field(default_factory=list)
    n_read: int = 0

    def add(self, customer_id: str, subscription_id: str, **changes: object) -> None:
        """An entitlement, active unless `changes` say otherwise."""
        name = f"accounts/{ACCOUNT}/customers/{customer_id}/entitlements"
        self.customers.setdefault(customer_id, {})[subscription_id] = {
            "name": f"{name}/{subscription_id}",
            "offer": f"accounts/{ACCOUNT}/offers/o1",
            "provisioningState": "ACTIVE",
            **changes,
        }

    def state(self, customer_id: str, subscription_id: str) -> str:
        """The state of an entitlement."""
        return str(self.customers[customer_id][subscription_id]["provisioningState"])

    def _read(self, path: str) -> Answer:
        split = urlsplit(path)
        parts = [unquote(part) for part in split.path.strip("/").split("/")]
        if parts[:3] != ["v1", "accounts", ACCOUNT]:
            # a reason that Google has not: whoever tries it out is told what to set
            wrong = {"reason": f"FORBEAR_GOOGLE_ACCOUNT_is_not_{ACCOUNT}"}
            error = {"code": 404, "status": "NOT_FOUND", "details": [wrong]}
            return 404, {"error": error}
        if parts[4] not in self.customers:
            return _NOT_FOUND
        if len(parts) == 6:
            listed = list(self.customers[parts[4]].values())
            return 200, _page(listed, "entitlements", parse_qs(split.query))
        resource = self.customers[parts[4]].get(parts[6])
        if resource is None:
            return _NOT_FOUND
        answer = dict(resource)
        self.n_read += 1
        if self.waiting and self.n_read % 2 == 0:
            for waited in self.waiting:
                self._do(*waited)
            self.waiting.clear()
        return 200, answer

    def _change(self, path: str, content: Json) -> Answer:
        name, _, what = path.rpartition(":")
        parts = [unquote(part) for part in name.strip("/").split("/")]
        if self.customers.get(parts[4], {}).get(parts[6]) is None:
            return _NOT_FOUND
        operation = {"name": f"operations/{content['requestId']}", "done": False}
        if content["requestId"] in self.requests:
            return 200, operation
        self.requests.add(content["requestId"])
        if self.is_later:
            self.waiting.append((parts[4], parts[6], what))
            return 200, operation
        status, error = self._do(parts[4], parts[6], what)
        return (status, error) if status != 200 else (200, {**operation, "done": True})

    def _do(self, customer_id: str, name: str, what: str) -> Answer:
        resource = self.customers[customer_id][name]
        if what == "activate":
            return self._activated(resource, "provisioningState", name)
        self._suspended(resource, "provisioningState", name)
        return 200, None
