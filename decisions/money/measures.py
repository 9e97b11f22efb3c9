"""What a measure adds to the expected cost of the action it stands beside.

For measure m beside action a (money at cost, major units):

    D[m|a, good]       = fixed + churn * CLV
    D[m|a, nonpayment] = fixed + nonpayer_value * churn * CLV
                       - LGD_n * stop_n[m] * (1 - stop_n[a]) * stoppable
    D[m|a, fraud]      = fixed - chargeback_fee * stop_cb[m] * (1 - stop_cb[a])
                       - LGD_f * stop_f[m] * (1 - stop_f[a]) * stoppable

It is below zero where the measure saves more than it costs. The ten coefficients are
those of the products in `decisions.money.cost`. A stop leaves nothing to a measure.

Measures that stand leave a share of the run-up to whatever is decided now. Each is
counted with its share of what the others leave, as beside an action.
"""

from collections.abc import Iterable
from typing import NamedTuple

from decisions.actions import ACTIONS, STOPS, Action
from decisions.money.cost import Coefficients
from decisions.policy.costs import Costs
from decisions.policy.measures import Measure, MeasureName

_NOTHING: Coefficients = (0.0,) * 10


class MeasureCost(NamedTuple):
    """A measure's coefficients beside each action, in the order of `ACTIONS`."""

    name: MeasureName
    by_action: tuple[Coefficients, ...]


def measure_costs(costs: Costs) -> tuple[MeasureCost, ...]:
    """Compile the measures of a policy, at the best guesses of what is uncertain."""
    return tuple(
        MeasureCost(name, tuple(_beside(costs, measure, a) for a in ACTIONS))
        for name, measure in costs.measures.items()
    )


class AvoidedShares(NamedTuple):
    """What measures in force avoid already, shares in [0, 1].

    Args:
        nonpayment: of what can be stopped, in the state of non-payment.
        fraud: the same in the state of fraud.
        fees: of chargeback fees.
    """

    nonpayment: float = 0.0
    fraud: float = 0.0
    fees: float = 0.0


def avoided(costs: Costs | None, in_force: Iterable[MeasureName]) -> AvoidedShares:
    """What these measures avoid together; one that the policy does not list: nothing.

    >>> avoided(None, ["restrict"])
    AvoidedShares(nonpayment=0.0, fraud=0.0, fees=0.0)
    """
    listed = {} if costs is None else costs.measures
    left = [1.0, 1.0, 1.0]
    for measure in (listed[name] for name in in_force if name in listed):
        shares = (*measure.stop, measure.stop_cb)
        left = [rest * (1.0 - share) for rest, share in zip(left, shares, strict=True)]
    return AvoidedShares(*(1.0 - rest for rest in left))


def _beside(costs: Costs, measure: Measure, action: Action) -> Coefficients:
    if action in STOPS:
        return _NOTHING
    loss, row = costs.loss, costs.actions[action]
    left_n, left_f = 1.0 - row.stop[0].value, 1.0 - row.stop[1].value
    fee = loss.chargeback_fee.value * (1.0 - row.stop_cb.value)
    return (
        measure.fixed,
        measure.churn_good,
        loss.nonpayer_value.value * measure.churn_good,
        0.0,
        0.0,
        -loss.lgd_nonpayment.value * measure.stop[0] * left_n,
        0.0,
        0.0,
        -loss.lgd_fraud.value * measure.stop[1] * left_f,
        -fee * measure.stop_cb,
    )
