"""Holds: reasons not to act, reasons access is off, and who may release them.

Reasons form a set and access returns only when all of them are cured. Authority is
human > fraud > non-payment: automation releases what automation did for non-payment
(or what expires by itself), and never lowers a stronger hold.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from decisions.actions import STOPS
from decisions.policy.document import PolicyDocument
from decisions.rules.due import Reactivation
from decisions.rules.evidence import is_confirmed
from decisions.rules.reason import AccessHold, Hold, Releaser, Values
from decisions.rules.settlement import is_given_up, returned_by
from decisions.rules.standing import releaser
from decisions.terms import Terms
from features.facts import (
    AccountFacts,
    ActiveOverride,
    ExecutedAction,
    OpenDispute,
    OpenPromise,
)
from features.money import UNITS

AUTHORITY = {"nonpayment": 0, "fraud": 1, "manual": 2}  # who is stronger


def is_running(override: ActiveOverride, at: datetime) -> bool:
    """Whether a person's decision still stands."""
    return override.until is None or override.until > at


def decided_values(override: ActiveOverride) -> Values:
    """What a sentence about a person's decision quotes: their own words."""
    return {"by": override.by, "action": override.action, "reason": override.reason}


def override_holds(facts: AccountFacts, at: datetime) -> Iterator[Hold]:
    """What people decided instead of a recommendation, by whom, why and until when."""
    for override in facts.overrides:
        if is_running(override, at):
            yield Hold(
                kind="override",
                protects=True,
                since=override.at,
                until=override.until,
                released_by="author",
                values=decided_values(override),
                subscription_id=override.subscription_id,
            )


def protected_services(facts: AccountFacts, at: datetime) -> Iterator[Hold]:
    """Services that a person decided to leave on, as holds of these services."""
    kept = {o.subscription_id for o in facts.overrides if o.action not in STOPS} - {
        None
    }
    yield from (h for h in override_holds(facts, at) if h.subscription_id in kept)


def money_holds(
    document: PolicyDocument, facts: AccountFacts, at: datetime
) -> Iterator[Hold]:
    """Holds on money: contested, promised and in flight; they protect their amounts."""
    rules = document.holds
    for dispute in facts.disputes:
        released_by, values = releaser(rules.dispute.decided_by)
        yield Hold(
            kind="dispute",
            protects=True,
            since=dispute.opened_at,
            until=None,
            released_by=released_by,
            values=values,
            is_beyond_policy=_is_past_its_time(document, dispute, at),
        )
    for promise in facts.promises:
        is_long = _is_long(promise, rules.promise.max_days)
        yield Hold(
            kind="promise",
            protects=True,
            since=promise.made_at,
            until=promise.until,
            released_by="promised_date",
            is_beyond_policy=is_long or facts.n_promises_365d > rules.promise.per_year,
        )
    if facts.in_flight:
        yield Hold("payment_in_flight", True, None, None, "settlement")


def awaits_decision(terms: Terms, facts: AccountFacts, at: datetime) -> bool:
    """Whether a dispute about a bill is open for longer than the policy gives.

    A chargeback is decided by the bank, in its own time.
    """
    return any(
        dispute.kind == "billing" and _is_past_its_time(terms.document, dispute, at)
        for dispute in facts.disputes
    )


def _is_past_its_time(
    document: PolicyDocument, dispute: OpenDispute, at: datetime
) -> bool:
    max_days = document.holds.dispute.max_days
    return dispute.opened_at + timedelta(days=max_days) <= at


def _is_long(promise: OpenPromise, max_days: int) -> bool:
    if promise.days is None:  # facts recorded before they said so
        longest = promise.made_at + timedelta(days=max_days)
        return promise.until is None or promise.until > longest
    return promise.days > max_days


def access_holds(terms: Terms, facts: AccountFacts, at: datetime) -> Iterator[Hold]:
    """Reasons for which access is off, each with whether its cause is cured."""
    for action in facts.access_off:
        reason = _reason(action)
        cure = _cure(terms, facts, action, reason, at)
        gave_up = cure is None and is_given_up(terms, action)
        yield Hold(
            kind=reason,
            protects=False,
            since=action.at,
            until=_expiry(terms, facts, action, reason),
            released_by="person" if gave_up else _released_by(reason, cure),
            values={"given_up": action.given_up / UNITS} if gave_up else {},
            cure=cure,
            subscription_id=action.subscription_id,
        )


def _reason(action: ExecutedAction) -> AccessHold:
    """What access was taken for; what nobody said is a person's own decision."""
    if action.reason == "nonpayment":
        return "nonpayment"  # also where a person carried out the ladder's own step
    return "fraud" if action.reason == "fraud" else "manual"


def _expiry(
    terms: Terms, facts: AccountFacts, action: ExecutedAction, reason: str
) -> datetime | None:
    """A protective suspension expires unless the fraud is confirmed by then."""
    path = terms.document.fraud_path
    confirmed = is_confirmed(facts) or any(
        sign.is_confirmed for sign in facts.doubted_evidence
    )
    if reason != "fraud" or path is None or confirmed or action.by == "person":
        return None
    return action.at + timedelta(hours=path.auto_expire_hours)


def _cure(
    terms: Terms,
    facts: AccountFacts,
    action: ExecutedAction,
    reason: str,
    at: datetime,
) -> str | None:
    """How the cause went away; None while it stands.

    Where the policy restores access during an appeal, an open one counts as a cure of
    what automation may have caused, but not of confirmed fraud.
    """
    if reason == "manual":
        return None
    cure = (
        _cleared(terms, facts, action, at)
        if reason == "fraud"
        else returned_by(terms, facts, action, at)
    )
    is_restored = facts.has_open_appeal and terms.document.appeals.during == "restore"
    if cure is None and is_restored and not (reason == "fraud" and is_confirmed(facts)):
        return "appeal"
    return cure


def _cleared(
    terms: Terms, facts: AccountFacts, action: ExecutedAction, at: datetime
) -> str | None:
    expiry = _expiry(terms, facts, action, "fraud")
    if expiry is not None and expiry <= at:
        return "expired"
    return None if facts.evidence else "cleared"


def _released_by(reason: AccessHold, cure: str | None) -> Releaser:
    automatic = reason == "nonpayment" or cure == "expired"
    return "automation" if automatic else "person"


def reactivation(
    document: PolicyDocument, access: tuple[Hold, ...], at: datetime
) -> Reactivation | None:
    """Access comes back when every reason is cured, and not before."""
    if not access or not all(hold.cure for hold in access):
        return None
    rules = document.reconnection
    by_automation = all(hold.released_by == "automation" for hold in access)
    strongest = max(access, key=lambda hold: AUTHORITY[hold.kind])
    return Reactivation(
        reasons=tuple(sorted({hold.kind for hold in access})),
        cure=strongest.cure or "",
        by="automation" if by_automation else "person",
        restore_by=at + timedelta(hours=rules.within_hours),
        bill_suspended_period=rules.bill_suspended_period,
        fee_cap=rules.fee_cap,
        fee=None if rules.fee is None else min(rules.fee, rules.fee_cap),
        order=rules.order,
    )
