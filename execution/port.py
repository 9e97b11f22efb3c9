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

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol

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
    """

    subscription_id: str
    state: SubscriptionState
    stated: str
    parent_id: str | None = None
    product: str | None = None
    is_billed_while_suspended: bool | None = None
    cancel_until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestText:
    """A service request in words: what was seen, when, and what is asked."""

    title: str
    description: str


@dataclass(frozen=True, slots=True)
class OpenedRequest:
    """A service request.

    Args:
        number: the provider's own, or the name of a draft.
        is_draft: a person must send it still.
    """

    number: str
    is_draft: bool


class Provider(Protocol):
    """One provider; its name is what acts are kept under."""

    name: str

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
