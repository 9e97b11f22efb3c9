"""Every row rule at its edge, through both validators."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal

import pyarrow as pa
import pytest

from features.events import MISSING
from features.moments import NO_END, parse_moment
from features.reading.rows import read_events
from features.reading.validation import check
from features.settings import PortfolioSettings

Row = Mapping[str, object]
SETTINGS = PortfolioSettings.model_validate(
    {
        "timezone": "Europe/Brussels",
        "rates": {"USD": "0.92", "JPY": "0.0061", "BIG": "1000000"},
        "attributes": {"balance_now": {"type": "money"}},
    }
)
AT = "2026-03-01T12:00:00Z"
OTHER_CENTURIES = (
    "0001-01-01",
    "0001-01-01T00:00:00+14:00",
    "0002-06-30T12:00:00Z",
    "1969-12-31T23:59:59Z",
    "2201-06-01T00:00:00Z",
    "9999-12-31",
    "9999-12-31T23:59:59.9999999Z",
    "9999-12-31T23:59:59-12:00",
)
ROWS: dict[str, dict[str, object]] = {
    "customers": {},
    "invoices": {"invoice_id": "i1", "due_at": "2026-03-31", "amount": "10"},
    "payments": {"payment_id": "p1", "status": "succeeded", "amount": "10"},
    "disputes": {"dispute_id": "d1", "kind": "billing", "status": "opened"},
    "usage": {"cost": "1"},
    "access": {"kind": "sign_in"},
    "alerts": {"alert_id": "a1", "kind": "crypto_mining"},
    "ageing": {"balance": "10", "days_past_due": "0"},
    "outcomes": {"kind": "fraud"},
    "holds": {"kind": "legal"},
    "actions": {"action": "remind"},
    "contacts": {"kind": "promise_made"},
    "subscriptions": {"subscription_id": "s", "kind": "cancelled"},
    "overrides": {"action": "none", "by": "a", "reason": "b", "until": "2026-04-01"},
}


def _row(table: str, changes: Row) -> dict[str, object]:
    return {"customer_id": "c", "event_at": AT, **ROWS[table], **changes}


def normal(table: str, changes: Row) -> dict[str, object]:
    """The row in normal form; both validators must give the same."""
    row = _row(table, changes)
    found = pa.table({name: [value] for name, value in row.items()})
    [as_table] = check(found, table, SETTINGS).rows.to_pylist()
    events, rejects = read_events("c", {table: [row]}, SETTINGS)
    assert not rejects
    for name, value in as_table.items():
        cell = events.tables[table][name][0]
        is_missing = cell is None or cell == MISSING or cell != cell
        assert (None if is_missing else cell) == value or (
            name == "created_at" and value is None
        )
    return dict(as_table)


def broken(table: str, changes: Row) -> tuple[str, str]:
    """The rule and column a row breaks; both validators must say the same."""
    row = _row(table, changes)
    columns = {
        name: [None if value is None else str(value)] for name, value in row.items()
    }
    checked = check(pa.table(columns), table, SETTINGS)
    assert not len(checked.rows)
    events, [reject] = read_events("c", {table: [row]}, SETTINGS)
    assert not len(events.tables[table]["known_at"])
    assert checked.broken.tolist() == [1]
    assert [*checked.rules] == [(reject.rule, reject.column)]
    assert reject.what_to_do
    return reject.rule, reject.column


@pytest.mark.parametrize(
    ("table", "changes", "rule", "column"),
    [
        ("invoices", {"amount": None}, "missing_required", "amount"),
        ("invoices", {"amount": ""}, "missing_required", "amount"),
        ("invoices", {"invoice_id": ""}, "missing_required", "invoice_id"),
        ("invoices", {"invoice_id": "  "}, "missing_required", "invoice_id"),
        ("invoices", {"invoice_id": "\u00a0 "}, "missing_required", "invoice_id"),
        ("usage", {"event_at": None}, "missing_required", "event_at"),
        ("access", {"kind": None}, "missing_required", "kind"),
        ("ageing", {"balance": None}, "missing_required", "balance"),
        ("invoices", {"due_at": None}, "due_at_missing", "due_at"),
        ("invoices", {"due_at": None, "kind": "invoice"}, "due_at_missing", "due_at"),
        ("invoices", {"event_at": "2026-03-01T12:00:00"}, "naive_time", "event_at"),
        ("invoices", {"due_at": "2026-03-01 12:00"}, "naive_time", "due_at"),
        ("invoices", {"event_at": "01/03/2026"}, "bad_time", "event_at"),
        ("invoices", {"event_at": "2026-02-30"}, "bad_time", "event_at"),
        ("invoices", {"event_at": "1772366400"}, "bad_time", "event_at"),
        *(
            ("invoices", {column: moment}, "time_out_of_range", column)
            for column in ("event_at", "known_at", "due_at")
            for moment in OTHER_CENTURIES
        ),
        ("customers", {"created_at": "0001-01-01"}, "time_out_of_range", "created_at"),
        ("overrides", {"until": "0001-01-01"}, "missing_required", "until"),
        ("invoices", {"invoice_id": "1\0"}, "bad_text", "invoice_id"),
        ("invoices", {"amount": "ten"}, "bad_number", "amount"),
        ("invoices", {"amount": "1,50"}, "bad_number", "amount"),
        ("invoices", {"amount": "NaN"}, "bad_number", "amount"),
        ("invoices", {"amount": "Infinity"}, "bad_number", "amount"),
        ("ageing", {"days_past_due": "1_0"}, "bad_number", "days_past_due"),
        ("ageing", {"days_past_due": "1e999"}, "bad_number", "days_past_due"),
        ("customers", {"is_trial": "yes"}, "bad_boolean", "is_trial"),
        ("customers", {"is_trial": 2}, "bad_boolean", "is_trial"),
        ("invoices", {"retracted": "gone"}, "bad_boolean", "retracted"),
        ("invoices", {"kind": "bill"}, "unknown_choice", "kind"),
        ("payments", {"status": "Succeeded"}, "unknown_choice", "status"),
        ("payments", {"method": "cash"}, "unknown_choice", "method"),
        ("alerts", {"confidence": "sure"}, "unknown_choice", "confidence"),
        ("invoices", {"amount": "-0.0001"}, "negative_amount", "amount"),
        ("invoices", {"amount": "-10"}, "negative_amount", "amount"),
        ("payments", {"amount": -3}, "negative_amount", "amount"),
        ("disputes", {"amount": "-1"}, "negative_amount", "amount"),
        ("invoices", {"amount": "100000000000.0001"}, "amount_too_large", "amount"),
        (
            "invoices",
            {"amount": "200000", "currency": "BIG"},
            "amount_too_large",
            "amount",
        ),
        ("invoices", {"currency": "CHF"}, "unknown_currency", "currency"),
        ("invoices", {"currency": "usd"}, "unknown_currency", "currency"),
        ("disputes", {"currency": "CHF"}, "unknown_currency", "currency"),
        (
            "invoices",
            {"known_at": "2026-03-01T11:54:59.999999Z"},
            "known_before_event",
            "known_at",
        ),
        # of several broken rules the first in the contract's order is named
        ("invoices", {"amount": "x", "event_at": "x"}, "bad_time", "event_at"),
        ("invoices", {"amount": None, "kind": "x"}, "missing_required", "amount"),
        (
            "invoices",
            {"due_at": None, "currency": "CHF"},
            "due_at_missing",
            "due_at",
        ),
    ],
)
def test_a_broken_row_names_its_rule(
    table: str, changes: Row, rule: str, column: str
) -> None:
    assert broken(table, changes) == (rule, column)


@pytest.mark.parametrize("customer_id", [None, "", "   ", "\u3000\t"])
def test_a_row_needs_a_customer(customer_id: str | None) -> None:
    row = _row("usage", {"customer_id": customer_id})
    found = pa.table(
        {name: pa.array([value], pa.string()) for name, value in row.items()}
    )
    assert check(found, "usage", SETTINGS).rules == [
        ("empty_customer_id", "customer_id")
    ]
    _, [reject] = read_events("c", {"usage": [row]}, SETTINGS)
    assert reject.rule == "empty_customer_id"


def test_rows_of_another_customer_are_refused() -> None:
    row = _row("usage", {"customer_id": "other"})
    _, [reject] = read_events("c", {"usage": [row]}, SETTINGS)
    assert (reject.rule, reject.column) == ("other_customer", "customer_id")


def test_rows_may_leave_the_customer_to_the_request() -> None:
    events, rejects = read_events(
        "c", {"usage": [{"event_at": AT, "cost": 1}]}, SETTINGS
    )
    assert not rejects
    assert events.tables["usage"]["customer_id"].tolist() == ["c"]


def test_an_unknown_table_is_said() -> None:
    _, [reject] = read_events("c", {"orders": [{}, {}]}, SETTINGS)
    assert (reject.table, reject.rule, reject.n) == ("orders", "unknown_table", 2)


def test_a_missing_required_column_rejects_every_row() -> None:
    found = pa.table({"customer_id": ["c", ""], "event_at": [AT, AT]})
    checked = check(found, "usage", SETTINGS)
    assert checked.rules == [("missing_column:cost", "cost")]
    assert checked.broken.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        pytest.param("19.99", 199_900, id="text"),
        pytest.param(19.99, 199_900, id="binary float means its shortest text"),
        pytest.param(Decimal("19.99"), 199_900, id="decimal"),
        pytest.param(20, 200_000, id="whole number"),
        pytest.param("0.00005", 0, id="half goes to even, down"),
        pytest.param("0.00015", 2, id="half goes to even, up"),
        pytest.param(0.00025, 2, id="half of a float goes to even"),
        pytest.param("1.00005", 10_000, id="half after a whole"),
        pytest.param("0.000050000000000001", 1, id="just above half"),
        pytest.param("100000000000", 10**15, id="the largest amount"),
        pytest.param(99_999_999_999.9999, 10**15 - 1, id="float near the largest"),
        pytest.param("-0", 0, id="no negative zero"),
        pytest.param(" 7. ", 70_000, id="spaces around"),
    ],
)
def test_money_is_exact(given: object, expected: int) -> None:
    assert normal("invoices", {"amount": given})["amount"] == expected


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        pytest.param("10", None, 100_000, id="absent is the portfolio's"),
        pytest.param("10", "EUR", 100_000, id="the portfolio's"),
        pytest.param("10", "USD", 92_000, id="with a rate"),
        pytest.param("0.0125", "USD", 115, id="exact after the rate"),
        pytest.param("0.0050", "JPY", 0, id="rounded once more"),
    ],
)
def test_other_currencies_are_converted(
    amount: str, currency: str | None, expected: int
) -> None:
    changes = {"amount": amount, "currency": currency}
    assert normal("invoices", changes)["amount"] == expected


def test_amounts_that_may_be_negative() -> None:
    assert normal("ageing", {"balance": "-5"})["balance"] == -50_000
    assert normal("usage", {"cost": "-5"})["cost"] == -50_000
    assert normal("customers", {"monthly_margin": "-5"})["monthly_margin"] == -50_000
    assert normal("customers", {"balance_now": "-5"})["balance_now"] == -50_000


def test_zero_amounts_stand() -> None:
    assert normal("invoices", {"amount": 0})["amount"] == 0


@pytest.mark.parametrize(
    ("known_at", "expected"),
    [
        pytest.param(None, AT, id="absent is event_at"),
        pytest.param("2026-03-01T11:55:00Z", AT, id="five minutes early are skew"),
        pytest.param(
            "2026-03-01T12:00:00.000001Z", "2026-03-01T12:00:00.000001Z", id="later"
        ),
    ],
)
def test_known_at(known_at: str | None, expected: str) -> None:
    row = normal("usage", {"known_at": known_at})
    assert row["known_at"] == parse_moment(expected, SETTINGS.zone)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"event_at": AT, "created_at": "2020-01-01"}, AT),
        ({"event_at": None, "known_at": AT, "created_at": "2020-01-01"}, AT),
        ({"event_at": None, "created_at": AT}, AT),
        ({"event_at": None}, "1970-01-01T00:00:00Z"),
    ],
)
def test_customers_may_leave_out_their_moments(given: Row, expected: str) -> None:
    row = normal("customers", given)
    moment = parse_moment(expected, SETTINGS.zone)
    assert (row["event_at"], row["known_at"]) == (moment, moment)


@pytest.mark.parametrize(
    ("table", "changes", "column", "expected"),
    [
        ("access", {"kind": "teleported"}, "kind", "other"),
        ("payments", {"failure_code": "no_reason"}, "failure_code", "other"),
        ("alerts", {"severity": "terrible"}, "severity", "other"),
        ("alerts", {"status": "closed"}, "status", "other"),
        ("actions", {"action": "set_to_read_only"}, "action", "other"),
        ("actions", {"action": "limit_spending"}, "action", "limit_spending"),
        ("payments", {"failure_code": ""}, "failure_code", None),
        ("invoices", {"kind": None}, "kind", "invoice"),
        ("outcomes", {"strength": None}, "strength", "confirmed"),
        ("invoices", {"retracted": None}, "retracted", False),
        ("invoices", {"invoice_id": 4711}, "invoice_id", "4711"),
        ("invoices", {"applies_to": 4711.0}, "applies_to", "4711"),
        ("customers", {"segment": ""}, "segment", None),
        ("customers", {"is_trial": 1}, "is_trial", True),
        ("customers", {"is_trial": "False"}, "is_trial", False),
        ("ageing", {"days_past_due": "-2"}, "days_past_due", -2.0),
        ("invoices", {"no_such_column": "x"}, "amount", 100_000),
    ],
)
def test_what_a_cell_means(
    table: str, changes: Row, column: str, expected: object
) -> None:
    assert normal(table, changes)[column] == expected


def test_a_credit_note_needs_no_due_date() -> None:
    row = normal("invoices", {"kind": "credit_note", "due_at": None})
    assert row["due_at"] is None
    assert row["due_on"] is None


@pytest.mark.parametrize(
    ("rule_breaking", "example"),
    [
        ({"kind": "bill"}, "row 1: 'bill'"),
        ({"amount": -3}, "row 1: '-3'"),
        (
            {"event_at": "12/3/26 Ann"},
            "row 1: pattern '99/9/99 aaa' (9 any digit, a any letter)",
        ),
        ({"amount": None}, "row 1"),
    ],
)
def test_examples_hold_no_personal_data(rule_breaking: Row, example: str) -> None:
    row = _row("invoices", rule_breaking)
    _, [reject] = read_events("c", {"invoices": [row]}, SETTINGS)
    assert reject.example == example


@pytest.mark.parametrize("moment", ["9999-12-31", "2201-06-01T00:00:00Z"])
@pytest.mark.parametrize(
    ("table", "column", "means"),
    [
        ("holds", "until", None),
        ("contacts", "until", NO_END),
        ("overrides", "until", NO_END),
        ("subscriptions", "effective_at", NO_END),
        ("subscriptions", "cancel_window_ends_at", NO_END),
        ("subscriptions", "commitment_ends_at", None),
    ],
)
def test_what_the_end_of_time_means(
    table: str, column: str, means: int | None, moment: str
) -> None:
    assert normal(table, {column: moment})[column] == means


@pytest.mark.parametrize("moment", OTHER_CENTURIES[:4])
@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("holds", "until"),
        ("contacts", "until"),
        ("subscriptions", "effective_at"),
        ("subscriptions", "cancel_window_ends_at"),
        ("subscriptions", "commitment_ends_at"),
    ],
)
def test_a_date_that_is_not_set_is_missing(
    table: str, column: str, moment: str
) -> None:
    assert normal(table, {column: moment})[column] is None


def test_seven_digits_of_a_second_are_read() -> None:
    row = normal("holds", {"event_at": "2026-04-01T06:00:00.1234567Z"})
    assert row["event_at"] == 1_775_023_200_123_456


@pytest.mark.parametrize("year", [1, 2, 9998, 9999])
def test_timestamps_of_other_centuries_are_one_rule(year: int) -> None:
    at = datetime(year, 1, 1, tzinfo=UTC)
    assert broken("invoices", {"due_at": at}) == ("time_out_of_range", "due_at")
    assert broken("invoices", {"due_at": at.date()}) == ("time_out_of_range", "due_at")
