"""The mild step for whom is not late yet: a reminder before an invoice is due.

It is due on one local day, so many days before the invoice, to whoever is likely
enough not to pay. Whoever was sent it, or was to be sent it, on that day is not told
twice. It is no step of the ladder, and no later step counts from it.
"""

from datetime import datetime, timedelta

from decisions.case import Case
from decisions.rules.due import NoticeDue
from decisions.rules.notices_served import ServedNotices
from decisions.terms import Terms
from features.money import UNITS

BEFORE_DUE = "before_due"  # in place of the ladder's state


def may_be_reminded_early(terms: Terms, p_nonpayment: float | None) -> bool:
    """Whether non-payment is likely enough that the policy reminds before the due date.

    >>> from decisions.policy_file.load import default_policy
    >>> [may_be_reminded_early(default_policy().latest, p) for p in (0.01, 0.3, None)]
    [False, True, False]
    """
    return p_nonpayment is not None and p_nonpayment >= terms.min_p_before_due


def notice_before_due(case: Case, terms: Terms, at: datetime) -> NoticeDue | None:
    """The reminder due today about invoices that become due; None where none is.

    What is contested, promised or on its way is not asked for, and neither is a sum
    below the policy's materiality.
    """
    rule = terms.document.notices.before_due
    if rule is None or not may_be_reminded_early(terms, case.p_nonpayment):
        return None
    due_on = terms.calendar.local_day(at) + timedelta(days=rule.days)
    items = [i for i in case.facts.items if i.due_on == due_on and i.uncovered > 0]
    if sum(item.uncovered for item in items) / UNITS <= terms.materiality:
        return None
    if _was_told_today(case, terms, rule.notice, at):
        return None
    kind = terms.document.notices.kinds[rule.notice]
    latest = terms.calendar.start_of(due_on)
    return NoticeDue(
        notice=rule.notice,
        state=BEFORE_DUE,
        channel=kind.channels[0],
        languages=kind.languages,
        send_by=min(at + timedelta(days=kind.send_within_days), latest),
        invoices=tuple(item.invoice_id for item in items),
    )


def _was_told_today(case: Case, terms: Terms, name: str, at: datetime) -> bool:
    """Whether this notice, of whichever policy, was sent or asked for on this day."""
    moments = [notice.sent_at for notice in case.facts.notices if notice.name == name]
    moments += [n.sent_at for n in ServedNotices(case, terms, at).notices(name)]
    if "contacts" not in case.facts.tables and name in case.named:
        moments.append(case.named[name])
    today = terms.calendar.local_day(at)
    return any(terms.calendar.local_day(moment) == today for moment in moments)
