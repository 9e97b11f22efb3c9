"""One customer, from a case to a recommendation: start here, `recommend`.

In order: `rules.eligibility`, `steps.case_inputs`, `steps.choose` (which calls
`steps.decide`), then permission, approvals and what follows.
"""

from datetime import datetime

from decisions.actions import ACTIONS
from decisions.case import BudgetUse, Case
from decisions.errors import NaiveMomentError
from decisions.follow_up.answer_follow_up import follow_up_of, no_follow_up
from decisions.money.inputs import Inputs
from decisions.money.thresholds import Stake
from decisions.policy_file.load import Policy
from decisions.recommendation import (
    NoDecision,
    NoDecisionCode,
    Proposal,
    Question,
    Recommendation,
    States,
)
from decisions.rules.eligibility import Eligibility, eligibility_of
from decisions.rules.measures import measures_in_force
from decisions.steps.agree import nobody_asked, people_of, with_questions
from decisions.steps.case_inputs import inputs_of
from decisions.steps.choose import Choice, choose
from decisions.steps.context import DecisionContext
from decisions.steps.decidable import (
    case_goes_by_days,
    data_until,
    terms_by_days,
    undecidable,
)
from decisions.steps.permission import nothing_permitted, permission_of
from decisions.steps.reasons import no_decision_values
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
        return no_decision_about(
            case, policy.latest, at, budget_use, "not_in_force", None
        )
    eligibility = eligibility_of(case, terms, at)
    if code is not None:
        return no_decision_about(case, terms, at, budget_use, code, eligibility)
    inputs = inputs_of(case, eligibility, terms)
    if inputs is None:
        code = "unknown_money"
        return no_decision_about(case, terms, at, budget_use, code, eligibility)
    decides = terms_by_days(terms) if case_goes_by_days(case, terms) else terms
    choice = choose(inputs, decides, budget_use, case.facts.customer_id, at)
    return recommendation_of(case, decides, at, eligibility, inputs, choice, budget_use)


def recommendation_of(
    case: Case,
    decides: Terms,
    at: datetime,
    eligibility: Eligibility,
    inputs: Inputs,
    choice: Choice,
    budget_use: BudgetUse,
) -> Recommendation:
    """The answer about a case that is decided.

    Args:
        case: what was asked.
        decides: the terms that decided, without probabilities where days decide.
        at: moment of the decision.
        eligibility: what the facts permit.
        inputs: the numbers that were compared.
        choice: what was chosen.
        budget_use: of the budgets that customers share.
    """
    inputs = with_questions(inputs, choice.recommended, choice.rests_on_assumed)
    context = DecisionContext(case, decides, at, eligibility)
    permission = permission_of(context, inputs, choice, budget_use)
    people = people_of(context, inputs, choice, in_force=permission.in_force)
    return Recommendation(
        customer_id=case.facts.customer_id,
        at=at,
        p_fraud=case.p_fraud,
        p_nonpayment=case.p_nonpayment,
        nonpayment_given_fraud=case.nonpayment_given_fraud,
        action=ACTIONS[choice.recommended],
        no_decision=None,
        expires_at=expires_at(case, decides, at),
        question=_question(case, decides, budget_use),
        proposal=_proposal(case, inputs, choice),
        permission=permission,
        people=people,
        follow_up=follow_up_of(context, inputs, choice, permission, people),
    )


def no_decision_about(
    case: Case,
    terms: Terms,
    at: datetime,
    budget_use: BudgetUse,
    code: NoDecisionCode,
    eligibility: Eligibility | None,
) -> Recommendation:
    """No recommendation at all: nothing changes, and nothing is suspended."""
    state = None if eligibility is None else eligibility.position.state
    holds = () if eligibility is None else eligibility.holds
    return Recommendation(
        customer_id=case.facts.customer_id,
        at=at,
        p_fraud=case.p_fraud,
        p_nonpayment=case.p_nonpayment,
        nonpayment_given_fraud=case.nonpayment_given_fraud,
        action=None,
        no_decision=NoDecision(code=code, values=no_decision_values(code, case, terms)),
        expires_at=expires_at(case, terms, at),
        question=_question(case, terms, budget_use),
        proposal=None,
        permission=nothing_permitted(holds, state, measures_in_force(case.facts)),
        people=nobody_asked(None if state is None else state.owner),
        follow_up=no_follow_up(terms, case.facts, at),
    )


def _question(case: Case, terms: Terms, budget_use: BudgetUse) -> Question:
    return Question(
        policy=terms.reference,
        policy_hash=terms.hash,
        mode=terms.mode,
        currency=terms.document.currency,
        horizon_days=terms.document.horizon_days,
        n_customers=budget_use.n_customers,
        missing=_missing(case),
        assumed=case.facts.assumed,
    )


def _proposal(case: Case, inputs: Inputs, choice: Choice) -> Proposal:
    costs, open_ = choice.costs, case.facts.open
    return Proposal(
        action=ACTIONS[choice.proposed],
        states=States(inputs.p_fraud, inputs.p_only, inputs.p_good),
        stake=Stake(
            open=None if open_ is None else open_ / UNITS,
            clv=inputs.clv,
            open_cost=inputs.open_cost,
            run_up_cost=inputs.run_up,
            stoppable=inputs.stoppable,
            avoided_nonpayment=inputs.avoided_nonpayment,
            avoided_fraud=inputs.avoided_fraud,
            avoided_fees=inputs.avoided_fees,
        ),
        expected_cost=None if costs is None else dict(zip(ACTIONS, costs, strict=True)),
        stability=choice.stability,
        is_close_call=choice.stands != choice.proposed,
    )


def expires_at(case: Case, terms: Terms, at: datetime) -> datetime:
    """A recommendation never outlives the data it was made from."""
    return min(at + terms.valid_for, data_until(case) + terms.stale_after)


def _missing(case: Case) -> tuple[str, ...]:
    missing = list(case.missing)
    if case.p_fraud is None:
        missing.append("p_fraud")
    if case.p_nonpayment is None:
        missing.append("p_nonpayment")
    return tuple(dict.fromkeys(missing))
