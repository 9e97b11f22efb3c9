"""Expected cost of each action: six linear expressions of one customer's numbers.

For action a (money at cost, major units; reference: Elkan 2001, Bahnsen 2015):

    C[a, good]       = fixed + churn * CLV
    C[a, nonpayment] = fixed + nonpayer_value * churn * CLV
                     + LGD_n * (open * (1 - rec_n) + run_up - stop_n * stoppable)
    C[a, fraud]      = fixed + chargeback_fee * (1 - stop_cb)
                     + LGD_f * (open * (1 - rec_f) + run_up - stop_f * stoppable)

`stoppable` is the part of the run-up whose bill ends when access ends. Everything
is a product of ten numbers of the customer (`terms_of`) and ten coefficients of the
policy, always added in the same order, so one customer and a million agree to the
last bit.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from decisions.actions import ACTIONS, BLOCK, NONE, Action
from decisions.money.numbers import Number, pick
from decisions.money.quasirandom import reverse_halton, triangular
from decisions.policy.costs import Costs, UncertainAmount
from features.arrays import FloatArray

N_DRAWS = 64
Coefficients = tuple[Number, ...]  # ten numbers, or ten arrays of one shape


class CostModel(NamedTuple):
    """A policy's coefficients: per action, and per draw of the uncertain ones.

    `by_action[a]` has ten floats. `draws` has ten arrays of shape (64 * 6,), action
    running fastest, or is None when every parameter is exact.
    """

    by_action: tuple[Coefficients, ...]
    draws: Coefficients | None
    cost_share: float


def terms_of(
    p_fraud: Number,
    p_nonpayment_only: Number,
    p_good: Number,
    open_cost: Number,
    run_up: Number,
    stoppable: Number,
    clv: Number,
    avoided_nonpayment: Number = 0.0,
    avoided_fraud: Number = 0.0,
    avoided_fees: Number = 0.0,
) -> Coefficients:
    """The customer's side of the product: numbers, or arrays of shape (n,).

    `avoided_*` are the shares of what can be stopped, and of chargeback fees, that
    measures in force avoid already; an action saves of the rest.
    """
    return (
        1.0,
        clv * p_good,
        clv * p_nonpayment_only,
        p_nonpayment_only * open_cost,
        p_nonpayment_only * (run_up - avoided_nonpayment * stoppable),
        p_nonpayment_only * ((1.0 - avoided_nonpayment) * stoppable),
        p_fraud * open_cost,
        p_fraud * (run_up - avoided_fraud * stoppable),
        p_fraud * ((1.0 - avoided_fraud) * stoppable),
        p_fraud * (1.0 - avoided_fees),
    )


def product(x: Coefficients, m: Coefficients) -> Number:
    """Σ x·m in a fixed order; either side may be numbers or arrays."""
    return (
        m[0]
        + x[1] * m[1]
        + x[2] * m[2]
        + x[3] * m[3]
        + x[4] * m[4]
        + x[5] * m[5]
        + x[6] * m[6]
        + x[7] * m[7]
        + x[8] * m[8]
        + x[9] * m[9]
    )


def expected_costs(model: CostModel, x: Coefficients) -> list[Number]:
    """Expected cost per action, in the order of `ACTIONS`."""
    return [product(x, coefficients) for coefficients in model.by_action]


def cheapest(
    costs: Sequence[Number], banned: Number = 0, limit: Number = BLOCK
) -> Number:
    """The action that costs least; a tie goes to the milder one.

    Args:
        costs: per action, of one customer or columns.
        banned: mask of actions that are not permitted; doing nothing always is.
        limit: the harshest action that may be taken.

    >>> cheapest([3.0, 1.0, 1.0, 0.5, 2.0, 2.0], banned=0b1000)
    1
    """
    lowest, action = costs[NONE], NONE
    for i in range(1, len(costs)):
        is_better = costs[i] < lowest
        if is_better is False:  # of one customer: spare what follows
            continue
        is_better = is_better & (i <= limit) & (banned >> i & 1 == 0)
        lowest, action = pick(is_better, costs[i], lowest), pick(is_better, i, action)
    return action


def _coefficients(
    number: Callable[[UncertainAmount], Number], costs: Costs, action: Action
) -> Coefficients:
    """Ten coefficients of one action; `number` turns a parameter into its value."""
    loss, row = costs.loss, costs.actions[action]
    lgd_n, lgd_f = number(loss.lgd_nonpayment), number(loss.lgd_fraud)
    churn = number(row.churn_good)
    return (
        number(row.fixed),
        churn,
        number(loss.nonpayer_value) * churn,
        lgd_n * (1.0 - number(row.rec[0])),
        lgd_n,
        -lgd_n * number(row.stop[0]),
        lgd_f * (1.0 - number(row.rec[1])),
        lgd_f,
        -lgd_f * number(row.stop[1]),
        number(loss.chargeback_fee) * (1.0 - number(row.stop_cb)),
    )


def _parameters(costs: Costs) -> list[UncertainAmount]:
    loss = costs.loss
    parameters: list[UncertainAmount] = [
        loss.lgd_nonpayment,
        loss.lgd_fraud,
        loss.chargeback_fee,
        loss.nonpayer_value,
    ]
    for action in ACTIONS:
        row = costs.actions[action]
        parameters += [row.fixed, row.churn_good, *row.rec, *row.stop, row.stop_cb]
    return parameters


def _draws(costs: Costs) -> Coefficients | None:
    uncertain = [p for p in _parameters(costs) if not p.is_exact]
    if not uncertain:
        return None
    points = reverse_halton(N_DRAWS, len(uncertain))
    drawn = {
        id(p): triangular(points[:, i], p.low, p.value, p.high)
        for i, p in enumerate(uncertain)
    }

    def number(parameter: UncertainAmount) -> FloatArray:
        """The parameter's draws; the same number in all of them where it is certain."""
        return drawn.get(id(parameter), np.full(N_DRAWS, parameter.value))

    rows = [_coefficients(number, costs, action) for action in ACTIONS]
    return tuple(np.stack(column, axis=1).ravel() for column in zip(*rows, strict=True))


def cost_model(costs: Costs) -> CostModel:
    """Compile the section `costs` of a policy."""
    by_action = tuple(
        _coefficients(lambda parameter: parameter.value, costs, action)
        for action in ACTIONS
    )
    return CostModel(by_action, _draws(costs), costs.loss.cost_share)
