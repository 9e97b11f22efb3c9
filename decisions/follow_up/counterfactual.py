"""What would change a recommendation: values only, found by asking again.

`advice.counterfactual` finds them; `wording.explanation` says them.
"""

from dataclasses import dataclass
from datetime import date
from typing import Literal

from decisions.actions import Action
from decisions.rules.due import Reactivation

Kind = Literal[
    "pay_oldest",
    "pay_overdue",
    "pay_open",
    "promise",
    "pay_and_promise",
    "verification",
    "clearance",
    "verification_and_clearance",
]
Code = Literal[
    "found", "not_needed", "needs_person", "nothing_to_simulate", "no_decision"
]


@dataclass(frozen=True, slots=True)
class Counterfactual:
    """Something that can be done now, and what the same policy answers then.

    Args:
        kind: pay the oldest overdue invoice, all that is overdue, all that is open;
            promise to pay; pay the oldest and promise the rest; have account details
            verified; have alerts cleared (which is for the staff to do); both of these.
            Two at once are named only where they lead to something milder than one.
        leads_to: the action recommended then, milder than the one recommended now.
        amount: to pay or to promise, major units of `currency`.
        invoices: that the amount pays, in the order of their due dates.
        until: the last day of a promise.
        proofs: columns of `customers` that would become true.
        p_nonpayment, p_fraud: the probabilities then.
        reactivation: how access comes back, where it is off now.
    """

    kind: Kind
    leads_to: Action
    p_nonpayment: float | None
    p_fraud: float | None
    currency: str
    amount: float | None = None
    invoices: tuple[str, ...] = ()
    until: date | None = None
    proofs: tuple[str, ...] = ()
    reactivation: Reactivation | None = None


@dataclass(frozen=True, slots=True)
class Counterfactuals:
    """The answer to "what would change this?": at most three, by rising effort.

    `code` is `found`; `not_needed` (nothing is done to the customer); `needs_person`
    (nothing leads to a milder action: a person must look at it);
    `nothing_to_simulate` (a flat portfolio: nothing in it can be paid or answered);
    or `no_decision` (there is none to change).
    """

    code: Code
    options: tuple[Counterfactual, ...] = ()
