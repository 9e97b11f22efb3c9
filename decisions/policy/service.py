"""The sections on service: scope, essential services, what the provider bills."""

from typing import Literal

from pydantic import Field

from decisions.actions import STOPS, Action
from decisions.policy.section import PolicySection, Share
from decisions.policy.text import Text


class Service(PolicySection):
    """What a suspension for non-payment touches."""

    suspend: Literal["unpaid_subscriptions", "account"] = Field(
        default="account",
        description="only what is unpaid for as long as a stop asks, or all that the"
        " customer has",
    )
    because: str = ""


class Essential(PolicySection):
    """Customers who are never cut off wholly."""

    segments: tuple[str, ...] = Field(
        default=(), description="customers of one of these"
    )
    products: tuple[str, ...] = Field(default=(), description="glob patterns")
    never: tuple[Action, ...] = Field(
        default=STOPS, description="actions that do not touch them"
    )
    unless_fraud_confirmed: bool = Field(
        default=False, description="confirmed fraud may cut even them off"
    )
    restricted_mode: Text = Field(
        default="", description="what stays available instead, for customers"
    )
    because: str = ""


class ProviderRule(PolicySection):
    """What a suspension does to the provider's bill; the first match counts."""

    product: str = Field(default="*", description="glob over the product's name")
    billing: Literal["license", "usage", "*"] = Field(
        default="*", description="of the subscription"
    )
    committed: bool | None = Field(
        default=None, description="whether it is bound for a term; absent: either"
    )
    suspension_stops: Share = Field(description="share of the cost that stops")
    instead: Text = Field(default="", description="what does stop the cost")
    cancel_window: bool = Field(
        default=False, description="may be cancelled until cancel_window_ends_at"
    )
    because: str = ""
