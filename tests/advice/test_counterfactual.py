"""What would change a recommendation is what asking again answers."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import settings as how

from advice import Advice, Advisor
from advice.counterfactual import counterfactuals
from advice.remedies import Situation, remedies
from decisions.actions import SEVERITY, Action
from decisions.case import BudgetUse
from decisions.follow_up.counterfactual import Counterfactual
from decisions.policy_file.load import Policy, default_policy, parse_document
from decisions.recommendation import Recommendation
from features.events import Events
from features.facts import AccountFacts
from features.moments import to_datetime
from features.portfolio import Portfolio
from features.reading.rows import read_events
from features.settings import PortfolioSettings
from features.snapshots import snapshots
from features.targets import TARGETS
from scoring.additive import AdditiveModel, NumberTerm
from scoring.bundle import Bundle
from serving.request_rows import request_body
from tests.parity import histories
from wording.explanation.passage import Subject
from wording.explanation.staff import staff_passages
from wording.messages import Wording

BundleFor = Callable[[str, PortfolioSettings], Bundle]
Tables = dict[str, list[dict[str, Any]]]
KEYS = (("payments", "payment_id"), ("contacts", "promise_id"))
AT = datetime(2026, 7, 1, 9, 0, tzinfo=UTC)  # a Wednesday, 11:00 in Brussels


def advised(
    advisor: Advisor, events: Events, at: datetime, tables: frozenset[str]
) -> Advice:
    return advisor.advise(events, at, tables=tables, with_counterfactuals=True)


def left_to_pay(facts: AccountFacts, invoice_id: str) -> float:
    [item] = [item for item in facts.items if item.invoice_id == invoice_id]
    arriving = sum(p.amount for p in facts.pending if p.invoice_id == invoice_id)
    return (item.remainder - item.contested - arriving) / 10_000


def happened(option: Counterfactual, facts: AccountFacts, tables: Tables) -> None:
    """Adds what the option speaks of, as a billing system would send it."""
    now = {"event_at": facts.as_of.isoformat()}
    if option.kind == "pay_and_promise":
        happened(replace(option, kind="pay_oldest"), facts, tables)
        happened(replace(option, kind="promise", amount=None), facts, tables)
    elif option.kind == "verification_and_clearance":
        happened(replace(option, kind="verification"), facts, tables)
        happened(replace(option, kind="clearance"), facts, tables)
    elif option.kind in ("pay_oldest", "pay_overdue", "pay_open") and option.invoices:
        tables["payments"] += [
            {
                **now,
                "payment_id": f"later-{n}",
                "status": "succeeded",
                "amount": left_to_pay(facts, invoice_id),
                "invoice_id": invoice_id,
            }
            for n, invoice_id in enumerate(option.invoices)
        ]
    elif option.kind == "promise":
        assert option.until is not None
        promise = {"kind": "promise_made", "amount": option.amount}
        tables["contacts"].append({**now, **promise, "until": str(option.until)})
    elif option.kind == "verification":
        known = [r for r in tables["customers"] if r["known_at"] <= now["event_at"]]
        row = max(known, key=lambda row: (row["event_at"], row["known_at"]))
        true = dict.fromkeys(option.proofs, True)
        tables["customers"].append({**row, **now, "known_at": None, **true})
    elif option.kind == "clearance":
        known = [r for r in tables["alerts"] if r["known_at"] <= now["event_at"]]
        known.sort(key=lambda row: (row["event_at"], row["known_at"]))
        for row in {row["alert_id"]: row for row in known}.values():
            if row.get("status") != "resolved":
                end = {"status": "resolved", "resolved_reason": "legitimate"}
                tables["alerts"].append({**row, **now, "known_at": None, **end})
    else:
        raise AssertionError(option)


def asked_again(
    advisor: Advisor, events: Events, advice: Advice, option: Counterfactual
) -> Advice:
    """The answer to the whole history, read anew with what happened."""
    settings = advisor.settings.model_copy(update={"tables": advice.facts.tables})
    tables: Tables = request_body(events, advice.as_of, settings)["events"]
    happened(option, advice.facts, tables)
    read, rejects = read_events(events.customer_id, tables, settings)
    assert not rejects
    return advised(advisor, read, advice.as_of, advice.facts.tables)


def assert_kept(advisor: Advisor, events: Events, advice: Advice) -> None:
    """Every promise of the answer is kept, and none is harsher or for nothing."""
    assert advice.counterfactuals is not None
    code, options = advice.counterfactuals.code, advice.counterfactuals.options
    now = advice.recommendation.action
    assert (code == "found") == bool(options)
    assert len(options) <= 3
    assert (code == "not_needed") == (now == "none")
    assert (code == "no_decision") == (now is None)
    for option in options:
        assert now is not None
        assert SEVERITY[option.leads_to] < SEVERITY[now]
        then = asked_again(advisor, events, advice, option)
        answer = then.recommendation
        assert answer.action == option.leads_to
        assert (answer.p_nonpayment, answer.p_fraud) == (
            option.p_nonpayment,
            option.p_fraud,
        )
        if option.reactivation is not None:
            assert answer.follow_up.reactivation == option.reactivation
            assert advice.facts.access_off
        assert_amount(option, advice.facts)
        assert then.counterfactuals is not None
        further = then.counterfactuals.options
        assert all(SEVERITY[f.leads_to] < SEVERITY[option.leads_to] for f in further)


def assert_amount(option: Counterfactual, facts: AccountFacts) -> None:
    if option.invoices:
        owed = sum(left_to_pay(facts, invoice_id) for invoice_id in option.invoices)
        assert option.amount == pytest.approx(owed, abs=1e-9)
    if option.kind == "promise":
        assert option.amount == (facts.actionable or 0) / 10_000
    if option.kind == "pay_overdue" and not facts.in_flight:
        assert option.amount == (facts.overdue or 0) / 10_000


@pytest.fixture(scope="module")
def advisor(bundle_for: BundleFor, policy: Policy, portfolio: Portfolio) -> Advisor:
    return Advisor({t: bundle_for(t, portfolio.settings) for t in TARGETS}, policy)


def months(portfolio: Portfolio) -> Iterator[tuple[Events, datetime]]:
    """Every customer at noon of each first of a month."""
    events = {e.customer_id: e for e in portfolio.iter_events()}
    for row in snapshots(portfolio).to_pylist():
        yield events[row["customer_id"]], to_datetime(row["as_of"]) + timedelta(hours=9)


@pytest.mark.slow
def test_simulated_customers_get_what_they_are_promised(
    advisor: Advisor, portfolio: Portfolio
) -> None:
    seen: Counter[str] = Counter()
    changes: Counter[tuple[str | None, str, bool]] = Counter()
    for events, at in months(portfolio):
        advice = advised(advisor, events, at, portfolio.settings.tables)
        assert advice.counterfactuals is not None
        seen[advice.counterfactuals.code] += 1
        now = advice.recommendation.action
        for option in advice.counterfactuals.options:
            changes[(now, option.kind, option.reactivation is not None)] += 1
        if now != "none":
            assert_kept(advisor, events, advice)
    assert {"found", "not_needed", "needs_person"} <= set(seen)
    assert changes[("remind", "pay_oldest", False)] > 10
    assert changes[("review", "promise", False)] > 5
    assert changes[("suspend", "pay_overdue", True)] > 5
    assert changes[("review", "clearance", False)] > 0


@pytest.mark.slow
@how(max_examples=80)
@given(history=histories.histories(), at=histories.moment())
def test_any_history_gets_what_it_is_promised(
    random_advisor: Advisor, history: histories.History, at: datetime
) -> None:
    owing = [*history, *histories.paid_then_not("ann")]
    for customer_id in ("ann", "bob"):
        events = histories.events_of(owing, customer_id)
        tables = histories.SETTINGS.tables
        assert_kept(random_advisor, events, advised(random_advisor, events, at, tables))


def test_histories_at_random_find_something(random_advisor: Advisor) -> None:
    """So that the test above compares something."""
    dice, seen = random.Random(3), Counter[str]()
    for _ in range(110):
        seeds = [replace(histories.thrown(dice), customer_id="ann") for _ in range(50)]
        rows = [(seed.table, histories.row_of(seed)) for seed in seeds]
        history = [*histories.EVERYBODY, *rows, *histories.paid_then_not("ann")]
        events, tables = histories.events_of(history, "ann"), histories.SETTINGS.tables
        advice = advised(random_advisor, events, histories.NOW, tables)
        assert advice.counterfactuals is not None
        seen.update(option.kind for option in advice.counterfactuals.options)
        seen[advice.counterfactuals.code] += 1
    assert seen["found"] > 16
    assert seen["needs_person"] > 16
    assert {"pay_oldest", "pay_overdue", "promise", "clearance"} <= set(seen)


@pytest.fixture(scope="module")
def random_advisor(bundle_for: BundleFor, policy: Policy) -> Advisor:
    found: dict[str, Bundle] = {t: bundle_for(t, histories.SETTINGS) for t in TARGETS}
    return Advisor(found, policy)


# --- one customer, by hand --------------------------------------------------


def day(n: int) -> str:
    """So many days before the moment asked about."""
    return (AT - timedelta(days=n)).isoformat()


EMPTY = (
    *("disputes", "alerts", "holds", "actions"),
    *("usage", "access", "outcomes", "links"),
)
CUSTOMER = {
    "event_at": day(400),
    "created_at": day(400),
    "subject_kind": "legal_person",
    "is_email_verified": False,
    "is_phone_verified": True,
    "monthly_margin": 5,
}
SUBSCRIPTION = {
    "subscription_id": "s",
    "kind": "started",
    "event_at": day(400),
    "billing": "license",
    "quantity": 1,
    "unit_price": 230,
}


def invoice(name: str, issued: int, due: int, amount: float) -> dict[str, Any]:
    """An invoice; `issued` and `due` so many days before the moment asked about."""
    dates = {"event_at": day(issued), "due_at": day(due)}
    return {"invoice_id": name, **dates, "amount": amount}


def late_payer(**changes: list[dict[str, Any]]) -> Tables:
    """Two invoices late and one not yet due, three notices given, access still on."""
    notices = {"reminder_1": 55, "reminder_2": 48, "final_notice": 40}
    tables: Tables = {name: [] for name in EMPTY}
    tables |= {
        "customers": [dict(CUSTOMER)],
        "invoices": [
            invoice("4711", 75, 61, 230),
            invoice("4802", 45, 31, 900),
            invoice("4900", 10, -4, 50),
        ],
        "payments": [],
        "subscriptions": [dict(SUBSCRIPTION)],
        "contacts": [
            {"kind": kind, "notice": notice, "event_at": day(n)}
            for notice, n in notices.items()
            for kind in ("notice_sent", "notice_delivered")
        ],
    }
    return tables | changes


@pytest.fixture(scope="module")
def hand(portfolio: Portfolio, bundle_for: BundleFor) -> Advisor:
    """Sure of every late payer: what changes the answer is what is owed."""
    found: dict[str, Bundle] = {t: bundle_for(t, portfolio.settings) for t in TARGETS}
    return Advisor(found, without_chance())


def without_chance(**changes: dict[str, Any]) -> Policy:
    document = default_policy().document.model_dump(mode="json", by_alias=True)
    document |= {"exploration": {}, "holdout": {}, "cases": []}
    for name, values in changes.items():
        document[name] = {**(document[name] or {}), **values}
    return Policy(parse_document(document, "by hand"))


def about(advisor: Advisor, tables: Tables, at: datetime = AT) -> Advice:
    events, rejects = read_events("acme", tables, advisor.settings)
    assert not rejects
    found = advised(advisor, events, at, frozenset(tables))
    assert_kept(advisor, events, found)
    return found


def told(advice: Advice) -> list[tuple[str, float | None, tuple[str, ...], str]]:
    assert advice.counterfactuals is not None
    options = advice.counterfactuals.options
    return [(o.kind, o.amount, o.invoices, o.leads_to) for o in options]


def asked_for(advice: Advice) -> list[tuple[str, float | None, tuple[str, ...]]]:
    return [(kind, amount, invoices) for kind, amount, invoices, _ in told(advice)]


def test_one_late_invoice_is_enough_to_pay(hand: Advisor) -> None:
    one = late_payer()
    one["invoices"] = one["invoices"][:1]
    advice = about(hand, one)
    assert advice.recommendation.action == "suspend"
    assert told(advice) == [
        ("pay_oldest", 230.0, ("4711",), "none"),
        ("promise", 230.0, (), "review"),
    ]


def test_each_payment_told_leads_to_something_milder_still(hand: Advisor) -> None:
    advice = about(hand, late_payer())
    assert advice.recommendation.action == "suspend"
    assert told(advice)[-1] == ("promise", 1130.0, (), "review")
    payments = [said for said in told(advice) if said[0] != "promise"]
    assert payments[-1] == ("pay_overdue", 1130.0, ("4711", "4802"), "none")
    severities = [SEVERITY[leads_to] for *_, leads_to in payments]
    assert severities == sorted(set(severities), reverse=True)


def test_two_things_at_once_are_told_where_neither_leads_there_alone(
    hand: Advisor,
) -> None:
    """Asked by somebody who gives way to a payment and a promise, and to less of both.

    The rest of what is overdue is promised, not the whole of it once more.
    """
    advice = about(hand, late_payer())
    events, rejects = read_events("acme", late_payer(), hand.settings)
    assert not rejects
    terms = hand.policy.in_force(advice.as_of)
    assert terms is not None
    s = Situation(
        events, advice.facts, advice.recommendation, terms.document, hand.settings
    )
    asked: list[tuple[int, int]] = []

    def ask_again(imagined: Events) -> Recommendation:
        paid, promised = (
            sum("what-if" in str(key) for key in imagined.tables[table][key_name])
            for table, key_name in (
                ("payments", "payment_id"),
                ("contacts", "promise_id"),
            )
        )
        asked.append((paid, promised))
        milder: Action = "remind" if (paid, promised) == (1, 1) else "suspend"
        return replace(advice.recommendation, action=milder)

    found = counterfactuals(s, ask_again)
    assert [(o.kind, o.leads_to) for o in found.options] == [
        ("pay_and_promise", "remind")
    ]
    assert (found.options[0].amount, found.options[0].invoices) == (230.0, ("4711",))
    assert found.options[0].until is not None
    assert len(asked) <= 8


def test_contested_money_is_never_asked_for(hand: Advisor) -> None:
    disputes = [
        {"dispute_id": "d", "kind": "billing", "status": "opened", "event_at": day(20)}
    ]
    part = {**disputes[0], "invoice_id": "4802", "amount": 800}
    advice = about(hand, late_payer(disputes=[part]))
    assert asked_for(advice) == [
        ("pay_oldest", 230.0, ("4711",)),  # nobody was told about 4802 alone
        ("promise", 330.0, ()),
    ]
    whole = about(hand, late_payer(disputes=[{**part, "amount": None}]))
    assert asked_for(whole)[0] == ("pay_oldest", 230.0, ("4711",))


def test_money_on_its_way_is_not_asked_for_again(hand: Advisor) -> None:
    pending = {
        "payment_id": "p",
        "status": "pending",
        "event_at": day(1),
        "method": "direct_debit",
        "amount": 900,
        "invoice_id": "4802",
    }
    advice = about(hand, late_payer(payments=[pending]))
    assert asked_for(advice) == [
        ("pay_oldest", 230.0, ("4711",)),
        ("promise", 230.0, ()),
    ]


def test_a_promise_ends_within_what_the_policy_grants(hand: Advisor) -> None:
    advice = about(hand, late_payer())
    assert advice.counterfactuals is not None
    [promise] = [o for o in advice.counterfactuals.options if o.kind == "promise"]
    assert promise.until == date(
        2026, 7, 15
    )  # the fourteenth local day, whatever the hour


@pytest.mark.parametrize(
    ("n", "rule"),
    [
        pytest.param(2, {}, id="two a year are used up"),
        pytest.param(0, {"max_days": 0}, id="none is granted"),
        pytest.param(1, {"per_year": 1}, id="one a year"),
    ],
)
def test_a_promise_the_policy_does_not_grant_is_not_told(
    bundle_for: BundleFor, portfolio: Portfolio, n: int, rule: dict[str, Any]
) -> None:
    holds = default_policy().document.holds.model_dump(mode="json")
    policy = without_chance(holds={"promise": {**holds["promise"], **rule}})
    found: dict[str, Bundle] = {t: bundle_for(t, portfolio.settings) for t in TARGETS}
    broken = [
        {"kind": kind, "event_at": day(200 + 10 * i - ago), "promise_id": str(i)}
        for i in range(n)
        for kind, ago in (("promise_made", 0), ("promise_broken", 5))
    ]
    tables = late_payer()
    tables["contacts"] += broken
    advice = about(Advisor(found, policy), tables)
    assert {kind for kind, *_ in told(advice)} <= {"pay_oldest", "pay_overdue"}
    assert told(advice)


def test_what_was_not_looked_at_is_not_played_with(hand: Advisor) -> None:
    """Without payments nobody knows what is owed, so nothing is asked for."""
    tables = late_payer()
    del tables["payments"]
    assert told(about(hand, tables)) == []


def test_access_that_is_off_comes_back(hand: Advisor) -> None:
    stop = {"action": "suspend", "reason": "nonpayment", "by": "automation"}
    advice = about(hand, late_payer(actions=[{**stop, "event_at": day(5)}]))
    assert advice.recommendation.permission.in_force
    assert advice.counterfactuals is not None
    first = advice.counterfactuals.options[0]
    assert (first.kind, first.leads_to) == ("pay_overdue", "none")
    assert first.reactivation is not None
    assert (first.reactivation.by, first.reactivation.cure) == ("automation", "paid")


MINING = {
    "alert_id": "a",
    "kind": "crypto_mining",
    "confidence": "high",
    "severity": "high",
    "status": "active",
    "event_at": day(1),
}


def test_a_stop_that_rests_on_fraud_is_not_bought_off(hand: Advisor) -> None:
    alerts = [{**MINING, "alert_id": f"a{i}"} for i in range(3)]
    advice = about(hand, late_payer(alerts=alerts, contacts=[]))
    assert advice.recommendation.permission.basis == "fraud"
    assert SEVERITY[advice.recommendation.action or "none"] >= 4
    assert [kind for kind, *_ in told(advice)] == ["clearance"]


@pytest.mark.parametrize("n_signs", [0, 1])
def test_a_look_at_a_sign_of_fraud_is_not_bought_off(
    hand: Advisor, n_signs: int
) -> None:
    """The review is by cost, and the sign stands beside it."""
    tables = late_payer(alerts=[dict(MINING)] * n_signs)
    advice = about(hand, tables)
    events, _ = read_events("acme", tables, hand.settings)
    permission = replace(advice.recommendation.permission, basis="nonpayment")
    answer = replace(advice.recommendation, action="review", permission=permission)
    terms = hand.policy.in_force(advice.as_of)
    assert terms is not None
    s = Situation(events, advice.facts, answer, terms.document, hand.settings)
    offered = {one.kind for group in remedies(s) for one in group}
    assert ("pay_overdue" in offered) == (n_signs == 0)
    [risk] = (
        one
        for one in staff_passages(
            Subject(advice.case, answer, terms, Wording("en", "EUR", terms.zone))
        )
        if one.topic == "risk"
    )
    assert ("mining of cryptocurrency" in " ".join(risk.sentences)) == (n_signs == 1)


def test_verification_is_told_where_it_helps(
    bundle_for: BundleFor, portfolio: Portfolio
) -> None:
    """A model that looks at a telephone number and an e-mail address."""
    terms = (
        NumberTerm("customer_email_is_verified", -9.0, 0.0, 1.0, False, 0.0, 0.0),
        NumberTerm("alerts_unresolved", 20.0, 0.0, 10.0, False, 0.0, 0.0),
    )
    fraud = bundle_for("fraud", portfolio.settings)
    fraud = replace(fraud, model=AdditiveModel("linear", 2.0, terms))
    advisor = Advisor({"fraud": fraud}, without_chance())
    advice = about(advisor, late_payer(alerts=[MINING], invoices=[]))
    assert advice.counterfactuals is not None
    [first, *_] = advice.counterfactuals.options
    assert (first.kind, first.proofs) == ("verification", ("is_email_verified",))


def test_where_nothing_helps_a_person_must_look(hand: Advisor) -> None:
    """Access was taken by a person: no payment brings it back."""
    stop = {"action": "suspend", "reason": "manual", "by": "person"}
    advice = about(hand, late_payer(actions=[{**stop, "event_at": day(5)}]))
    assert advice.counterfactuals is not None
    assert advice.counterfactuals.code == "needs_person"


def test_without_arrears_there_is_nothing_to_change(hand: Advisor) -> None:
    advice = about(hand, late_payer(invoices=[]))
    assert advice.recommendation.action == "none"
    assert advice.counterfactuals is not None
    assert advice.counterfactuals.code == "not_needed"


def test_unknown_money_leaves_nothing_to_change(hand: Advisor) -> None:
    tables = late_payer()
    del tables["invoices"]
    advice = about(hand, tables)
    assert advice.counterfactuals is not None
    assert advice.counterfactuals.code == "no_decision"


def test_nothing_is_tried_unless_asked(hand: Advisor) -> None:
    events, _ = read_events("acme", late_payer(), hand.settings)
    assert hand.advise(events, AT).counterfactuals is None


def test_the_same_question_has_the_same_answer(hand: Advisor) -> None:
    assert about(hand, late_payer()) == about(hand, late_payer())


def test_the_book_and_the_last_word_hold_for_what_is_tried(hand: Advisor) -> None:
    events, _ = read_events("acme", late_payer(), hand.settings)
    stopped = hand.advise(
        events,
        AT,
        tables=frozenset(late_payer()),
        budget_use=BudgetUse(is_stopped=True),
        previous="suspend",
        previous_at=AT - timedelta(hours=3),
        with_counterfactuals=True,
    )
    assert stopped.recommendation.action == "review"
    assert stopped.counterfactuals is not None
    for option in stopped.counterfactuals.options:
        assert SEVERITY[option.leads_to] < SEVERITY["review"]


# --- portfolios without invoices --------------------------------------------


def settings_with(**said: object) -> PortfolioSettings:
    return PortfolioSettings.model_validate({"timezone": "Europe/Brussels", **said})


REPORT = {"event_at": AT.isoformat(), "balance": 800, "days_past_due": 70}


def test_a_report_that_says_nothing_is_late(bundle_for: BundleFor) -> None:
    """Also when the latest report is of the very moment asked about."""
    tables: Tables = {**late_payer(), "ageing": [REPORT]}
    del tables["invoices"]
    bundle = bundle_for("nonpayment", settings_with(tables=list(tables)))
    advisor = Advisor({"nonpayment": bundle}, without_chance())
    events, _ = read_events("acme", tables, bundle.settings)
    advice = advised(advisor, events, AT, frozenset(tables))
    assert advice.recommendation.action not in (None, "none")
    assert ("pay_overdue", 800.0, (), "none") in told(advice)
    paid = {**REPORT, "balance": 0, "days_past_due": 0, "paid": 800}
    read, _ = read_events("acme", {**tables, "ageing": [paid]}, bundle.settings)
    then = advised(advisor, read, AT, frozenset(tables)).recommendation
    assert advice.counterfactuals is not None
    first = advice.counterfactuals.options[0]
    assert then.action == first.leads_to
    assert then.p_nonpayment == first.p_nonpayment


def test_a_flat_portfolio_has_nothing_to_try(bundle_for: BundleFor) -> None:
    exposure = {"open": "loan", "run_up": 0, "clv": 50}
    bundle = bundle_for(
        "fraud",
        settings_with(tables=["customers", "alerts"], exposure=exposure),
    )
    flat = replace(bundle, model=AdditiveModel("linear", 3.0, ()))
    advisor = Advisor({"fraud": flat}, without_chance())
    tables: Tables = {"customers": [{"event_at": day(90), "loan": 900}]}
    events, _ = read_events("acme", tables, flat.settings)
    advice = advised(advisor, events, AT, flat.settings.tables)
    assert advice.recommendation.action not in (None, "none")
    assert advice.counterfactuals is not None
    assert advice.counterfactuals.code == "nothing_to_simulate"
