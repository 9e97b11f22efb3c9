"""Beside the action: the measure that saves most, for one customer or for columns."""

from decisions.actions import NONE, SUSPEND
from decisions.case import Basis, BudgetUse
from decisions.money.cost import product
from decisions.money.inputs import Inputs
from decisions.money.numbers import Number, at, pick
from decisions.recommendation import RecommendedMeasure
from decisions.rules.measures import BY_FRAUD
from decisions.steps.arms import HOLDOUT
from decisions.steps.choose import Choice
from decisions.steps.context import DecisionContext
from decisions.terms import Terms
from features.contract import MEASURES

NO_MEASURE = -1


def measure_beside(
    inputs: Inputs, terms: Terms, action: Number, arm: Number, budget_use: BudgetUse
) -> tuple[Number, Number]:
    """(index of the measure in the policy's order, -1: none; what it adds to the cost).

    Args:
        inputs: numbers of one customer, or columns; what stands is not begun again.
        terms: they decide.
        action: that is recommended.
        arm: of the randomised share; the plain ladder knows no measure.
        budget_use: while all stops are switched off there is no measure either.
    """
    is_open = (inputs.measure_ways != 0) & (inputs.in_force == NONE)
    is_open = is_open & (inputs.goes_by_days ^ True) & (arm != HOLDOUT)
    is_open = is_open & (not budget_use.is_halted)
    lowest, best = 0.0, NO_MEASURE
    for i, measure in enumerate(terms.measures):
        cost = at([product(inputs.x, m) for m in measure.by_action], action)
        is_new = inputs.measures_in_force >> MEASURES.index(measure.name) & 1 == 0
        if measure.name == "stop_meter":
            is_new = is_new & inputs.has_meter
        is_better = is_open & is_new & (cost < lowest) & (cost <= -terms.min_net_gain)
        lowest, best = pick(is_better, cost, lowest), pick(is_better, i, best)
    return best, lowest


def measures_of(
    context: DecisionContext, inputs: Inputs, choice: Choice, budget_use: BudgetUse
) -> tuple[RecommendedMeasure, ...]:
    """What is recommended beside the action; nothing, or one measure."""
    terms = context.terms
    best, cost = measure_beside(
        inputs, terms, choice.recommended, choice.arm.name, budget_use
    )
    costs = terms.document.costs
    if best == NO_MEASURE or costs is None:
        return ()
    name = terms.measures[best].name
    rule = costs.measures[name]
    asks = inputs.person_bits >> SUSPEND & 1 or context.case.facts.assumed
    return (
        RecommendedMeasure(
            measure=name,
            basis=_basis(inputs),
            net_gain=-float(cost),
            limit=rule.limit,
            approvals=max(rule.approvals, int(bool(asks))),
        ),
    )


def _basis(inputs: Inputs) -> Basis:
    """The way that permits it; of two the likelier."""
    if inputs.measure_ways == BY_FRAUD:
        return "fraud"
    is_fraud = inputs.measure_ways & BY_FRAUD and inputs.p_fraud > inputs.p_only
    return "fraud" if is_fraud else "nonpayment"
