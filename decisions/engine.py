"""One customer: from a case to a recommendation."""

from datetime import datetime, timedelta

from decisions.actions import ACTIONS, BLOCK, NONE, REVIEW, SUSPEND, Action
from decisions.approvals import approvals_needed
from decisions.arms import softer
from decisions.case import Basis, BookState, Case
from decisions.choose import Choice, choose
from decisions.circumstances import Circumstances, circumstances
from decisions.errors import NaiveMomentError
from decisions.guardrails import is_by_fraud
from decisions.policy.load import Policy
from decisions.provider import provider_effects
from decisions.reasons import no_decision_sentence, permitted_from, withheld_reasons
from decisions.recommendation import NoticeDue, Recommendation, States
from decisions.terms import Terms
from decisions.thresholds import Stake
from decisions.view import View, data_until, undecidable, view

DEFAULT_BOOK = BookState()


def recommend(
    case: Case, policy: Policy, at: datetime, book: BookState = DEFAULT_BOOK
) -> Recommendation:
    """What to do about one customer at `at`, and why not more.

    Args:
        case: probabilities and account facts of the customer.
        policy: the policy file; its terms in force at `at` decide.
        at: aware UTC moment of the decision; nothing here reads a clock.
        book: budgets used and queue places taken so far.

    Raises:
        NaiveMomentError: if `at` has no timezone.
    """
    if at.tzinfo is None:
        raise NaiveMomentError("at")
    terms = policy.in_force(at)
    code = undecidable(case, terms, at)
    if terms is None:
        return _no_decision(case, policy.latest, at, "not_in_force", None)
    seen = circumstances(case, terms, at)
    if code is not None:
        return _no_decision(case, terms, at, code, seen)
    v = view(case, seen, terms)
    if v is None:
        return _no_decision(case, terms, at, "unknown_money", seen)
    choice = choose(v, terms, book, case.facts.customer_id, at)
    return _answer(case, terms, at, book, seen, v, choice)


def _answer(
    case: Case,
    terms: Terms,
    at: datetime,
    book: BookState,
    seen: Circumstances,
    v: View,
    choice: Choice,
) -> Recommendation:
    facts, document, action = case.facts, terms.document, choice.recommended
    basis = basis_of(v, terms, seen, action)
    goes_on = action == seen.in_force and action != NONE
    is_new_stop = action >= SUSPEND and not goes_on
    by_fraud = basis == "fraud" and is_new_stop
    path = document.fraud_path if by_fraud else None
    people = approvals_needed(terms, action, facts.subject_kind, v.exposure, by_fraud)
    state = seen.position.state
    withheld = withheld_reasons(terms, book, seen, v, choice)
    return Recommendation(
        customer_id=facts.customer_id,
        at=at,
        policy=terms.reference,
        policy_hash=terms.hash,
        mode=terms.mode,
        currency=document.currency,
        horizon_days=document.horizon_days,
        proposed_action=ACTIONS[choice.proposed],
        recommended_action=ACTIONS[action],
        code=None,
        sentence="",
        basis=basis,
        states=States(v.p_fraud, v.p_only, v.p_good),
        p_fraud=case.p_fraud,
        p_nonpayment=case.p_nonpayment,
        stake=_stake(case, v),
        expected_cost=None
        if choice.costs is None
        else dict(zip(ACTIONS, choice.costs, strict=True)),
        stability=choice.stability,
        is_close_call=choice.stands != choice.proposed,
        withheld=withheld,
        permitted_from=permitted_from(terms, choice.proposed, withheld),
        holds=seen.holds,
        notices_due=_notices_due(terms, seen, choice, by_fraud, at),
        state=None if state is None else state.state,
        owner=_owner(terms, seen, action),
        restrict=() if state is None else state.restrict,
        subscriptions=seen.subscriptions if is_new_stop and not by_fraud else (),
        requires_person=people > 0,
        meanwhile_action=_meanwhile(terms, choice, v, facts.subject_kind)
        if people > 0 and not goes_on
        else None,
        approvals=people,
        in_force=goes_on,
        reactivation=seen.reactivation,
        provider=provider_effects(terms, facts, seen.subscriptions, at)
        if max(action, choice.proposed) >= SUSPEND
        else (),
        wording=None if path is None else path.wording,
        review_by=_review_by(terms, seen, goes_on)
        if path is None
        else at + timedelta(hours=path.review_within_hours),
        auto_expires_at=None
        if path is None
        else at + timedelta(hours=path.auto_expire_hours),
        stop_charging=path is not None and path.stop_charging,
        data_export_until=at + timedelta(days=document.termination.data_export_days)
        if action == BLOCK
        else None,
        arm=choice.arm.name,
        propensity=choice.arm.propensity,
        expires_at=expires_at(case, terms, at),
        missing=_missing(case),
        _model=terms.model,
        _rho=case.nonpayment_given_fraud,
    )


def expires_at(case: Case, terms: Terms, at: datetime) -> datetime:
    """A recommendation never outlives the data it was made from."""
    return min(at + terms.valid_for, data_until(case) + terms.stale_after)


def basis_of(v: View, terms: Terms, seen: Circumstances, action: int) -> Basis | None:
    """The target on which an action stands."""
    if action == NONE:
        return None
    if seen.in_force and action == seen.in_force:
        return "fraud" if seen.in_force_reason == "fraud" else "nonpayment"
    if action == REVIEW:
        return "fraud" if v.p_fraud > v.p_only else "nonpayment"
    return "fraud" if is_by_fraud(v, terms, action) else "nonpayment"


def _meanwhile(
    terms: Terms, choice: Choice, v: View, subject_kind: str | None
) -> Action:
    """What automation may do until somebody has answered."""
    action = choice.recommended
    while action > NONE:
        action = softer(action, choice.forbidden)
        by_fraud = bool(is_by_fraud(v, terms, action))
        if approvals_needed(terms, action, subject_kind, v.exposure, by_fraud) == 0:
            break
    return ACTIONS[action]


def _stake(case: Case, v: View) -> Stake:
    facts = case.facts
    return Stake(
        open=None if facts.open is None else facts.open / 10_000,
        clv=v.clv,
        open_cost=v.open_cost,
        run_up_cost=v.run_up,
        stoppable=v.stoppable,
    )


def _notices_due(
    terms: Terms, seen: Circumstances, choice: Choice, by_fraud: bool, at: datetime
) -> tuple[NoticeDue, ...]:
    """The ladder's next notice where somebody wants to act, and the after-notice."""
    found = []
    due, path = seen.position.notice, terms.document.fraud_path
    if due is not None and (
        terms.notices_always or max(choice.proposed, choice.recommended) > NONE
    ):
        found.append(due)
    if by_fraud and path is not None and path.notice is not None:
        rule = terms.document.notices.kinds[path.notice]
        found.append(
            NoticeDue(
                notice=path.notice,
                state="fraud_path",
                channel=rule.channels[0],
                languages=rule.languages,
                send_by=at + timedelta(hours=path.notice_within_hours),
            )
        )
    return tuple(found)


def _owner(terms: Terms, seen: Circumstances, action: int) -> str | None:
    """Who is in charge: no state and no action is without an owner."""
    if action == REVIEW:
        return terms.document.review.owner
    state = seen.position.state
    if state is not None:
        return state.owner
    return None if action == NONE else terms.document.review.owner


def _review_by(terms: Terms, seen: Circumstances, goes_on: bool) -> datetime | None:
    """A stop that goes on is looked at again after its state's longest time."""
    longest = [s.max_days for s in terms.document.ladder if s.max_days is not None]
    off = [h.since for h in seen.holds if not h.protects and h.since is not None]
    if not (goes_on and longest and off):
        return None
    return min(off) + timedelta(days=min(longest))


def _missing(case: Case) -> tuple[str, ...]:
    found = list(case.missing)
    if case.p_fraud is None:
        found.append("p_fraud")
    if case.p_nonpayment is None:
        found.append("p_nonpayment")
    return tuple(dict.fromkeys(found))


def _no_decision(
    case: Case, terms: Terms, at: datetime, code: str, seen: Circumstances | None
) -> Recommendation:
    """No recommendation at all: nothing changes, and nothing is suspended."""
    state = None if seen is None else seen.position.state
    return Recommendation(
        customer_id=case.facts.customer_id,
        at=at,
        policy=terms.reference,
        policy_hash=terms.hash,
        mode=terms.mode,
        currency=terms.document.currency,
        horizon_days=terms.document.horizon_days,
        proposed_action=None,
        recommended_action=None,
        code=code,
        sentence=no_decision_sentence(code, terms),
        basis=None,
        states=None,
        p_fraud=case.p_fraud,
        p_nonpayment=case.p_nonpayment,
        stake=None,
        expected_cost=None,
        stability=None,
        is_close_call=False,
        withheld=(),
        permitted_from=None,
        holds=() if seen is None else seen.holds,
        notices_due=(),
        state=None if state is None else state.state,
        owner=None if state is None else state.owner,
        restrict=(),
        subscriptions=(),
        requires_person=False,
        meanwhile_action=None,
        approvals=0,
        in_force=False,
        reactivation=None,
        provider=(),
        wording=None,
        review_by=None,
        auto_expires_at=None,
        stop_charging=False,
        data_export_until=None,
        arm="greedy",
        propensity=1.0,
        expires_at=expires_at(case, terms, at),
        missing=_missing(case),
    )
