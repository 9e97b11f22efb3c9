"""A policy in force, compiled from its file into the numbers that rules compare."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from math import inf
from typing import NamedTuple
from zoneinfo import ZoneInfo

from decisions.actions import ACTIONS, SEVERITY
from decisions.money.cost import CostModel, cost_model
from decisions.money.exposure import StakeTerms, at_face_value, stake_terms
from decisions.money.measures import MeasureCost, measure_costs
from decisions.policy.document import Mode, PolicyDocument, Thresholds, Tier
from decisions.policy.limits import GuardRails
from decisions.rules.calendar import WorkingCalendar
from features.money import UNITS

OUT_OF_REACH = 2.0  # a threshold that no probability reaches
Edges = tuple[tuple[float, int], ...]


class TypedTier(NamedTuple):
    """A tier of typed thresholds; `edges` are (probability, action), rising."""

    exposure_from: float
    clv_from: float
    nonpayment: Edges
    fraud: Edges


@dataclass(frozen=True, slots=True)
class Terms:
    """What `recommend` needs of a policy, ready to compute with (major units)."""

    document: PolicyDocument
    reference: str
    hash: str
    zone: ZoneInfo
    model: CostModel | None
    measures: tuple[MeasureCost, ...]
    stake: StakeTerms
    stake_at_face: StakeTerms
    typed: tuple[TypedTier, ...]
    guardrails: GuardRails
    min_p_fraud_path: float
    pauses_confirmed_fraud: bool
    min_p_suspicion: float
    suspicion_approvals: int
    min_net_gain: float
    hysteresis: float
    close_call_below: float
    materiality: float
    min_p_high_usage: float
    min_p_before_due: float
    min_p_first_invoice: float
    four_eyes_over: float
    natural_person_bits: int
    legal_person_bits: int
    any_version: bool
    notices_always: bool
    mode: Mode
    needs_clv: bool
    calendar: WorkingCalendar
    counts_every_due_date: bool
    min_invoice: int  # ten-thousandths
    stale_after: timedelta
    valid_for: timedelta


def typed_tiers(thresholds: Iterable[Tier]) -> tuple[TypedTier, ...]:
    """Compile the section `thresholds` of a policy."""
    return tuple(
        TypedTier(
            tier.exposure_from,
            tier.clv_from,
            _edges(tier.nonpayment),
            _edges(tier.fraud),
        )
        for tier in thresholds
    )


def _edges(thresholds: Thresholds) -> Edges:
    return tuple(sorted((p, SEVERITY[action]) for action, p in thresholds.items()))


def _needs_clv(document: PolicyDocument) -> bool:
    """Whether what is decided rests on lifetime value."""
    if document.mode == "thresholds":
        return any(tier.clv_from > 0.0 for tier in document.thresholds)
    return document.mode == "cost"


def _four_eyes_over(document: PolicyDocument) -> float:
    """The limit in the policy's own currency; infinite where there is none."""
    limit = document.approvals.four_eyes_over
    if isinstance(limit, dict):
        return limit.get(document.currency, inf)  # an empty table is no limit
    return inf if limit is None else limit


def _person_bits(document: PolicyDocument, *, is_natural: bool) -> int:
    """Mask of actions to which one person must agree; a review is a person's work."""
    rule = document.approvals
    actions = {"review", "block", *rule.person_for}
    actions |= {*rule.natural_person_for} if is_natural else set()
    return sum(1 << SEVERITY[action] for action in ACTIONS if action in actions)


def compile_terms(document: PolicyDocument, reference: str, hash_: str) -> Terms:
    """Compile one dated version of a policy."""
    rails, path = document.guardrails, document.fraud_path
    suspicion = None if path is None else path.suspicion
    usage, first = document.high_usage, document.first_invoice
    early = document.notices.before_due
    zone, clock = ZoneInfo(document.calendar.timezone), document.clock
    stake = stake_terms(document)
    return Terms(
        document=document,
        reference=reference,
        hash=hash_,
        zone=zone,
        model=None if document.costs is None else cost_model(document.costs),
        measures=() if document.costs is None else measure_costs(document.costs),
        stake=stake,
        stake_at_face=at_face_value(stake),
        typed=typed_tiers(document.thresholds),
        guardrails=rails,
        min_p_fraud_path=OUT_OF_REACH if path is None else path.min_p_fraud,
        pauses_confirmed_fraud=path is not None and path.confirmed == "suspend",
        min_p_suspicion=OUT_OF_REACH if suspicion is None else suspicion.min_p_fraud,
        suspicion_approvals=0 if suspicion is None else suspicion.approvals,
        min_net_gain=rails.any.min_net_gain,
        hysteresis=rails.any.hysteresis,
        close_call_below=rails.any.close_call_below,
        materiality=document.materiality.get(document.currency, 0.0),
        min_p_high_usage=OUT_OF_REACH if usage is None else usage.min_p_nonpayment,
        min_p_before_due=OUT_OF_REACH if early is None else early.min_p_nonpayment,
        min_p_first_invoice=OUT_OF_REACH if first is None else first.min_p_bad,
        four_eyes_over=_four_eyes_over(document),
        natural_person_bits=_person_bits(document, is_natural=True),
        legal_person_bits=_person_bits(document, is_natural=False),
        any_version=document.notices.count == "same_policy",
        notices_always=document.notices.send == "always",
        mode=document.mode,
        needs_clv=_needs_clv(document),
        calendar=WorkingCalendar(document.calendar, zone),
        counts_every_due_date=clock.anchor == "due_date" and not clock.min_invoice,
        min_invoice=round(clock.min_invoice * UNITS),
        stale_after=timedelta(hours=rails.any.stale_hours),
        valid_for=timedelta(hours=rails.any.valid_hours),
    )
