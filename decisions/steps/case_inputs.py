"""One customer's case becomes the numbers that the rules compare."""

from dataclasses import replace

from decisions.actions import SEVERITY, STOP_BITS
from decisions.case import Case
from decisions.money.exposure import Exposure, exposure, is_at_stake
from decisions.money.inputs import Inputs
from decisions.money.measures import avoided
from decisions.money.states import exclusive_states
from decisions.recommendation import RaisedBy
from decisions.rules.eligibility import Eligibility, may_rest_on_estimates
from decisions.rules.measures import has_meter, measures_in_force
from decisions.rules.scope import has_nothing_left, is_of_class
from decisions.steps.decidable import case_goes_by_days, is_poor
from decisions.terms import Terms
from features.contract import MEASURES
from features.facts import AccountFacts
from features.money import UNITS


def inputs_of(case: Case, eligibility: Eligibility, terms: Terms) -> Inputs | None:
    """One customer's numbers; None when the money is unknown."""
    facts = case.facts
    stake, by_days = exposure(terms.stake, facts), case_goes_by_days(case, terms)
    if stake is None or (is_poor(case, terms) and not by_days):
        return None
    p_fraud, p_nonpayment = case.p_fraud or 0.0, case.p_nonpayment or 0.0
    given_fraud = case.nonpayment_given_fraud
    fraud, only, good = exclusive_states(p_fraud, p_nonpayment, given_fraud)
    is_weighed = case.p_fraud is not None and not by_days
    is_likely = _is_likely(case, terms)
    is_proven = eligibility.is_proven_fraud
    is_pursued = is_proven and terms.pauses_confirmed_fraud
    is_carried = is_weighed and p_fraud >= terms.min_p_fraud_path
    rests_on_signs = is_pursued or (
        eligibility.has_signs and is_likely and not is_weighed
    )
    assumed_run_up, assumed_stoppable, assumed_clv = _assumed(terms, facts, stake)
    standing = measures_in_force(facts) if facts.measures else ()
    saved = avoided(terms.document.costs, standing)
    asks = by_days or (rests_on_signs and not is_carried)
    asks = asks or _may_rest_on_unproven(case, eligibility, terms)
    return Inputs(
        p_fraud=fraud,
        p_only=only,
        p_good=good,
        p_fraud_marginal=p_fraud,
        p_nonpayment=p_nonpayment,
        open_cost=stake.open_cost,
        run_up=stake.run_up,
        stoppable=stake.stoppable,
        clv=(facts.clv or 0) / UNITS,
        assumed_run_up=assumed_run_up,
        assumed_stoppable=assumed_stoppable,
        assumed_clv=assumed_clv,
        avoided_nonpayment=saved.nonpayment,
        avoided_fraud=saved.fraud,
        avoided_fees=saved.fees,
        ordinary_bits=eligibility.ordinary_bits,
        high_usage_bits=eligibility.high_usage_bits,
        fraud_bits=eligibility.fraud_bits,
        suspicion_bits=eligibility.suspicion_bits,
        ladder_action=eligibility.position.action,
        in_force=eligibility.in_force,
        previous=0 if case.previous is None else SEVERITY[case.previous],
        person_bits=_person_bits(terms, facts) | STOP_BITS * asks,
        measure_ways=eligibility.measure_ways,
        measures_in_force=sum(1 << MEASURES.index(name) for name in standing),
        has_meter=has_meter(facts),
        is_confirmed_fraud=eligibility.is_confirmed_fraud,
        is_first_invoice=eligibility.is_first_invoice,
        is_notice_required=_must_be_told(eligibility, terms),
        needs_two=_needs_two(terms, facts),
        goes_by_days=by_days,
        rests_on_signs=rests_on_signs,
        is_left_to_a_person=looked_at_for(case, eligibility, terms) is not None,
        is_proven_fraud=is_proven,
    )


def looked_at_for(
    case: Case,
    eligibility: Eligibility,
    terms: Terms,
    *,
    is_first_invoice: bool = False,
) -> RaisedBy | None:
    """Why a person should look whatever costs say, the gravest; None: nothing asks.

    Fraud before debt before a promise. `is_first_invoice`: whether the first invoice
    asks for it as well, which probabilities decide.
    """
    is_proven = eligibility.is_proven_fraud and not has_nothing_left(case.facts)
    is_doubted = eligibility.is_left_to_a_person and _is_likely(case, terms)
    asks: dict[RaisedBy, bool] = {
        "confirmed_fraud": is_proven,
        "left_to_a_person": is_doubted,
        "linked_frauds": eligibility.has_linked_frauds,
        "first_invoice": is_first_invoice,
        "long_promise": eligibility.promises_too_much,
        "late_dispute": eligibility.disputes_too_long,
    }
    return next((code for code, is_so in asks.items() if is_so), None)


def _is_likely(case: Case, terms: Terms) -> bool:
    """Whether the fraud path is open to the probability, or none was given."""
    return case.p_fraud is None or case.p_fraud >= terms.min_p_fraud_path


def _may_rest_on_unproven(case: Case, eligibility: Eligibility, terms: Terms) -> bool:
    is_unproven = bool(case.starter | case.unproven)
    return is_unproven and may_rest_on_estimates(terms, eligibility)


def _must_be_told(eligibility: Eligibility, terms: Terms) -> bool:
    """Whether a notice is due that goes out whatever costs say."""
    return terms.notices_always and eligibility.position.notice is not None


def _needs_two(terms: Terms, facts: AccountFacts) -> bool:
    """Whether two people must agree to a stop, for who it is or what is at stake."""
    is_of_few = is_of_class(terms.document.approvals.four_eyes_for, facts)
    return is_of_few or is_at_stake(terms.stake_at_face, facts, terms.four_eyes_over)


def _person_bits(terms: Terms, facts: AccountFacts) -> int:
    if facts.subject_kind == "legal_person":
        return terms.legal_person_bits
    return terms.natural_person_bits


def _assumed(
    terms: Terms, facts: AccountFacts, stake: Exposure
) -> tuple[float, float, float]:
    """What is assumed of run-up, of what of it can be stopped, of lifetime value."""
    if not facts.assumed:
        return 0.0, 0.0, 0.0
    run_up = stoppable = 0.0
    if "recurring_monthly" in facts.assumed:
        rest = exposure(terms.stake, replace(facts, recurring_monthly=0)) or stake
        run_up, stoppable = stake.run_up - rest.run_up, stake.stoppable - rest.stoppable
    clv = (facts.clv or 0) / UNITS if "clv" in facts.assumed else 0.0
    return run_up, stoppable, clv
