"""A stop that rests on assumed money waits for a person.

What the data do not say of the money at stake is assumed (CONTRACT section 2, rule 7).
Where half or twice of that would change a stop, a person must agree to it.
"""

from decisions.money.inputs import Inputs
from decisions.money.numbers import Number

FACTORS = (0.5, 2.0)


def assumes_money(inputs: Inputs) -> Number:
    """Whether any of the money at stake is assumed."""
    return (inputs.assumed_run_up != 0.0) | (inputs.assumed_clv != 0.0)


def with_assumed(inputs: Inputs, factor: float) -> Inputs:
    """The same customers with so much of what is assumed."""
    more = factor - 1.0
    return inputs._replace(
        run_up=inputs.run_up + more * inputs.assumed_run_up,
        stoppable=inputs.stoppable + more * inputs.assumed_stoppable,
        clv=inputs.clv + more * inputs.assumed_clv,
    )
