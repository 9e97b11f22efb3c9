"""The answer: what is proposed, what is permitted, why not more, and until when."""

from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any, Literal

from decisions.actions import Action
from decisions.case import Basis
from decisions.money.cost import CostModel
from decisions.money.thresholds import Stake, Threshold, thresholds_of
from decisions.policy.retries import NoRetry

# Some of a recommendation's fields by name, as its parts are found one by one. Typed
# parts would name and type every field twice, and `serving` checks each value anyway.
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Withheld:
    """A reason why actions are not permitted now.

    `permitted_from` is the moment this reason ends by itself; None when it waits for
    somebody (a payment, a delivery, a person).
    """

    code: str
    actions: tuple[Action, ...]
    sentence: str
    permitted_from: datetime | None = None
    released_by: str | None = None


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
class Hold:
    """A reason not to act (`protects`), or a reason access is off.

    `is_beyond_policy`: it lasts longer, or comes more often, than the policy grants, so
    that a person must look.
    """

    kind: str
    protects: bool
    since: datetime | None
    until: datetime | None
    released_by: str
    cure: str | None = None  # how the cause went away, as in Reactivation
    sentence: str = ""
    subscription_id: str | None = None
    is_beyond_policy: bool = False


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


@dataclass(frozen=True, slots=True)
class ProviderEffect:
    """What taking access away does to the provider's bill of one subscription."""

    subscription_id: str
    product: str | None
    share_stopped: float
    instead: str
    cancel_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AppealDue:
    """Until when an open appeal is acknowledged and decided, and what holds till then.

    `during`: keep_unless_new_evidence or restore.
    """

    acknowledge_by: datetime
    decide_by: datetime
    during: str


RaisedBy = Literal[
    "first_invoice",
    "notice_required",
    "left_to_a_person",
    "hysteresis",
    "holdout",
]
# why a person must agree to a stop that the policy alone would leave to automation
PersonBecause = Literal["by_days", "starter", "signs_without_model", "assumed_money"]


@dataclass(frozen=True, slots=True)
class States:
    """Exclusive probabilities; they sum to 1."""

    fraud: float
    nonpayment_only: float
    good: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One answer. `recommended_action` None means "no decision", and `code` says why.

    A stop action is automatic only where `requires_person` is False; `approvals` is
    the number of people who must agree, `person_because` why what is not known asks for
    one, and `meanwhile_action` what automation may do until they have answered.
    `raised_by` is the rule that made the answer harsher than the proposal.
    `permitted_from` is when the proposed action would be permitted if nothing else
    changed, None where it waits for somebody. `in_force` says the recommended action
    was carried out already and simply goes on. `retry_due` is our own next charge,
    where one failed and may be tried again; `no_retry` says why a failed one is not.

    `approver_roles` may agree. `refund` says who may refund payments already taken by
    the fraud path (by_a_person or never; automation never does). From `write_off_from`
    on a person is asked to write off what an ended contract leaves open.
    `interest_accrued` is in major units, None where the policy charges none or the
    items are unknown. `assumed` names the money at stake that the data do not say;
    `mode` is `timeline` where neither probability nor cost decided. The record of the
    decision is kept until `retain_until`.
    """

    customer_id: str
    at: datetime
    policy: str
    policy_hash: str
    mode: str
    currency: str
    horizon_days: int
    proposed_action: Action | None = None
    recommended_action: Action | None = None
    raised_by: RaisedBy | None = None
    code: str | None = None
    sentence: str = ""
    basis: Basis | None = None
    states: States | None = None
    p_fraud: float | None
    p_nonpayment: float | None
    stake: Stake | None = None
    expected_cost: dict[Action, float] | None = None
    stability: float | None = None
    is_close_call: bool = False
    withheld: tuple[Withheld, ...] = ()
    permitted_from: datetime | None = None
    holds: tuple[Hold, ...] = ()
    notices_due: tuple[NoticeDue, ...] = ()
    retry_due: RetryDue | None = None
    no_retry: NoRetry | None = None
    state: str | None = None
    owner: str | None = None
    restrict: tuple[str, ...] = ()
    subscriptions: tuple[str, ...] = ()
    requires_person: bool = False
    meanwhile_action: Action | None = None
    approvals: int = 0
    approver_roles: tuple[str, ...] = ()
    person_because: tuple[PersonBecause, ...] = ()
    in_force: bool = False
    reactivation: Reactivation | None = None
    provider: tuple[ProviderEffect, ...] = ()
    wording: str | None = None
    review_by: datetime | None = None
    auto_expires_at: datetime | None = None
    stop_charging: bool = False
    refund: str | None = None
    data_export_until: datetime | None = None
    data_deleted_on: date | None = None
    write_off_from: date | None = None
    interest_accrued: float | None = None
    appeal: AppealDue | None = None
    retain_until: date | None = None
    arm: str = "greedy"
    propensity: float = 1.0
    expires_at: datetime
    missing: tuple[str, ...]
    assumed: tuple[str, ...] = ()
    _model: CostModel | None = field(repr=False, compare=False, default=None)
    _rho: float = field(repr=False, compare=False, default=0.0)

    @property
    def thresholds(self) -> dict[str, tuple[Threshold, ...]]:
        """Per target, from which probability on each action costs least."""
        if self._model is None or self.stake is None:
            return {}
        return thresholds_of(
            self._model,
            self.stake,
            self.p_fraud or 0.0,
            self.p_nonpayment or 0.0,
            self._rho,
        )

    def to_dict(self) -> dict[str, Any]:
        """JSON-ready: moments as ISO 8601 text, nothing private."""
        values = {
            f.name: _plain(getattr(self, f.name))
            for f in fields(self)
            if not f.name.startswith("_")
        }
        if values["stake"] is not None and self.stake is not None:
            values["stake"]["exposure"] = self.stake.exposure
        values["thresholds"] = _plain(self.thresholds)
        return values


def _plain(value: Any) -> Any:  # noqa: ANN401  JSON is any value
    if isinstance(value, date):  # datetimes included
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    if hasattr(value, "__dataclass_fields__"):
        return {f.name: _plain(getattr(value, f.name)) for f in fields(value)}
    return value


__all__ = [
    "AppealDue",
    "Fields",
    "Hold",
    "NoticeDue",
    "ProviderEffect",
    "Reactivation",
    "Recommendation",
    "RetryDue",
    "Stake",
    "States",
    "Withheld",
]
