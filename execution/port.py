# ruff: noqa: ARG002 - what a provider does not offer takes arguments, too
"""What Forbear asks of a provider, whoever it is.

Every call may be repeated: `request_id` is the same for the same act, and what has the
wanted state already is left alone. Every method raises

* ProviderBusyError: it asks for a pause;
* ProviderUnreachableError: it may have acted or not, so it is read before it is asked
  again;
* ProviderChangedError: somebody else changed the subscription; read and ask again;
* ProviderRefusedError: it understood and will not do it;
* ProviderAccessError: our credentials are not good;
* NotOfferedError: it has no such thing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import ClassVar, Literal, Protocol

from execution.errors import NotOfferedError
from store.requests import RequestState

SubscriptionState = Literal["active", "suspended", "pending", "ended", "unknown"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """A subscription as the provider has it now.

    Args:
        state: `unknown` where the provider's word has no meaning to us: nothing is done
            about such a subscription.
        stated: the provider's own word.
        parent_id: of the subscription it depends on; None: of none.
        is_billed_while_suspended: whether the provider goes on billing us; None: the
            provider does not say.
        cancel_until: until when it could be cancelled instead, without cost.
        spared_by: what at the provider keeps a stop for non-payment away, in its own
            words; None: nothing that it tells of.
        blocked_by: who blocks it there, ourselves or others, as far as it tells.
    """

    subscription_id: str
    state: SubscriptionState
    stated: str
    parent_id: str | None = None
    product: str | None = None
    is_billed_while_suspended: bool | None = None
    cancel_until: datetime | None = None
    spared_by: str | None = None
    blocked_by: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestText:
    """A service request in words: what was seen, when, and what is asked.

    Args:
        evidence_of: the decision whose evidence pack goes with it (`forbear evidence`);
            empty: none does.
        attachments: names and contents of the files of that pack that go with it, where
            they were at hand.
    """

    title: str
    description: str
    evidence_of: str = ""
    attachments: tuple[tuple[str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """A service request.

    Args:
        number: the provider's own, or the name of a draft.
        is_draft: a person must send it still.
    """

    number: str
    is_draft: bool


MeterState = Literal["running", "stopped", "none"]
Resolution = Literal["fraud", "legitimate", "ignore"]
# what not every provider can do
Offer = Literal[
    "limit_spending",
    "stop_meter",
    "restrict",
    "stop_charging",
    "prepayment",
    "alerts",
    "request_state",
    "audit_records",
]
# measures that are on or off, of a customer as a whole: nothing new is sold; we do not
# charge automatically; what is new is paid in advance
PlainMeasure = Literal["restrict", "stop_charging", "prepayment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderAlert:
    """What a provider warns of, in the words of the table `alerts`.

    Args:
        customer_id: ours.
        event_at: when it came into this status; None: the provider does not say.
        is_test: made to try the connection; nothing happened.
    """

    alert_id: str
    customer_id: str
    kind: str
    status: str
    event_at: datetime | None = None
    severity: str | None = None
    confidence: str | None = None
    resolved_reason: str | None = None
    subscription_id: str | None = None
    is_test: bool = False


@dataclass(frozen=True, slots=True)
class SpendingLimit:
    """What a customer may spend in a month, in the currency the provider bills in.

    Args:
        is_enforced: the provider refuses what goes beyond; False: it only warns.
    """

    amount: Decimal
    is_enforced: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditRecord:
    """What the provider has on record of a change: who did what, and when.

    Args:
        operation: in the provider's words.
        by: the user, or the application, that did it; empty: not told.
        became: the subscription's state afterwards; `unknown`: not told.
        status: of the change, in the provider's words, such as `succeeded`; `failed`:
            nothing was changed.
    """

    subscription_id: str
    operation: str
    at: datetime
    by: str
    became: SubscriptionState
    status: str
    request_id: str


class Provider(Protocol):
    """One provider.

    Args:
        name: acts are kept under it.
        offers: what it can do beside access and requests; the methods of the rest
            raise NotOfferedError.
    """

    name: str
    offers: ClassVar[frozenset[Offer]] = frozenset()

    def subscriptions(self, customer_id: str) -> list[Subscription]:
        """All of a customer's subscriptions."""
        ...

    def status(self, customer_id: str, subscription_id: str) -> Subscription:
        """One of them, as it is now."""
        ...

    def suspend(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        """Take access away; `status` says whether it was done."""
        ...

    def restore(self, customer_id: str, subscription_id: str, request_id: str) -> None:
        """Give access back."""
        ...

    def open_request(
        self, customer_id: str, text: RequestText, request_id: str
    ) -> OpenedRequest:
        """Ask the provider's people for something.

        The request of the same `request_id` is opened once.
        """
        ...

    def request_state(self, number: str) -> RequestState:
        """How far a service request is that was sent."""
        raise NotOfferedError(self.name, "states of service requests")

    def stop_meter(
        self, customer_id: str, subscription_id: str, request_id: str
    ) -> None:
        """End what is billed by use; `meter` says whether it was done."""
        raise NotOfferedError(self.name, "way to stop a meter")

    def meter(self, customer_id: str, subscription_id: str) -> MeterState:
        """Whether use is billed now; `none`: nothing of it is billed by use."""
        raise NotOfferedError(self.name, "way to stop a meter")

    def limit_spending(
        self, customer_id: str, amount: Decimal | None, request_id: str
    ) -> None:
        """Set what a customer may spend; `spending_limit` says whether it was done.

        None takes the limit away.
        """
        raise NotOfferedError(self.name, "spending limit")

    def spending_limit(self, customer_id: str) -> SpendingLimit | None:
        """What is set now; None: nothing."""
        raise NotOfferedError(self.name, "spending limit")

    def set_measure(
        self, customer_id: str, measure: PlainMeasure, request_id: str, *, is_on: bool
    ) -> None:
        """Begin or end a measure; `measure_is_on` says whether it was done."""
        raise NotOfferedError(self.name, measure.replace("_", " "))

    def measure_is_on(self, customer_id: str, measure: PlainMeasure) -> bool:
        """Whether a measure is on now."""
        raise NotOfferedError(self.name, measure.replace("_", " "))

    def alerts(self) -> Iterable[ProviderAlert]:
        """All alerts the provider shows, of all customers."""
        raise NotOfferedError(self.name, "alerts")

    def acknowledge(self, alert: ProviderAlert, resolution: Resolution) -> None:
        """Tell the provider what an alert was; it then calls it resolved."""
        raise NotOfferedError(self.name, "alerts")

    def audit_records(
        self, customer_id: str, begin: datetime, end: datetime
    ) -> Iterable[AuditRecord]:
        """Changes of a customer's subscriptions that the provider has on record."""
        raise NotOfferedError(self.name, "audit records")
