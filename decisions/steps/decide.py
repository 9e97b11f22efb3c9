"""Steps 2 to 4: propose, permit, settle; called by `choose` and `choose_columns`.

Each step is a module of its own (`propose`, `permit`, `settle`), written once for one
customer's numbers and for a portfolio's columns. What depends on others
(budgets, the review queue) comes after: for one customer in `decisions.steps.choose`,
for a whole run in `decisions.steps.choose_columns`.
"""

from functools import partial
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
from decisions.money.assumed import FACTORS, assumes_money, with_assumed
from decisions.money.cost import cheapest, expected_costs
from decisions.money.inputs import Inputs
from decisions.money.numbers import Number, is_any, most, where_asked
from decisions.money.typed import SEVERITY_ORDER
from decisions.rules.guardrails import is_by_fraud
from decisions.steps.permit import permit
from decisions.steps.propose import Costs, order_of, propose
from decisions.steps.settle import at_least, if_worth_it, settle
from decisions.terms import Terms


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
    order = order_of(inputs, terms, costs)
    proposed, share, stands = propose(inputs, terms, costs)
    banned, permitted = permit(inputs, terms, order, stands)
    gained = if_worth_it(inputs, terms, order, permitted)
    greedy = settle(inputs, terms, order, banned, gained)
    return Steps(order, proposed, share, stands, banned, permitted, gained, greedy)


def costs_of(inputs: Inputs, terms: Terms) -> Costs | None:
    """Expected cost per action; None in a policy without costs."""
    return None if terms.model is None else expected_costs(terms.model, inputs.x)


def rests_on_assumed(inputs: Inputs, terms: Terms, greedy: Number) -> Number:
    """Whether half or twice the assumed money would change a new stop."""
    is_new_stop = (greedy >= SUSPEND) & (greedy > inputs.in_force)
    if not is_any(is_new_stop):
        return is_new_stop
    is_weighed = is_new_stop & assumes_money(inputs)
    [moves] = where_asked(is_weighed, partial(_moves, terms), inputs, greedy, (False,))
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
    action = if_worth_it(inputs, terms, steps.order, best)
    return at_least(REMIND, inputs.is_notice_required, action)
