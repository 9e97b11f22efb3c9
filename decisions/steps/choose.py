"""From numbers to an action for one customer; `portfolio` does the same in columns."""

from datetime import datetime
from typing import NamedTuple

from decisions.actions import NONE, REMIND, REVIEW, STOP_BITS, SUSPEND
from decisions.case import BudgetUse
from decisions.money.assumed import FACTORS, assumes_money, with_assumed
from decisions.money.cost import cheapest, expected_costs
from decisions.money.stability import stability
from decisions.money.typed import SEVERITY_ORDER, typed_action
from decisions.rules.guardrails import forbidden, is_by_fraud
from decisions.steps.arms import GREEDY, Arm, draw_arm, is_explorable, softer
from decisions.steps.book import has_stop_budget, is_queue_full
from decisions.steps.inputs import View
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
    recommended: int  # after the budgets customers share
    rests_on_assumed: bool  # half or twice the assumed money would change the stop


def choose(
    v: View, terms: Terms, budget_use: BudgetUse, customer_id: str, at: datetime
) -> Choice:
    """Propose, permit, and take the least-cost action that is left."""
    costs = None if terms.model is None else expected_costs(terms.model, v.x)
    proposed, stable, stands = _propose(v, terms, costs)
    order = _order(terms, costs)
    banned: int = forbidden(v, terms)
    best = least_cost(order, banned, stands)
    gained = _if_worth_it(terms, order, best)
    greedy = _settled(v, terms, order, banned, gained)
    on_assumed = _rests_on_assumed(v, terms, greedy)
    arm = _arm(v, terms, banned, greedy, customer_id, at)
    final: int = arm.action
    if (
        final >= SUSPEND
        and final > v.in_force
        and not has_stop_budget(terms, budget_use)
    ):
        final = max(REVIEW, v.in_force)  # which does not wait for a place in the queue
    elif final == REVIEW and is_queue_full(terms, budget_use):
        final = _instead_of_review(v, terms, order, banned, stands)
    return Choice(
        costs=costs,
        proposed=proposed,
        stability=stable,
        stands=stands,
        forbidden=banned,
        permitted=best,
        gained=gained,
        greedy=greedy,
        arm=arm,
        recommended=final,
        rests_on_assumed=on_assumed,
    )


def _order(terms: Terms, costs: list[float] | None) -> list[float]:
    return costs if terms.mode == "cost" and costs is not None else SEVERITY_ORDER


def _greedy(v: View, terms: Terms) -> int:
    """What the policy recommends to this customer alone."""
    costs = None if terms.model is None else expected_costs(terms.model, v.x)
    _, _, stands = _propose(v, terms, costs)
    order, banned = _order(terms, costs), forbidden(v, terms)
    best = _if_worth_it(terms, order, least_cost(order, banned, stands))
    return _settled(v, terms, order, banned, best)


def _rests_on_assumed(v: View, terms: Terms, greedy: int) -> bool:
    """Whether half or twice the assumed money would change a new stop."""
    if greedy < SUSPEND or greedy <= v.in_force or not assumes_money(v):
        return False
    return any(_greedy(with_assumed(v, f), terms) != greedy for f in FACTORS)


def _propose(
    v: View, terms: Terms, costs: list[float] | None
) -> tuple[int, float | None, int]:
    """(proposed, stability, what stands of it)."""
    found = _weighed(v, terms, costs)
    if not v.rests_on_signs:
        return found
    return max(found[0], SUSPEND), None, max(found[2], SUSPEND)


def _weighed(
    v: View, terms: Terms, costs: list[float] | None
) -> tuple[int, float | None, int]:
    """The proposal by costs, thresholds or days."""
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
    """Hysteresis, what the policy asks for whatever it costs, and what is in force."""
    before = v.previous
    is_open = before > action and not banned >> before & 1
    if is_open and _is_hardly_worse(v, terms, order, action):
        action = before
    if v.is_first_invoice and v.p_bad >= terms.min_p_first_invoice:
        action = max(action, REVIEW)
    if v.is_notice_required:
        action = max(action, REMIND)
    if v.rests_on_signs and not banned >> SUSPEND & 1:
        action = max(action, SUSPEND)
    if v.is_left_to_a_person:
        action = max(action, REVIEW)
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
    if v.in_force == NONE and not (by_fraud or v.goes_by_days):
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
