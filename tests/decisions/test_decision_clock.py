"""From what days are counted, what starts the count, and how much must be owed."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from decisions import Case, Policy, Recommendation, default_policy, recommend
from decisions.policy_file.check import check
from decisions.policy_file.denomination import in_currency
from decisions.policy_file.load import parse_document
from decisions.rules.clock import contested_days, days_on_clock, n_unpaid
from decisions.rules.ladder import stand
from decisions.rules.notices_served import ServedNotices
from decisions.rules.retries import charging, retry_due
from features.facts import AccountFacts, OpenItem, PaymentAttempt
from tests.decisions.decision_cases import (
    TUESDAY,
    UNITS,
    covered,
    delivered,
    overdue_facts,
    random_facts,
    random_policies,
)

Values: TypeAlias = dict[str, Any]


def _policy(clock: Values, *whens: Values) -> Policy:
    """The default policy with another clock; `whens` are laid over its states."""
    values = default_policy().document.model_dump(mode="json", by_alias=True)
    values["clock"] |= clock
    for state, when in zip(values["ladder"], whens, strict=False):
        state["when"] |= when
    return Policy(parse_document(values, "test"))


def _item(name: str, days: int, euros: float, issued: int = 30) -> OpenItem:
    """Overdue since `days`, issued so many days before it was due."""
    due_at = TUESDAY - timedelta(days=days)
    owed = round(euros * UNITS)
    return OpenItem(
        invoice_id=name,
        issued_at=due_at - timedelta(days=issued),
        due_on=due_at.date(),
        amount=owed,
        remainder=owed,
        contested=0,
        days_overdue=max(days, 0),
    )


def _disputed(days: int, *, due: int, ended: int) -> OpenItem:
    """Due so many days ago, contested whole until `ended` days ago, else overdue."""
    until = TUESDAY.date() - timedelta(days=ended)
    first = until - timedelta(days=due - days - 1)
    item = replace(_item("a", due, 400), days_overdue=days)
    return replace(item, disputed_until=until, disputed=((first, until),))


def _owing(*items: OpenItem, **given: Any) -> AccountFacts:  # noqa: ANN401
    owed = sum(item.remainder for item in items if item.days_overdue) / UNITS
    days = max(item.days_overdue for item in items)
    return overdue_facts(owed, days, items=items, **given)


def _failed(days_ago: int, invoice: str | None = None) -> PaymentAttempt:
    at = TUESDAY - timedelta(days=days_ago)
    return PaymentAttempt(at, "failed", "card", "insufficient_funds", invoice)


def _days(clock: Values, facts: AccountFacts) -> int | None:
    return days_on_clock(_policy(clock).latest, facts)


def _answer(facts: AccountFacts, policy: Policy) -> Recommendation:
    return recommend(Case(facts, 0.0, 0.6), policy, TUESDAY)


def _codes(found: Recommendation) -> set[str]:
    return {reason.code for reason in found.permission.withheld}


DUE, ISSUED, FAILED = (
    {"anchor": anchor} for anchor in ("due_date", "invoice_date", "payment_failed")
)


@pytest.mark.parametrize(
    ("clock", "days"),
    [
        pytest.param(DUE, 12, id="due date of the oldest"),
        pytest.param(ISSUED, 52, id="issue of the oldest overdue, not of the longest"),
        pytest.param(FAILED, 12, id="no failed payment: due date"),
    ],
)
def test_the_anchor_says_from_where_days_count(clock: Values, days: int) -> None:
    facts = _owing(_item("a", 12, 400), _item("b", 2, 400, issued=50))
    assert _days(clock, facts) == days


def test_what_is_not_due_starts_no_clock() -> None:
    facts = _owing(_item("late", 3, 100, issued=0), _item("ahead", -5, 900, issued=90))
    assert _days(ISSUED, facts) == 3


@pytest.mark.parametrize(
    ("attempts", "days"),
    [
        pytest.param((_failed(9, "a"), _failed(4, "a")), 9, id="the first one counts"),
        pytest.param((_failed(13, "a"),), 13, id="it may come before the due date"),
        pytest.param((_failed(1, "b"),), 12, id="another invoice: the oldest counts"),
        pytest.param((_failed(5),), 5, id="one that names none is for what was due"),
        pytest.param((_failed(20),), 12, id="but not for what was due later"),
        pytest.param((_failed(8, "paid"),), 12, id="a paid invoice does not matter"),
    ],
)
def test_days_count_from_the_first_failed_payment(
    attempts: tuple[PaymentAttempt, ...], days: int
) -> None:
    facts = _owing(_item("a", 12, 400), _item("b", 2, 400), payment_attempts=attempts)
    assert _days(FAILED, facts) == days


@pytest.mark.parametrize("clock", [DUE, ISSUED, FAILED])
def test_a_clock_counts_from_the_due_date_at_the_earliest_after_a_dispute(
    clock: Values,
) -> None:
    item = _disputed(5, due=25, ended=5)  # from the day after its due date on
    assert _days(clock, _owing(item, payment_attempts=(_failed(15, "a"),))) == 5


def test_a_charge_that_failed_after_a_dispute_starts_the_clock_then() -> None:
    """Overdue for 15 days outside of the dispute; the first charge failed since."""
    item = _disputed(15, due=25, ended=5)
    facts = _owing(item, payment_attempts=(_failed(3, "a"),))
    assert _days(FAILED, facts) == 3


@pytest.mark.parametrize("clock", [DUE, ISSUED, FAILED, {"min_invoice": 25}])
def test_a_clock_goes_on_after_a_dispute(clock: Values) -> None:
    """Else whoever contests a cent every other week would never be late."""
    assert _days(clock, _owing(_disputed(17, due=22, ended=3))) == 17
    of_a_part = replace(_item("a", 22, 400), disputed_until=TUESDAY.date())
    assert _days({"min_invoice": 25}, _owing(of_a_part)) == 22


def test_a_rest_nobody_acts_on_leaves_no_time_to_pay_during_a_dispute() -> None:
    terms = default_policy().latest
    whole, cents, other = (
        _disputed(17, due=22, ended=3),
        _item("cents", 40, 0.4),
        _item("other", 40, 400),
    )
    n_days = len(contested_days(terms, _owing(whole)))
    assert n_days == 5
    assert len(contested_days(terms, _owing(whole, cents))) == n_days
    assert contested_days(terms, _owing(whole, other)) == frozenset()
    on_each_day = replace(whole, days_overdue=0)
    assert len(contested_days(terms, _owing(on_each_day))) == n_days
    only_cents = replace(whole, amount=4_000, remainder=4_000)
    assert contested_days(terms, _owing(only_cents)) == frozenset()


def test_a_small_invoice_starts_no_clock_but_counts_in_the_sum() -> None:
    small, large = _item("small", 40, 20), _item("large", 6, 180)
    clock = {"min_invoice": 25}
    assert _days(clock, _owing(small, large)) == 6
    assert _days(clock, _owing(small)) is None
    facts = replace(_owing(small, _item("b", 40, 20)), recurring_monthly=800 * UNITS)
    found = _answer(facts, _policy(clock))
    assert "clock_not_started" in _codes(found)
    assert "below_materiality" not in _codes(found)  # 40 together, above 25
    assert found.follow_up.notices_due == ()
    contested = replace(large, remainder=190 * UNITS, contested=170 * UNITS)
    assert _days(clock, _owing(contested)) is None


def test_without_invoices_the_report_says_how_late() -> None:
    facts = overdue_facts(days=40, items=(), source="ageing")
    clock: Values
    for clock in (DUE, ISSUED, FAILED, {"min_invoice": 100}):
        assert _days(clock, facts) == 40


def test_an_earlier_anchor_brings_the_ladder_forward_and_a_later_one_back() -> None:
    facts = _owing(_item("a", 8, 4500), payment_attempts=(_failed(1, "a"),))
    assert _answer(facts, _policy(DUE)).permission.ladder_state == "reminder_1"
    assert _answer(facts, _policy(FAILED)).permission.ladder_state is None
    told = {"reminder_1": 24, "reminder_2": 18, "final_notice": 12}
    notices = tuple(delivered(name, ago) for name, ago in told.items())
    early = _owing(_item("a", 25, 4500), notices=notices)
    assert _answer(early, _policy(DUE)).action != "suspend"
    assert _answer(early, _policy(ISSUED)).action == "suspend"


def test_the_moment_a_rung_opens_is_counted_on_the_clock() -> None:
    facts = _owing(_item("a", 8, 4500, issued=2))
    [first] = [
        r
        for r in _answer(facts, _policy(ISSUED)).permission.withheld
        if r.code == "notice_missing"
    ]
    assert first.permitted_from is None  # it waits for the notice, not for time
    silent = replace(facts, notices=(), days_overdue=1, items=(_item("a", 1, 4500, 0),))
    [wait] = [
        r
        for r in _answer(silent, _policy(ISSUED)).permission.withheld
        if r.code == "too_early"
    ]
    assert wait.permitted_from is not None
    assert wait.permitted_from.date() == date(2026, 6, 10)


@pytest.mark.parametrize(
    ("when", "code"),
    [
        pytest.param({"unpaid_invoices": 2}, None, id="two are overdue"),
        pytest.param({"unpaid_invoices": 3}, "too_few_invoices", id="three are not"),
        pytest.param({"overdue_amount": 800}, None, id="enough is overdue"),
        pytest.param({"overdue_amount": 801}, "too_little_overdue", id="not enough"),
    ],
)
def test_counts_and_amounts_open_a_state(when: Values, code: str | None) -> None:
    facts = _owing(_item("a", 12, 400), _item("b", 4, 400), _item("c", -4, 9000))
    found = _answer(replace(facts, notices=()), _policy(DUE, when))
    assert (found.permission.ladder_state == "reminder_1") is (code is None)
    if code is not None:
        [reason] = [r for r in found.permission.withheld if r.code == code]
        assert reason.permitted_from is None
        assert reason.values == {"state": "reminder_1", **when}


def test_money_under_way_is_neither_counted_nor_summed() -> None:
    items = covered((_item("a", 12, 400), _item("b", 4, 400)), 400 * UNITS, 0)
    facts = _owing(*items, in_flight=400 * UNITS, actionable=400 * UNITS, notices=())
    assert n_unpaid(facts) == 1
    for when in ({"unpaid_invoices": 2}, {"overdue_amount": 500}):
        assert _answer(facts, _policy(DUE, when)).permission.ladder_state is None


def test_a_count_alone_is_warned_of() -> None:
    lone = _policy(DUE, {"days_overdue": 0, "unpaid_invoices": 3})
    found = [f for f in check(lone) if f.code == "count_alone"]
    assert [(f.severity, f.where) for f in found] == [("warning", "ladder.reminder_1")]
    for with_it in ({"days_overdue": 3}, {"days_overdue": 0, "overdue_amount": 50}):
        policy = _policy(DUE, {"unpaid_invoices": 3} | with_it)
        assert "count_alone" not in {f.code for f in check(policy)}


def test_amounts_of_the_clock_and_the_triggers_are_money() -> None:
    policy = _policy({"min_invoice": 10}, {"overdue_amount": 50})
    other = in_currency(policy, "USD", 2.0).document
    assert other.clock.min_invoice == 20
    assert other.ladder[0].when.overdue_amount == 100


@given(facts=random_facts(), policy=random_policies())
def test_no_rung_is_skipped_under_any_anchor(
    facts: AccountFacts, policy: Policy
) -> None:
    """Every rung before it was passed: its notice proven, its stop carried out."""
    terms = policy.latest
    position = stand(Case(facts), terms, TUESDAY, charging(terms, facts, is_held=False))
    if position.state is None:
        return
    told = ServedNotices(Case(facts), terms, facts.as_of)
    for state in terms.document.ladder:
        if state.state == position.state.state:
            break
        if state.notice is not None:
            assert told.proven_at(state.notice) is not None
        if state.action in ("suspend", "block"):
            assert facts.access_off


def _shifted(facts: AccountFacts, days: int) -> AccountFacts:
    """The same facts so many days later."""
    by = timedelta(days=days)

    def moved(value: Any) -> Any:  # noqa: ANN401  any field of the facts
        if isinstance(value, date):
            return value + by
        if isinstance(value, tuple):
            return tuple(moved(part) for part in value)
        if hasattr(value, "__dataclass_fields__"):
            names = value.__dataclass_fields__
            return replace(value, **{n: moved(getattr(value, n)) for n in names})
        return value

    found: AccountFacts = moved(facts)
    return found


@given(facts=random_facts(), policy=random_policies(), days=st.integers(-400, 400))
def test_shifting_all_dates_by_whole_days_changes_nothing(
    facts: AccountFacts, policy: Policy, days: int
) -> None:
    """Where every day is a working day and no clock changes."""
    values = policy.document.model_dump(mode="json", by_alias=True)
    values["calendar"] = {"working_days": [1, 2, 3, 4, 5, 6, 7]}
    terms = Policy(parse_document(values, "test")).latest
    later = _shifted(facts, days)
    assert days_on_clock(terms, later) == days_on_clock(terms, facts)
    by = timedelta(days=days)
    charges = [charging(terms, one, is_held=False) for one in (facts, later)]
    before = stand(Case(facts), terms, TUESDAY, charges[0])
    after = stand(Case(later), terms, TUESDAY + by, charges[1])
    assert (before.state, before.action) == (after.state, after.action)
    assert (before.notice is None) == (after.notice is None)
    if before.waits is not None:
        assert after.waits is not None
        assert after.waits.code == before.waits.code
    if charges[0] is not None and charges[1] is not None:
        due, moved = (
            retry_due(charges[0], TUESDAY),
            retry_due(charges[1], TUESDAY + by),
        )
        assert moved == (None if due is None else replace(due, at=due.at + by))


def test_a_small_rest_dates_nothing_while_another_invoice_is_overdue() -> None:
    """As in CONTRACT 2.5: 10 of 300 euros count as money, and their days do not."""
    rest = replace(_item("old", 67, 10), amount=300 * UNITS)
    facts = overdue_facts(items=(rest, _item("new", 5, 300)), days_overdue=5)
    terms = _policy({"min_invoice": 5}).latest
    assert days_on_clock(terms, facts) == 5
    alone = replace(facts, items=(rest,), days_overdue=67)
    assert days_on_clock(terms, alone) == 67
    half_paid = replace(rest, amount=20 * UNITS)
    owed = replace(facts, items=(half_paid, _item("new", 5, 300)), days_overdue=67)
    assert days_on_clock(terms, owed) == 67
