"""Many customers in columns: `decide` for all, then arms, budgets and review queue.

Row by row it gives what `recommend` gives (tests compare them); what only a whole run
can know comes after: the breaker lets the stops with the greatest net gain through and
turns the rest into reviews, and the queue takes confirmed fraud whatever its length,
then the reviews that gain most.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import numpy as np

from decisions.actions import ACTIONS, NONE, REVIEW, SUSPEND
from decisions.case import BudgetUse, Case
from decisions.money.inputs import Inputs
from decisions.money.numbers import at as at_action
from decisions.policy_file.load import Policy
from decisions.steps.agree import approvals_needed, with_questions
from decisions.steps.arms import GREEDY, Arm, draw_arm, has_arms, softer
from decisions.steps.columns import Columns, columns_of_cases
from decisions.steps.decide import (
    Steps,
    costs_of,
    decide,
    instead_of_review,
    instead_of_stop,
    may_be_drawn,
    plain_action,
    rests_on_assumed,
)
from decisions.steps.measure import NO_MEASURE, measure_beside
from decisions.steps.shared_budgets import BudgetRequests, shared
from decisions.terms import Terms
from features.arrays import BoolArray, FloatArray, IntArray, TextArray

_CHUNK = 16_384  # rows that fit the processor's cache


@dataclass(frozen=True)
class PortfolioRun:
    """Answers for n customers, in the order of the columns.

    `proposed` and `recommended` are indices of `ACTIONS`, -1 where there is no
    decision (`code` says why). `costs` has shape (n, 6), NaN where there are none.
    `broken` marks stops that the mass-action breaker turned into reviews, `refused`
    reviews for which the queue had no place. `measure` is the index of the measure
    beside the action, in the policy's order, -1 where there is none; `measure_gain`
    what it saves, expected, 0 where there is none.
    """

    columns: Columns
    costs: FloatArray
    proposed: IntArray
    recommended: IntArray
    forbidden: IntArray
    stability: FloatArray
    requires_person: BoolArray
    arm: TextArray
    propensity: FloatArray
    broken: BoolArray
    refused: BoolArray
    measure: IntArray
    measure_gain: FloatArray

    @property
    def n_breaker_reviews(self) -> int:
        """How many stops the breaker turned into reviews."""
        return int(self.broken.sum())

    @property
    def n_queue_refused(self) -> int:
        """How many reviews found no place in the queue."""
        return int(self.refused.sum())


@dataclass(frozen=True)
class DecidedColumns:
    """n customers decided, each alone: what comes before budgets that they share.

    Args:
        columns: what was decided about.
        terms: they decided; where the policy was not in force, its latest ones.
        at: moment of the decision.
        is_decided: (n,) no code says why there is no decision.
        costs: expected cost per action, each (n,); None where the policy has none.
        steps: of `decide`, in columns.
        rests_on_assumed: (n,) assumed money carries a new stop.
        action, arm, propensity: (n,) after randomised arms were drawn.
    """

    columns: Columns
    terms: Terms
    at: datetime
    is_decided: BoolArray
    costs: list[FloatArray] | None
    steps: Steps
    rests_on_assumed: BoolArray
    action: IntArray
    arm: TextArray
    propensity: FloatArray


def run(
    columns: Columns, terms: Terms, at: datetime, budget_use: BudgetUse
) -> PortfolioRun:
    """The answers for prepared columns."""
    return share_budgets(decide_columns(columns, terms, at), budget_use)


def decide_cases(cases: Sequence[Case], policy: Policy, at: datetime) -> DecidedColumns:
    """Decide many cases at one moment, each alone, in their order.

    Args:
        cases: any cases.
        policy: its terms in force at `at` decide.
        at: aware UTC moment.
    """
    terms = policy.in_force(at)
    columns = columns_of_cases(cases, policy.latest if terms is None else terms, at)
    if terms is None:
        columns.code[:] = "not_in_force"
    return decide_columns(columns, terms or policy.latest, at)


def decide_columns(columns: Columns, terms: Terms, at: datetime) -> DecidedColumns:
    """Propose, permit, settle, and draw the randomised arms."""
    n, inputs = len(columns), columns.inputs
    costs = _costs(terms, inputs, n)
    steps = _as_columns(decide(inputs, terms, costs), n)
    is_decided: BoolArray = columns.code == None  # noqa: E711  elementwise
    action, arm, propensity = _draw_arms(
        inputs, terms, steps, columns.customer_id, at, is_decided
    )
    return DecidedColumns(
        columns=columns,
        terms=terms,
        at=at,
        is_decided=is_decided,
        costs=costs,
        steps=steps,
        rests_on_assumed=rests_on_assumed(inputs, terms, steps.greedy),
        action=action,
        arm=arm,
        propensity=propensity,
    )


def share_budgets(decided: DecidedColumns, budget_use: BudgetUse) -> PortfolioRun:
    """The breaker and the review queue, for everybody at once.

    Args:
        decided: customers of one moment.
        budget_use: before this run; without `n_customers` the run itself is the base.
    """
    n, inputs, terms = len(decided.columns), decided.columns.inputs, decided.terms
    steps, is_decided = decided.steps, decided.is_decided
    answer = shared(budget_requests(decided), terms, budget_use)
    action = np.maximum(answer.action, NONE)
    known = np.stack(decided.costs or [np.full(n, np.nan) for _ in ACTIONS], axis=1)
    is_weighed = is_decided & ~inputs.goes_by_days
    asks = with_questions(inputs, action, decided.rests_on_assumed)
    measure, added = measure_beside(inputs, terms, action, decided.arm, budget_use)
    return PortfolioRun(
        columns=decided.columns,
        costs=np.where(is_weighed[:, np.newaxis], known, np.nan),
        proposed=np.where(is_decided, steps.proposed, -1),
        recommended=answer.action,
        forbidden=steps.forbidden,
        stability=np.where(is_decided, steps.stability, np.nan),
        requires_person=is_decided & (approvals_needed(asks, terms, action) > 0),
        arm=decided.arm,
        propensity=decided.propensity,
        broken=answer.broken,
        refused=answer.refused,
        measure=np.where(is_decided, measure, NO_MEASURE),
        measure_gain=np.where(is_decided, -1.0 * np.asarray(added), 0.0),
    )


def budget_requests(decided: DecidedColumns) -> BudgetRequests:
    """What the customers ask of the budgets that they share."""
    inputs, steps, action = decided.columns.inputs, decided.steps, decided.action
    is_decided, order = decided.is_decided, steps.order
    is_new = is_decided & (action > inputs.in_force)
    asked = is_decided & (inputs.in_force == NONE) & (action == REVIEW)
    is_first = asked & inputs.is_proven_fraud
    without_review = instead_of_review(inputs, decided.terms, steps)
    instead = at_action(order, without_review) - order[REVIEW]
    return BudgetRequests(
        action=np.where(is_decided, action, -1),
        is_stop=is_new & (action >= SUSPEND),
        stop_gain=order[NONE] - at_action(order, action),
        without_stop=np.broadcast_to(instead_of_stop(inputs), action.shape),
        is_first=is_first,
        waits=asked & ~is_first,
        review_gain=instead,
        without_review=np.broadcast_to(without_review, action.shape),
    )


def _as_columns(steps: Steps, n: int) -> Steps:
    """What is the same for everybody as a column, too."""
    order, *others = steps
    return Steps(order, *(np.broadcast_to(column, n) for column in others))


def _costs(terms: Terms, inputs: Inputs, n: int) -> list[FloatArray] | None:
    """Expected cost per action, each of shape (n,); None without a cost model."""
    if terms.model is None:
        return None
    costs = [np.empty(n) for _ in ACTIONS]
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        piece = Inputs(*(column[part] for column in inputs))
        for whole, few in zip(costs, costs_of(piece, terms) or (), strict=True):
            whole[part] = few
    return costs


def _draw_arms(
    inputs: Inputs,
    terms: Terms,
    steps: Steps,
    customer_id: TextArray,
    at: datetime,
    decided: BoolArray,
) -> tuple[IntArray, TextArray, FloatArray]:
    """(action, name of the arm, propensity)."""
    n, action = len(customer_id), np.array(steps.greedy)
    names, propensity = np.full(n, GREEDY, dtype=object), np.ones(n)
    if not has_arms(terms):
        return action, names, propensity
    is_explorable, may_be_held_out = may_be_drawn(inputs, terms, steps.greedy)
    ladder = plain_action(inputs)
    for i in np.flatnonzero(decided & (is_explorable | may_be_held_out)).tolist():
        greedy, banned = int(action[i]), int(steps.forbidden[i])
        soft = softer(greedy, banned) if is_explorable[i] else None
        plain = int(ladder[i]) if may_be_held_out[i] else None
        arm: Arm = draw_arm(terms, str(customer_id[i]), at, greedy, soft, plain)
        names[i], action[i], propensity[i] = arm
    return action, names, propensity
