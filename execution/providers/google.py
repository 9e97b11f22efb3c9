# ruff: noqa: ARG002 - the Reseller API takes no id of a request
"""Google as a provider: Workspace subscriptions and Cloud Channel entitlements.

Both know why something is suspended, and may have several reasons at once: only what
the reseller suspended can be given back, and access is back when no reason is left.
Cloud Channel does what is asked later (a long-running operation), so reading decides.

Source: Google's discovery documents `reseller:v1` (subscriptions.list, get, suspend,
activate) and `cloudchannel:v1` (accounts.customers.entitlements.list, get, suspend,
activate, with their error codes and `requestId`), as of 2026-11. Quotas are answered
with 429, or with 403 and a reason of its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from execution.environment import required
from execution.errors import (
    NotOfferedError,
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
from execution.providers.oauth import AccessTokens
from execution.providers.prepared_mail import prepare_mail
from execution.providers.provider_http import (
    content_of,
    path_segment,
    resource_of,
    text_of,
)
from execution.providers.token_connection import TokenConnection

RESELLER_URL = "https://reseller.googleapis.com"
CHANNEL_URL = "https://cloudchannel.googleapis.com"
LOGIN_URL = "https://oauth2.googleapis.com"
OURS = "RESELLER_INITIATED"
BUSY = ("rateLimitExceeded", "userRateLimitExceeded", "quotaExceeded")
STATES: Mapping[str, SubscriptionState] = {
    "ACTIVE": "active",
    "SUSPENDED": "suspended",
    "PENDING": "pending",
    "BILLING_ACTIVATION_PENDING": "pending",
    "CANCELLED": "ended",
}
_MOST_PAGES = 10_000
_PREFIX = "FORBEAR_GOOGLE_"


@dataclass(frozen=True, slots=True)
class GoogleCredentials:
    """Of an OAuth client that a reseller's administrator has allowed; never shown.

    Its scope is `https://www.googleapis.com/auth/apps.order`.
    """

    client_id: str
    client_secret: str = field(repr=False)
    refresh_token: str = field(repr=False)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "GoogleCredentials":
        """From FORBEAR_GOOGLE_CLIENT_ID, _CLIENT_SECRET and _REFRESH_TOKEN.

        Raises:
            MissingSettingError: one of them is not there.
        """
        names = "CLIENT_ID", "CLIENT_SECRET", "REFRESH_TOKEN"
        return cls(*(stated(environment, name) for name in names))

    def tokens(self, client: httpx.Client, login_url: str = LOGIN_URL) -> AccessTokens:
        """Access tokens of this client."""
        form = {
            "grant_type": "refresh_token",
            "client_id": self.client_id,
            "client_secret": self.client_secret,
            "refresh_token": self.refresh_token,
        }
        return AccessTokens(client, f"{login_url}/token", form)


def stated(environment: Mapping[str, str], name: str) -> str:
    """A setting of Google's. Raises MissingSettingError."""
    what = "Google is asked with an OAuth client of the reseller"
    return required(environment, _PREFIX + name, what)


class _Google(Provider):
    """What both APIs have in common.

    Args:
        client: with the API's address as its base.
        tokens: for it.
        customers: Google's customer ids by ours; one that is not there is called the
            same.
        drafts: folder for mails that a person sends; None: there are none.
    """

    def __init__(
        self,
        client: httpx.Client,
        tokens: AccessTokens,
        customers: Mapping[str, str] | None = None,
        drafts: Path | None = None,
    ) -> None:
        self._api = TokenConnection(client, tokens, reason=_reason, busy=BUSY)
        self._customers, self._drafts = customers or {}, drafts

    def open_request(
        self, customer_id: str, text: RequestText, request_id: str
    ) -> OpenedRequest:
        if self._drafts is None:
            raise NotOfferedError(self.name, "service requests")
        theirs = self._customers.get(customer_id, customer_id)
        return prepare_mail(self._drafts, text, theirs, request_id)

    def _theirs(self, customer_id: str) -> str:
        return path_segment(self._customers.get(customer_id, customer_id))

    def _listed(self, path: str, name: str) -> Iterator[dict[str, Any]]:
        token = ""
        for _ in range(_MOST_PAGES):
            content = resource_of(self._api.read(f"{path}{token}"))
            listed = content.get(name, [])  # left out where there are none
            if not isinstance(listed, list):
                raise ProviderUnreachableError(f"no list of {name}")
            yield from map(resource_of, listed)
            if not content.get("nextPageToken"):
                return
            token = f"&pageToken={path_segment(str(content['nextPageToken']))}"


class GoogleReseller(_Google):
    """Asks the Workspace Reseller API."""

    name = "google-reseller"

    def subscriptions(self, customer_id: str) -> list[Subscription]:
        theirs = self._theirs(customer_id)
        path = f"/apps/reseller/v1/subscriptions?customerId={theirs}&maxResults=100"
        listed = [_workspace(one) for one in self._listed(path, "subscriptions")]
        if not listed:
            raise ProviderRefusedError("customer_without_subscriptions")
        return listed

    def status(self, customer_id: str, subscription_id: str) -> Subscription:
        return _workspace(self._resource(customer_id, subscription_id))

    def suspend(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        if self.status(customer_id, subscription_id).state != "suspended":
            self._api.ask("POST", f"{self._one(customer_id, subscription_id)}/suspend")

    def restore(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        resource = self._resource(customer_id, subscription_id)
        if _workspace(resource).state == "suspended":
            _require_ours(resource)
            self._api.ask("POST", f"{self._one(customer_id, subscription_id)}/activate")

    def _resource(self, customer_id: str, subscription_id: str) -> dict[str, Any]:
        return resource_of(self._api.read(self._one(customer_id, subscription_id)))

    def _one(self, customer_id: str, subscription_id: str) -> str:
        about = f"{self._theirs(customer_id)}/subscriptions"
        return f"/apps/reseller/v1/customers/{about}/{path_segment(subscription_id)}"


class GoogleChannel(_Google):
    """Asks the Cloud Channel API.

    Args:
        account: of the reseller, `C012abc` for instance.
    """

    name = "google-channel"

    def __init__(
        self,
        client: httpx.Client,
        tokens: AccessTokens,
        account: str,
        customers: Mapping[str, str] | None = None,
        drafts: Path | None = None,
    ) -> None:
        super().__init__(client, tokens, customers, drafts)
        self._account = path_segment(account)

    def subscriptions(self, customer_id: str) -> list[Subscription]:
        path = f"{self._all(customer_id)}?pageSize=100"
        return [_entitlement(one) for one in self._listed(path, "entitlements")]

    def status(self, customer_id: str, subscription_id: str) -> Subscription:
        return _entitlement(self._resource(customer_id, subscription_id))

    def suspend(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        if self.status(customer_id, subscription_id).state != "suspended":
            self._order(customer_id, subscription_id, "suspend", request_id)

    def restore(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        resource = self._resource(customer_id, subscription_id)
        if _entitlement(resource).state == "suspended":
            _require_ours(resource)
            self._order(customer_id, subscription_id, "activate", request_id)

    def _order(
        self, customer_id: str, subscription_id: str, what: str, request_id: str
    ) -> None:
        path = f"{self._one(customer_id, subscription_id)}:{what}"
        sent = {"requestId": str(uuid5(NAMESPACE_URL, request_id))}
        operation = resource_of(content_of(self._api.ask("POST", path, None, sent)))
        if isinstance(operation.get("error"), dict):
            raise ProviderRefusedError(_reason_in(operation["error"]))

    def _resource(self, customer_id: str, subscription_id: str) -> dict[str, Any]:
        return resource_of(self._api.read(self._one(customer_id, subscription_id)))

    def _all(self, customer_id: str) -> str:
        theirs = self._theirs(customer_id)
        return f"/v1/accounts/{self._account}/customers/{theirs}/entitlements"

    def _one(self, customer_id: str, subscription_id: str) -> str:
        return f"{self._all(customer_id)}/{path_segment(subscription_id)}"


def _workspace(content: Mapping[str, Any]) -> Subscription:
    state = str(content.get("status", ""))
    return Subscription(
        subscription_id=text_of(content, "subscriptionId"),
        state=STATES.get(state.upper(), "unknown"),
        stated=_stated(content, state),
        product=content.get("skuName") or content.get("skuId") or None,
    )


def _entitlement(content: Mapping[str, Any]) -> Subscription:
    state = str(content.get("provisioningState", ""))
    base = resource_of(content.get("associationInfo") or {}).get("baseEntitlement")
    return Subscription(
        subscription_id=text_of(content, "name").rpartition("/")[2],
        state=STATES.get(state.upper(), "unknown"),
        stated=_stated(content, state),
        parent_id=str(base).rpartition("/")[2] if base else None,
        product=content.get("offer") or None,
    )


def _stated(content: Mapping[str, Any], state: str) -> str:
    """With the reasons of a suspension."""
    reasons = content.get("suspensionReasons") or []
    return " ".join((state, *sorted(map(str, reasons))))


def _require_ours(content: Mapping[str, Any]) -> None:
    """What Google suspended for reasons of its own is not ours to give back."""
    reasons = content.get("suspensionReasons") or []
    if reasons and OURS not in reasons:
        raise ProviderRefusedError("SUSPENSION_NOT_RESELLER_INITIATED")


def _reason(answer: httpx.Response) -> str:
    try:
        content = content_of(answer)
    except ProviderUnreachableError:
        content = None
    error = content.get("error") if isinstance(content, dict) else None
    if isinstance(error, dict):
        return _reason_in(error)
    return f"status {answer.status_code}"


def _reason_in(error: Mapping[str, Any]) -> str:
    """Google's own code; what else it says may name a customer."""
    for name in ("details", "errors"):
        for one in error.get(name) or ():
            if isinstance(one, dict) and one.get("reason"):
                return str(one["reason"])
    return str(error.get("status") or error.get("code") or "error")
