"""Typed thresholds: the mode for those who do not want a cost model to decide.

Of the tiers the last one counts whose both floors, exposure and lifetime value, a
customer reaches; the policy's schema sees to it that there is always one. Where tiers
look at lifetime value and it is not known, nothing is decided (`Terms.needs_clv`).
"""

from collections.abc import Sequence

from decisions.actions import ACTIONS, NONE
from decisions.money.numbers import Number, most, pick
from decisions.terms import Terms, TypedTier

# In place of costs where none decide: the harshest permitted action wins.
SEVERITY_ORDER: list[float] = [-float(i) for i in range(len(ACTIONS))]


def _place(tiers: Sequence[TypedTier], exposure: Number, clv: Number) -> Number:
    """The index of a customer's tier, -1 where there is none."""
    place: Number = -1
    for i, tier in enumerate(tiers):
        is_reached = (exposure >= tier.exposure_from) & (clv >= tier.clv_from)
        place = pick(is_reached, i, place)
    return place


def tier_of(terms: Terms, exposure: float, clv: float) -> TypedTier | None:
    """The tier of a customer; None in a policy without typed thresholds.

    Args:
        terms: the policy in force.
        exposure: money at stake, major units, at least 0 (`StakeTerms.cost_share`).
        clv: lifetime value, major units, at least 0.
    """
    place: int = _place(terms.typed, exposure, clv)
    return terms.typed[place] if place >= 0 else None


def typed_action(
    tiers: Sequence[TypedTier],
    exposure: Number,
    clv: Number,
    p_nonpayment: Number,
    p_fraud: Number,
    slack: float = 0.0,
) -> Number:
    """The harshest action whose typed threshold one of the probabilities reaches.

    Money is in major units; probabilities are marginal; of one
    customer, or columns of shape (n,). `slack` is the share by which a threshold may
    be missed.
    """
    place, action = _place(tiers, exposure, clv), pick(exposure >= 0.0, NONE, NONE)
    for i, tier in enumerate(tiers):
        for edges, p in ((tier.nonpayment, p_nonpayment), (tier.fraud, p_fraud)):
            for edge, harsher in edges:
                is_reached = (place == i) & (p >= edge * (1.0 - slack))
                action = pick(is_reached, most(action, harsher), action)
    return action
