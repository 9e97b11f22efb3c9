"""`FollowUp` and its parts: notices, appeals, pauses, the contract's end, the bill."""

from datetime import date, datetime
from typing import Literal

from decisions.policy.retries import NoRetry
from decisions.rules.due import NoticeDue, Reactivation, RetryDue
from features.made_often import dataclass


@dataclass(frozen=True, slots=True)
class ProviderEffect:
    """What taking access away does to the provider's bill of one subscription.

    `instead` is the policy's own text on what does stop it; without one, and without a
    window (`cancel_until`), nothing stops it before its term ends.
    """

    subscription_id: str
    product: str | None
    share_stopped: float
    instead: str | None
    cancel_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppealDue:
    """Until when an open appeal is acknowledged and decided, and what holds till then.

    `during`: keep_unless_new_evidence or restore.
    """

    acknowledge_by: datetime
    decide_by: datetime
    during: str


Refund = Literal["never", "by_a_person"]


@dataclass(frozen=True, slots=True, kw_only=True)
class FraudPause:
    """What goes with a new stop by the fraud path: neutral words, an end by itself.

    Args:
        wording: what the customer is told.
        auto_expires_at: it ends then, unless a person confirms the fraud.
        stop_charging: take no payments meanwhile.
        refund: of payments already taken; automation never refunds.
    """

    wording: str
    auto_expires_at: datetime
    stop_charging: bool
    refund: Refund


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractEnd:
    """What follows the end of a contract.

    Args:
        data_export_until: how long the customer may fetch data.
        data_deleted_on: when they are deleted.
        write_off_from: from then on a person is asked to write off what is left.
    """

    data_export_until: datetime
    data_deleted_on: date | None
    write_off_from: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowUp:
    """What comes after the answer: messages, charges, access that returns, deadlines.

    Args:
        notices_due: to be sent now.
        retry_due: our own next charge, where one failed and may be tried again.
        no_retry: why a failed charge is not tried again.
        reactivation: how access that is off comes back.
        provider: what a stop does to the provider's bill.
        review_by: until when a person looks at it again.
        pause: of a new stop by the fraud path.
        contract_end: of a block.
        interest_accrued: simple interest on what was overdue and not contested, major
            units; None where the policy charges none or the invoices are unknown.
        appeal: deadlines of an open appeal.
        retain_until: until when the policy keeps the record of this decision.
    """

    notices_due: tuple[NoticeDue, ...]
    retry_due: RetryDue | None
    no_retry: NoRetry | None
    reactivation: Reactivation | None
    provider: tuple[ProviderEffect, ...]
    review_by: datetime | None
    pause: FraudPause | None
    contract_end: ContractEnd | None
    interest_accrued: float | None
    appeal: AppealDue | None
    retain_until: date | None
