"""A stop that rests on assumed money waits for a person.

What the data do not say of the money at stake is assumed (CONTRACT section 2, rule 7).
Where half or twice of that would change a stop, a person must agree to it.
"""

from decisions.inputs import View
from decisions.money.numbers import Number

FACTORS = (0.5, 2.0)


def assumes_money(v: View) -> Number:
    """Whether any of the money at stake is assumed."""
    return (v.assumed_run_up != 0.0) | (v.assumed_clv != 0.0)


def with_assumed(v: View, factor: float) -> View:
    """The same customers with so much of what is assumed."""
    more = factor - 1.0
    return v._replace(
        run_up=v.run_up + more * v.assumed_run_up,
        stoppable=v.stoppable + more * v.assumed_stoppable,
        clv=v.clv + more * v.assumed_clv,
    )
