"""Step 1, is there a decision at all, and if so, do numbers decide or days?

The ladder goes on without models: by days, and every stop waits for a person. Where
there is no probability, where no cost can be weighed because lifetime value is unknown,
or where rows of the customer's money could not be read, costs and thresholds decide
nothing. What the policy owes a customer by days is due all the same.
"""

from dataclasses import replace
from datetime import datetime

from decisions.case import Case
from decisions.money.numbers import Number, pick
from decisions.recommendation import NoDecisionCode
from decisions.rules.catalogue import OWED_FROM
from decisions.rules.evidence import counting_evidence
from decisions.rules.scope import is_in_scope
from decisions.terms import Terms

UNDECIDED: tuple[NoDecisionCode | None, ...] = (
    None,
    "no_probability",
    "unknown_money",
)
NO_PROBABILITY, UNKNOWN_MONEY = 1, 2


def goes_by_days(
    terms: Terms, is_blind: Number, is_poor: Number, is_broken: Number
) -> Number:
    """Whether a customer, or each of a column, goes by days under another mode.

    Args:
        terms: the policy in force.
        is_blind: there is no probability.
        is_poor: lifetime value is needed and unknown.
        is_broken: rows of the customer's money could not be read.
    """
    lacks = is_blind | is_poor | is_broken
    if lacks is False:  # of one customer, most often
        return False
    return lacks & (terms.mode != "timeline" and bool(terms.document.ladder))


def undecided(
    terms: Terms,
    by_days: Number,
    is_blind: Number,
    is_poor: Number,
    is_owed_unknown: Number,
) -> Number:
    """Which of `UNDECIDED` keeps numbers from deciding; 0 where none does."""
    if (is_blind | is_poor | is_owed_unknown) is False:  # of one customer, most often
        return 0
    is_other = by_days ^ True
    code = pick(is_other & is_poor, UNKNOWN_MONEY, 0)
    if terms.mode != "timeline":
        code = pick(is_other & is_blind, NO_PROBABILITY, code)
    return pick(is_owed_unknown, UNKNOWN_MONEY, code)


def case_goes_by_days(case: Case, terms: Terms) -> bool:
    """`goes_by_days` for one case."""
    is_broken = bool(case.facts.rejected) and bool(case.facts.rejected & OWED_FROM)
    poor = is_poor(case, terms)
    return bool(goes_by_days(terms, is_blind(case), poor, is_broken))


def is_blind(case: Case) -> bool:
    """Whether there is no probability to decide on."""
    return case.p_fraud is None and case.p_nonpayment is None


def is_poor(case: Case, terms: Terms) -> bool:
    """Whether lifetime value is needed and unknown."""
    return terms.needs_clv and case.facts.clv is None


def terms_by_days(terms: Terms) -> Terms:
    """The same policy, deciding by days alone."""
    return replace(terms, mode="timeline", model=None, needs_clv=False)


def undecidable(case: Case, terms: Terms | None, at: datetime) -> NoDecisionCode | None:
    """Why nothing may be decided: a code, or None."""
    if terms is None:
        return "not_in_force"
    if not is_in_scope(terms.document, case.facts):
        return "out_of_scope"
    if case.facts.rejected & OWED_FROM and not counting_evidence(terms, case.facts, at):
        return "incomplete_data"  # signs of fraud are looked at all the same
    by_days, is_unknown = case_goes_by_days(case, terms), case.facts.open is None
    poor = is_poor(case, terms)
    code = undecided(terms, by_days, is_blind(case), poor, is_unknown)
    return UNDECIDED[code] or ("stale_data" if _is_stale(case, terms, at) else None)


def data_until(case: Case) -> datetime:
    """How far the data behind the case observe."""
    until = case.observed_until
    return case.facts.as_of if until is None else min(until, case.facts.as_of)


def _is_stale(case: Case, terms: Terms, at: datetime) -> bool:
    age = case.facts.report_age_days
    if age is not None and case.facts.source == "ageing":
        limit = terms.document.guardrails.any.max_report_age_days
        if age > limit:
            return True
    return at - data_until(case) > terms.stale_after
