"""What the parts of an answer are made from, beside numbers and the choice."""

from datetime import datetime
from typing import NamedTuple

from decisions.case import Case
from decisions.rules.eligibility import Eligibility
from decisions.terms import Terms


class DecisionContext(NamedTuple):
    """A case under the terms that decide at a moment, and what its facts permit."""

    case: Case
    terms: Terms
    at: datetime
    eligibility: Eligibility
