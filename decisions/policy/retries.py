"""The section `retries`: when a failed charge is tried again."""

from typing import Annotated, Literal

from pydantic import Field

from decisions.policy.section import Days, PolicySection

# why a failed charge is not tried again
NoRetry = Literal[
    "hard_decline",
    "schedule_over",
    "charging_stopped",
    "on_hold",
    "money_under_way",
]

PaymentMethod = Literal[
    "card", "direct_debit", "bank_transfer", "wallet", "cheque", "other"
]


class Retries(PolicySection):
    """Our own charges after a soft decline; after a hard one there is none.

    A state that takes access away waits for every retry scheduled before it, but not
    for ever: who never charges again would never act. An invoice that a payment on its
    way, a promise or a dispute covers, even in part, is not charged again; the
    customer's other invoices are.
    """

    days_after_failure: tuple[Annotated[int, Field(ge=1, le=365)], ...] = Field(
        min_length=1, description="local days after an invoice's first failed charge"
    )
    methods: tuple[PaymentMethod, ...] = Field(
        default=(), description="payment methods that we charge ourselves"
    )
    never_after: tuple[str, ...] = Field(
        default=("lost_or_stolen", "expired_card", "invalid_account"),
        description="failure codes of a hard decline",
    )
    days_before_state: Days = Field(
        default=1,
        description="from the last retry to a state that takes access away",
    )
    missed_after_days: Days = Field(
        default=3,
        description="a retry not made so long after its day holds up no stop",
    )
    notice_at_once_on_hard_decline: bool = Field(
        default=True,
        description="the next notice does not wait for its days; no stop comes earlier",
    )
    because: str = ""
