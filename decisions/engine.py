"""One customer: from a case to a recommendation."""

from datetime import datetime

from decisions.actions import ACTIONS, NONE, REVIEW, STOP_BITS, SUSPEND, Action
from decisions.case import BudgetUse, Case
from decisions.errors import NaiveMomentError
from decisions.follow_up.answer_follow_up import aftermath, appeal_due, retain_until
from decisions.follow_up.provider import provider_effects
from decisions.inputs import Inputs
from decisions.money.thresholds import Stake
from decisions.policy.document import PolicyDocument
from decisions.policy_file.load import Policy
from decisions.recommendation import Fields, Recommendation, States
from decisions.rules.eligibility import Eligibility, eligibility_of
from decisions.rules.permission import permitted_from
from decisions.rules.reasons import (
    no_decision_sentence,
    person_because,
    raised_by,
    withheld_reasons,
)
from decisions.steps.agree import approvals_needed
from decisions.steps.by_days import case_goes_by_days, terms_by_days
from decisions.steps.choose import choose
from decisions.steps.decided import Decided, decided
from decisions.steps.inputs import data_until, inputs_of, undecidable
from decisions.terms import Terms
from features.money import UNITS

NOTHING_USED = BudgetUse()


def recommend(
    case: Case, policy: Policy, at: datetime, budget_use: BudgetUse = NOTHING_USED
) -> Recommendation:
    """What to do about one customer at `at`, and why not more.

    Args:
        case: probabilities and account facts of the customer.
        policy: the policy file; its terms in force at `at` decide.
        at: aware UTC moment of the decision; nothing here reads a clock.
        budget_use: stops and review slots used so far.

    Raises:
        NaiveMomentError: if `at` has no timezone.
    """
    if at.tzinfo is None:
        raise NaiveMomentError("at")
    terms = policy.in_force(at)
    code = undecidable(case, terms, at)
    if terms is None:
        return _no_decision(case, policy.latest, at, "not_in_force", None)
    seen = eligibility_of(case, terms, at)
    if code is not None:
        return _no_decision(case, terms, at, code, seen)
    inputs = inputs_of(case, seen, terms)
    if inputs is None:
        return _no_decision(case, terms, at, "unknown_money", seen)
    decides = terms_by_days(terms) if case_goes_by_days(case, terms) else terms
    choice = choose(inputs, decides, budget_use, case.facts.customer_id, at)
    if choice.rests_on_assumed:
        inputs = inputs._replace(person_bits=inputs.person_bits | STOP_BITS)
    return _answer(decided(case, decides, at, seen, inputs, choice), budget_use)


def _answer(d: Decided, budget_use: BudgetUse) -> Recommendation:
    return Recommendation(
        **_question(d.case, d.terms, d.at, ACTIONS[d.action]),
        **_proposal(d),
        **_restraint(d, budget_use),
        **_people(d),
        **_place(d),
        **aftermath(d),
    )


def _no_decision(
    case: Case, terms: Terms, at: datetime, code: str, seen: Eligibility | None
) -> Recommendation:
    """No recommendation at all: nothing changes, and nothing is suspended."""
    state = None if seen is None else seen.position.state
    return Recommendation(
        **_question(case, terms, at, "none"),
        code=code,
        sentence=no_decision_sentence(code, terms),
        holds=() if seen is None else seen.holds,
        state=None if state is None else state.state,
        owner=None if state is None else state.owner,
    )


def _question(case: Case, terms: Terms, at: datetime, action: Action) -> Fields:
    """What was asked, by which policy, and how long the answer is good for and kept."""
    return {
        "customer_id": case.facts.customer_id,
        "at": at,
        "policy": terms.reference,
        "policy_hash": terms.hash,
        "mode": terms.mode,
        "currency": terms.document.currency,
        "horizon_days": terms.document.horizon_days,
        "p_fraud": case.p_fraud,
        "p_nonpayment": case.p_nonpayment,
        "expires_at": expires_at(case, terms, at),
        "missing": _missing(case),
        "assumed": case.facts.assumed,
        "appeal": appeal_due(terms, case.facts),
        "retain_until": retain_until(terms, at, action),
    }


def _proposal(d: Decided) -> Fields:
    """What money and probabilities say."""
    inputs, choice = d.inputs, d.choice
    costs = choice.costs
    return {
        "proposed_action": ACTIONS[choice.proposed],
        "recommended_action": ACTIONS[choice.recommended],
        "raised_by": raised_by(d.terms, inputs, choice),
        "basis": d.basis,
        "states": States(inputs.p_fraud, inputs.p_only, inputs.p_good),
        "stake": _stake(d.case, inputs),
        "expected_cost": costs and dict(zip(ACTIONS, costs, strict=True)),
        "stability": choice.stability,
        "is_close_call": choice.stands != choice.proposed,
        "arm": choice.arm.name,
        "propensity": choice.arm.propensity,
        "_model": d.terms.model,
        "_rho": d.case.nonpayment_given_fraud,
    }


def _restraint(d: Decided, budget_use: BudgetUse) -> Fields:
    """Why not more, and from when on."""
    withheld = withheld_reasons(d.terms, budget_use, d.seen, d.inputs, d.choice)
    return {
        "withheld": withheld,
        "permitted_from": permitted_from(d, withheld),
    }


def _people(d: Decided) -> Fields:
    """Who must agree, and who is in charge: nothing is without an owner."""
    needed = approvals_needed(d.inputs, d.terms, d.action)
    state, team = d.seen.position.state, d.document.review.owner
    owner = None if d.action == NONE else team
    if state is not None and d.action != REVIEW:
        owner = state.owner
    waits = needed > 0 and not d.goes_on
    return {
        "requires_person": needed > 0,
        "person_because": person_because(d) if needed > 0 else (),
        "approvals": needed,
        "approver_roles": _roles(d.document, ACTIONS[d.action]) if needed else (),
        "meanwhile_action": ACTIONS[d.meanwhile] if waits else None,
        "owner": owner,
    }


def _roles(document: PolicyDocument, action: Action) -> tuple[str, ...]:
    """Who may agree to an action; a review is its queue's own."""
    roles = document.approvals.roles
    if action == "review" and action not in roles:
        return (document.review.owner,)
    return roles.get(action, roles["default"])


def _place(d: Decided) -> Fields:
    """Where the customer stands in the policy, and what a stop would touch."""
    seen, state = d.seen, d.seen.position.state
    unpaid = d.is_new_stop and d.basis != "fraud"
    stops = max(d.action, d.choice.proposed) >= SUSPEND
    touched = seen.subscriptions
    # a stop that waits for people gives access back meanwhile, another does not
    waits = approvals_needed(d.inputs, d.terms, d.action) > 0
    is_stopped_anew = d.is_new_stop and not waits
    return {
        "holds": seen.holds,
        "state": None if state is None else state.state,
        "restrict": () if state is None else state.restrict,
        "subscriptions": touched if unpaid else (),
        "in_force": d.goes_on,
        "reactivation": None if is_stopped_anew else seen.reactivation,
        "provider": provider_effects(d.terms, d.case.facts, touched, d.at)
        if stops
        else (),
    }


def expires_at(case: Case, terms: Terms, at: datetime) -> datetime:
    """A recommendation never outlives the data it was made from."""
    return min(at + terms.valid_for, data_until(case) + terms.stale_after)


def _stake(case: Case, inputs: Inputs) -> Stake:
    facts = case.facts
    return Stake(
        open=None if facts.open is None else facts.open / UNITS,
        clv=inputs.clv,
        open_cost=inputs.open_cost,
        run_up_cost=inputs.run_up,
        stoppable=inputs.stoppable,
    )


def _missing(case: Case) -> tuple[str, ...]:
    found = list(case.missing)
    if case.p_fraud is None:
        found.append("p_fraud")
    if case.p_nonpayment is None:
        found.append("p_nonpayment")
    return tuple(dict.fromkeys(found))
