"""A reseller's own system as a provider, by signed messages to one address.

Every question and every order is a POST of JSON, signed after Standard Webhooks
(`webhook-id`, `webhook-timestamp`, `webhook-signature`). What is ordered bears the
act's id as `webhook-id` however often it is sent, so a receiver does it once; answers
are JSON. The messages are in `docs/acting.md`.

Source: Standard Webhooks, specification 1.0.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from secrets import token_hex
from typing import Any, ClassVar

import httpx
from standardwebhooks import Webhook

from execution.errors import NotOfferedError, ProviderUnreachableError
from execution.port import (
    MeterState,
    Offer,
    OpenedRequest,
    PlainMeasure,
    Provider,
    RequestText,
    SpendingLimit,
    Subscription,
    SubscriptionState,
)
from execution.providers.partner_words import moment_of
from execution.providers.provider_http import (
    code_of,
    content_of,
    raise_for_status,
    resource_of,
    text_of,
)
from execution.webhook_secret import webhook_secret
from store.requests import RequestState

SECRET = "FORBEAR_ACT_WEBHOOK_SECRET"  # noqa: S105 - the name of a setting
_STATES: Mapping[str, SubscriptionState] = {
    "active": "active",
    "suspended": "suspended",
    "pending": "pending",
    "ended": "ended",
}
_METER_STATES: Mapping[str, MeterState] = {
    "running": "running",
    "stopped": "stopped",
    "none": "none",
}
_REQUEST_STATES: Mapping[str, RequestState] = {
    "sent": "sent",
    "answered": "answered",
    "closed": "closed",
}


def signer_of(environment: Mapping[str, str]) -> Webhook:
    """Signs with the secret of the environment.

    Raises:
        MissingSettingError: there is none, or it is none of Standard Webhooks.
    """
    return Webhook(webhook_secret(environment, SECRET))


class WebhookProvider(Provider):
    """Sends messages to a reseller's own system.

    Args:
        client: sends them.
        url: the receiver's address.
        signer: of every message.
        customers: the receiver's customer ids by ours, where they differ.
    """

    name = "webhook"
    offers: ClassVar[frozenset[Offer]] = frozenset(
        {
            "request_state",
            "limit_spending",
            "stop_meter",
            "restrict",
            "stop_charging",
            "prepayment",
        }
    )

    def __init__(
        self,
        client: httpx.Client,
        url: str,
        signer: Webhook,
        customers: Mapping[str, str] | None = None,
    ) -> None:
        self._client, self._url, self._signer = client, url, signer
        self._customers = customers or {}

    def subscriptions(self, customer_id: str) -> list[Subscription]:
        about = {"customer_id": self._theirs(customer_id)}
        listed = self._send("subscription.list", about).get("subscriptions")
        if not isinstance(listed, list):
            raise ProviderUnreachableError("no list of subscriptions")
        return [_subscription(resource_of(one)) for one in listed]

    def status(self, customer_id: str, subscription_id: str) -> Subscription:
        about = self._about(customer_id, subscription_id)
        return _subscription(self._send("subscription.read", about))

    def suspend(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        about = self._about(customer_id, subscription_id)
        self._send("subscription.suspend", about, request_id)

    def restore(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        about = self._about(customer_id, subscription_id)
        self._send("subscription.restore", about, request_id)

    def open_request(
        self, customer_id: str, text: RequestText, request_id: str
    ) -> OpenedRequest:
        about = {
            "customer_id": self._theirs(customer_id),
            "title": text.title,
            "description": text.description,
        }
        if text.evidence_of:
            about["evidence_of"] = text.evidence_of
        opened = self._send("request.open", about, request_id)
        return OpenedRequest(text_of(opened, "number"), is_draft=False)

    def request_state(self, number: str) -> RequestState:
        stated = text_of(self._send("request.read", {"number": number}), "state")
        return _REQUEST_STATES.get(stated.lower(), "sent")

    def stop_meter(
        self, customer_id: str, subscription_id: str, request_id: str
    ) -> None:
        about = self._about(customer_id, subscription_id)
        self._send("meter.stop", about, request_id)

    def meter(self, customer_id: str, subscription_id: str) -> MeterState:
        answer = self._send("meter.read", self._about(customer_id, subscription_id))
        stated = text_of(answer, "state").lower()
        if stated not in _METER_STATES:
            raise ProviderUnreachableError("no state of a meter")
        return _METER_STATES[stated]

    def limit_spending(
        self, customer_id: str, amount: Decimal | None, request_id: str
    ) -> None:
        to = None if amount is None else str(amount)
        about = {"customer_id": self._theirs(customer_id), "amount": to}
        self._send("limit.set", about, request_id)

    def spending_limit(self, customer_id: str) -> SpendingLimit | None:
        answer = self._send("limit.read", {"customer_id": self._theirs(customer_id)})
        stated = answer.get("amount")
        if stated is None:
            return None
        try:
            amount = Decimal(str(stated))
        except InvalidOperation as error:
            raise ProviderUnreachableError("no amount of a limit") from error
        return SpendingLimit(amount, is_enforced=answer.get("is_enforced") is True)

    def set_measure(
        self, customer_id: str, measure: PlainMeasure, request_id: str, *, is_on: bool
    ) -> None:
        about = {"customer_id": self._theirs(customer_id), "measure": measure}
        kind = "measure.begin" if is_on else "measure.end"
        self._send(kind, about, request_id)

    def measure_is_on(self, customer_id: str, measure: PlainMeasure) -> bool:
        about = {"customer_id": self._theirs(customer_id), "measure": measure}
        is_on = self._send("measure.read", about).get("is_on")
        if not isinstance(is_on, bool):
            raise ProviderUnreachableError("no state of a measure")
        return is_on

    def _theirs(self, customer_id: str) -> str:
        return self._customers.get(customer_id, customer_id)

    def _about(self, customer_id: str, subscription_id: str) -> dict[str, str]:
        theirs = self._theirs(customer_id)
        return {"customer_id": theirs, "subscription_id": subscription_id}

    def _send(
        self, kind: str, data: Mapping[str, str | None], request_id: str | None = None
    ) -> dict[str, Any]:
        """Sign and post a message; what is asked again keeps its `request_id`."""
        now = datetime.now(UTC)
        message = {"type": kind, "timestamp": now.isoformat(), "data": dict(data)}
        body = json.dumps(message, ensure_ascii=False)
        name = request_id or f"read_{token_hex(12)}"
        headers = {
            "Content-Type": "application/json",
            "webhook-id": name,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._signer.sign(name, now, body),
        }
        try:
            answer = self._client.post(
                self._url, content=body.encode(), headers=headers
            )
        except httpx.HTTPError as error:
            raise ProviderUnreachableError(type(error).__name__) from error
        if answer.status_code == httpx.codes.NOT_IMPLEMENTED:
            raise NotOfferedError(self.name, kind)
        raise_for_status(answer, code_of(answer))
        if not answer.content:
            return {}
        return resource_of(content_of(answer))


def _subscription(content: Mapping[str, Any]) -> Subscription:
    stated = text_of(content, "state")
    billed = content.get("is_billed_while_suspended")
    return Subscription(
        subscription_id=text_of(content, "subscription_id"),
        state=_STATES.get(stated.lower(), "unknown"),
        stated=stated,
        parent_id=content.get("parent_id") or None,
        product=content.get("product") or None,
        is_billed_while_suspended=billed if isinstance(billed, bool) else None,
        cancel_until=moment_of(content.get("cancel_until")),
    )
