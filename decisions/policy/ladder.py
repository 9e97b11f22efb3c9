"""Where one configures the ladder: its clock, its notices and its rungs (`states`)."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from decisions.actions import Action
from decisions.policy.section import (
    MOST_INVOICES,
    Amount,
    Day,
    Days,
    Name,
    PolicySection,
    Share,
    SomeDays,
)
from decisions.policy.text import Language, Text


class Clock(PolicySection):
    """From what the days of the ladder are counted, and what starts the count.

    Only overdue, uncontested invoices start it, and the oldest clock counts. It stands
    still on days on which the invoice was wholly under dispute; after a dispute it
    counts from the due date at the earliest.
    """

    anchor: Literal["due_date", "invoice_date", "payment_failed"] = Field(
        default="due_date",
        description="payment_failed: the first failed charge of the invoice; without"
        " one its due date",
    )
    of: Literal["earliest_unpaid"] = Field(
        default="earliest_unpaid",
        description="the oldest of several unpaid invoices counts",
    )
    after_partial_payment: Literal["re_anchor"] = Field(
        default="re_anchor",
        description="the oldest invoice still unpaid then sets the clock",
    )
    grace_days: Days = Field(
        default=0, description="added to every days_overdue of the ladder"
    )
    min_invoice: Amount = Field(
        default=0.0,
        description="an invoice with less unpaid does not start the clock, though it"
        " counts in the sum",
    )
    substantially_paid_share: Share = Field(
        default=1.0,
        description="invoices paid to this share are treated as paid by the ladder",
    )
    because: str = ""


class NoticeRule(PolicySection):
    """A message the policy requires before it goes further."""

    channels: tuple[str, ...] = Field(min_length=1, description="in order of trial")
    languages: tuple[Language, ...] = Field(
        default=(),
        description="in which it can be sent; absent: the policy's, and letters also"
        " in each other that `text` has",
    )
    proof: Literal["sent", "delivered"] = Field(
        default="delivered",
        description="what makes it count: that it was sent, or that it arrived",
    )
    send_within_days: Days = Field(default=2, description="of the moment it is due")
    retry_after_days: SomeDays = Field(
        default=7, description="silent for so long: try the next channel"
    )
    is_final_warning: bool = Field(
        default=False, description="it says that access may be taken away next"
    )
    fee: Amount = Field(default=0.0, description="what it costs the customer")
    text: Text = Field(default="", description="what it tells the customer, in a line")
    because: str = ""


class BeforeDue(PolicySection):
    """A reminder before an invoice is due, to whoever is likely not to pay it."""

    notice: Name = Field(description="to be sent; it costs the customer nothing")
    days: Annotated[int, Field(ge=1, le=60)] = Field(
        default=5, description="local days before the due date"
    )
    min_p_nonpayment: Share = Field(
        default=0.05, description="below this probability nobody is reminded early"
    )
    because: str = ""


class AcceptedNotice(PolicySection):
    """A notice sent under another policy or system, which counts until a date.

    So that switching over does not make everybody who was reminded start anew.
    """

    notice: str = Field(min_length=1, description="its name in `contacts`")
    policy: str | None = Field(
        default=None,
        description="name, or name@version, of the policy it was sent under; absent:"
        " any other, or none on record",
    )
    counts_as: Name = Field(description="the notice of this policy that it stands for")
    proof: Literal["sent", "delivered"] = Field(
        default="delivered", description="what makes it count"
    )
    until: Day = Field(description="the last local day on which it counts")
    because: str = Field(min_length=1, description="why it said as much")

    def is_of(self, policy: str | None) -> bool:
        """Whether a notice of that policy is meant, by name or by name@version.

        A notice whose policy nobody recorded (None) is meant where any policy is.
        """
        if self.policy is None or policy is None:
            return self.policy is None
        return self.policy in (policy, policy.partition("@")[0])


class Notices(PolicySection):
    """Which messages there are, and when they are sent."""

    send: Literal["when_useful", "always"] = Field(
        default="when_useful",
        description="when_useful: with an action; always: also to whom leaving alone"
        " costs less",
    )
    consolidated: Literal[True] = Field(
        default=True, description="one notice per customer, not one per invoice"
    )
    count: Literal["same_version", "same_policy"] = Field(
        default="same_version",
        description="which notices already sent count: of this version alone (who is"
        " under way begins again when `version` is raised), or of every version",
    )
    before_due: BeforeDue | None = Field(
        default=None, description="absent: nobody is reminded before the due date"
    )
    accept_notices: tuple[AcceptedNotice, ...] = Field(
        default=(), description="notices of before that count for a time"
    )
    kinds: dict[Name, NoticeRule] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _asks_nothing_before_it_is_due(self) -> "Notices":
        if self.before_due is None:
            return self
        name = self.before_due.notice
        if name in self.kinds and self.kinds[name].fee:
            raise ValueError(
                f"before_due: {name!r} has a fee, but nothing is due yet: leave it out"
            )
        return self

    @model_validator(mode="after")
    def _accepts_no_weaker_proof(self) -> "Notices":
        for accepted in self.accept_notices:
            kind = self.kinds.get(accepted.counts_as)
            if kind and kind.proof == "delivered" and accepted.proof == "sent":
                raise ValueError(
                    f"accept_notices: {accepted.counts_as!r} counts when delivered,"
                    f" so {accepted.notice!r} must have been, too"
                )
        return self


class When(PolicySection):
    """Entry condition of a state; all parts must hold."""

    days_overdue: Days = Field(
        default=0,
        description="days on the policy's clock, whatever its anchor: 14 after"
        " 1 September is 15 September",
    )
    unpaid_invoices: Annotated[int, Field(ge=0, le=MOST_INVOICES)] = Field(
        default=0,
        description="at least so many invoices are overdue that no promise and no"
        " payment on its way covers wholly",
    )
    overdue_amount: Amount = Field(
        default=0.0, description="at least so much is overdue and not under way"
    )
    days_since: dict[Name, Days] = Field(
        default_factory=dict,
        description="full days between the day a notice counts and this one, by notice:"
        " 7 after 1 September have passed on 9 September",
    )
    business_days_since: dict[Name, Days] = Field(
        default_factory=dict,
        description="full working days between, by notice",
    )
    days_suspended: Days = Field(
        default=0,
        description="full days since access was taken away for non-payment",
    )


class State(PolicySection):
    """One rung; it is entered only after every rung before it was passed."""

    state: Name = Field(description="its name")
    action: Action = Field(description="the harshest one it permits")
    when: When
    notice: Name | None = Field(default=None, description="to be sent on entry")
    restrict: tuple[str, ...] = Field(
        default=(), description="what the customer may not do meanwhile"
    )
    owner: str = Field(default="collections", description="who is in charge meanwhile")
    max_days: Days | None = Field(
        default=None,
        description="of a state that takes access away: then a person reviews it",
    )
    because: str = ""


class OrdinaryStop(PolicySection):
    """When service would end without Forbear: run-up counts until then."""

    days_overdue: Days = Field(description="days overdue at which service would end")
    at_least_days: Days = Field(
        default=14, description="run-up of an account already past the ordinary stop"
    )
    because: str = ""
