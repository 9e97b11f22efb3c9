"""What a customer of Partner Center may spend, and the end of what is billed by use.

A budget is an alert: Microsoft warns when it is exceeded and goes on billing. What is
billed by use ends when the Azure entitlements of a plan are cancelled, which also turns
their resources off.

Source: Partner Center developer documentation ("Update a customer's usage spending
budget", "Get a list of Azure entitlements", "Cancel an Azure subscription"); REST
reference "Cancel an Azure Entitlement" (answers 202).
"""

from collections.abc import Mapping
from decimal import Decimal, InvalidOperation
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import httpx

from execution.errors import ProviderUnreachableError
from execution.port import MeterState, SpendingLimit
from execution.providers.partner_words import lower
from execution.providers.provider_http import (
    content_of,
    path_segment,
    resource_of,
    text_of,
)
from execution.providers.token_connection import TokenConnection

# an entitlement of another state is cancelled: it may still be billed
_OVER = ("canceled", "cancelled", "deleted", "disabled", "suspended", "expired")


def limit_spending(
    api: TokenConnection, customer: str, amount: Decimal | None, request_id: str
) -> None:
    """Set the budget of `customer`, a path of the API; None: there is to be none."""
    to = None if amount is None else float(amount)
    sent = {"Amount": to, "Attributes": {"ObjectType": "SpendingBudget"}}
    api.ask("PATCH", f"{customer}/usagebudget", _again(request_id), sent)


def spending_limit(api: TokenConnection, customer: str) -> SpendingLimit | None:
    """The budget of `customer`; None: there is none."""
    answer = api.ask("GET", f"{customer}/usagebudget")
    if answer.status_code == httpx.codes.NO_CONTENT or not answer.content:
        return None
    amount = resource_of(lower(content_of(answer))).get("amount")
    if amount is None:
        return None
    try:
        return SpendingLimit(Decimal(str(amount)), is_enforced=False)
    except InvalidOperation as error:
        raise ProviderUnreachableError("no amount in a budget") from error


def stop_meter(api: TokenConnection, subscription: str, request_id: str) -> None:
    """Cancel every Azure entitlement of `subscription`, a path of the API."""
    for one in _entitlements(api, subscription):
        if _is_over(one):
            continue
        name = text_of(one, "id")
        path = f"{subscription}/azureEntitlements/{path_segment(name)}/cancel"
        headers = _again(f"{request_id}/{name}")
        api.ask("POST", path, headers, {"cancellationReason": "compromise"})


def meter(api: TokenConnection, subscription: str) -> MeterState:
    """Whether an entitlement of `subscription` may be billed."""
    listed = _entitlements(api, subscription)
    if not listed:
        return "none"
    return "stopped" if all(map(_is_over, listed)) else "running"


def _entitlements(api: TokenConnection, subscription: str) -> list[dict[str, Any]]:
    content = lower(api.read(f"{subscription}/azureEntitlements"))
    listed = content.get("items") if isinstance(content, dict) else content
    if not isinstance(listed, list):
        raise ProviderUnreachableError("no list of entitlements")
    return [resource_of(one) for one in listed]


def _is_over(entitlement: Mapping[str, Any]) -> bool:
    return str(entitlement.get("status", "")).lower() in _OVER


def _again(name: str) -> dict[str, str]:
    """Headers by which a request counts once, however often it is sent."""
    return {"MS-RequestId": str(uuid5(NAMESPACE_URL, name))}
