"""Typed thresholds: the mode for those who do not want a cost model to decide.

Of the tiers the last one counts whose both floors, exposure and lifetime value, a
customer reaches; the policy's schema sees to it that there is always one. Where tiers
look at lifetime value and it is not known, nothing is decided (`Terms.needs_clv`).
"""

import numpy as np
import numpy.typing as npt

from decisions.actions import ACTIONS
from decisions.terms import Terms, TypedTier
from decisions.view import View

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


def typed_action(terms: Terms, v: View) -> int:
    """The harshest action whose typed threshold one of the probabilities reaches."""
    tier = tier_of(terms, v.exposure, v.clv)
    if tier is None:
        return 0
    reached = [action for p, action in tier.nonpayment if v.p_nonpayment >= p]
    reached += [action for p, action in tier.fraud if v.p_fraud_marginal >= p]
    return max(reached, default=0)


def typed_actions(terms: Terms, v: View) -> npt.NDArray[np.int8]:
    """`typed_action` for columns."""
    tier = np.full(len(v.p_fraud), -1)
    for i, row in enumerate(terms.typed):
        tier[(v.exposure >= row.exposure_from) & (v.clv >= row.clv_from)] = i
    action = np.zeros(len(v.p_fraud), dtype=np.int8)
    for i, row in enumerate(terms.typed):
        here = tier == i
        for edges, p in (
            (row.nonpayment, v.p_nonpayment),
            (row.fraud, v.p_fraud_marginal),
        ):
            for edge, severity in edges:
                reached = here & (p >= edge)
                action[reached] = np.maximum(action[reached], severity)
    return action
