"""How sure the proposal is when the cost parameters are not.

64 fixed draws of the uncertain parameters each choose an action. `stability` is the
share that agrees with the proposal. Where too few draws would go as far as the
proposal, it is a close call and the milder action wins: the harshest one that the
required share of draws would reach. Counting "as far or farther" keeps more money
at stake from ever softening an answer.
"""

from typing import Any

import numpy as np

from decisions.actions import ACTIONS, BLOCK, NONE
from decisions.money.cost import N_DRAWS, Coefficients, product
from decisions.money.numbers import Number, at, least, most, pick
from features.arrays import IntArray

_N_ACTIONS = len(ACTIONS)
_CHUNK = 256  # rows whose draws fit the processor's cache


def stability(
    draws: Coefficients, x: Coefficients, proposed: Number, close_call_below: float
) -> tuple[Number, Number]:
    """(share of draws that agree, action that stands), of one customer or columns."""
    votes = _votes(draws, x)
    needed = int(np.ceil(close_call_below * N_DRAWS))
    reach: Number = 0
    farthest: Number = NONE
    for action in range(BLOCK, NONE, -1):
        reach = reach + votes[action]
        farthest = most(farthest, pick(reach >= needed, action, NONE))
    return at(votes, proposed) / N_DRAWS, least(farthest, proposed)


def _votes(draws: Coefficients, x: Coefficients) -> list[Number]:
    """Per action, how many draws choose it."""
    if not isinstance(x[1], np.ndarray):
        costs: Any = product(x, draws).reshape(N_DRAWS, _N_ACTIONS)
        chosen = np.bincount(costs.argmin(axis=1), minlength=_N_ACTIONS)
        return [*chosen.tolist()]
    n = len(x[1])
    votes = np.empty((n, _N_ACTIONS), dtype=np.int64)
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        votes[part] = _votes_of_rows(draws, _rows(x, part))
    return list(votes.T)


def _rows(x: Coefficients, part: slice) -> Coefficients:
    return tuple(v if isinstance(v, float) else v[part, np.newaxis] for v in x)


def _votes_of_rows(draws: Coefficients, x: Coefficients) -> IntArray:
    costs: Any = product(x, draws)
    chosen = costs.reshape(len(costs), N_DRAWS, _N_ACTIONS).argmin(axis=2)
    offsets = np.arange(len(chosen))[:, np.newaxis] * _N_ACTIONS
    votes = np.bincount((chosen + offsets).ravel(), minlength=len(chosen) * _N_ACTIONS)
    return votes.reshape(len(chosen), _N_ACTIONS)
