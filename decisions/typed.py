"""Typed thresholds: the mode for those who do not want a cost model to decide."""

from bisect import bisect_right

import numpy as np
import numpy.typing as npt

from decisions.actions import ACTIONS
from decisions.terms import Terms
from decisions.view import View

# In place of costs where none decide: the harshest permitted action wins.
SEVERITY_ORDER: list[float] = [-float(i) for i in range(len(ACTIONS))]


def typed_action(terms: Terms, v: View) -> int:
    """The harshest action whose typed threshold one of the probabilities reaches."""
    edges = [edge for edge, _, _ in terms.typed]
    tier = bisect_right(edges, v.exposure) - 1
    if tier < 0:
        return 0
    _, nonpayment, fraud = terms.typed[tier]
    reached = [action for p, action in nonpayment if v.p_nonpayment >= p]
    reached += [action for p, action in fraud if v.p_fraud_marginal >= p]
    return max(reached, default=0)


def typed_actions(terms: Terms, v: View) -> npt.NDArray[np.int8]:
    """`typed_action` for columns."""
    edges = np.array([edge for edge, _, _ in terms.typed])
    tier = np.searchsorted(edges, v.exposure, side="right") - 1
    action = np.zeros(len(v.p_fraud), dtype=np.int8)
    for i, (_, nonpayment, fraud) in enumerate(terms.typed):
        here = tier == i
        for target, p in ((nonpayment, v.p_nonpayment), (fraud, v.p_fraud_marginal)):
            for edge, severity in target:
                reached = here & (p >= edge)
                action[reached] = np.maximum(action[reached], severity)
    return action
