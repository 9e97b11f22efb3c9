# ruff: noqa: ARG002 - a fake needs not all of a request
"""WHMCS as far as suspending goes, on this machine, with its faults.

One address takes forms; what is refused is answered with status 200 and
`result: error`, and a client nobody knows with no services.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from execution.fakes.server import Fault, Headers, Json, slow_down

Answer = tuple[int, Json]
PATH = "/includes/api.php"
PAGE = 2  # services of a list, whatever was asked for
_FAULTS: dict[Fault, Answer] = {
    "busy": (429, None),
    "failed": (500, None),
    "changed": (412, None),
    "conflict": (200, {"result": "error", "message": "The server of acme is down"}),
}
_STATE = {"ModuleSuspend": "Suspended", "ModuleUnsuspend": "Active"}


@dataclass
class FakeWhmcs:
    """What the server knows, and what it was asked.

    Args:
        clients: services by client and id.
        faults: of the next requests that change something, in order.
        with_mark: bodies begin with a byte order mark.
        changes: of status, by service, in the order they were made.
    """

    clients: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    faults: deque[Fault] = field(default_factory=deque)
    with_mark: bool = False
    changes: list[tuple[str, str]] = field(default_factory=list)

    def add(self, customer_id: str, subscription_id: str, **changes: object) -> None:
        """A service, active unless `changes` say otherwise."""
        self.clients.setdefault(customer_id, {})[subscription_id] = {
            "id": subscription_id,
            "clientid": customer_id,
            "name": "Starter hosting",
            "status": "Active",
            **changes,
        }

    def state(self, customer_id: str, subscription_id: str) -> str:
        """The status of a service."""
        return str(self.clients[customer_id][subscription_id]["status"])

    def answer(self, method: str, path: str, headers: Headers, content: Json) -> Answer:
        if (method, path) != ("POST", PATH):
            return 404, None
        if not content.get("identifier") or not content.get("secret"):
            return 403, {"result": "error", "message": "Authentication Failed"}
        action = content["action"]
        if action == "GetClientsProducts":
            return 200, self._products(content)
        fault = self.faults.popleft() if self.faults else None
        if fault == "slow":
            slow_down()
        elif fault is not None and fault != "failed_after_acting":
            return _FAULTS[fault]
        answer = self._run(action, content["serviceid"])
        return _FAULTS["failed"] if fault == "failed_after_acting" else (200, answer)

    def _products(self, content: Json) -> Json:
        services = self.clients.get(content["clientid"], {}).values()
        only = content.get("serviceid")
        listed = [one for one in services if only in (None, one["id"])]
        begin = int(content.get("limitstart", 0))
        page = listed[begin : begin + PAGE]
        head = {"result": "success", "totalresults": str(len(listed))}
        return {**head, "numreturned": len(page), "products": {"product": page}}

    def _run(self, action: str, service_id: str) -> Json:
        for services in self.clients.values():
            if service_id in services:
                services[service_id]["status"] = _STATE[action]
                self.changes.append((service_id, _STATE[action]))
                return {"result": "success"}
        return {"result": "error", "message": "Service ID Not Found"}
