"""Who would be treated differently under the new policy than under the old, and why."""

from typing import NamedTuple

import numpy as np

from backtest.day_decisions import DayDecisions
from decisions.actions import ACTIONS
from decisions.case import BudgetUse, Case
from decisions.engine import recommend
from decisions.policy_file.load import Policy
from decisions.recommendation import RaisedBy, Recommendation
from features.arrays import FloatArray, IntArray
from features.counted import counted
from wording.answer import answer_in_words

N_EXAMPLES = 12


class Difference(NamedTuple):
    """A customer and a day on which the two policies decided differently.

    `known` is what both knew. `saving` is the expected cost under the old policy's
    action less that under the new one's.
    """

    customer_id: str
    at: str
    known: str
    saving: float
    new_action: str
    new_why: str
    old_action: str
    old_why: str


class _Candidate(NamedTuple):
    saving: float
    new: Case
    old: Case


class Differences:
    """Keeps, per customer, the day on which the difference weighs most.

    Only of active customers: of quiet ones the policies know amounts alone, and there
    is nothing to explain.
    """

    def __init__(self) -> None:
        self._by_customer: dict[str, _Candidate] = {}

    def compare(self, new: DayDecisions, old: DayDecisions, costs: FloatArray) -> None:
        """Compare one day that both policies decided.

        Args:
            new: decisions of the new policy.
            old: decisions of the old policy about the same day.
            costs: (customers, 6) expected cost per action.
        """
        first = new.n_quiet
        new_action = new.answer.recommended[first:]
        old_action = old.answer.recommended[first:]
        differs = (
            (new.is_executed[first:] | old.is_executed[first:])
            & (new_action != old_action)
            & (new_action >= 0)
            & (old_action >= 0)
        )
        for k in np.flatnonzero(differs).tolist():
            cost = costs[new.customers[first + k]]
            saving = float(cost[old_action[k]] - cost[new_action[k]])
            if not np.isnan(saving):
                self._keep(_Candidate(saving, new.cases[k], old.cases[k]))

    def _keep(self, candidate: _Candidate) -> None:
        customer_id = candidate.new.facts.customer_id
        kept = self._by_customer.get(customer_id)
        if kept is None or abs(candidate.saving) > abs(kept.saving):
            self._by_customer[customer_id] = candidate

    def examples(self, new: Policy, old: Policy) -> list[Difference]:
        """Those that weigh most, half for and half against the new policy."""
        ranked = sorted(self._by_customer.values(), key=lambda c: -c.saving)
        half = N_EXAMPLES // 2
        chosen = ranked[:half] + ranked[half:][-half:]
        return [_difference(candidate, new, old) for candidate in chosen]


def _difference(candidate: _Candidate, new: Policy, old: Policy) -> Difference:
    at = candidate.new.facts.as_of
    by_new = recommend(candidate.new, new, at, BudgetUse())
    by_old = recommend(candidate.old, old, at, BudgetUse())
    with_costs = by_new if new.latest.model is not None else by_old
    return Difference(
        customer_id=candidate.new.facts.customer_id,
        at=at.isoformat(),
        known=_known(candidate.new, with_costs),
        saving=candidate.saving,
        new_action=by_new.action or "no decision",
        new_why=why(candidate.new, by_new, new),
        old_action=by_old.action or "no decision",
        old_why=why(candidate.old, by_old, old),
    )


def _known(case: Case, recommendation: Recommendation) -> str:
    parts = []
    if case.p_nonpayment is not None:
        parts.append(f"P(non-payment) {case.p_nonpayment:.0%}")
    if case.p_fraud is not None:
        parts.append(f"P(fraud) {case.p_fraud:.0%}")
    if recommendation.proposal is not None:
        exposure = recommendation.proposal.stake.exposure
        currency = recommendation.question.currency
        parts.append(f"{exposure:,.0f} {currency} at stake")
    if case.facts.days_overdue:
        parts.append(f"{counted(case.facts.days_overdue, 'day')} overdue")
    return ", ".join(parts)


_PROPOSED_BECAUSE = {"cost": "costs least", "thresholds": "has reached its threshold"}
RAISED_BECAUSE: dict[RaisedBy, str] = {
    "first_invoice": "who never paid and is late is looked at",
    "confirmed_fraud": "fraud that was confirmed is looked at",
    "linked_frauds": "who shares something with known frauds is looked at",
    "notice_required": "a notice is due",
    "long_promise": "a promise beyond what the policy grants is looked at",
    "late_dispute": "a dispute open for longer than the policy gives is looked at",
    "left_to_a_person": "what is not known leaves signs of fraud to a person",
    "hysteresis": "kept, so that actions do not flap",
    "holdout": "treated by the plain ladder",
}


def why(case: Case, recommendation: Recommendation, policy: Policy) -> str:
    """A recommendation's reason in one line: what was proposed, what changed that."""
    in_words = answer_in_words("en", case, recommendation, policy)
    if in_words.no_decision is not None:
        return in_words.no_decision.sentence
    proposed, action = recommendation.proposed_action, recommendation.action
    mode, permission = recommendation.question.mode, recommendation.permission
    because = _PROPOSED_BECAUSE.get(mode, "is where the ladder stands")
    if permission.in_force:
        parts = ["goes on"]
    elif action == proposed:
        parts = [because if action != "none" else "nothing is due"]
    elif permission.raised_by is not None:
        parts = [RAISED_BECAUSE[permission.raised_by]]
    else:
        withheld = (reason.sentence for reason in in_words.permission.withheld[:3])
        parts = [f"{proposed} {because}", *withheld]
    return "; ".join(part.rstrip(".") for part in parts).replace("_", " ") + "."


def confusion_table(new: IntArray, old: IntArray) -> list[list[int]]:
    """(6, 6) customers by their harshest action: rows old policy, columns new one."""
    table = np.zeros((len(ACTIONS), len(ACTIONS)), dtype=np.int64)
    np.add.at(table, (old, new), 1)
    rows: list[list[int]] = table.tolist()
    return rows
