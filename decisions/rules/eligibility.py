"""What the facts alone permit, before probabilities and costs are looked at."""

from dataclasses import replace
from datetime import datetime
from functools import lru_cache
from typing import NamedTuple

from decisions.actions import PURSUIT, REMIND_BIT, SEVERITY, STEP_BITS, SUSPEND
from decisions.case import Case
from decisions.policy.retries import NoRetry
from decisions.rules.before_due import may_be_reminded_early, notice_before_due
from decisions.rules.catalogue import withheld
from decisions.rules.due import NoticeDue, Reactivation, RetryDue
from decisions.rules.evidence import counting_evidence, is_confirmed
from decisions.rules.high_usage import HighUsePath, shorter_way
from decisions.rules.holds import (
    AUTHORITY,
    access_holds,
    awaits_decision,
    money_holds,
    override_holds,
    protected_services,
    reactivation,
)
from decisions.rules.ladder import LadderPosition, stand
from decisions.rules.linked import linked_frauds
from decisions.rules.measures import measure_ways
from decisions.rules.reason import Hold, Withheld, bits_withheld
from decisions.rules.reliance import (
    doubts_of_debt,
    doubts_of_fraud,
    doubts_of_suspicion,
)
from decisions.rules.retries import Charging, charging, retry_due
from decisions.rules.scope import Targets, has_nothing_left, targets
from decisions.rules.standing import standing_holds
from decisions.rules.ways import (
    arrears_reasons,
    calendar_reasons,
    fraud_reasons,
    hold_reasons,
    ladder_reasons,
    override_reasons,
    protective_reasons,
    service_reasons,
    service_request_reasons,
    suspicion_reasons,
    timing_reasons,
)
from decisions.terms import Terms
from features.facts import AccountFacts

Reasons = tuple[Withheld, ...]
_NOWHERE = LadderPosition(None, 0, None, None)


class Eligibility(NamedTuple):
    """What one customer's facts permit at a moment.

    `ordinary`, `high_usage`, `fraud` and `suspicion` are the reasons that withhold on
    each way to a stop (None: there is no such way), and `*_bits` the actions they
    withhold. An action is permitted when one way that is open permits it.
    """

    ordinary: Reasons
    high_usage: Reasons | None
    fraud: Reasons | None
    ordinary_bits: int
    high_usage_bits: int
    fraud_bits: int
    suspicion: Reasons | None = None
    suspicion_bits: int = STEP_BITS
    position: LadderPosition = _NOWHERE
    holds: tuple[Hold, ...] = ()
    reactivation: Reactivation | None = None
    in_force: int = 0  # severity of the stop that goes on, 0 when none does
    in_force_reason: str | None = None
    is_confirmed_fraud: bool = False
    has_signs: bool = False  # a sign of fraud counts for a new stop
    is_proven_fraud: bool = False  # one that was confirmed does
    is_left_to_a_person: bool = False  # on the fraud path, for nothing but doubts
    subscriptions: tuple[str, ...] = ()
    has_linked_frauds: bool = False  # among those who share something with them
    is_first_invoice: bool = False
    promises_too_much: bool = False  # longer, or more often, than the policy grants
    disputes_too_long: bool = False  # billing, longer than the policy gives to decide
    high_usage_notice: NoticeDue | None = None  # of the shorter way, where it is due
    retry_due: RetryDue | None = None
    no_retry: NoRetry | None = None
    measure_ways: int = 0  # on which a measure is permitted: 1 arrears, 2 fraud


def _bits(reasons: Reasons | None) -> int:
    return STEP_BITS if reasons is None else bits_withheld(reasons)


def eligibility_of(case: Case, terms: Terms, at: datetime) -> Eligibility:
    """What the policy permits for this customer, whatever its probabilities."""
    if is_plain(case.facts) and not is_looked_into(
        terms, case.p_fraud, case.p_nonpayment
    ):
        return _plain(terms.document.fraud_path is not None, case.facts.overdue is None)
    return _particular(case, terms, at)


def is_looked_into(
    terms: Terms, p_fraud: float | None, p_nonpayment: float | None
) -> bool:
    """Whether a customer about whom nothing is going on may be paused or reminded."""
    early = may_be_reminded_early(terms, p_nonpayment)
    return early or is_suspected(terms, p_fraud)


def is_suspected(terms: Terms, p_fraud: float | None) -> bool:
    """Whether fraud is likely enough that the policy may pause without a sign."""
    return p_fraud is not None and p_fraud >= terms.min_p_suspicion


def is_plain(facts: AccountFacts) -> bool:
    """Owes nothing overdue, and nothing else is going on."""
    return not (
        facts.overdue
        or facts.contested
        or facts.evidence
        or facts.shared_with_frauds
        or facts.access_off
        or facts.holds
        or facts.promises
        or facts.disputes
        or facts.in_flight
        or facts.has_open_appeal
        or facts.overrides
        or facts.measures
    )


@lru_cache(maxsize=4)
def _plain(has_path: bool, unknown: bool) -> Eligibility:
    ordinary = (withheld("arrears_unknown" if unknown else "nothing_overdue"),)
    path = (withheld("no_evidence"),) if has_path else None
    return Eligibility(ordinary, None, path, STEP_BITS, STEP_BITS, STEP_BITS)


def _particular(case: Case, terms: Terms, at: datetime) -> Eligibility:
    """What is permitted to one of whom something is owed, suspected or said."""
    facts = case.facts
    held = tuple(standing_holds(terms.document, facts, at))
    standing = tuple(hold for hold, _ in held)
    covering = tuple(hold for hold, covers_fraud in held if covers_fraud)
    aim = targets(case, terms, at, (*standing, *protected_services(facts, at)))
    access = tuple(access_holds(terms, facts, at))
    doubts = tuple(doubts_of_debt(case, terms, at))
    decided = tuple(override_reasons(terms, facts, at, is_whole=not aim.subscriptions))
    pursuit = (
        *(reason for reason in (*doubts, *decided) if "remind" in reason.actions),
        *arrears_reasons(terms, facts, at, case.zone or terms.zone),
        *hold_reasons(terms, facts, aim),
    )
    charges = charging(terms, facts, is_held=aim.protection is not None)
    pursuit, position = _standing(case, terms, at, pursuit, charges)
    known = tuple(reason for reason in (*doubts, *decided) if reason not in pursuit)
    ordinary = (*_ordinary(facts, terms, at, pursuit, position, aim), *known)
    way = None if pursuit else shorter_way(case, terms, at)
    shorter = None if way is None else _shorter(facts, terms, at, position, way, aim)
    high_usage = None if shorter is None else (*shorter, *known)
    usage_notice = None if way is None else way.notice
    others = *override_holds(facts, at), *money_holds(terms.document, facts, at)
    on, reason = _in_force(facts, access)
    always = _bits(decided)  # a person's decision counts where there is no such way
    signs = _signs(case, terms, at, covering, aim)
    return Eligibility(
        ordinary=ordinary,
        high_usage=high_usage,
        fraud=signs.fraud,
        ordinary_bits=_bits(ordinary),
        high_usage_bits=_bits(high_usage)
        | REMIND_BIT * (usage_notice is None)
        | always,
        fraud_bits=_bits(signs.fraud) | REMIND_BIT | always,
        suspicion=signs.suspicion,
        suspicion_bits=_bits(signs.suspicion) | STEP_BITS & ~(1 << SUSPEND) | always,
        position=position,
        holds=(*standing, *others, *access),
        reactivation=reactivation(terms.document, access, at),
        in_force=on,
        in_force_reason=reason,
        is_confirmed_fraud=is_confirmed(facts),
        has_signs=signs.has_signs,
        is_proven_fraud=signs.is_sure,
        is_left_to_a_person=signs.is_left_to_a_person,
        subscriptions=aim.subscriptions,
        has_linked_frauds=bool(linked_frauds(terms, facts, at))
        and not has_nothing_left(facts),
        is_first_invoice=_is_first_invoice(terms, facts),
        promises_too_much=bool(facts.promised)
        and any(hold.kind == "promise" and hold.is_beyond_policy for hold in others),
        disputes_too_long=bool(facts.contested) and awaits_decision(terms, facts, at),
        high_usage_notice=usage_notice,
        retry_due=None if charges is None else retry_due(charges, at),
        no_retry=None if charges is None else charges.no_retry,
        measure_ways=measure_ways(ordinary, signs.fraud if signs.has_signs else None),
    )


def _standing(
    case: Case, terms: Terms, at: datetime, pursuit: Reasons, charges: Charging | None
) -> tuple[Reasons, LadderPosition]:
    """What keeps reminders away, and where on the ladder the customer stands."""
    early = _early(case, terms, at, pursuit)
    if early is not None:
        nothing_overdue = withheld("nothing_overdue", actions=PURSUIT)
        return (nothing_overdue,), replace(_NOWHERE, notice=early)
    return pursuit, _NOWHERE if pursuit else stand(case, terms, at, charges)


def _early(
    case: Case, terms: Terms, at: datetime, pursuit: Reasons
) -> NoticeDue | None:
    """The reminder before the due date, where nothing but that keeps reminders away."""
    if [reason.code for reason in pursuit] != ["nothing_overdue"]:
        return None
    return notice_before_due(case, terms, at)


class _Signs(NamedTuple):
    """What signs and the suspicion of fraud permit; see `Eligibility`."""

    fraud: Reasons | None
    suspicion: Reasons | None
    has_signs: bool
    is_left_to_a_person: bool
    is_sure: bool  # a sign that counts was confirmed


def _signs(
    case: Case, terms: Terms, at: datetime, covering: tuple[Hold, ...], aim: Targets
) -> _Signs:
    counting = counting_evidence(terms, case.facts, at, case.learnt_p_fraud)
    # a notice that came back, which counts by the probability, is never confirmed
    is_sure, has_signs = any(sign.is_confirmed for sign in counting), bool(counting)
    fraud, is_doubted = _of_fraud(
        case, terms, at, covering, aim, has_signs=has_signs, is_sure=is_sure
    )
    suspicion = _of_suspicion(case, terms, at, covering, aim, is_sure=is_sure)
    return _Signs(fraud, suspicion, has_signs, has_signs and is_doubted, is_sure)


def _of_fraud(
    case: Case,
    terms: Terms,
    at: datetime,
    covering: tuple[Hold, ...],
    aim: Targets,
    *,
    has_signs: bool,
    is_sure: bool,
) -> tuple[Reasons | None, bool]:
    """What withholds on the fraud path, and whether that is nothing but doubts."""
    reasons = fraud_reasons(
        terms, case.facts, covering, aim, at, has_signs=has_signs, is_sure=is_sure
    )
    if reasons is None:
        return None, False
    doubts = tuple(doubts_of_fraud(case, terms, at))
    decided = tuple(override_reasons(terms, case.facts, at, is_whole=True))
    return (*reasons, *doubts, *decided), bool(doubts) and not (reasons or decided)


def _of_suspicion(
    case: Case,
    terms: Terms,
    at: datetime,
    covering: tuple[Hold, ...],
    aim: Targets,
    *,
    is_sure: bool,
) -> Reasons | None:
    """What withholds a pause without a sign; None where there is no such way."""
    if not is_suspected(terms, case.p_fraud):
        return None
    held, others = protective_reasons(
        terms, case.facts, covering, aim, at, is_sure=is_sure
    )
    return (
        *held,
        *others,
        *suspicion_reasons(case),
        *doubts_of_suspicion(case, terms, at),
        *override_reasons(terms, case.facts, at, is_whole=True),
    )


def _shorter(
    facts: AccountFacts,
    terms: Terms,
    at: datetime,
    position: LadderPosition,
    way: HighUsePath,
    aim: Targets,
) -> Reasons:
    return (
        *way.waits,
        *service_request_reasons(terms.document, position),
        *service_reasons(terms, facts, at, aim.is_essential),
        *calendar_reasons(terms, at),
    )


def _ordinary(
    facts: AccountFacts,
    terms: Terms,
    at: datetime,
    pursuit: Reasons,
    position: LadderPosition,
    aim: Targets,
) -> Reasons:
    if pursuit:
        return (*pursuit, *service_reasons(terms, facts, at, aim.is_essential))
    return (
        *ladder_reasons(position),
        *service_request_reasons(terms.document, position),
        *service_reasons(terms, facts, at, aim.is_essential),
        *timing_reasons(terms, facts, at),
        *calendar_reasons(terms, at),
    )


def _in_force(facts: AccountFacts, access: tuple[Hold, ...]) -> tuple[int, str | None]:
    """The stop that goes on and its strongest reason: one uncured reason keeps it."""
    running = [hold for hold in access if hold.cure is None]
    if not running:
        return 0, None
    severity = max(SEVERITY.get(action.action, 0) for action in facts.access_off)
    return severity, max(running, key=lambda hold: AUTHORITY[hold.kind]).kind


def may_rest_on_estimates(terms: Terms, eligibility: Eligibility) -> bool:
    """Whether a probability may bring a stop about; days alone need none."""
    others = eligibility.high_usage, eligibility.suspicion
    is_by_other_way = eligibility.has_signs or any(way is not None for way in others)
    is_asked = terms.guardrails.suspend.min_p_bad > 0
    return terms.mode != "timeline" or is_by_other_way or is_asked


def _is_first_invoice(terms: Terms, facts: AccountFacts) -> bool:
    rule = terms.document.first_invoice
    return (
        rule is not None
        and facts.n_invoices_paid == 0
        and (facts.actionable or 0) > 0
        and (facts.days_overdue or 0) >= rule.days_overdue
    )
