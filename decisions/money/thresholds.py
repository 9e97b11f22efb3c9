"""This customer's thresholds: where one action begins to cost less than another.

Along one target's probability, with the other held fixed, the expected cost of every
action is a straight line on at most three pieces (the exclusive states of CONTRACT
section 3: fraud takes its share of non-payment, and a sum above 1 is scaled back;
scaling changes no comparison). So break-evens are exact, not searched.
"""

from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

from decisions.actions import ACTIONS, Action
from decisions.money.cost import CostModel, cheapest, expected_costs, terms_of
from features.made_often import dataclass
from features.targets import Target

_ByState: TypeAlias = list[tuple[float, float, float]]  # of each action, in order


@dataclass(frozen=True, slots=True)
class Stake:
    """Money at stake in major units of the policy's currency.

    `avoided_*` are shares, in [0, 1], that measures in force avoid already: of
    `stoppable` in each bad state, and of chargeback fees.
    """

    open: float | None
    clv: float
    open_cost: float
    run_up_cost: float
    stoppable: float
    avoided_nonpayment: float = 0.0
    avoided_fraud: float = 0.0
    avoided_fees: float = 0.0

    @property
    def money(self) -> tuple[float, ...]:
        """As `terms_of` takes it after the three states."""
        return (
            self.open_cost,
            self.run_up_cost,
            self.stoppable,
            self.clv,
            self.avoided_nonpayment,
            self.avoided_fraud,
            self.avoided_fees,
        )

    @property
    def exposure(self) -> float:
        """What a bad customer would cost: open and run-up, at cost."""
        return self.open_cost + self.run_up_cost


@dataclass(frozen=True, slots=True)
class Threshold:
    """From `probability` on, `action` costs least (until the next threshold)."""

    action: Action
    probability: float


def _states(
    target: Target, p: float, other: float, rho: float
) -> tuple[float, float, float]:
    """Exclusive states, not scaled back: their comparison is the same."""
    fraud, nonpayment = (p, other) if target == "fraud" else (other, p)
    only = max(0.0, nonpayment - rho * fraud)
    return fraud, only, max(0.0, 1.0 - fraud - only)


def _edges(target: Target, other: float, rho: float) -> list[float]:
    """From 0 to 1, the probabilities between which costs are straight lines."""
    if target == "nonpayment":
        kinks = [rho * other, 1.0 - other + rho * other]
    else:
        kinks = [other / rho if rho > 0 else 1.0]
        kinks.append((1.0 - other) / (1.0 - rho) if rho < 1 else 1.0)
    return sorted({0.0, 1.0, *(k for k in kinks if 0.0 < k < 1.0)})


def _by_state(model: CostModel, stake: Stake) -> _ByState:
    """What each action costs in the states fraud, non-payment alone and good."""
    certain = ((1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
    costs = (expected_costs(model, terms_of(*p, *stake.money)) for p in certain)
    return list(zip(*costs, strict=True))


def _costs(
    by_state: _ByState, target: Target, p: float, other: float, rho: float
) -> list[float]:
    """Expected cost per action; a fixed one weighs as much as the states together."""
    fraud, only, good = _states(target, p, other, rho)
    return [fraud * f + only * n + good * g for f, n, g in by_state]


def break_even(
    model: CostModel,
    stake: Stake,
    target: Target,
    milder: Action,
    harsher: Action,
    other: float,
    rho: float = 0.0,
) -> float | None:
    """The probability at which two actions cost the same; None outside [0, 1].

    `other` is the other target's probability, held fixed; `rho` is
    P(non-payment | fraud).
    """
    a, b = ACTIONS.index(milder), ACTIONS.index(harsher)
    by_state = _by_state(model, stake)
    for low, high in pairwise(_edges(target, other, rho)):
        at_low = _costs(by_state, target, low, other, rho)
        at_high = _costs(by_state, target, high, other, rho)
        root = _root(low, high, at_low[b] - at_low[a], at_high[b] - at_high[a])
        if root is not None:
            return root
    return None


def _root(low: float, high: float, d_low: float, d_high: float) -> float | None:
    """Where a straight line from (low, d_low) to (high, d_high) is zero."""
    if d_low == d_high or ((d_low > 0) == (d_high > 0) and d_low != 0 != d_high):
        return None
    share = d_low / (d_low - d_high)
    return low + share * (high - low) if 0.0 <= share <= 1.0 else None


def _switches(
    current: int, at_low: list[float], at_high: list[float]
) -> Iterator[tuple[int, float]]:
    """Actions that take over from `current` in one piece, with the share of it passed.

    Ends, because each that takes over is cheaper at the end of the piece.
    """
    position = 0.0
    while True:
        switches: list[tuple[float, float, int]] = []
        for action in range(len(at_low)):
            gap_low = at_low[action] - at_low[current]
            gap_high = at_high[action] - at_high[current]
            if gap_high < 0.0 and gap_low > gap_high:
                share = max(position, gap_low / (gap_low - gap_high))
                switches.append((share, gap_high - gap_low, action))
        if not switches:
            return
        position, _, current = min(switches)
        yield current, position


def _envelope(
    by_state: _ByState, target: Target, other: float, rho: float
) -> tuple[Threshold, ...]:
    """The cheapest action along one target's probability, from 0 to 1."""
    edges = _edges(target, other, rho)
    costs = [_costs(by_state, target, p, other, rho) for p in edges]
    current = cheapest(costs[0])
    thresholds = [Threshold(ACTIONS[current], 0.0)]
    for (low, high), (at_low, at_high) in zip(
        pairwise(edges), pairwise(costs), strict=True
    ):
        for action, share in _switches(current, at_low, at_high):
            current = action
            probability = low + share * (high - low)
            thresholds.append(Threshold(ACTIONS[action], probability))
    return tuple(thresholds)


def thresholds_of(
    model: CostModel, stake: Stake, p_fraud: float, p_nonpayment: float, rho: float
) -> dict[Target, tuple[Threshold, ...]]:
    """Both targets' thresholds, each with the other probability held fixed."""
    by_state = _by_state(model, stake)
    return {
        "fraud": _envelope(by_state, "fraud", p_nonpayment, rho),
        "nonpayment": _envelope(by_state, "nonpayment", p_fraud, rho),
    }
