"""From probabilities to the action a collections policy permits, with its reasons.

Pure: no clock, no model, no HTTP; the only I/O is reading a policy file.
"""

from decisions.actions import ACTIONS, Action
from decisions.case import BudgetUse, Case
from decisions.engine import recommend
from decisions.errors import DecisionError, PolicyFileError, ProbabilityRangeError
from decisions.policy_file.load import Policy, default_policy, load_policy
from decisions.recommendation import Recommendation
from decisions.rules.reason import Withheld

__all__ = [
    "ACTIONS",
    "Action",
    "BudgetUse",
    "Case",
    "DecisionError",
    "Policy",
    "PolicyFileError",
    "ProbabilityRangeError",
    "Recommendation",
    "Withheld",
    "default_policy",
    "load_policy",
    "recommend",
]
