"""Step 2, propose: by costs, by typed thresholds, or by the days of the ladder."""

from collections.abc import Sequence
from functools import partial
from math import nan

from decisions.actions import NONE, SUSPEND
from decisions.money.cost import cheapest
from decisions.money.inputs import Inputs
from decisions.money.numbers import Number, is_any, most, pick, where_asked
from decisions.money.stability import stability
from decisions.money.typed import SEVERITY_ORDER, typed_action
from decisions.terms import Terms

Costs = Sequence[Number]


def order_of(inputs: Inputs, terms: Terms, costs: Costs | None) -> Costs:
    """What the least of is taken of: costs, or severity where costs do not decide."""
    if terms.mode != "cost" or costs is None:
        return SEVERITY_ORDER
    if not is_any(inputs.goes_by_days):
        return costs
    return [
        pick(inputs.goes_by_days, rank, cost)
        for rank, cost in zip(SEVERITY_ORDER, costs, strict=True)
    ]


def propose(
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
        action = pick(by_days, ladder, typed(inputs, terms))
        return action, nan, action
    proposed = pick(by_days, ladder, cheapest(costs))
    if terms.model.draws is None:
        return proposed, nan, proposed
    is_weighed = (proposed > NONE) & (by_days ^ True)
    if not is_any(is_weighed):
        return proposed, nan, proposed
    weigh = partial(_close_call, terms)
    share, stands = where_asked(is_weighed, weigh, inputs, proposed, (nan, proposed))
    return proposed, share, stands


def _close_call(
    terms: Terms, inputs: Inputs, proposed: Number
) -> tuple[Number, Number]:
    draws = None if terms.model is None else terms.model.draws
    assert draws is not None, "only a policy with uncertain costs is asked"  # noqa: S101
    return stability(draws, inputs.x, proposed, terms.close_call_below)


def typed(inputs: Inputs, terms: Terms, slack: float = 0.0) -> Number:
    """What typed thresholds say; `slack` is the share by which one may be missed."""
    return typed_action(
        terms.typed,
        inputs.exposure,
        inputs.clv,
        inputs.p_nonpayment,
        inputs.p_fraud_marginal,
        slack,
    )
