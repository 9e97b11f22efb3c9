"""Notices due now, and what else follows from an answer: reviews, appeals, retries."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from decisions.actions import ACTIONS, BLOCK, NONE, SUSPEND, Action
from decisions.follow_up.fees import interest_accrued, notice_fee
from decisions.follow_up.parts import AppealDue, ContractEnd, FollowUp, FraudPause
from decisions.follow_up.provider import provider_effects
from decisions.money.inputs import Inputs
from decisions.policy.document import PolicyDocument
from decisions.policy.retries import NoRetry
from decisions.policy.ways import FraudPath
from decisions.recommendation import People, Permission
from decisions.rules.due import NoticeDue, RetryDue
from decisions.rules.eligibility import Eligibility
from decisions.rules.holds import is_running
from decisions.steps.choose import Choice
from decisions.steps.context import DecisionContext
from decisions.terms import Terms
from features.facts import AccountFacts

_ASKED_AHEAD = timedelta(days=1)  # before a review is due


def follow_up_of(
    context: DecisionContext,
    inputs: Inputs,
    choice: Choice,
    permission: Permission,
    people: People,
) -> FollowUp:
    """What comes after an answer."""
    case, terms, at, eligibility = context
    facts, action, touched = case.facts, choice.recommended, eligibility.subscriptions
    is_new_stop = action >= SUSPEND and not permission.in_force
    # of a new stop by the fraud path only
    path = terms.document.fraud_path
    path = path if is_new_stop and permission.basis == "fraud" else None
    retry_due, no_retry = _retry(eligibility, path)
    # a stop that waits for people gives access back meanwhile, another does not
    is_stopped_anew = is_new_stop and not people.requires_person
    stops = max(action, choice.proposed) >= SUSPEND
    in_force = permission.in_force
    return FollowUp(
        notices_due=_notices_due(context, action, inputs.p_nonpayment, path),
        retry_due=retry_due,
        no_retry=no_retry,
        reactivation=None if is_stopped_anew else eligibility.reactivation,
        provider=provider_effects(terms, facts, touched, at) if stops else (),
        review_by=_review_by(context, path, ACTIONS[action] if in_force else None),
        pause=None if path is None else _pause(terms, path, at),
        contract_end=_end(context, in_force=in_force) if action == BLOCK else None,
        interest_accrued=interest_accrued(terms, facts, at),
        appeal=_appeal_due(terms, facts),
        retain_until=_retain_until(terms, at, ACTIONS[action]),
    )


def no_follow_up(terms: Terms, facts: AccountFacts, at: datetime) -> FollowUp:
    """Where there is no decision: the record is kept, and an open appeal answered."""
    return FollowUp(
        notices_due=(),
        retry_due=None,
        no_retry=None,
        reactivation=None,
        provider=(),
        review_by=None,
        pause=None,
        contract_end=None,
        interest_accrued=None,
        appeal=_appeal_due(terms, facts),
        retain_until=_retain_until(terms, at, "none"),
    )


def _notices_due(
    context: DecisionContext, action: int, p_nonpayment: float, path: FraudPath | None
) -> tuple[NoticeDue, ...]:
    """Notices to send now, each with what it costs the customer."""
    case, terms, at, eligibility = context
    is_wanted = action > NONE
    before = before_acting(eligibility, terms, p_nonpayment, is_wanted=is_wanted)
    due = [*before, *_after_a_pause(terms.document, path, at)]
    document, facts = terms.document, case.facts
    return tuple(replace(n, fee=notice_fee(document, facts, n.notice)) for n in due)


def before_acting(
    eligibility: Eligibility, terms: Terms, p_nonpayment: float, *, is_wanted: bool
) -> Iterator[NoticeDue]:
    """The next notice of the ladder and, without prospect of payment, of high use.

    Args:
        eligibility: what the facts permit.
        terms: the policy in force.
        p_nonpayment: of the customer.
        is_wanted: some action is recommended; who is left alone is sent nothing.
    """
    ladder, usage = eligibility.position.notice, eligibility.high_usage_notice
    if ladder is not None and (is_wanted or terms.notices_always):
        yield ladder
    is_hopeless = p_nonpayment >= terms.min_p_high_usage
    if usage is not None and is_wanted and is_hopeless:
        yield usage


def _after_a_pause(
    document: PolicyDocument, path: FraudPath | None, at: datetime
) -> Iterator[NoticeDue]:
    """The fraud path tells the customer afterwards."""
    if path is None or path.notice is None:
        return
    rule = document.notices.kinds[path.notice]
    yield NoticeDue(
        notice=path.notice,
        state="fraud_path",
        channel=rule.channels[0],
        languages=rule.languages,
        send_by=at + timedelta(hours=path.notice_within_hours),
    )


def _retry(
    eligibility: Eligibility, path: FraudPath | None
) -> tuple[RetryDue | None, NoRetry | None]:
    """Our own next charge; none while a pause for fraud stops our charging."""
    retry_due, no_retry = eligibility.retry_due, eligibility.no_retry
    has_failed = retry_due is not None or no_retry is not None
    if has_failed and path is not None and path.stop_charging:
        return None, "charging_stopped"
    return retry_due, no_retry


def _pause(terms: Terms, path: FraudPath, at: datetime) -> FraudPause:
    return FraudPause(
        wording=terms.document.own(path.wording),
        auto_expires_at=at + timedelta(hours=path.auto_expire_hours),
        stop_charging=path.stop_charging,
        refund=path.refund,
    )


def _end(context: DecisionContext, *, in_force: bool) -> ContractEnd:
    """An ended contract: data to fetch, their deletion, and what is left unpaid."""
    case, terms, at, _ = context
    rule = terms.document.termination
    blocked = [a.at for a in case.facts.access_off if a.action == "block"]
    ended = min(blocked, default=at) if in_force else at
    return ContractEnd(
        data_export_until=ended + timedelta(days=rule.data_export_days),
        data_deleted_on=_day_after(terms, ended, rule.deletion_after_days),
        write_off_from=_day_after(terms, ended, rule.write_off_after_days),
    )


def _day_after(terms: Terms, moment: datetime, days: int | None) -> date | None:
    """The local day so many days after a moment."""
    if days is None:
        return None
    return terms.calendar.local_day(moment) + timedelta(days=days)


def _appeal_due(terms: Terms, facts: AccountFacts) -> AppealDue | None:
    """Until when an open appeal is answered; None when none is known to be open."""
    opened = facts.appeal_opened_at
    if opened is None or not facts.has_open_appeal:
        return None
    return appeal_due(terms, opened)


def appeal_due(terms: Terms, opened: datetime) -> AppealDue:
    """Until when an appeal that was opened at `opened` is answered."""
    rule = terms.document.appeals
    return AppealDue(
        acknowledge_by=opened + timedelta(hours=rule.acknowledge_hours),
        decide_by=opened + timedelta(days=rule.decide_days),
        during=rule.during,
    )


def _retain_until(terms: Terms, at: datetime, action: Action) -> date | None:
    """Until when the record of a decision is kept; None where the policy is silent."""
    rule = terms.document.retention
    return None if rule is None else _day_after(terms, at, rule.days_of(action))


def _review_by(
    context: DecisionContext, path: FraudPath | None, in_force: Action | None
) -> datetime | None:
    """A pause is reviewed soon; a stop that goes on, after its state's longest time.

    Who decided then, about the account, is asked again when that decision ends.
    """
    _, terms, at, eligibility = context
    if path is not None:
        return at + timedelta(hours=path.review_within_hours)
    ladder = terms.document.ladder
    own = (state.max_days for state in ladder if state.action == in_force)
    longest = [days for days in own if days is not None]
    off = [h.since for h in eligibility.holds if not h.protects and h.since is not None]
    if not (longest and off):
        return None
    by = min(off) + timedelta(days=min(longest))
    for decided in context.case.facts.overrides:
        is_answer = decided.at >= by - _ASKED_AHEAD and is_running(decided, at)
        if is_answer and decided.subscription_id is None:
            return decided.until
    return by
