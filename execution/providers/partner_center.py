"""Microsoft Partner Center as a provider: its REST API behind the port.

A subscription is suspended by sending its whole resource back with another status and
the etag it was read with; no reason can be sent. A request that is sent again bears the
same `MS-RequestId`. Service requests can be read and changed; making one is not in the
documentation, so a person writes it from the drafted text.

Source: Partner Center developer documentation (suspend and reactivate a subscription,
error codes, headers, throttling), as of 2026-11.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import ClassVar
from uuid import NAMESPACE_URL, uuid5

import httpx

from execution.errors import NotOfferedError, ProviderUnreachableError
from execution.port import (
    AuditRecord,
    MeterState,
    Offer,
    OpenedRequest,
    Provider,
    ProviderAlert,
    RequestText,
    Resolution,
    SpendingLimit,
    Subscription,
)
from execution.providers import partner_spending as spending
from execution.providers.oauth import AccessTokens
from execution.providers.partner_alerts import AlertSource, FraudEvents
from execution.providers.partner_audit import audit_records
from execution.providers.partner_words import (
    REQUEST_STATES,
    lower,
    subscription_of,
    with_status,
)
from execution.providers.prepared_mail import prepare_mail
from execution.providers.provider_http import path_segment, resource_of
from execution.providers.token_connection import TokenConnection
from store.requests import RequestState

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
        alert_source: where alerts come from; None: Partner Center's fraud events.
    """

    name = "partner-center"
    offers: ClassVar[frozenset[Offer]] = frozenset(
        {"limit_spending", "stop_meter", "alerts", "request_state", "audit_records"}
    )

    def __init__(
        self,
        client: httpx.Client,
        tokens: AccessTokens,
        customers: Mapping[str, str] | None = None,
        drafts: Path | None = None,
        alert_source: AlertSource | None = None,
    ) -> None:
        headers = {"MS-Contract-Version": "v1"}
        self._api = TokenConnection(client, tokens, headers, stale=_STALE_ETAG)
        self._alert_source = alert_source or FraudEvents(self._api)
        self._customers, self._drafts = customers or {}, drafts

    def subscriptions(self, customer_id: str) -> list[Subscription]:
        content = lower(self._api.read(self._all(customer_id)))
        items = resource_of(content).get("items")
        if not isinstance(items, list):
            raise ProviderUnreachableError("no list of subscriptions")
        return [subscription_of(resource_of(item)) for item in items]

    def status(self, customer_id: str, subscription_id: str) -> Subscription:
        content = lower(self._api.read(self._one(customer_id, subscription_id)))
        return subscription_of(resource_of(content))

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

    def request_state(self, number: str) -> RequestState:
        content = lower(self._api.read(f"/v1/servicerequests/{path_segment(number)}"))
        stated = str(resource_of(content).get("status", "")).lower()
        return REQUEST_STATES.get(stated, "sent")

    def stop_meter(
        self, customer_id: str, subscription_id: str, request_id: str
    ) -> None:
        spending.stop_meter(
            self._api, self._one(customer_id, subscription_id), request_id
        )

    def meter(self, customer_id: str, subscription_id: str) -> MeterState:
        return spending.meter(self._api, self._one(customer_id, subscription_id))

    def limit_spending(
        self, customer_id: str, amount: Decimal | None, request_id: str
    ) -> None:
        customer = self._customer(customer_id)
        spending.limit_spending(self._api, customer, amount, request_id)

    def spending_limit(self, customer_id: str) -> SpendingLimit | None:
        return spending.spending_limit(self._api, self._customer(customer_id))

    def alerts(self) -> Iterator[ProviderAlert]:
        ours = {theirs: name for name, theirs in self._customers.items()}
        for alert in self._alert_source.alerts():
            name = ours.get(alert.customer_id, alert.customer_id)
            yield replace(alert, customer_id=name)

    def acknowledge(self, alert: ProviderAlert, resolution: Resolution) -> None:
        self._alert_source.acknowledge(alert, resolution)

    def audit_records(
        self, customer_id: str, begin: datetime, end: datetime
    ) -> Iterator[AuditRecord]:
        tenant = self._customers.get(customer_id, customer_id)
        return audit_records(self._api, tenant, begin, end)

    def _set_status(
        self, customer_id: str, subscription_id: str, status: str, request_id: str
    ) -> None:
        path = self._one(customer_id, subscription_id)
        resource = resource_of(self._api.read(path))
        if str(lower(resource).get("status", "")).lower() == status:
            return
        etag = str(resource_of(lower(resource).get("attributes", {})).get("etag", "*"))
        # whoever changed it meanwhile makes another request of it
        request = str(uuid5(NAMESPACE_URL, f"{request_id}/{etag}"))
        headers = {"If-Match": etag, "MS-RequestId": request}
        self._api.ask("PATCH", path, headers, with_status(resource, status))

    def _customer(self, customer_id: str) -> str:
        tenant = self._customers.get(customer_id, customer_id)
        return f"/v1/customers/{path_segment(tenant)}"

    def _all(self, customer_id: str) -> str:
        return f"{self._customer(customer_id)}/subscriptions"

    def _one(self, customer_id: str, subscription_id: str) -> str:
        return f"{self._all(customer_id)}/{path_segment(subscription_id)}"
