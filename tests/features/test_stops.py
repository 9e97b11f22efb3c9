"""What access was taken for, and rows of today that protect before they are known."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from features.account import account_facts, facts_over_time
from features.events import Events
from features.facts import AccountFacts
from features.moments import microseconds
from features.reading.rows import read_events
from features.settings import PortfolioSettings

AS_OF = datetime(2024, 6, 30, 10, tzinfo=UTC)
DAY_END = datetime(2024, 6, 30, 21, 59, 59, 999999, tzinfo=UTC)  # in Brussels
Row = dict[str, Any]
SETTINGS = PortfolioSettings(timezone="Europe/Brussels")


def invoice(name: str, due: str, **more: str) -> Row:
    row = {"invoice_id": name, "event_at": "2024-03-01", "due_at": due}
    return {**row, "amount": "100", **more}


def payment(name: str, on: str, **more: str) -> Row:
    row = {"payment_id": f"P{name}", "invoice_id": name, "event_at": on}
    return {**row, "amount": "100", "status": "succeeded", **more}


def stop(on: str = "2024-05-15T08:00:00Z", **more: str) -> Row:
    return {"action": "suspend", "reason": "nonpayment", "event_at": on, **more}


def events_of(tables: dict[str, list[Row]]) -> Events:
    created = {"event_at": "2024-01-01T00:00:00Z"}
    events, rejects = read_events("c", {"customers": [created], **tables}, SETTINGS)
    assert rejects == ()
    return events


def facts_of(tables: dict[str, list[Row]], as_of: datetime = AS_OF) -> AccountFacts:
    present = frozenset(tables) | {"customers", "payments"}
    settings = SETTINGS.model_copy(update={"tables": present})
    return account_facts(events_of(tables), microseconds(as_of), settings)


BILLED = [
    invoice("A", "2024-04-01"),
    invoice("B", "2024-05-01", subscription_id="s1"),
    invoice("C", "2024-05-31", subscription_id="s2"),
]


def taken_for(*stops: Row, **tables: list[Row]) -> list[tuple[str, ...] | None]:
    facts = facts_of({"invoices": BILLED, "actions": list(stops), **tables})
    return [off.invoices for off in facts.access_off]


def test_a_stop_is_for_what_was_overdue_when_access_was_taken() -> None:
    """C became overdue later; A was paid later, which does not change the cause."""
    later = [payment("A", "2024-06-01")]
    assert taken_for(stop(), payments=later) == [("A", "B")]


def test_a_stop_is_for_what_was_known_when_access_was_taken() -> None:
    """The payment of May was learned of in June."""
    late = [payment("A", "2024-05-02", known_at="2024-06-02T00:00:00Z")]
    assert taken_for(stop(), payments=late) == [("A", "B")]
    in_time = [payment("A", "2024-05-02")]
    assert taken_for(stop(), payments=in_time) == [("B",)]


def test_a_stop_of_a_subscription_is_for_its_own_invoices() -> None:
    assert taken_for(stop(subscription_id="s1")) == [("B",)]


def test_a_stop_of_a_subscription_without_invoices_is_for_those_that_name_none() -> (
    None
):
    assert taken_for(stop(subscription_id="s2")) == [("A",)]


def test_two_stops_of_one_run_are_two() -> None:
    both = [stop(subscription_id=name) for name in ("s1", "s2")]
    at = [dict(row, event_at=f"2024-05-15T08:0{i}:00Z") for i, row in enumerate(both)]
    assert taken_for(*at) == [("B",), ("A",)]


def test_what_was_contested_or_not_material_was_no_cause() -> None:
    disputed = [
        {
            "dispute_id": "D",
            "kind": "billing",
            "status": "opened",
            "invoice_id": "A",
            "event_at": "2024-05-02",
        }
    ]
    assert taken_for(stop(), disputes=disputed) == [("B",)]
    small = [invoice("A", "2024-04-01", amount="20")]
    assert taken_for(stop(), invoices=small) == [()]


@pytest.mark.parametrize(
    ("stops", "tables"),
    [
        pytest.param(stop(reason="fraud"), {}, id="for fraud"),
        pytest.param(stop(reason="manual"), {}, id="by hand"),
    ],
)
def test_another_stop_is_not_for_invoices(
    stops: Row, tables: dict[str, list[Row]]
) -> None:
    assert taken_for(stops, **tables) == [None]


def test_without_invoices_nobody_knows_what_a_stop_was_for() -> None:
    [off] = facts_of({"actions": [stop()]}).access_off
    assert off.invoices is None


def test_the_cause_is_the_same_at_every_later_moment() -> None:
    tables = {"invoices": BILLED, "payments": [payment("A", "2024-06-20")]}
    events = events_of({**tables, "actions": [stop()]})
    present = frozenset({*tables, "actions", "customers"})
    settings = SETTINGS.model_copy(update={"tables": present})
    days = [microseconds(AS_OF - timedelta(days=n)) for n in (30, 15, 5, 0)]
    over_time = facts_over_time(events, days, settings)
    assert [f.access_off[0].invoices for f in over_time] == [("A", "B")] * 4


TODAY = "2024-06-30"
DISPUTE = {"dispute_id": "D", "kind": "billing", "event_at": TODAY}
PROTECTING = [
    pytest.param("payments", payment("A", TODAY), id="a payment"),
    pytest.param("payments", payment("A", TODAY, status="pending"), id="a debit"),
    pytest.param("disputes", {**DISPUTE, "status": "opened"}, id="a dispute"),
    pytest.param("holds", {"kind": "legal", "event_at": TODAY}, id="a hold"),
    pytest.param(
        "contacts", {"kind": "promise_made", "event_at": TODAY}, id="a promise"
    ),
    pytest.param(
        "contacts", {"kind": "appeal_opened", "event_at": TODAY}, id="an appeal"
    ),
    pytest.param(
        "invoices",
        {
            "invoice_id": "N",
            "kind": "credit_note",
            "applies_to": "A",
            "amount": "100",
            "event_at": TODAY,
        },
        id="a credit note",
    ),
    pytest.param(
        "payments",
        payment("A", "2024-06-28T08:00:00Z", known_at=TODAY),
        id="known today",
    ),
    pytest.param(
        "invoices",
        {
            "invoice_id": "N",
            "kind": "write_off",
            "applies_to": "A",
            "amount": "100",
            "event_at": TODAY,
        },
        id="a write-off",
    ),
    pytest.param(
        "invoices",
        {**BILLED[0], "known_at": TODAY, "retracted": True},
        id="an invoice taken back",
    ),
    pytest.param(
        "invoices",
        {**BILLED[0], "known_at": TODAY, "amount": "1"},
        id="an invoice corrected",
    ),
    pytest.param(
        "contacts",
        {"kind": "notice_bounced", "notice": "final_notice", "event_at": TODAY},
        id="a notice that bounced",
    ),
    pytest.param(
        "overrides",
        {
            "event_at": TODAY,
            "action": "none",
            "by": "ann",
            "reason": "known to us",
            "until": "2024-08-01",
        },
        id="a decision of a person",
    ),
    pytest.param(
        "outcomes", {"kind": "fraud_cleared", "event_at": TODAY}, id="a clearing"
    ),
    pytest.param(
        "alerts",
        {
            "alert_id": "1",
            "kind": "crypto_mining",
            "status": "resolved",
            "resolved_reason": "legitimate",
            "event_at": TODAY,
        },
        id="an alert that meant nothing",
    ),
]


@pytest.mark.parametrize(("table", "row"), PROTECTING)
def test_a_protecting_row_of_today_protects_until_its_day_is_over(
    table: str, row: Row
) -> None:
    without: dict[str, list[Row]] = {table: [], "invoices": BILLED}
    tables = {**without, table: [*without[table], row]}
    facts = facts_of(tables)
    assert facts.protected_until == DAY_END
    assert replace(facts, protected_until=None) == facts_of(without)
    over = facts_of(tables, DAY_END + timedelta(microseconds=1))
    assert over.protected_until is None


@pytest.mark.parametrize(
    ("table", "row"),
    [
        pytest.param("payments", payment("A", TODAY, status="failed"), id="failed"),
        pytest.param("disputes", {**DISPUTE, "status": "won"}, id="a dispute won"),
        pytest.param("contacts", {"kind": "replied", "event_at": TODAY}, id="a reply"),
        pytest.param("invoices", invoice("N", TODAY, event_at=TODAY), id="an invoice"),
        pytest.param("payments", payment("A", "2024-07-01"), id="of tomorrow"),
        pytest.param("payments", payment("A", "2024-06-29"), id="of yesterday"),
        pytest.param(
            "payments", payment("A", "2024-06-30T20:00:00Z"), id="of this evening"
        ),
        pytest.param(
            "payments",
            payment("A", TODAY, known_at="2024-07-02T04:00:00Z"),
            id="of today but told of later, which nobody knows today",
        ),
        pytest.param(
            "holds",
            {"kind": "legal", "event_at": TODAY, "retracted": True},
            id="no row",
        ),
    ],
)
def test_another_row_protects_nobody(table: str, row: Row) -> None:
    assert facts_of({"invoices": BILLED, table: [row]}).protected_until is None


some_days = st.integers(0, 40).map(
    lambda n: (date(2024, 6, 1) + timedelta(n)).isoformat()
)
rows = st.tuples(
    st.sampled_from(["payments", "disputes", "contacts", "holds"]), some_days
)


def _row_on(table: str, day: str, n: int) -> Row:
    return {
        "payments": payment("A", day, payment_id=f"P{n}"),
        "disputes": {**DISPUTE, "dispute_id": str(n), "status": "opened"},
        "contacts": {"kind": "promise_made", "promise_id": str(n)},
        "holds": {"kind": "exemption"},
    }[table] | {"event_at": day}


@given(st.lists(rows, max_size=6), st.integers(0, 40 * 24))
def test_of_rows_not_yet_known_only_those_of_today_are_seen(
    found: list[tuple[str, str]], hour: int
) -> None:
    """And of these only that they are there."""
    as_of = datetime(2024, 6, 1, tzinfo=UTC) + timedelta(hours=hour)
    today = as_of.astimezone(SETTINGS.zone).date().isoformat()
    names = ("invoices", "payments", "disputes", "contacts", "holds")

    def tables(is_kept: Any) -> dict[str, list[Row]]:  # noqa: ANN401
        kept: dict[str, list[Row]] = {name: [] for name in names}
        kept["invoices"] = list(BILLED)
        for n, (table, day) in enumerate(found):
            if is_kept(day):
                kept[table].append(_row_on(table, day, n))
        return kept

    facts = facts_of(tables(lambda day: True), as_of)
    past = facts_of(tables(lambda day: day < today), as_of)
    assert replace(facts, protected_until=None) == past
    is_today = any(day == today for _, day in found)
    assert (facts.protected_until is not None) == is_today


WRITTEN_OFF: Row = {
    "invoice_id": "W",
    "kind": "write_off",
    "applies_to": "A",
    "event_at": "2024-06-01",
    "amount": "100",
}


def given_up(*stops: Row, **tables: list[Row]) -> list[int]:
    billed = [*BILLED, WRITTEN_OFF]
    facts = facts_of({"invoices": billed, "actions": list(stops), **tables})
    return [off.given_up // 10_000 for off in facts.access_off]


def test_what_was_written_off_of_its_invoices_was_given_up_and_not_paid() -> None:
    assert given_up(stop()) == [100]
    assert given_up(stop(subscription_id="s1")) == [0]
    assert given_up(stop(), payments=[payment("A", "2024-06-20")]) == [0]  # recovered


def test_what_was_given_up_before_the_stop_is_not_asked_for() -> None:
    """Half of A was written off in May; access was taken for the half paid since."""
    before = WRITTEN_OFF | {"event_at": "2024-05-10", "amount": "50"}
    paid = payment("A", "2024-06-20") | {"amount": "50"}
    facts = facts_of(
        {"invoices": [*BILLED, before], "actions": [stop()], "payments": [paid]}
    )
    assert [off.given_up for off in facts.access_off] == [0]


@pytest.mark.parametrize(
    ("tables", "expected"),
    [
        pytest.param(
            {"payments": [{**payment("A", "2024-06-20"), "invoice_id": None}]},
            0,
            id="a payment that names no invoice",
        ),
        pytest.param(
            {
                "payments": [
                    {**payment("A", "2024-06-20", amount="60"), "invoice_id": None}
                ]
            },
            40,
            id="a part of it",
        ),
        pytest.param(
            {"notes": [{**WRITTEN_OFF, "invoice_id": "N", "kind": "credit_note"}]},
            0,
            id="a credit note for what was written off",
        ),
    ],
)
def test_credit_makes_up_for_what_was_given_up(
    tables: dict[str, list[Row]], expected: int
) -> None:
    """Nothing is open, so no payment can be used for anything else."""
    invoices = [invoice("A", "2024-04-01"), WRITTEN_OFF, *tables.pop("notes", [])]
    facts = facts_of({"invoices": invoices, "actions": [stop()], **tables})
    assert [off.given_up // 10_000 for off in facts.access_off] == [expected]


def test_money_that_recovered_an_earlier_loss_makes_up_for_a_later_one() -> None:
    """150 were open at the stop, and 150 came; 50 of it met the loss of May in A."""
    billed = [invoice("A", "2024-04-01"), invoice("B", "2024-05-01")]
    lost = [
        {**WRITTEN_OFF, "event_at": "2024-05-10", "amount": "50"},
        {**WRITTEN_OFF, "invoice_id": "V", "applies_to": "B"},
    ]
    paid = payment("A", "2024-06-20", amount="150")
    facts = facts_of(
        {"invoices": [*billed, *lost], "actions": [stop()], "payments": [paid]}
    )
    assert [off.given_up for off in facts.access_off] == [0]
