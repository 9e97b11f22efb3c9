"""What Partner Center knows beside subscriptions, and Graph's alerts, on this machine.

Fraud events, budgets, Azure entitlements and service requests, in the forms of
Microsoft's documentation: a bare list of events with names in mixed case, whose log of
changes is JSON in a string; moments without offset; numbers for the states of requests;
202 for a cancellation.
"""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from execution.fakes.server import Json

Answer = tuple[int, Json]
_NOT_SET = "9999-12-31T23:59:59.9970000"
_NOT_FOUND = 404, {"code": "20003", "description": "Not found."}


@dataclass
class FakePartnerAccount:
    """What the server knows.

    Args:
        events: fraud events, which are Graph's alerts as well, by id.
        budgets: by customer.
        entitlements: by subscription and id, their state.
        requests: states of service requests by number, as numbers.
        resolved: alerts and how they were resolved, in that order.
        graph_page: alerts on a page of Graph.
        resolved_at: what its logs of changes call the moment of every resolution.
    """

    events: dict[str, dict[str, Any]] = field(default_factory=dict)
    budgets: dict[str, float] = field(default_factory=dict)
    entitlements: dict[str, dict[str, str]] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    resolved: list[tuple[str, str]] = field(default_factory=list)
    graph_page: int = 2
    resolved_at: str = "2026-06-21T00:00:01+02:00"

    def add_event(
        self, event_id: str, customer_id: str, subscription_id: str, **changes: object
    ) -> None:
        """An active alert of crypto mining, unless `changes` say otherwise."""
        self.events[event_id] = {
            "eventTime": "2026-06-20T08:25:45.69",
            "eventId": event_id,
            "customerTenantId": customer_id,
            "subscriptionId": subscription_id,
            "eventStatus": "Active",
            "eventType": "NetworkConnectionsToCryptoMiningPools",
            "firstOccurrence": "2026-06-20T08:00:00",
            "firstObserved": _NOT_SET,
            "resolvedReason": "None",
            "resolvedOn": _NOT_SET,
            "severity": "Medium",
            "confidenceLevel": "high",
            "IsTest": "false",
            "activityLogs": "[]",
            **changes,
        }

    def answer(self, method: str, path: str, content: Json) -> Answer | None:
        """Status and body; None: it is about something else."""
        split = urlsplit(path)
        parts = split.path.strip("/").split("/")
        if parts[:2] == ["v1", "fraudEvents"]:
            return self._fraud_events(parts[2:], parse_qs(split.query), content)
        if parts[:4] == ["beta", "security", "partner", "securityAlerts"]:
            return self._graph(method, parts[4:], parse_qs(split.query), content)
        if parts[:2] == ["v1", "servicerequests"] and len(parts) == 3:
            state = self.requests.get(parts[2])
            return (
                _NOT_FOUND
                if state is None
                else (200, {"id": parts[2], "status": state})
            )
        if parts[3:4] == ["usagebudget"]:
            return self._budget(method, parts[2], content)
        if parts[5:6] == ["azureEntitlements"]:
            return self._entitlements(parts[4], parts[6:])
        return None

    def _fraud_events(
        self, rest: list[str], query: dict[str, list[str]], content: Json
    ) -> Answer:
        if not rest:
            size, page = (int(query[name][0]) for name in ("PageSize", "PageNumber"))
            return 200, list(self.events.values())[size * (page - 1) : size * page]
        for event_id in content["EventIds"]:
            event = self.events.get(event_id)
            if event is None or event["subscriptionId"] != rest[1]:
                return 400, {"code": "800002", "description": "Invalid input."}
            self._resolve(event_id, str(content["ResolvedReason"]))
        return 200, {}

    def _graph(
        self,
        method: str,
        rest: list[str],
        query: dict[str, list[str]],
        content: Json,
    ) -> Answer:
        if method == "PATCH":
            if rest[0] not in self.events:
                return 404, {"error": {"code": "ResourceNotFound"}}
            self._resolve(rest[0], str(content["resolvedReason"]))
            return 200, _as_graph(self.events[rest[0]])
        begin = int(query.get("$skip", ["0"])[0])
        listed = list(self.events.values())[begin : begin + self.graph_page]
        answer: dict[str, Any] = {"value": [_as_graph(one) for one in listed]}
        if begin + self.graph_page < len(self.events):
            answer["@odata.nextLink"] = begin + self.graph_page  # made a URL later
        return 200, answer

    def _resolve(self, event_id: str, reason: str) -> None:
        event = self.events[event_id]
        if event["eventStatus"] != "Resolved":
            self.resolved.append((event_id, reason.lower()))
        change = {"statusFrom": event["eventStatus"], "statusTo": "Resolved"}
        at = {"updatedBy": "admin@example.org", "dateTime": self.resolved_at}
        event["eventStatus"], event["resolvedReason"] = "Resolved", reason.capitalize()
        event["activityLogs"] = json.dumps([{**change, **at}])

    def _budget(self, method: str, customer_id: str, content: Json) -> Answer:
        if method == "PATCH":
            self.budgets[customer_id] = content["Amount"]
        amount = self.budgets.get(customer_id)
        if amount is None:
            return 204, None
        return 200, {"amount": amount, "attributes": {"objectType": "SpendingBudget"}}

    def _entitlements(self, subscription_id: str, rest: list[str]) -> Answer:
        listed = self.entitlements.get(subscription_id, {})
        if len(rest) == 2 and rest[1] == "cancel":
            if rest[0] not in listed:
                return 404, {"code": "800111", "description": "No such entitlement."}
            listed[rest[0]] = "canceled"
            return 202, {"id": rest[0], "status": "canceled"}
        items = [{"id": name, "status": state} for name, state in listed.items()]
        return 200, {"totalCount": len(items), "items": items}


def _as_graph(event: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": event["eventId"],
        "alertType": event["eventType"],
        "customerTenantId": event["customerTenantId"],
        "subscriptionId": event["subscriptionId"],
        "status": event["eventStatus"].lower(),
        "resolvedReason": event["resolvedReason"].lower(),
        "severity": event["severity"].lower(),
        "confidenceLevel": event["confidenceLevel"],
        "isTest": event["IsTest"] == "true",
        "firstObservedDateTime": "2026-06-20T08:00:00Z",
        "resolvedOnDateTime": "2026-06-20T22:00:01Z",
        "activityLogs": json.loads(event["activityLogs"]),
    }
