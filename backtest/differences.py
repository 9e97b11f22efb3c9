"""Who would be treated differently under the new policy than under the old, and why."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from backtest.scores import Floats
from backtest.world import Looked
from decisions.actions import ACTIONS
from decisions.case import BudgetUse, Case
from decisions.engine import recommend
from decisions.policy_file.load import Policy
from decisions.recommendation import RaisedBy, Recommendation
from wording.answer import answer_in_words

SAMPLE = 12


class Difference(NamedTuple):
    """A customer and a day on which the two policies parted.

    `known` is what both looked at. `saving` is the expected cost under the old
    policy's action less that under the new one's.
    """

    customer_id: str
    at: str
    known: str
    saving: float
    new_action: str
    new_why: str
    old_action: str
    old_why: str


class _Parting(NamedTuple):
    saving: float
    new: Case
    old: Case


@dataclass
class Partings:
    """Keeps, per customer, the day on which the difference weighs most.

    Only customers about whom something is going on are told of: of the others the
    policies know numbers alone.
    """

    kept: dict[str, _Parting] = field(default_factory=dict)

    def compare(self, new: Looked, old: Looked, costs: Floats) -> None:
        """Look at one day, decided by both."""
        first = len(new.who) - len(new.cases)
        if not len(new.cases):
            return
        a, b = new.answer.recommended[first:], old.answer.recommended[first:]
        acted = new.acted[first:] | old.acted[first:]
        apart = np.flatnonzero(acted & (a != b) & (a >= 0) & (b >= 0))
        for k in apart.tolist():
            price = costs[new.who[first + k]]
            saving = float(price[b[k]] - price[a[k]])
            if np.isnan(saving):
                continue
            name = new.cases[k].facts.customer_id
            known = self.kept.get(name)
            if known is None or abs(saving) > abs(known.saving):
                self.kept[name] = _Parting(saving, new.cases[k], old.cases[k])

    def sample(self, new: Policy, old: Policy) -> list[Difference]:
        """Those that weigh most, half for and half against the new policy, in words."""
        ranked = sorted(self.kept.values(), key=lambda parting: -parting.saving)
        half = SAMPLE // 2
        chosen = ranked[:half] + ranked[half:][-half:]
        return [_told(parting, new, old) for parting in chosen]


def _told(parting: _Parting, new: Policy, old: Policy) -> Difference:
    at = parting.new.facts.as_of
    a = recommend(parting.new, new, at, BudgetUse())
    b = recommend(parting.old, old, at, BudgetUse())
    priced = a if new.latest.model is not None else b
    return Difference(
        customer_id=parting.new.facts.customer_id,
        at=at.isoformat(),
        known=_known(parting.new, priced),
        saving=parting.saving,
        new_action=a.action or "no decision",
        new_why=why(parting.new, a, new),
        old_action=b.action or "no decision",
        old_why=why(parting.old, b, old),
    )


def _known(case: Case, priced: Recommendation) -> str:
    parts = []
    if case.p_nonpayment is not None:
        parts.append(f"P(non-payment) {case.p_nonpayment:.0%}")
    if case.p_fraud is not None:
        parts.append(f"P(fraud) {case.p_fraud:.0%}")
    if priced.proposal is not None:
        stake, currency = priced.proposal.stake, priced.question.currency
        parts.append(f"{stake.exposure:,.0f} {currency} at stake")
    if case.facts.days_overdue:
        parts.append(f"{case.facts.days_overdue} days overdue")
    return ", ".join(parts)


_BY = {"cost": "costs least", "thresholds": "has reached its threshold"}
_MORE: dict[RaisedBy, str] = {
    "first_invoice": "who never paid and is late is looked at",
    "notice_required": "a notice is due",
    "hysteresis": "kept, so that actions do not flap",
    "holdout": "treated by the plain ladder",
}


def why(case: Case, given: Recommendation, policy: Policy) -> str:
    """A recommendation's reason in one line: what was wanted, what changed that."""
    told = answer_in_words("en", case, given, policy)
    if told.no_decision is not None:
        return told.no_decision.sentence
    proposed, action = given.proposed_action, given.action
    by = _BY.get(given.question.mode, "is where the ladder stands")
    if given.permission.in_force:
        parts = ["goes on"]
    elif action == proposed:
        parts = [by if action != "none" else "nothing is due"]
    elif given.permission.raised_by is not None:
        parts = [_MORE[given.permission.raised_by]]
    else:
        parts = [
            f"{proposed} {by}",
            *(r.sentence for r in told.permission.withheld[:3]),
        ]
    return "; ".join(part.rstrip(".") for part in parts).replace("_", " ") + "."


def crossed(new: np.ndarray, old: np.ndarray) -> list[list[int]]:
    """(6, 6) customers by their harshest action under the old and the new policy."""
    table = np.zeros((len(ACTIONS), len(ACTIONS)), dtype=np.int64)
    np.add.at(table, (old, new), 1)
    rows: list[list[int]] = table.tolist()
    return rows
