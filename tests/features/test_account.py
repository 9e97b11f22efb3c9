"""Account facts for people and policies: what was said, held, done and suspected."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from features.account import account_facts
from features.account.account import Account
from features.account.history import account_columns, history_of
from features.account.standing import Rules
from features.events import Events
from features.facts import AccountFacts, ActiveHold, Evidence, Notice, OpenItem
from features.moments import microseconds
from features.reading.rows import read_events
from features.settings import PortfolioSettings

AS_OF = datetime(2024, 6, 1, tzinfo=UTC)
OVERDUE = {"invoice_id": "I1", "event_at": "2024-05-01", "due_at": "2024-05-10"}
I1 = {**OVERDUE, "amount": "100", "subscription_id": "S1"}

Row = dict[str, Any]


def events_of(settings: PortfolioSettings, tables: dict[str, list[Row]]) -> Events:
    customer = {"event_at": "2024-01-01T00:00:00Z", "segment": "smb"}
    full = {"customers": [customer], **tables}
    events, rejects = read_events("c", full, settings)
    assert rejects == ()
    return events


def facts_of(stated: Row | None = None, **tables: list[Row]) -> AccountFacts:
    """Facts from these tables; where there are invoices, payments were looked at."""
    if "invoices" in tables:
        tables = {"payments": [], **tables}
    settings = PortfolioSettings.model_validate(
        {"tables": {"customers", *tables}, **(stated or {})}
    )
    return account_facts(events_of(settings, tables), microseconds(AS_OF), settings)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def contact(kind: str, on: str, **more: str) -> Row:
    return {"kind": kind, "event_at": f"{on}:00Z", **more}


def test_an_open_item_says_what_is_left_and_since_when() -> None:
    facts = facts_of(invoices=[I1, {**I1, "invoice_id": "I2", "due_at": "2024-06-30"}])
    one, two = facts.items
    assert one == OpenItem(
        invoice_id="I1",
        issued_at=datetime(2024, 5, 1, 23, 59, 59, 999999, tzinfo=UTC),
        due_on=date(2024, 5, 10),
        amount=1_000_000,
        remainder=1_000_000,
        contested=0,
        days_overdue=22,
        subscription_id="S1",
    )
    assert (two.invoice_id, two.days_overdue) == ("I2", 0)
    assert facts.episode_started_at == at("2024-05-11T00:00")


def test_who_the_customer_is() -> None:
    facts = facts_of(invoices=[I1])
    assert (facts.customer_id, facts.segment, facts.subject_kind) == ("c", "smb", None)
    assert facts.created_at == at("2024-01-01T00:00"), "when first known"
    assert facts.known_until == at("2024-05-01T23:59:59.999999")
    assert facts.tables == {"customers", "invoices", "payments"}


def test_notices_of_the_episode_with_what_became_of_them() -> None:
    """By notice_id, else by name; a delivery nobody logged as sent counts as sent."""
    facts = facts_of(
        invoices=[I1],
        contacts=[
            contact("notice_sent", "2024-05-09T10:00", notice="reminder"),
            contact("notice_sent", "2024-05-12T10:00", notice="warning", notice_id="1"),
            contact("notice_sent", "2024-05-13T10:00", notice="warning", notice_id="2"),
            contact("notice_bounced", "2024-05-13T11:00", notice_id="1"),
            contact("notice_delivered", "2024-05-14T09:00", notice_id="2"),
            contact("notice_sent", "2024-05-20T10:00", notice="last", policy="p@1"),
            contact("notice_delivered", "2024-05-20T10:00", notice="last"),
            contact("notice_delivered", "2024-05-21T10:00", notice="phone"),
        ],
    )
    one, two = at("2024-05-12T10:00"), at("2024-05-13T10:00")
    last, phone = at("2024-05-20T10:00"), at("2024-05-21T10:00")
    assert facts.notices == (
        Notice("warning", one, None, at("2024-05-13T11:00")),
        Notice("warning", two, at("2024-05-14T09:00")),
        Notice("last", last, last, policy="p@1"),
        Notice("phone", phone, phone),
    )


def test_days_wholly_under_dispute_are_facts_of_what_is_overdue() -> None:
    told = {"dispute_id": "d", "kind": "billing", "invoice_id": I1["invoice_id"]}
    rows = [
        {**told, "status": "opened", "event_at": "2024-05-14T12:00:00+02:00"},
        {**told, "status": "won", "event_at": "2024-05-20T09:00:00+02:00"},
    ]
    [item] = facts_of(invoices=[I1], disputes=rows).items
    assert item.disputed == ((date(2024, 5, 14), date(2024, 5, 20)),)
    [item] = facts_of(invoices=[I1]).items
    assert item.disputed == ()


def test_without_arrears_no_notice_counts() -> None:
    told = [contact("notice_sent", "2024-05-12T10:00", notice="warning")]
    assert facts_of(invoices=[], contacts=told).notices == ()


def test_before_arrears_notices_count_from_the_oldest_open_invoice() -> None:
    told = [
        contact("notice_sent", "2024-04-20T10:00", notice="of the one before"),
        contact("notice_sent", "2024-05-12T10:00", notice="ahead"),
    ]
    not_due = {**I1, "due_at": "2030-01-01"}
    [notice] = facts_of(invoices=[not_due], contacts=told).notices
    assert notice.name == "ahead"


@pytest.mark.parametrize("until", ["2024-06-01", "2024-06-02T00:00:00+02:00"])
def test_a_promise_until_midnight_does_not_count_the_day_that_begins(
    until: str,
) -> None:
    told = contact("promise_made", "2024-05-18T10:00", until=until)
    [promise] = facts_of(invoices=[I1], contacts=[told]).promises
    assert promise.days == 14


def test_promises_and_appeals() -> None:
    facts = facts_of(
        invoices=[I1],
        contacts=[
            contact("promise_made", "2023-05-01T10:00", promise_id="old"),
            contact("promise_kept", "2023-05-08T10:00", promise_id="old"),
            contact(
                "promise_made", "2024-05-30T10:00", amount="40", until="2024-06-01"
            ),
            contact("appeal_opened", "2024-05-20T10:00"),
            contact("appeal_closed", "2024-05-25T10:00"),
            contact("appeal_opened", "2024-05-26T10:00"),
            contact("appeal_opened", "2024-05-28T10:00"),
        ],
    )
    [promise] = facts.promises
    assert promise.amount == facts.promised == 400_000
    assert promise.until == at("2024-06-01T23:59:59.999999")
    assert promise.days == 2  # local calendar days, whatever the hour
    assert facts.n_promises_365d == 1
    assert facts.has_open_appeal
    assert facts.appeal_opened_at == at("2024-05-26T10:00")
    assert facts_of(invoices=[I1]).appeal_opened_at is None


def test_a_hold_is_in_force_until_its_day_is_over() -> None:
    def hold(kind: str, until: str | None) -> Row:
        return {"kind": kind, "event_at": "2024-05-01T00:00:00Z", "until": until}

    facts = facts_of(
        holds=[
            hold("legal", "2024-05-31"),
            hold("manual", None),
            hold("exemption", "2024-06-01"),
        ]
    )
    since = at("2024-05-01T00:00")
    assert facts.holds == (
        ActiveHold("exemption", since, at("2024-06-01T23:59:59.999999")),
        ActiveHold("manual", since, None),
    )


def action(
    name: str, day: int, reason: str | None = None, sub: str | None = None
) -> Row:
    at = f"2024-05-{day:02}T00:00:00Z"
    return {"action": name, "event_at": at, "reason": reason, "subscription_id": sub}


@pytest.mark.parametrize(
    ("actions", "off"),
    [
        pytest.param([action("suspend", 1, "nonpayment")], ["nonpayment"], id="off"),
        pytest.param([action("review", 1, "fraud")], [], id="a review takes nothing"),
        pytest.param(
            [
                action("suspend", 1, "fraud"),
                action("suspend", 2, "nonpayment"),
                action("reactivate", 3, "nonpayment"),
            ],
            ["fraud"],
            id="paying does not lift fraud",
        ),
        pytest.param(
            [
                action("suspend", 1, "fraud"),
                action("suspend", 2, "nonpayment"),
                action("reactivate", 3, "manual"),
            ],
            [],
            id="a person lifts everything",
        ),
        pytest.param(
            [
                action("suspend", 1, "nonpayment", "S1"),
                action("suspend", 2, "nonpayment", "S2"),
                action("reactivate", 3, "nonpayment", "S1"),
            ],
            ["nonpayment"],
            id="one subscription is on again",
        ),
        pytest.param(
            [
                action("suspend", 1, "nonpayment", "S1"),
                action("reactivate", 3, "nonpayment"),
            ],
            [],
            id="the whole account is on again",
        ),
    ],
)
def test_why_access_is_off(actions: list[Row], off: list[str]) -> None:
    facts = facts_of(actions=actions)
    assert [held.reason for held in facts.access_off] == off
    assert len(facts.actions_90d) == len(actions)


def test_access_is_off_since_the_first_suspension() -> None:
    twice = [action("suspend", 1, "nonpayment"), action("suspend", 9, "nonpayment")]
    [held] = facts_of(actions=twice).access_off
    assert held.at == at("2024-05-01T00:00")


def test_signs_of_fraud() -> None:
    """A clearing takes back what came before it; resolved alerts count if fraud."""

    def alert(name: str, day: int, **more: str) -> Row:
        at = f"2024-05-{day:02}T00:00:00Z"
        return {"alert_id": name, "kind": "crypto_mining", "event_at": at, **more}

    def outcome(kind: str, day: int, **more: str) -> Row:
        return {"kind": kind, "event_at": f"2024-05-{day:02}T00:00:00Z", **more}

    facts = facts_of(
        alerts=[
            alert("A1", 1, confidence="high", severity="high"),
            alert("A2", 2),
            alert("A2", 3, status="resolved", resolved_reason="legitimate"),
            alert("A3", 4, status="resolved", resolved_reason="fraud"),
            alert("A4", 16, confidence="high", severity="high"),
            alert("A5", 17),
            alert("A5", 18, status="resolved", resolved_reason="legitimate"),
            alert("A6", 19, status="resolved", resolved_reason="fraud"),
        ],
        disputes=[
            {
                "dispute_id": name,
                "kind": "chargeback_fraud",
                "status": "opened",
                "event_at": f"2024-05-{day}T00:00:00Z",
            }
            for name, day in (("D1", "10"), ("D2", "20"))
        ],
        outcomes=[
            outcome("fraud", 11, source="a"),
            outcome("fraud_cleared", 15),
            outcome("account_takeover", 25, source="b", strength="warning"),
        ],
    )
    assert facts.evidence == (
        Evidence("crypto_mining", at("2024-05-16T00:00"), "high", "high"),
        Evidence("crypto_mining", at("2024-05-19T00:00")),
        Evidence("chargeback_fraud", at("2024-05-20T00:00"), None, "high"),
        Evidence("account_takeover", at("2024-05-25T00:00"), None, "medium", "b"),
    )


def subscription(kind: str, on: str, **more: str) -> Row:
    return {"subscription_id": "S1", "kind": kind, "event_at": on, **more}


STARTED = subscription(
    "started", "2024-01-01", quantity="2", unit_price="10", product="x"
)


@pytest.mark.parametrize(
    ("log", "monthly"),
    [
        pytest.param([STARTED], 20, id="quantity times price"),
        pytest.param([{**STARTED, "quantity": None}], 10, id="no quantity is one"),
        pytest.param([{**STARTED, "effective_at": "2024-07-01"}], None, id="not yet"),
        pytest.param(
            [STARTED, subscription("renewed", "2024-03-01")], 20, id="renewed as it was"
        ),
        pytest.param(
            [
                STARTED,
                subscription(
                    "quantity_changed",
                    "2024-05-01",
                    quantity="5",
                    effective_at="2024-07-01",
                ),
            ],
            20,
            id="a change announced for later",
        ),
        pytest.param(
            [
                STARTED,
                subscription(
                    "cancelled", "2024-05-01", effective_at="2024-06-01T00:00:00Z"
                ),
            ],
            None,
            id="cancelled to this moment",
        ),
        pytest.param(
            [
                STARTED,
                subscription("cancelled", "2024-05-01", effective_at="2024-06-30"),
            ],
            20,
            id="cancelled ahead is live until then",
        ),
        pytest.param(
            [
                STARTED,
                subscription("cancelled", "2024-05-01", effective_at="2024-05-30"),
                subscription("renewed", "2024-05-10"),
            ],
            20,
            id="a renewal takes a cancellation back",
        ),
        pytest.param(
            [
                STARTED,
                subscription("ended", "2024-05-01"),
                subscription("started", "2024-05-20"),
            ],
            20,
            id="started again",
        ),
    ],
)
def test_recurring_charges(log: list[Row], monthly: float | None) -> None:
    facts = facts_of(subscriptions=log, invoices=[I1])
    expected = 0 if monthly is None else monthly * 10_000
    assert facts.recurring_monthly == expected
    assert sum(found.monthly for found in facts.subscriptions) == expected
    assert len(facts.subscriptions) == (monthly is not None)
    for found in facts.subscriptions:
        assert (found.open, found.overdue) == (1_000_000, 1_000_000)


def test_a_change_announced_ahead_is_made_when_its_time_comes() -> None:
    """No row appears in between: time alone makes the change."""
    ahead = "2024-06-10T00:00:00Z"
    log = [
        STARTED,
        subscription(
            "quantity_changed", "2024-05-01", quantity="5", effective_at=ahead
        ),
    ]
    settings = PortfolioSettings(tables=frozenset({"customers", "subscriptions"}))
    events = events_of(settings, {"subscriptions": log})
    account = Account(history_of(events, account_columns(settings)), Rules(settings))
    change = microseconds(datetime(2024, 6, 10, tzinfo=UTC))
    recurring = [account.at(change + after).recurring_monthly for after in (-1, 0)]
    assert recurring == [200_000, 500_000]


def test_a_flat_portfolio_states_what_is_at_stake() -> None:
    """`open` is a column, run_up and clv are constants; what is overdue is unknown."""
    stated = {"exposure": {"open": "loan", "run_up": 5, "clv": 9.5}}
    settings = PortfolioSettings.model_validate({**stated, "tables": {"customers"}})
    events, _ = read_events(
        "c", {"customers": [{"event_at": "2024-01-01", "loan": "250"}]}, settings
    )
    facts = account_facts(events, microseconds(AS_OF), settings)
    assert (facts.source, facts.open, facts.run_up, facts.clv) == (
        "flat",
        2_500_000,
        50_000,
        95_000,
    )
    assert facts.overdue is facts.days_overdue is facts.actionable is None


def test_exposure_says_what_an_ageing_report_cannot() -> None:
    facts = facts_of(
        {"exposure": {"run_up": 7, "clv": 90}},
        ageing=[{"event_at": "2024-05-31", "balance": "500", "days_past_due": "3"}],
    )
    assert (facts.source, facts.open, facts.run_up) == ("ageing", 5_000_000, 70_000)
    assert facts.clv == 900_000


def test_ageing_beside_invoices_only_tells_its_age() -> None:
    facts = facts_of(
        invoices=[I1],
        ageing=[
            {"event_at": "2024-05-31T00:00:00Z", "balance": "9", "days_past_due": "90"}
        ],
    )
    assert (facts.open, facts.days_overdue, facts.report_age_days) == (
        1_000_000,
        22,
        1.0,
    )


def test_what_was_received_since_a_report_pays_none_of_it_and_is_told() -> None:
    report = {"event_at": "2024-05-20", "balance": "500", "days_past_due": "30"}
    paid = {"payment_id": "P", "status": "succeeded", "amount": "300"}
    facts = facts_of(
        ageing=[report],
        payments=[
            {**paid, "event_at": "2024-05-25"},
            {**paid, "payment_id": "before", "event_at": "2024-05-19"},
        ],
    )
    assert facts.source == "ageing"
    assert (facts.overdue, facts.actionable) == (5_000_000, 5_000_000)
    assert facts.unallocated == 3_000_000


def test_an_ageing_portfolio_without_a_report_knows_nothing_of_this_customer() -> None:
    facts = facts_of(ageing=[])
    assert facts.open is facts.overdue is facts.days_overdue is facts.in_flight is None
