"""The reason of an action that the days of the ladder decided, and no probability."""

from advice.joint_reasons import JointReason
from decisions.case import Case
from decisions.recommendation import Recommendation
from decisions.rules.notices_served import ServedNotices
from decisions.terms import Terms
from features.catalogue import CATALOGUE
from features.catalogue.families import TIMELINE
from features.counted import counted
from scoring.reasons import Reason
from wording.explanation.naming import notice_name
from wording.messages import Wording

[_DAYS] = (one for one in CATALOGUE if one.name == "account_days_overdue")


def ladder_reason(
    case: Case, recommendation: Recommendation, terms: Terms | None
) -> JointReason | None:
    """How late, and after which notice; None where something else decided.

    Where nothing is overdue and access stays off all the same, since when it is.

    Args:
        case: what the policy looked at.
        recommendation: its answer to that case.
        terms: the policy's, in force then.
    """
    days = case.facts.days_overdue
    if terms is None or not recommendation.is_by_days:
        return None
    if days:
        lasts = f"{counted(days, 'day')} overdue"
    elif recommendation.permission.in_force:
        since = min(action.at for action in case.facts.access_off)
        lasts = f"access off since {since.astimezone(terms.zone):%Y-%m-%d}"
    else:
        return None
    staff = f"{lasts}{_after(case, terms)}"
    lead = Reason(
        family=TIMELINE.name,
        contribution=0.0,
        share=1.0,
        feature=_DAYS.name,
        value=float(days or 0),
        typical=None,
        staff=staff,
        customer=_DAYS.customer_text,
    )
    return JointReason(TIMELINE.name, 1.0, ("nonpayment",), lead)


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
