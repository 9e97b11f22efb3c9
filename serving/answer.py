"""What is answered to a score request. The model is the documented schema."""

from collections.abc import Mapping
from datetime import date, datetime
from hashlib import sha256
from importlib.metadata import version
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from advice.advice import Advice, reason_row
from advice.advisor import Advisor
from advice.joint_reasons import JointReason
from decisions.actions import Action
from decisions.case import Basis
from decisions.follow_up.counterfactual import Counterfactuals
from decisions.policy.retries import NoRetry
from decisions.recommendation import (
    AppealDue,
    Hold,
    NoticeDue,
    PersonBecause,
    ProviderEffect,
    RaisedBy,
    Reactivation,
    RetryDue,
    States,
    Withheld,
)
from features.facts import MoneySource
from features.targets import TARGETS, Target
from scoring.points import band, points
from serving.language import Language
from wording.answer import answer_in, customer_reason


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Display(_Part):
    """A probability as points and band. Bands never decide."""

    points: int
    band: str


class Exposure(_Part):
    """Money at stake, major units; null is unknown, never zero."""

    source: MoneySource
    open: float | None
    credit: float | None
    written_off: float | None
    contested: float | None
    in_flight: float | None
    promised: float | None
    overdue: float | None
    actionable: float | None
    unallocated: float | None = Field(
        description="received for invoices that are not known; pays nothing yet"
    )
    recurring_monthly: float | None
    usage_daily_cost: float | None
    committed: float | None
    clv: float | None
    run_up: float | None = Field(description="until the ordinary stop, at cost")
    at_stake: float | None = Field(description="open and run_up, at cost")
    days_overdue: int | None


class ItemPart(_Part):
    """An open invoice, major units; `remainder` less its cover is acted on."""

    invoice_id: str
    due_on: date
    days_overdue: int
    amount: float
    remainder: float
    contested: float
    in_flight: float
    promised: float


class NoDecision(_Part):
    code: str
    sentence: str


class ThresholdPart(_Part):
    """From this probability on, `action` costs least for this customer."""

    action: Action
    probability: float


class ReasonPart(_Part):
    family: str
    share: float = Field(description="of everything that raises the expected loss")
    targets: list[Target]
    feature: str
    value: float | str | None
    typical: float | str | None
    staff: str
    customer: str


class BundleVersion(_Part):
    bundle_id: str
    learner: str
    trained_on: date
    feature_set_hash: str
    manifest_sha256: str


class Versions(_Part):
    forbear: str
    policy: str
    policy_hash: str
    bundles: dict[Target, BundleVersion]
    settings_hash: str | None = Field(
        default=None, description="of the service's settings file; null without one"
    )


class ScoreAnswer(_Part):
    """One recorded decision."""

    decision_id: str
    recorded_at: datetime
    customer_id: str
    as_of: datetime
    language: Language = Field(description="of the sentences")
    currency: str
    p_fraud: float | None
    p_nonpayment: float | None
    models: dict[Target, Literal["champion", "starter", "none"]] = Field(
        description="where each probability comes from; starter: a model that has seen"
        " no outcome of this portfolio, so that every stop waits for a person; none for"
        " fraud: it rests on signs alone"
    )
    horizon_days: dict[Target, int] = Field(description="of each probability")
    display: dict[Target, Display]
    states: States | None = Field(description="exclusive; they sum to 1")
    exposure: Exposure
    assumed: list[str] = Field(
        description="money in `exposure` that the data do not say and that is assumed"
    )
    items: list[ItemPart] = Field(description="open invoices and what covers them")
    mode: Literal["cost", "thresholds", "timeline"] = Field(
        description="how the action was proposed; timeline, by days, also where neither"
        " probability nor cost is known"
    )
    proposed_action: Action | None = Field(description="of least expected cost")
    action: Action | None = Field(description="the least-cost one the policy permits")
    raised_by: RaisedBy | None = Field(
        description="the rule that made the action harsher than the proposed one"
    )
    no_decision: NoDecision | None
    expected_cost: dict[Action, float] | None
    thresholds: dict[Target, list[ThresholdPart]]
    reasons: list[ReasonPart]
    withheld: list[Withheld]
    permitted_from: datetime | None = Field(
        description="when the proposed action would be permitted if nothing else"
        " changed; null where it waits for somebody"
    )
    counterfactuals: Counterfactuals | None = Field(
        description="what would change the action, by asking again with one thing more;"
        " null when the request did not ask for it"
    )
    requires_person: bool
    approvals: int
    approver_roles: list[str] = Field(description="who may agree")
    person_because: list[PersonBecause] = Field(
        description="what is not known and therefore leaves a stop to a person"
    )
    meanwhile_action: Action | None = Field(
        description="what automation may do until people have answered"
    )
    owner: str | None = Field(description="who is in charge of the case")
    basis: Basis | None
    stability: float | None
    is_close_call: bool
    in_force: bool
    ladder_state: str | None
    holds: list[Hold]
    notices_due: list[NoticeDue]
    retry_due: RetryDue | None = Field(
        description="our own next charge after one that failed"
    )
    no_retry: NoRetry | None = Field(description="why a failed charge is not retried")
    restrict: list[str]
    subscriptions: list[str]
    reactivation: Reactivation | None
    provider: list[ProviderEffect]
    wording: str | None
    review_by: datetime | None
    auto_expires_at: datetime | None
    stop_charging: bool = Field(description="stop taking payments (fraud path)")
    refund: Literal["never", "by_a_person"] | None = Field(
        description="of payments already taken (fraud path); automation never refunds"
    )
    data_export_until: datetime | None = Field(
        description="how long the customer may fetch data after a block"
    )
    data_deleted_on: date | None
    write_off_from: date | None = Field(
        description="from then on a person is asked to write off what a block leaves"
    )
    interest_accrued: float | None = Field(
        description="simple interest on what was overdue and not contested each day,"
        " major units; null where the policy charges none or the invoices are unknown"
    )
    appeal: AppealDue | None = Field(description="deadlines of an open appeal")
    retain_until: date | None = Field(
        description="until when the policy keeps the record of this decision"
    )
    expires_at: datetime
    arm: str
    propensity: float
    missing: list[str]
    warnings: list[str]
    n_customers: int | None = Field(
        description="the base of budgets stated as a share; null: they did not count"
    )
    versions: Versions


def versions_of(
    advisor: Advisor,
    manifest_sha256: Mapping[str, str],
    settings_text: str | None = None,
) -> Versions:
    """Everything a replay must find again."""
    settings_hash = (
        None if settings_text is None else sha256(settings_text.encode()).hexdigest()
    )
    return Versions(
        forbear=version("forbear"),
        policy=advisor.policy.reference,
        policy_hash=advisor.policy.hash,
        settings_hash=settings_hash,
        bundles={
            target: BundleVersion(
                bundle_id=bundle.bundle_id,
                learner=bundle.learner,
                trained_on=bundle.trained_on,
                feature_set_hash=bundle.feature_set.hash,
                manifest_sha256=manifest_sha256[target],
            )
            for target in TARGETS
            if (bundle := advisor.bundles.get(target)) is not None
        },
    )


def answer_of(
    decision_id: str,
    recorded_at: datetime,
    advice: Advice,
    advisor: Advisor,
    versions: Versions,
    warnings: tuple[str, ...],
    n_customers: int | None,
    language: Language,
) -> ScoreAnswer:
    """The answer; the same arguments give the same bytes."""
    recommendation = answer_in(
        language, advice.case, advice.recommendation, advisor.policy
    )
    fields: dict[str, Any] = {
        name: getattr(recommendation, name)
        for name in ScoreAnswer.model_fields.keys() & set(recommendation.__slots__)
    }
    fields |= {
        "decision_id": decision_id,
        "recorded_at": recorded_at,
        "as_of": advice.as_of,
        "language": language,
        "horizon_days": {t: b.horizon_days for t, b in advisor.bundles.items()},
        "display": _displays(recommendation.p_fraud, recommendation.p_nonpayment),
        "models": advice.models(),
        "exposure": advice.exposure(),
        "items": advice.items(),
        "action": recommendation.recommended_action,
        "no_decision": None
        if recommendation.code is None
        else NoDecision(code=recommendation.code, sentence=recommendation.sentence),
        "thresholds": {
            target: [t._asdict() for t in edges]
            for target, edges in recommendation.thresholds.items()
        },
        "reasons": [_reason(reason, language) for reason in advice.reasons],
        "counterfactuals": advice.counterfactuals,
        "ladder_state": recommendation.state,
        "warnings": warnings,
        "n_customers": n_customers,
        "versions": versions,
    }
    return ScoreAnswer.model_validate(fields)


def _reason(reason: JointReason, language: Language) -> dict[str, Any]:
    customer = customer_reason(language, reason.family, reason.lead.customer)
    return reason_row(reason) | {"customer": customer}


def _displays(p_fraud: float | None, p_nonpayment: float | None) -> dict[str, Display]:
    p_by_target = {"fraud": p_fraud, "nonpayment": p_nonpayment}
    return {
        target: Display(points=points(p), band=band(p))
        for target, p in p_by_target.items()
        if p is not None
    }
