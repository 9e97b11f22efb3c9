"""The reason of an action that the days of the ladder decided, and no probability."""

from advice.joint_reasons import JointReason
from decisions.actions import STOPS
from decisions.case import Case
from decisions.recommendation import RAISED_BY_DAYS, Recommendation
from decisions.rules.notices_served import ServedNotices
from decisions.terms import Terms
from features.catalogue.families import TIMELINE
from features.counted import counted
from scoring.reasons import Reason
from wording.explanation.naming import notice_name
from wording.messages import Wording

FEATURE = "account_days_overdue"
# as the catalogue words it, so that every language has it
_CUSTOMER = "How long the oldest open invoice has been due."


def ladder_reason(
    case: Case, recommendation: Recommendation, terms: Terms | None
) -> JointReason | None:
    """How late, and after which notice; None where something else decided.

    Args:
        case: what the policy looked at.
        recommendation: its answer to that case.
        terms: the policy's, in force then.
    """
    permission, days = recommendation.permission, case.facts.days_overdue
    is_by_days = (
        recommendation.question.mode == "timeline"
        and permission.basis == "nonpayment"
        and permission.raised_by in RAISED_BY_DAYS
    )
    if terms is None or not is_by_days or not days:
        return None
    staff = f"{counted(days, 'day')} overdue{_after(case, terms)}"
    lead = Reason(
        family=TIMELINE.name,
        contribution=0.0,
        share=1.0,
        feature=FEATURE,
        value=float(days),
        typical=None,
        staff=staff,
        customer=_CUSTOMER,
    )
    return JointReason(TIMELINE.name, 1.0, ("nonpayment",), lead)


def asks_for_probability(recommendation: Recommendation, terms: Terms) -> bool:
    """Whether a policy by days stops only whom the models expect not to pay."""
    is_asked = terms.guardrails.suspend.min_p_bad > 0
    return terms.mode == "timeline" and is_asked and recommendation.action in STOPS


def _after(case: Case, terms: Terms) -> str:
    """The latest notice of the ladder that counts, with its local day; or nothing."""
    document, at = terms.document, case.facts.as_of
    served = ServedNotices(case, terms, at)
    named = [state.notice for state in document.ladder if state.notice]
    proven = [(moment, name) for name in named if (moment := served.proven_at(name))]
    if not proven:
        return ""
    moment, name = max(proven)
    words = Wording("en", document.currency, terms.zone)
    told = notice_name(document, name, words, "the")
    return f", after {told} of {moment.astimezone(terms.zone):%Y-%m-%d}"
