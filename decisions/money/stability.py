"""How sure the proposal is when the cost parameters are not.

64 fixed draws of the uncertain parameters each choose an action. `stability` is the
share that agrees with the proposal. Where too few draws would go as far as the
proposal, it is a close call and the milder action wins: the harshest one that the
required share of draws would reach. Counting "as far or farther" keeps more money
at stake from ever softening an answer.
"""

from typing import Any

import numpy as np
import numpy.typing as npt

from decisions.actions import ACTIONS
from decisions.money.cost import N_DRAWS, Coefficients, product

_N_ACTIONS = len(ACTIONS)
_CHUNK = 256  # rows whose draws fit the processor's cache


def _enough(close_call_below: float) -> int:
    """Draws that must go at least as far as an action for it to stand."""
    return int(np.ceil(close_call_below * N_DRAWS))


def stability(
    draws: Coefficients, x: Coefficients, proposed: int, close_call_below: float
) -> tuple[float, int]:
    """(share of draws that agree, action that stands) for one customer."""
    costs = product(x, draws).reshape(N_DRAWS, _N_ACTIONS)
    votes = np.bincount(costs.argmin(axis=1), minlength=_N_ACTIONS).tolist()
    stands, reach, needed = proposed, sum(votes[proposed:]), _enough(close_call_below)
    while stands > 0 and reach < needed:
        stands -= 1
        reach += votes[stands]
    return votes[proposed] / N_DRAWS, stands


def stability_arrays(
    draws: Coefficients,
    x: Coefficients,
    proposed: npt.NDArray[np.int64],
    close_call_below: float,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """`stability` for arrays of shape (n,)."""
    n = len(proposed)
    votes = np.empty((n, _N_ACTIONS), dtype=np.int64)
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        votes[part] = _votes(draws, _rows(x, part))
    reach = votes[:, ::-1].cumsum(axis=1)[:, ::-1]
    enough = reach >= _enough(close_call_below)
    enough[:, 0] = True
    farthest = _N_ACTIONS - 1 - enough[:, ::-1].argmax(axis=1)
    stands = np.minimum(farthest, proposed)
    return votes[np.arange(n), proposed] / N_DRAWS, stands


def _rows(x: Coefficients, part: slice) -> Coefficients:
    return tuple(v if isinstance(v, float) else v[part, np.newaxis] for v in x)


def _votes(draws: Coefficients, x: Coefficients) -> npt.NDArray[np.int64]:
    costs: Any = product(x, draws)
    chosen = costs.reshape(len(costs), N_DRAWS, _N_ACTIONS).argmin(axis=2)
    offsets = np.arange(len(chosen))[:, np.newaxis] * _N_ACTIONS
    votes = np.bincount((chosen + offsets).ravel(), minlength=len(chosen) * _N_ACTIONS)
    return votes.reshape(len(chosen), _N_ACTIONS)
