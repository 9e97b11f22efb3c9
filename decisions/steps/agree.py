"""Who must agree before a recommendation is carried out.

The number is one expression for one customer's numbers and a portfolio's columns.
"""

from decisions.actions import SUSPEND
from decisions.inputs import Inputs
from decisions.money.numbers import Number
from decisions.rules.guardrails import is_by_fraud
from decisions.terms import Terms


def approvals_needed(inputs: Inputs, t: Terms, action: Number) -> Number:
    """Number of people who must agree to `action`; 0 means automation may act.

    Whoever is not known to be a legal person is treated as a natural person. A review
    is work for one person by its nature. The fraud path does not wait for a second
    pair of eyes: it is reviewed right after and expires by itself.
    """
    one = inputs.person_bits >> action & 1
    is_new_by_fraud = (action != inputs.in_force) & is_by_fraud(inputs, t, action)
    is_great = inputs.needs_two | (inputs.exposure > t.four_eyes_over)
    two = (action >= SUSPEND) & is_great & (is_new_by_fraud ^ True)
    return one + two * (2 - one)
