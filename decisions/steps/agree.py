"""Step 6, agree: approval by nobody, one or two people (four eyes), and by whom.

The number is one expression for one customer's numbers and a portfolio's columns.
"""

from decisions.actions import (
    ACTIONS,
    NONE,
    REVIEW,
    SERVICE_REQUEST,
    STOP_BITS,
    SUSPEND,
    Action,
)
from decisions.money.inputs import Inputs
from decisions.money.numbers import Number, most
from decisions.policy.document import PolicyDocument
from decisions.recommendation import People
from decisions.rules.guardrails import is_by_fraud, is_on_suspicion
from decisions.steps.arms import softer
from decisions.steps.choose import Choice
from decisions.steps.context import DecisionContext
from decisions.steps.reasons import person_because
from decisions.terms import Terms


def approvals_needed(inputs: Inputs, terms: Terms, action: Number) -> Number:
    """Number of people who must agree to `action`; 0 means automation may act.

    Whoever is not known to be a legal person is treated as a natural person. A review
    is work for one person by its nature. The fraud path does not wait for a second
    pair of eyes: it is reviewed right after and expires by itself. What rests on the
    model's word alone needs as many people as the policy says for suspicion.
    """
    one = inputs.person_bits >> action & 1
    is_new_by_fraud = (action != inputs.in_force) & is_by_fraud(inputs, terms, action)
    two = (action >= SUSPEND) & inputs.needs_two & (is_new_by_fraud ^ True)
    needed = one + two * (2 - one)
    if terms.suspicion_approvals == 0:
        return needed
    is_suspected = (action != inputs.in_force) & is_on_suspicion(inputs, terms, action)
    return most(needed, is_suspected * terms.suspicion_approvals)


def with_questions(inputs: Inputs, action: Number, rests_on_assumed: Number) -> Inputs:
    """With what a person must agree to besides what the policy says of the customer.

    A stop that assumed money carries; and a service request about confirmed fraud, for
    a person looks at that whatever is done.
    """
    of_fraud = inputs.is_proven_fraud & (action == SERVICE_REQUEST)
    asked = STOP_BITS * rests_on_assumed | (1 << SERVICE_REQUEST) * of_fraud
    return inputs._replace(person_bits=inputs.person_bits | asked)


def people_of(
    context: DecisionContext, inputs: Inputs, choice: Choice, *, in_force: bool
) -> People:
    """Who must agree, and who is in charge: nothing is without an owner.

    `in_force`: the action was carried out already and simply goes on.
    """
    terms, eligibility = context.terms, context.eligibility
    action, document = choice.recommended, terms.document
    state = eligibility.position.state
    needed = int(approvals_needed(inputs, terms, action))
    owner = None if action == NONE else document.review.owner
    if state is not None and action != REVIEW:
        owner = state.owner
    meanwhile = None
    if needed > 0 and not in_force:
        milder = _meanwhile(inputs, terms, choice, eligibility.in_force)
        meanwhile = ACTIONS[milder]
    return People(
        requires_person=needed > 0,
        approvals=needed,
        approver_roles=_roles(document, ACTIONS[action]) if needed > 0 else (),
        because=person_because(context, inputs, choice) if needed else (),
        meanwhile_action=meanwhile,
        owner=owner,
    )


def nobody_asked(owner: str | None) -> People:
    """Where there is no decision."""
    return People(
        requires_person=False,
        approvals=0,
        approver_roles=(),
        because=(),
        meanwhile_action=None,
        owner=owner,
    )


def _meanwhile(inputs: Inputs, terms: Terms, choice: Choice, in_force: int) -> int:
    """What automation may do until people have answered.

    The next milder action that is permitted; a stop in force goes on meanwhile.
    """
    action = choice.recommended
    while action > in_force:
        action = max(softer(action, choice.forbidden), in_force)
        if approvals_needed(inputs, terms, action) == 0:
            break
    return action


def _roles(document: PolicyDocument, action: Action) -> tuple[str, ...]:
    """Who may agree to an action; a review is its queue's own."""
    roles = document.approvals.roles
    if action == "review" and action not in roles:
        return (document.review.owner,)
    return roles.get(action, roles["default"])
