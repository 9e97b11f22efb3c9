"""Two neighbouring actions of one customer: what a mistake costs, where they tie."""

from dataclasses import dataclass
from itertools import pairwise

from decisions.actions import ACTIONS, Action
from decisions.money.cost import CostModel, expected_costs, terms_of
from decisions.money.thresholds import Stake, Threshold
from decisions.recommendation import Recommendation
from decisions.terms import Terms
from features.targets import Target


@dataclass(frozen=True, slots=True)
class Comparison:
    """The break-even at issue: where the action that costs least begins to.

    `dearer_if_good` and `saved_if_bad` are major units of the policy's currency, both
    positive: what `harsher` costs more than `milder`, and what it saves.
    """

    target: Target
    probability: float
    milder: Action
    harsher: Action
    break_even: float
    dearer_if_good: float
    saved_if_bad: float


def leading_target(recommendation: Recommendation) -> Target:
    """The target that weighs more for this customer, each counted exclusively."""
    proposal = recommendation.proposal
    if proposal is None:
        return "nonpayment"
    states = proposal.states
    return "fraud" if states.fraud > states.nonpayment_only else "nonpayment"


def probability_of(recommendation: Recommendation, target: Target) -> float:
    """The customer's marginal probability; 0 where there is no model."""
    p = recommendation.p_fraud if target == "fraud" else recommendation.p_nonpayment
    return p or 0.0


def compare(recommendation: Recommendation, terms: Terms) -> Comparison | None:
    """The break-even at issue in words' numbers; None where no cost decides."""
    model, proposal = terms.model, recommendation.proposal
    if recommendation.question.mode != "cost" or model is None or proposal is None:
        return None
    stake = proposal.stake
    target = leading_target(recommendation)
    p = probability_of(recommendation, target)
    edge = _at_issue(
        recommendation, recommendation.thresholds(model).get(target, ()), p
    )
    if edge is None:
        return None
    milder, switch = edge
    dearer = _gap(model, stake, milder, switch.action, "good")
    saved = -_gap(model, stake, milder, switch.action, target)
    if dearer <= 0.0 or saved <= 0.0:  # the other target's money decides here
        return None
    return Comparison(
        target, p, milder, switch.action, switch.probability, dearer, saved
    )


def _at_issue(
    recommendation: Recommendation, thresholds: tuple[Threshold, ...], p: float
) -> tuple[Action, Threshold] | None:
    """The switch at which what costs least begins to, with the action before it.

    What is harsher still is not asked about. Where that is the first action, or costs
    least by another target: the switch closest to `p`.
    """
    edges = [(before.action, after) for before, after in pairwise(thresholds)]
    into = [edge for edge in edges if edge[1].action == recommendation.proposed_action]
    closest = into or edges
    return min(closest, key=lambda edge: abs(edge[1].probability - p), default=None)


def _gap(
    model: CostModel, stake: Stake, milder: Action, harsher: Action, state: str
) -> float:
    """Cost of `harsher` less cost of `milder` if the customer surely is in `state`."""
    x = terms_of(
        float(state == "fraud"),
        float(state == "nonpayment"),
        float(state == "good"),
        *stake.money,
    )
    costs = expected_costs(model, x)
    return float(costs[ACTIONS.index(harsher)] - costs[ACTIONS.index(milder)])
