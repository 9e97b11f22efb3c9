"""What the customer reads, in order: step, debt, protection, notice, what helps.

It is neutral: no score, no finding, no inner reason.
"""

from collections.abc import Iterator

from decisions.rules.catalogue import OWED_FROM, RULE_BY_CODE
from decisions.rules.reason import Withheld
from wording.explanation.change import customer_change
from wording.explanation.naming import notice_name
from wording.explanation.passage import Passage, Subject
from wording.explanation.reason import in_words


def customer_passages(s: Subject) -> tuple[Passage, ...]:
    """What the customer is told: the step, what is owed, what protects, what helps."""
    return (
        *s.passage("decision", _decision(s)),
        *s.passage("owed", _owed(s)),
        *s.passage("protection", _protection(s)),
        *s.passage("notice", _notices(s)),
        *s.passage("change", customer_change(s)),
        *s.passage("next", _next(s)),
    )


def _decision(s: Subject) -> Iterator[str]:
    """What is done, without a word of suspicion."""
    answer, words = s.answer, s.words
    key: str = "in_force" if answer.permission.in_force else s.action
    if s.is_stop and s.is_by_fraud:
        key += "_protective"
    if s.action == "remind" and not s.case.facts.overdue:
        key = "remind_early"
    measures = answer.permission.measures
    if s.action == "review" and any(not one.approvals for one in measures):
        key = "review_measure"  # that something changes is told below
    if s.action == "none" and answer.follow_up.reactivation is not None:
        by = answer.follow_up.reactivation.restore_by
        yield words.sentence("customer.next.returns_by", restore_by=by)
    elif s.action != "none" or not measures:
        yield words.sentence(f"customer.action.{key}")
    if s.is_stop and answer.people.requires_person and not answer.permission.in_force:
        yield words.sentence("customer.action.person")
    if s.is_stop and answer.permission.subscriptions:
        yield words.sentence("customer.action.services")
    if answer.permission.restrict and not s.is_by_fraud:
        names = words.words("restrictions", answer.permission.restrict)
        yield words.sentence("customer.action.restrict", restrictions=names)
    yield from _measures(s)


def _measures(s: Subject) -> Iterator[str]:
    """Those that apply, then the one that may."""
    for standing in s.answer.permission.measures_in_force:
        name = s.words.word("measures", standing)
        yield s.words.sentence("customer.action.measure", measure=name)
    for one in s.answer.permission.measures:
        name = s.words.word("measures", one.measure)
        key = "measure_person" if one.approvals else "measure"
        yield s.words.sentence(f"customer.action.{key}", measure=name)


def _owed(s: Subject) -> Iterator[str]:
    """Sums in the currencies of the invoices, as far as they are known."""
    facts = s.case.facts
    if facts.rejected & OWED_FROM:
        return  # what is owed is not known: the rejected row may be the payment
    owed = {
        "overdue": s.sums(
            s.late_items,
            lambda item: item.remainder - item.contested,
            facts.overdue or 0,
        ),
        "contested": s.sums(
            facts.items, lambda item: item.contested, facts.contested or 0
        ),
        "promised": s.sums(
            facts.items, lambda item: item.promised, facts.promised or 0
        ),
        "in_flight": s.sums(
            facts.items, lambda item: item.in_flight, facts.in_flight or 0
        ),
    }
    if facts.overdue and facts.days_overdue:
        yield s.words.sentence("customer.owed.overdue", **owed, days=facts.days_overdue)
    for name in ("contested", "promised", "in_flight"):
        if owed[name]:
            yield s.words.sentence(f"customer.owed.{name}", **owed)
    if s.answer.follow_up.interest_accrued:
        interest = s.answer.follow_up.interest_accrued
        yield s.words.sentence("customer.owed.interest", interest=interest)


def _protection(s: Subject) -> Iterator[str]:
    passages = [
        tuple(_protected_by(s, reason)) for reason in s.answer.permission.withheld
    ]
    for sentences in dict.fromkeys(passages):  # two ways may wait for the same
        yield from sentences


def _protected_by(s: Subject, reason: Withheld) -> Iterator[str]:
    if not RULE_BY_CODE[reason.code].shown_to_customer:
        return
    key = f"customer.protection.{reason.code}"
    yield s.words.sentence(key, **in_words(s, reason.values))
    if reason.permitted_from is not None:
        at = reason.permitted_from
        yield s.words.sentence("customer.protection.until", at=at)


def _notices(s: Subject) -> Iterator[str]:
    for due in s.answer.follow_up.notices_due:
        yield s.words.sentence(
            "customer.notice_fee" if due.fee else "customer.notice",
            notice=notice_name(s.terms.document, due.notice, s.words, "the"),
            channel=s.words.word("channels", due.channel),
            fee=due.fee,
        )


def _next(s: Subject) -> Iterator[str]:
    """How access returns, and what happens by itself."""
    answer, document, words = s.answer, s.terms.document, s.words
    if answer.follow_up.reactivation is not None and s.action != "none":
        by = answer.follow_up.reactivation.restore_by
        yield words.sentence("customer.next.returns_by", restore_by=by)
    elif s.is_stop and not s.is_by_fraud:
        hours = document.reconnection.within_hours
        yield words.sentence("customer.next.returns", within=hours)
    if answer.follow_up.pause is not None:
        ends = answer.follow_up.pause.auto_expires_at
        yield words.sentence("customer.next.ends", at=ends)
    yield from _ending(s)
    if answer.follow_up.retry_due is not None:
        yield words.sentence("customer.next.retry", at=answer.follow_up.retry_due.at)
    elif answer.follow_up.no_retry == "hard_decline":
        yield words.sentence("customer.next.other_method")
    if s.action != "none" and document.contact:
        key = "contact_protective" if s.is_by_fraud else "contact"
        yield words.sentence(f"customer.next.{key}", contact=document.contact)
    yield from _objection(s)


def _ending(s: Subject) -> Iterator[str]:
    """What becomes of the customer's data after the end of the contract."""
    end = s.answer.follow_up.contract_end
    if end is None:
        return
    if s.is_ahead(end.data_export_until):
        until = end.data_export_until
        yield s.words.sentence("customer.next.data_export", data_export_until=until)
    if s.is_ahead(end.data_deleted_on):
        yield s.words.sentence("customer.next.deleted", day=end.data_deleted_on)


def _objection(s: Subject) -> Iterator[str]:
    """How to object, or when an objection that is open is decided."""
    rule, words = s.terms.document.appeals, s.words
    if s.answer.follow_up.appeal is not None:
        decide_by = s.answer.follow_up.appeal.decide_by
        yield words.sentence("customer.next.objection", decide_by=decide_by)
    elif s.is_stop and rule.channel:
        channel, days = rule.channel, rule.decide_days
        yield words.sentence("customer.next.appeal", channel=channel, decide_days=days)
    if s.is_stop and rule.human_contact:
        yield words.sentence("customer.next.human", contact=rule.human_contact)
