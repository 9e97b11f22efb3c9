"""Why a suspension or block is withheld: arrears, holds, ladder, calendar, evidence.

The ordinary way climbs the ladder; the way of abnormally high use is shorter (see
`decisions.rules.high_usage`); the fraud path needs evidence instead of notices. Reasons
come in the order in which a person would ask for them.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from decisions.actions import ACTIONS, PURSUIT, SEVERITY, STEPS, STOPS, Action
from decisions.case import Case
from decisions.policy.document import PolicyDocument
from decisions.rules.catalogue import withheld
from decisions.rules.clock import overdue_from
from decisions.rules.evidence import has_alert, is_proven
from decisions.rules.holds import decided_values, is_running
from decisions.rules.ladder import LadderPosition
from decisions.rules.linked import linked_frauds
from decisions.rules.reason import Hold, Withheld
from decisions.rules.scope import Targets, has_nothing_left
from decisions.terms import Terms
from features.facts import AccountFacts
from features.money import UNITS

_AN_INSTANT = timedelta(microseconds=1)  # a promise holds to the end of its last one


def arrears_reasons(
    terms: Terms, facts: AccountFacts, at: datetime, zone: ZoneInfo
) -> Iterator[Withheld]:
    """Why there is no arrears to act on; nothing when there is.

    `zone`: the portfolio's, in which an invoice falls due.
    """
    if facts.overdue is None or facts.actionable is None:
        yield withheld("arrears_unknown")
    elif facts.actionable <= 0:
        yield _no_arrears(facts, at, zone)
    elif facts.actionable / UNITS < terms.materiality:
        owed = facts.actionable / UNITS
        yield withheld(
            "below_materiality",
            {"actionable": owed, "materiality": terms.materiality},
        )
    elif _is_substantially_paid(terms, facts):
        yield withheld("substantially_paid")


def _no_arrears(facts: AccountFacts, at: datetime, zone: ZoneInfo) -> Withheld:
    if facts.overdue and facts.promised:
        ends = [p.until for p in facts.promises if p.until is not None]
        lapses = min((end + _AN_INSTANT for end in ends if end >= at), default=None)
        return withheld("promise", permitted_from=lapses)
    if facts.overdue and facts.in_flight:
        return withheld("payment_in_flight")
    if facts.contested and _is_late_contested(facts, at, zone):
        return withheld("dispute", detail="all_contested", released_by="dispute_end")
    return withheld("nothing_overdue")


def _is_late_contested(facts: AccountFacts, at: datetime, zone: ZoneInfo) -> bool:
    """Whether something contested is past its due date, as far as invoices tell."""
    contested = [item for item in facts.items if item.contested]
    late = (overdue_from(item.due_on, zone) <= at for item in contested)
    return not contested or any(late)


def _is_substantially_paid(terms: Terms, facts: AccountFacts) -> bool:
    share = terms.document.clock.substantially_paid_share
    if share >= 1.0:
        return False
    late = [item for item in facts.items if item.days_overdue > 0]
    billed = sum(item.amount for item in late)
    return billed > 0 and sum(item.uncovered for item in late) <= (1 - share) * billed


def hold_reasons(terms: Terms, facts: AccountFacts, aim: Targets) -> Iterator[Withheld]:
    """Standing holds and, where the policy says so, any open dispute."""
    hold = aim.protection
    if hold is not None:  # a person's decision about a service speaks of stops alone
        yield _held(hold, STOPS if hold.kind == "override" else STEPS)
    if facts.disputes and terms.document.holds.dispute.blocks_always:
        yield withheld(
            "dispute", detail="open", released_by="dispute_end", actions=PURSUIT
        )


def _held(hold: Hold, actions: tuple[Action, ...]) -> Withheld:
    return Withheld(
        code=hold.kind,
        actions=actions,
        values=hold.values,
        permitted_from=hold.until,
        released_by=hold.released_by,
    )


def override_reasons(
    terms: Terms, facts: AccountFacts, at: datetime, *, is_whole: bool
) -> Iterator[Withheld]:
    """What a person decided instead: nothing harsher while it runs.

    About a service they decide whether it is taken away, about the account everything;
    but fraud that was confirmed since asks them again, their own or that of somebody
    they share something with.

    `is_whole`: the stop touches the whole account, and so every service about which a
    person decided; else those are left out of it (see `holds.protected_services`).
    """
    for override in facts.overrides:
        is_of_account = override.subscription_id is None
        meant = ACTIONS if is_of_account else STOPS
        decided = SEVERITY.get(override.action, 0)
        harsher = tuple(action for action in meant if SEVERITY[action] > decided)
        since = override.at
        if is_proven(terms, facts, at, since) or linked_frauds(terms, facts, at, since):
            harsher = tuple(action for action in harsher if action != "review")
        if (is_whole or is_of_account) and is_running(override, at) and harsher:
            yield withheld(
                "override",
                decided_values(override),
                permitted_from=override.until,
                released_by="author",
                actions=harsher,
            )


def service_request_reasons(
    document: PolicyDocument, position: LadderPosition
) -> Iterator[Withheld]:
    """Questions to the provider are about suspicion, unless a rung asks for them."""
    for state in document.ladder:
        if position.state is None:
            break
        if state.action == "service_request":
            return
        if state is position.state:
            break
    yield withheld("no_service_request")


def ladder_reasons(position: LadderPosition) -> Iterator[Withheld]:
    """What the ladder still waits for."""
    if position.waits is not None:
        yield position.waits
    if position.notice is None:
        yield withheld("no_notice_due", permitted_from=position.notice_opens)


def service_reasons(
    terms: Terms,
    facts: AccountFacts,
    at: datetime,
    is_cut: bool,
    *,
    is_proven: bool = False,
) -> Iterator[Withheld]:
    """What has ended, essential service and appeals: they count on every way.

    `is_cut`: a stop would take an essential service away. Confirmed fraud
    (`is_proven`) ends the wait for an appeal; an essential service it takes away only
    where the policy says so.
    """
    if has_nothing_left(facts):
        futile = STOPS if has_alert(terms, facts, at) else PURSUIT
        yield withheld("nothing_to_suspend", actions=futile)
    essential = terms.document.essential
    if is_cut and not (is_proven and essential.unless_fraud_confirmed):
        yield withheld("essential_service", actions=essential.never)
    if facts.has_open_appeal and not (is_proven or _has_new_evidence(facts)):
        days = terms.document.appeals.decide_days
        yield withheld(
            "open_appeal", {"decide_days": days}, released_by="appeal_decision"
        )


def _has_new_evidence(facts: AccountFacts) -> bool:
    stopped = max((action.at for action in facts.access_off), default=None)
    return stopped is not None and any(sign.at > stopped for sign in facts.evidence)


def timing_reasons(
    terms: Terms, facts: AccountFacts, at: datetime
) -> Iterator[Withheld]:
    """Tenure and cool-down: reasons that end by themselves."""
    rails = terms.document.guardrails.suspend
    if rails.min_tenure_days and facts.created_at is not None:
        grown = facts.created_at + timedelta(days=rails.min_tenure_days)
        if at < grown:
            values = {"min_tenure_days": rails.min_tenure_days}
            yield withheld("new_customer", values, permitted_from=grown)
    last = [a.at for a in facts.actions_90d if a.action in ("suspend", "reactivate")]
    if rails.cool_down_days and last:
        cooled = max(last) + timedelta(days=rails.cool_down_days)
        if at < cooled:
            values = {"cool_down_days": rails.cool_down_days}
            yield withheld("cool_down", values, permitted_from=cooled)


def calendar_reasons(terms: Terms, at: datetime) -> Iterator[Withheld]:
    """Days and hours on which nobody loses access for non-payment."""
    opens, code = terms.calendar.may_stop_from(at)
    if code is not None:
        yield withheld(code, permitted_from=opens)


def fraud_reasons(
    terms: Terms,
    facts: AccountFacts,
    covering: tuple[Hold, ...],
    aim: Targets,
    at: datetime,
    *,
    has_signs: bool,
    is_sure: bool,
) -> tuple[Withheld, ...] | None:
    """The fraud path; None when the policy has none.

    `has_signs`: some count for a new stop; `is_sure`: one of them was confirmed.
    """
    if terms.document.fraud_path is None:
        return None
    held, others = protective_reasons(terms, facts, covering, aim, at, is_sure=is_sure)
    if has_signs:
        return (*held, *others)
    return (*held, withheld("no_evidence"), *others)


def protective_reasons(
    terms: Terms,
    facts: AccountFacts,
    covering: tuple[Hold, ...],
    aim: Targets,
    at: datetime,
    *,
    is_sure: bool,
) -> tuple[tuple[Withheld, ...], tuple[Withheld, ...]]:
    """Holds that keep stops for fraud away; essential services and appeals."""
    held = tuple(_held(hold, PURSUIT) for hold in covering)
    is_cut = aim.is_account_essential
    return held, tuple(service_reasons(terms, facts, at, is_cut, is_proven=is_sure))


def suspicion_reasons(case: Case) -> Iterator[Withheld]:
    """A pause without a sign needs a model that is borne out, and happens once."""
    if "fraud" in case.starter | case.unproven:
        yield withheld("unproven_suspicion", released_by="person")
    if "actions" not in case.facts.tables:
        yield withheld("suspicion_used", detail="not_looked_at", released_by="person")
    elif case.facts.fraud_stopped_at is not None:
        yield withheld("suspicion_used", detail="paused", released_by="person")
