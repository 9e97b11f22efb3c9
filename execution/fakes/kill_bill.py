"""Kill Bill as far as blocking goes, on this machine, with its faults.

Blocking states are kept by service, and a subscription is blocked while one of them
blocks, as in Kill Bill. Faults are put in a queue; the next change has one.
"""

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from execution.fakes.server import Fault, Headers, Json, slow_down

USER_KEY = "X-Killbill-CreatedBy"  # Kill Bill refuses changes without it
_ERRORS: dict[Fault, tuple[int, Json]] = {
    "busy": (429, None),
    "failed": (500, {"className": "java.lang.RuntimeException", "code": None}),
    "changed": (412, None),
    "conflict": (400, {"className": "EntitlementApiException", "code": 10_001}),
}


@dataclass
class FakeKillBill:
    """What the server knows, and what it was asked.

    Args:
        accounts: subscriptions by id of each account, as resources.
        blocked: by subscription or account, and service, whether that service blocks
            it.
        begins: of a blocking state that begins at another moment than the others:
            when, as Kill Bill writes it.
        unbilled: blocking states that block billing, too, as those of Kill Bill's own
            overdue do.
        faults: of the next changes, in order.
        with_mark: bodies begin with a byte order mark.
        tags: definitions of the tags of each account.
        changes: of blocking, by subscription, in the order they were made.
    """

    accounts: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)
    blocked: dict[tuple[str, str], bool] = field(default_factory=dict)
    begins: dict[tuple[str, str], str] = field(default_factory=dict)
    unbilled: set[tuple[str, str]] = field(default_factory=set)
    faults: deque[Fault] = field(default_factory=deque)
    tags: dict[str, set[str]] = field(default_factory=dict)
    with_mark: bool = False
    changes: list[tuple[str, str]] = field(default_factory=list)

    def add(self, customer_id: str, subscription_id: str, **changes: object) -> None:
        """A subscription, active unless `changes` say otherwise."""
        resource = {
            "accountId": customer_id,
            "bundleId": f"bundle-{customer_id}",
            "subscriptionId": subscription_id,
            "productName": "Standard",
            "productCategory": "BASE",
            "billingPeriod": "MONTHLY",
            "priceList": "DEFAULT",
            "planName": "standard-monthly",
            "state": "ACTIVE",
            **changes,
        }
        self.accounts.setdefault(customer_id, {})[subscription_id] = resource

    def state(self, customer_id: str, subscription_id: str) -> str:
        """Whether a subscription is blocked, in Kill Bill's words."""
        return str(self._shown(self.accounts[customer_id][subscription_id])["state"])

    def answer(
        self, method: str, path: str, headers: Headers, content: Json
    ) -> tuple[int, Json]:
        if headers.get("Authorization") is None:
            return 401, None
        parts = path.strip("/").split("/")[2:]
        if parts[0] == "accounts" and parts[2].startswith("tags"):
            return self._tags(method, parts[1], parts[2], content)
        if parts[0] == "accounts" and parts[2] == "block":
            return self._blocking_states(parts[1])
        if parts[0] == "accounts":
            return self._bundles(parts[1])
        resource = self._resource(parts[1])
        if resource is None:
            return 404, {"className": "SubscriptionApiException", "code": 1_012}
        if method == "GET":
            return 200, self._shown(resource)
        if headers.get(USER_KEY) is None:
            return 400, {"code": None, "message": "CreatedBy is missing"}
        fault = self.faults.popleft() if self.faults else None
        if fault == "slow":
            slow_down()
        elif fault is not None and fault != "failed_after_acting":
            return _ERRORS[fault]
        self._block(parts[1], content)
        return _ERRORS["failed"] if fault == "failed_after_acting" else (201, None)

    def _bundles(self, account_id: str) -> tuple[int, Json]:
        if account_id not in self.accounts:
            return 404, {"className": "AccountApiException", "code": 3_002}
        listed = [self._shown(one) for one in self.accounts[account_id].values()]
        return 200, [{"accountId": account_id, "subscriptions": listed}]

    def _blocking_states(self, account_id: str) -> tuple[int, Json]:
        """All of an account, of its subscriptions, and of its own."""
        if account_id not in self.accounts:
            return 404, {"className": "AccountApiException", "code": 3_002}
        names = {account_id, *self.accounts[account_id]}
        return 200, [
            {
                "blockedId": name,
                "stateName": "BLOCKED" if is_on else "CLEAR",
                "service": service,
                "isBlockChange": is_on,
                "isBlockEntitlement": is_on,
                "isBlockBilling": is_on and (name, service) in self.unbilled,
                "effectiveDate": self.begins.get(
                    (name, service), f"2026-06-01T00:00:{n:02}.000Z"
                ),
                "type": "ACCOUNT" if name == account_id else "SUBSCRIPTION",
            }
            for n, ((name, service), is_on) in enumerate(self.blocked.items())
            if name in names
        ]

    def _tags(
        self, method: str, account_id: str, path: str, content: Json
    ) -> tuple[int, Json]:
        tags = self.tags.setdefault(account_id, set())
        if account_id not in self.accounts:
            return 404, {"className": "AccountApiException", "code": 3_002}
        if method == "POST":
            tags.update(content)
            return 201, None
        if method == "DELETE":
            tags.discard(path.partition("tagDef=")[2])
            return 204, None
        return 200, [{"objectType": "ACCOUNT", "tagDefinitionId": tag} for tag in tags]

    def _resource(self, subscription_id: str) -> dict[str, Any] | None:
        of_all = (account.get(subscription_id) for account in self.accounts.values())
        return next((one for one in of_all if one is not None), None)

    def _shown(self, resource: dict[str, Any]) -> dict[str, Any]:
        names = resource["subscriptionId"], resource["accountId"]
        is_blocked = any(on for (one, _), on in self.blocked.items() if one in names)
        is_active = resource["state"] == "ACTIVE"
        state = "BLOCKED" if is_blocked and is_active else resource["state"]
        return {**resource, "state": state}

    def _block(self, subscription_id: str, content: Json) -> None:
        """The same state again changes nothing."""
        key = subscription_id, str(content["service"])
        is_on = bool(content["isBlockEntitlement"])
        if self.blocked.get(key, False) != is_on:
            self.blocked[key] = is_on
            self.changes.append((subscription_id, str(content["stateName"])))
