"""A policy in force, compiled: the numbers the rules compare with."""

from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from decisions.actions import SEVERITY
from decisions.calendar import WorkingCalendar
from decisions.cost import CostModel, cost_model
from decisions.exposure import StakeTerms, stake_terms
from decisions.policy.document import PolicyDocument

_NEVER = 2.0  # no probability reaches it
Typed = tuple[
    tuple[float, tuple[tuple[float, int], ...], tuple[tuple[float, int], ...]], ...
]


@dataclass(frozen=True, slots=True)
class Terms:
    """What `recommend` needs of a policy, ready to compute with (major units)."""

    document: PolicyDocument
    reference: str
    hash: str
    zone: ZoneInfo
    model: CostModel | None
    stake: StakeTerms
    typed: Typed
    min_p_bad: float
    min_exposure: float
    min_p_fraud_block: float
    min_p_fraud_path: float
    min_net_gain: float
    hysteresis: float
    close_call_below: float
    materiality: float
    min_p_high_usage: float
    min_p_first_invoice: float
    any_version: bool
    notices_always: bool
    mode: str
    calendar: WorkingCalendar
    stale_after: timedelta
    valid_for: timedelta


def _typed(document: PolicyDocument) -> Typed:
    return tuple(
        (
            tier.exposure_from,
            tuple(sorted((p, SEVERITY[a]) for a, p in tier.nonpayment.items())),
            tuple(sorted((p, SEVERITY[a]) for a, p in tier.fraud.items())),
        )
        for tier in document.thresholds
    )


def compile_terms(document: PolicyDocument, reference: str, hash_: str) -> Terms:
    """Compile one dated version of a policy."""
    rails, path = document.guardrails, document.fraud_path
    usage, first = document.high_usage, document.first_invoice
    zone = ZoneInfo(document.calendar.timezone)
    return Terms(
        document=document,
        reference=reference,
        hash=hash_,
        zone=zone,
        model=None if document.costs is None else cost_model(document.costs),
        stake=stake_terms(document),
        typed=_typed(document),
        min_p_bad=rails.suspend.min_p_bad,
        min_exposure=rails.suspend.min_exposure,
        min_p_fraud_block=rails.block.min_p_fraud,
        min_p_fraud_path=_NEVER if path is None else path.min_p_fraud,
        min_net_gain=rails.any.min_net_gain,
        hysteresis=rails.any.hysteresis,
        close_call_below=rails.any.close_call_below,
        materiality=document.materiality.get(document.currency, 0.0),
        min_p_high_usage=_NEVER if usage is None else usage.min_p_nonpayment,
        min_p_first_invoice=_NEVER if first is None else first.min_p_bad,
        any_version=document.notices.count == "same_policy",
        notices_always=document.notices.send == "always",
        mode=document.mode,
        calendar=WorkingCalendar(document.calendar, zone),
        stale_after=timedelta(hours=rails.any.stale_hours),
        valid_for=timedelta(hours=rails.any.valid_hours),
    )
