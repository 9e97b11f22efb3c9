# ruff: noqa: ARG002 - WHMCS takes no id of a request
"""WHMCS as a provider: its API behind the port.

A service is suspended and unsuspended by its module. A service that has the wanted
state already is left alone, for a module would be run again. The API answers what it
refuses with `result: error` and a message, often with status 200; a message may name
anything, so only those known here become a code.

Source: developers.whmcs.com, API reference of ModuleSuspend, ModuleUnsuspend and
GetClientsProducts, and "Authentication" (identifier and secret), as of 2026-11.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from execution.environment import required
from execution.errors import (
    NotOfferedError,
    ProviderAccessError,
    ProviderRefusedError,
    ProviderUnreachableError,
)
from execution.port import (
    OpenedRequest,
    Provider,
    RequestText,
    Subscription,
    SubscriptionState,
)
from execution.providers.prepared_mail import prepare_mail
from execution.providers.provider_http import (
    content_of,
    raise_for_status,
    resource_of,
)

PATH = "/includes/api.php"
STATES: Mapping[str, SubscriptionState] = {
    "active": "active",
    "suspended": "suspended",
    "pending": "pending",
    "terminated": "ended",
    "cancelled": "ended",
    "fraud": "ended",
    "completed": "ended",
}
_PAGE = 250
_MOST_PAGES = 10_000
_PREFIX = "FORBEAR_WHMCS_"
_REFUSALS = {
    "client id not found": "client_not_found",
    "service id not found": "service_not_found",
    "service id required": "service_id_required",
}


@dataclass(frozen=True, slots=True)
class WhmcsCredentials:
    """An API credential of an admin user; never shown."""

    identifier: str
    secret: str = field(repr=False)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "WhmcsCredentials":
        """From FORBEAR_WHMCS_IDENTIFIER and _SECRET.

        Raises:
            MissingSettingError: one of them is not there.
        """
        what = (
            "WHMCS is asked with an API credential (API role: the three actions of"
            " docs/acting.md)"
        )
        names = "IDENTIFIER", "SECRET"
        return cls(*(required(environment, _PREFIX + name, what) for name in names))


class Whmcs(Provider):
    """Asks WHMCS.

    Args:
        client: with the address of WHMCS as its base.
        credentials: of the API.
        clients: WHMCS's client ids by our customer ids; one that is not there is called
            the same.
        drafts: folder for mails that a person sends; None: there are none.
    """

    name = "whmcs"

    def __init__(
        self,
        client: httpx.Client,
        credentials: WhmcsCredentials,
        clients: Mapping[str, str] | None = None,
        drafts: Path | None = None,
    ) -> None:
        self._client, self._credentials = client, credentials
        self._clients, self._drafts = clients or {}, drafts

    def subscriptions(self, customer_id: str) -> list[Subscription]:
        listed: list[dict[str, Any]] = []
        for _ in range(_MOST_PAGES):
            page, n_in_all = self._products(customer_id, {"limitstart": len(listed)})
            listed += page
            if not page or len(listed) >= n_in_all:
                break
        if not listed:  # WHMCS says nothing else of a client it does not know
            raise ProviderRefusedError("client_without_services")
        return [_subscription(one) for one in listed]

    def status(self, customer_id: str, subscription_id: str) -> Subscription:
        page, _ = self._products(customer_id, {"serviceid": subscription_id})
        for one in page:
            if str(one.get("id")) == subscription_id:
                return _subscription(one)
        raise ProviderRefusedError("service_not_found")

    def suspend(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        if self.status(customer_id, subscription_id).state != "suspended":
            about = {"serviceid": subscription_id, "suspendreason": request_id}
            self._ask("ModuleSuspend", about)

    def restore(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        if self.status(customer_id, subscription_id).state != "active":
            self._ask("ModuleUnsuspend", {"serviceid": subscription_id})

    def open_request(
        self, customer_id: str, text: RequestText, request_id: str
    ) -> OpenedRequest:
        if self._drafts is None:
            raise NotOfferedError(self.name, "service requests")
        return prepare_mail(self._drafts, text, self._theirs(customer_id), request_id)

    def _theirs(self, customer_id: str) -> str:
        return self._clients.get(customer_id, customer_id)

    def _products(
        self, customer_id: str, which: Mapping[str, str | int]
    ) -> tuple[list[dict[str, Any]], int]:
        """Services of this client alone, and how many WHMCS knows."""
        theirs = self._theirs(customer_id)
        about = {"clientid": theirs, "limitnum": _PAGE, **which}
        content = self._ask("GetClientsProducts", about)
        products = content.get("products") or {}
        listed = products.get("product") if isinstance(products, dict) else None
        rows = [listed] if isinstance(listed, dict) else list(listed or ())
        mine = [
            row for row in map(resource_of, rows) if str(row.get("clientid")) == theirs
        ]
        return mine, int(content.get("totalresults") or 0)

    def _ask(self, action: str, about: Mapping[str, str | int]) -> dict[str, Any]:
        form = {
            "identifier": self._credentials.identifier,
            "secret": self._credentials.secret,
            "action": action,
            "responsetype": "json",
            **{name: str(value) for name, value in about.items()},
        }
        try:
            answer = self._client.post(PATH, data=form)
        except httpx.HTTPError as error:
            raise ProviderUnreachableError(type(error).__name__) from error
        if answer.status_code == httpx.codes.FORBIDDEN:
            raise ProviderAccessError("status 403")
        raise_for_status(answer, f"status {answer.status_code}")
        content = resource_of(content_of(answer))
        if content.get("result") != "success":
            message = str(content.get("message", "")).strip().lower()
            raise ProviderRefusedError(_REFUSALS.get(message, "module_refused"))
        return content


def _subscription(content: Mapping[str, Any]) -> Subscription:
    stated = str(content.get("status", ""))
    if not content.get("id"):
        raise ProviderUnreachableError("no id in a service")
    return Subscription(
        subscription_id=str(content["id"]),
        state=STATES.get(stated.lower(), "unknown"),
        stated=stated,
        product=content.get("name") or None,
    )
