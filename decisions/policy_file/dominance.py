"""Refuses a cost model in which one action is worse than another everywhere."""

from itertools import permutations

from decisions.actions import ACTIONS
from decisions.errors import DominatedActionError
from decisions.policy.costs import ActionCost
from decisions.policy.document import PolicyDocument


def _cost(row: ActionCost) -> tuple[float, ...]:
    return (row.fixed.value, row.churn_good.value)


def _effect(row: ActionCost) -> tuple[float, ...]:
    return (*(n.value for n in (*row.rec, *row.stop)), row.stop_cb.value)


def is_dominated(worse: ActionCost, better: ActionCost) -> bool:
    """Whether `worse` costs no less, does no more, and is not the same."""
    costs = list(zip(_cost(worse), _cost(better), strict=True))
    effects = list(zip(_effect(worse), _effect(better), strict=True))
    never_cheaper = all(a >= b for a, b in costs)
    never_stronger = all(a <= b for a, b in effects)
    return never_cheaper and never_stronger and any(a != b for a, b in costs + effects)


def refuse_dominated(document: PolicyDocument, source: str) -> None:
    """Refuse a cost model with a dominated action.

    Raises:
        DominatedActionError: names both actions.
    """
    if document.costs is None:
        return
    rows = document.costs.actions
    for worse, better in permutations(ACTIONS, 2):
        if is_dominated(rows[worse], rows[better]):
            raise DominatedActionError(source or document.name, worse, better)
