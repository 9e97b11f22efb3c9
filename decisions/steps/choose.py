"""One customer, called by the engine: `decide`, then arms, budgets and review queue."""

from collections.abc import Sequence
from datetime import datetime
from math import isnan
from typing import NamedTuple

from decisions.actions import REVIEW, SUSPEND
from decisions.case import BudgetUse
from decisions.money.inputs import Inputs
from decisions.steps.arms import GREEDY, Arm, draw_arm, has_arms, softer
from decisions.steps.decide import (
    Steps,
    costs_of,
    decide,
    instead_of_review,
    instead_of_stop,
    may_be_drawn,
    plain_action,
    rests_on_assumed,
)
from decisions.steps.reserve import has_stop_budget, is_queue_full
from decisions.terms import Terms


class Choice(NamedTuple):
    """The way from the proposal to the recommendation, as indices of `ACTIONS`."""

    costs: list[float] | None  # expected cost per action, where the policy has costs
    proposed: int
    stability: float | None
    stands: int  # after a close call gave way to the milder action
    forbidden: int
    permitted: int  # the least-cost permitted action up to there
    gained: int  # after the net gain was asked for
    greedy: int  # what the policy recommends to this customer alone
    arm: Arm
    recommended: int  # after budgets and queues that customers share
    rests_on_assumed: bool  # half or twice the assumed money would change the stop


def choose(
    inputs: Inputs, terms: Terms, budget_use: BudgetUse, customer_id: str, at: datetime
) -> Choice:
    """Propose, permit, and take the least-cost action that is left."""
    costs = costs_of(inputs, terms)
    steps = decide(inputs, terms, costs)
    arm = _arm(inputs, terms, steps.greedy, steps.forbidden, customer_id, at)
    asks = rests_on_assumed(inputs, terms, steps.greedy)
    return within_budgets(inputs, terms, budget_use, costs, steps, arm, asks=asks)


def within_budgets(
    inputs: Inputs,
    terms: Terms,
    budget_use: BudgetUse,
    costs: Sequence[float] | None,
    steps: Steps,
    arm: Arm,
    *,
    asks: bool,
) -> Choice:
    """The choice of one customer whose steps are decided, as far as budgets go.

    Args:
        inputs: numbers of the customer.
        terms: they decide.
        budget_use: of the budgets that customers share.
        costs: expected cost per action, None where the policy has none.
        steps: of `decide`, for this customer.
        arm: that was drawn.
        asks: whether assumed money carries a new stop.
    """
    final: int = arm.action
    is_new_stop = final >= SUSPEND and final > inputs.in_force
    # confirmed fraud is rare, and a person must see it: it waits for no place
    waits = final == REVIEW and not inputs.is_proven_fraud
    if is_new_stop and not has_stop_budget(terms, budget_use):
        final = instead_of_stop(inputs)
    elif waits and is_queue_full(terms, budget_use):
        final = instead_of_review(inputs, terms, steps)
    return Choice(
        costs=None if costs is None else list(costs),
        proposed=steps.proposed,
        stability=None if isnan(steps.stability) else steps.stability,
        stands=steps.stands,
        forbidden=steps.forbidden,
        permitted=steps.permitted,
        gained=steps.gained,
        greedy=steps.greedy,
        arm=arm,
        recommended=final,
        rests_on_assumed=asks,
    )


def _arm(
    inputs: Inputs,
    terms: Terms,
    greedy: int,
    banned: int,
    customer_id: str,
    at: datetime,
) -> Arm:
    if not has_arms(terms):
        return Arm(GREEDY, greedy, 1.0)
    is_explorable, may_be_held_out = may_be_drawn(inputs, terms, greedy)
    soft = softer(greedy, banned) if is_explorable else None
    plain = plain_action(inputs) if may_be_held_out else None
    if soft is None and plain is None:
        return Arm(GREEDY, greedy, 1.0)
    return draw_arm(terms, customer_id, at, greedy, soft, plain)
