"""Why a proposed action is withheld: codes, values, and when that ends."""

from decisions.actions import (
    ACTIONS,
    REMIND,
    REVIEW,
    SERVICE_REQUEST,
    SEVERITY,
    SUSPEND,
    Action,
)
from decisions.case import BudgetUse, Case
from decisions.money.inputs import Inputs
from decisions.recommendation import NoDecisionCode, PersonBecause, RaisedBy
from decisions.rules.catalogue import OWED_FROM, withheld
from decisions.rules.eligibility import Eligibility, may_rest_on_estimates
from decisions.rules.guardrails import NUMBER_RULES, is_on_suspicion, ways
from decisions.rules.ladder import LadderPosition
from decisions.rules.reason import Values, Withheld
from decisions.rules.rule import NumberRule, Paths
from decisions.steps.case_inputs import looked_at_for
from decisions.steps.choose import Choice
from decisions.steps.context import DecisionContext
from decisions.terms import Terms


def no_decision_values(code: NoDecisionCode, case: Case, terms: Terms) -> Values:
    """What the sentence about no decision quotes."""
    if code == "stale_data":
        return {"stale_hours": terms.document.guardrails.any.stale_hours}
    if code == "incomplete_data":
        return {"tables": tuple(sorted(case.facts.rejected & OWED_FROM))}
    return {}


def withheld_reasons(
    terms: Terms,
    budget_use: BudgetUse,
    seen: Eligibility,
    inputs: Inputs,
    choice: Choice,
) -> tuple[Withheld, ...]:
    """Every reason why the answer is milder than the proposal; empty when it is not."""
    wanted = max(choice.proposed, choice.greedy)
    recommended = choice.recommended
    if wanted <= recommended:
        return ()
    between = range(recommended + 1, wanted + 1)
    names = {ACTIONS[action] for action in between}
    reasons = [
        *_of_the_facts(terms, seen, inputs, names),
        *_of_the_numbers(inputs, terms, seen),
    ]
    relevant = [reason for reason in reasons if names.intersection(reason.actions)]
    if wanted != SERVICE_REQUEST:  # not what anybody was after
        relevant = [r for r in relevant if r.code != "no_service_request"]
    if _has_been_there(seen.position, wanted):  # a later rung is not waited for
        relevant = [r for r in relevant if r != seen.position.waits]
    return (*relevant, *_of_the_choice(terms, budget_use, choice))


def _has_been_there(position: LadderPosition, wanted: int) -> bool:
    """Whether the ladder's own stop was carried out, and no harsher one is wanted."""
    state, later = position.state, position.next
    if state is None or later is None or later is state:
        return False
    return SUSPEND <= wanted <= SEVERITY[state.action]


def raised_by(
    context: DecisionContext, inputs: Inputs, choice: Choice
) -> RaisedBy | None:
    """Why a new answer is harsher than the proposal; None where it is not.

    Of several reasons for a review the gravest: fraud before debt before a promise.
    """
    recommended = choice.recommended
    if recommended <= max(choice.proposed, int(inputs.in_force)):
        return None
    if choice.arm.name == "holdout":
        return "holdout"
    if recommended == REVIEW and (why := _reviewed_for(context, inputs)) is not None:
        return why
    is_sent = recommended == REMIND and inputs.is_notice_required
    return "notice_required" if is_sent else "hysteresis"


def _reviewed_for(context: DecisionContext, inputs: Inputs) -> RaisedBy | None:
    case, terms, _, seen = context
    is_first = inputs.is_first_invoice and inputs.p_bad >= terms.min_p_first_invoice
    return looked_at_for(case, seen, terms, is_first_invoice=bool(is_first))


def person_because(
    context: DecisionContext, inputs: Inputs, choice: Choice
) -> tuple[PersonBecause, ...]:
    """Why a new stop, or a request about confirmed fraud, is left to a person."""
    case, terms, action = context.case, context.terms, choice.recommended
    if action == SERVICE_REQUEST and inputs.is_proven_fraud:
        return ("confirmed_fraud",)
    if action < SUSPEND or action == inputs.in_force:
        return ()
    is_weighed = case.p_fraud is not None and not inputs.goes_by_days
    is_unlikely = inputs.p_fraud_marginal < terms.min_p_fraud_path
    is_estimated = may_rest_on_estimates(terms, context.eligibility)
    holds: dict[PersonBecause, bool] = {
        "by_days": bool(inputs.goes_by_days),
        "starter": is_estimated and bool(case.starter),
        "unproven": is_estimated and bool(case.unproven),
        "signs_without_model": bool(inputs.rests_on_signs and not is_weighed),
        "confirmed_fraud": bool(inputs.rests_on_signs and is_weighed and is_unlikely),
        "assumed_money": choice.rests_on_assumed,
        "suspicion": bool(is_on_suspicion(inputs, terms, action)),
    }
    return tuple(code for code, is_so in holds.items() if is_so)


def _of_the_facts(
    terms: Terms, seen: Eligibility, inputs: Inputs, names: set[Action]
) -> list[Withheld]:
    """Reasons of the ways this customer could go; an open way gives none."""
    mask = sum(1 << ACTIONS.index(name) for name in names)
    if not ways(inputs, terms).all & mask:
        return []
    reasons = list(seen.ordinary)
    if seen.high_usage:
        reasons += [reason for reason in seen.high_usage if reason not in reasons]
    if seen.fraud and inputs.p_fraud > inputs.p_only:
        reasons += [reason for reason in seen.fraud if reason not in reasons]
    if seen.suspicion and inputs.p_fraud > inputs.p_only:
        reasons += [reason for reason in seen.suspicion if reason not in reasons]
    return reasons


def _of_the_numbers(inputs: Inputs, terms: Terms, seen: Eligibility) -> list[Withheld]:
    """The guard-rails on numbers that hold."""
    return [
        withheld(
            rule.code, dict(zip(rule.quotes, rule.values(inputs, terms), strict=True))
        )
        for rule in NUMBER_RULES
        if _is_asked(rule, inputs, seen) and rule.holds(inputs, terms)
    ]


def _is_asked(rule: NumberRule, inputs: Inputs, seen: Eligibility) -> bool:
    """A limit of the fraud path is nobody's question where it has nothing to show."""
    if rule.paths is Paths.SUSPICION:
        return seen.suspicion is not None and inputs.p_fraud > inputs.p_only
    if rule.paths is not Paths.FRAUD:
        return True
    path = seen.fraud
    return path is not None and all(reason.code != "no_evidence" for reason in path)


def _of_the_choice(
    terms: Terms, budget_use: BudgetUse, choice: Choice
) -> list[Withheld]:
    reasons = []
    if choice.stands < choice.proposed and choice.stability is not None:
        agreed = {"stability": choice.stability, "action": ACTIONS[choice.proposed]}
        reasons.append(
            withheld("close_call", agreed, actions=_above(choice.stands, choice))
        )
    if choice.gained < choice.permitted and choice.greedy < choice.permitted:
        least = {"min_net_gain": terms.min_net_gain}
        reasons.append(
            withheld("small_gain", least, actions=_above(choice.greedy, choice))
        )
    if choice.arm.name != "greedy" and choice.arm.action < choice.greedy:
        milder = _above(choice.arm.action, choice)
        reasons.append(withheld(choice.arm.name, actions=milder))
    if choice.recommended != choice.arm.action:
        reasons.append(_of_the_budget(budget_use, choice))
    return reasons


def _above(action: int, choice: Choice) -> tuple[Action, ...]:
    return ACTIONS[action + 1 : max(choice.proposed, choice.greedy) + 1]


def _of_the_budget(budget_use: BudgetUse, choice: Choice) -> Withheld:
    if choice.arm.action == REVIEW:
        return withheld("review_queue_full")
    if budget_use.is_stopped:
        return withheld("kill_switch")
    if budget_use.alarm is not None:
        return withheld(
            "monitoring_alarm", detail=budget_use.alarm, released_by="person"
        )
    return withheld("suspension_budget")
