"""The ladder goes on without models: by days, and every stop waits for a person.

Where there is no probability, where no cost can be weighed because lifetime value is
unknown, or where rows of the customer's money could not be read, costs and thresholds
decide nothing. What the policy owes a customer by days is due all the same.
"""

from dataclasses import replace

from decisions.case import Case
from decisions.rules.catalogue import MONEY
from decisions.terms import Terms


def goes_by_days(case: Case, terms: Terms) -> bool:
    """Whether this customer goes by days under a policy of another mode."""
    if terms.mode == "timeline" or not terms.document.ladder:
        return False
    is_blind = case.p_fraud is None and case.p_nonpayment is None
    is_poor = terms.needs_clv and case.facts.clv is None
    return is_blind or is_poor or bool(case.facts.rejected & MONEY)


def terms_by_days(terms: Terms) -> Terms:
    """The same policy, deciding by days alone."""
    return replace(terms, mode="timeline", model=None, needs_clv=False)
