"""Step 3, permit: the least-cost action among those that no rule withholds.

What rules on facts withhold lies in the masks of the inputs (`decisions.rules.ways`);
rules on numbers, and how the three paths join, are in `decisions.rules.guardrails`.
"""

from decisions.money.cost import cheapest
from decisions.money.inputs import Inputs
from decisions.money.numbers import Number
from decisions.rules.guardrails import forbidden
from decisions.steps.propose import Costs
from decisions.terms import Terms


def permit(
    inputs: Inputs, terms: Terms, order: Costs, stands: Number
) -> tuple[Number, Number]:
    """(mask of actions not permitted, the least of `order` among the others).

    Never harsher than `stands`, what is left of the proposal.
    """
    banned = forbidden(inputs, terms)
    return banned, cheapest(order, banned, stands)
