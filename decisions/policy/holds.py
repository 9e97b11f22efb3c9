"""Reasons not to act, and how long each of them lasts."""

from typing import Literal

from pydantic import Field

from decisions.policy.section import Count, Days, PolicySection

StandingKind = Literal["exemption", "instalment_plan", "legal", "manual"]


class DisputeHold(PolicySection):
    """Contested money is never owed; the uncontested part must be paid meanwhile."""

    exclude: Literal["contested"] = Field(
        default="contested", description="contested money is not owed"
    )
    blocks_if_rest_paid: Literal[True] = Field(
        default=True, description="who has paid the rest is left alone"
    )
    blocks_always: bool = Field(
        default=False, description="any open dispute keeps every stop away"
    )
    max_days: Days = Field(
        default=60,
        description="a dispute about a bill is decided within; then a person looks",
    )
    decided_by: str = Field(default="billing", description="who decides a dispute")


class PromiseHold(PolicySection):
    """Money promised is waited for until its date."""

    max_days: Days = Field(
        default=14,
        description="the longest promise, in local calendar days after the one on which"
        " it is made; beyond it a person looks",
    )
    per_year: Count = Field(
        default=2, description="promises granted in a year; beyond it a person looks"
    )
    broken: Literal["resume_at_state"] = Field(
        default="resume_at_state",
        description="a promise not kept: back to the ladder's state",
    )


class StandingHold(PolicySection):
    """A legal, a manual or any other hold; `until` is its expiry."""

    needs_expiry: bool = Field(
        default=True, description="whether such a hold is always entered with its end"
    )
    max_days: Days | None = Field(
        default=None,
        description="it ends so long after its start, whatever end was entered",
    )
    covers_fraud: bool = Field(
        default=False, description="whether it keeps stops for fraud away, too"
    )
    released_by: str = Field(
        default="person", description="who may end it early: a team, or any person"
    )


class InstalmentPlan(StandingHold):
    """A plan protects while its hold stands; then the ladder goes on."""

    default: Literal["resume_at_state"] = Field(
        default="resume_at_state",
        description="a plan past its end with money unpaid: back to the ladder's state",
    )


class Exemption(StandingHold):
    """Somebody approves that a customer is left alone for a time."""

    approved_by: str = Field(default="person", description="who grants it")


class Holds(PolicySection):
    """Reasons not to act, and how long each of them lasts."""

    dispute: DisputeHold = DisputeHold()
    promise: PromiseHold = PromiseHold()
    instalment_plan: InstalmentPlan = InstalmentPlan()
    exemption: Exemption = Exemption()
    legal: StandingHold = StandingHold(needs_expiry=False, covers_fraud=True)
    manual: StandingHold = StandingHold(covers_fraud=True)
