# ruff: noqa: ARG002 - a fake needs not all of a request
"""A reseller's own system that takes signed messages, on this machine.

It shows all that a receiver needs: it checks the signature, does what bears one
`webhook-id` once, and answers with what it knows.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from standardwebhooks import Webhook, WebhookVerificationError

from execution.fakes.server import AS_SENT, Fault, Headers, Json, slow_down

Answer = tuple[int, Json]
SECRET = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="  # noqa: S105 - of the fake
_FAULTS: dict[Fault, Answer] = {
    "busy": (429, None),
    "failed": (500, None),
    "changed": (412, None),
    "conflict": (409, {"code": "being_changed"}),
}
_NOT_FOUND: Answer = (404, {"code": "not_found"})
_STATE = {"subscription.suspend": "suspended", "subscription.restore": "active"}


@dataclass
class FakeReceiver:
    """What the receiver knows, and what it was sent.

    Args:
        customers: subscriptions by customer and id.
        requests: states of service requests, by number.
        faults: of the next messages that change something, in order.
        with_mark: bodies begin with a byte order mark.
        changes: of state, by subscription, in the order they were made.
        limits: what a customer may spend in a month.
        measures: that are on, by customer and name.
        meters: by subscription, whether one runs.
    """

    customers: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    requests: dict[str, str] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    with_mark: bool = False
    changes: list[tuple[str, str]] = field(default_factory=list)
    done: dict[str, Answer] = field(default_factory=dict)
    limits: dict[str, str | None] = field(default_factory=dict)
    measures: set[tuple[str, str]] = field(default_factory=set)
    meters: dict[str, str] = field(default_factory=dict)

    def add(self, customer_id: str, subscription_id: str, **changes: object) -> None:
        """A subscription, active unless `changes` say otherwise."""
        resource = {"subscription_id": subscription_id, "state": "active", **changes}
        self.customers.setdefault(customer_id, {})[subscription_id] = resource

    def state(self, customer_id: str, subscription_id: str) -> str:
        """The state of a subscription."""
        return str(self.customers[customer_id][subscription_id]["state"])

    def answer(self, method: str, path: str, headers: Headers, content: Json) -> Answer:
        body = (headers.get(AS_SENT) or "").encode("latin-1")
        names = ("webhook-id", "webhook-timestamp", "webhook-signature")
        signed = {name: headers.get(name) or "" for name in names}
        try:
            Webhook(SECRET).verify(body, signed)
        except WebhookVerificationError:
            return 401, {"code": "bad_signature"}
        return self._received(signed["webhook-id"], content["type"], content["data"])

    def _received(self, name: str, kind: str, data: dict[str, str]) -> Answer:
        if kind.endswith((".list", ".read")):
            return self._read(kind, data)
        if name in self.done:
            return self.done[name]
        fault = self.faults.popleft() if self.faults else None
        if fault == "slow":
            slow_down()
        elif fault is not None and fault != "failed_after_acting":
            return _FAULTS[fault]
        answer = self._do(kind, data)
        if answer[0] == 200:
            self.done[name] = answer
        return _FAULTS["failed"] if fault == "failed_after_acting" else answer

    def _read(self, kind: str, data: dict[str, str]) -> Answer:
        if kind == "request.read":
            state = self.requests.get(data["number"])
            return _NOT_FOUND if state is None else (200, {"state": state})
        subscriptions = self.customers.get(data["customer_id"])
        if subscriptions is None:
            return _NOT_FOUND
        if kind == "limit.read":
            amount = self.limits.get(data["customer_id"])
            return 200, {"amount": amount, "is_enforced": True}
        if kind == "measure.read":
            return 200, {
                "is_on": (data["customer_id"], data["measure"]) in self.measures
            }
        if kind == "subscription.list":
            return 200, {"subscriptions": list(subscriptions.values())}
        resource = subscriptions.get(data["subscription_id"])
        if kind == "meter.read" and resource is not None:
            return 200, {"state": self.meters.get(data["subscription_id"], "none")}
        return _NOT_FOUND if resource is None else (200, resource)

    def _measure(self, kind: str, data: dict[str, str]) -> Answer | None:
        """What was done about a measure; None: it is none."""
        customer_id = data["customer_id"]
        if kind == "limit.set":
            self.limits[customer_id] = data["amount"]
        elif kind == "measure.begin":
            self.measures.add((customer_id, data["measure"]))
        elif kind == "measure.end":
            self.measures.discard((customer_id, data["measure"]))
        elif kind == "meter.stop":
            self.meters[data["subscription_id"]] = "stopped"
        else:
            return None
        return 200, {}

    def _do(self, kind: str, data: dict[str, str]) -> Answer:
        if kind == "request.open":
            number = f"r{len(self.requests) + 1}"
            self.requests[number] = "sent"
            return 200, {"number": number}
        if (measured := self._measure(kind, data)) is not None:
            return measured
        if kind not in _STATE:
            return 501, {"code": "not_offered"}
        subscriptions = self.customers.get(data["customer_id"], {})
        resource = subscriptions.get(data["subscription_id"])
        if resource is None:
            return _NOT_FOUND
        resource["state"] = _STATE[kind]
        self.changes.append((data["subscription_id"], _STATE[kind]))
        return 200, resource
