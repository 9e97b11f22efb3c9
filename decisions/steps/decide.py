"""Propose, permit, settle: from numbers to what the policy recommends to one alone.

Each step is written once and serves one customer's numbers and a portfolio's columns.
What depends on others (budgets, the review queue) comes after: for one customer in
`decisions.steps.choose`, for a whole run in `decisions.steps.portfolio`.
"""

from collections.abc import Sequence
from functools import partial
from math import nan
from typing import NamedTuple

from decisions.actions import (
    NONE,
    REMIND,
    REVIEW,
    REVIEW_BIT,
    STOP_BITS,
    SUSPEND,
    bits_of,
)
from decisions.inputs import Inputs
from decisions.money.assumed import FACTORS, assumes_money, with_assumed
from decisions.money.cost import cheapest, expected_costs
from decisions.money.numbers import Number, at, is_any, most, pick, where_asked
from decisions.money.stability import stability
from decisions.money.typed import SEVERITY_ORDER, typed_action
from decisions.rules.guardrails import forbidden, is_by_fraud
from decisions.terms import Terms

Costs = Sequence[Number]


class Steps(NamedTuple):
    """The way from the proposal to what is recommended to each customer alone.

    Actions are indices of `ACTIONS`. `order` is what the least of is taken of: costs,
    or severity where costs do not decide. `stability` is NaN where it was not asked.
    """

    order: Costs
    proposed: Number
    stability: Number
    stands: Number  # after a close call gave way to the milder action
    forbidden: Number
    permitted: Number  # the least-cost permitted action up to there
    gained: Number  # after the net gain was asked for
    greedy: Number


def decide(inputs: Inputs, terms: Terms, costs: Costs | None) -> Steps:
    """All steps for one customer, or for columns; `costs` None: the policy has none."""
    order = _order(inputs, terms, costs)
    proposed, share, stands = _propose(inputs, terms, costs)
    banned = forbidden(inputs, terms)
    permitted = cheapest(order, banned, stands)
    gained = _if_worth_it(inputs, terms, order, permitted)
    greedy = _settled(inputs, terms, order, banned, gained)
    return Steps(order, proposed, share, stands, banned, permitted, gained, greedy)


def costs_of(inputs: Inputs, terms: Terms) -> Costs | None:
    """Expected cost per action; None in a policy without costs."""
    return None if terms.model is None else expected_costs(terms.model, inputs.x)


def _order(inputs: Inputs, terms: Terms, costs: Costs | None) -> Costs:
    if terms.mode != "cost" or costs is None:
        return SEVERITY_ORDER
    if not is_any(inputs.goes_by_days):
        return costs
    return [
        pick(inputs.goes_by_days, rank, cost)
        for rank, cost in zip(SEVERITY_ORDER, costs, strict=True)
    ]


def _propose(
    inputs: Inputs, terms: Terms, costs: Costs | None
) -> tuple[Number, Number, Number]:
    """(proposed, stability, what stands of it).

    Signs of fraud that no model weighs propose a suspension.
    """
    proposed, share, stands = _weighed(inputs, terms, costs)
    signs = inputs.rests_on_signs
    if not is_any(signs):
        return proposed, share, stands
    return (
        pick(signs, most(proposed, SUSPEND), proposed),
        pick(signs, nan, share),
        pick(signs, most(stands, SUSPEND), stands),
    )


def _weighed(
    inputs: Inputs, terms: Terms, costs: Costs | None
) -> tuple[Number, Number, Number]:
    """The proposal by costs, thresholds or days."""
    by_days, ladder = inputs.goes_by_days, inputs.ladder_action
    if terms.mode == "timeline":
        return ladder, nan, ladder
    if terms.mode == "thresholds" or costs is None or terms.model is None:
        action = pick(by_days, ladder, _typed(inputs, terms))
        return action, nan, action
    proposed = pick(by_days, ladder, cheapest(costs))
    if terms.model.draws is None:
        return proposed, nan, proposed
    asked = (proposed > NONE) & (by_days ^ True)
    if not is_any(asked):
        return proposed, nan, proposed
    weigh = partial(_close_call, terms)
    share, stands = where_asked(asked, weigh, inputs, proposed, (nan, proposed))
    return proposed, share, stands


def _close_call(
    terms: Terms, inputs: Inputs, proposed: Number
) -> tuple[Number, Number]:
    draws = None if terms.model is None else terms.model.draws
    assert draws is not None, "only a policy with uncertain costs is asked"  # noqa: S101
    return stability(draws, inputs.x, proposed, terms.close_call_below)


def _typed(inputs: Inputs, terms: Terms, slack: float = 0.0) -> Number:
    return typed_action(
        terms.typed,
        inputs.exposure,
        inputs.clv,
        inputs.p_nonpayment,
        inputs.p_fraud_marginal,
        slack,
    )


def _if_worth_it(inputs: Inputs, terms: Terms, order: Costs, action: Number) -> Number:
    """The action, or nothing where it gains too little over doing nothing."""
    if terms.mode != "cost":
        return action
    is_little = order[NONE] - at(order, action) < terms.min_net_gain
    return pick(is_little & (inputs.goes_by_days ^ True), NONE, action)


def _settled(
    inputs: Inputs, terms: Terms, order: Costs, banned: Number, action: Number
) -> Number:
    """Hysteresis, what the policy asks for whatever it costs, and what is in force."""
    before = inputs.previous
    is_open = before > action
    if is_any(is_open):
        is_open = is_open & (banned >> before & 1 == 0) & (inputs.goes_by_days ^ True)
        stays = is_open & _is_hardly_worse(inputs, terms, order, action)
        action = pick(stays, before, action)
    if is_any(inputs.is_first_invoice):
        is_likely = inputs.p_bad >= terms.min_p_first_invoice
        action = _at_least(REVIEW, inputs.is_first_invoice & is_likely, action)
    action = _at_least(REMIND, inputs.is_notice_required, action)
    if is_any(inputs.rests_on_signs):
        may_pause = inputs.rests_on_signs & (banned >> SUSPEND & 1 == 0)
        action = _at_least(SUSPEND, may_pause, action)
    action = _at_least(REVIEW, inputs.is_left_to_a_person, action)
    return most(action, inputs.in_force)


def _at_least(floor: int, condition: Number, action: Number) -> Number:
    if not is_any(condition):
        return action
    return pick(condition, most(action, floor), action)


def _is_hardly_worse(
    inputs: Inputs, terms: Terms, order: Costs, action: Number
) -> Number:
    """Whether yesterday's harsher action is as good but for a small share."""
    if terms.mode == "cost":
        now = at(order, action)
        return at(order, inputs.previous) <= now + terms.hysteresis * abs(now)
    if terms.mode == "thresholds" and terms.hysteresis > 0.0:
        return inputs.previous <= _typed(inputs, terms, terms.hysteresis)
    return inputs.previous < NONE  # never


def rests_on_assumed(inputs: Inputs, terms: Terms, greedy: Number) -> Number:
    """Whether half or twice the assumed money would change a new stop."""
    is_new_stop = (greedy >= SUSPEND) & (greedy > inputs.in_force)
    if not is_any(is_new_stop):
        return is_new_stop
    asked = is_new_stop & assumes_money(inputs)
    [moves] = where_asked(asked, partial(_moves, terms), inputs, greedy, (False,))
    return moves


def _moves(terms: Terms, inputs: Inputs, greedy: Number) -> tuple[Number]:
    moved: Number = greedy < NONE  # never
    for factor in FACTORS:
        other = with_assumed(inputs, factor)
        again = decide(other, terms, costs_of(other, terms)).greedy
        moved = moved | (again != greedy)
    return (moved,)


def may_be_drawn(inputs: Inputs, terms: Terms, greedy: Number) -> tuple[Number, Number]:
    """(whether one step softer may be explored, whether the holdout is open)."""
    by_fraud = inputs.is_confirmed_fraud | is_by_fraud(inputs, terms, greedy)
    is_closed = by_fraud | inputs.goes_by_days | (inputs.in_force > NONE)
    explore, holdout = terms.document.exploration, terms.document.holdout
    is_open = is_closed ^ True
    is_explorable = (
        is_open
        & (bits_of(explore.scope) >> greedy & 1 == 1)
        & (inputs.exposure <= explore.max_exposure)
        & (explore.share > 0.0)
    )
    return is_explorable, is_open & (holdout.share > 0.0)


def plain_action(inputs: Inputs) -> Number:
    """What the ladder alone would do, which is what the holdout gets."""
    return cheapest(SEVERITY_ORDER, inputs.ordinary_bits, inputs.ladder_action)


def instead_of_stop(inputs: Inputs) -> Number:
    """A stop beyond the budget is a review, which does not wait for a place."""
    return most(REVIEW, inputs.in_force)


def instead_of_review(inputs: Inputs, terms: Terms, steps: Steps) -> Number:
    """The next best where the queue is full; a full queue takes no access away."""
    banned = steps.forbidden | REVIEW_BIT | STOP_BITS
    best = cheapest(steps.order, banned, steps.stands)
    action = _if_worth_it(inputs, terms, steps.order, best)
    return _at_least(REMIND, inputs.is_notice_required, action)
