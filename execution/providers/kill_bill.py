"""Kill Bill as a provider: blocking states of a service of our own behind the port.

A subscription is blocked by a state of the service `forbear` that blocks entitlement
and leaves billing alone; the opposite state of the same service takes it back. What
another service blocks stays blocked, and is then not ours to restore. Whether Kill Bill
goes on billing is read from these states: its own overdue service may block billing.

An account with the tag OVERDUE_ENFORCEMENT_OFF is spared: Kill Bill does not pursue it,
and neither do we for non-payment. Who blocks is read from the account's blocking
states, and kept as proof.

Our own charging stops by the account's tag AUTO_PAY_OFF.

Source: Kill Bill's JAX-RS resources (`SubscriptionResource`, `AccountResource`,
`BlockingStateJson`, `SubscriptionJson`) and its API reference (tags), as of 0.24.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import httpx

from execution.environment import required
from execution.errors import (
    NotOfferedError,
    ProviderRefusedError,
    ProviderUnreachableError,
)
from execution.port import (
    Offer,
    OpenedRequest,
    PlainMeasure,
    Provider,
    RequestText,
    Subscription,
    SubscriptionState,
)
from execution.providers.partner_words import moment_of
from execution.providers.prepared_mail import prepare_mail
from execution.providers.provider_http import (
    code_of,
    content_of,
    path_segment,
    raise_for_status,
    resource_of,
    send,
    text_of,
)

SERVICE = "forbear"
COMMENT = "X-Killbill-Comment"
AUTO_PAY_OFF = "00000000-0000-0000-0000-000000000001"  # no automatic payments
OVERDUE_ENFORCEMENT_OFF = "00000000-0000-0000-0000-000000000003"
BLOCKED, CLEAR = "FORBEAR_SUSPENDED", "FORBEAR_CLEAR"
STATES: Mapping[str, SubscriptionState] = {
    "ACTIVE": "active",
    "BLOCKED": "suspended",
    "PENDING": "pending",
    "CANCELLED": "ended",
    "EXPIRED": "ended",
}
_PREFIX = "FORBEAR_KILL_BILL_"


@dataclass(frozen=True, slots=True)
class KillBillCredentials:
    """Of a user, and of the tenant; never shown."""

    user: str
    password: str = field(repr=False)
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)

    @classmethod
    def of_environment(cls, environment: Mapping[str, str]) -> "KillBillCredentials":
        """From FORBEAR_KILL_BILL_USER, _PASSWORD, _API_KEY and _API_SECRET.

        Raises:
            MissingSettingError: one of them is not there.
        """
        what = "Kill Bill is asked as a user, for a tenant"
        names = "USER", "PASSWORD", "API_KEY", "API_SECRET"
        return cls(*(required(environment, _PREFIX + name, what) for name in names))


class KillBill(Provider):
    """Asks Kill Bill.

    Args:
        client: with the address of Kill Bill as its base.
        credentials: of the user and the tenant.
        accounts: Kill Bill's account ids by our customer ids; one that is not there is
            called the same.
        drafts: folder for mails that a person sends; None: there are none.
    """

    name = "kill-bill"
    offers: ClassVar[frozenset[Offer]] = frozenset({"stop_charging"})

    def __init__(
        self,
        client: httpx.Client,
        credentials: KillBillCredentials,
        accounts: Mapping[str, str] | None = None,
        drafts: Path | None = None,
    ) -> None:
        client.auth = (credentials.user, credentials.password)
        client.headers["X-Killbill-ApiKey"] = credentials.api_key
        client.headers["X-Killbill-ApiSecret"] = credentials.api_secret
        client.headers["X-Killbill-CreatedBy"] = SERVICE
        self._client = client
        self._accounts, self._drafts = accounts or {}, drafts

    def subscriptions(self, customer_id: str) -> list[Subscription]:
        account = path_segment(self._accounts.get(customer_id, customer_id))
        bundles = self._read(f"/1.0/kb/accounts/{account}/bundles")
        if not isinstance(bundles, list):
            raise ProviderUnreachableError("no list of bundles")
        listed = [one for bundle in bundles for one in _of_bundle(resource_of(bundle))]
        spared_by = self._spared_by(customer_id) if listed else None
        return [replace(one, spared_by=spared_by) for one in listed]

    def status(self, customer_id: str, subscription_id: str) -> Subscription:
        account = self._accounts.get(customer_id, customer_id)
        content = resource_of(self._read(_path(subscription_id)))
        if text_of(content, "accountId") != account:
            raise ProviderRefusedError("subscription_of_another_account")
        states = self._states_of(account, content)
        return replace(
            _subscription(content),
            spared_by=self._spared_by(customer_id),
            blocked_by=_services(states, "isBlockEntitlement"),
            is_billed_while_suspended=not _services(states, "isBlockBilling"),
        )

    def suspend(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        self.status(customer_id, subscription_id)  # is this customer's
        self._block(subscription_id, BLOCKED, request_id, is_on=True)

    def restore(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        self.status(customer_id, subscription_id)
        self._block(subscription_id, CLEAR, request_id, is_on=False)

    def open_request(
        self, customer_id: str, text: RequestText, request_id: str
    ) -> OpenedRequest:
        if self._drafts is None:
            raise NotOfferedError(self.name, "service requests")
        account = self._accounts.get(customer_id, customer_id)
        return prepare_mail(self._drafts, text, account, request_id)

    def set_measure(
        self, customer_id: str, measure: PlainMeasure, request_id: str, *, is_on: bool
    ) -> None:
        path, comment = self._tags(customer_id, measure), {COMMENT: request_id}
        if is_on:
            answer = send(self._client, "POST", path, comment, [AUTO_PAY_OFF])
        else:
            away = f"{path}?tagDef={AUTO_PAY_OFF}"
            answer = send(self._client, "DELETE", away, comment)
        raise_for_status(answer, code_of(answer))

    def measure_is_on(self, customer_id: str, measure: PlainMeasure) -> bool:
        return AUTO_PAY_OFF in self._tagged(self._tags(customer_id, measure))

    def _spared_by(self, customer_id: str) -> str | None:
        tags = self._tagged(self._account(customer_id, "tags"))
        return "OVERDUE_ENFORCEMENT_OFF" if OVERDUE_ENFORCEMENT_OFF in tags else None

    def _tagged(self, path: str) -> set[object]:
        """Definitions of an account's tags."""
        return {tag.get("tagDefinitionId") for tag in self._listed(path, "tags")}

    def _states_of(
        self, account: str, subscription: Mapping[str, Any]
    ) -> list[Mapping[str, Any]]:
        """The state of each service about it, its bundle or the account, now."""
        path = f"/1.0/kb/accounts/{path_segment(account)}/block"
        about = {
            account,
            *(subscription.get(n) for n in ("subscriptionId", "bundleId")),
        }
        now = datetime.now(UTC)
        listed = [(_begins(s), s) for s in self._listed(path, "blocking states")]
        begun = [(at, state) for at, state in listed if at <= now]  # some are to come
        latest = {
            (one.get("blockedId"), one.get("service")): one
            for _, one in sorted(begun, key=lambda pair: pair[0])
        }
        return [one for (what, _), one in latest.items() if what in about]

    def _listed(self, path: str, what: str) -> list[Mapping[str, Any]]:
        listed = self._read(path)
        if not isinstance(listed, list):
            raise ProviderUnreachableError(f"no list of {what}")
        return [resource_of(one) for one in listed]

    def _tags(self, customer_id: str, measure: PlainMeasure) -> str:
        if measure not in self.offers:
            raise NotOfferedError(self.name, measure.replace("_", " "))
        return self._account(customer_id, "tags")

    def _account(self, customer_id: str, what: str) -> str:
        account = path_segment(self._accounts.get(customer_id, customer_id))
        return f"/1.0/kb/accounts/{account}/{what}"

    def _block(
        self, subscription_id: str, state: str, request_id: str, *, is_on: bool
    ) -> None:
        sent = {
            "stateName": state,
            "service": SERVICE,
            "isBlockChange": is_on,
            "isBlockEntitlement": is_on,
            "isBlockBilling": False,
        }
        comment = {COMMENT: request_id}
        path = f"{_path(subscription_id)}/block"
        answer = send(self._client, "POST", path, comment, sent)
        raise_for_status(answer, code_of(answer))

    def _read(self, path: str) -> Any:  # noqa: ANN401 - JSON is any value
        answer = send(self._client, "GET", path, {"Accept": "application/json"})
        raise_for_status(answer, code_of(answer))
        return content_of(answer)


def _of_bundle(bundle: Mapping[str, Any]) -> list[Subscription]:
    """Add-ons depend on the base subscription of their bundle."""
    listed = [resource_of(one) for one in bundle.get("subscriptions") or []]
    base = next((s for s in listed if s.get("productCategory") == "BASE"), None)
    parent = None if base is None else text_of(base, "subscriptionId")
    return [
        _subscription(one, parent if one.get("productCategory") == "ADD_ON" else None)
        for one in listed
    ]


def _subscription(
    content: Mapping[str, Any], parent: str | None = None
) -> Subscription:
    stated = str(content.get("state", ""))
    return Subscription(
        subscription_id=text_of(content, "subscriptionId"),
        state=STATES.get(stated.upper(), "unknown"),
        stated=stated,
        parent_id=parent,
        product=content.get("productName"),
        is_billed_while_suspended=True,  # we block no billing
    )


def _services(states: Iterable[Mapping[str, Any]], what: str) -> tuple[str, ...]:
    """Services whose state blocks this, such as `isBlockBilling`."""
    blocking = {str(one.get("service", "")) for one in states if one.get(what)}
    return tuple(sorted(blocking))


def _begins(state: Mapping[str, Any]) -> datetime:
    """When a blocking state begins to hold; one that does not say is the oldest."""
    stated = state.get("effectiveDate")
    if stated is None:
        return datetime.min.replace(tzinfo=UTC)
    at = moment_of(stated)
    if at is None:
        raise ProviderUnreachableError("no moment of a blocking state")
    return at


def _path(subscription_id: str) -> str:
    return f"/1.0/kb/subscriptions/{path_segment(subscription_id)}"
