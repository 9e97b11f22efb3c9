"""Typed thresholds: the mode for those who do not want a cost model to decide.

Of the tiers the last one counts whose both floors, exposure and lifetime value, a
customer reaches; the policy's schema sees to it that there is always one. Where tiers
look at lifetime value and it is not known, nothing is decided (`Terms.needs_clv`).
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from decisions.actions import ACTIONS
from decisions.money.states import FloatArray
from decisions.steps.inputs import View
from decisions.terms import Terms, TypedTier

# In place of costs where none decide: the harshest permitted action wins.
SEVERITY_ORDER: list[float] = [-float(i) for i in range(len(ACTIONS))]


def tier_of(terms: Terms, exposure: float, clv: float) -> TypedTier | None:
    """The tier of a customer; None in a policy without typed thresholds.

    Args:
        terms: the policy in force.
        exposure: money at stake at cost, major units, at least 0.
        clv: lifetime value, major units, at least 0.
    """
    found = None
    for tier in terms.typed:
        if tier.exposure_from > exposure:
            break
        if tier.clv_from <= clv:
            found = tier
    return found


def typed_action(terms: Terms, v: View, slack: float = 0.0) -> int:
    """The harshest action whose typed threshold one of the probabilities reaches.

    `slack` is the share by which a threshold may be missed.
    """
    tier = tier_of(terms, v.exposure, v.clv)
    if tier is None:
        return 0
    part = 1.0 - slack
    reached = [a for p, a in tier.nonpayment if v.p_nonpayment >= p * part]
    reached += [a for p, a in tier.fraud if v.p_fraud_marginal >= p * part]
    return max(reached, default=0)


def typed_actions(terms: Terms, v: View, slack: float = 0.0) -> npt.NDArray[np.int8]:
    """`typed_action` for columns."""
    return actions_of_tiers(
        terms.typed, v.exposure, v.clv, v.p_nonpayment, v.p_fraud_marginal, slack
    )


def actions_of_tiers(
    tiers: Sequence[TypedTier],
    exposure: FloatArray,
    clv: FloatArray,
    p_nonpayment: FloatArray,
    p_fraud: FloatArray,
    slack: float = 0.0,
) -> npt.NDArray[np.int8]:
    """`typed_action` of tiers in no policy yet; all columns of shape (n,).

    Money is in major units, exposure at cost; probabilities are marginal.
    """
    place = np.full(len(exposure), -1)
    for i, tier in enumerate(tiers):
        place[(exposure >= tier.exposure_from) & (clv >= tier.clv_from)] = i
    action = np.zeros(len(exposure), dtype=np.int8)
    for i, tier in enumerate(tiers):
        here = place == i
        for edges, p in ((tier.nonpayment, p_nonpayment), (tier.fraud, p_fraud)):
            for edge, severity in edges:
                reached = here & (p >= edge * (1.0 - slack))
                action[reached] = np.maximum(action[reached], severity)
    return action
