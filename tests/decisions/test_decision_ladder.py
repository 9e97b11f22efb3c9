"""Ladder, notices, calendar: what must have happened before access is taken away."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import (
    Case,
    Policy,
    Recommendation,
    default_policy,
    load_policy,
    recommend,
)
from decisions.policy_file.load import parse_document, shipped_policies
from decisions.rules.calendar import WorkingCalendar
from decisions.rules.evidence import counting_evidence
from decisions.rules.ladder import stand
from decisions.rules.ladder_progress import LadderProgress
from decisions.rules.notices_served import ServedNotices
from features.facts import AccountFacts, ExecutedAction, Notice
from tests.decisions.decision_cases import (
    TABLES,
    TUESDAY,
    UNITS,
    delivered,
    moments,
    overdue_facts,
    questions,
    random_cases,
    random_policies,
)

POLICIES = [load_policy(path) for path in shipped_policies()]
policies = st.one_of(st.sampled_from(POLICIES), random_policies())


def _answer(facts: AccountFacts, at: datetime = TUESDAY) -> Recommendation:
    return recommend(Case(facts, 0.0, 0.6), default_policy(), at)


def _codes(found: Recommendation) -> set[str]:
    return {reason.code for reason in found.permission.withheld}


def _is_new_stop(found: Recommendation) -> bool:
    return found.action in ("suspend", "block") and not found.permission.in_force


@given(question=questions(policies))
def test_no_stop_without_a_delivered_notice_but_by_the_fraud_path(
    question: tuple[Case, Policy, datetime],
) -> None:
    case, policy, at = question
    found = recommend(case, policy, at)
    terms = policy.in_force(at)
    if not _is_new_stop(found) or terms is None:
        return
    names = terms.document.notices.kinds
    told = [
        n
        for name in names
        for n in ServedNotices(case, terms, case.facts.as_of).notices(name)
    ]
    by_notice = any(n.delivered_at is not None for n in told)
    by_fraud = bool(counting_evidence(terms, case.facts, at)) and bool(
        terms.document.fraud_path
    )
    assert by_notice or by_fraud
    if not by_fraud:
        assert "contacts" in case.facts.tables
        assert (case.facts.actionable or 0) > 0


@given(question=questions(policies))
def test_money_that_is_contested_promised_or_in_flight_moves_nothing(
    question: tuple[Case, Policy, datetime],
) -> None:
    case, policy, at = question
    facts = replace(case.facts, actionable=0, evidence=(), access_off=(), items=())
    unsuspected = replace(case, facts=facts, p_fraud=0.0)
    found = recommend(unsuspected, policy, at)
    assert found.action in ("none", "review", None)
    assert found.follow_up.notices_due == ()


@given(question=questions(policies))
def test_natural_persons_need_a_person_where_the_policy_asks(
    question: tuple[Case, Policy, datetime],
) -> None:
    case, policy, at = question
    facts = replace(case.facts, subject_kind="natural_person")
    found = recommend(replace(case, facts=facts), policy, at)
    if found.action in policy.document.approvals.natural_person_for:
        assert found.people.requires_person
    if found.people.meanwhile_action is not None:
        asked = policy.document.approvals.natural_person_for
        assert found.people.meanwhile_action not in asked


@given(case=random_cases(), policy=policies)
def test_a_portfolio_without_contacts_never_stops_for_nonpayment_and_says_why(
    case: Case, policy: Policy
) -> None:
    facts = replace(
        case.facts, tables=TABLES - {"contacts"}, notices=(), evidence=(), access_off=()
    )
    found = recommend(replace(case, facts=facts), policy, TUESDAY)
    assert not _is_new_stop(found)
    if found.proposed_action == "suspend" and facts.overdue == facts.actionable != 0:
        held = {"exemption", "instalment_plan", "legal", "manual", "below_materiality"}
        assert _codes(found) & {"contacts_unknown", *held}


def test_every_notice_delivered_and_the_time_over_permits_the_stop() -> None:
    assert _answer(overdue_facts()).action == "suspend"


def test_no_state_is_skipped_however_late() -> None:
    found = _answer(overdue_facts(days=200, notices=()))
    assert found.action != "suspend"
    assert "notice_missing" in _codes(found)
    assert [due.notice for due in found.follow_up.notices_due] == ["reminder_1"]


def test_a_later_notice_does_not_replace_an_earlier_one() -> None:
    found = _answer(overdue_facts(notices=(delivered("final_notice", 20),)))
    assert found.permission.ladder_state == "reminder_1"
    assert found.action != "suspend"


def test_a_notice_of_an_earlier_episode_does_not_count() -> None:
    facts = overdue_facts(days=40, episode_started_at=TUESDAY - timedelta(days=19))
    assert [due.notice for due in _answer(facts).follow_up.notices_due] == [
        "reminder_1"
    ]


def test_a_notice_of_what_was_paid_since_does_not_count_for_a_later_invoice() -> None:
    """The arrears never ended: B was overdue before A, which the notices named, was
    paid. Nobody was told about B."""
    began = TUESDAY - timedelta(days=60)
    sent_before = {"reminder_1": 55, "reminder_2": 48, "final_notice": 41}
    told = tuple(delivered(name, ago) for name, ago in sent_before.items())
    facts = overdue_facts(days=40, episode_started_at=began, notices=told)
    found = _answer(facts)
    assert found.action != "suspend"
    assert [due.notice for due in found.follow_up.notices_due] == ["reminder_1"]


def test_a_notice_counts_as_long_as_the_oldest_invoice_it_named_is_unpaid() -> None:
    """A later invoice, due after the last notice, changes nothing about the oldest."""
    facts = overdue_facts(days=40)
    [oldest] = facts.items
    later = replace(
        oldest,
        invoice_id="i2",
        due_on=oldest.due_on + timedelta(days=30),
        days_overdue=10,
    )
    assert _answer(replace(facts, items=(oldest, later))).action == "suspend"


def test_while_the_oldest_invoice_is_promised_the_next_needs_notices_of_its_own() -> (
    None
):
    facts = overdue_facts(days=40, promised=4500 * UNITS)
    [oldest] = facts.items
    later = replace(
        oldest,
        invoice_id="i2",
        due_on=oldest.due_on + timedelta(days=30),
        days_overdue=10,
    )
    items = (replace(oldest, promised=oldest.remainder), later)
    owed = replace(facts, items=items, overdue=9000 * UNITS, actionable=4500 * UNITS)
    found = _answer(owed)
    assert found.permission.ladder_state == "reminder_1"


def test_a_notice_that_came_before_the_one_before_it_hurries_no_stop() -> None:
    """The first reminder came back and reached nobody until Monday last week.

    Its letter says that the next notice may follow, so no stop comes a week later:
    2 June and five full days are 8 June, five more 14 June, seven working days 24 June.
    """
    late = delivered("reminder_1", 7)
    others = (delivered("reminder_2", 28), delivered("final_notice", 20))
    facts = overdue_facts(notices=(late, *others))
    found = _answer(facts)
    assert found.action != "suspend"
    [waits] = [r for r in found.permission.withheld if r.code == "cure_period"]
    assert waits.values["state"] == "final_notice"
    assert waits.permitted_from == datetime(2026, 6, 13, 22, tzinfo=UTC)
    for day, action in ((23, "review"), (24, "suspend")):
        at = TUESDAY + timedelta(days=day - 9)
        told = replace(facts, as_of=at)
        assert _answer(told, at).action == action


@pytest.mark.parametrize(
    ("policy", "counts"),
    [
        pytest.param("reseller-default@1", True, id="this version"),
        pytest.param(None, True, id="a policy that was not recorded"),
        pytest.param("reseller-default@0", False, id="an older version"),
        pytest.param("plain-timeline@1", False, id="another policy"),
    ],
)
def test_a_notice_counts_under_its_own_policy(policy: str | None, counts: bool) -> None:
    facts = overdue_facts()
    last = replace(facts.notices[-1], policy=policy)
    found = _answer(replace(facts, notices=(*facts.notices[:-1], last)))
    assert (found.action == "suspend") is counts


def test_a_bounced_notice_goes_out_by_the_next_channel() -> None:
    facts = overdue_facts()
    sent = TUESDAY - timedelta(days=2)
    bounced = Notice("final_notice", sent, bounced_at=sent)
    found = _answer(replace(facts, notices=(*facts.notices[:2], bounced)))
    assert "notice_bounced" in _codes(found)
    [due] = found.follow_up.notices_due
    assert (due.notice, due.channel) == ("final_notice", "registered_letter")
    assert due.is_final_warning
    assert due.invoices == ("i1",)


def test_a_notice_on_its_way_is_waited_for() -> None:
    facts = overdue_facts()
    waiting = Notice("final_notice", TUESDAY - timedelta(days=6))
    found = _answer(replace(facts, notices=(*facts.notices[:2], waiting)))
    assert "notice_undelivered" in _codes(found)
    assert found.follow_up.notices_due == ()
    later = TUESDAY + timedelta(days=1)  # seven days without a word: try again
    again = _answer(
        replace(facts, as_of=later, notices=(*facts.notices[:2], waiting)), later
    )
    assert [due.channel for due in again.follow_up.notices_due] == ["registered_letter"]


def test_cure_period_in_business_days() -> None:
    """Delivered on Tuesday 26 May 2026; seven working days are over after 4 June.

    27, 28, 29 May, 1, 2, 3, 4 June; Whit Monday (25 May) lies before. Friday 5 June is
    the eve of a weekend, so Monday 8 June at 8 o'clock it is.
    """
    told = datetime(2026, 5, 26, 9, tzinfo=UTC)
    facts = overdue_facts()
    last = Notice("final_notice", told, told)
    facts = replace(facts, notices=(*facts.notices[:2], last))
    thursday = datetime(2026, 6, 4, 10, tzinfo=UTC)
    found = _answer(replace(facts, as_of=thursday), thursday)
    [reason] = [r for r in found.permission.withheld if r.code == "cure_period"]
    assert reason.permitted_from == datetime(2026, 6, 4, 22, tzinfo=UTC)
    assert found.permission.permitted_from == datetime(2026, 6, 8, 6, tzinfo=UTC)
    friday = datetime(2026, 6, 5, 10, tzinfo=UTC)
    found = _answer(replace(facts, as_of=friday), friday)
    [reason] = [r for r in found.permission.withheld if r.code == "eve_of_day_off"]
    assert reason.permitted_from == datetime(2026, 6, 8, 6, tzinfo=UTC)
    monday = datetime(2026, 6, 8, 6, tzinfo=UTC)
    found = _answer(replace(facts, as_of=monday), monday)
    assert found.action == "suspend"


spans = st.lists(st.tuples(st.integers(0, 39), st.integers(0, 30)), max_size=3)


@given(disputed=spans, later=st.booleans(), is_business=st.booleans())
def test_days_on_which_all_was_contested_are_no_time_to_pay(
    disputed: list[tuple[int, int]], later: bool, is_business: bool
) -> None:
    """No stop comes earlier for a dispute, nor within the days the notice gave."""
    today = TUESDAY.date()
    days = tuple(
        (today - timedelta(days=ago), today - timedelta(days=max(0, ago - length)))
        for ago, length in disputed
    )
    told, n_days = TUESDAY - timedelta(days=20), 7
    counted = "business_days_since" if is_business else "days_since"
    waits = {counted: {"final_notice": n_days}}
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    stop = next(s for s in values["ladder"] if s["action"] == "suspend")
    stop["when"] = waits
    terms = Policy(parse_document(values, "test")).latest
    [state] = [s for s in terms.document.ladder if s.action == "suspend"]

    def opened(facts: AccountFacts) -> datetime:
        served = ServedNotices(Case(facts, 0.0, 0.6), terms, TUESDAY)
        return LadderProgress(terms, facts, served, 40, TUESDAY, terms.zone).opened(
            state
        )

    plain = overdue_facts()
    [item] = plain.items
    items = [replace(item, disputed=days)]
    if later:  # another invoice, overdue from the tenth day before on
        due_on = today - timedelta(days=11)
        items.append(replace(item, invoice_id="i2", due_on=due_on, days_overdue=10))
    moment = opened(replace(plain, items=tuple(items)))
    assert moment >= opened(plain)
    if later:
        return
    calendar, day, left = terms.calendar, terms.calendar.local_day(told), n_days
    while left:
        day += timedelta(days=1)
        is_contested = any(first <= day <= last for first, last in days)
        is_worked = not is_business or calendar.is_business_day(day)
        left -= is_worked and not is_contested
    assert moment >= calendar.start_of(day + timedelta(days=1))


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        pytest.param("2026-06-09T05:59:00+00:00", "outside_hours", id="too early"),
        pytest.param("2026-06-09T06:00:00+00:00", None, id="opening"),
        pytest.param("2026-06-09T13:59:00+00:00", None, id="last minute"),
        pytest.param("2026-06-09T14:00:00+00:00", "outside_hours", id="cut-off"),
        pytest.param("2026-06-13T10:00:00+00:00", "day_off", id="Saturday"),
        pytest.param("2026-07-21T10:00:00+00:00", "day_off", id="national day"),
        pytest.param("2026-07-20T10:00:00+00:00", "eve_of_day_off", id="its eve"),
    ],
)
def test_hours_and_days_off(moment: str, code: str | None) -> None:
    at = datetime.fromisoformat(moment)
    calendar = default_policy().latest.calendar
    assert calendar.may_stop_from(at)[1] == code


@given(at=moments, n_days=st.integers(0, 15))
def test_business_days_are_counted_as_by_hand(at: datetime, n_days: int) -> None:
    calendar: WorkingCalendar = default_policy().latest.calendar
    day, left = calendar.local_day(at), n_days
    while left:
        day += timedelta(days=1)
        left -= calendar.is_business_day(day)
    expected = calendar.start_of(day + timedelta(days=1))
    assert calendar.after_business_days(at, n_days) == expected


@given(at=moments, policy=policies)
def test_the_next_permitted_moment_is_permitted(at: datetime, policy: Policy) -> None:
    opens, code = policy.latest.calendar.may_stop_from(at)
    assert opens is not None
    assert opens >= at
    assert (opens == at) is (code is None)
    assert policy.latest.calendar.may_stop_from(opens)[1] is None


def test_a_day_of_the_clock_change_is_a_whole_day() -> None:
    calendar = default_policy().latest.calendar
    before = datetime(2026, 10, 24, 10, tzinfo=UTC)  # the clock goes back on the 25th
    assert calendar.after_days(before, 1) == datetime(2026, 10, 25, 23, tzinfo=UTC)
    assert calendar.is_business_day(date(2026, 10, 26))


def test_termination_follows_a_suspension_and_needs_a_person() -> None:
    off = ExecutedAction(
        "suspend", TUESDAY - timedelta(days=62), reason="nonpayment", by="automation"
    )
    timeline = next(p for p in POLICIES if p.document.name == "plain-timeline")
    told = (delivered("reminder", 90), delivered("warning", 80))
    facts = overdue_facts(days=95, access_off=(off,), notices=told)
    found = recommend(Case(facts, None, None), timeline, TUESDAY)
    assert found.proposed_action == "block"
    assert found.people.requires_person


def test_below_materiality_nobody_is_pursued() -> None:
    found = _answer(overdue_facts(24.99, recurring_monthly=9000 * UNITS))
    assert "below_materiality" in _codes(found)
    assert found.action == "review"


def test_what_is_all_but_paid_counts_as_paid() -> None:
    facts = overdue_facts(4500)
    [item] = facts.items
    rest = replace(item, amount=100_000 * UNITS)
    assert "substantially_paid" in _codes(_answer(replace(facts, items=(rest,))))


def test_restrictions_of_the_state_are_named() -> None:
    found = _answer(overdue_facts())
    assert found.permission.ladder_state == "suspension"
    assert found.permission.restrict == ("new_purchases", "seat_increase")


def test_always_means_a_notice_whatever_it_gains() -> None:
    policy = next(p for p in POLICIES if p.document.name == "eu-telecom-be")
    facts = overdue_facts(60, days=8, notices=())
    found = recommend(Case(facts, 0.0, 0.0), policy, TUESDAY)
    assert found.proposed_action == "none"
    assert found.action == "remind"
    assert [due.notice for due in found.follow_up.notices_due] == ["free_reminder"]
    assert found.follow_up.notices_due[0].languages == ("fr", "nl", "de")


@pytest.mark.parametrize(
    ("zone", "opens"),
    [
        (None, datetime(2026, 6, 9, 22, tzinfo=UTC)),
        ("America/New_York", datetime(2026, 6, 10, 4, tzinfo=UTC)),
    ],
)
def test_a_notice_is_due_when_the_portfolios_day_begins(
    zone: str | None, opens: datetime
) -> None:
    """Days overdue change at midnight there, whatever the policy's timezone is."""
    at = datetime(2026, 6, 9, 12, tzinfo=UTC)
    facts = overdue_facts(900, 2, at, notices=())
    case = Case(facts, 0.0, 0.3, zone=None if zone is None else ZoneInfo(zone))
    position = stand(case, default_policy().latest, at)
    assert position.notice_opens == opens
