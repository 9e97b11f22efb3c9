"""Hold algebra: a set of reasons, who may release them, and when access returns."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import Case, Recommendation, default_policy, load_policy, recommend
from decisions.policy_file.check import check
from decisions.policy_file.load import SHIPPED, Policy, parse_document, shipped_policies
from features.facts import (
    AccountFacts,
    ActiveHold,
    ActiveOverride,
    Evidence,
    ExecutedAction,
    LiveSubscription,
    OpenDispute,
    OpenPromise,
)
from tests.decisions.decision_cases import (
    TABLES,
    TUESDAY,
    UNITS,
    delivered,
    facts_of,
    overdue_facts,
    random_cases,
)

POLICIES = [load_policy(path) for path in shipped_policies()]
LONG_AGO = TUESDAY - timedelta(days=20)


def _off(reason: str, by: str = "automation", days: int = 20) -> ExecutedAction:
    at = TUESDAY - timedelta(days=days)
    return ExecutedAction("suspend", at, reason=reason, by=by)


def _answer(facts: AccountFacts, p_fraud: float = 0.0) -> Recommendation:
    return recommend(Case(facts, p_fraud, 0.6), default_policy(), TUESDAY)


def _codes(found: Recommendation) -> set[str]:
    return {reason.code for reason in found.permission.withheld}


@given(case=random_cases(), policy=st.sampled_from(POLICIES))
def test_access_returns_only_when_every_reason_is_cured(
    case: Case, policy: Policy
) -> None:
    found = recommend(case, policy, TUESDAY)
    if found.code is not None:
        return
    reasons = [hold for hold in found.permission.holds if not hold.protects]
    back = found.follow_up.reactivation is not None
    assert back is (bool(reasons) and all(hold.cure for hold in reasons))
    if reasons and not back:
        assert found.action in ("suspend", "block")
    if (
        found.follow_up.reactivation is not None
        and found.follow_up.reactivation.by == "automation"
    ):
        assert all(hold.released_by == "automation" for hold in reasons)


@given(case=random_cases())
def test_automation_never_lowers_what_a_person_or_fraud_put_there(case: Case) -> None:
    for reason in ("fraud", "manual"):
        off = _off(reason, by="person")
        facts = replace(case.facts, access_off=(off, _off("nonpayment")))
        found = recommend(replace(case, facts=facts), default_policy(), TUESDAY)
        back = found.follow_up.reactivation
        assert back is None or back.by == "person"


def test_paying_brings_access_back_by_itself() -> None:
    found = _answer(facts_of(access_off=(_off("nonpayment"),)))
    assert found.follow_up.reactivation is not None
    assert found.follow_up.reactivation.cure == "paid"
    assert found.follow_up.reactivation.by == "automation"
    assert found.follow_up.reactivation.restore_by == TUESDAY + timedelta(hours=4)
    assert found.action == "none"


@pytest.mark.parametrize("kind", ["legal_person", "natural_person"])
def test_access_is_not_given_back_where_it_is_taken_away_anew(kind: str) -> None:
    """The suspicion is cleared, the debt is not: only people who still think it over
    let access return meanwhile."""
    facts = overdue_facts(access_off=(_off("fraud"),), subject_kind=kind)
    found = _answer(facts)
    assert (found.action, found.permission.in_force) == ("suspend", False)
    assert found.people.requires_person == (kind == "natural_person")
    assert (found.follow_up.reactivation is not None) == found.people.requires_person


def test_what_was_given_up_is_not_paid_and_gives_no_access_back() -> None:
    """An invoice was written off; whoever keeps the books says nothing of access."""
    off = replace(_off("nonpayment"), invoices=("i1",), given_up=300 * UNITS)
    cleared = overdue_facts(0, days=0, access_off=(off,))
    found = _answer(cleared)
    assert found.follow_up.reactivation is None
    kept = next(hold for hold in found.permission.holds if not hold.protects)
    assert (kept.released_by, kept.values) == ("person", {"given_up": 300.0})
    rest = replace(off, given_up=25 * UNITS)  # the materiality
    found = _answer(replace(cleared, access_off=(rest,)))
    assert found.follow_up.reactivation is not None
    plan = ActiveHold("instalment_plan", LONG_AGO, TUESDAY + timedelta(days=60))
    found = _answer(replace(cleared, holds=(plan,)))
    assert found.follow_up.reactivation is not None
    assert found.follow_up.reactivation.cure == "arranged"


def test_a_promise_counts_as_arranged() -> None:
    facts = overdue_facts(access_off=(_off("nonpayment"),))
    promise = OpenPromise(LONG_AGO, TUESDAY + timedelta(days=3), None, days=14)
    owed = facts.overdue
    [item] = facts.items
    items = (replace(item, promised=item.remainder),)
    facts = replace(
        facts, promised=owed, actionable=0, promises=(promise,), items=items
    )
    found = _answer(facts)
    assert found.follow_up.reactivation is not None
    assert found.follow_up.reactivation.cure == "arranged"


def test_a_manual_hold_stays_though_everything_is_paid() -> None:
    facts = facts_of(access_off=(_off("nonpayment"), _off("manual", by="person")))
    found = _answer(facts)
    assert found.follow_up.reactivation is None
    assert found.action == "suspend"
    assert found.permission.in_force
    cures = {hold.kind: hold.cure for hold in found.permission.holds}
    assert cures == {"nonpayment": "paid", "manual": None}


def test_what_is_in_force_goes_on_without_a_new_notice() -> None:
    facts = overdue_facts(access_off=(_off("nonpayment"),), notices=())
    found = _answer(facts)
    assert (found.action, found.permission.in_force) == ("suspend", True)
    assert not found.permission.subscriptions


@pytest.mark.parametrize(
    ("days", "confirmed", "cure"),
    [
        pytest.param(2, False, None, id="still checking"),
        pytest.param(3, False, "expired", id="72 hours are over"),
        pytest.param(3, True, None, id="confirmed meanwhile"),
    ],
)
def test_a_protective_suspension_expires(
    days: int, confirmed: bool, cure: str | None
) -> None:
    kind = "outcome_fraud" if confirmed else "crypto_mining"
    sign = Evidence(
        kind, TUESDAY - timedelta(days=days), confidence="high", is_confirmed=confirmed
    )
    facts = facts_of(access_off=(_off("fraud", days=days),), evidence=(sign,))
    [hold] = _answer(facts).permission.holds
    assert hold.cure == cure


@pytest.mark.parametrize("kind", ["exemption", "instalment_plan", "legal", "manual"])
def test_a_standing_hold_keeps_every_step_away(kind: str) -> None:
    hold = ActiveHold(kind, LONG_AGO, TUESDAY + timedelta(days=5))
    found = _answer(overdue_facts(holds=(hold,)))
    assert found.action == "review"
    [reason] = [r for r in found.permission.withheld if r.code == kind]
    assert reason.permitted_from == TUESDAY + timedelta(days=5)


def test_an_exemption_ends_with_the_longest_time_the_policy_grants() -> None:
    forgotten = ActiveHold("exemption", TUESDAY - timedelta(days=365), None)
    assert _answer(overdue_facts(holds=(forgotten,))).action == "suspend"
    younger = replace(forgotten, since=TUESDAY - timedelta(days=364))
    assert _answer(overdue_facts(holds=(younger,))).action == "review"


@pytest.mark.parametrize(
    ("kind", "stops"),
    [
        ("exemption", True),
        ("instalment_plan", True),
        ("legal", False),
        ("manual", False),
    ],
)
def test_only_human_holds_cover_fraud(kind: str, stops: bool) -> None:
    sign = Evidence("crypto_mining", TUESDAY, confidence="high")
    hold = ActiveHold(kind, LONG_AGO, TUESDAY + timedelta(days=5))
    facts = facts_of(
        evidence=(sign,), holds=(hold,), usage_daily_cost=100 * UNITS, clv=900 * UNITS
    )
    found = _answer(facts, p_fraud=0.45)
    assert (found.action == "suspend") is stops


def test_a_stop_that_lasts_is_reviewed_after_the_longest_time_of_its_own_state() -> (
    None
):
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    stop = next(rung for rung in values["ladder"] if rung["action"] == "suspend")
    notice = next(rung for rung in values["ladder"] if rung["notice"])
    stop["max_days"], notice["max_days"] = 45, 20
    policy = Policy(parse_document(values, "test"))
    since = TUESDAY - timedelta(days=5)
    off = ExecutedAction("suspend", since, "nonpayment", "automation")
    found = recommend(Case(overdue_facts(access_off=(off,)), 0.0, 0.6), policy, TUESDAY)
    assert (found.action, found.permission.in_force) == ("suspend", True)
    assert found.follow_up.review_by == since + timedelta(days=45)
    codes = {finding.code for finding in check(policy)}
    assert "idle_max_days" in codes


def test_who_decided_that_a_stop_goes_on_is_asked_again_when_that_ends() -> None:
    """The shipped policy has a person look after 60 days."""
    since = TUESDAY - timedelta(days=70)
    off = ExecutedAction("suspend", since, "nonpayment", "automation")
    owed = overdue_facts(days=90, access_off=(off,))
    due, until = since + timedelta(days=60), TUESDAY + timedelta(days=30)
    for decided_at, review_by in (
        (due - timedelta(days=1), until),
        (due - timedelta(days=1, hours=1), due),
    ):
        decided = ActiveOverride("suspend", decided_at, "anna", "a plan", until)
        found = _answer(replace(owed, overrides=(decided,)))
        assert found.permission.in_force
        assert found.follow_up.review_by == review_by


def test_the_fraud_path_is_neutral_reviewed_and_expires() -> None:
    sign = Evidence("crypto_mining", TUESDAY, confidence="high")
    facts = facts_of(evidence=(sign,), usage_daily_cost=100 * UNITS, clv=900 * UNITS)
    saturday = TUESDAY + timedelta(days=4)
    found = recommend(
        Case(replace(facts, as_of=saturday), 0.45, 0.1), default_policy(), saturday
    )
    assert (found.action, found.permission.basis) == ("suspend", "fraud")
    assert found.follow_up.review_by == saturday + timedelta(hours=24)
    pause = found.follow_up.pause
    assert pause is not None
    assert pause.auto_expires_at == saturday + timedelta(hours=72)
    assert pause.stop_charging
    assert "fraud" not in pause.wording.lower()
    assert [due.notice for due in found.follow_up.notices_due] == ["access_paused"]


@pytest.mark.parametrize(
    "sign",
    [
        pytest.param(Evidence("crypto_mining", TUESDAY, confidence="low"), id="weak"),
        pytest.param(
            Evidence("crypto_mining", TUESDAY - timedelta(days=31), confidence="high"),
            id="old",
        ),
        pytest.param(Evidence("security_advisory", TUESDAY), id="not listed"),
    ],
)
def test_evidence_the_policy_does_not_accept_opens_nothing(sign: Evidence) -> None:
    facts = facts_of(
        evidence=(sign,),
        usage_daily_cost=100 * UNITS,
        clv=900 * UNITS,
        tables=TABLES - {"actions"},  # so that suspicion alone pauses nobody
    )
    found = _answer(facts, p_fraud=0.9)
    assert found.action == "review"
    assert "no_evidence" in _codes(found)


def test_evidence_without_probability_is_not_enough() -> None:
    sign = Evidence("crypto_mining", TUESDAY, confidence="high")
    facts = facts_of(
        evidence=(sign,),
        usage_daily_cost=900 * UNITS,
        clv=90 * UNITS,
        tables=TABLES - {"actions"},
    )
    found = _answer(facts, p_fraud=0.29)
    assert found.action == "review"


def test_an_essential_customer_is_never_cut_off() -> None:
    found = _answer(overdue_facts(segment="healthcare"))
    assert found.action == "review"
    assert "essential_service" in _codes(found)


def test_an_open_appeal_keeps_new_stops_away() -> None:
    found = _answer(overdue_facts(has_open_appeal=True))
    assert "open_appeal" in _codes(found)
    assert found.action == "review"


def test_an_appeal_that_restores_access_is_the_reason_not_to_stop_again() -> None:
    """The step to the stop was reached; the next one, to the end, is not the reason."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["appeals"]["during"] = "restore"
    policy = Policy(parse_document(values, "test"))
    off = ExecutedAction("suspend", TUESDAY - timedelta(days=5), "nonpayment")
    facts = overdue_facts(access_off=(off,), has_open_appeal=True)
    found = recommend(Case(facts, 0.0, 0.6), policy, TUESDAY)
    assert (found.proposed_action, found.action) == ("suspend", "review")
    assert "open_appeal" in _codes(found)
    assert "too_early" not in _codes(found)


def test_cool_down_after_a_restoration() -> None:
    back = ExecutedAction("reactivate", TUESDAY - timedelta(days=5), by="automation")
    found = _answer(overdue_facts(actions_90d=(back,)))
    [reason] = [r for r in found.permission.withheld if r.code == "cool_down"]
    assert reason.permitted_from == TUESDAY + timedelta(days=9)


def test_a_new_customer_is_spared() -> None:
    found = _answer(overdue_facts(created_at=TUESDAY - timedelta(days=2)))
    assert "new_customer" in _codes(found)


def test_who_never_paid_an_invoice_is_looked_at() -> None:
    facts = overdue_facts(
        60, days=6, notices=(), n_invoices_paid=0, recurring_monthly=0
    )
    found = recommend(Case(facts, 0.0, 0.12), default_policy(), TUESDAY)
    assert found.action == "review"
    paid = replace(facts, n_invoices_paid=1)
    found = recommend(Case(paid, 0.0, 0.12), default_policy(), TUESDAY)
    assert found.action in ("none", "remind")


def test_high_use_without_prospect_of_payment_shortens_the_way() -> None:
    facts = overdue_facts(
        900,
        days=5,
        notices=(delivered("usage_warning", 1.1),),
        usage_ratio=8.0,
        usage_daily_cost=120 * UNITS,
        recurring_monthly=0,
    )
    found = recommend(Case(facts, 0.0, 0.8), default_policy(), TUESDAY)
    assert found.action == "suspend"
    found = recommend(Case(facts, 0.0, 0.49), default_policy(), TUESDAY)
    assert found.action != "suspend"
    calm = replace(facts, usage_ratio=4.9)
    found = recommend(Case(calm, 0.0, 0.8), default_policy(), TUESDAY)
    assert found.action != "suspend"


def test_a_committed_licence_is_billed_on_and_the_answer_says_so() -> None:
    bound = LiveSubscription(
        "s1",
        "Office",
        "license",
        800 * UNITS,
        committed=9000 * UNITS,
        cancel_window_ends_at=TUESDAY + timedelta(days=3),
        overdue=4500 * UNITS,
    )
    [effect] = _answer(overdue_facts(subscriptions=(bound,))).follow_up.provider
    assert effect.share_stopped == 0.0
    assert effect.cancel_until == TUESDAY + timedelta(days=3)
    late = replace(bound, cancel_window_ends_at=TUESDAY - timedelta(days=3))
    [effect] = _answer(overdue_facts(subscriptions=(late,))).follow_up.provider
    assert effect.cancel_until is None
    assert effect.instead == "reduce at renewal and switch automatic renewal off"


def test_four_eyes_above_an_amount() -> None:
    small = recommend(Case(overdue_facts(4500), 0.0, 0.6), default_policy(), TUESDAY)
    large = recommend(Case(overdue_facts(9500), 0.0, 0.6), default_policy(), TUESDAY)
    assert (small.people.approvals, large.people.approvals) == (0, 2)


def test_an_old_dispute_and_a_long_promise_call_a_person() -> None:
    dispute = OpenDispute("d", "billing", TUESDAY - timedelta(days=61), None, None)
    promise = OpenPromise(TUESDAY, TUESDAY + timedelta(days=90), 10 * UNITS, days=90)
    facts = overdue_facts(disputes=(dispute,), promises=(promise,))
    holds = _answer(facts).permission.holds
    beyond = [hold.kind for hold in holds if hold.is_beyond_policy]
    assert beyond == ["dispute", "promise"]


@pytest.mark.parametrize(
    ("days", "n_in_a_year", "action"),
    [(14, 2, "none"), (15, 1, "review"), (3, 3, "review")],
)
def test_more_than_the_policy_grants_to_promise_comes_to_a_person(
    days: int, n_in_a_year: int, action: str
) -> None:
    until = TUESDAY + timedelta(days=days)
    owed = 4500 * UNITS
    promise = OpenPromise(TUESDAY, until, owed, covers=owed, days=days)
    facts = overdue_facts(
        promises=(promise,), promised=owed, actionable=0, n_promises_365d=n_in_a_year
    )
    found = recommend(Case(facts, 0.0, 0.001), default_policy(), TUESDAY)
    assert found.action == action
    assert found.people.requires_person is (action == "review")
    raised = "long_promise" if action == "review" else None
    assert found.permission.raised_by == raised


@pytest.mark.parametrize(
    ("kind", "days", "action"),
    [
        ("billing", 59, "none"),
        ("billing", 60, "review"),
        ("chargeback_other", 90, "none"),
    ],
)
def test_a_dispute_past_its_time_comes_to_a_person(
    kind: str, days: int, action: str
) -> None:
    """The page promises a decision within 60 days; a chargeback is the bank's."""
    dispute = OpenDispute("d", kind, TUESDAY - timedelta(days=days), None, "i1")
    owed = 4500 * UNITS
    facts = facts_of(open=owed, contested=owed, disputes=(dispute,), clv=1800 * UNITS)
    found = recommend(Case(facts, 0.0, 0.001), default_policy(), TUESDAY)
    assert (found.action, found.people.requires_person) == (action, action == "review")
    raised = "late_dispute" if action == "review" else None
    assert found.permission.raised_by == raised
    settled = replace(facts, open=0, contested=0)
    found = recommend(Case(settled, 0.0, 0.001), default_policy(), TUESDAY)
    assert found.action == "none"


def test_signs_of_fraud_are_named_before_a_long_promise() -> None:
    """Both ask for a review; it is the graver that a person is told of."""
    owed = 30 * UNITS
    promise = OpenPromise(
        TUESDAY, TUESDAY + timedelta(days=90), owed, covers=owed, days=90
    )
    alert = Evidence("crypto_mining", TUESDAY - timedelta(hours=3), confidence="high")
    facts = overdue_facts(
        30,
        promises=(promise,),
        promised=owed,
        actionable=0,
        evidence=(alert,),
        recurring_monthly=0,
        clv=0,  # so little is at stake that costs propose nothing
        tables=TABLES - {"holds"},
    )
    for p_fraud, reason in ((0.3, "left_to_a_person"), (0.001, "long_promise")):
        found = recommend(Case(facts, p_fraud, 0.001), default_policy(), TUESDAY)
        assert (found.action, found.permission.raised_by) == ("review", reason)


def test_a_long_promise_of_what_was_paid_since_asks_nobody() -> None:
    promise = OpenPromise(TUESDAY, TUESDAY + timedelta(days=90), None, days=90)
    facts = overdue_facts(0, 0, promises=(promise,))
    found = recommend(Case(facts, 0.0, 0.001), default_policy(), TUESDAY)
    assert (found.action, found.permission.raised_by) == ("none", None)


def test_any_dispute_may_be_made_to_block() -> None:
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["holds"]["dispute"]["blocks_always"] = True
    strict = Policy(parse_document(values, "strict"))
    dispute = OpenDispute("d", "billing", LONG_AGO, 10 * UNITS, None)
    facts = overdue_facts(disputes=(dispute,), contested=10 * UNITS)
    assert _answer(facts).action == "suspend"
    found = recommend(Case(facts, 0.0, 0.6), strict, TUESDAY)
    assert "dispute" in _codes(found)
    assert found.action == "review"


def test_a_suspension_in_force_goes_on_until_people_agree_to_more() -> None:
    timeline = load_policy(SHIPPED / "plain-timeline.yaml")
    values = timeline.document.model_dump(mode="json", by_alias=True)
    values["approvals"]["natural_person_for"] = ["suspend", "block"]
    policy = Policy(parse_document(values, "test"))
    facts = overdue_facts(
        days=100,
        access_off=(_off("nonpayment", by="person", days=31),),
        subject_kind="natural_person",
        notices=(delivered("reminder", 90), delivered("warning", 80)),
    )
    found = recommend(Case(facts, 0.0, 0.99), policy, TUESDAY)
    assert found.action == "block"
    assert found.people.requires_person
    assert found.people.meanwhile_action == "suspend"


@pytest.mark.parametrize(
    ("due_in_days", "code"),
    [(5, "nothing_overdue"), (0, "nothing_overdue"), (-1, "dispute")],
)
def test_a_dispute_keeps_nothing_away_before_its_invoice_is_due(
    due_in_days: int, code: str
) -> None:
    """Nobody is told that all is contested that is overdue, where nothing is."""
    [item] = overdue_facts(4500).items
    due_on = (TUESDAY + timedelta(days=due_in_days)).date()
    whole = replace(item, contested=item.remainder, days_overdue=0, due_on=due_on)
    dispute = OpenDispute("d", "billing", LONG_AGO, whole.remainder, "i1")
    facts = replace(
        overdue_facts(items=(whole,), disputes=(dispute,), overdue=0, actionable=0),
        contested=whole.remainder,
        days_overdue=0,
    )
    assert _codes(_answer(facts)) & {"nothing_overdue", "dispute"} == {code}
