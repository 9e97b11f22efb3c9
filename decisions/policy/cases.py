"""Examples in a policy file, each with the answer it expects."""

from datetime import datetime
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from decisions.actions import Action
from decisions.policy.holds import StandingKind
from decisions.policy.measures import MeasureName
from decisions.policy.people import SubjectKind
from decisions.policy.retries import NoRetry, PaymentMethod
from decisions.policy.section import (
    Amount,
    Count,
    Days,
    Name,
    PolicySection,
    Share,
    instead_of,
)
from decisions.policy.ways import Confidence, Sign

_YEARS = range(1900, 2200)  # no day counted from a moment in them leaves the calendar


def _is_a_moment(text: str) -> str:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("has no offset, write it as 2026-06-09T10:00:00Z")
    if moment.year not in _YEARS:
        raise ValueError(f"{moment.year} is no year of our time")
    return text


def _is_a_sign(text: str) -> str:
    kind, colon, confidence = text.partition(":")
    asked = [(kind, get_args(Sign))]
    asked += [(confidence, get_args(Confidence))] if colon else []
    for name, known in asked:
        if name not in known:
            raise ValueError(f"there is no {name!r}{instead_of(name, known)}")
    return text


class FailedCharge(PolicySection):
    """A charge of an example's invoices that failed."""

    days_ago: Days = Field(description="when the charge failed")
    method: PaymentMethod = Field(default="card", description="payment method")
    code: str | None = Field(
        default=None, description="why it failed, as the payment provider says"
    )
    status: Literal["failed", "returned"] = Field(
        default="failed", description="returned: collected first, then taken back"
    )


class PolicyCase(PolicySection):
    """An example with its expected answer; every check of the file runs it.

    Money is in major units, days are whole; what is absent is nothing.
    """

    name: str = Field(description="what the example shows")
    p: tuple[Share | None, Share | None] = Field(description="(fraud, non-payment)")
    open: Amount | None = Field(
        default=0.0, description="unpaid, whether due or not; null is unknown"
    )
    recurring: Amount = Field(
        default=0.0, description="price of live subscriptions per month"
    )
    usage: Amount = Field(default=0.0, description="what usage costs us per day")
    clv: Amount | None = Field(
        default=0.0, description="lifetime value; null is unknown"
    )
    days_overdue: Days = Field(default=0, description="of the oldest unpaid invoice")
    due_in_days: Days | None = Field(
        default=None, description="until the open amount is due, where nothing is late"
    )
    n_invoices: Annotated[int, Field(ge=1, le=1000)] = Field(
        default=1, description="overdue invoices that share the open amount"
    )
    payment_terms_days: Days = Field(
        default=30, description="from the issue of an invoice to its due date"
    )
    failed: tuple[FailedCharge, ...] = ()
    contested: Amount = Field(default=0.0, description="of the open amount")
    in_flight: Amount = Field(default=0.0, description="of the open amount, on its way")
    promised: Amount = Field(
        default=0.0, description="of the open amount, promised within a week"
    )
    notices: dict[Name, Days] = Field(
        default_factory=dict, description="delivered so many days ago"
    )
    undelivered: dict[Name, Days] = Field(
        default_factory=dict, description="sent so many days ago, delivery unknown"
    )
    bounced: dict[Name, Days] = Field(
        default_factory=dict, description="came back so many days ago"
    )
    evidence: tuple[Annotated[str, AfterValidator(_is_a_sign)], ...] = Field(
        default=(), description="kind:confidence"
    )
    holds: tuple[StandingKind, ...] = Field(
        default=(), description="kinds of standing holds in force, such as exemption"
    )
    subject_kind: SubjectKind | None = Field(
        default="legal_person", description="null is unknown"
    )
    segment: str | None = Field(default=None, description="of the customer")
    n_invoices_paid: Count = Field(default=5, description="ever paid before")
    usage_ratio: float | None = Field(
        default=None,
        allow_inf_nan=False,
        description="daily cost of the last 7 days over that of the 28 before",
    )
    has_contacts: bool = Field(
        default=True, description="whether the data say which notices were sent"
    )
    stale_hours: Annotated[float, Field(ge=0, le=87_600)] = Field(
        default=0.0, description="age of the data"
    )
    at: Annotated[str, AfterValidator(_is_a_moment)] = Field(
        default="2026-06-09T10:00:00Z", description="a Tuesday morning"
    )
    expect: Literal[Action, "no_decision"] = Field(
        description="the recommended action, or that there is no decision"
    )
    propose: Action | None = Field(
        default=None, description="the proposed action, where the example asks"
    )
    withheld: str | None = Field(default=None, description="a code that must appear")
    needs_person: bool | None = Field(
        default=None, description="whether a person must agree, where the example asks"
    )
    approvals: int | None = Field(default=None, description="how many must agree")
    measure: Literal[MeasureName, "none"] | None = Field(
        default=None, description="recommended beside the action, where it asks"
    )
    notice_fee: Amount | None = Field(
        default=None, description="what the notice due now costs the customer"
    )
    retry_in_days: Count | None = Field(
        default=None, description="local days until the next charge of our own"
    )
    no_retry: NoRetry | None = Field(
        default=None, description="why no charge is tried again, where it asks"
    )
