"""Why a proposed action is withheld: codes, sentences, and when that ends."""

from decisions.actions import (
    ACTIONS,
    REMIND,
    REVIEW,
    SERVICE_REQUEST,
    Action,
)
from decisions.case import BudgetUse, Case
from decisions.inputs import Inputs
from decisions.recommendation import PersonBecause, RaisedBy, Withheld
from decisions.rules.catalogue import withheld
from decisions.rules.eligibility import Eligibility
from decisions.rules.guardrails import NUMBER_RULES, ways
from decisions.rules.rule import NumberRule, Paths
from decisions.steps.choose import Choice
from decisions.terms import Terms

_NO_DECISION = {
    "not_in_force": "The policy is not in force at this moment.",
    "out_of_scope": "The policy does not speak of this customer.",
    "no_probability": "There is no probability to decide on.",
    "incomplete_data": "Rows about this customer's money could not be read.",
    "unknown_money": "What is at stake in money is unknown.",
    "stale_data": "The data are older than the policy accepts.",
}


def no_decision_sentence(code: str, terms: Terms) -> str:
    """Why there is no decision, in one sentence."""
    text = _NO_DECISION[code]
    if code == "stale_data":
        hours = terms.document.guardrails.any.stale_hours
        return f"{text[:-1]} ({hours:g} hours). Load newer data and ask again."
    return text


def withheld_reasons(
    terms: Terms,
    budget_use: BudgetUse,
    seen: Eligibility,
    inputs: Inputs,
    choice: Choice,
) -> tuple[Withheld, ...]:
    """Every reason why the answer is milder than the proposal; empty when it is not."""
    wanted = max(choice.proposed, choice.greedy)
    given = choice.recommended
    if wanted <= given:
        return ()
    between = range(given + 1, wanted + 1)
    names = {ACTIONS[action] for action in between}
    found = [
        *_of_the_facts(terms, seen, inputs, names),
        *_of_the_numbers(inputs, terms, seen),
    ]
    relevant = [reason for reason in found if names.intersection(reason.actions)]
    if wanted != SERVICE_REQUEST:  # not what anybody was after
        relevant = [r for r in relevant if r.code != "no_service_request"]
    return (*relevant, *_of_the_choice(terms, budget_use, choice))


def raised_by(terms: Terms, inputs: Inputs, choice: Choice) -> RaisedBy | None:
    """Why a new answer is harsher than the proposal; None where it is not."""
    given = choice.recommended
    if given <= max(choice.proposed, int(inputs.in_force)):
        return None
    if choice.arm.name == "holdout":
        return "holdout"
    is_looked_at = inputs.is_first_invoice and inputs.p_bad >= terms.min_p_first_invoice
    if given == REVIEW and is_looked_at:
        return "first_invoice"
    if given == REVIEW and inputs.is_left_to_a_person:
        return "left_to_a_person"
    is_sent = given == REMIND and inputs.is_notice_required
    return "notice_required" if is_sent else "hysteresis"


def person_because(
    case: Case, inputs: Inputs, choice: Choice
) -> tuple[PersonBecause, ...]:
    """Why what is not known leaves a new stop to a person."""
    holds: dict[PersonBecause, bool] = {
        "by_days": bool(inputs.goes_by_days),
        "starter": bool(case.starter),
        "signs_without_model": bool(inputs.rests_on_signs),
        "assumed_money": choice.rests_on_assumed,
    }
    return tuple(code for code, is_so in holds.items() if is_so)


def _of_the_facts(
    terms: Terms, seen: Eligibility, inputs: Inputs, names: set[Action]
) -> list[Withheld]:
    """Reasons of the ways this customer could go; an open way gives none."""
    ordinary, high_usage, fraud = ways(inputs, terms)
    mask = sum(1 << ACTIONS.index(name) for name in names)
    if not ordinary & high_usage & fraud & mask:
        return []
    found = list(seen.ordinary)
    if seen.high_usage:
        found += [reason for reason in seen.high_usage if reason not in found]
    if seen.fraud and inputs.p_fraud > inputs.p_only:
        found += [reason for reason in seen.fraud if reason not in found]
    return found


def _of_the_numbers(inputs: Inputs, terms: Terms, seen: Eligibility) -> list[Withheld]:
    """The guard-rails on numbers that hold."""
    return [
        withheld(rule.code, rule.text.format(**rule.quotes(inputs, terms)))
        for rule in NUMBER_RULES
        if _is_asked(rule, seen) and rule.holds(inputs, terms)
    ]


def _is_asked(rule: NumberRule, seen: Eligibility) -> bool:
    """A limit of the fraud path is nobody's question where it has nothing to show."""
    if rule.paths is not Paths.FRAUD:
        return True
    path = seen.fraud
    return path is not None and all(reason.code != "no_evidence" for reason in path)


def _of_the_choice(
    terms: Terms, budget_use: BudgetUse, choice: Choice
) -> list[Withheld]:
    found = []
    if choice.stands < choice.proposed and choice.stability is not None:
        text = (
            f"Close call: only {choice.stability:.0%} of the draws of uncertain costs "
            f"agree on {ACTIONS[choice.proposed]}; the milder action wins."
        )
        found.append(
            withheld("close_call", text, actions=_above(choice.stands, choice))
        )
    if choice.gained < choice.permitted and choice.greedy < choice.permitted:
        text = f"Acting would gain less than {terms.min_net_gain:.2f}."
        found.append(
            withheld("small_gain", text, actions=_above(choice.greedy, choice))
        )
    if choice.arm.name != "greedy" and choice.arm.action < choice.greedy:
        text = "Drawn into the randomised softer share, so that we keep learning."
        if choice.arm.name == "holdout":
            text = "In the holdout that is treated by the plain ladder."
        found.append(
            withheld(choice.arm.name, text, actions=_above(choice.arm.action, choice))
        )
    if choice.recommended != choice.arm.action:
        found.append(_of_the_budget(budget_use, choice))
    return found


def _above(action: int, choice: Choice) -> tuple[Action, ...]:
    return ACTIONS[action + 1 : max(choice.proposed, choice.greedy) + 1]


def _of_the_budget(budget_use: BudgetUse, choice: Choice) -> Withheld:
    if choice.arm.action == REVIEW:
        text = "Today's review queue is full."
        return withheld("review_queue_full", text)
    if budget_use.is_stopped:
        text = "All stops are switched off; a person looks instead."
        return withheld("kill_switch", text)
    text = "The suspension budget is used up; a person looks instead."
    return withheld("suspension_budget", text)
