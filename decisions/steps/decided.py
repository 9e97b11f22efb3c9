"""One customer's case with everything seen and chosen: what an answer is made from."""

from datetime import datetime
from typing import NamedTuple

from decisions.actions import NONE, REVIEW, SUSPEND
from decisions.case import Basis, Case
from decisions.inputs import Inputs
from decisions.policy.document import PolicyDocument
from decisions.rules.eligibility import Eligibility
from decisions.rules.guardrails import is_by_fraud
from decisions.steps.agree import approvals_needed
from decisions.steps.arms import softer
from decisions.steps.choose import Choice
from decisions.terms import Terms


class Decided(NamedTuple):
    """A case under terms at a moment, with the choice that was made.

    `action` is the recommended one, an index of `ACTIONS`; `goes_on` says it was
    carried out already; `basis` is the target on which it stands.
    """

    case: Case
    terms: Terms
    at: datetime
    seen: Eligibility
    inputs: Inputs
    choice: Choice
    action: int
    goes_on: bool
    basis: Basis | None

    @property
    def document(self) -> PolicyDocument:
        """The policy file as it was in force."""
        return self.terms.document

    @property
    def is_new_stop(self) -> bool:
        """Whether access is to be taken away that is there now."""
        return self.action >= SUSPEND and not self.goes_on

    @property
    def meanwhile(self) -> int:
        """What automation may do until people have answered.

        The next milder action that is permitted; a stop in force goes on meanwhile.
        """
        action, in_force = self.action, self.seen.in_force
        while action > in_force:
            action = max(softer(action, self.choice.forbidden), in_force)
            if approvals_needed(self.inputs, self.terms, action) == 0:
                break
        return action


def decided(
    case: Case,
    terms: Terms,
    at: datetime,
    seen: Eligibility,
    inputs: Inputs,
    choice: Choice,
) -> Decided:
    """Put together what an answer is made from."""
    action = choice.recommended
    goes_on = action == seen.in_force and action != NONE
    basis: Basis | None = None
    if goes_on:
        basis = "fraud" if seen.in_force_reason == "fraud" else "nonpayment"
    elif action == REVIEW:
        basis = "fraud" if inputs.p_fraud > inputs.p_only else "nonpayment"
    elif action != NONE:
        basis = "fraud" if is_by_fraud(inputs, terms, action) else "nonpayment"
    return Decided(case, terms, at, seen, inputs, choice, action, goes_on, basis)
