"""From numbers to an action for one customer; `portfolio` does the same in columns."""

from datetime import datetime
from typing import NamedTuple

from decisions.actions import NONE, REMIND, REVIEW, SUSPEND
from decisions.arms import GREEDY, Arm, draw_arm, is_explorable, softer
from decisions.budget import has_stop_budget, is_queue_full
from decisions.case import BookState
from decisions.circumstances import STOP_BITS
from decisions.cost import cheapest, expected_costs
from decisions.guardrails import forbidden, is_by_fraud
from decisions.stability import stability
from decisions.terms import Terms
from decisions.typed import SEVERITY_ORDER, typed_action
from decisions.view import View


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
    recommended: int  # after budgets and queues of the book


def choose(
    v: View, terms: Terms, book: BookState, customer_id: str, at: datetime
) -> Choice:
    """Propose, permit, and take the least-cost action that is left."""
    costs = None if terms.model is None else expected_costs(terms.model, v.x)
    proposed, stable, stands = _propose(v, terms, costs)
    order = costs if terms.mode == "cost" and costs is not None else SEVERITY_ORDER
    banned: int = forbidden(v, terms)
    best = least_cost(order, banned, stands)
    gained = _if_worth_it(terms, order, best)
    greedy = _settled(v, terms, order, banned, gained)
    arm = _arm(v, terms, banned, greedy, customer_id, at)
    final: int = arm.action
    if final >= SUSPEND and final > v.in_force and not has_stop_budget(terms, book):
        final = max(REVIEW, v.in_force)  # which does not wait for a place in the queue
    elif final == REVIEW and is_queue_full(terms, book):
        final = _instead_of_review(v, terms, order, banned, stands)
    return Choice(
        costs, proposed, stable, stands, banned, best, gained, greedy, arm, final
    )


def _propose(
    v: View, terms: Terms, costs: list[float] | None
) -> tuple[int, float | None, int]:
    """(proposed, stability, what stands of it)."""
    if terms.mode == "timeline":
        return v.ladder_action, None, v.ladder_action
    if terms.mode == "thresholds" or costs is None or terms.model is None:
        action = typed_action(terms, v)
        return action, None, action
    proposed = cheapest(costs)
    if proposed == NONE or terms.model.draws is None:
        return proposed, None, proposed
    share, stands = stability(terms.model.draws, v.x, proposed, terms.close_call_below)
    return proposed, share, stands


def least_cost(order: list[float], banned: int, limit: int) -> int:
    """The cheapest permitted action not harsher than `limit`; ties to the milder."""
    best = NONE
    for action in range(1, limit + 1):
        if not banned >> action & 1 and order[action] < order[best]:
            best = action
    return best


def _if_worth_it(terms: Terms, order: list[float], action: int) -> int:
    """The action, or nothing where it gains too little over doing nothing."""
    too_little = order[NONE] - order[action] < terms.min_net_gain
    return NONE if terms.mode == "cost" and too_little else action


def _settled(
    v: View, terms: Terms, order: list[float], banned: int, action: int
) -> int:
    """Hysteresis, the first-invoice rule, required notices, and what is in force."""
    before = v.previous
    is_open = before > action and not banned >> before & 1
    if is_open and _is_hardly_worse(v, terms, order, action):
        action = before
    if v.is_first_invoice and v.p_bad >= terms.min_p_first_invoice:
        action = max(action, REVIEW)
    if v.is_notice_required:
        action = max(action, REMIND)
    settled: int = max(action, v.in_force)
    return settled


def _is_hardly_worse(v: View, terms: Terms, order: list[float], action: int) -> bool:
    """Whether yesterday's harsher action is as good but for a small share."""
    if terms.mode == "cost":
        limit = order[action] + terms.hysteresis * abs(order[action])
        return bool(order[v.previous] <= limit)
    is_typed = terms.mode == "thresholds" and terms.hysteresis > 0.0
    return is_typed and bool(v.previous <= typed_action(terms, v, terms.hysteresis))


def _arm(
    v: View, terms: Terms, banned: int, greedy: int, customer_id: str, at: datetime
) -> Arm:
    by_fraud = bool(v.is_confirmed_fraud or is_by_fraud(v, terms, greedy))
    soft = plain = None
    if v.in_force == NONE and not by_fraud:
        if is_explorable(terms, greedy, v.exposure, by_fraud):
            soft = softer(greedy, banned)
        if terms.document.holdout.share > 0.0:
            plain = least_cost(SEVERITY_ORDER, v.ordinary_bits, v.ladder_action)
    if soft is None and plain is None:
        return Arm(GREEDY, greedy, 1.0)
    return draw_arm(terms, customer_id, at, greedy, soft, plain)


def _instead_of_review(
    v: View, terms: Terms, order: list[float], banned: int, stands: int
) -> int:
    """The next best where the queue is full; a full queue takes no access away."""
    best = least_cost(order, banned | 1 << REVIEW | STOP_BITS, stands)
    action = _if_worth_it(terms, order, best)
    return max(action, REMIND) if v.is_notice_required else action
