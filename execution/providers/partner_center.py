"""Microsoft Partner Center as a provider: its REST API behind the port.

A subscription is suspended by sending its whole resource back with another status and
the etag it was read with; no reason can be sent. A request that is sent again bears the
same `MS-RequestId`. Service requests can be read and changed; making one is not in the
documentation, so a person writes it from the drafted text.

Source: Partner Center developer documentation (suspend and reactivate a subscription,
error codes, headers, throttling), as of 2026-11.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from execution.errors import (
    NotOfferedError,
    ProviderAccessError,
    ProviderUnreachableError,
)
from execution.port import OpenedRequest, Provider, RequestText, Subscription
from execution.providers.partner_tokens import Tokens
from execution.providers.partner_words import lower, subscription_of, with_status
from execution.providers.prepared_mail import prepare_mail
from execution.providers.provider_http import (
    code_of,
    content_of,
    path_segment,
    raise_for_status,
    resource_of,
    send,
)

GLOBAL_URL = "https://api.partnercenter.microsoft.com"
CHINA_URL = "https://partner.partnercenterapi.microsoftonline.cn"  # 21Vianet
_STALE_ETAG = "2055"  # its own code for it, with status 400


class PartnerCenter(Provider):
    """Asks Partner Center.

    Args:
        client: with the API's address as its base.
        tokens: of the application.
        customers: Partner Center's customer ids (tenants) by ours; one that is not
            there is called the same.
        drafts: folder for mails that a person sends instead; None: there are none.
    """

    name = "partner-center"

    def __init__(
        self,
        client: httpx.Client,
        tokens: Tokens,
        customers: Mapping[str, str] | None = None,
        drafts: Path | None = None,
    ) -> None:
        self._client, self._tokens = client, tokens
        self._customers, self._drafts = customers or {}, drafts

    def subscriptions(self, customer_id: str) -> list[Subscription]:
        answer = self._ask("GET", self._all(customer_id))
        items = resource_of(lower(content_of(answer))).get("items")
        if not isinstance(items, list):
            raise ProviderUnreachableError("no list of subscriptions")
        return [subscription_of(resource_of(item)) for item in items]

    def status(self, customer_id: str, subscription_id: str) -> Subscription:
        return subscription_of(lower(self._resource(customer_id, subscription_id)))

    def suspend(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        self._set_status(customer_id, subscription_id, "suspended", request_id)

    def restore(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        self._set_status(customer_id, subscription_id, "active", request_id)

    def open_request(
        self, customer_id: str, text: RequestText, request_id: str
    ) -> OpenedRequest:
        if self._drafts is None:
            raise NotOfferedError(self.name, "way to open a service request by program")
        tenant = self._customers.get(customer_id, customer_id)
        return prepare_mail(self._drafts, text, tenant, request_id)

    def _set_status(
        self, customer_id: str, subscription_id: str, status: str, request_id: str
    ) -> None:
        resource = self._resource(customer_id, subscription_id)
        etag = str(resource_of(lower(resource).get("attributes", {})).get("etag", "*"))
        self._ask(
            "PATCH",
            self._one(customer_id, subscription_id),
            # whoever changed it meanwhile makes another request of it
            {"If-Match": etag, "MS-RequestId": _guid(f"{request_id}/{etag}")},
            with_status(resource, status),
        )

    def _resource(self, customer_id: str, subscription_id: str) -> dict[str, Any]:
        answer = self._ask("GET", self._one(customer_id, subscription_id))
        return resource_of(content_of(answer))

    def _all(self, customer_id: str) -> str:
        tenant = self._customers.get(customer_id, customer_id)
        return f"/v1/customers/{path_segment(tenant)}/subscriptions"

    def _one(self, customer_id: str, subscription_id: str) -> str:
        return f"{self._all(customer_id)}/{path_segment(subscription_id)}"

    def _ask(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | None = None,
        content: Mapping[str, Any] | None = None,
    ) -> httpx.Response:
        """One request; a token that is not taken is renewed once."""
        for is_last in (False, True):
            sent = {
                "Authorization": self._tokens.bearer(),
                "Accept": "application/json",
                "MS-Contract-Version": "v1",
                **(headers or {}),
            }
            answer = send(self._client, method, path, sent, content)
            if answer.status_code != httpx.codes.UNAUTHORIZED:
                break
            self._tokens.forget()
            if is_last:
                raise ProviderAccessError("status 401")
        raise_for_status(answer, code_of(answer), stale=_STALE_ETAG)
        return answer


def _guid(name: str) -> str:
    """The same for the same request, in the form that the header asks for."""
    return str(uuid5(NAMESPACE_URL, name))
