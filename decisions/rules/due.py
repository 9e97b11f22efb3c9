"""Classes of what rules ask for now: notices due, next charge, access given back."""

from datetime import datetime

from features.made_often import dataclass


@dataclass(frozen=True, slots=True)
class NoticeDue:
    """A notice the policy requires now, before it goes further (or after it acted).

    `fee` is what it costs the customer, in major units; nothing that decides reads it.
    """

    notice: str
    state: str
    channel: str
    languages: tuple[str, ...]
    send_by: datetime
    invoices: tuple[str, ...] = ()
    is_final_warning: bool = False
    fee: float = 0.0


@dataclass(frozen=True, slots=True)
class RetryDue:
    """The next charge of our own after a soft decline; `attempt` counts all so far."""

    at: datetime  # not before
    invoices: tuple[str, ...]
    method: str
    attempt: int


@dataclass(frozen=True, slots=True)
class Reactivation:
    """Every reason for which access is off is cured: access comes back."""

    reasons: tuple[str, ...]
    cure: str  # paid, arranged, cleared, expired or appeal
    by: str  # automation or person
    restore_by: datetime
    bill_suspended_period: str
    fee_cap: float
    fee: float | None = None  # None: anything up to fee_cap
    order: str = "parent_first"  # what others depend on comes back before them
