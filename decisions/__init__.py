"""From probabilities to the action a collections policy permits, with its reasons.

Pure: no clock, no model, no HTTP; the only I/O is reading a policy file.

The names below are imported when they are asked for: whoever needs the list of actions
alone, as settings do, waits for no engine.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
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
_MODULE_OF = {
    name: module
    for module, names in {
        "actions": ("ACTIONS", "Action"),
        "case": ("BudgetUse", "Case"),
        "engine": ("recommend",),
        "errors": ("DecisionError", "PolicyFileError", "ProbabilityRangeError"),
        "policy_file.load": ("Policy", "default_policy", "load_policy"),
        "recommendation": ("Recommendation",),
        "rules.reason": ("Withheld",),
    }.items()
    for name in names
}


def __getattr__(name: str) -> object:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
