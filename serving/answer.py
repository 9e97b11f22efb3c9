"""What is answered to a score request: the dataclasses are the documented schema.

An answer is put together from the recommendation's own parts, each field named once and
checked by type; nothing is validated again and the JSON is written once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cached_property
from hashlib import sha256
from importlib.metadata import version
from typing import Annotated, cast

import numpy as np
from msgspec import Raw
from msgspec.json import Encoder
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from advice.advice import Advice, ModelKind
from advice.advisor import Advisor
from advice.exposure import Exposure
from advice.joint_reasons import JointReason
from decisions.actions import Action
from decisions.follow_up.counterfactual import Counterfactuals
from decisions.follow_up.parts import FollowUp
from decisions.money.thresholds import Threshold
from decisions.recommendation import People, Proposal, Question
from decisions.rules.notices_served import unknown_names
from features.made_often import dataclass
from features.targets import TARGETS, Target
from scoring.points import band, points
from serving.language import Language
from wording.answer import (
    NoDecisionInWords,
    PermissionInWords,
    answer_in_words,
    customer_reason,
)

MOST_LISTED = 200  # holds and open invoices in one answer; all of them decided
_MOST_NAMES = 5  # that a warning quotes


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """A calibrated probability within its horizon, and how it is shown.

    Args:
        probability: in [0, 1]; null without a model.
        horizon_days: within which it would happen.
        model: where it comes from; starter: a model that has seen no outcome of this
            portfolio, so that a stop that rests on it waits for a person; none for
            fraud: it rests on signs alone.
        points, band: a display; they never decide.
        thresholds: from each probability on, that action costs least for this customer,
            the other target's probability held fixed; empty where costs do not decide.
    """

    probability: float | None
    horizon_days: int | None
    model: ModelKind
    points: int | None
    band: str | None
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Scores:
    """Both targets."""

    fraud: Score
    nonpayment: Score


@dataclass(frozen=True, slots=True, kw_only=True)
class AnsweredReason:
    """A family of features that raises the expected loss, with its leading feature.

    Where the days of the ladder decide, they are the first reason and have share 1;
    the models' follow only where the policy asks for a probability, too.

    Args:
        share: of everything that raises the expected loss, in [0, 1].
        targets: the scores it raises, the one where it weighs most first.
        value, typical: of the feature; null is unknown.
        staff, customer: the sentence for each; the customer's is in `language`.
    """

    family: str
    share: float
    targets: tuple[Target, ...]
    feature: str
    value: float | str | None
    typical: float | str | None
    staff: str
    customer: str


class _Recorded(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class BundleVersion(_Recorded):
    bundle_id: str
    learner: str
    trained_on: date
    feature_set_hash: str
    manifest_sha256: str


class Versions(_Recorded):
    """Software, models and settings; the policy is named in `question`."""

    forbear: str
    bundles: dict[Target, BundleVersion]
    settings_hash: str | None = Field(
        default=None, description="of the service's settings file; null without one"
    )

    @cached_property
    def as_json(self) -> str:
        """As recorded beside each decision; the same until something else is loaded."""
        return self.model_dump_json()


@dataclass(frozen=True, slots=True, kw_only=True)
class ScoreAnswer:
    """One recorded decision about one customer, good until `expires_at`."""

    # described by each address that answers it, but written by one adapter alone
    __pydantic_config__ = ConfigDict(defer_build=True)

    decision_id: str
    recorded_at: datetime
    customer_id: str
    as_of: datetime
    language: Annotated[Language, Field(description="of the sentences")]
    action: Annotated[
        Action | None,
        Field(description="recommended: the least-cost one the policy permits"),
    ]
    no_decision: Annotated[
        NoDecisionInWords | None,
        Field(description="why there is no action and no proposal"),
    ]
    expires_at: Annotated[
        datetime, Field(description="ask again; a decision never outlives its data")
    ]
    scores: Scores
    exposure: Exposure
    question: Question
    proposal: Proposal | None
    permission: PermissionInWords
    people: People
    follow_up: FollowUp
    reasons: Annotated[
        tuple[AnsweredReason, ...] | None,
        Field(
            description="at most four, by share; null where `action` is none and the"
            " request did not ask for them"
        ),
    ]
    counterfactuals: Annotated[
        Counterfactuals | None,
        Field(
            description="what would change the action, by asking again with one thing"
            " more; null when the request did not ask for it"
        ),
    ]
    warnings: Annotated[
        tuple[str, ...], Field(description="what is odd in the request, by code")
    ]
    versions: Versions


SCORE_ANSWER = TypeAdapter(ScoreAnswer)
SCORE_ANSWER.rebuild()  # now, and not when the first answer is given


def _in_json(value: object) -> object:
    """What the encoder does not know: versions, in their own words, and NumPy's."""
    if isinstance(value, Versions):
        return Raw(value.as_json)
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"an answer cannot hold a {type(value).__name__}")


# SCORE_ANSWER's JSON for half of the CPU; from 1e16 on it writes 1e16, not 1e+16
_ENCODER = Encoder(enc_hook=_in_json)


def answer_bytes(answer: ScoreAnswer) -> bytes:
    """The body as sent, recorded and compared: byte for byte."""
    return _ENCODER.encode(answer)


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
    language: Language,
) -> ScoreAnswer:
    """The answer; the same arguments give the same bytes."""
    recommendation = advice.recommendation
    in_words = answer_in_words(language, advice.case, recommendation, advisor.policy)
    exposure, permission = advice.exposure(), in_words.permission
    if len(permission.holds) > MOST_LISTED:
        warnings += (_shortened("permission.holds", len(permission.holds)),)
        # those that keep access off are in every answer
        holds = sorted(permission.holds, key=lambda hold: hold.protects)
        permission = replace(permission, holds=tuple(holds[:MOST_LISTED]))
    if len(exposure.items) > MOST_LISTED:
        warnings += (_shortened("exposure.items", len(exposure.items)),)
        exposure = replace(exposure, items=exposure.items[:MOST_LISTED])
    follow_up, found, shortened = _bounded(in_words.follow_up, advice.counterfactuals)
    warnings += (*shortened, *_of_today(advice), *_of_notices(advice, advisor))
    return ScoreAnswer(
        decision_id=decision_id,
        recorded_at=recorded_at,
        customer_id=recommendation.customer_id,
        as_of=advice.as_of,
        language=language,
        action=recommendation.action,
        no_decision=in_words.no_decision,
        expires_at=recommendation.expires_at,
        scores=_scores(advice, advisor),
        exposure=exposure,
        question=recommendation.question,
        proposal=recommendation.proposal,
        permission=permission,
        people=recommendation.people,
        follow_up=follow_up,
        reasons=None
        if advice.reasons is None
        else tuple(_reason(reason, language) for reason in advice.reasons),
        counterfactuals=found,
        warnings=warnings,
        versions=versions,
    )


def _of_today(advice: Advice) -> Iterator[str]:
    """That a payment of today's plain date, say, is not known yet: it may surprise."""
    until = advice.facts.protected_until
    if until is not None:
        yield (
            "dated_today: a row that protects (payment, dispute, promise or hold) has"
            f" today's date and no time of day, so it counts from {until.isoformat()}"
            " on; notices may still go, stops wait: send its time of day"
        )


def _of_notices(advice: Advice, advisor: Advisor) -> Iterator[str]:
    """That notices bear names the policy does not have: nothing else would tell why."""
    policy, facts = advisor.policy, advice.facts
    terms = policy.in_force(advice.recommendation.at) or policy.latest
    names = unknown_names(facts, terms) if facts.overdue else []
    if names:
        yield (
            f"unknown_notice:contacts.notice: {', '.join(names[:_MOST_NAMES])}: the"
            f" policy {terms.reference} has no notice of such a name, so it counts as"
            " none of its own; send the policy's names, or name it under"
            " `notices.accept_notices`"
        )


def _bounded(
    follow_up: FollowUp, found: Counterfactuals | None
) -> tuple[FollowUp, Counterfactuals | None, tuple[str, ...]]:
    """Notices, retries and what would change the action name many invoices at most."""
    warnings: list[str] = []

    def first(invoices: tuple[str, ...], part: str) -> tuple[str, ...]:
        if len(invoices) > MOST_LISTED:
            warnings.append(_shortened(part, len(invoices)))
        return invoices[:MOST_LISTED]

    notices, retry = follow_up.notices_due, follow_up.retry_due
    if any(len(notice.invoices) > MOST_LISTED for notice in notices):
        part = "follow_up.notices_due.invoices"
        due = [replace(one, invoices=first(one.invoices, part)) for one in notices]
        follow_up = replace(follow_up, notices_due=tuple(due))
    if retry is not None and len(retry.invoices) > MOST_LISTED:
        named = first(retry.invoices, "follow_up.retry_due.invoices")
        follow_up = replace(follow_up, retry_due=replace(retry, invoices=named))
    if found is not None:
        part = "counterfactuals.options.invoices"
        options = [
            replace(one, invoices=first(one.invoices, part)) for one in found.options
        ]
        found = replace(found, options=tuple(options))
    return follow_up, found, tuple(dict.fromkeys(warnings))


def _shortened(part: str, n: int) -> str:
    return f"shortened:{part}: the first {MOST_LISTED} of {n}; all of them decided"


def _scores(advice: Advice, advisor: Advisor) -> Scores:
    recommendation = advice.recommendation
    terms = advisor.policy.in_force(recommendation.at)
    thresholds = recommendation.thresholds(None if terms is None else terms.model)

    def score(target: Target, p: float | None) -> Score:
        bundle = advisor.bundles.get(target)
        return Score(
            probability=p,
            horizon_days=None if bundle is None else bundle.horizon_days,
            model=advice.model(target),
            points=None if p is None else points(p),
            band=None if p is None else band(p),
            thresholds=thresholds.get(target, ()),
        )

    return Scores(
        fraud=score("fraud", recommendation.p_fraud),
        nonpayment=score("nonpayment", recommendation.p_nonpayment),
    )


def _reason(reason: JointReason, language: Language) -> AnsweredReason:
    lead = reason.lead
    return AnsweredReason(
        family=reason.family,
        share=reason.share,
        targets=cast("tuple[Target, ...]", reason.targets),
        feature=lead.feature,
        value=lead.value,
        typical=lead.typical,
        staff=lead.staff,
        customer=customer_reason(language, reason.family, lead.customer),
    )
