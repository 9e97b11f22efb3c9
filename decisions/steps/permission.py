"""What the policy permits of a proposal, and when time alone would permit it."""

from datetime import datetime

from decisions.actions import (
    ACTIONS,
    NONE,
    REMIND,
    REVIEW,
    SERVICE_REQUEST,
    SEVERITY,
    SUSPEND,
)
from decisions.case import Basis, BudgetUse
from decisions.money.inputs import Inputs
from decisions.policy.ladder import State
from decisions.policy.measures import MeasureName
from decisions.recommendation import Permission
from decisions.rules.eligibility import Reasons
from decisions.rules.evidence import counting_evidence
from decisions.rules.guardrails import is_by_fraud
from decisions.rules.measures import measures_in_force
from decisions.rules.reason import Hold, Withheld
from decisions.rules.retries import charging, retry_pending
from decisions.steps.arms import GREEDY
from decisions.steps.choose import Choice
from decisions.steps.context import DecisionContext
from decisions.steps.measure import measures_of
from decisions.steps.reasons import raised_by, withheld_reasons


def permission_of(
    context: DecisionContext, inputs: Inputs, choice: Choice, budget_use: BudgetUse
) -> Permission:
    """What is permitted, why not more, and where the customer stands in the policy."""
    _, terms, _, eligibility = context
    action, state = choice.recommended, eligibility.position.state
    in_force = action == eligibility.in_force and action != NONE
    basis = _basis(context, inputs, action, in_force=in_force)
    is_new = action >= SERVICE_REQUEST and not in_force
    withheld = withheld_reasons(terms, budget_use, eligibility, inputs, choice)
    return Permission(
        basis=basis,
        in_force=in_force,
        raised_by=raised_by(context, inputs, choice),
        withheld=withheld,
        permitted_from=permitted_from(context, inputs, choice.proposed, withheld),
        holds=eligibility.holds,
        ladder_state=None if state is None else state.state,
        restrict=() if state is None else state.restrict,
        measures=measures_of(context, inputs, choice, budget_use),
        measures_in_force=measures_in_force(context.case.facts),
        subscriptions=(
            eligibility.subscriptions if is_new and basis != "fraud" else ()
        ),
        arm=choice.arm.name,
        propensity=choice.arm.propensity,
    )


def nothing_permitted(
    holds: tuple[Hold, ...], state: State | None, measures: tuple[MeasureName, ...]
) -> Permission:
    """Where there is no decision: what is known of the customer all the same."""
    return Permission(
        basis=None,
        in_force=False,
        raised_by=None,
        withheld=(),
        permitted_from=None,
        holds=holds,
        ladder_state=None if state is None else state.state,
        restrict=(),
        measures=(),
        measures_in_force=measures,
        subscriptions=(),
        arm=GREEDY,
        propensity=1.0,
    )


def _basis(
    context: DecisionContext, inputs: Inputs, action: int, *, in_force: bool
) -> Basis | None:
    """The target on which an action stands."""
    if action == NONE:
        return None
    if in_force:
        by_fraud = context.eligibility.in_force_reason == "fraud"
    elif action == REVIEW:
        seen = context.eligibility
        is_fraud = seen.is_proven_fraud or seen.has_linked_frauds
        by_fraud = is_fraud or inputs.p_fraud > inputs.p_only
    else:
        by_fraud = is_by_fraud(inputs, context.terms, action)
    return "fraud" if by_fraud else "nonpayment"


def permitted_from(
    context: DecisionContext,
    inputs: Inputs,
    proposed: int,
    withheld: tuple[Withheld, ...],
) -> datetime | None:
    """When the proposal would be permitted if nothing but time went by.

    None where it would not, or where that is not known: a number, a draw or a budget
    does not end by itself; nor is it known what the ladder waits for behind a hold, or
    behind a notice that is still to be sent.
    """
    case, terms, _, eligibility = context
    ordinary, fraud = eligibility.ordinary, eligibility.fraud or ()
    shorter, suspicion = eligibility.high_usage or (), eligibility.suspicion or ()
    known = {*ordinary, *shorter, *fraud, *suspicion}
    # that there is no suspicion closes a path of its own, and no other
    others = [reason for reason in withheld if reason.code != "no_suspicion"]
    if not others or not known.issuperset(others):
        return None
    ends_of_paths = []
    if _is_brought_by_time(context, proposed):
        ends_of_paths.append(_end(ordinary, proposed))
    if proposed >= SUSPEND:
        if inputs.p_nonpayment >= terms.min_p_high_usage:
            ends_of_paths.append(_end(shorter, proposed))
        opens = terms.calendar.may_stop_from
        ends_of_paths = [moment and opens(moment)[0] for moment in ends_of_paths]
    ends = _end(fraud, proposed)
    if ends and inputs.p_fraud_marginal >= terms.min_p_fraud_path:
        still = counting_evidence(terms, case.facts, ends, case.learnt_p_fraud)
        ends_of_paths.append(ends if still else None)  # signs grow old, too
    return min((moment for moment in ends_of_paths if moment is not None), default=None)


def _end(way: Reasons, proposed: int) -> datetime | None:
    """When the last of a way's reasons against an action ends by itself."""
    ends = [r.permitted_from for r in way if ACTIONS[proposed] in r.actions]
    known = [moment for moment in ends if moment is not None]
    return max(known, default=None) if len(known) == len(ends) else None


def _is_brought_by_time(context: DecisionContext, proposed: int) -> bool:
    """Whether nothing but time lies between the ladder and the proposal."""
    case, terms, _, eligibility = context
    position = eligibility.position
    if proposed < SUSPEND:
        return proposed != REMIND or position.notice_opens is not None
    state, waits = position.next, position.waits
    if state is None or not position.is_told or SEVERITY[state.action] < proposed:
        return False
    opens = None if waits is None else waits.permitted_from
    charges = charging(terms, case.facts, is_held=False)
    if opens is None or charges is None or not charges.retried:
        return True
    return retry_pending(terms, charges, opens, state.state, opens) is None
