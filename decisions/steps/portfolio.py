"""A portfolio in columns: the twin of `recommend`, with budgets and the review queue.

Row by row it gives what `recommend` gives (tests compare them); what only a whole run
can know comes after: the breaker lets the stops with the greatest net gain through and
turns the rest into reviews, and the queue takes the reviews that gain most.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import numpy as np
import numpy.typing as npt

from decisions.actions import ACTIONS, BLOCK, NONE, REMIND, REVIEW, STOP_BITS, SUSPEND
from decisions.case import BudgetUse, Case
from decisions.money.assumed import FACTORS, assumes_money, with_assumed
from decisions.money.cost import expected_costs
from decisions.money.stability import stability_arrays
from decisions.money.states import FloatArray
from decisions.money.typed import SEVERITY_ORDER, typed_actions
from decisions.policy_file.load import Policy
from decisions.rules.guardrails import forbidden, is_by_fraud
from decisions.steps.agree import approvals_needed
from decisions.steps.arms import GREEDY, Arm, draw_arm, softer
from decisions.steps.book import review_slots_left, stops_left
from decisions.steps.choose import least_cost
from decisions.steps.columns import Columns, IntArray, TextArray, columns_of_cases
from decisions.steps.inputs import View
from decisions.terms import Terms

_CHUNK = 16_384  # rows that fit the processor's cache
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class PortfolioRun:
    """Answers for n customers, in the order of the columns.

    `proposed` and `recommended` are indices of `ACTIONS`, -1 where there is no
    decision (`code` says why). `costs` has shape (n, 6), NaN where there are none.
    `broken` marks stops that the mass-action breaker turned into reviews, `refused`
    reviews for which the queue had no place.
    """

    columns: Columns
    costs: FloatArray
    proposed: IntArray
    recommended: IntArray
    forbidden: IntArray
    stability: FloatArray
    is_close_call: BoolArray
    requires_person: BoolArray
    arm: TextArray
    propensity: FloatArray
    broken: BoolArray
    refused: BoolArray

    @property
    def n_breaker_reviews(self) -> int:
        """How many stops the breaker turned into reviews."""
        return int(self.broken.sum())

    @property
    def n_queue_refused(self) -> int:
        """How many reviews found no place in the queue."""
        return int(self.refused.sum())

    def actions(self, indices: IntArray) -> TextArray:
        """Names of actions; None where there is no decision."""
        names = np.array([*ACTIONS, None], dtype=object)
        chosen: TextArray = names[indices]
        return chosen


@dataclass
class _Rows:
    """The state of a run while it is made."""

    v: View
    order: list[FloatArray]
    banned: IntArray
    stands: IntArray
    action: IntArray
    in_force: BoolArray


def recommend_many(
    cases: Sequence[Case],
    policy: Policy,
    at: datetime,
    budget_use: BudgetUse | None = None,
) -> PortfolioRun:
    """`recommend` for many cases at one moment, with the budgets shared by the run.

    Args:
        cases: any cases; the answer has their order.
        policy: its terms in force at `at` decide.
        at: aware UTC moment.
        budget_use: before this run; without `n_customers` the run itself is the base.
    """
    budget_use = budget_use or BudgetUse()
    if budget_use.n_customers is None:
        budget_use = replace(budget_use, n_customers=len(cases))
    terms = policy.in_force(at)
    columns = columns_of_cases(cases, policy.latest if terms is None else terms, at)
    if terms is None:
        columns.code[:] = "not_in_force"
    return run(columns, terms or policy.latest, at, budget_use)


def run(
    columns: Columns, terms: Terms, at: datetime, budget_use: BudgetUse
) -> PortfolioRun:
    """The answers for prepared columns."""
    n, v = len(columns), columns.view
    rows, costs, proposed, stable = _greedy(terms, v, n)
    stands, banned = rows.stands, rows.banned
    rows.v = v = _with_persons(rows, terms)
    decided = columns.code == None  # noqa: E711  elementwise
    arm, propensity = _draw_arms(rows, terms, columns.customer_id, at, decided)
    broken = _break_mass_action(rows, terms, budget_use, decided)
    refused = _fill_queue(rows, terms, budget_use, decided, broken)
    nothing = np.where(decided, 0, -1)
    weighed = decided & ~v.goes_by_days
    return PortfolioRun(
        columns=columns,
        costs=np.where(weighed[:, np.newaxis], np.stack(costs, axis=1), np.nan),
        proposed=np.where(decided, proposed, nothing),
        recommended=np.where(decided, rows.action, nothing),
        forbidden=banned,
        stability=np.where(decided, stable, np.nan),
        is_close_call=decided & (stands != proposed),
        requires_person=decided & (approvals_needed(v, terms, rows.action) > 0),
        arm=arm,
        propensity=propensity,
        broken=broken,
        refused=refused,
    )


def _greedy(
    terms: Terms, v: View, n: int
) -> tuple[_Rows, list[FloatArray], IntArray, FloatArray]:
    """What the policy recommends to each alone; with costs, proposal and stability."""
    costs = _costs(terms, v, n)
    proposed, stable, stands = _propose(terms, v, costs)
    banned = np.asarray(forbidden(v, terms), dtype=np.int64)
    order = _order(terms, v, costs)
    rows = _Rows(v, order, banned, stands, stands, v.in_force > NONE)
    rows.action = _if_worth_it(v, terms, order, _least_cost(order, banned, stands))
    _settle(rows, terms)
    return rows, costs, proposed, stable


def _order(terms: Terms, v: View, costs: list[FloatArray]) -> list[FloatArray]:
    """What the least of is taken of: costs, or severity where costs do not decide."""
    if terms.mode != "cost":
        return [np.full(len(v.p_fraud), c) for c in SEVERITY_ORDER]
    if not v.goes_by_days.any():
        return costs
    return [
        np.where(v.goes_by_days, rank, cost)
        for rank, cost in zip(SEVERITY_ORDER, costs, strict=True)
    ]


def _with_persons(rows: _Rows, terms: Terms) -> View:
    """`choose._rests_on_assumed` for columns: to whose stop a person must agree."""
    v, action = rows.v, rows.action
    is_new = (action >= SUSPEND) & (action > v.in_force)
    asked = np.flatnonzero(is_new & assumes_money(v))
    if not len(asked):
        return v
    few = View(*(column[asked] for column in v))
    moved = np.zeros(len(asked), dtype=bool)
    for factor in FACTORS:
        other, *_ = _greedy(terms, with_assumed(few, factor), len(asked))
        moved |= other.action != action[asked]
    bits = v.person_bits.copy()
    bits[asked[moved]] |= STOP_BITS
    return v._replace(person_bits=bits)


def _costs(terms: Terms, v: View, n: int) -> list[FloatArray]:
    """Expected cost per action, each of shape (n,); NaN without a cost model."""
    if terms.model is None:
        return [np.full(n, np.nan) for _ in ACTIONS]
    found = [np.empty(n) for _ in ACTIONS]
    for start in range(0, n, _CHUNK):
        part = slice(start, start + _CHUNK)
        piece = View(*(column[part] for column in v))
        for whole, few in zip(found, expected_costs(terms.model, piece.x), strict=True):
            whole[part] = few
    return found


def _least_cost(
    order: Sequence[FloatArray], banned: IntArray | int, limit: IntArray | int
) -> IntArray:
    """`choose.least_cost` for columns."""
    best = order[0].copy()
    action = np.zeros(len(best), dtype=np.int64)
    for index in range(1, len(order)):
        better = (order[index] < best) & (index <= limit) & ((banned >> index) & 1 == 0)
        best[better] = order[index][better]
        action[better] = index
    return action


def _propose(
    terms: Terms, v: View, costs: list[FloatArray]
) -> tuple[IntArray, FloatArray, IntArray]:
    """`choose._propose` for columns."""
    proposed, stable, stands = _weighed(terms, v, costs)
    signs = v.rests_on_signs
    return (
        np.where(signs, np.maximum(proposed, SUSPEND), proposed),
        np.where(signs, np.nan, stable),
        np.where(signs, np.maximum(stands, SUSPEND), stands),
    )


def _weighed(
    terms: Terms, v: View, costs: list[FloatArray]
) -> tuple[IntArray, FloatArray, IntArray]:
    n = len(v.p_fraud)
    unknown = np.full(n, np.nan)
    if terms.mode == "timeline":
        return v.ladder_action, unknown, v.ladder_action
    by_days, ladder = v.goes_by_days, v.ladder_action
    if terms.mode == "thresholds" or terms.model is None:
        action = np.where(by_days, ladder, typed_actions(terms, v)).astype(np.int64)
        return action, unknown, action
    proposed = np.where(by_days, ladder, _least_cost(costs, 0, BLOCK))
    asked = np.flatnonzero((proposed > NONE) & ~by_days)
    if terms.model.draws is None or not len(asked):
        return proposed, unknown, proposed
    few = View(*(column[asked] for column in v))
    share, stand = stability_arrays(
        terms.model.draws, few.x, proposed[asked], terms.close_call_below
    )
    stable, stands = unknown, proposed.copy()
    stable[asked], stands[asked] = share, stand
    return proposed, stable, stands


def _at(order: Sequence[FloatArray], action: IntArray) -> FloatArray:
    return np.choose(action, order)


def _if_worth_it(
    v: View, terms: Terms, order: Sequence[FloatArray], action: IntArray
) -> IntArray:
    """`choose._if_worth_it` for columns."""
    if terms.mode != "cost":
        return action
    too_little = order[NONE] - _at(order, action) < terms.min_net_gain
    return np.where(too_little & ~v.goes_by_days, NONE, action)


def _settle(rows: _Rows, terms: Terms) -> None:
    """Hysteresis, what the policy asks for whatever it costs, and what is in force."""
    v, order, action = rows.v, rows.order, rows.action
    is_open = (v.previous > action) & ((rows.banned >> v.previous) & 1 == 0)
    if is_open.any():
        stays = is_open & ~v.goes_by_days & _is_hardly_worse(v, terms, order, action)
        action = np.where(stays, v.previous, action)
    first = v.is_first_invoice & (v.p_bad >= terms.min_p_first_invoice)
    action = np.where(first, np.maximum(action, REVIEW), action)
    action = np.where(v.is_notice_required, np.maximum(action, REMIND), action)
    may_pause = v.rests_on_signs & ((rows.banned >> SUSPEND) & 1 == 0)
    action = np.where(may_pause, np.maximum(action, SUSPEND), action)
    action = np.where(v.is_left_to_a_person, np.maximum(action, REVIEW), action)
    rows.action = np.maximum(action, v.in_force)


def _is_hardly_worse(
    v: View, terms: Terms, order: Sequence[FloatArray], action: IntArray
) -> BoolArray:
    """`choose._is_hardly_worse` for columns."""
    if terms.mode == "cost":
        now = _at(order, action)
        return _at(order, v.previous) <= now + terms.hysteresis * np.abs(now)
    if terms.mode == "thresholds" and terms.hysteresis > 0.0:
        limits = typed_actions(terms, v, terms.hysteresis)
        return np.asarray(v.previous <= limits)
    return np.zeros(len(action), dtype=bool)


def _draw_arms(
    rows: _Rows,
    terms: Terms,
    customer_id: TextArray,
    at: datetime,
    decided: BoolArray,
) -> tuple[TextArray, FloatArray]:
    n, v = len(customer_id), rows.v
    names = np.full(n, GREEDY, dtype=object)
    propensity = np.ones(n)
    explore, p_holdout = terms.document.exploration, terms.document.holdout.share
    by_fraud = v.is_confirmed_fraud | is_by_fraud(v, terms, rows.action)
    open_ = decided & ~rows.in_force & ~by_fraud & ~v.goes_by_days
    scope = [ACTIONS.index(action) for action in explore.scope]
    may_explore = (
        open_
        & np.isin(rows.action, scope)
        & (v.exposure <= explore.max_exposure)
        & (explore.share > 0.0)
    )
    asked = may_explore | (open_ & (p_holdout > 0.0))
    action = rows.action.copy()
    for i in np.flatnonzero(asked).tolist():
        greedy, banned = int(action[i]), int(rows.banned[i])
        soft = softer(greedy, banned) if may_explore[i] else None
        plain = None
        if p_holdout > 0.0:
            ladder, bits = int(v.ladder_action[i]), int(v.ordinary_bits[i])
            plain = least_cost(SEVERITY_ORDER, bits, ladder)
        arm: Arm = draw_arm(terms, str(customer_id[i]), at, greedy, soft, plain)
        names[i], action[i], propensity[i] = arm
    rows.action = action
    return names, propensity


def _break_mass_action(
    rows: _Rows, terms: Terms, budget_use: BudgetUse, decided: BoolArray
) -> BoolArray:
    """Stops beyond the budget become reviews; those that gain most come first."""
    broken = np.zeros(len(rows.action), dtype=bool)
    new = decided & (rows.action > rows.v.in_force)
    stops = np.flatnonzero(new & (rows.action >= SUSPEND))
    left = stops_left(terms, budget_use)
    if len(stops) <= left:
        return broken
    gain = rows.order[NONE][stops] - _at(rows.order, rows.action)[stops]
    ranked = stops[np.argsort(-gain, kind="stable")]
    broken[ranked[int(left) :]] = True
    rows.action = np.where(broken, np.maximum(REVIEW, rows.v.in_force), rows.action)
    return broken


def _fill_queue(
    rows: _Rows,
    terms: Terms,
    budget_use: BudgetUse,
    decided: BoolArray,
    broken: BoolArray,
) -> BoolArray:
    """The queue takes the reviews that gain most over what would be done instead.

    Exact for one resource of which every review takes one unit. The breaker's reviews
    do not wait for a place.
    """
    asked = decided & ~rows.in_force & ~broken & (rows.action == REVIEW)
    reviews = np.flatnonzero(asked)
    left = review_slots_left(terms, budget_use)
    out = np.zeros(len(rows.action), dtype=bool)
    if len(reviews) <= left:
        return out
    banned = rows.banned | 1 << REVIEW | STOP_BITS
    without = _if_worth_it(
        rows.v, terms, rows.order, _least_cost(rows.order, banned, rows.stands)
    )
    without = np.where(rows.v.is_notice_required, np.maximum(without, REMIND), without)
    gain = (_at(rows.order, without) - rows.order[REVIEW])[reviews]
    refused = reviews[np.argsort(-gain, kind="stable")][int(left) :]
    out[refused] = True
    rows.action = np.where(out, without, rows.action)
    return out
